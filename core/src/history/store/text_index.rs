//! Keeps the index of texts, and asks it: in which threads a term may occur. What lists ask it is in `title_index`.
//!
//! Begins behind the first list or search of a process, never at its start, and takes a quarter of one processor at
//! most. A file that changes is indexed when it has been quiet for some time; until then a search reads what is new.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::search::said;
use super::{Inner, ThreadStore};
use crate::history::index::directory::{Key, Rollout};
use crate::history::index::grams::{self, Grams};
use crate::history::index::rows::Stamp;
use crate::history::index::texts::{DOCUMENT, Indexed, IndexedFile, NewDocument, TextIndex, TextMatches};
use crate::history::index::titles;
use crate::history::read::chain::History;
use crate::history::read::turn_index::tail_hash;
use crate::history::rollout::line::Line;
use crate::history::rollout::source::Source;
use crate::{ThreadId, now_ms};

/// A file that was changed within this time is left alone.
const QUIET: Duration = Duration::from_secs(5);
/// From a change to the look at what has changed.
const SETTLE: Duration = Duration::from_secs(1);
/// Files that are indexed in one transaction, unless they are large.
const BATCH: usize = 64;
/// Text that is indexed in one transaction, in bytes.
const BATCH_BYTES: u64 = 4 << 20;
/// A history of several files is indexed as a whole, up to this size in bytes; what is larger is read.
const LARGEST_CHAIN: u64 = 16 << 20;
/// Files that can't be indexed are remembered up to this number.
const MAX_FAILED: usize = 4096;
/// Files of which only the end must be read, up to this number.
const MAX_ENDS: usize = 512;

/// Parts of a file, by the offsets of their first and behind their last line.
pub(super) type Stretches = Vec<(u64, u64)>;

/// The index of texts of a store, and its upkeep.
pub(super) struct Texts {
    /// Asked by searches, on blocking threads; held for one question, or for what one transaction keeps.
    index: Mutex<TextIndex>,
    /// One thread learns what it covers; those who need to know wait.
    learning: Mutex<()>,
    /// One pass at a time.
    pass: Mutex<Pass>,
    scheduled: AtomicBool,
}

/// What passes remember.
#[derive(Default)]
struct Pass {
    /// Files that could not be indexed as they were when they were changed last.
    failed: HashMap<Key, i64>,
    /// The database is as large as it may be.
    full: bool,
    tidied: bool,
}

/// Where a term may be.
pub(super) struct Places {
    matches: TextMatches,
    /// Threads whose newest file the index does not cover.
    uncovered: HashSet<ThreadId>,
    /// How far it covers some of them.
    ends: HashMap<PathBuf, IndexedFile>,
}

impl Places {
    /// All threads in which the term may be.
    pub(super) fn threads(&self) -> HashSet<ThreadId> {
        self.uncovered.union(&self.matches.threads).copied().collect()
    }
}

