//! Asks the file system when the files of a folder were changed.

use std::fs::File;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, Scope, ScopedJoinHandle};

use super::{FileEntry, UNKNOWN};
use crate::history::index::directory::Key;
use crate::sys::files;

/// Folders that wait for the other thread at most; they are open.
const WAITING: usize = 8;

/// Files of a folder whose times are to be found out.
pub(super) struct Question<'f> {
    /// The folder's.
    pub(super) number: usize,
    pub(super) folder: File,
    /// Changes of the folder will be told.
    pub(super) is_told: bool,
    pub(super) files: Vec<(&'f Key, &'f mut FileEntry)>,
}

impl Question<'_> {
    /// Asks the file system. Gives the number of the folder if not all changes of these files would be told.
    pub(super) fn ask(self) -> Option<usize> {
        let mut name = String::with_capacity(128);
        let mut is_plain = true;
        for (key, entry) in self.files {
            name.clear();
            entry.write_name(*key, &mut name);
            let mut time = files::modified_in(&self.folder, &name);
            if time.is_none() {
                // Compressed, or expanded, since the folder was listed.
                let other = FileEntry {
                    compressed: !entry.compressed,
                    ..*entry
                };
                name.clear();
                other.write_name(*key, &mut name);
                time = files::modified_in(&self.folder, &name);
                if time.is_some() {
                    *entry = FileEntry {
                        covered_ms: UNKNOWN,
                        ..other
                    };
                }
            }
            entry.modified_ms = time.map_or(UNKNOWN, |(modified_ms, _)| modified_ms);
            is_plain &= time.is_some_and(|(_, plain)| plain);
        }
        (self.is_told && !is_plain).then_some(self.number)
    }
}

/// Another thread that asks, once it is started.
#[derive(Default)]
pub(super) struct Helper<'scope, 'f> {
    is_started: bool,
    running: Option<(SyncSender<Question<'f>>, ScopedJoinHandle<'scope, Vec<usize>>)>,
}

impl<'scope, 'f: 'scope> Helper<'scope, 'f> {
    pub(super) fn start<'env>(&mut self, scope: &'scope Scope<'scope, 'env>) {
        if std::mem::replace(&mut self.is_started, true) {
            return;
        }
        let (questions, to_ask) = sync_channel::<Question<'f>>(WAITING);
        let ask = move || to_ask.iter().filter_map(Question::ask).collect();
        let started = Builder::new().name("file-times".into()).spawn_scoped(scope, ask);
        // A system that has no more threads to give does without.
        self.running = started.ok().map(|helper| (questions, helper));
    }

    /// Gives the question back if others wait already.
    pub(super) fn take(&self, question: Question<'f>) -> Option<Question<'f>> {
        let Some((questions, _)) = &self.running else {
            return Some(question);
        };
        match questions.try_send(question) {
            Ok(()) => None,
            Err(TrySendError::Full(question) | TrySendError::Disconnected(question)) => Some(question),
        }
    }

    /// The folders that it has found unfit to be watched.
    pub(super) fn finish(self) -> Vec<usize> {
        let Some((questions, helper)) = self.running else {
            return Vec::new();
        };
        drop(questions);
        helper.join().unwrap_or_default()
    }
}
