//! Names that stay as they are, although the folder that they are in may be written: what is there is read-only, what
//! is not there does not appear.

use std::io;
use std::path::{Path, PathBuf};

use super::error::SandboxError;
use super::places::{Places, Rule};
use super::roots;

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
                Ok(metadata) if metadata.is_symlink() => protected.links.push((*name).to_owned()),
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

    /// What decides where its links lead: further links, their target, or the name at which they end if that is not there
    /// yet. All of it stays as it is, as far as commands could change it.
    pub(super) fn follow_links(&self, places: &mut Places) -> Vec<Self> {
        let mut all = Vec::new();
        for name in &self.links {
            let Some(way) = roots::way_to(&self.folder.join(name)) else {
                continue;
            };
            for link in way.links.iter().filter(|link| **link != self.folder.join(name)) {
                all.extend(Self::of_name(link, true, places));
            }
            match way.missing {
                Some(missing) => all.extend(Self::of_name(&missing, false, places)),
                None if places.is_writable(&way.end) && !self.folder.starts_with(&way.end) => {
                    places.add(&way.end, Rule::Read);
                }
                None => {}
            }
        }
        all
    }

    /// A name that stays as it is, if commands could change it.
    pub(super) fn of_name(path: &Path, link: bool, places: &mut Places) -> Option<Self> {
        let (folder, name) = (path.parent()?, path.file_name()?.to_str()?.to_owned());
        if !places.is_writable(folder) {
            return None;
        }
        places.add(folder, Rule::Pinned);
        Some(Self {
            folder: folder.to_owned(),
            links: if link { vec![name.clone()] } else { Vec::new() },
            names: vec![name],
        })
    }
}
