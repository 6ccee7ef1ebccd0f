//! What one thread does to find the best paths.
//!
//! What is known of a run of paths mostly tells that none of them is among the best. Of the others it is worked out what
//! each is worth at most, and those for which that is most are looked at first, so that few of the others are looked at
//! at all. Last parts that match by themselves are worth more than anything else, and so all of these come first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_util::sync::CancellationToken;

use super::best::{Best, Hit, Worst};
use super::letters::Letters;
use super::limits::Limits;
use super::paths::{Chunk, Entry, Run};
use super::query::{Match, Query, Scorer};

/// Paths that wait at least, before any is looked at.
const WAITING: usize = 512;
/// Of these, so many are looked at at once.
const FEW: usize = 48;

/// A block of paths.
#[derive(Debug)]
pub(super) struct Job<'a> {
    /// The number of the folder that was walked.
    pub(super) root: usize,
    pub(super) chunk: &'a Arc<Chunk>,
    /// Folders in it that are searched by themselves.
    pub(super) covered: &'a [String],
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

/// Numbers of runs of a block, and which of their paths.
pub(super) type Runs = Vec<(u16, u64)>;

/// Looks at blocks, one after the other.
pub(super) struct Seeker<'a> {
    query: &'a Query,
    jobs: &'a [Job<'a>],
    scorer: Scorer,
    limits: Limits<'a>,
    best: Best<'a>,
    /// What the worst is worth that any thread would show.
    floor: &'a AtomicU32,
    /// What may match, by the number of the job.
    left: Vec<(usize, Runs)>,
    waiting: Vec<Waiting>,
    room: usize,
}

/// A path that may be among the best.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    /// What it is worth at most.
    most: u32,
    /// Where it is in what is left: the block, the run, and the path's bit.
    block: u32,
    run: u16,
    bit: u8,
}

impl<'a> Seeker<'a> {
    /// `above`: there are as many as are shown that are not worse than this. `floor` is what threads tell each other.
    pub(super) fn new(query: &'a Query, jobs: &'a [Job<'a>], above: Worst<'a>, floor: &'a AtomicU32) -> Self {
        Self {
            query,
            jobs,
            scorer: Scorer::new(),
            limits: Limits::default(),
            best: Best::above(above),
            floor,
            left: Vec::new(),
            waiting: Vec::with_capacity(WAITING),
            room: WAITING,
        }
    }

    /// Looks at the last parts of a block's paths, or of those of them that are known to matter.
    pub(super) fn look_at_names(&mut self, number: usize, known: Option<&Runs>) {
        let Some(job) = self.jobs.get(number) else { return };
        let all = job.chunk.runs();
        let mut left = Vec::with_capacity(known.map_or(all.len(), Vec::len));
        self.best.raise(self.floor.load(Ordering::Relaxed));
        let mut look = |number: u16, among: u64| {
            if let Some(run) = all.get(usize::from(number)) {
                let bits = among & job.chunk.with_letters(run, self.query.mask());
                if bits != 0 {
                    self.look_at_names_of(job.chunk, run, left.len(), bits);
                    left.push((number, bits));
                }
            }
        };
        match known {
            Some(known) => known.iter().for_each(|(run, bits)| look(*run, *bits)),
            None => all
                .iter()
                .zip(0..)
                .for_each(|(run, number)| look(number, run.all())),
        }
        self.left.push((number, left));
        self.settle_some();
    }

    /// `at` is where the run comes in what is left of the block that comes next.
    fn look_at_names_of(&mut self, chunk: &'a Chunk, run: &Run, at: usize, bits: u64) {
        if !self.query.may_match_names(run) {
            return;
        }
        let mut unseen = bits & chunk.with_needed_in_name(run, self.query.needed());
        if unseen == 0 {
            return;
        }
        let worst = self.best.worst();
        let worth = self.query.worth_in_names(run);
        let least = worst.score.saturating_sub(worth);
        let is_worse = |name: Letters<'_>| {
            let most = self.query.name_at_most(name, least);
            most.is_none_or(|most| {
                worst.beats(most.saturating_add(worth), |worst| chunk.is_behind(run, worst))
            })
        };
        if is_worse(run.letters()) {
            return;
        }
        while unseen != 0 {
            let bit = unseen.trailing_zeros();
            unseen &= unseen - 1;
            let place = run.place(bit);
            if chunk.letters(place).is_none_or(is_worse) {
                continue;
            }
            let Some(path) = chunk.glance(place) else { continue };
            if let Some(most) = self.query.in_name_at_most(&path)
                && !worst.beats(most, |worst| path.is_behind(worst))
            {
                self.waiting.push(Waiting::new(most, self.left.len(), at, bit));
            }
        }
    }

    /// Looks at the paths in which it is not the last part that matches.
    fn look_at_paths(&mut self, cancel: &CancellationToken) {
        for block in 0..self.left.len() {
            self.best.raise(self.floor.load(Ordering::Relaxed));
            if self.query.path_at_most() < self.best.worst().score || cancel.is_cancelled() {
                return;
            }
            let (number, mut runs) = std::mem::take(&mut self.left[block]);
            let chunk: &'a Chunk = self.jobs[number].chunk;
            for (at, (number, bits)) in runs.iter_mut().enumerate() {
                if let Some(run) = chunk.runs().get(usize::from(*number)) {
                    *bits = self.look_at_paths_of(chunk, run, (block, at), *bits);
                }
            }
            self.left[block] = (number, runs);
            self.settle_some();
        }
    }

