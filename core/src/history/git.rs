//! State of the repository around a folder, read from its files; no process is started.

use std::fs;
use std::path::{Path, PathBuf};

use crate::GitInfo;

/// Commit, branch and origin of the repository that `cwd` is in; `None` outside of one.
pub(crate) fn repository(cwd: &Path) -> Option<GitInfo> {
    let git = cwd.ancestors().find_map(git_folder)?;
    let common = match fs::read_to_string(git.join("commondir")) {
        Ok(path) => git.join(path.trim()),
        Err(_) => git.clone(),
    };
    let head = fs::read_to_string(git.join("HEAD")).ok()?;
    let head = head.trim();
    let (sha, branch) = match head.strip_prefix("ref: ") {
        Some(name) => (
            commit(&git, &common, name),
            name.strip_prefix("refs/heads/").map(str::to_owned),
        ),
        None => (Some(head.to_owned()), None),
    };
    Some(GitInfo {
        sha,
        branch,
        origin_url: origin(&common),
    })
}

/// `.git` as a folder, or what a `.git` file of a worktree or submodule points to.
fn git_folder(folder: &Path) -> Option<PathBuf> {
    let git = folder.join(".git");
    let kind = fs::metadata(&git).ok()?;
    if kind.is_dir() {
        return Some(git);
    }
    let text = fs::read_to_string(&git).ok()?;
    Some(folder.join(text.trim().strip_prefix("gitdir: ")?))
}

fn commit(git: &Path, common: &Path, name: &str) -> Option<String> {
    for folder in [git, common] {
        if let Ok(sha) = fs::read_to_string(folder.join(name)) {
            return Some(sha.trim().to_owned());
        }
    }
    let packed = fs::read_to_string(common.join("packed-refs")).ok()?;
    packed.lines().find_map(|line| {
        let (sha, packed_name) = line.split_once(' ')?;
        (packed_name == name).then(|| sha.to_owned())
    })
}

fn origin(common: &Path) -> Option<String> {
    let config = fs::read_to_string(common.join("config")).ok()?;
    let mut inside = false;
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == "[remote \"origin\"]";
        } else if inside
            && let Some((key, value)) = line.split_once('=')
            && key.trim() == "url"
        {
            return Some(value.trim().to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_branch_commit_and_origin() {
        let folder = tempfile::tempdir().expect("a folder");
        let git = folder.path().join(".git");
        fs::create_dir_all(git.join("refs/heads")).expect("writable");
        fs::create_dir_all(folder.path().join("deep/er")).expect("writable");
        fs::write(git.join("HEAD"), "ref: refs/heads/main\n").expect("writable");
        fs::write(git.join("packed-refs"), "# pack-refs\nabc123 refs/heads/main\n").expect("writable");
        fs::write(
            git.join("config"),
            "[remote \"up\"]\n\turl = no\n[remote \"origin\"]\n\turl = https://example.com/r.git\n",
        )
        .expect("writable");
        let info = repository(&folder.path().join("deep/er")).expect("a repository");
        assert_eq!(info.sha.as_deref(), Some("abc123"));
        assert_eq!(info.branch.as_deref(), Some("main"));
        assert_eq!(info.origin_url.as_deref(), Some("https://example.com/r.git"));
        fs::write(git.join("refs/heads/main"), "def456\n").expect("writable");
        assert_eq!(
            repository(folder.path()).and_then(|i| i.sha).as_deref(),
            Some("def456")
        );
    }
}
