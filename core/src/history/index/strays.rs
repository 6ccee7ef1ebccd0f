//! Rollouts that lie elsewhere than programs put them, or under other names: found by their first lines.
//!
//! Looked for only when a thread isn't found by the names of files. Folders are listed again when their modification
//! time changes, files are read again when their size or time does.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::directory::{COARSE, Key, Rollout};
use super::rows::Stamp;
use crate::history::read::chain::read_meta;
use crate::history::rollout::layout::{Layout, RolloutName};
use crate::history::rollout::source::Source;
use crate::sys::files::file_id;

/// Folders within folders are looked into this far.
const DEPTH: usize = 8;
/// How many folders are looked into.
const FOLDERS: usize = 50_000;
/// How many files are looked at.
const FILES: usize = 20_000;
/// How much of a file is read for its first line, in bytes.
pub(crate) const FIRST_LINE: usize = 4 << 20;

/// What is known of rollouts in unusual places.
#[derive(Default)]
pub(crate) struct Strays {
    folders: HashMap<PathBuf, Listing>,
    files: BTreeMap<PathBuf, (Stamp, Option<Key>)>,
}

struct Listing {
    modified: Option<SystemTime>,
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Strays {
    /// All such files that the directory doesn't know, oldest first.
    pub(crate) fn find(&mut self, layout: &Layout, is_wanted: impl Fn(&Key) -> bool) -> Vec<Rollout> {
        let mut found: Vec<Rollout> = self
            .candidates(layout)
            .into_iter()
            .filter_map(|(path, archived)| {
                let key = self.key(&path).filter(&is_wanted)?;
                Some(Rollout { key, path, archived })
            })
            .collect();
        found.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| a.path.cmp(&b.path)));
        found
    }

    /// Files that might be rollouts, and whether they are archived.
    fn candidates(&mut self, layout: &Layout) -> Vec<(PathBuf, bool)> {
        let mut files = Vec::new();
        let mut seen = HashSet::new();
        let mut left = vec![(layout.sessions(), 0, false), (layout.archived(), 0, true)];
        while let Some((path, depth, archived)) = left.pop() {
            let Some(meta) = fs::metadata(&path).ok().filter(Metadata::is_dir) else {
                continue;
            };
            // Links may lead in circles.
            if seen.len() == FOLDERS || !seen.insert(file_id(&meta)) {
                continue;
            }
            let listing = self.listing(&path, &meta, depth == 3 || archived);
            files.extend(listing.files.iter().map(|file| (file.clone(), archived)));
            if depth < DEPTH {
                left.extend(
                    listing
                        .folders
                        .iter()
                        .map(|path| (path.clone(), depth + 1, archived)),
                );
            }
        }
        files.truncate(FILES);
        files
    }

    /// What is in a folder; `usual`: rollouts with the names that programs give them are known already.
    fn listing(&mut self, path: &Path, meta: &Metadata, usual: bool) -> &Listing {
        let settled = meta
            .modified()
            .ok()
            .filter(|at| at.elapsed().is_ok_and(|age| age > COARSE));
        let known = self.folders.get(path);
        if known.is_none_or(|known| known.modified.is_none() || known.modified != settled) {
            let mut listing = Listing {
                modified: settled,
                folders: Vec::new(),
                files: Vec::new(),
            };
            for entry in fs::read_dir(path).into_iter().flatten().flatten() {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                if name.starts_with('.')
                    || [".expanding", ".draft"].iter().any(|end| name.ends_with(end))
                    || usual && RolloutName::parse(&name).is_some()
                {
                    continue;
                }
                let kind = entry.file_type().ok();
                let is_folder = kind.is_some_and(|kind| {
                    kind.is_dir()
                        || kind.is_symlink() && fs::metadata(entry.path()).is_ok_and(|meta| meta.is_dir())
                });
                if is_folder {
                    listing.folders.push(entry.path());
                } else {
                    listing.files.push(entry.path());
                }
            }
            self.folders.insert(path.to_path_buf(), listing);
        }
        &self.folders[path]
    }

    /// The place of a file in the order of beginnings, if it is a thread's.
    fn key(&mut self, path: &Path) -> Option<Key> {
        let now = Stamp::of(path)?;
        if let Some((stamp, key)) = self.files.get(path)
            && stamp.covers(now, key.is_some())
        {
            return *key;
        }
        let key = read_key(path);
        self.files.insert(path.to_path_buf(), (now, key));
        key
    }
}

fn read_key(path: &Path) -> Option<Key> {
    let meta = read_meta(&Source::open_head(path, FIRST_LINE).ok()?).ok()?;
    let begun = chrono::DateTime::parse_from_rfc3339(&meta.timestamp);
    Some(Key {
        begun_ms: begun.map_or(0, |at| at.timestamp_millis()),
        id: meta.id?,
        revert: RolloutName::of(path).and_then(|name| name.revert),
    })
}
