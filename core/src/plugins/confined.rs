//! Files of a folder that somebody else has made: no path leads out of it.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use crate::external_file::{FileError, read_text};

/// Largest JSON file that is read, in bytes.
const MAX_JSON: usize = 1 << 20;

/// Why a file of a plugin can't be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConfinedError {
    #[error("it leads out of the folder")]
    Outside,
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{0}")]
    Json(#[from] serde_json::Error),
}

impl ConfinedError {
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::File(error) if error.is_missing())
    }
}

/// The path in `root` that a manifest names: relative, with or without `./` at its beginning. `None`: it names another
/// place.
pub(super) fn named(root: &Path, text: &str) -> Option<PathBuf> {
    let mut path = root.to_owned();
    let mut names = 0;
    for component in Path::new(text).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => {
                path.push(name);
                names += 1;
            }
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    // The folder itself is no part of it, unless it is meant.
    (names > 0 || matches!(text, "." | "./")).then_some(path)
}

/// Whether what is at this path lies in `root` with all links followed. Blocks as long as the file system does, as all
/// that follows.
pub(super) fn lies_within(root: &Path, path: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(root)
        .zip(real(path))
        .is_some_and(|(root, path)| path.starts_with(root))
}

/// As [`named`], if something is there and lies in `root`.
pub(super) fn existing(root: &Path, text: &str) -> Option<PathBuf> {
    named(root, text).filter(|path| lies_within(root, path))
}

/// As [`named`], unless what is there lies elsewhere.
pub(super) fn not_outside(root: &Path, text: &str) -> Option<PathBuf> {
    named(root, text).filter(|path| path.symlink_metadata().is_err() || lies_within(root, path))
}

/// A JSON file in `root`.
pub(super) fn json(root: &Path, path: &Path) -> Result<Value, ConfinedError> {
    let text = read_text(path, MAX_JSON)?;
    if !lies_within(root, path) {
        return Err(ConfinedError::Outside);
    }
    Ok(serde_json::from_str(
        text.strip_prefix('\u{feff}').unwrap_or(&text),
    )?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn paths_and_links_stay_inside() {
        let root = Path::new("/r");
        assert_eq!(named(root, "./a/b"), Some("/r/a/b".into()));
        assert_eq!(named(root, "a/./b/"), Some("/r/a/b".into()));
        assert_eq!(named(root, "./"), Some("/r".into()));
        for other in ["", "/etc", "../a", "a/../../b", "./a/../b"] {
            assert_eq!(named(root, other), None, "{other}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("root");
        fs::create_dir(&root).expect("made");
        fs::write(folder.path().join("secret.json"), "{}").expect("written");
        std::os::unix::fs::symlink(folder.path().join("secret.json"), root.join("link.json")).expect("made");
        assert_eq!(existing(&root, "./link.json"), None);
        assert_eq!(not_outside(&root, "./link.json"), None);
        assert_eq!(not_outside(&root, "./none.png"), Some(root.join("none.png")));
        assert!(matches!(
            json(&root, &root.join("link.json")),
            Err(ConfinedError::Outside)
        ));
        assert!(
            json(&root, &root.join("none.json"))
                .expect_err("not there")
                .is_missing()
        );
    }
}
