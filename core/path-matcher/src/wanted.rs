//! What a match of a word is worth at most, without the matcher, which takes its time.
//!
//! The matcher's score is known from its `score.rs`: something for each letter, more where a part of a path or a word
//! begins and next to a letter that has more, and less for a gap. What is worked out here is never less. Files share
//! their folders, so that it is worked out once for each folder how much of a word is found in there, and for each name
//! from what is known of its letters.

use crate::letters::{self, Letters, Needed, PART};

/// What each letter gives.
const MATCH: u32 = 16;
/// What it gives beside that at least, next to the one before.
const NEXT: u32 = 4;
/// Letters of a word at most for which bounds are worked out: that takes as long as the word times the path, and the matcher
/// itself gives up being exact at some length.
pub(crate) const MAX_LETTERS: usize = 64;

/// What is taken for a gap, and for each letter by which it is longer than one.
const GAP: u32 = 3;
const LONGER: u32 = 1;

/// A word that is searched.
#[derive(Debug)]
pub(crate) struct Wanted {
    letters: Vec<Letter>,
    /// What a text must have for those from each on, and for none.
    rest: Vec<Needed>,
}

#[derive(Debug)]
struct Letter {
    /// As it is in a text of small letters; 0 if it is none of ASCII.
    byte: u8,
    bit: u64,
    /// It, behind the one before.
    pair: usize,
}

/// How much of a word is found in a text, as in the folder of a path with its slash.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    /// For each letter of the word, what those up to it are worth. As many as are found.
    upto: Vec<Place>,
    /// What the whole word is worth in there. 0: it isn't.
    whole: u32,
}

/// What the letters up to one are worth, if that letter stands where it stood last, or stood before. 0: nowhere.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// Where it stood last, from 1.
    at: u32,
    /// What they are worth there.
    here: u32,
    /// What it gives to one that follows at once.
    chain: u32,
    /// What they are worth with it before that, and a gap as long as to the place 0: so it is compared with others
    /// without a look at where they were. Less as many as the next letter's place.
    before: u32,
}

/// The best up to the last letter of a name that was looked for.
#[derive(Clone, Copy, Default)]
struct Last {
    /// 0: it isn't there.
    worth: u32,
    chain: u32,
}

impl Wanted {
    /// A word as the matcher looks for it.
    pub(crate) fn new(word: impl Iterator<Item = char>) -> Self {
        let mut before = 0;
        let letter = |letter: char| {
            let byte = u8::try_from(letter).ok().filter(u8::is_ascii).unwrap_or(0);
            let known = Letter {
                byte,
                // Only texts that may stand for any have others.
                bit: if byte == 0 { u64::MAX } else { letters::bit(byte) },
                pair: letters::pair(before, byte),
            };
            before = byte;
            known
        };
        let letters: Vec<_> = word.map(letter).collect();
        let mut rest = vec![Needed::default(); letters.len() + 1];
        for (number, letter) in letters.iter().enumerate().rev() {
            rest[number] = rest[number + 1].and_one(letter.bit);
        }
        Self { letters, rest }
    }

    /// How many letters it has.
    pub(crate) fn len(&self) -> usize {
        self.letters.len()
    }

