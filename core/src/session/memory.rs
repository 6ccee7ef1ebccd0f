//! Notes of a thread that rests, for later ones (docs/contract/agents.md#memory).

use tokio::time::Instant;

use super::sample::SampleJob;
use crate::instructions;
use crate::memory::{Memories, Notes};
use crate::model::ResponseItem;

/// Whether there is something new to note, and since when the thread rests.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Unnoted {
    since: Option<Instant>,
}

impl Unnoted {
    /// A turn has ended.
    pub(crate) fn turn_ended(&mut self) {
        self.since = Some(Instant::now());
    }

    /// Since when the thread has rested with something new in it.
    pub(crate) fn since(self) -> Option<Instant> {
        self.since
    }

    /// It is noted, or is not to be.
    pub(crate) fn noted(&mut self) {
        self.since = None;
    }
}

/// Has the model note what later threads should know, and keeps that.
pub(crate) async fn note(mut job: SampleJob, history: Vec<ResponseItem>, memories: Memories, about: Notes) {
    let thread = about.thread;
    let earlier = memories.of(thread).await.unwrap_or_default();
    job.question = instructions::take_notes(earlier.as_deref());
    let text = match job.run(history).await {
        Ok(sample) => sample.text.unwrap_or_default(),
        Err(error) => {
            tracing::warn!(%thread, %error, "nothing was noted of a thread");
            return;
        }
    };
    if text.trim().is_empty() || text.trim() == instructions::NO_NOTES {
        return;
    }
    let keeping = move || memories.keep(&Notes { text, ..about });
    match tokio::task::spawn_blocking(keeping).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%thread, %error, "what was noted of a thread can't be kept"),
        Err(_) => tracing::warn!(%thread, "keeping the notes of a thread was cut short"),
    }
}
