//! Names that stay as they are, although the folder that they are in may be written: what is there is read-only, what
//! is not there does not appear.

use std::io;
use std::path::{Path, PathBuf};

use super::error::SandboxError;
use super::places::{Places, Rule};

/// In every writable folder: what decides about later commands, and secrets.
pub(super) const IN_ROOTS: [&str; 4] = [".git", ".codex", ".agents", ".aws"];

/// In a repository's own folder: what git executes, or by which it finds what it executes.
pub(super) const IN_REPOSITORIES: [&str; 9] = [
    "hooks",
    "config",
    "config.worktree",
    "commondir",
    "gitdir",
    "info",
    "modules",
    "worktrees",
    "description",
];

/// In the home folder: what shells, git and other programs of the user execute when they start.
pub(super) const IN_HOME: [&str; 30] = [
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_logout",
    ".bash_aliases",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".zlogin",
    ".zlogout",
    ".kshrc",
    ".cshrc",
    ".tcshrc",
    ".login",
    ".inputrc",
    ".pam_environment",
    ".xprofile",
    ".xinitrc",
    ".xsessionrc",
    ".gitconfig",
    ".git-credentials",
    ".ssh",
    ".gnupg",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".config",
    ".local",
    ".vimrc",
];

/// A folder in which names are protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Protected {
    /// The folder, without links.
    pub(super) folder: PathBuf,
    /// The names.
    pub(super) names: Vec<String>,
    /// Those that are links.
    pub(super) links: Vec<String>,
}

impl Protected {
    /// Looks at the names, and adds rules for what is there.
    pub(super) fn look(folder: &Path, names: &[&str], places: &mut Places) -> Result<Self, SandboxError> {
        let mut protected = Self {
            folder: folder.to_owned(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            links: Vec::new(),
        };
        for name in names {
            let path = folder.join(name);
            match path.symlink_metadata() {
                Ok(metadata) if metadata.is_symlink() => {
                    protected.links.push((*name).to_owned());
                    // What it leads to stays as it is, too.
                    if let Ok(to) = path.canonicalize()
                        && places.is_writable(&to)
                        && !folder.starts_with(&to)
                    {
                        places.add(&to, Rule::Read);
                    }
                }
                Ok(_) => places.add(&path, Rule::Read),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let reason = error.to_string();
                    return Err(SandboxError::Protection { path, reason });
                }
            }
        }
        Ok(protected)
    }
}
