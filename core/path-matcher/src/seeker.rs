//! Finds the best paths of all blocks.
//!
//! It takes paths that may be worth most, works out from their text what each is worth at most, and gives those to the
//! matcher for which that is most. Last parts that match by themselves are worth more than anything else, and so all of
//! these come first.

use std::sync::Arc;

use crate::best::{Best, Hit, MAX_RESULTS, Worst};
use crate::find::{Waiter, files};
use crate::left::Left;
use crate::limits::Limits;
use crate::paths::{Chunk, Entry, Run};
use crate::query::{Match, Query, Scorer};
use crate::round::{Matches, Round, Unit, next_one};
use crate::rows::{across, ones};

/// Paths that wait at least, before any is given to the matcher; the next time, twice as many as are left.
const WAITING: usize = 96;
/// Of these, so many are given to it at once.
const FEW: usize = 64;

/// A block of paths.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    /// The number of the folder that was walked.
    pub(crate) root: usize,
    pub(crate) chunk: &'a Arc<Chunk>,
    /// Folders in it that are searched by themselves.
    pub(crate) covered: &'a [String],
}

/// Looks at paths.
pub(crate) struct Seeker<'s, 'a> {
    query: &'s Query,
    jobs: &'s [Job<'a>],
    scorer: &'s mut Scorer,
    limits: Limits<'a>,
    best: Best<'a>,
    /// What a path must be better than.
    worst: Worst<'a>,
    /// What is left of each block for a longer query.
    left: Vec<Left>,
    waiting: Vec<Waiting>,
    /// When some of these are given to the matcher: before all of a block is looked at, as most of it may be worse then.
    enough: usize,
    taken: Vec<u64>,
}

/// A path that may be among the best.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    /// What it is worth at most.
    most: u32,
    job: u32,
    at: u32,
}

