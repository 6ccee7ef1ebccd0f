//! Paths in blocks of text, with what is needed to pass over most of them quickly.

mod builder;

use std::hint::black_box;

use crate::letters::{Letters, Needed, Several};
use crate::rows::{self, IN_WORD, LetterRows, Rows};
use crate::segments::Segments;
use crate::starts::{Span, Starts};

pub use builder::ChunkBuilder;

/// Entries of a run at most: a bit for each.
const RUN: u8 = 64;
/// Lengths of last parts that are told apart; longer ones count as this.
const LONGEST: usize = 63;

/// A block of paths, relative to the folder that is searched, to which no more are added.
#[derive(Debug)]
pub struct Chunk {
    paths: Paths,
    /// The place of the path that comes first in the order of paths.
    least: usize,
    /// Which letters the last parts have, and where.
    names: LetterRows,
    /// Which of them they have more than once.
    twice: Rows<64>,
    /// Of how many bytes they are; of one with others than ASCII, of any.
    lengths: Rows<64>,
    /// Which letters all of each path has, and where.
    whole: LetterRows,
    /// In which order.
    segments: Segments,
    /// Where runs begin, as they know themselves.
    starts: Starts,
}

/// The paths of a block.
#[derive(Debug, Default)]
struct Paths {
    text: String,
    heads: Vec<Head>,
    /// Which are folders.
    are_folders: Vec<u64>,
    runs: Vec<Run>,
    /// The folders of all runs, up to their slashes. They are in the text as well, but far from each other.
    folders: String,
}

#[derive(Debug, Clone, Copy)]
struct Head {
    /// Where its text begins.
    start: u32,
    bytes: u16,
    /// How many of these are its folder.
    folder_bytes: u16,
}

/// Paths next to each other that lie in one folder, and what is known of all of them.
#[derive(Debug)]
pub(crate) struct Run {
    /// The place of the first.
    at: u16,
    count: u8,
    /// Bytes of the folder as paths name it, up to the last slash.
    folder_bytes: u16,
    /// Where the folder stands among those of the block.
    folder_start: u32,
    /// The letters of the folder.
    folder: Several,
    /// The letters of the last parts.
    names: Several,
}

/// One path of a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) path: &'a str,
    /// The last part of the path.
    pub(crate) name: &'a str,
    pub(crate) is_folder: bool,
}

impl Paths {
    /// The run that a path in this folder, which is added next, belongs to.
    fn run_of(&mut self, folder: &str) -> Option<&mut Run> {
        let last = self.runs.last().filter(|last| last.count < RUN);
        if last.map(|last| self.folder(last)) != Some(folder) {
            self.runs.push(Run {
                at: u16::try_from(self.heads.len()).ok()?,
                count: 0,
                folder_bytes: u16::try_from(folder.len()).ok()?,
                folder_start: u32::try_from(self.folders.len()).ok()?,
                folder: Several::of_folder(folder),
                names: Several::default(),
            });
            self.folders.push_str(folder);
        }
        self.runs.last_mut()
    }

    fn shrink_to_fit(&mut self) {
        self.text.shrink_to_fit();
        self.heads.shrink_to_fit();
        self.are_folders.shrink_to_fit();
        self.runs.shrink_to_fit();
        self.folders.shrink_to_fit();
    }

    fn least(&self) -> usize {
        let all = (0..self.heads.len()).filter_map(|at| Some((self.path(at)?, at)));
        all.min().map_or(0, |(_, at)| at)
    }

    /// How long a last part is, as far as that is told apart; not of one with others than ASCII.
    fn length(&self, at: usize) -> Option<usize> {
        let name = self.name(at);
        name.is_ascii().then(|| name.len().min(LONGEST))
    }

    fn path(&self, at: usize) -> Option<&str> {
        let head = self.heads.get(at)?;
        self.text.get(head.start as usize..)?.get(..head.bytes.into())
    }

    fn name(&self, at: usize) -> &str {
        self.entry(at).map_or("", |entry| entry.name)
    }

    fn entry(&self, at: usize) -> Option<Entry<'_>> {
        let head = self.heads.get(at)?;
        let path = self.path(at)?;
        Some(Entry {
            path,
            name: path.get(head.folder_bytes.into()..)?,
            is_folder: self.are_folders.get(at / IN_WORD)? >> (at % IN_WORD) & 1 == 1,
        })
    }

    fn folder(&self, run: &Run) -> &str {
        let start = run.folder_start as usize;
        self.folders
            .get(start..start + usize::from(run.folder_bytes))
            .unwrap_or_default()
    }
}

