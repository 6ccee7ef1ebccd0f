//! Lines that were read ahead of those that must wait.

use std::collections::VecDeque;

/// Bytes that are read ahead at most, while an answer is expected; a line that is longer is taken when it is the first.
pub(crate) const READ_AHEAD: usize = 64 * 1024 * 1024;

/// What an entry costs beside its text.
const ENTRY: usize = 64;

/// Lines that wait, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    lines: VecDeque<Waiting>,
    bytes: usize,
}

/// One line that waits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// Its text.
    Text(Vec<u8>),
    /// It was too long to keep.
    TooLong,
    /// There was no room for it.
    NoRoom,
}

impl Waiting {
    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len() + ENTRY,
            Self::TooLong | Self::NoRoom => ENTRY,
        }
    }
}

impl Backlog {
    /// Whether no line waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether no more lines should be read ahead.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= READ_AHEAD
    }

    /// Keeps a line for later.
    pub(crate) fn push(&mut self, line: Waiting) {
        self.bytes += line.bytes();
        self.lines.push_back(line);
    }

    /// The oldest line.
    pub(crate) fn pop(&mut self) -> Option<Waiting> {
        let line = self.lines.pop_front()?;
        self.bytes -= line.bytes();
        if self.lines.is_empty() {
            self.lines = VecDeque::new();
        }
        Some(line)
    }
}
