//! When rollouts were changed last: asked of the file system once, and again when it has told of a change.
//!
//! Folders with many files are watched so that a question about all files costs a look at those that changed. Only what
//! the system is sure to tell counts (a regular file with one name, on a file system of this machine); everything else
//! is asked each time.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::Path;

use chrono::{Datelike, NaiveDateTime, Timelike};
use uuid::Uuid;

use super::directory::{Key, key};
use crate::history::rollout::layout::RolloutName;
use crate::sys::{FolderEvent, FolderInterest, FolderWatch, WatchedFolder, files};

mod question;

use question::{Helper, Question};

/// No time is known.
pub(crate) const UNKNOWN: i64 = i64::MIN;
/// Folders with fewer files are asked each time.
const WORTH_WATCHING: usize = 16;
/// Folders that are watched at most: a system has some ten thousand watches for all programs of a user.
const MAX_FOLDERS: usize = 1024;

/// From so many files on a second thread is worth while.
const WORTH_A_THREAD: usize = 2000;

/// Looks for a file that may be compressed or expanded meanwhile: in one form, and in the other one, and once more.
const LOOKS: usize = 4;

/// A file of a folder of rollouts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileEntry {
    /// Its folder, by number.
    pub(crate) folder: usize,
    /// The time in its name.
    pub(crate) begun: NaiveDateTime,
    /// Compressed with zstd.
    pub(crate) compressed: bool,
    /// When it was changed last, in Unix milliseconds.
    pub(crate) modified_ms: i64,
    /// For which `modified_ms` the index of texts covers it.
    pub(crate) covered_ms: i64,
}

impl FileEntry {
    pub(crate) fn new(folder: usize, begun: NaiveDateTime, compressed: bool) -> Self {
        Self {
            folder,
            begun,
            compressed,
            modified_ms: UNKNOWN,
            covered_ms: UNKNOWN,
        }
    }

    /// Whether the index of texts covers it as it is now.
    pub(crate) fn is_covered(&self) -> bool {
        self.covered_ms != UNKNOWN && self.covered_ms == self.modified_ms
    }

    /// The file in the form in which it is in this folder; `None`: it is not there.
    pub(crate) fn present(mut self, key: Key, folder: &Path) -> Option<Self> {
        for _ in 0..LOOKS {
            let mut name = String::with_capacity(128);
            self.write_name(key, &mut name);
            if folder.join(name).exists() {
                return Some(self);
            }
            self.compressed = !self.compressed;
            self.modified_ms = UNKNOWN;
            self.covered_ms = UNKNOWN;
        }
        None
    }

    /// Appends the name of the file.
    pub(crate) fn write_name(&self, key: Key, out: &mut String) {
        // By hand: lists ask for tens of thousands, for which formatting takes as long as the system's answer.
        let (day, time) = (self.begun.date(), self.begun.time());
        // The year of a name has four digits.
        let year = day.year().unsigned_abs();
        out.push_str("rollout");
        for (separator, number) in [
            ("-", year / 100),
            ("", year % 100),
            ("-", day.month()),
            ("-", day.day()),
            ("T", time.hour()),
            ("-", time.minute()),
            ("-", time.second()),
        ] {
            out.push_str(separator);
            out.extend(
                [number / 10 % 10, number % 10].map(|digit| char::from_digit(digit, 10).unwrap_or('0')),
            );
        }
        out.push('-');
        let mut buffer = Uuid::encode_buffer();
        out.push_str(key.id.0.hyphenated().encode_lower(&mut buffer));
        if let Some(revert) = key.revert {
            out.push('_');
            out.push_str(revert.hyphenated().encode_lower(&mut buffer));
        }
        out.push_str(if self.compressed { ".jsonl.zst" } else { ".jsonl" });
    }
}

/// The watch over folders of rollouts.
#[derive(Debug, Default)]
pub(crate) struct FileTimes {
    /// Opened when it is first needed; `Some(None)`: the system has none to give.
    watch: Option<Option<FolderWatch>>,
    /// By the number of the folder; `None`: it can't be watched, or is not worth it.
    watched: HashMap<usize, Option<WatchedFolder>>,
    /// The numbers of watched folders. Two paths of one folder have the same watch.
    numbers: HashMap<WatchedFolder, Vec<usize>>,
}

/// What has happened since it was last asked for.
#[derive(Debug, Default)]
pub(crate) struct FileChanges {
    files: Vec<(usize, Key)>,
    /// Anything may have happened in these folders.
    folders: Vec<usize>,
}

