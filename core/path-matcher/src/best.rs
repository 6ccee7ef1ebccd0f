//! The best matches so far.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::find::Place;

/// Results of a search at most.
pub const MAX_RESULTS: usize = 50;

/// A path that matches. The greatest is the worst: the first to go.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub(crate) score: u32,
    pub(crate) place: Place,
    pub(crate) in_name: bool,
}

/// As many as are shown.
#[derive(Debug, Default)]
pub(crate) struct Best {
    hits: BinaryHeap<Hit>,
    /// What is worse than this is not among the best, as is known from elsewhere.
    floor: Worst,
}

/// The best matches so far of all who look for them at the same time.
#[derive(Debug)]
pub(crate) struct SharedBest {
    /// Held for moments.
    best: Mutex<Best>,
    /// What a match is worth at least that is among them.
    least: AtomicU32,
}

/// What a match must be better than.
#[derive(Debug, Clone, Default)]
pub(crate) struct Worst {
    pub(crate) score: u32,
    /// What is worth as much must come before this. `None`: it may come anywhere.
    place: Option<Place>,
}

impl Best {
    /// None yet, where there are as many as are shown that are not worse than this.
    fn above(floor: Worst) -> Self {
        Self {
            hits: BinaryHeap::new(),
            floor,
        }
    }

    /// What goes first.
    pub(crate) fn worst(&self) -> Worst {
        match self.hits.peek().filter(|_| self.is_full()) {
            Some(hit) if !self.floor.beats(hit.score, |floor| hit.place.path() > floor) => Worst {
                score: hit.score,
                place: Some(hit.place.clone()),
            },
            _ => self.floor.clone(),
        }
    }

    /// Takes one, if it is among the best.
    pub(crate) fn keep(&mut self, hit: Hit) {
        if self.hits.len() < MAX_RESULTS {
            self.hits.push(hit);
        } else if let Some(mut worst) = self.hits.peek_mut()
            && hit < *worst
        {
            *worst = hit;
        }
    }

    /// Whether they are as many as are shown.
    fn is_full(&self) -> bool {
        self.hits.len() == MAX_RESULTS
    }
}

impl SharedBest {
    /// None yet, where there are as many as are shown that are not worse than this.
    pub(crate) fn above(floor: Worst) -> Self {
        Self {
            least: AtomicU32::new(floor.score),
            best: Mutex::new(Best::above(floor)),
        }
    }

    /// Takes one, if it is among the best. Returns what others must be better than then.
    pub(crate) fn keep(&self, hit: Hit) -> Worst {
        let mut best = self.lock();
        best.keep(hit);
        let worst = best.worst();
        self.least.store(worst.score, Relaxed);
        worst
    }

    /// What a match must be better than by now.
    pub(crate) fn worst(&self) -> Worst {
        self.lock().worst()
    }

    /// The same, if this was so before.
    #[inline]
    pub(crate) fn renew(&self, worst: &mut Worst) {
        if self.least.load(Relaxed) != worst.score {
            *worst = self.worst();
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.lock().hits.len()
    }

    /// The best so far, the best first, if they are as many as are shown.
    pub(crate) fn all_shown(&self) -> Option<Vec<Hit>> {
        let best = self.lock();
        best.is_full().then(|| best.hits.clone().into_sorted_vec())
    }

    /// The best, the best first. They are taken out.
    pub(crate) fn take_sorted(&self) -> Vec<Hit> {
        std::mem::take(&mut self.lock().hits).into_sorted_vec()
    }

    fn lock(&self) -> MutexGuard<'_, Best> {
        self.best.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Worst {
    /// Whether it is better than all that are worth so much at most, and that come behind it if this is so.
    #[inline]
    pub(crate) fn beats(&self, most: u32, are_behind: impl FnOnce(&str) -> bool) -> bool {
        most < self.score
            || (most == self.score && self.place.as_ref().is_some_and(|place| are_behind(place.path())))
    }
}

impl Ord for Hit {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = other.score.cmp(&self.score);
        by_score
            .then_with(|| self.place.path().cmp(other.place.path()))
            .then_with(|| self.place.root.cmp(&other.place.root))
    }
}

impl PartialOrd for Hit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Hit {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Hit {}
