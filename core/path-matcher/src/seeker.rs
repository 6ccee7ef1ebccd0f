//! What one thread does to find the best paths.
//!
//! What is known of a run of paths mostly tells that none of them is among the best. Of the others it is worked out what
//! each is worth at most, and those for which that is most are looked at first, so that few of the others are looked at
//! at all. Last parts that match by themselves are worth more than anything else, and so all of these come first.
//!
//! What a run was worth at most for a shorter query is kept: for a longer one it is worth that, and what each further
//! letter is worth at most. So most runs are passed over at a keystroke without a look at what is known of them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::best::{Best, Hit, Worst};
use crate::left::{Left, Runs, at_most, most};
use crate::limits::Limits;
use crate::paths::{Chunk, Entry, Run};
use crate::query::{Match, Query, Scorer};

/// Paths that wait at least, before any is looked at.
const WAITING: usize = 512;
/// As long as it is not known how good they must be.
const WAITING_FIRST: usize = 96;
/// Of these, so many are looked at at once.
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

/// Looks at blocks, one after the other.
pub(crate) struct Seeker<'a> {
    query: &'a Query,
    jobs: &'a [Job<'a>],
    scorer: Scorer,
    limits: Limits<'a>,
    best: Best<'a>,
    /// What the worst is worth that any thread would show.
    floor: &'a AtomicU32,
    /// What the query may be worth more than the shorter one that is known.
    more: u32,
    /// What may match, by the number of the job.
    left: Vec<(usize, Runs)>,
    waiting: Vec<Waiting>,
    room: usize,
}

/// Blocks whose last parts were looked at, by any thread: each thread looks at the paths of as many of them as it can.
#[derive(Debug, Default)]
pub(crate) struct UnsearchedBlocks(Mutex<Vec<(usize, Runs)>>);

impl UnsearchedBlocks {
    fn put(&self, blocks: Vec<(usize, Runs)>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(blocks);
    }

