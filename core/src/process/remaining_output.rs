//! When the output of a child that has ended is over.

use std::time::Duration;

use tokio::time::Instant;

use super::stdio::ChildOutput;

/// How long the output of others who hold the pipe of an ended child still counts as its own: a pipeline's last words.
const LINGER: Duration = Duration::from_millis(50);

/// What is still to be read of a child that has ended: everything that it had written itself, and what others who hold
/// its pipe (children in the background) write within 50 ms, however much they write.
#[derive(Debug)]
pub(crate) struct RemainingOutput {
    /// Bytes that were in the pipe when the child had ended.
    written: usize,
    until: Instant,
}

impl RemainingOutput {
    /// Of a child that has just ended.
    pub(crate) fn of(output: Option<&ChildOutput>) -> Self {
        Self {
            written: output.and_then(ChildOutput::waiting).unwrap_or(0),
            until: Instant::now() + LINGER,
        }
    }

    /// So many bytes were read.
    pub(crate) fn read(&mut self, bytes: usize) {
        self.written = self.written.saturating_sub(bytes);
    }

    /// Nothing more counts.
    pub(crate) fn is_over(&self) -> bool {
        self.written == 0 && Instant::now() >= self.until
    }

    /// Until when to wait for more.
    pub(crate) fn until(&self) -> Instant {
        self.until
    }
}
