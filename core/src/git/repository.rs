//! Where a repository's files are, and how they are read.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::changes;
use super::config::GitConfig;
use super::head::{self, Head};
use crate::external_file::{self, FileError};
use crate::url_redaction::redact_url;

/// Most of a file with a single line that is read, in bytes.
const MAX_LINE: usize = 8 << 10;
/// Most of a repository's configuration that is read, in bytes.
const MAX_CONFIG: usize = 1 << 20;
/// Remotes that are told.
const MAX_REMOTES: usize = 8;
/// Longest address that is told, in bytes: it goes into a header.
const MAX_URL: usize = 1 << 10;
/// Longest name of a remote that is told, in bytes.
const MAX_REMOTE_NAME: usize = 100;

/// A repository with a work tree.
#[derive(Debug)]
pub(crate) struct Repository {
    root: PathBuf,
    /// Its git folder: HEAD, index. Without links.
    git_dir: PathBuf,
    /// What it shares with other work trees: refs, configuration. Without links.
    common_dir: PathBuf,
}

impl Repository {
    /// The repository that holds a folder. `None`: there is none, or its git folder is not its own.
    pub(crate) fn around(folder: &Path) -> Option<Self> {
        let root = folder.ancestors().find(|root| is_marker(&root.join(".git")))?;
        let git_dir = own_git_dir(root)?;
        let common_dir = common_dir(&git_dir)?;
        Some(Self {
            root: root.to_owned(),
            git_dir,
            common_dir,
        })
    }

    /// Top of the work tree.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where git keeps what it knows, without links: of this work tree, and of all of them.
    pub(crate) fn git_folders(&self) -> [&Path; 2] {
        [&self.git_dir, &self.common_dir]
    }

    /// What is checked out.
    pub(crate) fn head(&self) -> Head {
        head::read(self)
    }

    /// Names of remotes and their addresses, without credentials; a few, `origin` among them.
    pub(crate) fn remotes(&self) -> BTreeMap<String, String> {
        let mut all = self.config().remotes;
        let origin = all.remove_entry("origin");
        let told = |(name, url): (String, String)| {
            let url: String = redact_url(&url).chars().filter(|c| !c.is_control()).collect();
            let fits = url.len() <= MAX_URL && name.len() <= MAX_REMOTE_NAME;
            (fits && !url.is_empty() && !name.contains(char::is_control)).then_some((name, url))
        };
        let all = origin.into_iter().chain(all);
        all.filter_map(told).take(MAX_REMOTES).collect()
    }

    /// Whether something in the work tree is not as it was committed, as far as that can be told for sure.
    pub(crate) fn has_changes(&self) -> Option<bool> {
        let index = self.open(Place::Own, "index");
        changes::in_work_tree(&self.root, index, self.config().hash_length)
    }

    /// What kind of work tree it is.
    pub(crate) fn kind(&self) -> RepositoryKind {
        if self.git_dir != self.common_dir {
            RepositoryKind::Worktree
        } else if self
            .git_dir
            .components()
            .any(|part| part.as_os_str() == "modules")
            && self.root.join(".git").is_file()
        {
            RepositoryKind::Submodule
        } else {
            RepositoryKind::Main
        }
    }

    /// The commit that a ref names.
    pub(super) fn resolve_ref(&self, name: String) -> Option<String> {
        head::resolve(self, name)
    }

    pub(super) fn config(&self) -> GitConfig {
        let bytes = self.read(Place::Shared, "config", MAX_CONFIG);
        bytes.map_or_else(|_| GitConfig::default(), |bytes| config_of(&bytes))
    }

    /// A short file of one line.
    pub(super) fn line(&self, place: Place, name: &str) -> Result<String, FileError> {
        one_line(self.read(place, name, MAX_LINE)?)
    }

    /// What a link in the git folder says; `None` if it is none.
    pub(super) fn link(&self, name: &str) -> Option<PathBuf> {
        std::fs::read_link(self.git_dir.join(name)).ok()
    }

    fn read(&self, place: Place, name: &str, max: usize) -> Result<Vec<u8>, FileError> {
        external_file::read(&self.resolve(place, name)?, max)
    }

    pub(super) fn open(&self, place: Place, name: &str) -> Result<File, FileError> {
        external_file::open(&self.resolve(place, name)?).map(|(file, _)| file)
    }

