//! How much of a query's words is found in the folders of a block.

use super::paths::{Chunk, Run};
use super::wanted::{Reached, Wanted};

/// What is worked out of a query and the paths of one block.
#[derive(Debug, Default)]
pub(super) struct Limits<'c> {
    /// The folder that was looked into last.
    folder: &'c str,
    /// It and those above it, the root first: folders next to each other share these.
    levels: Vec<Level>,
    /// How many of these are in use; the others are room.
    depth: usize,
    /// Room for the same of a text.
    text: Reached,
}

#[derive(Debug, Default)]
struct Level {
    /// Bytes of it, up to its slash.
    bytes: usize,
    /// How much of each of the words is found.
    reached: Vec<Reached>,
}

impl<'c> Limits<'c> {
    /// How much of each of the words is found in the folder of a run. Always the same words, and the same block.
    pub(super) fn in_folder(&mut self, words: &[Wanted], chunk: &'c Chunk, run: &Run) -> &[Reached] {
        let folder = chunk.folder(run);
        if self.depth == 0 || self.folder != folder {
            self.go_to(words, folder);
        }
        &self.levels[self.depth - 1].reached
    }

    fn go_to(&mut self, words: &[Wanted], folder: &'c str) {
        let pairs = self.folder.bytes().zip(folder.bytes());
        let common = pairs.take_while(|(one, other)| one == other).count();
        while self.depth > 1 && self.levels[self.depth - 1].bytes > common {
            self.depth -= 1;
        }
        if self.depth == 0 {
            self.push(words, folder, 0);
        }
        let known = self.levels[self.depth - 1].bytes;
        for (at, _) in folder
            .bytes()
            .enumerate()
            .skip(known)
            .filter(|(_, byte)| *byte == b'/')
        {
            self.push(words, folder, at + 1);
        }
        self.folder = folder;
    }

    /// Goes down to a folder of so many bytes.
    fn push(&mut self, words: &[Wanted], folder: &str, bytes: usize) {
        if self.levels.len() == self.depth {
            self.levels.push(Level::default());
        }
        let (above, below) = self.levels.split_at_mut(self.depth);
        let level = &mut below[0];
        level.bytes = bytes;
        level.reached.resize_with(words.len(), Reached::default);
        let above = above.last();
        let known = above.map_or(0, |above| above.bytes);
        for (number, (word, reached)) in words.iter().zip(&mut level.reached).enumerate() {
            match above {
                Some(above) => reached.clone_from(&above.reached[number]),
                None => reached.clear(),
            }
            word.reach(&folder[..bytes], known, reached);
        }
        self.depth += 1;
    }

    /// What a text is worth for a word, at most.
    pub(super) fn in_text(&mut self, word: &Wanted, text: &str) -> Option<u32> {
        self.text.clear();
        word.reach(text, 0, &mut self.text);
        self.text.whole()
    }
}
