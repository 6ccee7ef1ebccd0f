//! What the index of texts holds of a text: its runs of three characters, hashed.
//!
//! A text in which a term occurs has all the runs of the term. Where it has them, the term need not occur: whoever
//! asks reads the text itself. Characters beyond ASCII also count in pairs, because words of two are common in scripts
//! without letters. Titles, which are short, have all characters and all pairs as well.

use std::path::Path;

/// Runs of a term that are asked for at most; more would hardly leave out more.
const TERM_RUNS: usize = 24;
/// Bits of a hash: as many as six characters hold.
const BITS: u32 = 30;
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The dot above. The lower case of `İ` has one, which nobody types who looks for it.
const DOT: char = '\u{307}';

/// A character as search compares it, whatever its case and its place in a word: `Σ`, `σ` and `ς` are the same, as are `ß`
/// and `ss`, `ﬁ` and `fi`, `İ` and `i`. What becomes of a text is what becomes of its characters, one after the other.
pub(crate) fn fold(c: char) -> impl Iterator<Item = char> {
    let ascii = c.is_ascii().then(|| c.to_ascii_lowercase());
    let other = (!c.is_ascii()).then(|| c.to_uppercase().flat_map(char::to_lowercase));
    let folded = ascii.into_iter().chain(other.into_iter().flatten());
    folded.filter(|c| *c != DOT)
}

/// The runs of texts, collected.
#[derive(Debug, Default)]
pub(crate) struct Grams {
    found: Vec<u32>,
}

impl Grams {
    /// Adds the runs of a text. Those across two texts don't count.
    pub(crate) fn add(&mut self, text: &str) {
        each(text.chars().flat_map(fold), |gram| self.found.push(gram));
    }

    /// The runs so far, each once, as words for the index. Begins anew.
    pub(crate) fn take_words(&mut self) -> String {
        self.found.sort_unstable();
        self.found.dedup();
        let mut words = String::with_capacity(self.found.len() * 7);
        for gram in self.found.drain(..) {
            push_word(&mut words, gram);
        }
        words
    }
}

/// What to ask the index for a term whose characters are folded as those of texts are; `None`: the term is too short,
/// and any text may hold it.
pub(crate) fn of_term(term: &[char]) -> Option<String> {
    let mut grams = Vec::new();
    if term.len() < 3 {
        each(term.iter().copied(), |gram| grams.push(gram));
    } else {
        grams.extend(term.windows(3).map(hash));
    }
    grams.sort_unstable();
    grams.dedup();
    let step = grams.len().div_ceil(TERM_RUNS).max(1);
    let words = join(grams.into_iter().step_by(step));
    (!words.is_empty()).then_some(words)
}

/// The runs of a title: of one, two and three characters.
pub(crate) fn of_title(title: &str) -> String {
    let title: Vec<char> = title.chars().flat_map(fold).collect();
    let mut found: Vec<u32> = (1..=3)
        .flat_map(|length| title.windows(length).map(hash))
        .collect();
    found.sort_unstable();
    found.dedup();
    join(found)
}

/// What to ask for a part of a title; `None`: any may have it.
pub(crate) fn of_part(part: &str) -> Option<String> {
    let part: Vec<char> = part.chars().flat_map(fold).collect();
    if part.is_empty() {
        return None;
    }
    let mut found: Vec<u32> = part.windows(part.len().min(3)).map(hash).collect();
    found.sort_unstable();
    found.dedup();
    let step = found.len().div_ceil(TERM_RUNS).max(1);
    Some(join(found.into_iter().step_by(step)))
}

