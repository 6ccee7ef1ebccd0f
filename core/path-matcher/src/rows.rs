//! What is known of the paths of a block, turned about: for each letter one row, with a bit for each path. So 64 paths are
//! decided at once, and little memory is read.

use crate::lanes::LANES;
use crate::letters::{Letters, PAIRS};

/// Paths of one word of a row.
pub(crate) const IN_WORD: usize = u64::BITS as usize;

/// A row of bits for each of some keys, which are numbers below `KEYS`.
#[derive(Debug)]
pub(crate) struct Rows<const KEYS: usize> {
    /// Which row is that of each key. The first is that of keys that no path is known to have.
    of_keys: [u16; KEYS],
    /// Words of a row.
    width: usize,
    words: Vec<u64>,
}

/// Which letters texts have, and where.
#[derive(Debug)]
pub(crate) struct LetterRows {
    pub(crate) any: Rows<64>,
    /// Those that begin a part of a path.
    pub(crate) parts: Rows<64>,
    /// Those that begin a word, or stand between two.
    pub(crate) words: Rows<64>,
    /// Those that begin something within a word.
    pub(crate) humps: Rows<64>,
    pub(crate) pairs: Rows<PAIRS>,
}

impl<const KEYS: usize> Rows<KEYS> {
    /// Rows for these keys, for so many paths.
    pub(crate) fn new(keys: impl Iterator<Item = usize>, paths: usize) -> Self {
        let (mut of_keys, mut count) = ([0; KEYS], 0);
        for key in keys {
            if let Some(row @ 0) = of_keys.get_mut(key) {
                count += 1;
                *row = count;
            }
        }
        let width = words_of(paths);
        Self {
            of_keys,
            width,
            words: vec![0; (usize::from(count) + 1) * width],
        }
    }

    /// The paths of these bits of a word have this key, for which there is a row.
    #[inline]
    pub(crate) fn set_some(&mut self, key: usize, word: usize, bits: u64) {
        let row = usize::from(self.of_keys[key]);
        debug_assert!(row > 0, "there is no row for {key}");
        self.words[row * self.width + word] |= bits;
    }

    /// The paths of these bits of a word may have any key.
    pub(crate) fn set_any(&mut self, word: usize, bits: u64) {
        let words = self.words.iter_mut().skip(word).step_by(self.width);
        words.for_each(|words| *words |= bits);
    }

    /// Paths have these keys as well. There are rows for all of them here.
    pub(crate) fn join(&mut self, other: &Self) {
        let Some((none, rows)) = self.words.split_at_mut_checked(self.width) else {
            return;
        };
        join(none, &other.words[..self.width]);
        for (key, row) in self.of_keys.iter().enumerate() {
            if let Some(at) = usize::from(*row).checked_sub(1) {
                join(&mut rows[at * self.width..][..self.width], other.row(key));
            }
        }
    }

    /// Which paths have this key.
    #[inline]
    pub(crate) fn row(&self, key: usize) -> &[u64] {
        let row = self.of_keys.get(key).copied().unwrap_or(0);
        &self.words[usize::from(row) * self.width..][..self.width]
    }
}

impl Rows<64> {
    /// Takes those away that don't have all keys of these bits.
    pub(crate) fn retain(&self, keys: u64, paths: &mut [u64]) {
        ones(keys).for_each(|key| retain(self.row(key), paths));
    }

    /// Of so many paths from one on, those that have all keys of these bits, or of these `bits`.
    #[inline]
    pub(crate) fn among(&self, keys: u64, at: usize, mut bits: u64) -> u64 {
        for key in ones(keys) {
            if bits == 0 {
                break;
            }
            bits &= across(self.row(key), at);
        }
        bits
    }
}

impl LetterRows {
    /// Rows for all of these letters and pairs of letters, for so many paths.
    pub(crate) fn new(letters: Letters<'_>, pairs: impl Iterator<Item = usize>, paths: usize) -> Self {
        Self {
            any: Rows::new(ones(letters.any), paths),
            parts: Rows::new(ones(letters.first), paths),
            words: Rows::new(ones(letters.inner.words), paths),
            humps: Rows::new(ones(letters.inner.humps), paths),
            pairs: Rows::new(pairs, paths),
        }
    }