impl FileTimes {
    /// Takes what has happened in watched folders.
    pub(crate) fn take_changes(&mut self) -> FileChanges {
        let mut changes = FileChanges::default();
        let Some(Some(watch)) = &self.watch else {
            return changes;
        };
        let numbers = &self.numbers;
        let mut ended = Vec::new();
        watch.take(|event| match event {
            FolderEvent::Changed(watched, Some(name)) => {
                let name = name.to_str().and_then(RolloutName::parse);
                if let (Some(name), Some(numbers)) = (name, numbers.get(&watched)) {
                    changes
                        .files
                        .extend(numbers.iter().map(|number| (*number, key(&name))));
                }
            }
            FolderEvent::Changed(watched, None) | FolderEvent::Ended(watched) => {
                for number in numbers.get(&watched).into_iter().flatten() {
                    changes.folders.push(*number);
                    ended.push(*number);
                }
            }
            FolderEvent::Lost => changes.folders.extend(numbers.values().flatten()),
        });
        for number in ended {
            if let Some(Some(watched)) = self.watched.remove(&number) {
                watch.remove(watched);
                self.numbers.remove(&watched);
            }
        }
        changes
    }

    /// Finds out what is not known of these files. Asks once for each, by the name in its folder: that takes half the
    /// time of whole paths. Another thread helps where there are many. `folders`: path and number of files of each.
    pub(crate) fn ask<'f>(
        &mut self,
        folders: &[(&Path, usize)],
        files: impl Iterator<Item = (&'f Key, &'f mut FileEntry)>,
    ) {
        let mut unfit = Vec::new();
        std::thread::scope(|scope| {
            let mut helper = Helper::default();
            let mut files = files.peekable();
            let mut asked = 0;
            while let Some(file) = files.next() {
                let number = file.1.folder;
                let is_watched = matches!(self.watched.get(&number), Some(Some(_)));
                let is_known = |entry: &FileEntry| is_watched && entry.modified_ms != UNKNOWN;
                if is_known(file.1) {
                    continue;
                }
                let (path, count) = folders[number];
                let Ok(folder) = File::open(path) else {
                    file.1.modified_ms = UNKNOWN;
                    continue;
                };
                // Before its files are asked: what changes behind that is told.
                let is_told = self.watch(number, path, &folder, count);
                // Neighbours lie in the same folder but for a few around midnight.
                let mut of_folder = vec![file];
                while let Some(file) = files.next_if(|(_, entry)| entry.folder == number) {
                    if !is_known(file.1) {
                        of_folder.push(file);
                    }
                }
                asked += of_folder.len();
                let question = Question {
                    number,
                    folder,
                    is_told,
                    files: of_folder,
                };
                if asked > WORTH_A_THREAD {
                    helper.start(scope);
                }
                unfit.extend(helper.take(question).and_then(Question::ask));
            }
            unfit.extend(helper.finish());
        });
        // One such file, and the whole folder is asked each time.
        for number in unfit {
            self.unwatch(number);
        }
    }

    /// Whether changes in a folder will be told from now on.
    fn watch(&mut self, number: usize, path: &Path, folder: &File, count: usize) -> bool {
        if let Some(watched) = self.watched.get(&number) {
            return watched.is_some();
        }
        if count < WORTH_WATCHING || self.watched.len() >= MAX_FOLDERS {
            return false;
        }
        let watch = self.watch.get_or_insert_with(|| FolderWatch::new().ok());
        let watched = watch
            .as_ref()
            .filter(|_| files::is_local(folder))
            .and_then(|watch| watch.add(path, FolderInterest::Changes).ok());
        self.watched.insert(number, watched);
        if let Some(watched) = watched {
            self.numbers.entry(watched).or_default().push(number);
        }
        watched.is_some()
    }

    fn unwatch(&mut self, number: usize) {
        if let Some(Some(watched)) = self.watched.insert(number, None)
            && let Some(Some(watch)) = &self.watch
        {
            watch.remove(watched);
            if let Some(numbers) = self.numbers.get_mut(&watched) {
                numbers.retain(|other| *other != number);
            }
        }
    }
}

impl FileChanges {
    /// Forgets the times that may have changed.
    pub(crate) fn apply(
        &self,
        folders: &[(&Path, usize)],
        files: &mut BTreeMap<Key, FileEntry>,
        archived: &mut BTreeMap<Key, FileEntry>,
    ) {
        for (number, key) in &self.files {
            for map in [&mut *files, &mut *archived] {
                if let Some(entry) = map.get_mut(key)
                    && entry.folder == *number
                    && *number < folders.len()
                {
                    entry.modified_ms = UNKNOWN;
                }
            }
        }
        if !self.folders.is_empty() {
            for entry in files.values_mut().chain(archived.values_mut()) {
                if self.folders.contains(&entry.folder) {
                    entry.modified_ms = UNKNOWN;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_they_were_read() {
        let (id, revert) = (Uuid::now_v7(), Uuid::now_v7());
        for name in [
            format!("rollout-2026-01-02T03-04-05-{id}.jsonl"),
            format!("rollout-0987-12-31T23-59-00-{id}_{revert}.jsonl.zst"),
        ] {
            let read = RolloutName::parse(&name).expect("a rollout");
            let mut written = String::new();
            FileEntry::new(0, read.begun, read.compressed).write_name(key(&read), &mut written);
            assert_eq!(written, name);
        }
    }
}