    /// Some of them: first many, so that the best come early, then ever fewer, so that all threads end at once. None: that
    /// is all there is, but for what others have not put here yet.
    fn take(&self) -> Vec<(usize, Runs)> {
        let mut blocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let some = blocks.len().div_ceil(4);
        blocks.drain(..some).collect()
    }
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
    /// `more`: what the query may be worth more than the shorter one of which it is known what it has left.
    pub(crate) fn new(
        query: &'a Query,
        jobs: &'a [Job<'a>],
        above: Worst<'a>,
        floor: &'a AtomicU32,
        more: u32,
    ) -> Self {
        Self {
            query,
            jobs,
            scorer: Scorer::new(),
            limits: Limits::default(),
            best: Best::above(above),
            floor,
            more,
            left: Vec::new(),
            waiting: Vec::with_capacity(WAITING),
            room: WAITING_FIRST,
        }
    }

    /// Looks at the last parts of a block's paths, or of those of them that are known to matter.
    pub(crate) fn look_at_names(&mut self, number: usize, known: Option<&Runs>) {
        let Some(job) = self.jobs.get(number) else { return };
        let all = job.chunk.runs();
        let mut left = Vec::with_capacity(known.map_or(all.len(), Vec::len));
        self.raise();
        let more = self.more;
        let mut look = |mut what: Left| {
            let Some(run) = all.get(usize::from(what.run)) else {
                return;
            };
            if self.may_matter(run, &what) {
                what.bits &= job.chunk.with_letters(run, self.query.mask());
                if what.bits == 0 {
                    return;
                }
                if self.query.matches_names() {
                    what.names = self.look_at_names_of(job.chunk, run, left.len(), what);
                }
            }
            left.push(what);
        };
        match known {
            Some(known) => known.iter().for_each(|what| look(what.of_longer(more))),
            None => all
                .iter()
                .zip(0..)
                .for_each(|(run, number)| look(Left::all_of(run, number))),
        }
        self.left.push((number, left));
        self.settle_some();
    }

    /// Whether any path of a run may be among the best, as far as is known.
    #[inline]
    fn may_matter(&self, run: &Run, what: &Left) -> bool {
        let worst = self.best.worst().score;
        let in_names = || {
            let may_match = what.names > 0 && self.query.matches_names();
            may_match && most(what.names).saturating_add(self.query.worth_in_names(run)) >= worst
        };
        most(what.paths).min(self.query.path_at_most()) >= worst || in_names()
    }

    /// `at` is where the run comes in what is left of the block that comes next. Gives what they are worth at most.
    fn look_at_names_of(&mut self, chunk: &'a Chunk, run: &Run, at: usize, what: Left) -> u16 {
        if what.names == 0 || !self.query.may_match_names(run) {
            return 0;
        }
        let mut unseen = what.bits & chunk.with_needed_in_name(run, self.query.needed());
        if unseen == 0 {
            return 0;
        }
        let worst = self.best.worst();
        let worth = self.query.worth_in_names(run);
        let least = worst.score.saturating_sub(worth);
        let is_worse =
            |most: u32| worst.beats(most.saturating_add(worth), |worst| chunk.is_behind(run, worst));
        let Some(in_any) = self.query.name_at_most(run.letters(), least) else {
            return 0;
        };
        let in_any = in_any.min(most(what.names));
        if is_worse(in_any) {
            return at_most(in_any);
        }
        let mut found = 0;
        while unseen != 0 {
            let bit = unseen.trailing_zeros();
            unseen &= unseen - 1;
            let place = run.place(bit);
            let Some(name) = chunk.letters(place) else {
                continue;
            };
            let Some(in_name) = self.query.name_at_most(name, least) else {
                continue;
            };
            found = found.max(in_name);
            if is_worse(in_name) {
                continue;
            }
            let Some(path) = chunk.glance(place) else { continue };
            let Some(most) = self.query.worth_in_name(&path) else {
                continue;
            };
            let most = in_name.saturating_add(most);
            if !worst.beats(most, |worst| path.is_behind(worst)) && self.query.is_in_name(&path) {
                self.waiting.push(Waiting::new(most, self.left.len(), at, bit));
            }
        }
        at_most(found)
    }

    /// Looks at the paths in which it is not the last part that matches.
    fn look_at_paths(&mut self, is_cancelled: &dyn Fn() -> bool) {
        for block in 0..self.left.len() {
            self.raise();
            if self.query.path_at_most() < self.best.worst().score || is_cancelled() {
                return;
            }
            let (number, mut runs) = std::mem::take(&mut self.left[block]);
            let chunk: &'a Chunk = self.jobs[number].chunk;
            for (at, what) in runs.iter_mut().enumerate() {
                if let Some(run) = chunk.runs().get(usize::from(what.run)) {
                    self.look_at_paths_of(chunk, run, (block, at), what);
                }
            }
            self.left[block] = (number, runs);
            self.settle_some();
        }
    }

    /// Takes those away that don't match. `place` is where the run comes in what is left: the block and the run.
    fn look_at_paths_of(&mut self, chunk: &'a Chunk, run: &Run, place: (usize, usize), what: &mut Left) {
        let worst = self.best.worst();
        let is_worse = |most: u32| worst.beats(most, |worst| chunk.is_behind(run, worst));
        if is_worse(most(what.paths)) {
            return;
        }
        let in_any = self
            .query
            .letters_at_most(chunk, run, worst.score, &mut what.bits);
        what.bound_paths(in_any);
        if is_worse(most(what.paths)) {
            return;
        }
        let in_any = self
            .query
            .paths_at_most(chunk, run, &mut self.limits, worst.score, &mut what.bits);
        what.bound_paths(in_any);
        if is_worse(most(what.paths)) {
            return;
        }
        let mut found = None;
        let mut unseen = what.bits;
        while unseen != 0 {
            let bit = unseen.trailing_zeros();
            unseen &= unseen - 1;
            let Some(path) = chunk.glance(run.place(bit)) else {
                continue;
            };
            let Some(in_path) = self.query.in_path_at_most(&path, &mut self.limits) else {
                what.bits &= !(1 << bit);
                continue;
            };
            found = found.max(Some(in_path));
            // If it is worse, it may match, but its text need not be looked at; if its last part may match, it has been.
            if worst.beats(in_path, |worst| path.is_behind(worst))
                || self.query.in_name_at_most(&path).is_some()
            {
                continue;
            }
            if self.query.may_be_in(&path, &mut self.limits) {
                self.waiting.push(Waiting::new(in_path, place.0, place.1, bit));
            } else {
                what.bits &= !(1 << bit);
            }
        }
        what.bound_paths(found);
    }

    /// Looks at some of those that wait, if there are many.
    fn settle_some(&mut self) {
        if self.waiting.len() >= self.room {
            self.settle(FEW);
            self.room = if self.best.worst().score > 0 {
                WAITING.max(2 * self.waiting.len())
            } else {
                self.waiting.len() + WAITING_FIRST
            };
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
        let what = &mut runs[usize::from(waiting.run)];
        let at = chunk.runs()[usize::from(what.run)].place(waiting.bit.into());
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
            what.bits &= !(1 << waiting.bit);
        }
        true
    }

    /// What was found, and what may match a longer query, where all last parts were looked at; `blocks`: by any thread.
    pub(crate) fn finish(
        mut self,
        blocks: &UnsearchedBlocks,
        is_cancelled: &dyn Fn() -> bool,
    ) -> (Best<'a>, Vec<(usize, Runs)>) {
        self.raise();
        self.settle(usize::MAX);
        blocks.put(std::mem::take(&mut self.left));
        let mut done = Vec::new();
        loop {
            self.left = blocks.take();
            if self.left.is_empty() {
                break;
            }
            self.look_at_paths(is_cancelled);
            self.settle(usize::MAX);
            done.append(&mut self.left);
        }
        for (_, runs) in &mut done {
            runs.retain(|what| what.bits != 0);
            runs.shrink_to_fit();
        }
        (self.best, done)
    }

    /// Learns how good they must be as others have found.
    fn raise(&mut self) {
        self.best.raise(self.floor.load(Ordering::Relaxed));
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
