//! Which letters a name has and where, in a few numbers: enough to say what a match in it is worth at most, without a look
//! at its text.

/// What a letter gives beside what each gives where a part of a path begins.
pub(crate) const PART: u32 = 9;
/// And where a word begins, or for a sign.
const WORD: u32 = 8;
/// And for a capital letter or a digit within a word.
const HUMP: u32 = 5;

/// What is known of the letters of a name. One with others than ASCII may stand for any: matching takes accents away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    /// The bits of all of them.
    pub(crate) any: u64,
    /// The bits of those that come more than once.
    pub(crate) twice: u64,
    /// The first.
    pub(crate) first: First,
    pub(crate) inner: Inner,
}

/// Letters that a name must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Needed {
    /// The bits of all of them.
    pub(crate) any: u64,
    /// The bits of those that it must have more than once.
    pub(crate) twice: u64,
}

impl Needed {
    /// What is needed of both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            any: self.any | other.any,
            twice: self.twice | other.twice,
        }
    }

    /// The same, and one of these letters more.
    pub(crate) fn and_one(self, letter: u64) -> Self {
        Self {
            any: self.any | letter,
            twice: self.twice | self.any & letter,
        }
    }
}

/// The bit of the letter that a name begins with, in little room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct First(u8);

/// The letters of a name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Letters<'a> {
    /// The bits of all of them.
    pub(crate) any: u64,
    /// The bit of the first.
    pub(crate) first: u64,
    pub(crate) inner: &'a Inner,
}

/// The letters of several names: what any of them has, all have.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Several {
    any: u64,
    first: u64,
    inner: Inner,
}

/// What is looked at last, and so kept elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Inner {
    /// Those that begin a word, or stand between two.
    pub(crate) words: u64,
    /// Those that begin something within a word.
    pub(crate) humps: u64,
    /// Which of them follow one another: the bits of [`pair`]s, in less room, as it is known of many texts together.
    pairs: [u64; 2],
}

impl Known {
    const ALL: Self = Self {
        any: u64::MAX,
        twice: u64::MAX,
        first: First(First::ANY),
        inner: Inner {
            words: u64::MAX,
            humps: u64::MAX,
            pairs: [u64::MAX; 2],
        },
    };

    /// Of the last part of a path.
    pub(crate) fn of(name: &str) -> Self {
        Self::with_pairs(name, |_| ())
    }

    /// The same; each [`pair`] of letters that follow one another is told, if the name is ASCII. The first follows a slash.
    pub(crate) fn with_pairs(name: &str, mut tell: impl FnMut(usize)) -> Self {
        if !name.is_ascii() {
            return Self::ALL;
        }
        let (mut any, mut twice, mut pairs) = (0, 0, [0; 2]);
        // By what they give.
        let mut given = [0; 10];
        let (mut kind, mut place) = (Kind::Slash, PLACES[usize::from(b'/')]);
        for byte in name.bytes() {
            let (next, at) = (KINDS[usize::from(byte)], PLACES[usize::from(byte)]);
            let bit = 1 << at;
            twice |= any & bit;
            any |= bit;
            given[BEGINS[kind as usize][next as usize] as usize] |= bit;
            let pair = pair_of_places(place, at);
            pairs[pair / 64 % 2] |= 1 << (pair % 64);
            tell(pair);
            (kind, place) = (next, at);
        }
        Self {
            any,
            twice,
            first: First::of(given[PART as usize]),
            inner: Inner {
                words: given[WORD as usize],
                humps: given[HUMP as usize],
                pairs,
            },
        }
    }

    pub(crate) fn letters(&self) -> Letters<'_> {
        Letters {
            any: self.any,
            first: self.first.bit(),
            inner: &self.inner,
        }
    }
}

impl First {
    const NONE: u8 = 64;
    const ANY: u8 = 65;

    /// Of a bit, or none.
    #[expect(clippy::cast_possible_truncation, reason = "there are 64 of them")]
    fn of(bit: u64) -> Self {
        Self(bit.trailing_zeros() as u8)
    }

    pub(crate) fn bit(self) -> u64 {
        match self.0 {
            Self::NONE => 0,
            Self::ANY => u64::MAX,
            place => 1 << place,
        }
    }
}

impl Several {
    pub(crate) fn add(&mut self, more: Letters<'_>) {
        self.any |= more.any;
        self.first |= more.first;
        self.inner.add(more.inner);
    }

    /// Of a folder as paths name it, up to its slash.
    pub(crate) fn of_folder(folder: &str) -> Self {
        let mut several = Self::default();
        for part in folder.split_inclusive('/') {
            several.add(Known::of(part).letters());
        }
        several
    }

    /// As of one name.
    #[inline]
    pub(crate) fn letters(&self) -> Letters<'_> {
        Letters {
            any: self.any,
            first: self.first,
            inner: &self.inner,
        }
    }
}

