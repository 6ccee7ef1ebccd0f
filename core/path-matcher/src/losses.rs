//! What the paths of a block are worth at most, worked out for 64 of them at once from which letters they have, and where.
//!
//! What a path is worth at most is what the query is worth at best, less what it loses. Of each path it is known how much
//! that is, in binary, and what the letter before gives to one that follows at once, as one of three, or less: each digit
//! and each of the three is a word, with a bit for each path. The rules are those of [`wanted`](crate::wanted), but for gaps, of
//! which only one letter is counted.

use crate::rows::{LetterRows, Row};
use crate::wanted::Wanted;

/// Binary digits of a loss.
const DIGITS: usize = 6;
/// The greatest loss that is told apart; greater ones count as this.
pub(crate) const MOST: u32 = (1 << DIGITS) - 1;

/// What the paths of a block lose.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    /// Of each digit, the lowest first, a row.
    digits: [Vec<u64>; DIGITS],
}

/// Which of the paths of a word have a letter where it gives how much, and behind the letter before.
struct Stands {
    part: u64,
    word: u64,
    hump: u64,
    next: u64,
}

/// Which of the paths of a word have come to what the last letter gives to one that follows at once.
#[derive(Default)]
struct Chain {
    part: u64,
    word: u64,
    hump: u64,
}

/// The rows of one letter.
struct OfLetter<'a> {
    parts: Row<'a>,
    words: Row<'a>,
    humps: Row<'a>,
    pairs: Row<'a>,
}

impl Losses {
    /// What these paths lose. `has_parts`: each text has several parts, not only the first letter begins one.
    pub(crate) fn of(words: &[Wanted], rows: &LetterRows, has_parts: bool, paths: &[u64]) -> Self {
        let of_words: Vec<Vec<OfLetter<'_>>> = words
            .iter()
            .map(|word| {
                let keys = word.keys();
                keys.map(|(letter, pair)| OfLetter {
                    parts: rows.parts.row(letter),
                    words: rows.words.row(letter),
                    humps: rows.humps.row(letter),
                    pairs: rows.pairs.row(pair),
                })
                .collect()
            })
            .collect();
        let mut losses = Self::unknown(paths.len());
        for (at, _) in paths.iter().enumerate().filter(|(_, paths)| **paths != 0) {
            let mut digits = [0; DIGITS];
            for letters in &of_words {
                lose(letters, has_parts, at, &mut digits);
            }
            for (row, digit) in losses.digits.iter_mut().zip(digits) {
                row[at] = digit;
            }
        }
        losses
    }

    /// Nothing is known of so many words of paths: they may be worth all.
    pub(crate) fn unknown(words: usize) -> Self {
        Self {
            digits: [(); DIGITS].map(|()| vec![0; words]),
        }
    }

    /// Those of the paths of a word that lose just this.
    #[inline]
    pub(crate) fn that_lose(&self, loss: u32, word: usize) -> u64 {
        let digits = self.digits.iter().zip(0..);
        digits.fold(u64::MAX, |some, (row, place)| {
            some & if loss >> place & 1 == 1 {
                row[word]
            } else {
                !row[word]
            }
        })
    }

    /// Those of the paths of a word that lose no more than this.
    #[inline]
    pub(crate) fn that_lose_at_most(&self, loss: u32, word: usize) -> u64 {
        let (mut less, mut same) = (0, u64::MAX);
        for (place, row) in self.digits.iter().enumerate().rev() {
            if loss >> place & 1 == 1 {
                less |= same & !row[word];
                same &= row[word];
            } else {
                same &= !row[word];
            }
        }
        less | same
    }

    /// What any of these paths lose: a bit for each.
    pub(crate) fn all(&self, paths: &[u64]) -> u64 {
        let mut all = 0;
        let mut room = vec![0; paths.len() * DIGITS];
        collect(&self.digits, paths, 0, &mut all, &mut room);
        all
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
fn lose(letters: &[OfLetter<'_>], has_parts: bool, at: usize, digits: &mut [u64; DIGITS]) {
    let Some((first, later)) = letters.split_first() else {
        return;
    };
    let mut chain = Chain::default();
    let of_first = chain.begin(&first.at(at, true));
    add(digits, of_first);
    for letter in later {
        let of_letter = chain.go_on(&letter.at(at, has_parts));
        add(digits, of_letter);
    }
}

impl OfLetter<'_> {
    /// Those of one word, each path in one place only.
    #[inline]
    fn at(&self, word: usize, parts: bool) -> Stands {
        let part = if parts { self.parts.at(word) } else { 0 };
        let begins_word = self.words.at(word) & !part;
        Stands {
            part,
            word: begins_word,
            hump: self.humps.at(word) & !part & !begins_word,
            next: self.pairs.at(word),
        }
    }
}

impl Chain {
    /// Gives the digits of what is lost with the first letter, which is worth twice what it gives: 0, 2, 8 or 18.
    #[inline]
    fn begin(&mut self, letter: &Stands) -> [u64; 5] {
        let none = !(letter.part | letter.word | letter.hump);
        *self = Self {
            part: letter.part,
            word: letter.word,
            hump: letter.hump,
        };
        [0, letter.word | none, 0, letter.hump, none]
    }

    /// The same with another letter. Next to the one before, it gives as much as that or 4 at least. What is lost, by what it
    /// gives then:
    ///
    /// | | as a part | as a word | as a hump | less |
    /// |---|---|---|---|---|
    /// | next to it | 0 | 1 | 4 | 5 |
    /// | behind a gap | 3 | 4 | 7 | 12 |
    #[inline]
    fn go_on(&mut self, letter: &Stands) -> [u64; 5] {
        let (next, gap) = (letter.next, !letter.next);
        let part = next & self.part | letter.part;
        let word = (next & self.word | letter.word) & !part;
        let hump = (next & self.hump | letter.hump) & !part & !word;
        let less = !(part | word | hump);
        let (least, none) = (less & next, less & gap);
        *self = Self { part, word, hump };
        [
            next & word | least | gap & (part | hump),
            gap & (part | hump),
            next & hump | least | gap & (word | hump) | none,
            none,
            0,
        ]
    }
}

/// Adds to losses. What is too great stays the greatest.
#[inline]
fn add(digits: &mut [u64; DIGITS], more: [u64; 5]) {
    let mut carry = 0;
    for (place, digit) in digits.iter_mut().enumerate() {
        let more = more.get(place).copied().unwrap_or(0);
        let sum = *digit ^ more ^ carry;
        carry = *digit & more | carry & (*digit | more);
        *digit = sum;
    }
    for digit in digits {
        *digit |= carry;
    }
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
            assert_eq!(losses.that_lose(loss, 0) >> at & 1, 1, "{name}");
            assert_eq!(losses.that_lose_at_most(loss, 0) >> at & 1, 1, "{name}");
            assert_eq!(
                losses.that_lose_at_most(loss.saturating_sub(1), 0) >> at & 1,
                u64::from(loss == 0),
                "{name}"
            );
            all |= 1 << loss;
        }
        assert_eq!(losses.all(&chunk.all()), all);
        // Sixty letters lose more than is told apart.
        let word = "e".repeat(60);
        let losses = Losses::of(&[Wanted::new(word.chars())], chunk.names(), false, &[1]);
        assert_eq!(losses.all(&[1]), 1 << MOST);
    }
}
