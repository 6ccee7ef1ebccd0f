//! What stored threads take on the disk, and compressing those that rest (docs/contract/storage.md#compression).

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Inner, ThreadStore};
use crate::Result;
use crate::history::database::beside;
use crate::history::index::directory::Rollout;
use crate::history::index::rows::Stamp;
use crate::history::rollout::compress::compress;
use crate::history::rollout::layout::is_compressed;

/// How long a thread rests before [`ThreadStore::compress_cold`] compresses it where nothing else is configured.
pub const COLD: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// From the first thread of a process to the look at what can be compressed.
const LATER: Duration = Duration::from_secs(60);

/// What is stored below a home.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StorageFigures {
    /// Files of threads.
    pub rollouts: u64,
    /// Bytes of them.
    pub rollout_bytes: u64,
    /// Files among them that are compressed.
    pub compressed_rollouts: u64,
    /// Bytes of these.
    pub compressed_rollout_bytes: u64,
    /// Files among all of them that belong to archived threads.
    pub archived_rollouts: u64,
    /// Bytes of what is derived from them and can be deleted.
    pub index_bytes: u64,
    /// Bytes of what users made and no other file holds.
    pub user_data_bytes: u64,
}

impl ThreadStore {
    /// What the stored threads take on the disk, as the file system says now. Asks for every file: some 100 ms for
    /// 50,000 threads, on a thread for blocking work.
    ///
    /// # Errors
    ///
    /// Only if that work is cut short because the process ends.
    pub async fn storage(&self) -> Result<StorageFigures> {
        let inner = Arc::clone(&self.inner);
        super::run(move || {
            let mut figures = StorageFigures::default();
            for rollout in inner.all_rollouts() {
                let Ok(meta) = fs::metadata(&rollout.path) else {
                    continue;
                };
                figures.rollouts += 1;
                figures.rollout_bytes += meta.len();
                figures.archived_rollouts += u64::from(rollout.archived);
                if is_compressed(&rollout.path) {
                    figures.compressed_rollouts += 1;
                    figures.compressed_rollout_bytes += meta.len();
                }
            }
            let size = |path: &Path| -> u64 {
                let files = ["", "-wal", "-shm"].map(|suffix| beside(path, suffix));
                files
                    .iter()
                    .filter_map(|file| fs::metadata(file).ok())
                    .map(|meta| meta.len())
                    .sum()
            };
            let layout = &inner.layout;
            figures.index_bytes = size(&layout.index()) + size(&layout.text_index());
            figures.user_data_bytes = size(&layout.user_data());
            Ok(figures)
        })
        .await
    }

    /// Compresses the files of all threads that no process has, and that have not been changed for `age`. Gives how
    /// many. Uses a quarter of one processor at most.
    ///
    /// # Errors
    ///
    /// Only if that work is cut short because the process ends. A file that can't be compressed stays as it is.
    pub async fn compress_cold(&self, age: Duration) -> Result<usize> {
        let weak = Arc::downgrade(&self.inner);
        super::run(move || {
            let rollouts = weak
                .upgrade()
                .map(|inner| inner.all_rollouts())
                .unwrap_or_default();
            let mut compressed = 0;
            for rollout in rollouts {
                let Some(inner) = weak.upgrade() else { break };
                compressed += usize::from(inner.compress(&rollout, age));
            }
            Ok(compressed)
        })
        .await
    }

    /// Has threads that have rested for `age` compressed in the background, once per process.
    pub(crate) fn compress_later(&self, age: Duration) {
        if self.inner.compressing.swap(true, Ordering::Relaxed) {
            return;
        }
        let inner = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            tokio::time::sleep(LATER).await;
            if let Some(inner) = inner.upgrade() {
                let _ = Self { inner }.compress_cold(age).await;
            }
        });
    }
}

impl Inner {
    fn all_rollouts(&self) -> Vec<Rollout> {
        let mut state = self.state();
        state.directory.refresh();
        state.directory.every_file()
    }

    fn compress(&self, rollout: &Rollout, age: Duration) -> bool {
        let path = &rollout.path;
        let rests = || fs::metadata(path).ok()?.modified().ok()?.elapsed().ok();
        if is_compressed(path) || rests().is_none_or(|rest| rest < age) {
            return false;
        }
        let began = Instant::now();
        let done = compress(&self.layout, rollout.key.id, path, age);
        let compressed = match done {
            Ok(Some(target)) => {
                if let Some(stamp) = Stamp::of(&target) {
                    self.texts.index().renamed(path, &target, stamp);
                }
                true
            }
            Ok(None) => false,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "it stays as it is, uncompressed");
                false
            }
        };
        super::text_index::rest(began);
        compressed
    }
}
