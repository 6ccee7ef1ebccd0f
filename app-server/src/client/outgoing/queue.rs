//! The state of a queue: entries, what may be merged into which, and what was written already.

use std::collections::{HashMap, HashSet, VecDeque};

use bytes::Bytes;
use codex_core::ThreadId;

use super::entry::Entry;
use super::journal::{Journal, KEPT};
use crate::events::delta::Delta;

/// Bytes of text that waits in one piece at most: it is made into JSON as a whole.
pub(super) const MERGED: usize = 64 * 1024;

/// Entries that wait, and what the writer needs to know.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) entries: VecDeque<Entry>,
    /// Number of the first entry, counted from the beginning of the connection.
    first: u64,
    /// Number of the last waiting entry of each thread.
    last_of: HashMap<ThreadId, u64>,
    /// Nothing is merged into entries before this one.
    barrier: u64,
    /// Bytes of the entries.
    pub(super) waiting: usize,
    /// Bytes of the largest of them.
    pub(super) largest: usize,
    /// Bytes that the writer works on.
    pub(super) writing: usize,
    /// The writer waits for the reader, or there is none.
    pub(super) behind: bool,
    pub(super) closed: bool,
    /// The code that a WebSocket is closed with at the end.
    pub(super) close_code: Option<u16>,
    /// The answer to the last ping, which is written before anything else.
    pub(super) pong: Option<Vec<u8>>,
    /// Frames without a number that come before the entries.
    pub(super) preamble: Vec<Bytes>,
    /// What was written, for a client that may come back.
    pub(super) journal: Option<Box<Journal>>,
    /// Number of the connection that is written to; it grows with each that takes over.
    pub(super) attachment: u64,
    /// Nobody writes: the client may come back.
    pub(super) parked: bool,
}

/// What is to be written next.
#[derive(Debug)]
pub(super) struct Batch {
    /// Payload of the ping that is answered.
    pub(super) pong: Option<Vec<u8>>,
    /// Frames without a number.
    pub(super) preamble: Vec<Bytes>,
    /// Number of the first entry, if they are numbered.
    pub(super) first: Option<u64>,
    /// The entries, in order.
    pub(super) entries: VecDeque<Entry>,
}

impl Queue {
    pub(super) fn append(&mut self, entry: Entry) {
        let number = self.first + self.entries.len() as u64;
        match entry.thread() {
            Some(thread) => {
                self.last_of.insert(thread, number);
            }
            None => self.barrier = number,
        }
        self.entries.push_back(entry);
    }

    /// The waiting entry that this text can be added to: the last one of its thread.
    pub(super) fn mergeable(&mut self, delta: &Delta) -> Option<&mut Delta> {
        let number = *self.last_of.get(&delta.thread)?;
        if number < self.barrier {
            return None;
        }
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        match self.entries.get_mut(at) {
            Some(Entry::Delta(earlier))
                if delta.continues(earlier) && earlier.text.len() + delta.text.len() <= MERGED =>
            {
                Some(earlier)
            }
            _ => None,
        }
    }

    /// Takes all entries. They count until they are written.
    pub(super) fn take(&mut self) -> VecDeque<Entry> {
        self.first += self.entries.len() as u64;
        self.last_of.clear();
        self.writing += std::mem::take(&mut self.waiting);
        self.largest = 0;
        std::mem::take(&mut self.entries)
    }

    /// What is to be written next, if anything is.
    pub(super) fn batch(&mut self) -> Option<Batch> {
        let (pong, preamble) = (self.pong.take(), std::mem::take(&mut self.preamble));
        let replay = self.journal.as_mut().and_then(|journal| journal.take_replay());
        let (first, entries) = if let Some((first, entries)) = replay {
            self.writing += entries.iter().map(Entry::bytes).sum::<usize>();
            (Some(first), entries)
        } else {
            let entries = self.take();
            let first = self.journal.as_mut().map(|journal| journal.keep(entries.iter()));
            (first, entries)
        };
        let something = pong.is_some() || !preamble.is_empty() || !entries.is_empty();
        something.then_some(Batch {
            pong,
            preamble,
            first,
            entries,
        })
    }

    /// What the marks of congestion are compared with.
    pub(super) fn bytes(&self) -> usize {
        let kept = self.journal.as_ref().filter(|_| self.parked);
        self.waiting + self.writing + kept.map_or(0, |journal| journal.bytes())
    }

    /// Keeps what is within the bound while nobody writes; the oldest is given up.
    pub(super) fn bound_parked(&mut self) {
        if !self.parked || self.bytes() <= KEPT {
            return;
        }
        let entries = self.take();
        self.writing = 0;
        if let Some(journal) = &mut self.journal {
            journal.keep(entries.iter());
        }
    }

    /// The requests to the client that it has still to get.
    pub(super) fn questions(&self) -> HashSet<i64> {
        let waiting = self.entries.iter().filter_map(|entry| match entry {
            Entry::Frame { question, .. } => *question,
            Entry::Delta(_) | Entry::Pieces(_) => None,
        });
        let replayed = self.journal.iter().flat_map(|journal| journal.questions());
        waiting.chain(replayed).collect()
    }
}
