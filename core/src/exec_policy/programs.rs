//! Which program a name stands for, and whether the agent may have put it there.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::sys::files::is_executable;

/// Commands of the shell itself that run nothing else: no file is looked for.
const BUILT_IN: [&str; 9] = [
    "cd", "pwd", "echo", "true", "false", "test", "printf", "type", ":",
];

/// The programs that a command would find.
///
/// What lies in ground that the agent may write is never what the user means by a name: a command in the sandbox may
/// have put it there. The same goes for all that comes later on the search path than such a folder.
#[derive(Debug, Clone, Default)]
pub(crate) struct Programs {
    /// `PATH` of commands.
    path: OsString,
    /// Folders that the agent may write, without links.
    ground: Vec<PathBuf>,
    /// Files that the shell reads before the command were put there by nobody but the user.
    trusted_start: bool,
}

impl Programs {
    /// With this search path, and these folders that the agent may write. `start_files` are read by the shell before
    /// it runs the command, where they exist. Asks the file system.
    pub(crate) fn new(path: OsString, ground: &[PathBuf], start_files: &[PathBuf]) -> Self {
        let ground = ground
            .iter()
            .map(|folder| folder.canonicalize().unwrap_or_else(|_| folder.clone()))
            .collect();
        let mut programs = Self {
            path,
            ground,
            trusted_start: true,
        };
        programs.trusted_start = start_files
            .iter()
            .all(|file| file.symlink_metadata().is_err() || !programs.is_in_ground(file));
        programs
    }

    /// Whether the program of a command is the one that a rule means. `by_path`: the rule names it as the command does.
    /// `listed`: the files that the rules say its name stands for.
    pub(super) fn is_meant(&self, program: &str, by_path: bool, listed: Option<&[&str]>) -> bool {
        if !self.trusted_start {
            return false;
        }
        let is_listed =
            |path: &Path| listed.is_none_or(|listed| listed.iter().any(|listed| Path::new(listed) == path));
        if program.contains('/') {
            let path = Path::new(program);
            // Where a relative path leads depends on what came before.
            path.is_absolute()
                && (by_path || listed.is_some())
                && is_listed(path)
                && is_executable(path)
                && !self.is_in_ground(path)
        } else {
            if BUILT_IN.contains(&program) {
                return listed.is_none();
            }
            self.find(program).is_some_and(|path| is_listed(&path))
        }
    }

    /// The file that a name stands for, if no folder before it can be written by the agent.
    fn find(&self, name: &str) -> Option<PathBuf> {
        if name.is_empty() {
            return None;
        }
        for folder in std::env::split_paths(&self.path) {
            if !folder.is_absolute() || self.is_in_ground(&folder) {
                return None;
            }
            let file = folder.join(name);
            if is_executable(&file) {
                return (!self.is_in_ground(&file)).then_some(file);
            }
        }
        None
    }

    /// Whether a path lies in, or leads to, ground that the agent may write. What isn't there counts by its name.
    fn is_in_ground(&self, path: &Path) -> bool {
        let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
        let by_parent = parent
            .zip(path.file_name())
            .map(|(parent, name)| parent.join(name));
        [Some(path.to_owned()), by_parent, path.canonicalize().ok()]
            .into_iter()
            .flatten()
            .any(|path| self.ground.iter().any(|folder| path.starts_with(folder)))
    }
}

