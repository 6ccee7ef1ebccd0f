//! Words that stand in a path letter by letter, or must not.

use memchr::memchr2_iter;
use nucleo_matcher::pattern::{Atom, AtomKind};

use crate::letters;
use crate::paths::Chunk;
use crate::rows;

/// A word whose letters follow each other at once.
#[derive(Debug)]
struct Literal {
    /// Of ASCII, small letters.
    word: Vec<u8>,
    place: Place,
    /// The bits of all its letters.
    mask: u64,
}

/// All of these of a query.
#[derive(Debug)]
pub(crate) struct Literals {
    all: Vec<Literal>,
}

#[derive(Debug)]
enum Place {
    Anywhere,
    Nowhere,
    AtEnd,
}

impl Literals {
    pub(crate) fn of(atoms: &[Atom]) -> Self {
        Self {
            all: atoms.iter().filter_map(Literal::of).collect(),
        }
    }

    /// Takes those paths away that don't match, as far as is known from their letters.
    pub(crate) fn retain(&self, chunk: &Chunk, paths: &mut [u64]) {
        for literal in &self.all {
            let letters = match literal.place {
                Place::Nowhere => continue,
                Place::AtEnd if !literal.word.contains(&b'/') => chunk.names(),
                Place::AtEnd | Place::Anywhere => chunk.whole(),
            };
            letters.any.retain(literal.mask, paths);
            for pair in literal.word.windows(2) {
                rows::retain(letters.pairs.row(letters::pair(pair[0], pair[1])), paths);
            }
        }
    }

    /// Whether a path may match, which is ASCII.
    pub(crate) fn allow(&self, path: &str) -> bool {
        self.all.iter().all(|literal| literal.allows(path))
    }
}

impl Literal {
    /// `None`: the matcher has to tell.
    fn of(atom: &Atom) -> Option<Self> {
        let place = match (atom.kind, atom.negative) {
            (AtomKind::Substring, false) => Place::Anywhere,
            (AtomKind::Substring, true) => Place::Nowhere,
            (AtomKind::Postfix, false) => Place::AtEnd,
            _ => return None,
        };
        let letters = atom.needle_text().chars();
        let ascii = letters.map(|letter| u8::try_from(letter).ok().filter(u8::is_ascii));
        let word: Vec<u8> = ascii.collect::<Option<_>>()?;
        let mask = word.iter().fold(0, |mask, letter| mask | letters::bit(*letter));
        (!word.is_empty()).then_some(Self { word, place, mask })
    }

    /// Whether a path may match, which is ASCII.
    fn allows(&self, path: &str) -> bool {
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
