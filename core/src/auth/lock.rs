//! One writer of credentials at a time among all processes of a home. The system frees the lock when its holder dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

/// How often a lock that is held is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// Holds the lock of a home while it lives.
#[derive(Debug)]
pub(crate) struct HomeLock {
    _file: File,
}

impl HomeLock {
    /// Takes the lock, waiting at most this long for its holder. The caller must read the store again after it had it.
    pub(crate) async fn take(codex_home: &Path, patience: Duration) -> Result<Self, String> {
        let path = codex_home.join("auth.lock");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(&path)
            .map_err(|error| format!("cannot open {}: {error}", path.display()))?;
        let deadline = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    tokio::time::sleep(TRY_AGAIN).await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(
                        "another codex process is still renewing the credentials of this home".to_owned(),
                    );
                }
                Err(TryLockError::Error(error)) => {
                    return Err(format!("cannot lock {}: {error}", path.display()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_holder_waits_for_the_first() {
        let home = tempfile::tempdir().unwrap();
        let first = HomeLock::take(home.path(), Duration::ZERO).await.unwrap();
        assert!(
            HomeLock::take(home.path(), Duration::from_millis(30))
                .await
                .is_err()
        );
        drop(first);
        HomeLock::take(home.path(), Duration::ZERO).await.unwrap();
    }
}
