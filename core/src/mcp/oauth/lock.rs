//! One renewal of tokens at a time among all daemons of a home. The system frees the lock when its holder dies. It is not
//! that of the account's credentials: those do not wait for servers.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use crate::external_file::{READ_TIMEOUT, in_background};
use crate::sys::files::owner_only;

/// The file of a home.
const FILE: &str = "mcp-oauth.lock";
/// How often a lock that is held is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// Holds the lock of a home while it lives.
#[derive(Debug)]
pub(super) struct RenewalLock {
    _file: File,
}

impl RenewalLock {
    /// Takes the lock, waiting at most this long for its holder. `None`: it can't be had.
    pub(super) async fn take(codex_home: &Path, patience: Duration) -> Option<Self> {
        let path = codex_home.join(FILE);
        let file = in_background(READ_TIMEOUT, move || open(&path)).await.ok()??;
        let deadline = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => return Some(Self { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    tokio::time::sleep(TRY_AGAIN).await;
                }
                Err(_) => return None,
            }
        }
    }
}

fn open(path: &Path) -> Option<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    owner_only(&mut options).open(path).ok()
}
