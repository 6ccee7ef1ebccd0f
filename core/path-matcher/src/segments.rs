//! Whether a path may have letters in their order: it is cut in pieces, of which it is known which letters they have.

use crate::lanes::{LANES, Lanes, lanes, lanes_mut};
use crate::letters;
use crate::rows::{Rows, ones};
use crate::wanted::{MAX_LETTERS, Wanted};

/// Pieces of a path: the halves of its folder, and those of its last part.
const PIECES: usize = 4;
/// Which of them are those of the last part.
const OF_NAME: std::ops::RangeFrom<usize> = 2..;

/// Which letters the pieces of paths have.
#[derive(Debug)]
pub(crate) struct Segments([Rows<64>; PIECES]);

impl Segments {
    /// For so many paths, which have no other letters than these.
    pub(crate) fn new(letters: u64, paths: usize) -> Self {
        Self([(); PIECES].map(|()| Rows::new(ones(letters), paths)))
    }

    /// The paths of these bits of a word lie in this folder.
    pub(crate) fn set_folder(&mut self, folder: &str, word: usize, bits: u64) {
        set(&mut self.0[..OF_NAME.start], folder, word, bits);
    }

    /// The paths of these bits of a word have this last part.
    pub(crate) fn set_name(&mut self, name: &str, word: usize, bits: u64) {
        set(&mut self.0[OF_NAME], name, word, bits);
    }

    /// Takes those paths away whose last part does not have all letters of these words in their order.
    pub(crate) fn retain_names(&self, words: &[Wanted], paths: &mut [u64]) {
        retain(&self.0[OF_NAME], words, paths);
    }

    /// The same of whole paths.
    pub(crate) fn retain_paths(&self, words: &[Wanted], paths: &mut [u64]) {
        retain(&self.0, words, paths);
    }
}

fn set(pieces: &mut [Rows<64>], text: &str, word: usize, bits: u64) {
    if !text.is_ascii() {
        for rows in pieces {
            rows.set_any(word, bits);
        }
        return;
    }
    for (rows, half) in pieces.iter_mut().zip(halves(text)) {
        ones(half).for_each(|key| rows.set_some(key, word, bits));
    }
}

fn retain(pieces: &[Rows<64>], words: &[Wanted], paths: &mut [u64]) {
    for word in words {
        let rows = |(letter, _)| pieces.iter().map(move |rows| lanes(rows.row(letter)));
        let letters: Vec<Vec<&[[u64; LANES]]>> = word
            .keys()
            .take(MAX_LETTERS)
            .map(|key| rows(key).collect())
            .collect();
        for (at, paths) in lanes_mut(paths).iter_mut().enumerate() {
            let some = Lanes(*paths);
            if some.are_none() {
                continue;
            }
            // Of each piece, which paths have the letters so far in it and those before.
            let mut upto = [some; PIECES];
            for rows in &letters {
                let mut before = Lanes::NONE;
                for (upto, row) in upto.iter_mut().zip(rows) {
                    before = before | *upto & Lanes(row[at]);
                    *upto = before;
                }
            }
            *paths = (some & upto[pieces.len() - 1]).0;
        }
    }
}

/// The letters of both halves of a text, which is ASCII.
fn halves(text: &str) -> [u64; 2] {
    let (one, other) = text.as_bytes().split_at(text.len() / 2);
    [one, other].map(|half| half.iter().fold(0, |all, letter| all | letters::bit(*letter)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart_by_the_order_of_letters_in_different_pieces() {
        let paths = [
            ("src/app/", "main_window"),
            ("main/src/", "window_xy"),
            ("é/", "x"),
            ("", "niam"),
        ];
        let mut segments = Segments::new(u64::MAX, paths.len());
        for (at, (folder, name)) in paths.into_iter().enumerate() {
            segments.set_folder(folder, 0, 1 << at);
            segments.set_name(name, 0, 1 << at);
        }
        let left = |text: &str, of_names: bool| {
            let (mut left, words) = ([0b1111, 0], [Wanted::new(text.chars())]);
            if of_names {
                segments.retain_names(&words, &mut left);
            } else {
                segments.retain_paths(&words, &mut left);
            }
            left[0]
        };
        assert_eq!(left("mainw", true), 0b0001);
        assert_eq!(left("wmain", true), 0);
        assert_eq!(left("mainw", false), 0b0111);
        assert_eq!(left("srcmain", false), 0b0101);
        assert_eq!(left("windows", false), 0b0100);
        // Within a piece the order is not known.
        assert_eq!(left("ni", true), 0b1011);
    }
}
