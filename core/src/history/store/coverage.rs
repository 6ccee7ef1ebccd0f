//! Which files the index of texts covers. A process learns it once, before it asks the index; whoever needs to know waits
//! for it, and others have their turn between two pieces.

use std::path::Path;

use super::{Inner, State};
use crate::history::index::directory::Key;
use crate::history::index::texts::Generation;

/// Files that are looked at while others wait.
const PIECE: usize = 512;
/// Folders that are listed while others wait.
const FOLDERS: usize = 8;

impl Inner {
    /// What the index of texts does not cover now, and so is looked at, whatever is indexed from here on.
    pub(super) fn uncovered(&self, archived: bool) -> Vec<(i64, Key)> {
        self.learn_coverage();
        let mut state = self.state();
        state.directory.refresh();
        state.directory.uncovered(archived)
    }

    /// Learns once which files are covered.
    pub(super) fn learn_coverage(&self) {
        let _one_at_a_time = self.texts.learning();
        if self.state().covered_by.is_some() {
            return;
        }
        // An attempt that failed half-way may have left marks of another database.
        self.state().forget_covered();
        self.list_all();
        let mut generation = None;
        let mut behind = String::new();
        loop {
            let part = self.texts.index().files(&behind, PIECE);
            let part = match part {
                Ok(part) => part,
                Err(error) => {
                    tracing::debug!(%error, "which files are indexed is not known");
                    return;
                }
            };
            let mut state = self.state();
            if generation.is_some() && part.generation != generation {
                // Another one lies in its place: the next one who asks learns of that.
                state.forget_covered();
                return;
            }
            generation = part.generation;
            let Some((last, _)) = part.files.last() else {
                state.covered_by = generation;
                return;
            };
            behind.clone_from(last);
            for (path, modified_ms) in &part.files {
                state.directory.set_covered(Path::new(path), *modified_ms);
            }
            drop(state);
            self.state.give_way();
        }
    }

    /// Asks the file system when all files were changed.
    pub(super) fn learn_times(&self, archived: bool) {
        self.list_all();
        let mut behind = None;
        loop {
            let last = self.state().directory.ask_times(archived, behind, PIECE);
            if last.is_none() {
                return;
            }
            behind = last;
            self.state.give_way();
        }
    }

    /// Lists all folders.
    pub(super) fn list_all(&self) {
        self.state().directory.refresh();
        let mut next = Some(0);
        while let Some(from) = next {
            next = self.state().directory.list_some(from, FOLDERS);
            self.state.give_way();
        }
    }

    /// Forgets files that are gone.
    pub(super) fn forget_vanished_texts(&self) {
        self.list_all();
        let mut behind = String::new();
        loop {
            let Ok(part) = self.texts.index().files(&behind, PIECE) else {
                return;
            };
            let Some((last, _)) = part.files.last() else {
                return;
            };
            behind.clone_from(last);
            let state = self.state();
            let mut gone: Vec<&Path> = part.files.iter().map(|(path, _)| Path::new(path)).collect();
            gone.retain(|path| state.directory.find(path).is_none());
            drop(state);
            gone.retain(|path| !path.exists());
            if !gone.is_empty() {
                self.texts.index().forget(&gone);
            }
            self.state.give_way();
        }
    }
}

impl State {
    /// Whether this is the database that is known to cover what it covers. If another one lies in its place, nothing is
    /// covered any more.
    pub(super) fn is_covered_by(&mut self, generation: Generation) -> bool {
        let same = self.covered_by == Some(generation);
        if !same {
            self.forget_covered();
        }
        same
    }

    pub(super) fn forget_covered(&mut self) {
        self.covered_by = None;
        self.directory.forget_covered();
    }
}
