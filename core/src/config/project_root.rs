//! Where a project begins (docs/contract/configuration.md#project-trust).

use std::path::Path;

/// Folders of a project that are looked at, from its root to the working folder: the nearest ones count.
const MAX_FOLDERS: usize = 256;

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

/// The folders from `root` down to `cwd`, both included. `root` is `cwd` or lies above it.
pub(crate) fn project_folders<'a>(root: &Path, cwd: &'a Path) -> Vec<&'a Path> {
    let mut folders: Vec<_> = cwd
        .ancestors()
        .take(MAX_FOLDERS)
        .take_while(|folder| folder.starts_with(root))
        .collect();
    folders.reverse();
    folders
}
