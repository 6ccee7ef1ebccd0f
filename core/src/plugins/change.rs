//! One change of plugins at a time among all processes of a home, until everything that works for it has ended.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::PluginError;
use crate::external_file::in_background;
use crate::home_lock::HomeLock;

/// Held by the process that changes plugins, in the home.
const LOCK: &str = "plugins.lock";

/// How long others may take with theirs.
const PATIENCE: Duration = Duration::from_secs(600);

/// All changes of one home.
#[derive(Debug)]
pub(super) struct Changes {
    codex_home: PathBuf,
    only: Arc<Mutex<()>>,
}

/// A change that goes on. Work on another thread holds it, too, and ends soon when nobody waits for it any more; only
/// when all of it has ended does another change begin.
#[derive(Debug, Clone)]
pub(super) struct Change {
    given_up: Arc<AtomicBool>,
    _only: Arc<(Option<HomeLock>, OwnedMutexGuard<()>)>,
}

impl Changes {
    /// Those of a home.
    pub(super) fn new(codex_home: PathBuf) -> Self {
        Self {
            codex_home,
            only: Arc::default(),
        }
    }

    /// Begins a change, when those before it have ended.
    pub(super) async fn begin(&self) -> Result<Change, PluginError> {
        let mine = tokio::time::timeout(PATIENCE, Arc::clone(&self.only).lock_owned()).await;
        let mine = mine.map_err(|_| {
            PluginError::failed("another change of plugins is still at work; try again later")
        })?;
        let lock = HomeLock::take(&self.codex_home, LOCK, PATIENCE).await;
        let lock = lock.map_err(|held| PluginError::failed(format!("plugins are not changed: {held}")))?;
        Ok(Change {
            given_up: Arc::default(),
            _only: Arc::new((lock, mine)),
        })
    }
}

impl Change {
    /// An error when nobody waits for the change any more. To be asked between steps, and before each one that others can
    /// see.
    pub(super) fn check(&self) -> io::Result<()> {
        if self.given_up.load(Ordering::Relaxed) {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "it took too long"));
        }
        Ok(())
    }

    /// Works on files on another thread. After this time the change is given up.
    pub(super) async fn off_thread<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce(&Self) -> Result<T, PluginError> + Send + 'static,
    ) -> Result<T, PluginError> {
        let held = self.clone();
        let waiting = Waiting(Some(&*self.given_up));
        let done = in_background(limit, move || work(&held)).await;
        if done.is_ok() {
            waiting.done();
        }
        done.map_err(|error| PluginError::failed(error.to_string()))?
    }
}

/// Somebody waits for the change. When this is dropped before it is done, the change is given up.
struct Waiting<'a>(Option<&'a AtomicBool>);

impl Waiting<'_> {
    fn done(mut self) {
        self.0 = None;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(given_up) = self.0 {
            given_up.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn work_that_takes_too_long_is_told_so_and_keeps_others_waiting_until_it_has_ended() {
        let home = tempfile::tempdir().expect("a home");
        let changes = Changes::new(home.path().to_owned());
        let change = changes.begin().await.expect("nobody else is at work");
        let (end, may_end) = mpsc::channel();
        let work = move |change: &Change| {
            while change.check().is_ok() {
                std::thread::yield_now();
            }
            // As a file system that hangs.
            let _ = may_end.recv();
            Ok(())
        };
        let error = change.off_thread(Duration::from_millis(20), work).await;
        assert!(error.is_err());
        let next = change.off_thread(Duration::from_secs(10), |change| Ok(change.check().is_ok()));
        assert!(!next.await.expect("it runs"), "the change is given up as a whole");
        drop(change);
        let mut second = Box::pin(changes.begin());
        let early = tokio::time::timeout(Duration::from_millis(50), &mut second).await;
        assert!(early.is_err(), "the first one still works");
        end.send(()).expect("it waits");
        let second = second.await.expect("nobody else is at work");
        assert!(second.check().is_ok());
    }
}
