//! What a permission profile takes away from what could be read and written, in the folders as they are
//! (docs/contract/safety.md#permission-profiles).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use globset::Candidate;

use super::error::SandboxError;
use super::plan::SandboxRequest;
use super::roots::{self, OF_KERNEL, SYSTEM};
use crate::profile_rules::one_byte_each;
use crate::{DenyPattern, ProfileRules};

/// Entries of folders that are compared with patterns for one command at most; more than that takes seconds.
const MOST_COMPARED: usize = 200_000;
/// Places that patterns hide at most; the launcher could not be told of more.
const MOST_HIDDEN: usize = 2_000;
/// What of [`SYSTEM`] holds something of the user's.
const SETTINGS: &str = "/etc";

/// What a profile takes away.
#[derive(Debug, Default)]
pub(super) struct Restricted {
    /// What is to stay read-only, without links.
    pub(super) read_only: BTreeSet<PathBuf>,
    /// What is to be hidden, without links.
    pub(super) denied: BTreeSet<PathBuf>,
    /// Links on the way to these, and to where patterns look: who changes one would have something else restricted.
    pub(super) links: BTreeSet<PathBuf>,
}

/// What the profile of a request takes away.
pub(super) fn restricted(
    request: &SandboxRequest<'_>,
    roots: &[PathBuf],
) -> Result<Restricted, SandboxError> {
    let mut restricted = Restricted::default();
    let Some(profile) = request.profile else {
        return Ok(restricted);
    };
    for path in profile.kept(workspace(request, roots)) {
        restricted.read_only.extend(real(&path)?);
        restricted.add_links(&path);
    }
    for path in profile.denied(workspace(request, roots)) {
        restricted.denied.extend(real(&path)?);
        restricted.add_links(&path);
    }
    let found = found_by_patterns(profile, workspace(request, &[]))?;
    for way in &found.ways {
        restricted.add_links(way);
    }
    restricted.denied.extend(found.hidden);
    Ok(restricted)
}

impl Restricted {
    fn add_links(&mut self, path: &Path) {
        self.links
            .extend(roots::way_to(path).into_iter().flat_map(|way| way.links));
    }
}

/// A path without links, or the nearest folder above that can be told if it can't be looked at: a command could make it
/// readable again. `None`: it isn't there.
pub(super) fn real(path: &Path) -> Result<Option<PathBuf>, SandboxError> {
    match path.canonicalize() {
        Ok(real) => Ok(Some(real)),
        Err(error) if is_missing(&error) || roots::way_to(path).is_none() => Ok(None),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let mut above = path.ancestors().skip(1);
            Ok(above.find_map(|above| above.canonicalize().ok()))
        }
        Err(error) => Err(unknown(path, &error)),
    }
}

/// The folders of the workspace, and further ones.
pub(super) fn workspace<'a>(
    request: &'a SandboxRequest<'_>,
    roots: &'a [PathBuf],
) -> impl Iterator<Item = &'a Path> {
    let further = request.workspace_roots.iter().chain(roots);
    [request.cwd].into_iter().chain(further.map(PathBuf::as_path))
}

/// What patterns have found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// What is to be hidden, without links.
    pub(super) hidden: BTreeSet<PathBuf>,
    /// Paths whose links decide what that is: where patterns look, and links that lead to some of it.
    ways: Vec<PathBuf>,
}

/// All that the patterns of a profile hide in a workspace of these folders.
pub(super) fn found_by_patterns<'a>(
    rules: &'a ProfileRules,
    workspace: impl Iterator<Item = &'a Path>,
) -> Result<Found, SandboxError> {
    let mut by_folder: BTreeMap<PathBuf, Vec<Wanted>> = BTreeMap::new();
    let mut found = Found::default();
    for pattern in rules.patterns(workspace) {
        found.ways.push(pattern.folder.clone());
        let folder = match pattern.folder.canonicalize() {
            Ok(folder) => folder,
            Err(error) if is_missing(&error) => continue,
            Err(error) => return Err(unknown(&pattern.folder, &error)),
        };
        by_folder.entry(folder).or_default().push(Wanted {
            depth: pattern.depth(rules.glob_scan_max_depth),
            pattern,
        });
    }
    let mut left = MOST_COMPARED;
    for (folder, wanted) in &by_folder {
        search(folder, wanted, &mut left, &mut found)?;
    }
    Ok(found)
}

/// A pattern, and how many folders deep it looks.
struct Wanted {
    pattern: DenyPattern,
    depth: usize,
}

/// Adds what is to be hidden below a folder, which is given without links. Links that lead to folders are not followed.
fn search(top: &Path, wanted: &[Wanted], left: &mut usize, found: &mut Found) -> Result<(), SandboxError> {
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
                found.hidden.insert(folder);
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
            let letters = one_byte_each(name.to_string_lossy());
            let path = Candidate::new(&*letters);
            if looked.any(|wanted| wanted.pattern.is_like(&path)) {
                let path = folder.join(entry.file_name());
                if kind.is_symlink() {
                    if let Some(end) = end_of(&path, top)? {
                        found.hidden.insert(end);
                        found.ways.push(path);
                    }
                } else {
                    found.hidden.insert(path);
                }
                if found.hidden.len() > MOST_HIDDEN {
                    return Err(SandboxError::TooLarge);
                }
            } else if kind.is_dir() && depth < deepest {
                folders.push((name, depth + 1));
            }
        }
    }
    Ok(())
}

/// What a link leads to, which is to be hidden in its place. `None`: nothing, a folder around the one that was searched, of
/// which everything would be hidden, or a part of the system, without which no command runs.
fn end_of(link: &Path, top: &Path) -> Result<Option<PathBuf>, SandboxError> {
    let end = real(link)?.filter(|real| !top.starts_with(real));
    let mut of_system = SYSTEM
        .iter()
        .chain(&OF_KERNEL)
        .filter(|folder| **folder != SETTINGS);
    Ok(end.filter(|real| !of_system.any(|folder| real.starts_with(folder))))
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
        let pattern = DenyPattern::new(&top.join("*.env")).expect("fits");
        let wanted = [Wanted {
            pattern: pattern.expect("a pattern"),
            depth: 1,
        }];
        let look = |mut left: usize| {
            let mut found = Found::default();
            search(&top, &wanted, &mut left, &mut found).map(|()| found.hidden)
        };
        assert_eq!(look(3), Ok(BTreeSet::from([top.join("c.env")])));
        let error = look(2).expect_err("too many");
        assert!(matches!(error, SandboxError::TooManyToCompare { .. }));
    }
}
