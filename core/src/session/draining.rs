//! Whether the process is about to end.

use std::sync::atomic::{AtomicBool, Ordering};

/// Says to all threads of an engine that the process is about to end: turns that run may end, and nothing begins by itself
/// any more. What would have begun is kept where it is, for the next process.
#[derive(Debug, Default)]
pub(crate) struct Draining(AtomicBool);

impl Draining {
    /// From now on nothing begins by itself.
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether nothing may begin by itself.
    pub(crate) fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
