//! What a folder of rollouts holds.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::Builder;
use std::time::SystemTime;

use chrono::NaiveDateTime;

use super::{Key, key};
use crate::history::rollout::layout::RolloutName;

/// From so many folders on a second thread is worth while.
const WORTH_A_THREAD: usize = 64;
/// Listings that it may be ahead.
const AHEAD: usize = 16;

/// What was found in a folder, and when that had changed last before and after.
pub(super) struct Listing {
    pub(super) before: Option<SystemTime>,
    /// Each with the time in its name, and whether it is compressed.
    pub(super) names: Vec<(Key, NaiveDateTime, bool)>,
    pub(super) after: Option<SystemTime>,
}

impl Listing {
    pub(super) fn of(folder: &Path) -> Self {
        let before = modified(folder);
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if let Some(name) = name.to_str().and_then(RolloutName::parse) {
                names.push((key(&name), name.begun, name.compressed));
            }
        }
        let after = modified(folder);
        Self { before, names, after }
    }
}

/// When a folder was changed last.
pub(super) fn modified(folder: &Path) -> Option<SystemTime> {
    fs::metadata(folder).ok()?.modified().ok()
}

/// Lists folders, each with its number, in any order.
pub(super) fn read_all(folders: &[(usize, PathBuf)], mut take: impl FnMut(usize, Listing)) {
    let next = AtomicUsize::new(0);
    let read = || {
        let (number, path) = folders.get(next.fetch_add(1, Ordering::Relaxed))?;
        Some((*number, Listing::of(path)))
    };
    if folders.len() < WORTH_A_THREAD {
        while let Some((number, listing)) = read() {
            take(number, listing);
        }
        return;
    }
    std::thread::scope(|scope| {
        let (send, others) = sync_channel(AHEAD);
        let help = move || {
            while let Some(listing) = read() {
                if send.send(listing).is_err() {
                    return;
                }
            }
        };
        // A system that has no more threads to give does without.
        let _ = Builder::new()
            .name("list-rollouts".into())
            .spawn_scoped(scope, help);
        while let Some((number, listing)) = read() {
            take(number, listing);
            for (number, listing) in others.try_iter() {
                take(number, listing);
            }
        }
        for (number, listing) in others {
            take(number, listing);
        }
    });
}