    /// The paths of these bits of a word have these letters and pairs of letters, for which there are rows.
    pub(crate) fn set(
        &mut self,
        letters: Letters<'_>,
        pairs: impl Iterator<Item = usize>,
        word: usize,
        bits: u64,
    ) {
        if letters.are_unknown() {
            for rows in [&mut self.any, &mut self.parts, &mut self.words, &mut self.humps] {
                rows.set_any(word, bits);
            }
            self.pairs.set_any(word, bits);
            return;
        }
        ones(letters.any).for_each(|key| self.any.set_some(key, word, bits));
        ones(letters.first).for_each(|key| self.parts.set_some(key, word, bits));
        ones(letters.inner.words).for_each(|key| self.words.set_some(key, word, bits));
        ones(letters.inner.humps).for_each(|key| self.humps.set_some(key, word, bits));
        pairs.for_each(|pair| self.pairs.set_some(pair, word, bits));
    }

    /// Paths have these as well.
    pub(crate) fn join(&mut self, other: &Self) {
        self.any.join(&other.any);
        self.parts.join(&other.parts);
        self.words.join(&other.words);
        self.humps.join(&other.humps);
        self.pairs.join(&other.pairs);
    }
}

/// Words of a row for so many paths.
pub(crate) fn words_of(paths: usize) -> usize {
    paths.div_ceil(IN_WORD).next_multiple_of(LANES)
}

/// Takes paths away that are not in a row.
pub(crate) fn retain(row: &[u64], paths: &mut [u64]) {
    paths.iter_mut().zip(row).for_each(|(paths, row)| *paths &= row);
}

fn join(row: &mut [u64], more: &[u64]) {
    row.iter_mut().zip(more).for_each(|(row, more)| *row |= more);
}

/// The 64 bits from a place on.
#[inline]
pub(crate) fn across(row: &[u64], at: usize) -> u64 {
    let (word, shift) = (at / IN_WORD, at % IN_WORD);
    let low = row.get(word).map_or(0, |word| word >> shift);
    match row.get(word + 1) {
        Some(next) if shift > 0 => low | next << (IN_WORD - shift),
        _ => low,
    }
}

/// Gives the words of a row that these bits from a place on are in, and which bits they are of each.
#[inline]
pub(crate) fn each_word(at: usize, bits: u64, mut take: impl FnMut(usize, u64)) {
    let (word, shift) = (at / IN_WORD, at % IN_WORD);
    take(word, bits << shift);
    let behind = if shift > 0 { bits >> (IN_WORD - shift) } else { 0 };
    if behind != 0 {
        take(word + 1, behind);
    }
}

/// The places of the bits that are set, ascending.
#[inline]
pub(crate) fn ones(mut bits: u64) -> impl Iterator<Item = usize> + Clone {
    std::iter::from_fn(move || {
        let place = bits.trailing_zeros();
        (bits != 0).then(|| {
            bits &= bits - 1;
            place as usize
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_found_where_they_were_set_whatever_words_they_cross() {
        let mut rows: Rows<64> = Rows::new([1, 3].into_iter(), 200);
        let mut set = |key, at, bits| each_word(at, bits, |word, bits| rows.set_some(key, word, bits));
        set(1, 60, u64::MAX);
        set(1, 124, 0b11_1111);
        set(3, 129, 1);
        assert_eq!(across(rows.row(1), 58), u64::MAX << 2);
        assert_eq!((across(rows.row(1), 128), across(rows.row(3), 128)), (0b11, 0b10));
        assert_eq!(rows.row(0), [0; 4]);
        rows.set_any(3, 1 << 5);
        assert_eq!([0, 1, 3].map(|key| across(rows.row(key), 190)), [1 << 7; 3]);
        let mut paths = vec![u64::MAX; 4];
        rows.retain(0b1010, &mut paths);
        assert_eq!(paths, [0, 0, 0b10, 1 << 5]);
        assert_eq!(ones(0b1001).collect::<Vec<_>>(), [0, 3]);
    }
}