    /// Gives those that may match. `place` is where the run comes in what is left: the block and the run.
    fn look_at_paths_of(&mut self, chunk: &'a Chunk, run: &Run, place: (usize, usize), mut bits: u64) -> u64 {
        let worst = self.best.worst();
        let is_worse = |most: u32| worst.beats(most, |worst| chunk.is_behind(run, worst));
        match self.query.paths_roughly_at_most(run, worst.score) {
            Some(most) if is_worse(most) => return bits,
            Some(_) => {}
            None => return 0,
        }
        if let Some(needed) = self.query.needed_in_names(chunk, run, &mut self.limits) {
            bits &= chunk.with_needed_in_name(run, needed);
            if bits == 0 {
                return 0;
            }
        }
        match self.query.paths_at_most(chunk, run, &mut self.limits) {
            Some(most) if is_worse(most) => return bits,
            Some(_) => {}
            None => return 0,
        }
        let mut unseen = bits;
        while unseen != 0 {
            let bit = unseen.trailing_zeros();
            unseen &= unseen - 1;
            let Some(path) = chunk.glance(run.place(bit)) else {
                continue;
            };
            match self.query.in_path_at_most(&path, &mut self.limits) {
                None => bits &= !(1 << bit),
                // It may match, but its text need not be looked at.
                Some(most) if worst.beats(most, |worst| path.is_behind(worst)) => {}
                // It has been looked at.
                Some(_) if self.query.in_name_at_most(&path).is_some() => {}
                Some(_) if !self.query.may_be_in(&path, &mut self.limits) => bits &= !(1 << bit),
                Some(most) => self.waiting.push(Waiting::new(most, place.0, place.1, bit)),
            }
        }
        bits
    }

    /// Looks at some of those that wait, if there are many.
    fn settle_some(&mut self) {
        if self.waiting.len() >= self.room {
            self.settle(FEW);
            self.room = WAITING.max(2 * self.waiting.len());
        }
    }

    /// Looks at so many of those that wait, and at others that may be worth as much: those that may be worth most.
    fn settle(&mut self, count: usize) {
        self.waiting.sort_unstable_by_key(|waiting| waiting.most);
        let (mut looked_at, mut last) = (0, 0);
        while let Some(waiting) = self.waiting.pop() {
            if waiting.most < self.best.worst().score {
                self.waiting.clear();
            } else if looked_at >= count && waiting.most < last {
                self.waiting.push(waiting);
                break;
            } else if self.look(waiting) {
                (looked_at, last) = (looked_at + 1, waiting.most);
            }
        }
        if let Some(floor) = self.best.full() {
            self.floor.fetch_max(floor, Ordering::Relaxed);
        }
    }

    /// Looks at a path, and keeps it if it is among the best. False: it needn't be looked at.
    fn look(&mut self, waiting: Waiting) -> bool {
        let (number, runs) = &mut self.left[waiting.block as usize];
        let job = &self.jobs[*number];
        let chunk: &'a Chunk = job.chunk;
        let (run, bits) = &mut runs[usize::from(waiting.run)];
        let at = chunk.runs()[usize::from(*run)].place(waiting.bit.into());
        let Some(path) = chunk.glance(at) else {
            return false;
        };
        if self
            .best
            .worst()
            .beats(waiting.most, |worst| path.is_behind(worst))
        {
            return false;
        }
        let may_match = may_match(
            self.query,
            job,
            at,
            &mut self.scorer,
            &mut self.limits,
            &mut self.best,
        );
        if !may_match {
            *bits &= !(1 << waiting.bit);
        }
        true
    }

    /// What was found, and what may match a longer query.
    pub(super) fn finish(mut self, cancel: &CancellationToken) -> (Best<'a>, Vec<(usize, Runs)>) {
        self.best.raise(self.floor.load(Ordering::Relaxed));
        self.settle(usize::MAX);
        self.look_at_paths(cancel);
        self.settle(usize::MAX);
        for (_, runs) in &mut self.left {
            runs.retain(|(_, bits)| *bits != 0);
            runs.shrink_to_fit();
        }
        (self.best, self.left)
    }
}

impl Waiting {
    /// All of these are small: a block has few thousand paths, and a walk few hundred blocks.
    fn new(most: u32, block: usize, run: usize, bit: u32) -> Self {
        let block = u32::try_from(block).unwrap_or(u32::MAX);
        let run = u16::try_from(run).unwrap_or(u16::MAX);
        let bit = u8::try_from(bit).unwrap_or(u8::MAX);
        Self {
            most,
            block,
            run,
            bit,
        }
    }
}

/// Looks at the text of a path, and keeps it if it is among the best. Whether it may match, and so match a longer query.
fn may_match<'a>(
    query: &Query,
    job: &Job<'a>,
    at: usize,
    scorer: &mut Scorer,
    limits: &mut Limits<'a>,
    best: &mut Best<'a>,
) -> bool {
    let chunk = job.chunk;
    let worst = best.worst();
    let (Some(path), Some(entry)) = (chunk.glance(at), chunk.entry(at)) else {
        return false;
    };
    let Some(most) = query.at_most_by_text(&path, entry, limits) else {
        return false;
    };
    if worst.beats(most, |worst| entry.path > worst) {
        return true;
    }
    match scorer.score(query, entry, worst.score) {
        Match::No => return false,
        Match::TooLittle => {}
        Match::Score { score, in_name } => {
            if score >= worst.score && !is_covered(entry.path, job.covered) {
                best.keep(job.hit(at, entry, score, in_name));
            }
        }
    }
    true
}

/// The worst of these paths, if they all match and are as many as are shown: no other is shown that is worse. Each is
/// given by the number of its job and its place.
pub(super) fn worst_of<'a>(
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
