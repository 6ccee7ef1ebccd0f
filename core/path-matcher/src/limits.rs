//! How much of a query's words is found in the folders of a block.

use std::ptr;

use crate::paths::{Chunk, Run};
use crate::wanted::{Reached, Wanted};

/// What is worked out of a query and the paths of one block.
#[derive(Debug, Default)]
pub(crate) struct Limits<'c> {
    /// For each of the words by itself: most runs are passed over because of the first.
    words: Vec<Folders<'c>>,
    /// Room for the same of a text.
    text: Reached,
}

/// How much of one word is found in the folder that was looked into last, and those above it.
#[derive(Debug, Default)]
struct Folders<'c> {
    folder: &'c str,
    /// It and those above it, the root first: folders next to each other share these.
    levels: Vec<Level>,
    /// How many of these are in use; the others are room.
    depth: usize,
}

#[derive(Debug, Default)]
struct Level {
    /// Bytes of it, up to its slash.
    bytes: usize,
    /// How much of the word is found.
    reached: Reached,
}

impl<'c> Limits<'c> {
    /// How much of a word is found in the folder of a run. `number`: which of the words it is; always the same words.
    #[inline]
    pub(crate) fn in_folder(
        &mut self,
        number: usize,
        word: &Wanted,
        chunk: &'c Chunk,
        run: &Run,
    ) -> &Reached {
        if self.words.len() <= number {
            self.words.resize_with(number + 1, Folders::default);
        }
        self.words[number].reached(word, chunk.folder(run))
    }

    /// What a path of a run is worth for a word, at most.
    pub(crate) fn in_path(
        &mut self,
        number: usize,
        word: &Wanted,
        chunk: &'c Chunk,
        run: &Run,
        path: &str,
    ) -> Option<u32> {
        let folder = chunk.folder(run).len();
        let mut text = std::mem::take(&mut self.text);
        let in_folder = self.in_folder(number, word, chunk, run);
        let name = path.get(folder..).unwrap_or_default();
        let most = if word.is_in_behind(in_folder, name) {
            text.clone_from(in_folder);
            word.reach(path, folder, &mut text);
            text.whole()
        } else {
            None
        };
        self.text = text;
        most
    }

    /// What a text is worth for a word, at most.
    pub(crate) fn in_text(&mut self, word: &Wanted, text: &str) -> Option<u32> {
        self.text.clear();
        word.reach(text, 0, &mut self.text);
        self.text.whole()
    }
}

impl<'c> Folders<'c> {
    #[inline]
    fn reached(&mut self, word: &Wanted, folder: &'c str) -> &Reached {
        if self.depth == 0 || !ptr::eq(self.folder, folder) {
            self.go_to(word, folder);
        }
        &self.levels[self.depth - 1].reached
    }

    fn go_to(&mut self, word: &Wanted, folder: &'c str) {
        let (before, now) = (self.folder.as_bytes(), folder.as_bytes());
        // The root is above every folder.
        while self.depth > 1 && !now.starts_with(&before[..self.levels[self.depth - 1].bytes]) {
            self.depth -= 1;
        }
        if self.depth == 0 {
            self.push(word, folder, 0);
        }
        let known = self.levels[self.depth - 1].bytes;
        for (byte, end) in now.iter().zip(1..).skip(known) {
            if *byte == b'/' {
                self.push(word, folder, end);
            }
        }
        self.folder = folder;
    }

    /// Goes down to a folder of so many bytes.
    fn push(&mut self, word: &Wanted, folder: &str, bytes: usize) {
        if self.levels.len() == self.depth {
            self.levels.push(Level::default());
        }
        let (above, below) = self.levels.split_at_mut(self.depth);
        let level = &mut below[0];
        level.bytes = bytes;
        let known = match above.last() {
            Some(above) => {
                level.reached.clone_from(&above.reached);
                above.bytes
            }
            None => {
                level.reached.clear();
                0
            }
        };
        word.reach(&folder[..bytes], known, &mut level.reached);
        self.depth += 1;
    }
}