/// A word that stands for a folder, longer than those of runs. Paths that mean the same have the same.
pub(crate) fn of_folder(folder: &Path) -> String {
    // FNV-1a, of 64 bits.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for part in folder.components() {
        for byte in part.as_os_str().as_encoded_bytes().iter().chain(b"/") {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("folder{hash:016x}")
}

fn join(grams: impl IntoIterator<Item = u32>) -> String {
    let mut words = String::new();
    for gram in grams {
        push_word(&mut words, gram);
    }
    words
}

fn each(chars: impl Iterator<Item = char>, mut take: impl FnMut(u32)) {
    let mut run = ['\0'; 3];
    for (n, c) in chars.enumerate() {
        run = [run[1], run[2], c];
        if n >= 1 && !(run[1].is_ascii() && c.is_ascii()) {
            take(hash(&run[1..]));
        }
        if n >= 2 {
            take(hash(&run));
        }
    }
}

fn hash(run: &[char]) -> u32 {
    let packed = run
        .iter()
        .fold(run.len() as u64, |packed, c| packed << 21 | u64::from(*c));
    let mixed = (packed ^ packed >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (64 - BITS)) as u32
}

fn push_word(words: &mut String, gram: u32) {
    if !words.is_empty() {
        words.push(' ');
    }
    for digit in 0..BITS / 5 {
        words.push(char::from(DIGITS[(gram >> (5 * digit) & 31) as usize]));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> HashSet<String> {
        let mut grams = Grams::default();
        grams.add(text);
        grams.take_words().split(' ').map(str::to_owned).collect()
    }

    fn folded(term: &str) -> Vec<char> {
        term.chars().flat_map(fold).collect()
    }

    #[test]
    fn what_differs_only_in_case_or_in_its_place_is_the_same() {
        for (one, other) in [
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("Straße", "STRASSE"),
            ("İstanbul", "istanbul"),
            ("ﬁnal ﬂow", "FINAL FLOW"),
            ("ŉ", "ʼN"),
            ("K", "k"),
            ("μ", "µ"),
        ] {
            assert_eq!(folded(one), folded(other), "{one}");
            assert_eq!(folded(&one.to_lowercase()), folded(one), "{one}");
        }
    }

    #[test]
    fn short_terms_are_left_to_the_files_but_for_those_of_other_scripts() {
        assert_eq!(of_term(&folded("ab")), None);
        assert_eq!(of_term(&folded("界")), None);
        let asked = of_term(&folded("世界")).expect("a pair");
        assert!(words("你好，世界").contains(&asked));
        assert!(!words("世 界").contains(&asked));
    }

    #[test]
    fn long_terms_ask_for_a_bounded_number_of_runs() {
        let term: String = ('a'..='z')
            .cycle()
            .enumerate()
            .map(|(n, c)| if n % 7 == 0 { 'ä' } else { c })
            .take(65_536)
            .collect();
        let asked = of_term(&folded(&term)).expect("runs");
        assert!(asked.split(' ').count() <= TERM_RUNS);
    }

    #[test]
    fn a_folder_is_the_same_however_it_is_written() {
        let word = |folder: &str| of_folder(Path::new(folder));
        assert_eq!(word("/home/dev"), word("/home//dev/."));
        assert_ne!(word("/home/dev"), word("/homed/ev"));
    }

    proptest! {
        #[test]
        fn a_title_has_the_runs_of_all_its_parts(before in ".{0,9}", part in ".{1,40}", behind in ".{0,9}") {
            let title = of_title(&format!("{before}{part}{behind}"));
            for word in of_part(&part).iter().flat_map(|words| words.split(' ')) {
                prop_assert!(title.split(' ').any(|has| has == word), "{word} of {part:?} in {title}");
            }
        }

        #[test]
        fn what_is_folded_stays_as_it_is(text in any::<String>()) {
            let once: String = folded(&text).into_iter().collect();
            prop_assert_eq!(folded(&once), once.chars().collect::<Vec<_>>());
            prop_assert_eq!(folded(&text.to_lowercase()), folded(&text));
        }

        #[test]
        fn a_text_has_the_runs_of_all_its_parts(before in ".{0,9}", term in ".{1,40}", behind in ".{0,9}") {
            let text = words(&format!("{before}{term}{behind}"));
            for word in of_term(&folded(&term)).iter().flat_map(|words| words.split(' ')) {
                prop_assert!(text.contains(word));
            }
        }
    }
}
