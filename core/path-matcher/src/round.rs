//! What is looked at of all blocks, in which order.
//!
//! First it is worked out for each block what its paths lose. When that is known of all, they are looked at: those that
//! may be worth most first, wherever they are, and of those the ones that come first in the order of paths.

use crate::lanes::{LANES, Lanes, lanes, lanes_mut};
use crate::left::Left;
use crate::losses::{self, Losses};
use crate::paths::Chunk;
use crate::query::{FILE_NAME, FOLDER_NAME, IN_NAME, Query};
use crate::rows::{each_word, ones};
use crate::search::Job;

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

/// The paths of all blocks that may match in one way.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) matches: Matches,
    candidates: Vec<Candidates>,
}

/// The paths of a block that may match.
#[derive(Debug)]
struct Candidates {
    losses: Losses,
    kinds: Vec<Kind>,
}

/// Those that are worth equally much, but for what they lose.
#[derive(Debug)]
struct Kind {
    /// What they are worth at most that lose nothing.
    top: u32,
    paths: Vec<u64>,
    /// A bit for each loss of any of them.
    losses: u64,
}

impl Round {
    /// Works out what paths lose. Those of which it is known that they are worth less than `floor` are left out.
    pub(crate) fn new(
        query: &Query,
        jobs: &[&Job],
        left: &[Left],
        floor: u32,
        matches: Matches,
        is_gone: &dyn Fn() -> bool,
    ) -> Self {
        let mut room = Vec::new();
        let jobs = jobs.iter().zip(left).take_while(|_| !is_gone());
        let candidates = jobs.map(|(job, left)| {
            let (losses, kinds) = match matches {
                Matches::OfNames => names(query, &job.chunk, left),
                Matches::OfPaths => paths(query, &job.chunk, left),
            };
            let kinds = kinds
                .into_iter()
                .filter_map(|(top, paths)| Kind::new(top, paths, &losses, floor, &mut room));
            Candidates {
                kinds: kinds.collect(),
                losses,
            }
        });
        Self {
            matches,
            candidates: candidates.collect(),
        }
    }

    /// All there is to look at, that which is worth most first.
    pub(crate) fn units(&self) -> Vec<Unit> {
        let mut units = Vec::new();
        for (job, candidates) in self.candidates.iter().enumerate() {
            for (number, kind) in candidates.kinds.iter().enumerate() {
                units.extend(ones(kind.losses).map(|loss| {
                    let loss = u32::try_from(loss).unwrap_or(losses::MOST);
                    Unit {
                        job,
                        most: kind.top.saturating_sub(loss),
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

    /// Which paths these are; of paths that are not matched by their last part, also those that are worth less, but no less
    /// than `least`, and lie in the same folders, as it is worked out for all of a folder what is found in there. Each is
    /// given once.
    pub(crate) fn take(&mut self, unit: &Unit, chunk: &Chunk, least: u32, taken: &mut Vec<u64>) {
        taken.clear();
        let Some(Candidates { losses, kinds }) = self.candidates.get_mut(unit.job) else {
            return;
        };
        let Some(kind) = kinds.get_mut(unit.kind) else {
            return;
        };
        taken.resize(kind.paths.len(), 0);
        select(&kind.paths, taken, |at| losses.that_lose(unit.loss, at));
        if self.matches == Matches::OfPaths {
            let loss = kind.top.saturating_sub(least).clamp(unit.loss, losses::MOST);
            let others = |word: usize| {
                let paths = kind.paths.get(word).copied().unwrap_or(0);
                paths & losses.that_lose_at_most(loss, word / LANES).0[word % LANES]
            };
            add_others_of_runs(chunk, others, taken);
        }
        kind.paths
            .iter_mut()
            .zip(taken)
            .for_each(|(paths, taken)| *paths &= !*taken);
    }
}

impl Kind {
    /// Those of these paths that lose no more than they may. None: there are none.
    fn new(top: u32, mut paths: Vec<u64>, losses: &Losses, floor: u32, room: &mut Vec<u64>) -> Option<Self> {
        let most = top.checked_sub(floor)?;
        if most < losses::MOST {
            for (at, paths) in lanes_mut(&mut paths).iter_mut().enumerate() {
                *paths = (Lanes(*paths) & losses.that_lose_at_most(most, at)).0;
            }
        }
        let losses = losses.all(&paths, room);
        (losses != 0).then_some(Self { top, paths, losses })
    }
}

/// Paths of a block whose last part may match by itself, by what that is worth at most, and what they lose.
fn names(query: &Query, chunk: &Chunk, left: &Left) -> (Losses, Vec<(u32, Vec<u64>)>) {
    let mut paths = left.paths.clone();
    query.retain_names(chunk, &mut paths);
    let losses = query.name_losses(chunk, &paths);
    let exact = chunk.of_length(query.name_length().unwrap_or_default());
    let of = |of: fn(u64, u64) -> u64| {
        let known = exact.iter().zip(chunk.folders());
        let known = known.map(|(exact, folders)| of(*exact, *folders));
        paths.iter().zip(known).map(|(paths, of)| paths & of).collect()
    };
    let top = query.path_at_most();
    let kinds = vec![
        (FILE_NAME + top, of(|exact, folders| exact & !folders)),
        (FOLDER_NAME + top, of(|exact, folders| exact & folders)),
        (IN_NAME + top, of(|exact, folders| !exact & !folders)),
    ];
    (losses, kinds)
}

/// Paths of a block that may match, with what they are worth at most, and what they lose.
fn paths(query: &Query, chunk: &Chunk, left: &Left) -> (Losses, Vec<(u32, Vec<u64>)>) {
    let mut paths = left.paths.clone();
    query.retain(chunk, &mut paths);
    let losses = query.path_losses(chunk, &paths);
    (losses, vec![(query.path_at_most(), paths)])
}

/// Puts into a row which of some paths are selected.
#[inline]
fn select(paths: &[u64], into: &mut [u64], selected: impl Fn(usize) -> Lanes) {
    for (at, (paths, into)) in lanes(paths).iter().zip(lanes_mut(into)).enumerate() {
        let paths = Lanes(*paths);
        if !paths.are_none() {
            *into = (paths & selected(at)).0;
        }
    }
}

/// Adds those of other paths that lie in the same runs. `others` gives them by words.
fn add_others_of_runs(chunk: &Chunk, others: impl Fn(usize) -> u64, taken: &mut [u64]) {
    let mut at = 0;
    while let Some(span) = chunk.next_span(taken, at) {
        each_word(span.at, span.all(), |word, bits| {
            if let Some(taken) = taken.get_mut(word) {
                *taken |= others(word) & bits;
            }
        });
        at = span.end;
    }
}
