//! How fast a large message must come: it takes room from others as long as it lasts.

use std::time::Duration;

use tokio::time::Instant;

/// Bytes of it that must come within [`PATIENCE`].
pub(crate) const LEAST_PROGRESS: usize = 64 * 1024;
/// Time in which [`LEAST_PROGRESS`] must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Follows one message, but not while nothing is read of it.
#[derive(Debug)]
pub(super) struct Pace {
    /// Bytes that must have come,
    goal: usize,
    /// by then.
    until: Instant,
}

impl Pace {
    /// So many bytes have come.
    pub(super) fn new(now: Instant, come: usize) -> Self {
        Self {
            goal: come + LEAST_PROGRESS,
            until: now + PATIENCE,
        }
    }

    /// By when more must come, if so many bytes have; of another message, if they have become fewer.
    pub(super) fn until(&mut self, now: Instant, come: usize) -> Instant {
        if come >= self.goal || come + LEAST_PROGRESS < self.goal {
            *self = Self::new(now, come);
        }
        self.until
    }

    /// Nothing was read for so long.
    fn extend(&mut self, time: Duration) {
        self.until += time;
    }
}

/// As long as this lives, nothing is read: that is not the client's time.
#[derive(Debug)]
pub(crate) struct Pause<'a> {
    pace: Option<&'a mut Pace>,
    since: Instant,
}

impl<'a> Pause<'a> {
    pub(super) fn new(pace: Option<&'a mut Pace>) -> Self {
        Self {
            pace,
            since: Instant::now(),
        }
    }
}

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        if let Some(pace) = &mut self.pace {
            pace.extend(self.since.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_its_time_and_time_in_which_nothing_is_read_does_not_count() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut pace = Pace::new(begun, 100);
        assert_eq!(pace.until(at(10), 100 + LEAST_PROGRESS - 1), at(30));
        pace.extend(Duration::from_secs(5));
        assert_eq!(pace.until(at(20), 100 + LEAST_PROGRESS - 1), at(35));
        assert_eq!(pace.until(at(20), 100 + LEAST_PROGRESS), at(50));
        assert_eq!(pace.until(at(21), 100 + 2 * LEAST_PROGRESS - 1), at(50));
        assert_eq!(pace.until(at(22), 100 + LEAST_PROGRESS - 1), at(52));
    }
}