impl Chunk {
    /// How many paths it has.
    pub fn len(&self) -> usize {
        self.paths.heads.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.paths.heads.is_empty()
    }

    /// A bit for each path.
    pub(crate) fn all(&self) -> Vec<u64> {
        let (whole, rest) = (self.len() / IN_WORD, self.len() % IN_WORD);
        let mut all = vec![0; rows::words_of(self.len())];
        all[..whole].fill(u64::MAX);
        if rest > 0 {
            all[whole] = (1 << rest) - 1;
        }
        all
    }

    /// Which letters the last parts have.
    pub(crate) fn names(&self) -> &LetterRows {
        &self.names
    }

    /// Which letters all of each path has.
    pub(crate) fn whole(&self) -> &LetterRows {
        &self.whole
    }

    /// In which order all of each path has its letters.
    pub(crate) fn segments(&self) -> &Segments {
        &self.segments
    }

    /// Those of some paths whose last part has what is needed.
    pub(crate) fn retain_names(&self, needed: Needed, paths: &mut [u64]) {
        self.names.any.retain(needed.any, paths);
        self.twice.retain(needed.twice, paths);
    }

    /// Those of some paths of a run whose last part has what is needed. Bits are as of a run.
    #[inline]
    pub(crate) fn among(&self, run: &Run, needed: Needed, bits: u64) -> u64 {
        let at = run.at.into();
        let bits = self.names.any.among(needed.any, at, bits);
        self.twice.among(needed.twice, at, bits)
    }

    /// Which have a last part of so many bytes, or one of which it is not told.
    pub(crate) fn of_length(&self, bytes: usize) -> &[u64] {
        self.lengths.row(bytes.min(LONGEST))
    }

    /// Which are folders.
    pub(crate) fn folders(&self) -> &[u64] {
        &self.paths.are_folders
    }

    /// The path that comes first in the order of paths.
    pub(crate) fn least(&self) -> Option<&str> {
        self.paths.path(self.least)
    }

    /// The path at this place, as it is.
    pub(crate) fn path(&self, at: usize) -> Option<&str> {
        self.paths.path(at)
    }

    /// The path at this place.
    #[inline]
    pub(crate) fn entry(&self, at: usize) -> Option<Entry<'_>> {
        self.paths.entry(at)
    }

    /// The first run with any of these paths at or behind a place.
    #[inline]
    pub(crate) fn next_span(&self, paths: &[u64], at: usize) -> Option<Span> {
        self.starts.next(paths, at)
    }

    /// A run by its number.
    #[inline]
    pub(crate) fn run_at(&self, number: usize) -> Option<&Run> {
        self.paths.runs.get(number)
    }

    /// Reads a little of each of these runs and its folder, one independently of the other, so that the processor fetches
    /// many at a time and has them when they are looked at.
    #[inline]
    pub(crate) fn load_runs(&self, spans: &[Span]) {
        let runs = spans.iter().filter_map(|span| self.run_at(span.run));
        let read = |run: &Run| run.folder.letters().any ^ u64::from(run.folder_start);
        black_box(runs.clone().fold(0, |all, run| all ^ read(run)));
        let folders = self.paths.folders.as_bytes();
        let first = runs.filter_map(|run| folders.get(run.folder_start as usize));
        black_box(first.fold(0, |all, byte| all ^ byte));
    }

    /// The same of the last parts of these paths.
    #[inline]
    pub(crate) fn load_names(&self, places: impl Iterator<Item = usize> + Clone) {
        let heads = places.filter_map(|at| self.paths.heads.get(at));
        black_box(heads.clone().fold(0, |all, head| all ^ head.start));
        let text = self.paths.text.as_bytes();
        let names = heads.filter_map(|head| text.get(head.start as usize + usize::from(head.folder_bytes)));
        black_box(names.fold(0, |all, byte| all ^ byte));
    }

    /// How many runs it has.
    pub(crate) fn runs(&self) -> usize {
        self.paths.runs.len()
    }

    /// Whether all paths of a run come behind another one in the order of paths, as far as is known from their folder.
    #[inline]
    pub(crate) fn is_behind(&self, run: &Run, other: &str) -> bool {
        let folder = self.folder(run).as_bytes();
        *folder > other.as_bytes()[..folder.len().min(other.len())]
    }

    /// The folder of a run, up to its slash.
    pub(crate) fn folder(&self, run: &Run) -> &str {
        self.paths.folder(run)
    }
}