impl Texts {
    /// The texts of the index at `path`. Touches nothing.
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            index: Mutex::new(TextIndex::new(path)),
            learning: Mutex::default(),
            pass: Mutex::default(),
            scheduled: AtomicBool::new(false),
        }
    }

    pub(super) fn index(&self) -> MutexGuard<'_, TextIndex> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn learning(&self) -> MutexGuard<'_, ()> {
        self.learning.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ThreadStore {
    /// Where a folded term may be; `None`: anywhere.
    pub(super) async fn places_of(&self, term: &[char], archived: bool) -> Option<Arc<Places>> {
        let words = grams::of_term(term)?;
        let inner = Arc::clone(&self.inner);
        let places = super::run(move || Ok(inner.places(&words, archived, MAX_ENDS))).await;
        places.ok().flatten().map(Arc::new)
    }
}

impl Inner {
    /// `most_ends`: of up to so many uncovered files it tells how far they are covered; of more, nothing.
    fn places(&self, words: &str, archived: bool, most_ends: usize) -> Option<Places> {
        if !self.texts.index().exists() {
            return None;
        }
        let uncovered = self.uncovered(archived);
        let state = self.state();
        let few = uncovered.len() <= most_ends;
        let rollouts: Vec<Rollout> = uncovered
            .iter()
            .filter(|_| few)
            .filter_map(|(_, key)| state.directory.rollout(*key, archived))
            .collect();
        drop(state);
        let mut index = self.texts.index();
        // Before the matches: documents of what is indexed meanwhile are among these.
        let ends = rollouts
            .into_iter()
            .filter_map(|rollout| Some((index.file(&rollout.path)?, rollout.path)))
            .map(|(file, path)| (path, file))
            .collect();
        let matches = index
            .matches(words)
            .inspect_err(|error| tracing::debug!(%error, "all files are searched"));
        let matches = matches.ok().flatten()?;
        drop(index);
        if !self.state().is_covered_by(matches.generation) {
            return None;
        }
        Some(Places {
            matches,
            uncovered: uncovered.into_iter().map(|(_, key)| key.id).collect(),
            ends,
        })
    }

    /// The parts of a history in which a term may be; `None`: all of it.
    pub(super) fn stretches(
        &self,
        history: &History,
        id: ThreadId,
        path: &Path,
        places: &Places,
    ) -> Option<Stretches> {
        let [newest] = history.segments.as_slice() else {
            return None;
        };
        let (known, tail) = if places.uncovered.contains(&id) {
            let known = *places.ends.get(path)?;
            if tail_hash(newest, known.end).ok()? != known.tail.cast_unsigned() {
                return None;
            }
            (known, Some((known.end, u64::MAX)))
        } else {
            (self.texts.index().file(path)?, None)
        };
        let now = Stamp::of(path)?;
        if !known.ranges || known.stamp.inode != now.inode || newest.len() < known.end {
            return None;
        }
        let mut stretches = self.texts.index().stretches(&known, &places.matches)?;
        if stretches.is_empty() && tail.is_none() {
            // It has come here by another file of the thread.
            return None;
        }
        stretches.extend(tail);
        Some(stretches)
    }

    /// Has what is new indexed, after a while.
    pub(super) fn schedule_texts(self: &Arc<Self>, runtime: &Handle, delay: Duration) {
        if self.texts.scheduled.swap(true, Ordering::AcqRel) {
            return;
        }
        let (weak, handle) = (Arc::downgrade(self), runtime.clone());
        runtime.spawn(async move {
            tokio::time::sleep(delay).await;
            tokio::task::spawn_blocking(move || {
                let Some(inner) = weak.upgrade() else { return };
                inner.texts.scheduled.store(false, Ordering::Release);
                if inner.index_texts() {
                    inner.schedule_texts(&handle, QUIET);
                }
            });
        });
    }

    /// Likewise, because something has changed.
    pub(super) fn texts_changed(self: &Arc<Self>, runtime: &Handle) {
        self.schedule_texts(runtime, SETTLE);
    }

    /// Indexes what is not covered. `true`: something was too young for it.
    fn index_texts(&self) -> bool {
        // Another pass sees it, or whoever has changed something since.
        let Ok(mut pass) = self.texts.pass.try_lock() else {
            return true;
        };
        self.learn_coverage();
        if !std::mem::replace(&mut pass.tidied, true) {
            self.forget_vanished_texts();
            self.learn_times(false);
            self.learn_times(true);
        }
        let mut young = false;
        for archived in [false, true] {
            loop {
                if pass.full {
                    return false;
                }
                let (batch, more_young) = self.next_batch(&pass, archived);
                young |= more_young;
                if batch.is_empty() {
                    break;
                }
                self.index_batch(&mut pass, &batch);
            }
        }
        young
    }

    /// The newest files that are not covered and have been quiet.
    fn next_batch(&self, pass: &Pass, archived: bool) -> (Vec<Rollout>, bool) {
        let mut state = self.state();
        state.directory.refresh();
        let mut uncovered = state.directory.uncovered(archived);
        uncovered.retain(|(modified_ms, key)| pass.failed.get(key) != Some(modified_ms));
        let now = now_ms();
        let quiet_before = now - i64::try_from(QUIET.as_millis()).unwrap_or_default();
        // A time that is still to come is not waited for.
        let young = uncovered
            .iter()
            .any(|(modified_ms, _)| (quiet_before..=now).contains(modified_ms));
        uncovered.retain(|(modified_ms, _)| *modified_ms < quiet_before);
        let newest = uncovered.iter().rev().take(BATCH);
        let batch = newest.filter_map(|(_, key)| state.directory.rollout(*key, archived));
        (batch.collect(), young)
    }

    fn index_batch(&self, pass: &mut Pass, batch: &[Rollout]) {
        let mut read = Vec::new();
        let mut bytes = 0;
        for rollout in batch {
            let began = Instant::now();
            match self.read_texts(rollout) {
                Some(indexed) => {
                    bytes += indexed.documents.iter().map(|new| new.weight).sum::<u64>();
                    read.push((rollout.key, indexed));
                }
                None => fail(pass, rollout),
            }
            rest(began);
            if bytes >= BATCH_BYTES {
                break;
            }
        }
        let began = Instant::now();
        let (keys, indexed): (Vec<Key>, Vec<Indexed<'_>>) = read.into_iter().unzip();
        let kept = self.texts.index().keep(&indexed);
        match kept {
            Ok(Some(generation)) => {
                let mut state = self.state();
                if *state.covered_by.get_or_insert(generation) != generation {
                    state.forget_covered();
                    return;
                }
                for indexed in &indexed {
                    state.directory.set_covered(indexed.path, indexed.stamp.mtime_ms);
                }
            }
            Ok(None) => {
                tracing::info!("the index of texts is full; searches read the files that it lacks");
                pass.full = true;
            }
            Err(error) => {
                tracing::debug!(%error, "texts were not indexed");
                for (key, indexed) in keys.iter().zip(&indexed) {
                    remember(pass, *key, indexed.stamp.mtime_ms);
                }
            }
        }
        rest(began);
    }

    /// Reads what is new in a file, and was not changed meanwhile; `None`: it can't be read, or is not worth it.
    fn read_texts<'a>(&self, rollout: &'a Rollout) -> Option<Indexed<'a>> {
        let path = &rollout.path;
        let stamp = Stamp::of(path)?;
        let history = self.open(path).ok()?;
        let (_, row) = self.state().row(rollout)?;
        let title = row.preview.as_deref();
        let ranges = history.segments.len() == 1;
        if history.incomplete
            || (!ranges && history.segments.iter().map(Source::len).sum::<u64>() > LARGEST_CHAIN)
        {
            return None;
        }
        let end = history.whole_lines().ok()?;
        let tail = tail_hash(history.newest()?, end).ok()?.cast_signed();
        let known = self.texts.index().file(path);
        let kept = known.filter(|known| {
            ranges
                && known.ranges
                && known.stamp.inode == stamp.inode
                && known.end <= end
                && history.newest().is_some_and(|newest| {
                    tail_hash(newest, known.end).is_ok_and(|tail| tail == known.tail.cast_unsigned())
                })
        });
        let from = kept.map_or(0, |kept| kept.last.map_or(kept.end, |last| last.start));
        let mut documents = Documents::new(from);
        if from == 0
            && let Some(title) = title
        {
            documents.add(title);
        }
        if ranges {
            let mut lines = history.newest()?.forward(from);
            while let Some((offset, bytes)) = lines.next().ok()? {
                if offset >= end {
                    break;
                }
                documents.begin(offset);
                if let Some(text) = Line::parse(bytes).and_then(|line| said(&line)) {
                    documents.add(&text);
                }
            }
        } else {
            let add = |line: &Line<'_>| {
                if let Some(text) = said(line) {
                    documents.begin(0);
                    documents.add(&text);
                }
                true
            };
            history.each_from(history.own_start(), add).ok()?;
        }
        // A file that is being written is looked at again later.
        (Stamp::of(path)? == stamp).then(|| Indexed {
            path,
            thread: rollout.key.id,
            kept,
            stamp,
            end,
            tail,
            ranges,
            title_words: titles::words(title, &row.meta.cwd),
            documents: documents.finish(end),
        })
    }
}

