//! The text of a file that is to be changed: its lines with their ends, so that what isn't changed stays as it is.

use std::ops::Range;

use super::parse::ChunkLine;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// A file as lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SourceText<'a> {
    has_mark: bool,
    lines: Vec<&'a str>,
    ends: Vec<&'static str>,
    /// The last line has an end. True for an empty file.
    ends_with_newline: bool,
}

/// Lines that take the place of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Replacement<'a> {
    /// Which lines go. Empty: nothing, the new lines come before the first.
    pub(super) range: Range<usize>,
    /// What comes. Context lines stay as the file has them.
    pub(super) lines: &'a [ChunkLine],
}

impl<'a> SourceText<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let body = text.strip_prefix(BYTE_ORDER_MARK);
        let has_mark = body.is_some();
        let (mut lines, mut ends) = (Vec::new(), Vec::new());
        for line in body.unwrap_or(text).split_inclusive('\n') {
            let (line, end) = if let Some(line) = line.strip_suffix("\r\n") {
                (line, "\r\n")
            } else if let Some(line) = line.strip_suffix('\n') {
                (line, "\n")
            } else {
                (line, "")
            };
            lines.push(line);
            ends.push(end);
        }
        let ends_with_newline = ends.last().is_none_or(|end| !end.is_empty());
        Self {
            has_mark,
            lines,
            ends,
            ends_with_newline,
        }
    }

    /// The lines without their ends.
    pub(super) fn lines(&self) -> &[&'a str] {
        &self.lines
    }

    /// The text with these replacements, which are in order and don't overlap. New lines end like their neighbours; the
    /// last line of the file has an end if it had one before.
    pub(super) fn replaced(&self, replacements: &[Replacement<'_>]) -> String {
        let mut out = Output {
            text: String::new(),
            open: false,
        };
        if self.has_mark {
            out.text.push(BYTE_ORDER_MARK);
        }
        let mut at = 0;
        for Replacement { range, lines } in replacements {
            self.copy(at..range.start, &mut out);
            at = range.start;
            for line in *lines {
                match line {
                    ChunkLine::Context(_) => {
                        self.copy(at..at + 1, &mut out);
                        at += 1;
                    }
                    ChunkLine::Removed(_) => at += 1,
                    ChunkLine::Added(text) => out.line(text, self.end_near(at), self.end_near(at)),
                }
            }
            at = range.end;
        }
        self.copy(at..self.lines.len(), &mut out);
        out.finish(self.ends_with_newline)
    }

    fn copy(&self, range: Range<usize>, out: &mut Output) {
        for at in range {
            if let (Some(line), Some(end)) = (self.lines.get(at), self.ends.get(at)) {
                out.line(line, end, self.end_near(at));
            }
        }
    }

    /// How a line that comes before this one ends: like its neighbour above, else like the one below.
    fn end_near(&self, at: usize) -> &'static str {
        let above = self.ends[..at.min(self.ends.len())].iter().rev();
        let below = self.ends[at.min(self.ends.len())..].iter();
        above.chain(below).find(|end| !end.is_empty()).unwrap_or(&"\n")
    }
}

struct Output {
    text: String,
    /// The last line has no end yet; it gets one if another line follows.
    open: bool,
}

impl Output {
    fn line(&mut self, line: &str, end: &str, usual_end: &str) {
        if self.open {
            self.text.push_str(usual_end);
        }
        self.text.push_str(line);
        self.text.push_str(end);
        self.open = end.is_empty();
    }

    fn finish(mut self, with_end: bool) -> String {
        if !with_end {
            let kept = self
                .text
                .strip_suffix('\n')
                .map(|text| text.strip_suffix('\r').unwrap_or(text).len());
            self.text.truncate(kept.unwrap_or(self.text.len()));
        }
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(text: &str) -> ChunkLine {
        ChunkLine::Added(text.into())
    }

    #[test]
    fn nothing_changes_without_replacements() {
        for text in ["", "\n", "a", "a\n", "a\r\nb\nc", "\u{feff}a\r\n", "\r\r\n"] {
            assert_eq!(SourceText::new(text).replaced(&[]), text);
        }
    }

    #[test]
    fn new_lines_end_like_their_neighbours() {
        let text = SourceText::new("\u{feff}a\r\nb\r\nc\n");
        let lines = [added("x")];
        let insert = |at: usize| {
            text.replaced(&[Replacement {
                range: at..at,
                lines: &lines,
            }])
        };
        assert_eq!(insert(0), "\u{feff}x\r\na\r\nb\r\nc\n");
        assert_eq!(insert(2), "\u{feff}a\r\nb\r\nx\r\nc\n");
        assert_eq!(insert(3), "\u{feff}a\r\nb\r\nc\nx\n");
    }

    #[test]
    fn a_missing_end_of_the_last_line_stays_missing() {
        let text = SourceText::new("a\nb");
        let lines = [ChunkLine::Removed("b".into()), added("c"), added("d")];
        assert_eq!(
            text.replaced(&[Replacement {
                range: 1..2,
                lines: &lines
            }]),
            "a\nc\nd"
        );
        let lines = [added("c")];
        assert_eq!(
            text.replaced(&[Replacement {
                range: 2..2,
                lines: &lines
            }]),
            "a\nb\nc"
        );
        assert_eq!(
            SourceText::new("").replaced(&[Replacement {
                range: 0..0,
                lines: &lines
            }]),
            "c\n"
        );
    }
}
