//! What is searched for, and how well a path matches.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::letters::Needed;
use crate::limits::Limits;
use crate::literal::Literals;
use crate::losses::Losses;
use crate::paths::{Chunk, Entry, Run};
use crate::rows::LetterRows;
use crate::wanted::{MAX_LETTERS, Wanted};

/// What a match within the last part of a path is worth.
pub(crate) const IN_NAME: u32 = 1 << 16;
/// What it is worth that a folder has just this name.
pub(crate) const FOLDER_NAME: u32 = 2 << 16;
/// What it is worth that a file has just this name.
pub(crate) const FILE_NAME: u32 = 3 << 16;
/// Longest query that is looked at, in bytes: as long as a path can be.
const MAX_QUERY: usize = 4096;

/// Letters of all words at most of which it is worked out what paths lose.
const MAX_TOGETHER: usize = 4 * MAX_LETTERS;

/// What is searched for: words, in the syntax of fzf (`'literal`, `^start`, `end$`, `!not`).
#[derive(Debug)]
pub struct Query {
    text: String,
    pattern: Pattern,
    /// It is one word without special characters, so that last parts are matched by themselves: its characters.
    plain: Option<usize>,
    /// It is words without special characters, which must all match.
    simple: bool,
    /// The words that a path must have, without those that it must not have.
    words: Vec<Wanted>,
    /// Words that stand in a path letter by letter, or must not.
    literals: Literals,
    /// Letters that a path must have.
    needed: Needed,
    /// The highest score that the matcher gives.
    top: u32,
    /// Letters of the longest of the words, which a path must have room for.
    longest: usize,
}

/// How well a path matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    /// Not at all.
    No,
    /// Perhaps, but not as well as it must to be shown.
    TooLittle,
    /// So well.
    Score {
        /// The higher the better.
        score: u32,
        /// It is the last part that matches.
        in_name: bool,
    },
}

/// Matches; one for each thread.
pub(crate) struct Scorer {
    matcher: Matcher,
    buffer: Vec<char>,
}

impl Query {
    /// Reads a query, of which 4 KiB are looked at. `None`: an empty one, for which nothing is found.
    pub fn parse(text: &str) -> Option<Self> {
        let text = &text[..floor_char_boundary(text, MAX_QUERY)];
        if text.is_empty() {
            return None;
        }
        let word = text.trim();
        let special = word.starts_with(['!', '^', '\'']) || word.ends_with('$') || word.contains('\\');
        let words = word.split_whitespace().count();
        let plain = (words == 1 && !special).then(|| word.chars().count());
        // Only spaces separate words; other white space is part of them.
        let other_space = text.chars().any(|letter| letter != ' ' && letter.is_whitespace());
        let special_word = |word: &str| word.starts_with(['!', '^', '\'']) || word.ends_with('$');
        let simple = !other_space && !text.contains('\\') && !text.split(' ').any(special_word);
        let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
        let wanted = pattern.atoms.iter().filter(|atom| !atom.negative);
        let words: Vec<_> = wanted
            .map(|atom| Wanted::new(atom.needle_text().chars()))
            .filter(|word| word.len() > 0)
            .collect();
        Some(Self {
            literals: Literals::of(&pattern.atoms),
            pattern,
            needed: needed(words.iter().map(Wanted::needed)),
            top: words.iter().map(Wanted::at_most).sum(),
            longest: words.iter().map(Wanted::len).max().unwrap_or(0),
            words,
            simple,
            plain,
            text: word.to_owned(),
        })
    }

    /// How long a last part is that is all of what is searched. `None`: last parts are not matched by themselves.
    pub(crate) fn name_length(&self) -> Option<usize> {
        self.plain
    }

    /// What last parts of these paths lose of what a match of them is worth at best.
    pub(crate) fn name_losses(&self, chunk: &Chunk, paths: &[u64]) -> Losses {
        self.losses(chunk.names(), false, paths)
    }

    /// What these paths lose.
    pub(crate) fn path_losses(&self, chunk: &Chunk, paths: &[u64]) -> Losses {
        self.losses(chunk.whole(), true, paths)
    }

    fn losses(&self, rows: &LetterRows, has_parts: bool, paths: &[u64]) -> Losses {
        let letters: usize = self.words.iter().map(Wanted::len).sum();
        if self.longest > MAX_LETTERS || letters > MAX_TOGETHER {
            Losses::unknown(paths.len())
        } else {
            Losses::of(&self.words, rows, has_parts, paths)
        }
    }

    /// Takes those paths away whose last part does not match by itself, as far as is known from its letters.
    pub(crate) fn retain_names(&self, chunk: &Chunk, paths: &mut [u64]) {
        chunk.retain_names(self.needed, paths);
        chunk.segments().retain_names(&self.words, paths);
    }

    /// Takes those paths away that don't match, as far as is known from their letters.
    pub(crate) fn retain(&self, chunk: &Chunk, paths: &mut [u64]) {
        chunk.whole().any.retain(self.needed.any, paths);
        self.literals.retain(chunk, paths);
        chunk.segments().retain_paths(&self.words, paths);
    }