impl Run {
    /// The place of its first path.
    pub(crate) fn at(&self) -> usize {
        self.at.into()
    }

    /// A bit for each path of it.
    pub(crate) fn all(&self) -> u64 {
        u64::MAX >> (RUN - self.count.clamp(1, RUN))
    }

    /// Letters of the last parts, as if they were one.
    #[inline]
    pub(crate) fn letters(&self) -> Letters<'_> {
        self.names.letters()
    }

    /// Letters of the folder.
    #[inline]
    pub(crate) fn folder_letters(&self) -> Letters<'_> {
        self.folder.letters()
    }

    /// Bytes of the folder.
    pub(crate) fn folder_bytes(&self) -> u32 {
        self.folder_bytes.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letters;

    fn chunk(paths: &[(&str, bool)]) -> Chunk {
        let mut chunk = ChunkBuilder::default();
        for (path, is_folder) in paths {
            chunk.push(path, *is_folder);
        }
        chunk.finish()
    }

    #[test]
    fn paths_are_found_again_with_their_last_parts() {
        let chunk = chunk(&[("src", true), ("", true), ("src/main.rs", false), ("é/ß", false)]);
        let entry = |at| {
            chunk
                .entry(at)
                .map(|entry| (entry.path, entry.name, entry.is_folder))
        };
        assert_eq!(entry(1), Some(("", "", true)));
        assert_eq!(entry(2), Some(("src/main.rs", "main.rs", false)));
        assert_eq!(entry(3), Some(("é/ß", "ß", false)));
        assert_eq!(entry(4), None);
        assert_eq!(chunk.least(), Some(""));
        assert_eq!((chunk.folders(), chunk.all()), (&[0b11, 0][..], vec![0b1111, 0]));
    }

    #[test]
    fn paths_of_a_run_are_told_apart_by_what_their_last_parts_have() {
        let mut paths: Vec<_> = (0..60).map(|number| (format!("a/x{number}"), false)).collect();
        paths.extend(["b/seen", "b/sen", "b/é", "b/s.n"].map(|path| (path.to_owned(), false)));
        paths.push(("b/essence".to_owned(), false));
        let paths: Vec<_> = paths
            .iter()
            .map(|(path, folder)| (path.as_str(), *folder))
            .collect();
        let chunk = chunk(&paths);
        let run = chunk.run_at(1).expect("a run");
        assert_eq!((run.at(), run.all(), chunk.folder(run)), (60, 0b1_1111, "b/"));
        let needed = b"sene".iter().fold(Needed::default(), |needed, letter| {
            needed.and_one(letters::bit(*letter))
        });
        assert_eq!(chunk.among(run, needed, u64::MAX), 0b1_0101);
        let mut all = chunk.all();
        chunk.retain_names(needed, &mut all);
        assert_eq!(all, [0b0101 << 60, 1]);
        // Of the third it is not told.
        assert_eq!(chunk.of_length(7), [1 << 62, 1]);
        assert_eq!(chunk.of_length(4)[0] >> 60, 0b0101);
    }

    #[test]
    fn a_run_is_behind_a_path_if_all_that_is_in_its_folder_is() {
        let paths = ["a/b/x", "a/by/x", "x", "", "a/b/z", "a/b", "é/x", "b/x"];
        let chunk = chunk(&paths.map(|path| (path, false)));
        for (at, path) in paths.iter().enumerate() {
            let name = path.rsplit('/').next().unwrap_or_default();
            let folder = &path[..path.len() - name.len()];
            let run = chunk
                .next_span(&[u64::MAX], at)
                .and_then(|span| chunk.run_at(span.run))
                .expect("a run");
            assert_eq!(chunk.folder(run), folder);
            for other in paths {
                let all_behind = folder > other && !other.starts_with(folder);
                assert_eq!(chunk.is_behind(run, other), all_behind, "{path}, {other}");
            }
        }
    }
}
