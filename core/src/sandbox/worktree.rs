//! Linked worktrees: what `git add` and `git commit` write lies under the main repository.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes of the files that lead to the repository, at most.
const LONGEST: u64 = 8 * 1024;

/// The repository of a linked worktree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LinkedWorktree {
    /// The worktree's own folder in the repository: index, HEAD and its log.
    pub(super) own: PathBuf,
    /// Folders that all worktrees share and commits write: objects, branches, their logs.
    pub(super) shared: Vec<PathBuf>,
}

impl LinkedWorktree {
    /// Of a folder whose `.git` is a file. `None` unless the repository says that this is a worktree of it: else the file
    /// could lead anywhere.
    pub(super) fn of(folder: &Path) -> Option<Self> {
        let git_file = folder.join(".git");
        if !git_file.symlink_metadata().ok()?.is_file() {
            return None;
        }
        let own = read_line(&git_file)?;
        let own = folder
            .join(own.strip_prefix("gitdir:")?.trim())
            .canonicalize()
            .ok()?;
        let back = own.join(read_line(&own.join("gitdir"))?).canonicalize().ok()?;
        if back != git_file {
            return None;
        }
        let repository = own.join(read_line(&own.join("commondir"))?).canonicalize().ok()?;
        if own.parent()? != repository.join("worktrees") || !repository.join("HEAD").exists() {
            return None;
        }
        let shared = ["objects", "refs", "logs"]
            .into_iter()
            .map(|name| repository.join(name))
            .filter(|path| path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()))
            .collect();
        Some(Self { own, shared })
    }
}

fn read_line(path: &Path) -> Option<String> {
    if !path.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(path)
        .ok()?
        .take(LONGEST)
        .read_to_string(&mut text)
        .ok()?;
    Some(text.trim_end_matches(['\r', '\n']).to_owned())
}
