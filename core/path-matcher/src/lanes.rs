//! Words of rows that are worked on together, so that the compiler uses the processor's wide registers.

use std::ops::{BitAnd, BitOr, BitXor, Not};

/// Words next to each other.
pub(crate) const LANES: usize = 2;

/// Some words of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lanes(pub(crate) [u64; LANES]);

impl Lanes {
    pub(crate) const NONE: Self = Self([0; LANES]);
    pub(crate) const ALL: Self = Self([u64::MAX; LANES]);

    /// Whether no bit is set.
    #[inline]
    pub(crate) fn are_none(self) -> bool {
        self.0.iter().fold(0, |any, word| any | word) == 0
    }

    #[inline]
    fn with(mut self, other: Self, of: impl Fn(u64, u64) -> u64) -> Self {
        self.0
            .iter_mut()
            .zip(other.0)
            .for_each(|(one, other)| *one = of(*one, other));
        self
    }
}

/// A row, of which all words belong to some lanes.
#[inline]
pub(crate) fn lanes(row: &[u64]) -> &[[u64; LANES]] {
    row.as_chunks().0
}

/// The same, to be changed.
#[inline]
pub(crate) fn lanes_mut(row: &mut [u64]) -> &mut [[u64; LANES]] {
    row.as_chunks_mut().0
}

impl BitAnd for Lanes {
    type Output = Self;

    #[inline]
    fn bitand(self, other: Self) -> Self {
        self.with(other, |one, other| one & other)
    }
}

impl BitOr for Lanes {
    type Output = Self;

    #[inline]
    fn bitor(self, other: Self) -> Self {
        self.with(other, |one, other| one | other)
    }
}

impl BitXor for Lanes {
    type Output = Self;

    #[inline]
    fn bitxor(self, other: Self) -> Self {
        self.with(other, |one, other| one ^ other)
    }
}

impl Not for Lanes {
    type Output = Self;

    #[inline]
    fn not(self) -> Self {
        self ^ Self::ALL
    }
}
