//! Keeps a thread away from the processor of those who wake it, where the system lets it be told: on Linux.

use codex_path_matcher::HelperPlacement;

#[cfg(target_os = "linux")]
use std::sync::OnceLock;

#[cfg(target_os = "linux")]
use rustix::thread::{Pid, gettid, sched_getaffinity, sched_getcpu, sched_setaffinity};

/// The thread that helps with searches for files runs where those don't who wake it.
#[derive(Debug, Default)]
pub(crate) struct OffCallersProcessor {
    #[cfg(target_os = "linux")]
    thread: OnceLock<Pid>,
}

#[cfg(target_os = "linux")]
impl HelperPlacement for OffCallersProcessor {
    fn register_current_thread(&self) {
        // There is one.
        let _ = self.thread.set(gettid());
    }

    /// If there is another processor that both may use. If it can't be told, the thread runs where it did.
    fn avoid_current_processor(&self) {
        if let (Some(thread), Ok(mut others)) = (self.thread.get(), sched_getaffinity(None)) {
            others.unset(sched_getcpu());
            if others.count() > 0 {
                let _ = sched_setaffinity(Some(*thread), &others);
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl HelperPlacement for OffCallersProcessor {
    fn register_current_thread(&self) {}

    fn avoid_current_processor(&self) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_thread_is_kept_away_from_one_processor() {
        let Ok(all) = sched_getaffinity(None) else { return };
        let placement = Arc::new(OffCallersProcessor::default());
        placement.avoid_current_processor();
        let (begun, begins) = channel();
        let (asks, asked) = channel::<()>();
        let its = Arc::clone(&placement);
        let thread = std::thread::spawn(move || {
            its.register_current_thread();
            begun.send(()).unwrap();
            asked.recv().unwrap();
            sched_getaffinity(None).unwrap()
        });
        begins.recv().unwrap();
        placement.avoid_current_processor();
        asks.send(()).unwrap();
        let allowed = thread.join().unwrap();
        assert_eq!(allowed.count(), all.count().saturating_sub(1).max(1));
    }
}
