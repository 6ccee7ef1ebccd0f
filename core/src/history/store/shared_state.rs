//! The lock around what is known of stored threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::State;

/// How long the background waits at a time for those who wait for the lock, and how many times.
const NAP: Duration = Duration::from_micros(100);
const NAPS: usize = 50;

/// What is known of stored threads, behind a lock because calls work on blocking threads; held for one call, or by the
/// background for one piece of its work.
pub(super) struct SharedState {
    state: Mutex<State>,
    /// Who waits for it.
    waiting: AtomicUsize,
}

impl SharedState {
    pub(super) fn new(state: State) -> Self {
        Self {
            state: Mutex::new(state),
            waiting: AtomicUsize::new(0),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        state
    }

    /// Lets those have the lock who wait for it, between two pieces of work. A lock that is let go and taken at once
    /// is mostly had by the same thread again before another one has woken up.
    pub(super) fn give_way(&self) {
        for _ in 0..NAPS {
            if self.waiting.load(Ordering::Relaxed) == 0 {
                return;
            }
            std::thread::sleep(NAP);
        }
    }
}
