//! Finds the best paths of all blocks.
//!
//! It takes paths that may be worth most, works out from their text what each is worth at most, and gives those to the
//! matcher for which that is most. Last parts that match by themselves are worth more than anything else, and so all of
//! these come first.

use crate::best::{Best, Hit, MAX_RESULTS, Worst};
use crate::find::{Waiter, files};
use crate::left::Left;
use crate::limits::Limits;
use crate::paths::{Chunk, Entry};
use crate::query::{Match, Query, Scorer};
use crate::round::{Matches, Round, Unit};
use crate::rows::{across, ones};
use crate::search::{Job, Search};
use crate::starts::Span;

/// Paths that wait at least, before any is given to the matcher; the next time, twice as many as are left.
const WAITING: usize = 96;
/// Of these, so many are given to it at once.
const FEW: usize = 64;

/// Runs that are looked at together: what is needed of them is fetched from memory at the same time.
const TOGETHER: usize = 32;

/// Looks at the paths of some blocks.
pub(crate) struct Seeker<'s, 'w> {
    search: &'s Search,
    query: &'s Query,
    jobs: Vec<&'s Job>,
    /// What is left of each for a longer query.
    left: Vec<Left>,
    /// Who is told the best so far.
    waiter: Option<&'w mut dyn Waiter>,
    scorer: &'w mut Scorer,
    limits: Limits<'s>,
    /// What a path must be better than, as far as this one knows.
    worst: Worst,
    waiting: Vec<Waiting>,
    /// When some of these are given to the matcher: before all of a block is looked at, as most of it may be worse then.
    enough: usize,
    taken: Vec<u64>,
    spans: Vec<Span>,
    places: Vec<(usize, usize)>,
}

/// A path that may be among the best.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    /// What it is worth at most.
    most: u32,
    job: u32,
    at: u32,
}

impl<'s, 'w> Seeker<'s, 'w> {
    pub(crate) fn new(
        search: &'s Search,
        jobs: Vec<&'s Job>,
        left: Vec<Left>,
        scorer: &'w mut Scorer,
        waiter: Option<&'w mut dyn Waiter>,
    ) -> Self {
        Self {
            search,
            query: &search.query,
            jobs,
            left,
            waiter,
            scorer,
            limits: Limits::default(),
            worst: search.best.worst(),
            waiting: Vec::new(),
            enough: WAITING,
            taken: Vec::new(),
            spans: Vec::new(),
            places: Vec::new(),
        }
    }

    /// Looks for all matches. Gives what is left of each block.
    pub(crate) fn seek(mut self) -> Vec<Left> {
        if self.query.name_length().is_some() {
            self.seek_matches(Matches::OfNames);
        }
        self.search.best.renew(&mut self.worst);
        if self.worst.score <= self.query.path_at_most() {
            self.seek_matches(Matches::OfPaths);
        }
        self.left
    }

    fn seek_matches(&mut self, matches: Matches) {
        let Search { best, is_gone, .. } = self.search;
        let floor = self.worst.score;
        let mut round = Round::new(self.query, &self.jobs, &self.left, floor, matches, &**is_gone);
        for unit in round.units() {
            best.renew(&mut self.worst);
            if unit.most < self.worst.score || is_gone() {
                break;
            }
            let Some(job) = self.jobs.get(unit.job) else {
                continue;
            };
            let is_behind = |worst: &str| job.chunk.least().is_some_and(|least| least > worst);
            if self.worst.beats(unit.most, is_behind) {
                continue;
            }
            self.look_at(&mut round, &unit, &job.chunk);
            self.tell();
        }
        self.settle(usize::MAX);
    }

    /// Tells who is impatient the best so far, if they are as many as are shown.
    fn tell(&mut self) {
        let best = &self.search.best;
        let is_impatient = self.waiter.as_ref().is_some_and(|waiter| waiter.is_impatient());
        if !is_impatient || best.len() + self.waiting.len() < MAX_RESULTS {
            return;
        }
        self.settle(FEW);
        if let (Some(hits), Some(waiter)) = (best.all_shown(), &mut self.waiter) {
            waiter.take(files(self.query, &hits, self.scorer));
        }
    }

