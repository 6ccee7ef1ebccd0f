//! What is searched for, and how well a path matches.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::paths::{Entry, Glance, wanted_mask};
use crate::char_boundary;

/// What a match within the last part of a path is worth.
const IN_NAME: u32 = 1 << 16;
/// What it is worth that a folder has just this name.
const FOLDER_NAME: u32 = 2 << 16;
/// What it is worth that a file has just this name.
const FILE_NAME: u32 = 3 << 16;
/// What the matcher gives for a letter at most: 16, and 9 where a part of a path begins. See its `score.rs`.
const TOP_LETTER: usize = 16 + 9;
/// What it gives for the first letter of a word at most, beside that.
const TOP_FIRST: usize = 9;
/// Longest query that is looked at, in bytes: as long as a path can be.
const MAX_QUERY: usize = 4096;

/// What is searched for.
#[derive(Debug)]
pub(super) struct Query {
    text: String,
    pattern: Pattern,
    /// It is one word without special characters, so that last parts are matched by themselves: its characters.
    plain: Option<usize>,
    /// It is words without special characters, which must all match.
    simple: bool,
    /// Characters that a path must have.
    mask: u64,
    /// The highest score that the matcher gives, if that is known.
    top: Option<u32>,
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
        let letters = text.chars().filter(|letter| *letter != ' ').count();
        let top = u32::try_from(TOP_LETTER * letters + TOP_FIRST * words).ok();
        Some(Self {
            pattern: Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart),
            mask: if simple { wanted_mask(text) } else { 0 },
            top: top.filter(|_| simple),
            simple,
            plain,
            text: word.to_owned(),
        })
    }

    /// The highest score that a path can have. `None`: it doesn't match.
    pub(super) fn at_most(&self, path: Glance) -> Option<u32> {
        if path.mask & self.mask != self.mask {
            return None;
        }
        let Some(top) = self.top else {
            return Some(u32::MAX);
        };
        let worth = match self.plain {
            Some(wanted) if path.name_mask & self.mask == self.mask => {
                // Of a name with others than ASCII, the letters are not counted here.
                let exact = path.name_bytes == wanted || path.name_mask == u64::MAX;
                match (exact, path.is_folder) {
                    (true, true) => FOLDER_NAME,
                    (true, false) => FILE_NAME,
                    (false, true) => 0,
                    (false, false) => IN_NAME,
                }
            }
            _ => 0,
        };
        Some(top.saturating_add(worth))
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
        let at_most = query.at_most(chunk.glance(0).expect("a path"));
        match scorer.score(&query, entry, 0) {
            Match::Score { score, in_name } => {
                assert!(at_most.is_some_and(|most| score <= most), "{path}: {score}");
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
