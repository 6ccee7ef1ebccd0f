//! What is looked at of all blocks, in which order, by all threads together.
//!
//! First it is worked out for each block what its paths lose. When that is known of all, they are looked at: those that
//! may be worth most first, wherever they are, and of those the ones that come first in the order of paths.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::left::Left;
use crate::losses::{self, Losses};
use crate::paths::Chunk;
use crate::query::{FILE_NAME, FOLDER_NAME, IN_NAME, Query};
use crate::rows::{IN_WORD, each_word, ones};
use crate::seeker::Job;

/// How often it is looked for what other threads are about to finish, before sleeping; about 0.1 ms.
const SPINS: usize = 2000;

/// Which matches are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matches {
    /// Of last parts by themselves, which are worth more than any others.
    OfNames,
    /// Of paths in which it is not the last part that matches.
    OfPaths,
}

/// Some paths of a block that are worth equally much at most.
#[derive(Debug)]
pub(crate) struct Unit {
    /// The number of the job.
    pub(crate) job: usize,
    pub(crate) most: u32,
    kind: usize,
    loss: u32,
}

/// All blocks, of which one kind of matches is looked for.
#[derive(Debug)]
pub(crate) struct Round<'s, 'a> {
    query: &'s Query,
    jobs: &'s [Job<'a>],
    matches: Matches,
    /// What is worth less needn't be looked at.
    floor: u32,
    left: &'s [Mutex<Left>],
    candidates: Vec<Mutex<Candidates>>,
    next_job: AtomicUsize,
    /// Blocks of which it is not worked out yet what their paths lose.
    unknown: AtomicUsize,
    units: OnceLock<Vec<Unit>>,
    next_unit: AtomicUsize,
}

/// The paths of a block that may match.
#[derive(Debug, Default)]
struct Candidates {
    losses: Losses,
    kinds: Vec<Kind>,
}

/// Those that are worth equally much, but for what they lose.
#[derive(Debug)]
struct Kind {
    worth: u32,
    paths: Vec<u64>,
    /// A bit for each loss of any of them.
    losses: u64,
}

/// Says that a block is done, even if it failed.
struct Done<'r, 's, 'a>(&'r Round<'s, 'a>);

impl<'s, 'a> Round<'s, 'a> {
    pub(crate) fn new(
        query: &'s Query,
        jobs: &'s [Job<'a>],
        left: &'s [Mutex<Left>],
        floor: u32,
        matches: Matches,
    ) -> Self {
        let round = Self {
            query,
            jobs,
            matches,
            floor,
            left,
            candidates: jobs.iter().map(|_| Mutex::default()).collect(),
            next_job: AtomicUsize::new(0),
            unknown: AtomicUsize::new(jobs.len()),
            units: OnceLock::new(),
            next_unit: AtomicUsize::new(0),
        };
        if jobs.is_empty() {
            round.units.get_or_init(Vec::new);
        }
        round
    }

    /// Works out with other threads what paths lose. It is known of all of them then, unless it is cancelled.
    pub(crate) fn work_out_losses(&self, is_cancelled: &dyn Fn() -> bool) {
        while let number = self.next_job.fetch_add(1, Ordering::Relaxed)
            && let Some(job) = self.jobs.get(number)
        {
            let _done = Done(self);
            if !is_cancelled() {
                let paths = self.left(number).paths.clone();
                let candidates = Candidates::of(self, job.chunk, paths);
                *lock(&self.candidates[number]) = candidates;
            }
        }
        // Others are mostly done at once, sooner than a thread that sleeps wakes up.
        for _ in 0..SPINS {
            if self.units.get().is_some() {
                return;
            }
            std::hint::spin_loop();
        }
        self.units.wait();
    }

    /// What to look at next. None: that is all.
    pub(crate) fn next(&self) -> Option<&Unit> {
        let number = self.next_unit.fetch_add(1, Ordering::Relaxed);
        self.units.wait().get(number)
    }

    /// Which paths these are; of paths that are not matched by their last part, also those that lose more, but no more
    /// than `loss`, and lie in the same folders, as it is worked out for all of a folder what is found in there. Each is
    /// given once.
    pub(crate) fn take(&self, unit: &Unit, loss: u32, taken: &mut Vec<u64>) {
        taken.clear();
        let Some(job) = self.jobs.get(unit.job) else {
            return;
        };
        let mut candidates = lock(&self.candidates[unit.job]);
        let Candidates { losses, kinds } = &mut *candidates;
        let Some(kind) = kinds.get_mut(unit.kind) else {
            return;
        };
        let loss = loss.clamp(unit.loss, losses::MOST);
        let paths = kind.paths.iter().enumerate();
        taken.extend(paths.map(|(word, paths)| match paths {
            0 => 0,
            paths => paths & losses.that_lose(unit.loss, word),
        }));
        if self.matches == Matches::OfPaths {
            let others = |word: usize| {
                kind.paths
                    .get(word)
                    .map_or(0, |paths| paths & losses.that_lose_at_most(loss, word))
            };
            add_others_of_runs(job.chunk, others, taken);
        }
        kind.paths
            .iter_mut()
            .zip(taken)
            .for_each(|(paths, taken)| *paths &= !*taken);
    }

    /// Which matches are looked for.
    pub(crate) fn matches(&self) -> Matches {
        self.matches
    }

    /// What is left of a block.
    pub(crate) fn left(&self, job: usize) -> MutexGuard<'s, Left> {
        lock(&self.left[job])
    }

    /// Those of these paths that lose no more than they may. None: there are none.
    fn kind(&self, worth: u32, mut paths: Vec<u64>, losses: &Losses) -> Option<Kind> {
        let top = worth.saturating_add(self.query.path_at_most());
        let most = top.checked_sub(self.floor)?;
        if most < losses::MOST {
            for (word, paths) in paths.iter_mut().enumerate().filter(|(_, paths)| **paths != 0) {
                *paths &= losses.that_lose_at_most(most, word);
            }
        }
        let losses = losses.all(&paths);
        (losses != 0).then_some(Kind { worth, paths, losses })
    }

    /// The units of all blocks, those that are worth most first.
    fn all_units(&self) -> Vec<Unit> {
        let mut units = Vec::new();
        for job in 0..self.jobs.len() {
            for (number, kind) in lock(&self.candidates[job]).kinds.iter().enumerate() {
                let top = kind.worth.saturating_add(self.query.path_at_most());
                units.extend(ones(kind.losses).map(|loss| {
                    let loss = u32::try_from(loss).unwrap_or(losses::MOST);
                    Unit {
                        job,
                        most: top.saturating_sub(loss),
                        kind: number,
                        loss,
                    }
                }));
            }
        }
        // Stable: blocks are in the order of paths.
        units.sort_by_key(|unit| std::cmp::Reverse(unit.most));
        units
    }
}