    /// The highest score that any of these paths of a run can have whose last part does not match by itself; roughly, if
    /// that is less than `least`. `None`: none matches. Takes the bits of some of those away that don't match.
    pub(crate) fn paths_at_most<'c>(
        &self,
        chunk: &'c Chunk,
        run: &Run,
        limits: &mut Limits<'c>,
        least: u32,
        bits: &mut u64,
    ) -> Option<u32> {
        if self.is_unbounded(run.folder_letters().any) {
            return Some(self.top);
        }
        // Of names with others than ASCII it is only known what they must have at least, which is nothing.
        let is_unbounded = self.is_unbounded(run.letters().any);
        let names = run.letters();
        let mut most = self.top;
        for (number, word) in self.words.iter().enumerate() {
            let folder = limits.in_folder(number, word, chunk, run);
            *bits = chunk.among(run, word.needed_behind(folder), *bits);
            if *bits == 0 {
                return None;
            }
            if is_unbounded {
                continue;
            }
            // All names together have more letters than any of them.
            let in_name =
                names.any & word.mask() == word.mask() && chunk.among(run, word.needed(), run.all()) != 0;
            let worth = word.at_most_behind(folder, run.folder_bytes(), names, in_name)?;
            // Those that follow are worth as much as they can be.
            most = most - word.at_most() + worth;
            if most < least {
                break;
            }
        }
        Some(most)
    }

    /// The highest score that any path can have whose last part does not match by itself.
    pub(crate) fn path_at_most(&self) -> u32 {
        self.top
    }

    /// Whether it is the last part of a path that is matched by itself. If that can't be told, the scorer looks at all.
    #[inline]
    pub(crate) fn is_in_name(&self, entry: Entry<'_>) -> bool {
        let Some(wanted) = self.plain else { return false };
        let unknown = !entry.name.is_ascii();
        // Of folders, only the whole name counts more.
        (unknown || !entry.is_folder || entry.name.len() == wanted)
            && (unknown || self.words.iter().all(|word| word.is_in(entry.name)))
    }

    /// What a last part that matches by itself is worth at most, nearly exactly.
    pub(crate) fn name_at_most(&self, entry: Entry<'_>, limits: &mut Limits<'_>) -> Option<u32> {
        let wanted = self.plain?;
        let worth = match (entry.name.len() == wanted, entry.is_folder) {
            _ if !entry.name.is_ascii() => FILE_NAME,
            (true, true) => FOLDER_NAME,
            (true, false) => FILE_NAME,
            (false, _) => IN_NAME,
        };
        let most = if self.is_unbounded_text(entry.name) {
            self.top
        } else {
            let worths = self.words.iter().map(|word| limits.in_text(word, entry.name));
            worths.sum::<Option<u32>>()?
        };
        Some(most.saturating_add(worth))
    }

    /// What another path of this run is worth at most, nearly exactly; roughly, if that is less than `least`. `None`: it
    /// doesn't match.
    pub(crate) fn path_at_most_by_text<'c>(
        &self,
        chunk: &'c Chunk,
        run: &Run,
        entry: Entry<'_>,
        limits: &mut Limits<'c>,
        least: u32,
    ) -> Option<u32> {
        if entry.path.len() < self.longest {
            return None;
        }
        if self.is_unbounded_text(entry.path) {
            return Some(self.top);
        }
        if !self.literals.allow(entry.path) {
            return None;
        }
        let mut most = self.top;
        for (number, word) in self.words.iter().enumerate() {
            // Those that follow are worth as much as they can be.
            most = most - word.at_most() + limits.in_path(number, word, chunk, run, entry.path)?;
            if most < least {
                break;
            }
        }
        Some(most)
    }

    /// Whether no bounds are worked out for paths with these letters.
    fn is_unbounded(&self, mask: u64) -> bool {
        mask == u64::MAX || self.longest > MAX_LETTERS
    }

    /// The same for this text.
    fn is_unbounded_text(&self, text: &str) -> bool {
        self.longest > MAX_LETTERS || !text.is_ascii()
    }

    /// Whether it finds what `other` finds, in the same order.
    pub fn finds_the_same_as(&self, other: &Self) -> bool {
        self.pattern.atoms == other.pattern.atoms && self.plain == other.plain
    }

    /// Whether everything that matches this also matches `before`.
    pub fn narrows(&self, before: &Self) -> bool {
        // With an accent in it, a query doesn't match plain letters any more, and the other way round.
        self.simple
            && before.simple
            && self.text.starts_with(&before.text)
            && self.text.is_ascii() == before.text.is_ascii()
    }
}

/// The last boundary of a character at or before `at`. `str::floor_char_boundary` needs Rust 1.91.
fn floor_char_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// What all of them need.
fn needed(of_each: impl Iterator<Item = Needed>) -> Needed {
    of_each.fold(Needed::default(), Needed::and)
}

impl Default for Scorer {
    fn default() -> Self {
        Self {
            matcher: Matcher::new(Config::DEFAULT.match_paths()),
            buffer: Vec::new(),
        }
    }
}

