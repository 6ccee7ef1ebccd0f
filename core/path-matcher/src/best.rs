//! The best matches so far.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::paths::Chunk;

/// Results of a search at most.
pub const MAX_RESULTS: usize = 50;

/// A path that matches. The greatest is the worst: the first to go.
#[derive(Debug, Clone)]
pub(crate) struct Hit<'a> {
    pub(crate) score: u32,
    pub(crate) path: &'a str,
    pub(crate) root: usize,
    pub(crate) chunk: &'a Arc<Chunk>,
    /// The path's place in the block.
    pub(crate) at: usize,
    pub(crate) in_name: bool,
}

/// As many as are shown.
#[derive(Debug, Default)]
pub(crate) struct Best<'a> {
    hits: BinaryHeap<Hit<'a>>,
    /// What is worse than this is not among the best, as is known from elsewhere.
    floor: Worst<'a>,
}

/// What a match must be better than.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Worst<'a> {
    pub(crate) score: u32,
    /// What is worth as much must come before this. `None`: it may come anywhere.
    path: Option<&'a str>,
}

impl<'a> Best<'a> {
    /// None yet, where there are as many as are shown that are not worse than this.
    pub(crate) fn above(floor: Worst<'a>) -> Self {
        Self {
            hits: BinaryHeap::new(),
            floor,
        }
    }

    /// What goes first.
    #[inline]
    pub(crate) fn worst(&self) -> Worst<'a> {
        match self.hits.peek().filter(|_| self.is_full()) {
            Some(hit) if !self.floor.beats(hit.score, |floor| hit.path > floor) => Worst {
                score: hit.score,
                path: Some(hit.path),
            },
            _ => self.floor,
        }
    }

    /// Takes one, if it is among the best.
    pub(crate) fn keep(&mut self, hit: Hit<'a>) {
        if self.hits.len() < MAX_RESULTS {
            self.hits.push(hit);
        } else if let Some(mut worst) = self.hits.peek_mut()
            && hit < *worst
        {
            *worst = hit;
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.hits.len()
    }

    /// Whether they are as many as are shown.
    pub(crate) fn is_full(&self) -> bool {
        self.hits.len() == MAX_RESULTS
    }

    /// The best so far, the best first.
    pub(crate) fn sorted(&self) -> Vec<Hit<'a>> {
        self.hits.clone().into_sorted_vec()
    }

    /// The best first.
    pub(crate) fn into_sorted(self) -> Vec<Hit<'a>> {
        self.hits.into_sorted_vec()
    }
}

impl<'a> Worst<'a> {
    /// Whether it is better than all that are worth so much at most, and that come behind it if this is so.
    #[inline]
    pub(crate) fn beats(self, most: u32, are_behind: impl FnOnce(&'a str) -> bool) -> bool {
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