    /// The keys of its letters, and of each with the one before, in rows.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (usize, usize)> {
        let keys = |letter: &Letter| (letters::place(letter.byte), letter.pair);
        self.letters.iter().map(keys)
    }

    /// Which letters a text must have.
    pub(crate) fn mask(&self) -> u64 {
        self.needed().any
    }

    /// What a text must have.
    pub(crate) fn needed(&self) -> Needed {
        self.rest[0]
    }

    /// What a name must have behind a folder.
    pub(crate) fn needed_behind(&self, folder: &Reached) -> Needed {
        self.rest[folder.upto.len()]
    }

    /// Whether a text, which is ASCII, has all letters in their order.
    #[inline]
    pub(crate) fn is_in(&self, text: &str) -> bool {
        has_in_order(&self.letters, text)
    }

    /// The same of a name behind a folder.
    #[inline]
    pub(crate) fn is_in_behind(&self, folder: &Reached, name: &str) -> bool {
        has_in_order(&self.letters[folder.upto.len()..], name)
    }

    /// What a match is worth at most, whatever the text is.
    pub(crate) fn at_most(&self) -> u32 {
        let letters = u32::try_from(self.letters.len()).unwrap_or(u32::MAX);
        let first = if letters > 0 { PART } else { 0 };
        letters.saturating_mul(MATCH + PART).saturating_add(first)
    }

    /// Looks for it in a path or a part of one, which is ASCII; how much is found in so many bytes of it is known.
    pub(crate) fn reach(&self, text: &str, known: usize, reached: &mut Reached) {
        let (bytes, mask) = (text.as_bytes(), self.mask());
        let mut before = known.checked_sub(1).map_or(b'/', |last| bytes[last]);
        let mut at = u32::try_from(known).unwrap_or(u32::MAX);
        for &byte in &bytes[known..] {
            at = at.saturating_add(1);
            if letters::bit(byte) & mask != 0 {
                let own = letters::bonus(before, byte);
                self.take(byte.to_ascii_lowercase(), own, at, reached);
            }
            before = byte;
        }
    }

    /// Takes a letter at its place, which gives this by itself.
    fn take(&self, byte: u8, own: u32, at: u32, reached: &mut Reached) {
        // Backwards: each letter follows what the one before it was up to now.
        for number in (0..=reached.upto.len()).rev() {
            if self.letters.get(number).is_none_or(|letter| letter.byte != byte) {
                continue;
            }
            let Last { worth, chain } = match number.checked_sub(1) {
                Some(last) => reached.upto[last].followed_at(own, at),
                None => first(own),
            };
            let Some(upto) = reached.upto.get_mut(number) else {
                let before = 0;
                reached.upto.push(Place {
                    at,
                    here: worth,
                    chain,
                    before,
                });
                continue;
            };
            upto.leave(at + 1);
            (upto.at, upto.here, upto.chain) = (at, worth, chain);
        }
        if reached.upto.len() == self.letters.len()
            && let Some(upto) = reached.upto.last()
        {
            reached.whole = reached.whole.max(upto.here);
        }
    }

    /// What a match is worth at most in a path: a folder of so many bytes, and in it a name with these letters, in which
    /// the word is not looked for by itself if it isn't `in_name`. `None`: there is none.
    pub(crate) fn at_most_behind(
        &self,
        folder: &Reached,
        bytes: u32,
        name: Letters<'_>,
        in_name: bool,
    ) -> Option<u32> {
        let mut last = Last::default();
        for (number, letter) in self.letters.iter().enumerate() {
            let mut here = Last::default();
            if name.any & letter.bit != 0 {
                let own = name.bonus(letter.bit);
                here = match number.checked_sub(1) {
                    None if in_name => first(own),
                    None => here,
                    Some(before) => {
                        if last.worth > 0 {
                            here = last.next(letter, name);
                        }
                        match folder.upto.get(before) {
                            Some(upto) => here.or(upto.followed_at(own, bytes + 1)),
                            None => here,
                        }
                    }
                };
            }
            if here.worth == 0 && folder.upto.len() <= number {
                last = here;
                break;
            }
            last = here;
        }
        Some(folder.whole.max(last.worth)).filter(|worth| *worth > 0)
    }
}

impl Clone for Reached {
    fn clone(&self) -> Self {
        Self {
            upto: self.upto.clone(),
            whole: self.whole,
        }
    }

    /// Keeps the room it has.
    fn clone_from(&mut self, other: &Self) {
        self.upto.clone_from(&other.upto);
        self.whole = other.whole;
    }
}

impl Reached {
    /// Nothing is found.
    pub(crate) fn clear(&mut self) {
        self.upto.clear();
        self.whole = 0;
    }

