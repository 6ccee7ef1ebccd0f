//! Finds lines in a file as a model remembers them.

use std::cell::Cell;

/// How closely lines have to agree, from best to worst.
const PASSES: [fn(&str, &str) -> bool; 4] = [
    |line, wanted| line == wanted,
    |line, wanted| line.trim_end() == wanted.trim_end(),
    |line, wanted| line.trim() == wanted.trim(),
    |line, wanted| plain(line.trim()).eq(plain(wanted.trim())),
];

/// Comparisons of lines that one patch may cost: a second or two.
const MOST_COMPARISONS: u64 = 100_000_000;

/// How much looking is left for a patch.
#[derive(Debug)]
pub(super) struct Effort(Cell<u64>);

impl Effort {
    /// For one patch.
    pub(super) fn of_a_patch() -> Self {
        Self(Cell::new(MOST_COMPARISONS))
    }

    /// Whether nothing is found any more because there was too much to look at.
    pub(super) fn is_spent(&self) -> bool {
        self.0.get() == 0
    }

    /// Whether one more comparison is allowed.
    fn spend(&self) -> bool {
        let left = self.0.get().saturating_sub(1);
        self.0.set(left);
        left > 0
    }
}

/// Index of the first line of `wanted` in `lines`, from `start` on: where it stands exactly, else where it stands but for
/// blanks at the ends of lines, around lines, or typographic signs. With `at_end` the end of the file goes first.
pub(super) fn seek(
    lines: &[&str],
    wanted: &[&str],
    start: usize,
    at_end: bool,
    effort: &Effort,
) -> Option<usize> {
    let last = lines.len().checked_sub(wanted.len())?;
    for agree in PASSES {
        let fits = |at: usize| {
            let found = &lines[at..at + wanted.len()];
            let mut pairs = found.iter().zip(wanted);
            pairs.all(|(line, wanted)| effort.spend() && agree(line, wanted))
        };
        if at_end && last >= start && fits(last) {
            return Some(last);
        }
        if let Some(at) = (start..=last).find(|at| fits(*at)) {
            return Some(at);
        }
        if effort.is_spent() {
            break;
        }
    }
    None
}

/// Dashes, quotes and blanks as a keyboard has them.
fn plain(text: &str) -> impl Iterator<Item = char> {
    text.chars().map(|c| match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2018}'..='\u{201b}' => '\'',
        '\u{201c}'..='\u{201f}' => '"',
        '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        c => c,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: &[&str], wanted: &[&str], start: usize, at_end: bool) -> Option<usize> {
        seek(lines, wanted, start, at_end, &Effort::of_a_patch())
    }

    #[test]
    fn the_closest_agreement_wins_over_the_first_place() {
        let lines = ["  a", "a ", "a", "“b” – c", "a"];
        assert_eq!(found(&lines, &["a"], 0, false), Some(2));
        assert_eq!(found(&lines, &["a"], 3, false), Some(4));
        assert_eq!(found(&lines, &["a"], 0, true), Some(4));
        assert_eq!(found(&lines[..2], &["a"], 0, false), Some(1));
        assert_eq!(found(&lines[..1], &["a"], 0, false), Some(0));
        assert_eq!(found(&lines, &["\"b\" - c"], 0, false), Some(3));
    }

    #[test]
    fn more_than_there_is_is_not_found() {
        assert_eq!(found(&["a"], &["a", "b"], 0, true), None);
        assert_eq!(found(&["a", "b"], &["a"], 1, true), None);
        assert_eq!(found(&["a"], &["a"], 7, false), None);
    }

    #[test]
    fn looking_has_an_end() {
        let lines = vec!["a"; 10_000];
        let mut wanted = vec!["a"; 500];
        wanted.push("b");
        let effort = Effort(Cell::new(100_000));
        assert_eq!(seek(&lines, &wanted, 0, false, &effort), None);
        assert!(effort.is_spent());
    }
}
