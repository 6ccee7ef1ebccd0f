//! What is known of the paths of a block, turned about: for each letter one row, with a bit for each path. So 64 paths are
//! decided at once, and little memory is read.

use crate::letters::{Letters, PAIRS};

/// Paths of one word of a row.
pub(crate) const IN_WORD: usize = u64::BITS as usize;

/// A row of bits for each of some keys, which are numbers below `KEYS`.
#[derive(Debug)]
pub(crate) struct Rows<const KEYS: usize> {
    /// Which row is that of each key. The first has no bits, for those that no path has.
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

/// Some paths next to each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    pub(crate) at: usize,
    pub(crate) count: usize,
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
        let width = paths.div_ceil(IN_WORD);
        Self {
            of_keys,
            width,
            words: vec![0; (usize::from(count) + 1) * width],
        }
    }

    /// These paths have these keys, for which there are rows.
    pub(crate) fn set(&mut self, keys: impl IntoIterator<Item = usize, IntoIter: Clone>, paths: Range) {
        let keys = keys.into_iter();
        let (mut from, end) = (paths.at, paths.at + paths.count);
        while from < end {
            let (word, first) = (from / IN_WORD, from % IN_WORD);
            let some = (end - from).min(IN_WORD - first);
            let bits = u64::MAX >> (IN_WORD - some) << first;
            for key in keys.clone() {
                let row = usize::from(self.of_keys[key]);
                self.words[row * self.width + word] |= bits;
            }
            from += some;
        }
    }

    /// The path of this bit of a word has this key, for which there is a row.
    #[inline]
    pub(crate) fn set_one(&mut self, key: usize, word: usize, bit: u64) {
        let row = usize::from(self.of_keys[key]);
        self.words[row * self.width + word] |= bit;
    }

    /// Paths have these keys as well. There are rows for all of them here.
    pub(crate) fn join(&mut self, other: &Self) {
        for key in 0..KEYS {
            let (row, from) = (usize::from(self.of_keys[key]), other.row(key));
            if row > 0 {
                let row = &mut self.words[row * self.width..][..self.width];
                row.iter_mut().zip(from).for_each(|(row, from)| *row |= from);
            }
        }
    }

    /// Which paths have this key.
    #[inline]
    pub(crate) fn row(&self, key: usize) -> &[u64] {
        let start = self
            .of_keys
            .get(key)
            .map_or(0, |row| usize::from(*row) * self.width);
        &self.words[start..start + self.width]
    }
}

impl Rows<64> {
    /// Takes those away that don't have all keys of these bits.
    pub(crate) fn retain(&self, keys: u64, paths: &mut [u64]) {
        for row in ones(keys).map(|key| self.row(key)) {
            paths.iter_mut().zip(row).for_each(|(paths, row)| *paths &= row);
        }
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

    /// These paths have these letters, but for the pairs of them.
    pub(crate) fn set(&mut self, letters: Letters<'_>, paths: Range) {
        self.any.set(ones(letters.any), paths);
        self.parts.set(ones(letters.first), paths);
        self.words.set(ones(letters.inner.words), paths);
        self.humps.set(ones(letters.inner.humps), paths);
    }

    /// The same of one path.
    pub(crate) fn set_one(&mut self, letters: Letters<'_>, word: usize, bit: u64) {
        ones(letters.any).for_each(|key| self.any.set_one(key, word, bit));
        ones(letters.first).for_each(|key| self.parts.set_one(key, word, bit));
        ones(letters.inner.words).for_each(|key| self.words.set_one(key, word, bit));
        ones(letters.inner.humps).for_each(|key| self.humps.set_one(key, word, bit));
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

/// Gives the words of a row that 64 bits from a place on are in, and which bits these are of each.
#[inline]
pub(crate) fn each_word(at: usize, bits: u64, mut take: impl FnMut(usize, u64)) {
    let (word, shift) = (at / IN_WORD, at % IN_WORD);
    take(word, bits << shift);
    if shift > 0 {
        take(word + 1, bits >> (IN_WORD - shift));
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
        rows.set([1], Range { at: 60, count: 70 });
        rows.set([3], Range { at: 129, count: 1 });
        assert_eq!(rows.among(0b0010, 58, u64::MAX), u64::MAX << 2);
        assert_eq!(rows.among(0b0010, 128, u64::MAX), 0b11);
        assert_eq!(rows.among(0b1010, 128, u64::MAX), 0b10);
        assert_eq!(rows.among(0b0100, 0, u64::MAX), 0);
        let mut paths = vec![u64::MAX; 4];
        rows.retain(0b1010, &mut paths);
        assert_eq!(paths, [0, 0, 0b10, 0]);
        assert_eq!(ones(0b1001).collect::<Vec<_>>(), [0, 3]);
    }
}
