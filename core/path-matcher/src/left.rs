//! What a query leaves of a block for the next and longer one.

use std::sync::Arc;

use crate::paths::Chunk;
use crate::rows::each_word;

/// Stands for a bound that is not known.
const UNKNOWN: u16 = u16::MAX;

/// What of a block may match a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Left {
    /// A bit for each path.
    pub(crate) paths: Vec<u64>,
    /// For each run, what paths are worth at most in which it is not the last part that matches.
    bounds: Vec<u16>,
}

/// Which paths a query may match. Cheap to clone.
#[derive(Debug, Default, Clone)]
pub struct Narrowed {
    /// By block.
    pub(crate) blocks: Vec<(Arc<Chunk>, Arc<Left>)>,
    /// What a path may be worth for that query at most.
    pub(crate) top: u32,
}

impl Left {
    /// Nothing is known of a block.
    pub(crate) fn all_of(chunk: &Chunk) -> Self {
        Self {
            paths: chunk.all(),
            bounds: vec![UNKNOWN; chunk.runs()],
        }
    }

    /// The same for a longer query, which is worth so much more at most, wherever its letters stand.
    pub(crate) fn of_longer(&self, more: u32) -> Self {
        let more = u16::try_from(more).unwrap_or(UNKNOWN);
        let bounds = self.bounds.iter().map(|bound| bound.saturating_add(more));
        Self {
            paths: self.paths.clone(),
            bounds: bounds.collect(),
        }
    }

    /// How many paths may match.
    pub(crate) fn count(&self) -> usize {
        self.paths.iter().map(|paths| paths.count_ones() as usize).sum()
    }

    /// Paths of a run are not worth more than this.
    pub(crate) fn bound(&mut self, run: usize, most: u32) {
        if let (Some(bound), Ok(most)) = (self.bounds.get_mut(run), u16::try_from(most)) {
            *bound = most.min(*bound);
        }
    }

    /// What paths of a run are worth at most, as far as is known.
    pub(crate) fn most(&self, run: usize) -> u32 {
        match self.bounds.get(run) {
            Some(&UNKNOWN) | None => u32::MAX,
            Some(bound) => (*bound).into(),
        }
    }

    /// These paths don't match.
    pub(crate) fn remove(&mut self, at: usize, bits: u64) {
        each_word(at, bits, |word, bits| {
            if let Some(paths) = self.paths.get_mut(word) {
                *paths &= !bits;
            }
        });
    }
}
