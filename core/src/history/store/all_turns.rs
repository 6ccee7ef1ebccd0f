//! All turns of a thread, however many: read one by one, so that memory holds one at a time.

use std::sync::Arc;

use super::Inner;
use crate::history::read::chain::{History, unreadable};
use crate::history::read::turn_index::TurnIndex;
use crate::history::rollout::source::Source;
use crate::{Result, Turn};

/// Threads up to this size are read at once.
const AT_ONCE: u64 = 256 << 10;

/// All turns of a thread, oldest first. Reading goes to the files: not for an asynchronous task's own thread, unless
/// [`is_read`](Self::is_read).
#[derive(Debug)]
pub struct AllTurns(Turns);

#[derive(Debug)]
enum Turns {
    Read(std::vec::IntoIter<Turn>),
    Unread(Box<Unread>),
}

#[derive(Debug)]
struct Unread {
    history: History,
    map: TurnIndex,
    next: usize,
    buffer: Vec<u8>,
    /// Turns as they are in memory: they count more than what the files tell of them.
    live: Vec<Turn>,
}

impl AllTurns {
    /// All turns of a history. Small ones are read now.
    pub(super) fn of(history: History, map: TurnIndex) -> Result<Self> {
        let small = map.bytes() <= AT_ONCE;
        let mut unread = Unread {
            history,
            map,
            next: 0,
            buffer: Vec::new(),
            live: Vec::new(),
        };
        if !small {
            return Ok(Self(Turns::Unread(Box::new(unread))));
        }
        let turns: Result<Vec<Turn>> = std::iter::from_fn(|| unread.read_next()).collect();
        Ok(Self::from(turns?))
    }

    /// Whether everything is in memory.
    pub fn is_read(&self) -> bool {
        matches!(self.0, Turns::Read(_))
    }

    /// Replaces what the files tell of turns that are in memory.
    pub(crate) fn merge_live_turns(self, live: Vec<Turn>) -> Self {
        match self.0 {
            Turns::Read(turns) => {
                let mut turns: Vec<Turn> = turns.collect();
                for live in live {
                    match turns.iter_mut().rfind(|turn| turn.id == live.id) {
                        Some(turn) => *turn = live,
                        None => turns.push(live),
                    }
                }
                Self::from(turns)
            }
            Turns::Unread(mut unread) => {
                unread.live = live;
                Self(Turns::Unread(unread))
            }
        }
    }
}

impl From<Vec<Turn>> for AllTurns {
    fn from(turns: Vec<Turn>) -> Self {
        Self(Turns::Read(turns.into_iter()))
    }
}

impl Default for AllTurns {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl Iterator for AllTurns {
    type Item = Result<Turn>;

    fn next(&mut self) -> Option<Result<Turn>> {
        match &mut self.0 {
            Turns::Read(turns) => turns.next().map(Ok),
            Turns::Unread(unread) => unread.read_next(),
        }
    }
}

impl Unread {
    fn read_next(&mut self) -> Option<Result<Turn>> {
        let index = self.next;
        let Some(head) = self.map.turns().get(index) else {
            // What the files don't know yet.
            return (!self.live.is_empty()).then(|| Ok(self.live.remove(0)));
        };
        let live = self.live.iter().position(|live| live.id == head.id);
        self.next += 1;
        Some(match live {
            Some(live) => Ok(self.live.remove(live)),
            None => self
                .map
                .turn(&self.history, index, &mut self.buffer)
                .map(|placed| placed.turn)
                .map_err(unreadable),
        })
    }
}

/// Where the turns of a thread of this size lie is kept in the index; a smaller file is read as quickly.
pub(super) const WORTH_KEEPING: u64 = 1 << 20;

impl Inner {
    /// Where the turns of a history lie. What is found out of a large one is kept.
    pub(super) fn turn_index(self: &Arc<Self>, history: &History) -> Result<TurnIndex> {
        let large = history.segments.iter().map(Source::len).sum::<u64>() >= WORTH_KEEPING;
        let newest = history.newest().filter(|_| large);
        let newest = newest.map(|newest| newest.path().to_path_buf());
        let kept = newest.as_ref().and_then(|path| {
            let mut state = self.state();
            state
                .index
                .exists()
                .then(|| state.index.turn_index(path))
                .flatten()
        });
        let (map, read) = TurnIndex::read(history, kept).map_err(unreadable)?;
        if let Some(path) = newest
            && read >= WORTH_KEEPING
            && map.is_final()
        {
            let (inner, map) = (Arc::clone(self), map.clone());
            tokio::task::spawn_blocking(move || inner.state().index.keep_turn_index(&path, &map));
        }
        Ok(map)
    }
}
