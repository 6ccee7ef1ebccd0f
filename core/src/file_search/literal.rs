//! Words that stand in a path letter by letter, or must not.

use memchr::memchr2_iter;
use nucleo_matcher::pattern::{Atom, AtomKind};

/// A word whose letters follow each other at once.
#[derive(Debug)]
pub(super) struct Literal {
    /// Of ASCII, small letters.
    word: Vec<u8>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Anywhere,
    Nowhere,
    AtEnd,
}

impl Literal {
    /// `None`: the matcher has to tell.
    pub(super) fn of(atom: &Atom) -> Option<Self> {
        let place = match (atom.kind, atom.negative) {
            (AtomKind::Substring, false) => Place::Anywhere,
            (AtomKind::Substring, true) => Place::Nowhere,
            (AtomKind::Postfix, false) => Place::AtEnd,
            _ => return None,
        };
        let letters = atom.needle_text().chars();
        let ascii = letters.map(|letter| u8::try_from(letter).ok().filter(u8::is_ascii));
        let word: Vec<u8> = ascii.collect::<Option<_>>()?;
        (!word.is_empty()).then_some(Self { word, place })
    }

    /// Whether a path may match, which is ASCII.
    pub(super) fn allows(&self, path: &str) -> bool {
        let path = path.as_bytes();
        match self.place {
            Place::Anywhere => self.is_in(path),
            Place::Nowhere => !self.is_in(path),
            // The matcher takes space at the end away, unless it is wanted.
            Place::AtEnd => self.ends(path) || self.ends(path.trim_ascii_end()),
        }
    }

    fn is_in(&self, path: &[u8]) -> bool {
        let first = self.word[0];
        let mut places = memchr2_iter(first, first.to_ascii_uppercase(), path);
        places.any(|at| {
            let there = path.get(at..at + self.word.len());
            there.is_some_and(|there| there.eq_ignore_ascii_case(&self.word))
        })
    }

    fn ends(&self, path: &[u8]) -> bool {
        let start = path.len().checked_sub(self.word.len());
        start.is_some_and(|start| path[start..].eq_ignore_ascii_case(&self.word))
    }
}

#[cfg(test)]
mod tests {
    use nucleo_matcher::pattern::{CaseMatching, Normalization};

    use super::*;

    #[test]
    fn what_stands_letter_by_letter_is_found_whatever_its_case() {
        let allows = |word: &str, path: &str| {
            let atom = Atom::parse(word, CaseMatching::Ignore, Normalization::Smart);
            Literal::of(&atom).map(|literal| literal.allows(path))
        };
        for (word, path, allowed) in [
            ("'main", "src/mmaIn.rs", true),
            ("'main", "src/ma/in", false),
            ("'main", "mai", false),
            ("!main", "src/mAin", false),
            ("!main", "src/ma_in", true),
            (".RS$", "src/main.rs", true),
            ("rs$", "rs/main", false),
            ("rs$", "main.rs \t", true),
            ("rs$", "s", false),
        ] {
            assert_eq!(allows(word, path), Some(allowed), "{word}, {path}");
        }
        for word in ["main", "^main", "^main$", "!rs$", "'é"] {
            assert_eq!(allows(word, "main"), None, "{word}");
        }
    }
}
