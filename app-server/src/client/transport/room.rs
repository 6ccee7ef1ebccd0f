//! Room for large messages that come in, shared by all connections: each alone may be as large as is allowed, but not
//! thousands of them at once that are begun and never finished.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of a message that need no room.
const SMALL: usize = 64 * 1024;

/// The room there is.
#[derive(Debug)]
pub(crate) struct Pool {
    /// In bytes.
    most: usize,
    taken: AtomicUsize,
}

/// What one connection has of it. Dropping it gives that back.
#[derive(Debug)]
pub(super) struct Room {
    pool: &'static Pool,
    taken: usize,
}

impl Pool {
    /// So many bytes.
    pub(crate) const fn new(most: usize) -> Self {
        Self {
            most,
            taken: AtomicUsize::new(0),
        }
    }
}

impl Room {
    /// None yet.
    pub(super) fn new(pool: &'static Pool) -> Self {
        Self { pool, taken: 0 }
    }

    /// Takes as much as a message of so many bytes needs. False: there isn't as much; nothing is taken.
    #[must_use]
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(SMALL).saturating_sub(self.taken);
        if more == 0 {
            return true;
        }
        let taken = &self.pool.taken;
        // Others may be refused for a moment because of what is given back at once.
        let fits = taken.fetch_add(more, Ordering::Relaxed).saturating_add(more) <= self.pool.most;
        if fits {
            self.taken += more;
        } else {
            taken.fetch_sub(more, Ordering::Relaxed);
        }
        fits
    }

    /// Whether there is less for others.
    pub(super) fn is_taken(&self) -> bool {
        self.taken > 0
    }

    /// The message is done.
    pub(super) fn give_back(&mut self) {
        let taken = std::mem::take(&mut self.taken);
        self.pool.taken.fetch_sub(taken, Ordering::Relaxed);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.give_back();
    }
}