impl Scorer {
    /// How well a path matches; a score below `least` is not worked out.
    pub(crate) fn score(&mut self, query: &Query, entry: Entry<'_>, least: u32) -> Match {
        if let Some(wanted) = query.plain {
            let name = Utf32Str::new(entry.name, &mut self.buffer);
            let exact = name.len() == wanted;
            // Of folders, only the whole name counts more.
            if (exact || !entry.is_folder)
                && let Some(score) = query.pattern.score(name, &mut self.matcher)
            {
                let worth = match (exact, entry.is_folder) {
                    (false, _) => IN_NAME,
                    (true, true) => FOLDER_NAME,
                    (true, false) => FILE_NAME,
                };
                let score = score.saturating_add(worth);
                return Match::Score { score, in_name: true };
            }
        }
        // Otherwise many words may be worth as much.
        if query.plain.is_some() && least >= IN_NAME {
            return Match::TooLittle;
        }
        let path = Utf32Str::new(entry.path, &mut self.buffer);
        match query.pattern.score(path, &mut self.matcher) {
            Some(score) => Match::Score {
                score,
                in_name: false,
            },
            None => Match::No,
        }
    }

    /// Which characters of a path match, ascending.
    pub(crate) fn indices(&mut self, query: &Query, entry: Entry<'_>, in_name: bool) -> Vec<u32> {
        let (text, before) = if in_name {
            let before = &entry.path[..entry.path.len() - entry.name.len()];
            (
                entry.name,
                u32::try_from(before.chars().count()).unwrap_or(u32::MAX),
            )
        } else {
            (entry.path, 0)
        };
        let mut indices = Vec::new();
        let text = Utf32Str::new(text, &mut self.buffer);
        query.pattern.indices(text, &mut self.matcher, &mut indices);
        indices.sort_unstable();
        indices.dedup();
        for index in &mut indices {
            *index += before;
        }
        indices
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::ChunkBuilder;

    fn score(query: &str, path: &str, is_folder: bool) -> Option<(u32, Vec<u32>)> {
        let mut chunk = ChunkBuilder::default();
        chunk.push(path, is_folder);
        let chunk = chunk.finish();
        let (entry, run) = (chunk.entry(0).expect("a path"), chunk.run_at(0).expect("a run"));
        let query = Query::parse(query).expect("a query");
        let (mut scorer, mut limits) = (Scorer::default(), Limits::default());
        let most = if query.is_in_name(entry) {
            query.name_at_most(entry, &mut limits)
        } else {
            query.path_at_most_by_text(&chunk, run, entry, &mut limits, 0)
        };
        match scorer.score(&query, entry, 0) {
            Match::Score { score, in_name } => {
                assert!(
                    most.is_some_and(|most| score <= most),
                    "{path}: {score}, {most:?}"
                );
                Some((score, scorer.indices(&query, entry, in_name)))
            }
            _ => None,
        }
    }

    #[test]
    fn scores_are_those_that_clients_know() {
        assert_eq!(
            score("main", "Main.java", false),
            Some((65_645, vec![0, 1, 2, 3]))
        );
        assert_eq!(score("main", "src/domain", true), Some((76, vec![6, 7, 8, 9])));
        assert_eq!(
            score("main", "deep/main", true),
            Some((131_181, vec![5, 6, 7, 8]))
        );
        assert_eq!(
            score("main", "deep/main/xmxaxixn.rs", false),
            Some((65_591, vec![11, 13, 15, 17]))
        );
        assert_eq!(score("head", "HEAD", false), Some((196_717, vec![0, 1, 2, 3])));
        assert_eq!(score("a b", "a b c.txt", false), Some((66, vec![0, 2])));
        assert_eq!(
            score("'main", "src/main.rs", false),
            Some((109, vec![4, 5, 6, 7]))
        );
        assert_eq!(score("rs$", "src/lib.rs", false), Some((56, vec![8, 9])));
        assert_eq!(
            score("naive", "é/naïve.txt", false),
            Some((65_670, vec![2, 3, 4, 5, 6]))
        );
        assert_eq!(score("e", "É", true), Some((131_106, vec![0])));
        assert_eq!(score("É", "e", false), None);
        assert_eq!(score("!main", "x", false), Some((0, vec![])));
        assert_eq!(score("zz", "x", false), None);
    }

    #[test]
    fn a_longer_word_narrows_a_shorter_one() {
        let query = |text| Query::parse(text).expect("a query");
        assert!(query("mai").narrows(&query("ma")));
        assert!(!query("ma").narrows(&query("mai")));
        assert!(!query("ma!").narrows(&query("!ma")));
        assert!(query("ma b").narrows(&query("ma")));
        assert!(query("ma bc").narrows(&query("ma b")));
        assert!(!query("ma !b").narrows(&query("ma")));
        assert!(!query("mab").narrows(&query("ma\t")));
        assert!(!query("ma b$").narrows(&query("ma b")));
        assert!(!query("maé").narrows(&query("ma")));
        assert!(Query::parse("").is_none() && Query::parse("  ").is_some());
    }
}