    /// Works out from their text what paths are worth at most, and lets those wait that may be among the best.
    fn look_at(&mut self, round: &mut Round, unit: &Unit, chunk: &'s Chunk) {
        let mut taken = std::mem::take(&mut self.taken);
        round.take(unit, chunk, self.worst.score, &mut taken);
        let (mut spans, mut from) = (std::mem::take(&mut self.spans), 0);
        while let Some(span) = chunk.next_span(&taken, from) {
            from = span.end;
            spans.push(span);
        }
        for spans in spans.chunks(TOGETHER) {
            self.search.best.renew(&mut self.worst);
            // Of names, runs are looked at only where the order of paths decides.
            if round.matches == Matches::OfPaths || unit.most == self.worst.score {
                chunk.load_runs(spans);
            }
            match round.matches {
                Matches::OfNames => self.look_at_names(unit, chunk, spans, &taken),
                Matches::OfPaths => self.look_at_paths(unit, chunk, spans, &taken),
            }
            if self.waiting.len() >= self.enough {
                self.settle(FEW);
                self.enough = WAITING.max(2 * self.waiting.len());
            }
        }
        spans.clear();
        (self.taken, self.spans) = (taken, spans);
    }

    fn look_at_names(&mut self, unit: &Unit, chunk: &'s Chunk, spans: &[Span], taken: &[u64]) {
        let mut places = std::mem::take(&mut self.places);
        for span in spans {
            let Some(run) = chunk.run_at(span.run) else {
                continue;
            };
            if !self.worst.beats(unit.most, |worst| chunk.is_behind(run, worst)) {
                let bits = across(taken, span.at) & span.all();
                places.extend(ones(bits).map(|bit| (span.run, span.at + bit)));
            }
        }
        chunk.load_names(places.iter().map(|(_, at)| *at));
        for (_, at) in places.drain(..) {
            if let Some(entry) = chunk.entry(at)
                && self.query.is_in_name(entry)
                && let Some(most) = self.query.name_at_most(entry, &mut self.limits)
            {
                self.wait(Waiting::new(most, unit.job, at), entry);
            }
        }
        self.places = places;
    }

    fn look_at_paths(&mut self, unit: &Unit, chunk: &'s Chunk, spans: &[Span], taken: &[u64]) {
        let mut places = std::mem::take(&mut self.places);
        for span in spans {
            let bits = self.worth_a_look(unit, chunk, *span, across(taken, span.at) & span.all());
            places.extend(ones(bits).map(|bit| (span.run, span.at + bit)));
        }
        chunk.load_names(places.iter().map(|(_, at)| *at));
        for (run, at) in places.drain(..) {
            let Some(entry) = chunk.entry(at).filter(|entry| !self.query.is_in_name(*entry)) else {
                continue;
            };
            let Some(run) = chunk.run_at(run) else { continue };
            let most = self
                .query
                .path_at_most_by_text(chunk, run, entry, &mut self.limits, self.worst.score);
            match most {
                Some(most) => self.wait(Waiting::new(most, unit.job, at), entry),
                // It is in no name, and not in this path.
                None => self.left[unit.job].remove(at, 1),
            }
        }
        self.places = places;
    }

    /// Which of these paths of a run may be among the best, as far as is known without their text.
    fn worth_a_look(&mut self, unit: &Unit, chunk: &'s Chunk, span: Span, mut bits: u64) -> u64 {
        let (Some(run), Some(left)) = (chunk.run_at(span.run), self.left.get_mut(unit.job)) else {
            return 0;
        };
        let is_behind = |worst: &str| chunk.is_behind(run, worst);
        if self.worst.beats(unit.most.min(left.most(span.run)), is_behind) {
            return 0;
        }
        let (all, least) = (bits, self.worst.score);
        let most = self
            .query
            .paths_at_most(chunk, run, &mut self.limits, least, &mut bits);
        let Some(most) = most else {
            left.remove(span.at, all);
            return 0;
        };
        left.remove(span.at, all & !bits);
        left.bound(span.run, most);
        if self.worst.beats(most, is_behind) {
            0
        } else {
            bits
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
        let chunk = &job.chunk;
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
            && !job.covers(entry.path)
        {
            let place = job.place(at);
            self.worst = self.search.best.keep(Hit {
                score,
                place,
                in_name,
            });
        }
        true
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
pub(crate) fn worst_of(
    query: &Query,
    jobs: &[Job],
    paths: impl Iterator<Item = (usize, usize)>,
    scorer: &mut Scorer,
) -> Worst {
    let mut best = Best::default();
    for (number, at) in paths {
        let Some(job) = jobs.get(number) else { continue };
        if let Some(entry) = job.chunk.entry(at)
            && !job.covers(entry.path)
            && let Match::Score { score, in_name } = scorer.score(query, entry, 0)
        {
            let place = job.place(at);
            best.keep(Hit {
                score,
                place,
                in_name,
            });
        }
    }
    best.worst()
}