    /// What the whole word is worth at most, if it is there.
    pub(crate) fn whole(&self) -> Option<u32> {
        Some(self.whole).filter(|worth| *worth > 0)
    }
}

/// Whether a text has these letters in their order.
#[inline]
fn has_in_order(letters: &[Letter], text: &str) -> bool {
    let mut letters = letters.iter();
    let mut next = letters.next();
    for byte in text.bytes() {
        match next {
            Some(letter) if letter.byte == byte.to_ascii_lowercase() => next = letters.next(),
            Some(_) => {}
            None => return true,
        }
    }
    next.is_none()
}

/// What the first letter of a word is worth.
fn first(own: u32) -> Last {
    Last {
        worth: MATCH + 2 * own,
        chain: own,
    }
}

impl Place {
    /// Notes what it is worth after a gap, unless the next place is at once.
    fn leave(&mut self, next: u32) {
        if self.at + 1 < next {
            self.before = self.before.max(self.here + self.at + 2 * LONGER - GAP);
        }
    }

    /// What it is worth with the next letter of the word at this place, which gives this by itself, and behind all places
    /// where it stood.
    fn followed_at(mut self, own: u32, at: u32) -> Last {
        self.leave(at);
        self.followed(own, at)
    }

    fn followed(&self, own: u32, at: u32) -> Last {
        let mut best = Last::default();
        if self.before > 0 {
            best.worth = self.before.saturating_sub(at * LONGER) + MATCH + own;
            best.chain = own;
        }
        if self.at + 1 == at {
            let chain = self.chain.max(own).max(NEXT);
            best = best.or(Last {
                worth: self.here + MATCH + chain,
                chain,
            });
        }
        best
    }
}

impl Last {
    /// What the next letter makes of it in a name.
    #[inline]
    fn next(self, letter: &Letter, name: Letters<'_>) -> Self {
        let own = name.later_bonus(letter.bit);
        if name.inner.has(letter.pair) {
            // Never worse than a gap.
            let chain = self.chain.max(own).max(NEXT);
            let worth = self.worth + MATCH + chain;
            Self { worth, chain }
        } else {
            let worth = self.worth - GAP + MATCH + own;
            Self { worth, chain: own }
        }
    }

    /// The better of both in all respects.
    fn or(self, other: Self) -> Self {
        Self {
            worth: self.worth.max(other.worth),
            chain: self.chain.max(other.chain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letters::Known;

    fn in_path(word: &str, folder: &str, name: &str) -> Option<u32> {
        let wanted = Wanted::new(word.chars());
        let mut reached = Reached::default();
        wanted.reach(folder, 0, &mut reached);
        let known = Known::of(name);
        wanted.at_most_behind(
            &reached,
            u32::try_from(folder.len()).expect("short"),
            known.letters(),
            true,
        )
    }

    #[test]
    fn what_is_next_to_each_other_or_begins_something_is_worth_more() {
        for (name, worth) in [
            ("session", 34 + 25),
            ("a_session", 32 + 24),
            ("mySession", 26 + 21),
            ("house", 16 + 20),
            ("smile", 34 + 13),
        ] {
            assert_eq!(in_path("se", "", name), Some(worth), "{name}");
            let folder = format!("{name}/");
            // A folder is read, so that the gap is counted.
            let longer = if name == "smile" { 2 } else { 0 };
            assert_eq!(in_path("se", &folder, "x"), Some(worth - longer), "{name}");
        }
        assert_eq!(in_path("se", "", "sxx"), None);
        assert_eq!(Wanted::new("se".chars()).at_most(), 34 + 25);
    }

    #[test]
    fn a_word_is_found_across_a_folder_and_a_name() {
        // The gap is three letters long.
        assert_eq!(in_path("sm", "src/", "main"), Some(34 - 5 + 16 + 9));
        assert_eq!(in_path("c/m", "src/", "main"), Some(16 + 20 + 25));
        assert_eq!(in_path("sz", "src/", "main"), None);
        assert_eq!(in_path("src", "src/", "rc"), Some(34 + 25 + 25));
    }
}
