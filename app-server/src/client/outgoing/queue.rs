//! The state of a queue: entries, what may be merged into which, and what was written already.

use std::collections::{HashMap, HashSet, VecDeque};

use bytes::Bytes;
use codex_core::ThreadId;

use super::entry::{DELTA_FRAME, Entry, Message};
use super::journal::{Journal, KEPT};
use crate::events::delta::Delta;

/// Bytes of text that waits in one piece at most: it is made into JSON as a whole.
pub(super) const MERGED: usize = 64 * 1024;

/// Bytes that wait behind those which the writer works on and that the client has not asked for: whenever there are this
/// many more, it is looked at whether the client reads at all. The largest message doesn't count: it may be one that
/// nobody could hold back.
const LOOK: usize = 4 * 1024 * 1024;

/// A client that has taken less than this since the last look does not read.
const PROGRESS: u64 = 64 * 1024;

/// Bytes that may wait for a client that reads, and that it has not asked for.
const MAX_NEWS: usize = 32 * 1024 * 1024;

/// Bytes of answers that may wait for a client, beside the largest of them. Requests do not begin while much waits; these
/// are answers to those that had begun.
const MAX_ANSWERS: usize = 128 * 1024 * 1024;

/// Bytes from which on a client that takes nothing for long is given up.
const CUT_OFF: usize = 2 * LOOK;

/// Bytes that wait.
#[derive(Debug, Default)]
struct Load {
    bytes: usize,
    /// Bytes of the largest message.
    largest: usize,
}

impl Load {
    fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.largest = self.largest.max(bytes);
    }

    fn beside_largest(&self) -> usize {
        self.bytes - self.largest
    }
}

/// When it was last looked at whether the client reads.
#[derive(Debug)]
struct Look {
    /// Bytes that wait, from which on it is looked at again.
    next: usize,
    /// What the client had taken by then; `None`: it has not been looked at since something waits.
    taken: Option<u64>,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            next: LOOK,
            taken: None,
        }
    }
}

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
    /// What the client has not asked for.
    news: Load,
    /// Answers.
    answers: Load,
    look: Look,
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
    fn append(&mut self, entry: Entry) {
        let number = self.first + self.entries.len() as u64;
        match entry.thread() {
            Some(thread) => {
                self.last_of.insert(thread, number);
            }
            None => self.barrier = number,
        }
        self.entries.push_back(entry);
    }

    /// Adds an entry: text to what waits of the same item, if the writer is behind, anything else at the end.
    pub(super) fn push(&mut self, entry: Entry) {
        let bytes = entry.bytes();
        if entry.is_answer() {
            self.answers.add(bytes);
        } else {
            self.news.add(bytes);
        }
        match entry {
            Entry::Message(Message::Delta(delta)) if self.behind => {
                if let Some(earlier) = self.mergeable(&delta) {
                    earlier.text.push_str(&delta.text);
                    self.news.bytes -= DELTA_FRAME;
                } else {
                    self.append(Entry::Message(Message::Delta(delta)));
                }
            }
            entry => self.append(entry),
        }
    }

    /// Bytes of the entries.
    fn waiting(&self) -> usize {
        self.news.bytes + self.answers.bytes
    }

    /// Whether the client is too slow to be kept. `taken`: how much it has taken so far.
    pub(super) fn is_too_slow(&mut self, taken: u64) -> bool {
        let news = self.news.beside_largest();
        if self.parked {
            return false;
        }
        if self.answers.beside_largest() > MAX_ANSWERS || news > MAX_NEWS {
            return true;
        }
        if news <= self.look.next {
            return false;
        }
        let before = self.look.taken.replace(taken);
        self.look.next = news + LOOK;
        before.is_some_and(|before| taken.saturating_sub(before) < PROGRESS)
    }

    /// Whether so much waits that a client which takes nothing for long is given up.
    pub(super) fn is_loaded(&self) -> bool {
        self.waiting() > CUT_OFF
    }

    /// The waiting entry that this text can be added to: the last one of its thread.
    fn mergeable(&mut self, delta: &Delta) -> Option<&mut Delta> {
        let number = *self.last_of.get(&delta.thread)?;
        if number < self.barrier {
            return None;
        }
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        match self.entries.get_mut(at) {
            Some(Entry::Message(Message::Delta(earlier)))
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
        self.writing += self.waiting();
        self.news = Load::default();
        self.answers = Load::default();
        self.look = Look::default();
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

    /// Whether answers wait.
    pub(super) fn has_answers(&self) -> bool {
        self.answers.bytes > 0
    }

    /// What the marks of congestion are compared with.
    pub(super) fn bytes(&self) -> usize {
        let kept = self.journal.as_ref().filter(|_| self.parked);
        self.waiting() + self.writing + kept.map_or(0, |journal| journal.bytes())
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
        let waiting = self.entries.iter().filter_map(Entry::question);
        let replayed = self.journal.iter().flat_map(|journal| journal.questions());
        waiting.chain(replayed).collect()
    }
}