impl Letters<'_> {
    /// Any letter may be there, for there are others than ASCII.
    pub(crate) fn are_unknown(&self) -> bool {
        self.any == u64::MAX
    }

    /// What a letter gives at most for where it stands.
    #[inline]
    pub(crate) fn bonus(&self, letter: u64) -> u32 {
        if self.first & letter != 0 {
            PART
        } else {
            self.later_bonus(letter)
        }
    }

    /// The same of one that stands behind another one.
    #[inline]
    pub(crate) fn later_bonus(&self, letter: u64) -> u32 {
        if self.inner.words & letter != 0 {
            WORD
        } else if self.inner.humps & letter != 0 {
            HUMP
        } else {
            0
        }
    }
}

impl Inner {
    /// Adds those of another text.
    pub(crate) fn add(&mut self, more: &Self) {
        self.words |= more.words;
        self.humps |= more.humps;
        for (pairs, more) in self.pairs.iter_mut().zip(more.pairs) {
            *pairs |= more;
        }
    }

    /// Whether the letters of this [`pair`] may be next to each other.
    pub(crate) fn has(&self, pair: usize) -> bool {
        self.pairs[pair / 64 % 2] >> (pair % 64) & 1 == 1
    }
}

/// Which of 64 places stands for a letter, without regard to case. Signs share some.
pub(crate) fn place(letter: u8) -> usize {
    PLACES[usize::from(letter)].into()
}

/// The bit of this place.
pub(crate) fn bit(letter: u8) -> u64 {
    1 << place(letter)
}

/// Of how many places [`pair`] is one.
pub(crate) const PAIRS: usize = 512;

/// Which place stands for a letter that follows another one at once. Few pairs share one.
pub(crate) fn pair(before: u8, letter: u8) -> usize {
    pair_of_places(PLACES[usize::from(before)], PLACES[usize::from(letter)])
}

/// What a letter gives for standing where it does, behind `before`; at the beginning of a path, that is a slash.
pub(crate) fn bonus(before: u8, letter: u8) -> u32 {
    BEGINS[KINDS[usize::from(before)] as usize][KINDS[usize::from(letter)] as usize]
}

fn pair_of_places(before: u8, letter: u8) -> usize {
    (usize::from(before) * 3 + usize::from(letter) * 41) % PAIRS
}

/// What the matcher tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Space,
    Sign,
    Slash,
    Small,
    Capital,
    Digit,
}

/// What a letter gives for where it stands.
const fn begins(before: Kind, letter: Kind) -> u32 {
    match (before, letter) {
        (_, Kind::Slash) => 0,
        (Kind::Slash, Kind::Small | Kind::Capital | Kind::Digit) => PART,
        (_, Kind::Space | Kind::Sign) | (Kind::Space | Kind::Sign, _) => WORD,
        (Kind::Small, Kind::Capital | Kind::Digit) | (Kind::Capital, Kind::Digit) => HUMP,
        _ => 0,
    }
}

/// What letters of each kind give behind each kind.
static BEGINS: [[u32; 6]; 6] = {
    let kinds = [
        Kind::Space,
        Kind::Sign,
        Kind::Slash,
        Kind::Small,
        Kind::Capital,
        Kind::Digit,
    ];
    let mut table = [[0; 6]; 6];
    let mut at = 0;
    while at < 36 {
        table[at / 6][at % 6] = begins(kinds[at / 6], kinds[at % 6]);
        at += 1;
    }
    table
};

/// The kind of each byte.
static KINDS: [Kind; 256] = kinds();

/// Which bit stands for each byte; signs share some.
static PLACES: [u8; 256] = places();

const fn kinds() -> [Kind; 256] {
    let mut kinds = [Kind::Sign; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        kinds[byte as usize] = match byte {
            b'a'..=b'z' => Kind::Small,
            b'A'..=b'Z' => Kind::Capital,
            b'0'..=b'9' => Kind::Digit,
            b'/' => Kind::Slash,
            b' ' | b'\t' | b'\n' | b'\r' | 12 => Kind::Space,
            _ => Kind::Sign,
        };
        byte += 1;
    }
    kinds
}

const fn places() -> [u8; 256] {
    let mut places = [0; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        places[byte as usize] = match byte.to_ascii_lowercase() {
            letter @ b'a'..=b'z' => letter - b'a',
            digit @ b'0'..=b'9' => 26 + digit - b'0',
            b'.' => 36,
            b'_' => 37,
            b'-' => 38,
            b'/' => 39,
            other => 40 + other % 24,
        };
        byte += 1;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_known_without_regard_to_case_and_with_what_they_begin() {
        let known = Known::of("a-File_Name2.rs");
        let letters = known.letters();
        assert_eq!(letters.any, Known::of("A-file_name2.rs").any);
        assert_eq!(letters.first, bit(b'A'));
        assert_eq!(
            [b'f', b'n', b'r', b'2', b'i'].map(|letter| letters.bonus(bit(letter))),
            [WORD, WORD, WORD, HUMP, 0]
        );
        assert_eq!(Known::of("aB").letters().bonus(bit(b'b')), HUMP);
        assert!(letters.inner.has(pair(b'f', b'I')) && !letters.inner.has(pair(b'f', b'l')));
        assert_eq!(Known::of("é"), Known::ALL);
        assert_eq!(Known::of("").letters().first, 0);
    }
}