impl<'s, 'a> Seeker<'s, 'a> {
    /// `left`: what may match of each block. Paths that are worse than `floor` are not among the best.
    pub(crate) fn new(
        query: &'s Query,
        jobs: &'s [Job<'a>],
        left: Vec<Left>,
        floor: Worst<'a>,
        scorer: &'s mut Scorer,
    ) -> Self {
        Self {
            query,
            jobs,
            scorer,
            limits: Limits::default(),
            best: Best::above(floor),
            worst: floor,
            left,
            waiting: Vec::new(),
            enough: WAITING,
            taken: Vec::new(),
        }
    }

    /// Looks for all matches.
    pub(crate) fn seek(&mut self, waiter: &mut dyn Waiter) {
        if self.query.name_length().is_some() {
            self.seek_matches(Matches::OfNames, waiter);
        }
        if self.worst.score <= self.query.path_at_most() {
            self.seek_matches(Matches::OfPaths, waiter);
        }
    }

    /// What was found, and what is left of each block.
    pub(crate) fn into_found(self) -> (Vec<Hit<'a>>, Vec<Left>) {
        (self.best.into_sorted(), self.left)
    }

    fn seek_matches(&mut self, matches: Matches, waiter: &mut dyn Waiter) {
        let floor = self.worst.score;
        let mut round = Round::new(self.query, self.jobs, &self.left, floor, matches, waiter);
        for unit in round.units() {
            if unit.most < self.worst.score || waiter.is_gone() {
                break;
            }
            let Some(job) = self.jobs.get(unit.job) else {
                continue;
            };
            let is_behind = |worst: &str| job.chunk.least().is_some_and(|least| least > worst);
            if self.worst.beats(unit.most, is_behind) {
                continue;
            }
            self.look_at(&mut round, &unit, job.chunk);
            if self.best.len() + self.waiting.len() >= MAX_RESULTS && waiter.is_impatient() {
                self.settle(FEW);
                if self.best.is_full() {
                    waiter.take(files(self.query, &self.best.sorted(), self.scorer));
                }
            }
        }
        self.settle(usize::MAX);
    }

    /// Works out from their text what paths are worth at most, and lets those wait that may be among the best.
    fn look_at(&mut self, round: &mut Round, unit: &Unit, chunk: &'a Chunk) {
        let mut taken = std::mem::take(&mut self.taken);
        round.take(unit, chunk, self.worst.score, &mut taken);
        let mut from = 0;
        while let Some(first) = next_one(&taken, from) {
            let Some(run) = chunk.run(first) else { break };
            from = run.end();
            if self.worst.beats(unit.most, |worst| chunk.is_behind(run, worst)) {
                continue;
            }
            let bits = across(&taken, run.at()) & run.all();
            match round.matches {
                Matches::OfNames => self.look_at_names(unit, chunk, run, bits),
                Matches::OfPaths => self.look_at_paths(unit, chunk, first, bits),
            }
            if self.waiting.len() >= self.enough {
                self.settle(FEW);
                self.enough = WAITING.max(2 * self.waiting.len());
            }
        }
        self.taken = taken;
    }

    fn look_at_names(&mut self, unit: &Unit, chunk: &'a Chunk, run: &Run, bits: u64) {
        for at in ones(bits).map(|bit| run.at() + bit) {
            if let Some(entry) = chunk.entry(at)
                && self.query.is_in_name(entry)
                && let Some(most) = self.query.name_at_most(entry, &mut self.limits)
            {
                self.wait(Waiting::new(most, unit.job, at), entry);
            }
        }
    }

    /// `place`: of a path of the run.
    fn look_at_paths(&mut self, unit: &Unit, chunk: &'a Chunk, place: usize, mut bits: u64) {
        let (Some(run), Some(left)) = (chunk.run(place), self.left.get_mut(unit.job)) else {
            return;
        };
        let (number, is_behind) = (chunk.run_number(place), |worst: &str| chunk.is_behind(run, worst));
        if self.worst.beats(left.most(number), is_behind) {
            return;
        }
        let (all, least) = (bits, self.worst.score);
        let most = self
            .query
            .paths_at_most(chunk, run, &mut self.limits, least, &mut bits);
        let Some(most) = most else {
            left.remove(run.at(), all);
            return;
        };
        left.remove(run.at(), all & !bits);
        left.bound(number, most);
        if self.worst.beats(most, is_behind) {
            return;
        }
        for at in ones(bits).map(|bit| run.at() + bit) {
            let Some(entry) = chunk.entry(at).filter(|entry| !self.query.is_in_name(*entry)) else {
                continue;
            };
            let most = self
                .query
                .path_at_most_by_text(chunk, run, entry, &mut self.limits, self.worst.score);
            match most {
                Some(most) => self.wait(Waiting::new(most, unit.job, at), entry),
                // It is in no name, and not in this path.
                None => self.left[unit.job].remove(at, 1),
            }
        }
    }

    fn wait(&mut self, waiting: Waiting, entry: Entry<'_>) {
        if !self.worst.beats(waiting.most, |worst| entry.path > worst) {
            self.waiting.push(waiting);
        }
    }

    /// Gives so many of those that wait to the matcher, and others that may be worth as much: those that may be worth most.
    fn settle(&mut self, count: usize) {
        let order = |waiting: &Waiting| (waiting.most, std::cmp::Reverse((waiting.job, waiting.at)));
        self.waiting.sort_unstable_by_key(order);
        let (mut looked_at, mut last) = (0, 0);
        while let Some(waiting) = self.waiting.pop() {
            if waiting.most < self.worst.score {
                self.waiting.clear();
            } else if looked_at >= count && waiting.most < last {
                self.waiting.push(waiting);
                break;
            } else if self.score(waiting) {
                (looked_at, last) = (looked_at + 1, waiting.most);
            }
        }
    }

    /// Gives a path to the matcher, and keeps it if it is among the best. False: it needn't.
    fn score(&mut self, waiting: Waiting) -> bool {
        let Some(job) = self.jobs.get(waiting.job as usize) else {
            return false;
        };
        let chunk: &'a Chunk = job.chunk;
        let at = waiting.at as usize;
        let Some(entry) = chunk.entry(at) else {
            return false;
        };
        if self.worst.beats(waiting.most, |worst| entry.path > worst) {
            return false;
        }
        let found = self.scorer.score(self.query, entry, self.worst.score);
        if let Match::Score { score, in_name } = found
            && !self.worst.beats(score, |worst| entry.path > worst)
            && !is_covered(entry.path, job.covered)
        {
            self.best.keep(job.hit(at, entry, score, in_name));
            self.worst = self.best.worst();
        }
        true
    }
}

impl<'a> Job<'a> {
    fn hit(&self, at: usize, entry: Entry<'a>, score: u32, in_name: bool) -> Hit<'a> {
        Hit {
            score,
            path: entry.path,
            root: self.root,
            chunk: self.chunk,
            at,
            in_name,
        }
    }
}

impl Waiting {
    /// Both are small: a block has few thousand paths, and a walk few hundred blocks.
    fn new(most: u32, job: usize, at: usize) -> Self {
        let [job, at] = [job, at].map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        Self { most, job, at }
    }
}

/// The worst of these paths, if they all match and are as many as are shown: no other is shown that is worse.
pub(crate) fn worst_of<'a>(
    query: &Query,
    jobs: &[Job<'a>],
    paths: impl Iterator<Item = (usize, usize)>,
    scorer: &mut Scorer,
) -> Worst<'a> {
    let mut best = Best::default();
    for (number, at) in paths {
        let Some(job) = jobs.get(number) else { continue };
        if let Some(entry) = job.chunk.entry(at)
            && !is_covered(entry.path, job.covered)
            && let Match::Score { score, in_name } = scorer.score(query, entry, 0)
        {
            best.keep(job.hit(at, entry, score, in_name));
        }
    }
    best.worst()
}

fn is_covered(path: &str, covered: &[String]) -> bool {
    covered.iter().any(|inner| {
        path.strip_prefix(inner.as_str())
            .is_some_and(|rest| inner.is_empty() || rest.is_empty() || rest.starts_with('/'))
    })
}
