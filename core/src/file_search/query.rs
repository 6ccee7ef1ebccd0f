//! What is searched for, and how well a path matches.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::paths::{Entry, Glance};
use super::wanted::{Reached, Wanted};
use crate::char_boundary;

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

/// What is searched for.
#[derive(Debug)]
pub(super) struct Query {
    text: String,
    pattern: Pattern,
    /// It is one word without special characters, so that last parts are matched by themselves: its characters.
    plain: Option<usize>,
    /// It is words without special characters, which must all match.
    simple: bool,
    /// The words that a path must have, without those that it must not have.
    words: Vec<Wanted>,
    /// Letters that a path must have.
    mask: u64,
    /// The highest score that the matcher gives.
    top: u32,
    /// Letters of the longest of the words, which a path must have room for.
    longest: usize,
}

/// How well a path matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
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

/// The highest score that a path can have, roughly.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rough {
    pub(super) most: u32,
    /// What of this is for a match within the last part.
    worth: u32,
}

/// What is worked out of a query and the paths of one block.
#[derive(Debug, Default)]
pub(super) struct Limits {
    /// The folder that was looked into last.
    number: Option<u16>,
    /// How much of each of the query's words is found there.
    folder: Vec<Reached>,
    /// Room for the same of a text.
    text: Reached,
}

/// Matches; one for each thread.
pub(super) struct Scorer {
    matcher: Matcher,
    buffer: Vec<char>,
}

impl Query {
    /// Reads a query. `None`: an empty one, for which nothing is found.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = &text[..char_boundary::floor(text, MAX_QUERY)];
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
            pattern,
            mask: words.iter().fold(0, |mask, word| mask | word.mask()),
            top: words.iter().map(Wanted::at_most).sum(),
            longest: words.iter().map(Wanted::len).max().unwrap_or(0),
            words,
            simple,
            plain,
            text: word.to_owned(),
        })
    }

    /// The highest score that a path can have, from the little that is looked at first. `None`: it doesn't match.
    #[inline]
    pub(super) fn roughly_at_most(&self, path: &Glance<'_>) -> Option<Rough> {
        if path.mask() & self.mask != self.mask || path.bytes() < self.longest {
            return None;
        }
        let worth = match self.plain {
            Some(wanted) if path.name_mask() & self.mask == self.mask && path.name_bytes >= wanted => {
                // Of a name with others than ASCII, the letters are not counted here.
                let exact = path.name_bytes == wanted || path.name_mask() == u64::MAX;
                match (exact, path.is_folder()) {
                    (true, true) => FOLDER_NAME,
                    (true, false) => FILE_NAME,
                    (false, true) => 0,
                    (false, false) => IN_NAME,
                }
            }
            _ => 0,
        };
        let most = self.top.saturating_add(worth);
        Some(Rough { most, worth })
    }

    /// As [`Self::roughly_at_most`], but more exactly. `limits` belongs to the path's block.
    pub(super) fn at_most_by_letters(
        &self,
        path: &Glance<'_>,
        rough: Rough,
        limits: &mut Limits,
    ) -> Option<u32> {
        if path.mask() == u64::MAX || self.longest > MAX_BOUNDED {
            return Some(rough.most);
        }
        let name = path.letters();
        if rough.worth > 0
            && let Some(most) = sum(self.words.iter().map(|word| word.at_most_in(name)))
        {
            // It may be the path that matches, but that is worth less.
            return Some(most.saturating_add(rough.worth).max(self.top));
        }
        self.path_at_most_by_letters(path, limits)
    }

    /// The same, if the path matches and not its last part by itself.
    fn path_at_most_by_letters(&self, path: &Glance<'_>, limits: &mut Limits) -> Option<u32> {
        limits.look(self, path);
        let name = path.letters();
        let words = self.words.iter().zip(&limits.folder);
        sum(words.map(|(word, folder)| word.at_most_behind(folder, path.folder_bytes(), name)))
    }

    /// As [`Self::roughly_at_most`], but nearly exactly, unless that is `least` or less.
    pub(super) fn at_most_by_text(
        &self,
        (path, entry): (&Glance<'_>, Entry<'_>),
        rough: Rough,
        least: u32,
        limits: &mut Limits,
    ) -> Option<u32> {
        if entry.mask == u64::MAX || self.longest > MAX_BOUNDED {
            return Some(rough.most);
        }
        if rough.worth > 0 {
            if let Some(most) = self.text_at_most(entry.name, limits) {
                return Some(most.saturating_add(rough.worth));
            }
            // Letters have told of the name only.
            let most = self.path_at_most_by_letters(path, limits)?;
            if most <= least {
                return Some(most);
            }
        }
        self.text_at_most(entry.path, limits)
    }

    /// What a text is worth at most.
    fn text_at_most(&self, text: &str, limits: &mut Limits) -> Option<u32> {
        let worth = |word: &Wanted| {
            word.reach(text, &mut limits.text);
            limits.text.whole()
        };
        sum(self.words.iter().map(worth))
    }

    /// Whether everything that matches this also matches `before`.
    pub(super) fn narrows(&self, before: &Self) -> bool {
        // With an accent in it, a query doesn't match plain letters any more, and the other way round.
        self.simple
            && before.simple
            && self.text.starts_with(&before.text)
            && self.text.is_ascii() == before.text.is_ascii()
    }
}

impl Limits {
    /// Looks into the folder of a path, unless that was done for the one before.
    fn look(&mut self, query: &Query, path: &Glance<'_>) {
        if self.number == Some(path.folder_number()) {
            return;
        }
        self.number = Some(path.folder_number());
        self.folder.resize_with(query.words.len(), Reached::default);
        for (word, reached) in query.words.iter().zip(&mut self.folder) {
            word.reach(path.folder(), reached);
        }
    }
}

/// `None` if one of them is.
fn sum(mut worths: impl Iterator<Item = Option<u32>>) -> Option<u32> {
    worths.try_fold(0, |sum: u32, worth| Some(sum.saturating_add(worth?)))
}

impl Scorer {
    pub(super) fn new() -> Self {
        Self {
            matcher: Matcher::new(Config::DEFAULT.match_paths()),
            buffer: Vec::new(),
        }
    }

    /// How well a path matches; a score below `least` is not worked out.
    pub(super) fn score(&mut self, query: &Query, entry: Entry<'_>, least: u32) -> Match {
        if entry.mask & query.mask != query.mask {
            return Match::No;
        }
        if let Some(wanted) = query.plain
            && entry.name_mask & query.mask == query.mask
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
    pub(super) fn indices(&mut self, query: &Query, entry: Entry<'_>, in_name: bool) -> Vec<u32> {
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
    use crate::file_search::paths::Chunk;

    fn score(query: &str, path: &str, is_folder: bool) -> Option<(u32, Vec<u32>)> {
        let mut chunk = Chunk::default();
        chunk.push(path, is_folder);
        let entry = chunk.entry(0).expect("a path");
        let query = Query::parse(query).expect("a query");
        let mut scorer = Scorer::new();
        let glance = chunk.glance(0).expect("a path");
        let rough = query.roughly_at_most(&glance);
        let mut limits = Limits::default();
        let by_letters = rough.and_then(|rough| query.at_most_by_letters(&glance, rough, &mut limits));
        let by_text = rough.and_then(|rough| query.at_most_by_text((&glance, entry), rough, 0, &mut limits));
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