/// Documents of a file in the making.
struct Documents {
    done: Vec<NewDocument>,
    grams: Grams,
    current: NewDocument,
}

impl Documents {
    fn new(start: u64) -> Self {
        Self {
            done: Vec::new(),
            grams: Grams::default(),
            current: NewDocument {
                start,
                ..NewDocument::default()
            },
        }
    }

    /// A line begins: a document that is large enough ends before it.
    fn begin(&mut self, offset: u64) {
        if self.current.weight >= DOCUMENT as u64 {
            self.close(offset);
        }
    }

    fn add(&mut self, text: &str) {
        self.current.weight += text.len() as u64;
        self.grams.add(text);
    }

    fn close(&mut self, end: u64) {
        let next = NewDocument {
            start: end,
            ..NewDocument::default()
        };
        let mut closed = std::mem::replace(&mut self.current, next);
        closed.end = end;
        closed.words = self.grams.take_words();
        self.done.push(closed);
    }

    fn finish(mut self, end: u64) -> Vec<NewDocument> {
        self.close(end);
        self.done
    }
}

fn fail(pass: &mut Pass, rollout: &Rollout) {
    if let Some(stamp) = Stamp::of(&rollout.path) {
        remember(pass, rollout.key, stamp.mtime_ms);
    } else {
        remember(pass, rollout.key, i64::MAX);
    }
}

fn remember(pass: &mut Pass, key: Key, modified_ms: i64) {
    if pass.failed.len() >= MAX_FAILED {
        // Enough can't be read: the rest is searched as it is.
        pass.full = true;
    }
    pass.failed.insert(key, modified_ms);
}

/// Leaves the processor to others, three times as long as it was used.
pub(super) fn rest(began: Instant) {
    let used = began.elapsed();
    if used > Duration::from_millis(1) {
        std::thread::sleep((used * 3).min(Duration::from_millis(500)));
    }
}
