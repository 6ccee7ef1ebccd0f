//! What a query has left of a block, for the next and longer one.

use crate::paths::{Chunk, Run};

/// What may match in a block.
pub(crate) type Runs = Vec<Left>;

/// What of a run may match a query, and what that is worth at most: it is worth so much for a longer one as well, and what
/// that has more letters for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// The number of the run.
    pub(crate) run: u16,
    /// What last parts that match by themselves are worth at most beside that. 0: none does.
    pub(crate) names: u16,
    /// What paths are worth at most in which it is not the last part that matches.
    pub(crate) paths: u16,
    /// Which of the paths.
    pub(crate) bits: u64,
}

impl Left {
    /// All of a run, of which nothing is known.
    pub(crate) fn all_of(run: &Run, number: u16) -> Self {
        Self {
            run: number,
            names: UNKNOWN,
            paths: UNKNOWN,
            bits: run.all(),
        }
    }

    /// The same for a longer query, which is worth so much more at most.
    pub(crate) fn of_longer(self, more: u32) -> Self {
        let raised = |bound: u16| at_most(most(bound).saturating_add(more));
        Self {
            names: if self.names == 0 { 0 } else { raised(self.names) },
            paths: raised(self.paths),
            ..self
        }
    }

    /// Paths are not worth more than this. `None`: none matches.
    pub(crate) fn bound_paths(&mut self, most: Option<u32>) {
        match most {
            Some(most) => self.paths = self.paths.min(at_most(most)),
            None => (self.paths, self.bits) = (0, 0),
        }
    }

    /// What last parts and paths are worth at most, if that is known.
    pub(crate) fn known_bounds(&self) -> (Option<u32>, Option<u32>) {
        let known = |bound: u16| (bound != UNKNOWN).then_some(u32::from(bound));
        (known(self.names), known(self.paths))
    }

    /// The places of those with these letters.
    pub(crate) fn places(&self, chunk: &Chunk, letters: u64, mut take: impl FnMut(usize)) {
        let Some(run) = chunk.runs().get(usize::from(self.run)) else {
            return;
        };
        let mut bits = self.bits & chunk.with_letters(run, letters);
        while bits != 0 {
            take(run.place(bits.trailing_zeros()));
            bits &= bits - 1;
        }
    }

    /// How many paths.
    pub(crate) fn count(&self) -> usize {
        self.bits.count_ones() as usize
    }
}

/// Stands for a bound that is not known, or larger.
const UNKNOWN: u16 = u16::MAX;

/// A bound in little room.
pub(crate) fn at_most(most: u32) -> u16 {
    u16::try_from(most).unwrap_or(UNKNOWN)
}

/// The bound that was kept.
pub(crate) fn most(bound: u16) -> u32 {
    if bound == UNKNOWN { u32::MAX } else { bound.into() }
}