    /// A file of the git folder may be a link, but not to anything else of the user's.
    fn resolve(&self, place: Place, name: &str) -> Result<PathBuf, FileError> {
        let folder = match place {
            Place::Own => &self.git_dir,
            Place::Shared => &self.common_dir,
        };
        external_file::resolve_inside(&folder.join(name), folder)
    }
}

/// What kind of work tree a repository has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum RepositoryKind {
    /// The first, or only, one.
    #[default]
    Main,
    /// A further one (`git worktree`).
    Worktree,
    /// That of a repository inside of another one.
    Submodule,
}

/// Where a file of a repository is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// Of this work tree.
    Own,
    /// Of all work trees.
    Shared,
}

/// Whether a path named `.git` makes its folder the root of a project: a git folder has a HEAD; the file of a
/// worktree or submodule counts always.
pub(crate) fn is_marker(dot_git: &Path) -> bool {
    let Ok(found) = std::fs::metadata(dot_git) else {
        return false;
    };
    // HEAD may be a link to a branch that has no commit yet.
    found.is_file() || found.is_dir() && dot_git.join("HEAD").symlink_metadata().is_ok()
}

/// The top of a repository's first work tree, of a folder that is the top of a linked one. `None`: it is none, or that
/// repository knows nothing of it, so that no `.git` can claim another repository; or it has no first work tree.
pub(crate) fn main_work_tree(root: &Path) -> Option<PathBuf> {
    let dot_git = root.join(".git").symlink_metadata().ok()?;
    let git_dir = dot_git.is_file().then(|| own_git_dir(root))??;
    let common = common_dir(&git_dir)?;
    let is_linked = common != git_dir && common.file_name()? == ".git";
    is_linked.then(|| common.parent().map(Path::to_owned))?
}

/// The git folder of a work tree: `.git`, or where that leads. A folder outside of the work tree must say itself that
/// it belongs to this one; else a `.git` could show another repository of the user's as its own.
fn own_git_dir(root: &Path) -> Option<PathBuf> {
    let dot_git = root.join(".git");
    let target = if dot_git.is_dir() {
        dot_git
    } else {
        let text = one_line(external_file::read(&dot_git, MAX_LINE).ok()?).ok()?;
        root.join(text.strip_prefix("gitdir:")?.trim_start())
    };
    let target = target.canonicalize().ok()?;
    let root = root.canonicalize().ok()?;
    target.join("HEAD").symlink_metadata().ok()?;
    let is_own =
        target.starts_with(&root) || is_worktree_of(&target, &root) || is_submodule_of(&target, &root);
    is_own.then_some(target)
}

/// `gitdir` in the folder of a worktree names the worktree's `.git`.
fn is_worktree_of(git_dir: &Path, root: &Path) -> bool {
    let named = || {
        let file = external_file::resolve_inside(&git_dir.join("gitdir"), git_dir).ok()?;
        let dot_git = git_dir.join(one_line(external_file::read(&file, MAX_LINE).ok()?).ok()?);
        (dot_git.file_name()? == ".git").then_some(())?;
        dot_git.parent()?.canonicalize().ok()
    };
    named().is_some_and(|named| named == root)
}

/// `core.worktree` in the configuration of a submodule's git folder names the submodule.
fn is_submodule_of(git_dir: &Path, root: &Path) -> bool {
    let named = || {
        let file = external_file::resolve_inside(&git_dir.join("config"), git_dir).ok()?;
        let config = config_of(&external_file::read(&file, MAX_CONFIG).ok()?);
        git_dir.join(config.work_tree?).canonicalize().ok()
    };
    named().is_some_and(|named| named == root)
}

/// The folder that a worktree shares with its main repository: two above its own. A git folder that names none shares
/// nothing.
fn common_dir(git_dir: &Path) -> Option<PathBuf> {
    let file = git_dir.join("commondir");
    if file.symlink_metadata().is_err() {
        return Some(git_dir.to_owned());
    }
    let file = external_file::resolve_inside(&file, git_dir).ok()?;
    let named = one_line(external_file::read(&file, MAX_LINE).ok()?).ok()?;
    let common = git_dir.join(named).canonicalize().ok()?;
    let is_above = git_dir.parent() == Some(common.join("worktrees").as_path());
    is_above.then_some(common)
}

fn config_of(bytes: &[u8]) -> GitConfig {
    GitConfig::parse(&external_file::decode_lossy(bytes))
}

fn one_line(bytes: Vec<u8>) -> Result<String, FileError> {
    let text = external_file::decode(bytes)?;
    Ok(text.trim().to_owned())
}
