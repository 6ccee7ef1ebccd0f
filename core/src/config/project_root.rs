//! Where a project begins (docs/contract/configuration.md#project-trust).

use std::cell::RefCell;
use std::path::Path;

/// Folders of a project that are looked at, from its root to the working folder: the nearest ones count.
const MAX_FOLDERS: usize = 256;

/// A working folder. Where its project begins is looked for once, as long as the markers stay the same.
pub(crate) struct WorkingFolder<'a> {
    pub(crate) path: &'a Path,
    /// The markers that were looked for last, and the folder that held one.
    found: RefCell<Option<(Vec<String>, Option<&'a Path>)>>,
}

impl<'a> WorkingFolder<'a> {
    pub(crate) fn new(path: &'a Path) -> Self {
        Self {
            path,
            found: RefCell::default(),
        }
    }

    /// See [`project_root`].
    pub(crate) fn project_root(&self, markers: &[String]) -> Option<&'a Path> {
        let mut found = self.found.borrow_mut();
        match &*found {
            Some((known, root)) if known == markers => *root,
            _ => {
                let root = project_root(self.path, markers);
                *found = Some((markers.to_owned(), root));
                root
            }
        }
    }
}

/// What the root folder of a project holds, where this is configured.
pub(super) fn markers(configured: Option<Vec<String>>) -> Vec<String> {
    configured.unwrap_or_else(|| vec![".git".to_owned()])
}

/// The nearest folder upwards from `cwd` that holds one of the markers. A `.git` folder must be a repository.
pub(crate) fn project_root<'a>(cwd: &'a Path, markers: &[String]) -> Option<&'a Path> {
    let holds = |folder: &Path, marker: &str| {
        let path = folder.join(marker);
        if marker == ".git" {
            crate::git::is_marker(&path)
        } else {
            path.exists()
        }
    };
    cwd.ancestors()
        .find(|folder| markers.iter().any(|marker| holds(folder, marker)))
}

/// The folders from `root` down to `cwd`, both included. `root` is `cwd` or one of the folders above, as
/// [`project_root`] found it.
pub(crate) fn project_folders<'a>(root: &Path, cwd: &'a Path) -> Vec<&'a Path> {
    // Above the root, paths are shorter.
    let is_inside = |folder: &&Path| folder.as_os_str().len() >= root.as_os_str().len();
    let mut folders: Vec<_> = cwd.ancestors().take(MAX_FOLDERS).take_while(is_inside).collect();
    folders.reverse();
    folders
}