/// Whether words alone say nothing about what will be run: shells, interpreters and programs that run others, with
/// nothing but options behind them. Such words are never proposed as a rule.
pub(crate) fn says_too_little(words: &[String]) -> bool {
    let Some((program, rest)) = words.split_first() else {
        return true;
    };
    let name = program.rsplit('/').next().unwrap_or_default();
    let version = |prefix: &str| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
    };
    let runs_others = matches!(
        name,
        "sh" | "bash"
            | "dash"
            | "zsh"
            | "ksh"
            | "mksh"
            | "ash"
            | "fish"
            | "csh"
            | "tcsh"
            | "pwsh"
            | "powershell"
            | "node"
            | "nodejs"
            | "deno"
            | "bun"
            | "perl"
            | "ruby"
            | "php"
            | "lua"
            | "Rscript"
            | "osascript"
            | "java"
            | "git"
            | "env"
            | "sudo"
            | "doas"
            | "su"
            | "xargs"
            | "find"
            | "nohup"
            | "timeout"
            | "time"
            | "nice"
            | "command"
            | "exec"
            | "eval"
            | "builtin"
            | "busybox"
            | "ssh"
            | "awk"
            | "gawk"
            | "sed"
            | "npx"
            | "uvx"
            | "tclsh"
            | "expect"
            | "parallel"
            | "watch"
            | "setsid"
            | "stdbuf"
            | "chroot"
            | "source"
            | "."
    ) || ["python", "pypy", "ruby", "perl", "php", "lua", "node"]
        .into_iter()
        .any(version);
    runs_others && rest.iter().all(|word| word.starts_with('-') && word.len() > 1)
}

#[cfg(test)]
impl From<&str> for Programs {
    fn from(path: &str) -> Self {
        Self::new(path.into(), &[], &[])
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn executable(path: &Path) {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, "#!/bin/sh\n").expect("written");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("ours");
    }

    #[test]
    fn names_stand_for_what_nobody_but_the_user_has_put_there() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().canonicalize().expect("there");
        let (bin, work) = (root.join("bin"), root.join("work"));
        for file in [bin.join("tool"), work.join("bin/tool"), work.join("own")] {
            executable(&file);
        }
        std::fs::write(bin.join("text"), "").expect("written");
        symlink(work.join("own"), bin.join("linked")).expect("linked");
        let meant = |path: &[&Path], program: &str| {
            let path = std::env::join_paths(path).expect("joins");
            Programs::new(path, std::slice::from_ref(&work), &[]).is_meant(program, true, None)
        };
        assert!(meant(&[&bin], "tool"));
        assert!(
            !meant(&[&work.join("bin"), &bin], "tool"),
            "found in the workspace"
        );
        assert!(!meant(&[&work.join("none"), &bin], "tool"), "could be put there");
        assert!(
            meant(&[&bin, &work.join("bin")], "tool"),
            "found before the workspace"
        );
        assert!(!meant(&[Path::new("."), &bin], "tool"));
        assert!(!meant(&[&bin], "linked"), "leads to the workspace");
        assert!(!meant(&[&bin], "text") && !meant(&[&bin], "none"));
        assert!(meant(&[&bin], "cd"));
        let path = |path: PathBuf| path.to_str().expect("text").to_owned();
        assert!(meant(&[&bin], &path(bin.join("tool"))));
        assert!(!meant(&[&bin], &path(work.join("own"))));
        assert!(!meant(&[&bin], "./tool") && !meant(&[&bin], "bin/tool"));
        assert!(!meant(&[&bin], &path(bin.join("../work/own"))));

        let start = |file: PathBuf| {
            let programs = Programs::new(bin.clone().into(), std::slice::from_ref(&work), &[file]);
            programs.is_meant("tool", true, None)
        };
        assert!(start(work.join(".profile")), "there is none");
        executable(&work.join(".profile"));
        assert!(!start(work.join(".profile")), "the agent may have written it");
        assert!(start(bin.join("tool")));
    }

    #[test]
    fn words_that_say_too_little() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for text in [
            "bash",
            "/bin/bash -lc",
            "python3",
            "python3.12 -c",
            "git",
            "git -c",
            "env",
            "sudo",
            "sudo -E",
            "node -e",
        ] {
            assert!(says_too_little(&words(text)), "{text}");
        }
        for text in [
            "touch",
            "cargo test",
            "git status",
            "python3 x.py",
            "/bin/bash -lc x",
            "sudo apt",
        ] {
            assert!(!says_too_little(&words(text)), "{text}");
        }
        assert!(says_too_little(&[]));
    }
}
