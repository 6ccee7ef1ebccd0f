//! The log as unit tests see it: each test sees what was logged on its own thread.
//!
//! One subscriber for the whole process: with one per test, a place that another test's thread logs from first would be
//! taken for one that nobody listens to.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use tracing::Level;

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// From now on, what is logged on this thread is kept, down to debug.
pub(crate) fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(Level::DEBUG)
            .with_ansi(false)
            .with_writer(|| ThreadLog)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    tracing::callsite::rebuild_interest_cache();
    LOGGED.with_borrow_mut(Vec::clear);
}

/// What was logged on this thread since [`start`].
pub(crate) fn take() -> String {
    String::from_utf8(LOGGED.take()).unwrap()
}

struct ThreadLog;

impl io::Write for ThreadLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A thread that ends has nobody who reads its log.
        let _ = LOGGED.try_with(|logged| logged.borrow_mut().extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
