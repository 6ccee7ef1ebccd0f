//! What one thread does to find the best paths.
//!
//! It takes paths that may be worth most, works out from their text what each is worth at most, and gives those to the
//! matcher for which that is most. Last parts that match by themselves are worth more than anything else, and so all of
//! these come first.

use std::sync::{Arc, Mutex, PoisonError};

use crate::best::{Best, Hit, Worst};
use crate::limits::Limits;
use crate::paths::{Chunk, Entry, Run};
use crate::query::{Match, Query, Scorer};
use crate::round::{Matches, Round, Unit, next_one};
use crate::rows::{across, ones};

/// Paths that wait at least, before any is given to the matcher.
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
    scorer: Scorer,
    limits: Limits<'a>,
    /// What all threads have found.
    best: &'s Mutex<Best<'a>>,
    /// What a path must be better than, as far as this thread knows.
    worst: Worst<'a>,
    waiting: Vec<Waiting>,
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
    pub(crate) fn new(query: &'s Query, jobs: &'s [Job<'a>], best: &'s Mutex<Best<'a>>) -> Self {
        Self {
            query,
            jobs,
            scorer: Scorer::new(),
            limits: Limits::default(),
            best,
            worst: Worst::default(),
            waiting: Vec::new(),
            taken: Vec::new(),
        }
    }

    /// Looks for matches of one kind, together with other threads.
    pub(crate) fn seek(&mut self, round: &Round<'_, 'a>, is_cancelled: &dyn Fn() -> bool) {
        round.work_out_losses(is_cancelled);
        while let Some(unit) = round.next()
            && !is_cancelled()
        {
            self.learn();
            if unit.most < self.worst.score {
                break;
            }
            let Some(job) = self.jobs.get(unit.job) else {
                continue;
            };
            let is_behind = |worst: &str| job.chunk.least().is_some_and(|least| least > worst);
            if self.worst.beats(unit.most, is_behind) {
                continue;
            }
            self.look_at(round, unit, job.chunk);
            if self.waiting.len() >= WAITING {
                self.settle(FEW);
            }
        }
        self.settle(usize::MAX);
    }

    /// Whether better ones are known than any that are not matched by their last part.
    pub(crate) fn needs_no_paths(&mut self) -> bool {
        self.learn();
        self.worst.score > self.query.path_at_most()
    }

    /// Works out from their text what paths are worth at most, and lets those wait that may be among the best.
    fn look_at(&mut self, round: &Round<'_, 'a>, unit: &Unit, chunk: &'a Chunk) {
        let loss = self.query.path_at_most().saturating_sub(self.worst.score);
        let mut taken = std::mem::take(&mut self.taken);
        round.take(unit, loss, &mut taken);
        let mut from = 0;
        while let Some(first) = next_one(&taken, from) {
            let Some(run) = chunk.run(first) else { break };
            from = run.end();
            if self.worst.beats(unit.most, |worst| chunk.is_behind(run, worst)) {
                continue;
            }
            let bits = across(&taken, run.at()) & run.all();
            match round.matches() {
                Matches::OfNames => self.look_at_names(unit, chunk, run, bits),
                Matches::OfPaths => self.look_at_paths(round, unit, (chunk, first), bits),
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

    /// `place`: a path of the run.
    fn look_at_paths(
        &mut self,
        round: &Round<'_, 'a>,
        unit: &Unit,
        (chunk, place): (&'a Chunk, usize),
        mut bits: u64,
    ) {
        let Some(run) = chunk.run(place) else { return };
        let number = chunk.run_number(place);
        let is_behind = |worst: &str| chunk.is_behind(run, worst);
        if self.worst.beats(round.left(unit.job).most(number), is_behind) {
            return;
        }
        let (all, least) = (bits, self.worst.score);
        let most = self
            .query
            .paths_at_most(chunk, run, &mut self.limits, least, &mut bits);
        let gone = if most.is_some() { all & !bits } else { all };
        let mut left = round.left(unit.job);
        left.remove(run.at(), gone);
        let Some(most) = most else { return };
        left.bound(number, most);
        drop(left);
        if self.worst.beats(most, is_behind) {
            return;
        }
        for bit in ones(bits) {
            let at = run.at() + bit;
            let Some(entry) = chunk.entry(at).filter(|entry| !self.query.is_in_name(*entry)) else {
                continue;
            };
            let most = self
                .query
                .path_at_most_by_text(chunk, run, entry, &mut self.limits);
            match most {
                Some(most) => self.wait(Waiting::new(most, unit.job, at), entry),
                // It is in no name, and not in this path.
                None => round.left(unit.job).remove(at, 1),
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
            let mut best = self.best.lock().unwrap_or_else(PoisonError::into_inner);
            best.keep(job.hit(at, entry, score, in_name));
            self.worst = best.worst();
        }
        true
    }

    /// Learns how good they must be as others have found.
    fn learn(&mut self) {
        let best = self.best.lock().unwrap_or_else(PoisonError::into_inner);
        self.worst = best.worst();
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
) -> Worst<'a> {
    let (mut scorer, mut best) = (Scorer::new(), Best::default());
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
