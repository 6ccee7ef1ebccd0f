//! What a permission profile takes away from what could be read and written, in the folders as they are
//! (docs/contract/safety.md#permission-profiles).

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use globset::GlobMatcher;

use super::error::SandboxError;
use super::plan::SandboxRequest;
use super::roots;
use crate::ProfileRules;

/// Entries of folders that are compared with patterns for one command at most; more than that takes seconds.
const MOST_COMPARED: usize = 200_000;

/// What is to stay read-only, and what is to be hidden.
pub(super) fn restricted(
    request: &SandboxRequest<'_>,
    roots: &[PathBuf],
) -> Result<(Vec<PathBuf>, Vec<PathBuf>), SandboxError> {
    let Some(profile) = request.profile else {
        return Ok((Vec::new(), Vec::new()));
    };
    let mut denied = profile.denied(workspace(request, roots));
    denied.extend(found_by_patterns(profile, workspace(request, &[]))?);
    Ok((profile.kept(workspace(request, roots)), denied))
}

/// The folders of the workspace, and further ones.
pub(super) fn workspace<'a>(
    request: &'a SandboxRequest<'_>,
    roots: &'a [PathBuf],
) -> impl Iterator<Item = &'a Path> {
    let further = request.workspace_roots.iter().chain(roots);
    [request.cwd].into_iter().chain(further.map(PathBuf::as_path))
}

/// All that the patterns of a profile hide in a workspace of these folders, without links.
pub(super) fn found_by_patterns<'a>(
    rules: &'a ProfileRules,
    workspace: impl Iterator<Item = &'a Path>,
) -> Result<Vec<PathBuf>, SandboxError> {
    let mut by_folder: BTreeMap<PathBuf, Vec<Wanted>> = BTreeMap::new();
    for pattern in rules.patterns(workspace) {
        let folder = match pattern.folder.canonicalize() {
            Ok(folder) => folder,
            Err(error) if is_missing(&error) => continue,
            Err(error) => return Err(unknown(&pattern.folder, &error)),
        };
        let matcher = pattern
            .matcher()
            .map_err(|error| unknown(&pattern.path(), &io::Error::other(error)))?;
        by_folder.entry(folder).or_default().push(Wanted {
            matcher,
            depth: pattern.depth(rules.glob_scan_max_depth),
        });
    }
    let mut left = MOST_COMPARED;
    let mut found = Vec::new();
    for (folder, wanted) in &by_folder {
        search(folder, wanted, &mut left, &mut found)?;
    }
    Ok(found)
}

/// A pattern, and how many folders deep it looks.
struct Wanted {
    matcher: GlobMatcher,
    depth: usize,
}

/// Adds what is to be hidden below a folder, which is given without links. Links that lead to folders are not followed.
fn search(
    top: &Path,
    wanted: &[Wanted],
    left: &mut usize,
    found: &mut Vec<PathBuf>,
) -> Result<(), SandboxError> {
    let deepest = wanted.iter().map(|wanted| wanted.depth).max().unwrap_or(0);
    let mut folders = vec![(PathBuf::new(), 1)];
    while let Some((below, depth)) = folders.pop() {
        let folder = top.components().chain(below.components()).collect::<PathBuf>();
        // To look at its own entry `.`, a folder must let be searched what is in it.
        let entries = match fs::symlink_metadata(folder.join(".")).and_then(|_| fs::read_dir(&folder)) {
            Ok(entries) => entries,
            Err(error) if is_missing(&error) => continue,
            // A command could make it readable again.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                found.push(folder);
                continue;
            }
            Err(error) => return Err(unknown(&folder, &error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| unknown(&folder, &error))?;
            *left = left
                .checked_sub(1)
                .ok_or_else(|| SandboxError::TooManyToCompare {
                    folder: top.to_owned(),
                    most: MOST_COMPARED,
                })?;
            let kind = match entry.file_type() {
                Ok(kind) => kind,
                Err(error) if is_missing(&error) => continue,
                Err(error) => return Err(unknown(&entry.path(), &error)),
            };
            let name = below.join(entry.file_name());
            let mut looked = wanted.iter().filter(|wanted| depth <= wanted.depth);
            if looked.any(|wanted| wanted.matcher.is_match(&name)) {
                let path = folder.join(entry.file_name());
                if kind.is_symlink() {
                    found.extend(end_of(&path, top)?);
                } else {
                    found.push(path);
                }
            } else if kind.is_dir() && depth < deepest {
                folders.push((name, depth + 1));
            }
        }
    }
    Ok(())
}

/// What a link leads to, which is to be hidden in its place. `None`: nothing, or a folder around the one that was searched,
/// of which everything would be hidden.
fn end_of(link: &Path, top: &Path) -> Result<Option<PathBuf>, SandboxError> {
    match link.canonicalize() {
        Ok(real) => Ok((!top.starts_with(&real)).then_some(real)),
        // Also where it goes round in circles.
        Err(error) if is_missing(&error) || roots::way_to(link).is_none() => Ok(None),
        Err(error) => Err(unknown(link, &error)),
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn unknown(path: &Path, error: &io::Error) -> SandboxError {
    SandboxError::Protection {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_can_be_compared_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a", "b", "c.env"] {
            fs::write(folder.path().join(name), "").expect("a file");
        }
        let top = folder.path().canonicalize().expect("a path");
        let pattern = crate::DenyPattern {
            folder: top.clone(),
            glob: "*.env".into(),
        };
        let wanted = [Wanted {
            matcher: pattern.matcher().expect("a pattern"),
            depth: 1,
        }];
        let look = |mut left: usize| {
            let mut found = Vec::new();
            search(&top, &wanted, &mut left, &mut found).map(|()| found)
        };
        assert_eq!(look(3), Ok(vec![top.join("c.env")]));
        let error = look(2).expect_err("too many");
        assert!(matches!(error, SandboxError::TooManyToCompare { .. }));
    }
}
