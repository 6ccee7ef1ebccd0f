//! What the paths of a block are worth at most, worked out for many of them at once from which letters they have, and where.
//!
//! What a path is worth at most is what the query is worth at best, less what it loses: see [`chain`](crate::chain). The
//! rules are those of [`wanted`](crate::wanted), but for gaps, of which only one letter is counted.

use crate::chain::{Chain, DIGITS, Digits, OfLetter};
use crate::lanes::{Lanes, lanes, lanes_mut};
use crate::rows::LetterRows;
use crate::wanted::Wanted;

/// The greatest loss that is told apart; greater ones count as this.
pub(crate) const MOST: u32 = (1 << DIGITS) - 1;

/// What the paths of a block lose.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    /// Of each digit, the lowest first, a row.
    digits: [Vec<u64>; DIGITS],
}

impl Losses {
    /// What these paths lose. `has_parts`: each text has several parts, not only the first letter begins one.
    pub(crate) fn of(words: &[Wanted], rows: &LetterRows, has_parts: bool, paths: &[u64]) -> Self {
        let of_word = |word: &Wanted| {
            let letters = word
                .keys()
                .map(|(letter, pair)| OfLetter::new(rows, letter, pair));
            letters.collect::<Vec<_>>()
        };
        let words: Vec<_> = words.iter().map(of_word).collect();
        let mut losses = Self::unknown(paths.len());
        for (at, paths) in lanes(paths).iter().enumerate() {
            if !Lanes(*paths).are_none() {
                let lost = words
                    .iter()
                    .fold(Digits::NONE, |lost, word| lose(word, has_parts, at, lost));
                losses.set(at, lost);
            }
        }
        losses
    }

    /// What the paths of some lanes lose.
    #[inline]
    pub(crate) fn set(&mut self, at: usize, lost: Digits) {
        for (row, digit) in self.digits.iter_mut().zip(lost.0) {
            lanes_mut(row)[at] = digit.0;
        }
    }

    /// Nothing is known of so many words of paths: they may be worth all.
    pub(crate) fn unknown(words: usize) -> Self {
        Self {
            digits: [(); DIGITS].map(|()| vec![0; words]),
        }
    }

    /// Those of the paths of some lanes that lose just this.
    #[inline]
    pub(crate) fn that_lose(&self, loss: u32, at: usize) -> Lanes {
        let digits = self.digits_at(at).zip(0..);
        digits.fold(Lanes::ALL, |some, (digit, place)| {
            some & if loss >> place & 1 == 1 { digit } else { !digit }
        })
    }

    /// Those of the paths of some lanes that lose no more than this.
    #[inline]
    pub(crate) fn that_lose_at_most(&self, loss: u32, at: usize) -> Lanes {
        // From the lowest digit on: a lower one that is higher doesn't matter where a higher one is lower.
        let digits = self.digits_at(at).zip(0..);
        digits.fold(Lanes::ALL, |fit, (digit, place)| {
            if loss >> place & 1 == 1 {
                fit | !digit
            } else {
                fit & !digit
            }
        })
    }

    /// What any of these paths lose: a bit for each.
    pub(crate) fn all(&self, paths: &[u64], room: &mut Vec<u64>) -> u64 {
        let mut all = 0;
        room.resize(paths.len() * DIGITS, 0);
        collect(&self.digits, paths, 0, &mut all, room);
        all
    }

    #[inline]
    fn digits_at(&self, at: usize) -> impl Iterator<Item = Lanes> {
        self.digits.iter().map(move |row| Lanes(lanes(row)[at]))
    }
}

/// Notes what these paths lose whose higher digits are `loss`. `room`: for a row of each digit.
fn collect(digits: &[Vec<u64>], paths: &[u64], loss: u32, all: &mut u64, room: &mut [u64]) {
    if paths.iter().fold(0, |any, paths| any | paths) == 0 {
        return;
    }
    let Some((row, lower)) = digits.split_last() else {
        *all |= 1 << loss;
        return;
    };
    let (some, room) = room.split_at_mut(paths.len());
    for ((some, paths), digit) in some.iter_mut().zip(paths).zip(row) {
        *some = paths & digit;
    }
    collect(lower, some, loss << 1 | 1, all, room);
    some.iter_mut()
        .zip(paths)
        .for_each(|(some, paths)| *some ^= paths);
    collect(lower, some, loss << 1, all, room);
}

/// Adds what paths lose for a word.
#[inline]
fn lose(letters: &[OfLetter<'_>], has_parts: bool, at: usize, mut lost: Digits) -> Digits {
    let Some((first, later)) = letters.split_first() else {
        return lost;
    };
    let (mut chain, of_first) = Chain::begin(&first.at(at, true));
    lost = lost.and(of_first);
    for letter in later {
        lost = lost.and(chain.go_on(&letter.at(at, has_parts)));
    }
    lost
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::ChunkBuilder;

    #[test]
    fn letters_lose_more_the_less_they_begin_and_behind_gaps() {
        let names = [
            ("session", 0),
            ("a_session", 2 + 1),
            ("mySession", 8 + 4),
            ("house", 18 + 5),
            ("smile", 12),
            ("s_e", 4),
        ];
        let mut chunk = ChunkBuilder::default();
        for (name, _) in names {
            chunk.push(name, false);
        }
        let chunk = chunk.finish();
        let losses = Losses::of(&[Wanted::new("se".chars())], chunk.names(), false, &chunk.all());
        let mut all = 0;
        for (at, (name, loss)) in names.into_iter().enumerate() {
            let is_in = |paths: Lanes| paths.0[0] >> at & 1 == 1;
            assert!(is_in(losses.that_lose(loss, 0)), "{name}");
            assert!(is_in(losses.that_lose_at_most(loss, 0)), "{name}");
            let less = loss.saturating_sub(1);
            assert_eq!(is_in(losses.that_lose_at_most(less, 0)), loss == 0, "{name}");
            all |= 1 << loss;
        }
        assert_eq!(losses.all(&chunk.all(), &mut Vec::new()), all);
        // Sixty letters lose more than is told apart.
        let word = "e".repeat(60);
        let losses = Losses::of(&[Wanted::new(word.chars())], chunk.names(), false, &[1, 0]);
        assert_eq!(losses.all(&[1, 0], &mut Vec::new()), 1 << MOST);
    }
}