impl Drop for Done<'_, '_, '_> {
    fn drop(&mut self) {
        if self.0.unknown.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.units.get_or_init(|| self.0.all_units());
        }
    }
}

/// Nothing is done under a lock that can panic halfway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Adds those of other paths that lie in the same runs. `others` gives them by words.
fn add_others_of_runs(chunk: &Chunk, others: impl Fn(usize) -> u64, taken: &mut [u64]) {
    let mut at = 0;
    while let Some(first) = next_one(taken, at) {
        let Some(run) = chunk.run(first) else { return };
        each_word(run.at(), run.all(), |word, bits| {
            if let Some(taken) = taken.get_mut(word) {
                *taken |= others(word) & bits;
            }
        });
        at = run.end();
    }
}

/// The place of the first bit at or behind a place.
pub(crate) fn next_one(bits: &[u64], at: usize) -> Option<usize> {
    let first = at / IN_WORD;
    let rest = bits.get(first)? & u64::MAX << (at % IN_WORD);
    if rest != 0 {
        return Some(first * IN_WORD + rest.trailing_zeros() as usize);
    }
    let behind = first + 1;
    let word = bits.get(behind..)?.iter().position(|word| *word != 0)?;
    Some((behind + word) * IN_WORD + bits[behind + word].trailing_zeros() as usize)
}

impl Candidates {
    /// Those of these paths of a block.
    fn of(round: &Round<'_, '_>, chunk: &Chunk, mut paths: Vec<u64>) -> Self {
        let query = round.query;
        match (round.matches, query.name_length()) {
            (Matches::OfNames, Some(length)) => {
                query.retain_names(chunk, &mut paths);
                let losses = query.name_losses(chunk, &paths);
                let exact = chunk.of_length(length);
                let of = |of: fn(u64, u64) -> u64| {
                    let known = chunk.folders().iter().enumerate();
                    let known = known.map(|(word, folders)| of(exact.at(word), *folders));
                    paths.iter().zip(known).map(|(paths, of)| paths & of).collect()
                };
                let kinds = [
                    round.kind(FILE_NAME, of(|exact, folders| exact & !folders), &losses),
                    round.kind(FOLDER_NAME, of(|exact, folders| exact & folders), &losses),
                    round.kind(IN_NAME, of(|exact, folders| !exact & !folders), &losses),
                ];
                let kinds = kinds.into_iter().flatten().collect();
                Self { losses, kinds }
            }
            (Matches::OfPaths, _) if round.floor <= query.path_at_most() => {
                query.retain(chunk, &mut paths);
                let losses = query.path_losses(chunk, &paths);
                let kinds = round.kind(0, paths, &losses).into_iter().collect();
                Self { losses, kinds }
            }
            _ => Self::default(),
        }
    }
}
