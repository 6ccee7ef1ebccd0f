//! The best matches so far.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::MAX_RESULTS;
use super::paths::Chunk;

/// A path that matches. The greatest is the worst: the first to go.
#[derive(Debug)]
pub(super) struct Hit<'a> {
    pub(super) score: u32,
    pub(super) path: &'a str,
    pub(super) root: usize,
    pub(super) chunk: &'a Arc<Chunk>,
    /// The path's place in the block.
    pub(super) at: usize,
    pub(super) in_name: bool,
}

/// As many as are shown.
#[derive(Debug, Default)]
pub(super) struct Best<'a> {
    hits: BinaryHeap<Hit<'a>>,
    /// What is worse than this is not among the best, as is known from elsewhere.
    floor: Worst<'a>,
}

/// What a match must be better than.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Worst<'a> {
    pub(super) score: u32,
    /// What is worth as much must come before this. `None`: it may come anywhere.
    path: Option<&'a str>,
}

impl<'a> Best<'a> {
    /// None yet, where there are as many as are shown that are not worse than this.
    pub(super) fn above(floor: Worst<'a>) -> Self {
        Self {
            hits: BinaryHeap::new(),
            floor,
        }
    }

    /// What goes first.
    #[inline]
    pub(super) fn worst(&self) -> Worst<'a> {
        match self.hits.peek().filter(|_| self.hits.len() == MAX_RESULTS) {
            Some(hit) if !self.floor.beats(hit.score, |floor| hit.path > floor) => Worst {
                score: hit.score,
                path: Some(hit.path),
            },
            _ => self.floor,
        }
    }

    /// What the worst is worth, as soon as there are as many as are shown.
    pub(super) fn full(&self) -> Option<u32> {
        let worst = self.hits.peek().filter(|_| self.hits.len() == MAX_RESULTS);
        worst.map(|hit| hit.score)
    }

    /// There are enough elsewhere that are worth so much.
    pub(super) fn raise(&mut self, floor: u32) {
        if floor > self.floor.score {
            self.floor = Worst {
                score: floor,
                path: None,
            };
        }
    }

    /// Takes one, if it is among the best.
    pub(super) fn keep(&mut self, hit: Hit<'a>) {
        if self.hits.len() < MAX_RESULTS {
            self.hits.push(hit);
        } else if let Some(mut worst) = self.hits.peek_mut()
            && hit < *worst
        {
            *worst = hit;
        }
    }

    /// Takes all of others.
    pub(super) fn join(&mut self, other: Self) {
        for hit in other.hits {
            self.keep(hit);
        }
    }

    /// The best first.
    pub(super) fn into_sorted(self) -> Vec<Hit<'a>> {
        self.hits.into_sorted_vec()
    }
}

impl<'a> Worst<'a> {
    /// Whether it is better than all that are worth so much at most, and that come behind it if this is so.
    #[inline]
    pub(super) fn beats(self, most: u32, are_behind: impl FnOnce(&'a str) -> bool) -> bool {
        most < self.score || (most == self.score && self.path.is_some_and(are_behind))
    }
}

impl Ord for Hit<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = other.score.cmp(&self.score);
        by_score
            .then_with(|| self.path.cmp(other.path))
            .then_with(|| self.root.cmp(&other.root))
    }
}

impl PartialOrd for Hit<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Hit<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Hit<'_> {}
