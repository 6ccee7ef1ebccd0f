//! What the agent may have written, so that nothing there is run outside of the sandbox on the user's word about a name.

use std::path::{Path, PathBuf};

use crate::ThreadSettings;

/// Folders that the agent may write under these settings, or whose content comes from nobody knows where.
pub(super) fn folders(settings: &ThreadSettings) -> Vec<PathBuf> {
    let mut folders: Vec<_> = settings.workspace().map(Path::to_owned).collect();
    folders.extend(settings.writable_folders());
    folders.extend(settings.writable_tmpdir());
    folders
}

/// Files that a shell with these arguments may read before or after it runs its script, in the user's home.
pub(super) fn start_files(argv: &[String]) -> Vec<PathBuf> {
    let Some(home) = std::env::var_os("HOME").map(PathBuf::from) else {
        return Vec::new();
    };
    let name = argv
        .first()
        .map_or("", |shell| shell.rsplit('/').next().unwrap_or_default());
    let is_login = argv.get(1).is_some_and(|flag| flag.contains('l'));
    let names: &[&str] = match (name, is_login) {
        ("zsh", true) => &[".zshenv", ".zprofile", ".zlogin", ".zlogout"],
        ("zsh", false) => &[".zshenv"],
        (_, true) => &[
            ".bash_profile",
            ".bash_login",
            ".profile",
            ".bashrc",
            ".bash_logout",
        ],
        (_, false) => &[],
    };
    let zdotdir = std::env::var_os("ZDOTDIR")
        .map(PathBuf::from)
        .filter(|_| name == "zsh");
    let folders: Vec<&Path> = zdotdir.as_deref().into_iter().chain([&*home]).collect();
    let mut files: Vec<_> = folders
        .iter()
        .flat_map(|folder| names.iter().map(|name| folder.join(name)))
        .collect();
    files.extend(std::env::var_os("BASH_ENV").map(PathBuf::from));
    files
}
