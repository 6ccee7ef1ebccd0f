//! From paths to a block.

use super::{Chunk, Head, Paths, Run};
use crate::letters::{Known, Letters, PAIRS, Several};
use crate::rows::{IN_WORD, LetterRows, Rows, each_word, ones, words_of};
use crate::segments::Segments;
use crate::starts::Starts;

/// Entries of a block at most. Rows are no power of two long, so that the same places of several don't compete for the same
/// lines of a cache.
const ENTRIES: usize = 126 * IN_WORD;
/// Bytes of text of a block, about.
const TEXT: usize = 512 << 10;

/// A block of paths that grows. Paths that come one after the other and lie in one folder take less room and are searched
/// faster.
#[derive(Debug, Default)]
pub struct ChunkBuilder {
    paths: Paths,
    /// What is known of each last part.
    known: Vec<Known>,
    /// Which letters follow one another in all of them, and where those of each end.
    pairs: Vec<u16>,
    ends: Vec<u32>,
}

impl ChunkBuilder {
    /// How many paths it has.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Bytes of text.
    pub fn bytes(&self) -> usize {
        self.paths.text.len() + self.paths.folders.len()
    }

    /// Whether the next path belongs in another block.
    pub fn is_full(&self) -> bool {
        self.len() >= ENTRIES || self.paths.text.len() >= TEXT
    }

    /// Adds a path, whose parts are separated by `/`. One that is longer than any path can be is left out.
    pub fn push(&mut self, path: &str, is_folder: bool) {
        let name = path.rfind('/').map_or(0, |slash| slash + 1);
        let (folder, last) = path.split_at(name);
        let start = self.paths.text.len();
        let (Ok(start), Ok(bytes), Ok(folder_bytes)) = (
            u32::try_from(start),
            u16::try_from(path.len()),
            u16::try_from(name),
        ) else {
            return;
        };
        let Some(run) = self.paths.run_of(folder) else {
            return;
        };
        let pairs = &mut self.pairs;
        pairs.reserve(last.len());
        let known = Known::with_pairs(last, |pair| pairs.push(u16::try_from(pair).unwrap_or_default()));
        self.ends
            .push(u32::try_from(self.pairs.len()).unwrap_or(u32::MAX));
        run.count += 1;
        run.names.add(known.letters());
        self.paths.text.push_str(path);
        self.paths.heads.push(Head {
            start,
            bytes,
            folder_bytes,
        });
        let at = self.known.len();
        self.paths.are_folders.resize(words_of(at + 1), 0);
        self.paths.are_folders[at / IN_WORD] |= u64::from(is_folder) << (at % IN_WORD);
        self.known.push(known);
    }

    /// All paths are added.
    #[must_use]
    pub fn finish(mut self) -> Chunk {
        self.paths.shrink_to_fit();
        let count = self.len();
        let (mut of_all, mut pairs) = (Keys::default(), Pairs::default());
        (0..count).for_each(|at| of_all.add(self.known[at].letters(), self.pairs_of(at)));
        let mut names = LetterRows::new(of_all.letters.letters(), of_all.pairs(), count);
        for run in &self.paths.runs {
            of_all.add(run.folder_letters(), pairs.of(self.paths.folder(run)));
        }
        let mut whole = LetterRows::new(of_all.letters.letters(), of_all.pairs(), count);
        let mut segments = Segments::new(of_all.letters.letters().any, count);
        for run in &self.paths.runs {
            let folder = self.paths.folder(run);
            let of_folder = pairs.of(folder);
            each_word(run.at(), run.all(), |word, bits| {
                whole.set(run.folder_letters(), of_folder.clone(), word, bits);
                segments.set_folder(folder, word, bits);
            });
        }
        let twice = self.known.iter().filter(|known| !known.letters().are_unknown());
        let twice = twice.fold(0, |all, known| all | known.twice);
        let mut twice = Rows::new(ones(twice), count);
        let lengths = (0..count).filter_map(|at| self.paths.length(at));
        let mut lengths = Rows::new(lengths, count);
        for (at, known) in self.known.iter().enumerate() {
            let (word, bit) = (at / IN_WORD, 1 << (at % IN_WORD));
            names.set(known.letters(), self.pairs_of(at), word, bit);
            segments.set_name(self.paths.name(at), word, bit);
            if let Some(length) = self.paths.length(at) {
                lengths.set_some(length, word, bit);
                ones(known.twice).for_each(|letter| twice.set_some(letter, word, bit));
            } else {
                lengths.set_any(word, bit);
                twice.set_any(word, bit);
            }
        }
        whole.join(&names);
        Chunk {
            starts: Starts::new(self.paths.runs.iter().map(Run::at), count),
            least: self.paths.least(),
            paths: self.paths,
            names,
            twice,
            lengths,
            whole,
            segments,
        }
    }

    /// Which letters follow one another in the last part of the path at this place, as far as it is ASCII.
    fn pairs_of(&self, at: usize) -> impl Iterator<Item = usize> {
        let end = |at: usize| self.ends.get(at).map_or(0, |end| *end as usize);
        let start = at.checked_sub(1).map_or(0, end);
        let pairs = self.pairs.get(start..end(at)).unwrap_or_default();
        pairs.iter().map(|pair| usize::from(*pair))
    }
}

/// For which letters, and pairs of them, there must be rows.
#[derive(Debug)]
struct Keys {
    letters: Several,
    pairs: [bool; PAIRS],
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            letters: Several::default(),
            pairs: [false; PAIRS],
        }
    }
}

impl Keys {
    fn add(&mut self, letters: Letters<'_>, pairs: impl Iterator<Item = usize>) {
        if !letters.are_unknown() {
            self.letters.add(letters);
            pairs.for_each(|pair| self.pairs[pair] = true);
        }
    }

    fn pairs(&self) -> impl Iterator<Item = usize> {
        let pairs = self.pairs.iter().enumerate();
        pairs.filter_map(|(pair, has)| has.then_some(pair))
    }
}

/// The letters that follow one another in a text.
#[derive(Debug, Default)]
struct Pairs(Vec<usize>);

impl Pairs {
    fn of(&mut self, text: &str) -> impl Iterator<Item = usize> + Clone {
        self.0.clear();
        Known::with_pairs(text, |pair| self.0.push(pair));
        self.0.iter().copied()
    }
}
