//! From paths to a block.

use super::{Chunk, Head, Paths};
use crate::letters::{Known, PAIRS, Several};
use crate::rows::{IN_WORD, LetterRows, Range, Rows, ones};
use crate::segments::Segments;

/// Entries of a block at most.
const ENTRIES: usize = 4096;
/// Bytes of text of a block, about.
const TEXT: usize = 256 << 10;

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
        let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(start + path.len())) else {
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
        if let Some(run) = self.paths.runs.last_mut() {
            run.count += 1;
            run.names.add(&known);
        }
        self.paths.text.push_str(path);
        self.paths.heads.push(Head {
            start,
            end,
            run,
            is_folder,
        });
        self.known.push(known);
    }

    /// All paths are added.
    #[must_use]
    pub fn finish(mut self) -> Chunk {
        self.paths.shrink_to_fit();
        let count = self.len();
        let (mut of_names, mut of_folders) = (Several::default(), Several::default());
        for run in &self.paths.runs {
            of_names = of_names.with(&run.names);
            of_folders = of_folders.with(&run.folder);
        }
        let mut pairs = Pairs::default();
        (0..count).for_each(|at| self.pairs_of(at).for_each(|pair| pairs.0[pair] = true));
        let mut names = LetterRows::new(of_names.letters(), pairs.all(), count);
        self.paths
            .runs
            .iter()
            .for_each(|run| pairs.add(self.paths.folder(run)));
        let of_all = of_folders.with(&of_names);
        let mut whole = LetterRows::new(of_all.letters(), pairs.all(), count);
        let mut segments = Segments::new(of_all.letters().any, count);
        for run in &self.paths.runs {
            let range = Range {
                at: run.at.into(),
                count: run.count.into(),
            };
            let folder = self.paths.folder(run);
            whole.set(run.folder.letters(), range);
            whole.pairs.set(Pairs::of(folder).all(), range);
            segments.set_folder(folder, range);
        }
        let twice = self.known.iter().fold(0, |all, known| all | known.twice);
        let mut twice = Rows::new(ones(twice), count);
        let lengths = self.paths.lengths().fold(0, |all, lengths| all | lengths);
        let mut lengths = Rows::new(ones(lengths), count);
        let mut folders = vec![0; count.div_ceil(IN_WORD)];
        for ((at, known), length) in self.known.iter().enumerate().zip(self.paths.lengths()) {
            let (word, bit) = (at / IN_WORD, 1 << (at % IN_WORD));
            names.set_one(known.letters(), word, bit);
            self.pairs_of(at)
                .for_each(|pair| names.pairs.set_one(pair, word, bit));
            segments.set_name(self.paths.name(at), word, bit);
            ones(known.twice).for_each(|letter| twice.set_one(letter, word, bit));
            ones(length).for_each(|length| lengths.set_one(length, word, bit));
            if self.paths.heads[at].is_folder {
                folders[word] |= bit;
            }
        }
        whole.join(&names);
        Chunk {
            least: self.paths.least(),
            paths: self.paths,
            names,
            twice,
            lengths,
            folders,
            whole,
            segments,
        }
    }

    /// Which letters follow one another in the last part of the path at this place; all, if that can't be told.
    fn pairs_of(&self, at: usize) -> impl Iterator<Item = usize> {
        let end = |at: usize| self.ends.get(at).map_or(0, |end| *end as usize);
        let start = at.checked_sub(1).map_or(0, end);
        let all = if self.known[at].any == u64::MAX { PAIRS } else { 0 };
        let pairs = self.pairs.get(start..end(at)).unwrap_or_default();
        pairs.iter().map(|pair| usize::from(*pair)).chain(0..all)
    }
}

/// Which letters follow one another.
struct Pairs([bool; PAIRS]);

impl Default for Pairs {
    fn default() -> Self {
        Self([false; PAIRS])
    }
}

impl Pairs {
    fn of(folder: &str) -> Self {
        let mut pairs = Self::default();
        pairs.add(folder);
        pairs
    }

    /// Adds those of a folder. One with others than ASCII may have all.
    fn add(&mut self, folder: &str) {
        Known::with_pairs(folder, |pair| self.0[pair] = true);
        if !folder.is_ascii() {
            self.0.fill(true);
        }
    }

    fn all(&self) -> impl Iterator<Item = usize> + Clone {
        let all = self.0.iter().enumerate();
        all.filter_map(|(pair, has)| has.then_some(pair))
    }
}
