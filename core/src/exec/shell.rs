//! Which shell runs a command.

use std::path::{Path, PathBuf};

/// Where systems keep their shells; looked at before `PATH`.
const SYSTEM_FOLDERS: [&str; 3] = ["/bin", "/usr/bin", "/usr/local/bin"];

/// Shells that take `-c` and `-lc` and speak the language that models write.
const SHELLS: [&str; 5] = ["bash", "zsh", "sh", "dash", "ksh"];

/// The file of the shell that the model asks for by name or path; the user's, if it asks for none or for one that is not
/// there. `untrusted`: folders that commands can write to, in which no shell is looked for by name.
pub(crate) fn choose_shell(asked: Option<&str>, untrusted: &[PathBuf]) -> String {
    asked
        .filter(|asked| is_shell(Path::new(asked)))
        .and_then(|asked| find(asked, untrusted))
        .unwrap_or_else(user_shell)
}

/// The argument that makes a shell run a text; `login`: after it has read the user's profile.
pub(crate) fn shell_flag(login: bool) -> &'static str {
    if login { "-lc" } else { "-c" }
}

/// The user's shell, where it is one that takes `-lc`.
pub(crate) fn user_shell() -> String {
    std::env::var("SHELL")
        .ok()
        .filter(|shell| {
            let path = Path::new(shell);
            path.is_absolute() && is_shell(path) && path.exists()
        })
        .or_else(|| Path::new("/bin/bash").exists().then(|| "/bin/bash".to_owned()))
        .unwrap_or_else(|| "/bin/sh".to_owned())
}

fn is_shell(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| SHELLS.contains(&name))
}

fn find(asked: &str, untrusted: &[PathBuf]) -> Option<String> {
    if asked.contains('/') {
        let path = Path::new(asked);
        return (path.is_absolute() && path.is_file()).then(|| asked.to_owned());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let from_path = std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute() && !untrusted.iter().any(|root| folder.starts_with(root)));
    SYSTEM_FOLDERS
        .iter()
        .map(PathBuf::from)
        .chain(from_path)
        .map(|folder| folder.join(asked))
        .find(|file| file.is_file())
        .and_then(|file| file.into_os_string().into_string().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_shell_falls_back_to_the_users() {
        for unknown in ["fish", "/nowhere/bash", "bin/sh", "python3", ""] {
            assert_eq!(choose_shell(Some(unknown), &[]), user_shell(), "{unknown}");
        }
        assert_eq!(choose_shell(None, &[]), user_shell());
        assert_eq!(choose_shell(Some("/bin/sh"), &[]), "/bin/sh");
        assert_eq!(choose_shell(Some("sh"), &[]), "/bin/sh");
    }
}
