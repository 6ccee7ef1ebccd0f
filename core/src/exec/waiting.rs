//! How long commands are waited for.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// Time-outs of the commands of one thread: they rest while the client asks the user something.
#[derive(Debug, Clone)]
pub(crate) struct Timeouts {
    resting: watch::Sender<bool>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            resting: watch::Sender::new(false),
        }
    }
}

impl Timeouts {
    /// From now on they rest, or go on.
    pub(crate) fn rest(&self, resting: bool) {
        self.resting.send_replace(resting);
    }

    /// Resolves after this time, without the time in which time-outs rest.
    pub(crate) async fn pass(&self, time: Duration) {
        let mut resting = self.resting.subscribe();
        let mut left = time;
        // It fails only without a sender, and that is ours.
        while resting.wait_for(|resting| !resting).await.is_ok() {
            let began = Instant::now();
            tokio::select! {
                biased;
                _ = resting.wait_for(|resting| *resting) => left = left.saturating_sub(began.elapsed()),
                () = sleep(left) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn time_does_not_pass_while_time_outs_rest() {
        let timeouts = Timeouts::default();
        timeouts.rest(true);
        let mut waiting = Box::pin(timeouts.pass(Duration::ZERO));
        assert!(waiting.as_mut().now_or_never().is_none());
        timeouts.rest(false);
        waiting.await;
    }
}
