//! Turns leave much freed memory behind, between what lives on. It goes back to the system as soon as nothing runs.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::sys::heap;

/// How long nothing may run before memory is given back: who goes on at once wants it again.
const QUIET: Duration = Duration::from_millis(500);
/// So much freed memory is left alone, in bytes.
const KEPT: usize = 4 * 1024 * 1024;

/// How many of them there are, and were. The allocator belongs to the process, and so do these.
static RUNNING: AtomicUsize = AtomicUsize::new(0);
static BEGUN: AtomicUsize = AtomicUsize::new(0);
/// Somebody waits for the process to be quiet.
static AWAITED: AtomicBool = AtomicBool::new(false);

/// Something runs that uses much memory. Dropping it ends that.
#[derive(Debug)]
pub(crate) struct Busy(());

impl Busy {
    /// It begins.
    pub(crate) fn begin() -> Self {
        RUNNING.fetch_add(1, Ordering::SeqCst);
        BEGUN.fetch_add(1, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let was_last = RUNNING.fetch_sub(1, Ordering::SeqCst) == 1;
        if was_last
            && let Ok(runtime) = Handle::try_current()
            && !AWAITED.swap(true, Ordering::SeqCst)
        {
            runtime.spawn(give_back_when_quiet());
        }
    }
}

async fn give_back_when_quiet() {
    loop {
        let begun = BEGUN.load(Ordering::SeqCst);
        tokio::time::sleep(QUIET).await;
        let is_quiet = RUNNING.load(Ordering::SeqCst) == 0;
        if is_quiet && BEGUN.load(Ordering::SeqCst) != begun {
            continue;
        }
        AWAITED.store(false, Ordering::SeqCst);
        if is_quiet {
            tokio::task::spawn_blocking(|| {
                if heap::freed() > KEPT {
                    heap::give_back();
                }
            });
            return;
        }
        // What runs waits for quiet when it ends, unless it has just done so.
        if RUNNING.load(Ordering::SeqCst) != 0 || AWAITED.swap(true, Ordering::SeqCst) {
            return;
        }
    }
}
