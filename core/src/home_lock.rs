//! One writer at a time among all processes of a home: of credentials, of plugins. The system frees a lock when its holder dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use crate::sys::files::owner_only;

/// How often a lock that is held is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// Holds a lock of a home while it lives.
#[derive(Debug)]
pub(crate) struct HomeLock {
    _file: File,
}

/// Another process held the lock for too long.
#[derive(Debug, thiserror::Error)]
#[error("another process of this home is still at work on the same; try again later")]
pub(crate) struct LockIsHeld;

impl HomeLock {
    /// Takes the lock of this file, waiting at most this long for its holder. The caller must read the store again after it had it.
    /// `None`: this home cannot be locked (it may be read-only), so nobody else can write it either.
    pub(crate) async fn take(
        codex_home: &Path,
        file: &str,
        patience: Duration,
    ) -> Result<Option<Self>, LockIsHeld> {
        let path = codex_home.join(file);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let options = owner_only(&mut options);
        let unlockable = |error: std::io::Error| {
            tracing::warn!("{} cannot be locked: {error}", path.display());
            Ok(None)
        };
        let file = match options.open(&path) {
            Ok(file) => file,
            Err(error) => return unlockable(error),
        };
        let deadline = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Self { _file: file })),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    tokio::time::sleep(TRY_AGAIN).await;
                }
                Err(TryLockError::WouldBlock) => return Err(LockIsHeld),
                Err(TryLockError::Error(error)) => return unlockable(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "some.lock";

    #[tokio::test]
    async fn the_second_holder_waits_for_the_first() {
        let home = tempfile::tempdir().unwrap();
        let first = HomeLock::take(home.path(), LOCK, Duration::ZERO).await.unwrap();
        assert!(
            HomeLock::take(home.path(), LOCK, Duration::from_millis(30))
                .await
                .is_err()
        );
        drop(first);
        HomeLock::take(home.path(), LOCK, Duration::ZERO)
            .await
            .unwrap()
            .unwrap();
    }

    #[tokio::test]
    async fn a_home_that_cannot_be_written_needs_no_lock() {
        let nowhere = Path::new("/proc/no/such/home");
        assert!(
            HomeLock::take(nowhere, LOCK, Duration::ZERO)
                .await
                .unwrap()
                .is_none()
        );
    }
}
