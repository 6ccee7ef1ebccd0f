//! What is searched for, and how well a path matches.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::letters::{Letters, Needed};
use crate::limits::Limits;
use crate::literal::Literals;
use crate::paths::{Chunk, Entry, Glance, Run};
use crate::wanted::Wanted;

/// What a match within the last part of a path is worth.
const IN_NAME: u32 = 1 << 16;
/// What it is worth that a folder has just this name.
const FOLDER_NAME: u32 = 2 << 16;
/// What it is worth that a file has just this name.
const FILE_NAME: u32 = 3 << 16;
/// Longest query that is looked at, in bytes: as long as a path can be.
const MAX_QUERY: usize = 4096;

/// Letters of a word for which bounds are worked out: that takes as long as the word times the path, and the matcher itself
/// gives up being exact at some length.
const MAX_BOUNDED: usize = 64;

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

    /// Letters that a path must have.
    pub(crate) fn mask(&self) -> u64 {
        self.needed.any
    }

    /// What a last part must have that matches by itself.
    pub(crate) fn needed(&self) -> Needed {
        self.needed
    }

    /// Whether last parts are matched by themselves.
    #[inline]
    pub(crate) fn matches_names(&self) -> bool {
        self.plain.is_some()
    }

    /// Whether those of this run may match.
    #[inline]
    pub(crate) fn may_match_names(&self, run: &Run) -> bool {
        self.matches_names() && run.letters().any & self.mask() == self.mask()
    }

    /// What it is worth at most that a last part of this run matches by itself.
    pub(crate) fn worth_in_names(&self, run: &Run) -> u32 {
        // Files and folders alike.
        match self.plain {
            Some(wanted) if run.may_have_length(wanted) => FILE_NAME,
            _ => IN_NAME,
        }
    }

    /// What a last part with these letters is worth at most beside that; roughly, if that is less than `least`. `None`:
    /// it doesn't match.
    #[inline]
    pub(crate) fn name_at_most(&self, name: Letters<'_>, least: u32) -> Option<u32> {
        match self.words.as_slice() {
            [word] if !self.is_unbounded(name.any) => word.at_most_in(name, least),
            _ => Some(self.top),
        }
    }

    /// The highest score that any of these paths of a run can have whose last part does not match by itself, as far as is
    /// known from their letters; roughly, if that is less than `least`. `None`: none matches. Takes the bits of some of
    /// those away that don't match.
    pub(crate) fn letters_at_most(
        &self,
        chunk: &Chunk,
        run: &Run,
        least: u32,
        bits: &mut u64,
    ) -> Option<u32> {
        *bits &= chunk.with_letters(run, self.mask());
        if !self.literals.is_empty() {
            *bits = self.literals.among(chunk, run, *bits);
        }
        if *bits == 0 {
            return None;
        }
        if self.top < least || self.is_unbounded(run.mask()) {
            return Some(self.top);
        }
        let letters = run.path_letters();
        let mut most = self.top;
        for word in &self.words {
            // The others are worth as much as they can be.
            let others = most - word.at_most();
            most = others + word.at_most_in(letters.letters_of_parts(), least.saturating_sub(others))?;
        }
        Some(most)
    }

    /// The same, more exactly.
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
        let is_unbounded = self.is_unbounded(run.mask());
        let names = run.letters();
        let mut most = self.top;
        for (number, word) in self.words.iter().enumerate() {
            let folder = limits.in_folder(number, word, chunk, run);
            *bits &= chunk.with_needed_in_name(run, word.needed_behind(folder));
            if *bits == 0 {
                return None;
            }
            if is_unbounded {
                continue;
            }
            // All names together have more letters than any of them.
            let in_name =
                names.any & word.mask() == word.mask() && chunk.with_letters_in_name(run, word.mask()) != 0;
            let worth = word.at_most_behind(folder, run.folder_bytes(), names, in_name)?;
            // Those that follow are worth as much as they can be.
            most = most - word.at_most() + worth;
            if most < least {
                break;
            }
        }
        Some(most)
    }

    /// What a path is worth at most, if its last part matches by itself, or may match in a way that can't be told.
    #[inline]
    pub(crate) fn in_name_at_most(&self, path: &Glance<'_>) -> Option<u32> {
        let worth = self.worth_in_name(path)?;
        if !self.is_in_name(path) {
            return None;
        }
        Some(self.name_at_most(path.letters(), 0)?.saturating_add(worth))
    }

    /// Whether a path's last part has all letters in their order; true if that can't be told.
    #[inline]
    pub(crate) fn is_in_name(&self, path: &Glance<'_>) -> bool {
        let is_in = |word: &Wanted| self.is_unbounded(path.name_mask()) || word.is_in(path.name());
        self.words.iter().all(is_in)
    }

    /// What a path is worth at most otherwise. `None`: it doesn't match.
    pub(crate) fn in_path_at_most<'c>(&self, path: &Glance<'c>, limits: &mut Limits<'c>) -> Option<u32> {
        if path.mask() & self.mask() != self.mask() || path.bytes() < self.longest {
            return None;
        }
        if self.is_unbounded(path.mask()) {
            return Some(self.top);
        }
        sum(self.words.iter().enumerate().map(|(number, word)| {
            let folder = limits.in_folder(number, word, path.chunk, path.run);
            word.at_most_behind(folder, path.run.folder_bytes(), path.letters(), true)
        }))
    }

    /// Whether a path has all letters in their order, and those next to each other that must be; true if that can't be
    /// told.
    pub(crate) fn may_be_in<'c>(&self, path: &Glance<'c>, limits: &mut Limits<'c>) -> bool {
        if self.is_unbounded(path.mask()) {
            return true;
        }
        let mut words = self.words.iter().enumerate();
        self.literals.allow(path.path())
            && words.all(|(number, word)| {
                word.is_in_behind(limits.in_folder(number, word, path.chunk, path.run), path.name())
            })
    }

    /// The highest score that any path can have whose last part does not match by itself.
    pub(crate) fn path_at_most(&self) -> u32 {
        self.top
    }

    /// What it is worth that a path's last part matches by itself. `None`: it doesn't, or it is worth nothing.
    #[inline]
    pub(crate) fn worth_in_name(&self, path: &Glance<'_>) -> Option<u32> {
        let wanted = self.plain?;
        if path.name_mask() & self.mask() != self.mask() || path.name_bytes < wanted {
            return None;
        }
        // Of a name with others than ASCII, the letters are not counted here.
        let exact = path.name_bytes == wanted || path.name_mask() == u64::MAX;
        match (exact, path.is_folder()) {
            (true, true) => Some(FOLDER_NAME),
            (true, false) => Some(FILE_NAME),
            (false, true) => None,
            (false, false) => Some(IN_NAME),
        }
    }

    /// Whether no bounds are worked out for paths with these letters.
    fn is_unbounded(&self, mask: u64) -> bool {
        mask == u64::MAX || self.longest > MAX_BOUNDED
    }

    /// What a path is worth at most, nearly exactly: as [`Self::in_name_at_most`] says, or [`Self::in_path_at_most`].
    pub(crate) fn at_most_by_text(
        &self,
        path: &Glance<'_>,
        entry: Entry<'_>,
        limits: &mut Limits<'_>,
    ) -> Option<u32> {
        let worth = self.worth_in_name(path);
        if self.is_unbounded(entry.mask) {
            return Some(self.top.saturating_add(worth.unwrap_or(0)));
        }
        if let Some(worth) = worth
            && let Some(most) = self.text_at_most(entry.name, limits)
        {
            return Some(most.saturating_add(worth));
        }
        self.text_at_most(entry.path, limits)
    }

    /// What a text is worth at most.
    fn text_at_most(&self, text: &str, limits: &mut Limits<'_>) -> Option<u32> {
        sum(self.words.iter().map(|word| limits.in_text(word, text)))
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

/// `None` if one of them is.
fn sum(mut worths: impl Iterator<Item = Option<u32>>) -> Option<u32> {
    worths.try_fold(0, |sum: u32, worth| Some(sum.saturating_add(worth?)))
}

impl Scorer {
    pub(crate) fn new() -> Self {
        Self {
            matcher: Matcher::new(Config::DEFAULT.match_paths()),
            buffer: Vec::new(),
        }
    }

    /// How well a path matches; a score below `least` is not worked out.
    pub(crate) fn score(&mut self, query: &Query, entry: Entry<'_>, least: u32) -> Match {
        if entry.mask & query.mask() != query.mask() {
            return Match::No;
        }
        if let Some(wanted) = query.plain
            && entry.name_mask & query.mask() == query.mask()
        {
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
        if least >= IN_NAME {
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
    use crate::paths::Chunk;

    fn score(query: &str, path: &str, is_folder: bool) -> Option<(u32, Vec<u32>)> {
        let mut chunk = Chunk::default();
        chunk.push(path, is_folder);
        let entry = chunk.entry(0).expect("a path");
        let query = Query::parse(query).expect("a query");
        let mut scorer = Scorer::new();
        let glance = chunk.glance(0).expect("a path");
        let mut limits = Limits::default();
        let by_letters = match query.in_name_at_most(&glance) {
            Some(most) => Some(most),
            None => query.in_path_at_most(&glance, &mut limits),
        };
        let by_text = query.at_most_by_text(&glance, entry, &mut limits);
        match scorer.score(&query, entry, 0) {
            Match::Score { score, in_name } => {
                for most in [by_letters, by_text] {
                    assert!(
                        most.is_some_and(|most| score <= most),
                        "{path}: {score}, {most:?}"
                    );
                }
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
