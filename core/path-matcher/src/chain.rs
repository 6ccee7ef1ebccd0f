//! What a letter makes a match lose of what it is worth at best, for many texts at once.
//!
//! Of each text it is known how much is lost, in binary, and what the letter before gives to one that follows at once, as
//! one of three, or less: each digit and each of the three is a row, with a bit for each text.

use crate::lanes::{LANES, Lanes, lanes};
use crate::rows::LetterRows;

/// Binary digits of a loss.
pub(crate) const DIGITS: usize = 6;

/// What some texts lose: digits, the lowest first. What is too great stays the greatest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digits(pub(crate) [Lanes; DIGITS]);

/// Which of some texts have a letter where it gives how much, and behind the letter before. Each has it in one place only.
pub(crate) struct Stands {
    part: Lanes,
    word: Lanes,
    hump: Lanes,
    next: Lanes,
}

/// Which of some texts have come to what the last letter gives to one that follows at once.
pub(crate) struct Chain {
    part: Lanes,
    word: Lanes,
    hump: Lanes,
}

/// The rows of one letter.
pub(crate) struct OfLetter<'a> {
    parts: &'a [[u64; LANES]],
    words: &'a [[u64; LANES]],
    humps: &'a [[u64; LANES]],
    pairs: &'a [[u64; LANES]],
}

impl<'a> OfLetter<'a> {
    /// Those of a letter, and of the pair that it is with the one before.
    pub(crate) fn new(rows: &'a LetterRows, letter: usize, pair: usize) -> Self {
        Self {
            parts: lanes(rows.parts.row(letter)),
            words: lanes(rows.words.row(letter)),
            humps: lanes(rows.humps.row(letter)),
            pairs: lanes(rows.pairs.row(pair)),
        }
    }

    /// Those of some lanes. `parts`: it may begin a part of a path.
    #[inline]
    pub(crate) fn at(&self, at: usize, parts: bool) -> Stands {
        let part = if parts { Lanes(self.parts[at]) } else { Lanes::NONE };
        let word = Lanes(self.words[at]) & !part;
        Stands {
            part,
            word,
            hump: Lanes(self.humps[at]) & !part & !word,
            next: Lanes(self.pairs[at]),
        }
    }
}

impl Chain {
    /// With the first letter, which is worth twice what it gives; and what is lost with it: 0, 2, 8 or 18.
    #[inline]
    pub(crate) fn begin(letter: &Stands) -> (Self, Digits) {
        let &Stands { part, word, hump, .. } = letter;
        let none = !(part | word | hump);
        let lost = [Lanes::NONE, word | none, Lanes::NONE, hump, none, Lanes::NONE];
        (Self { part, word, hump }, Digits(lost))
    }

    /// With another letter. Next to the one before, it gives as much as that or 4 at least. What is lost, by what it gives
    /// then:
    ///
    /// | | as a part | as a word | as a hump | less |
    /// |---|---|---|---|---|
    /// | next to it | 0 | 1 | 4 | 5 |
    /// | behind a gap | 3 | 4 | 7 | 12 |
    #[inline]
    pub(crate) fn go_on(&mut self, letter: &Stands) -> Digits {
        let (next, gap) = (letter.next, !letter.next);
        let part = next & self.part | letter.part;
        let word = (next & self.word | letter.word) & !part;
        let hump = (next & self.hump | letter.hump) & !part & !word;
        let less = !(part | word | hump);
        let (least, none) = (less & next, less & gap);
        *self = Self { part, word, hump };
        Digits([
            next & word | least | gap & (part | hump),
            gap & (part | hump),
            next & hump | least | gap & (word | hump) | none,
            none,
            Lanes::NONE,
            Lanes::NONE,
        ])
    }
}

impl Digits {
    /// Nothing.
    pub(crate) const NONE: Self = Self([Lanes::NONE; DIGITS]);

    /// Both together.
    #[inline]
    pub(crate) fn and(mut self, more: Self) -> Self {
        let mut carry = Lanes::NONE;
        for (digit, more) in self.0.iter_mut().zip(more.0) {
            let sum = *digit ^ more ^ carry;
            carry = *digit & more | carry & (*digit | more);
            *digit = sum;
        }
        Self(self.0.map(|digit| digit | carry))
    }
}
