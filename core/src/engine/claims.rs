//! One at a time for each thread, whatever it was called by: id, path, or a link to its file.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

use crate::ThreadId;

/// Threads that are being loaded, moved or removed.
#[derive(Default)]
pub(super) struct Claims {
    /// Held for a few instructions.
    busy: Mutex<HashMap<ThreadId, Weak<tokio::sync::Mutex<()>>>>,
}

/// The thread is nobody else's until this is dropped.
pub(super) type Claim = OwnedMutexGuard<()>;

impl Claims {
    /// Waits until those who came before are done with the thread.
    pub(super) async fn claim(&self, id: ThreadId) -> Claim {
        let mutex = {
            let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
            busy.retain(|_, mutex| mutex.strong_count() > 0);
            let known = busy.get(&id).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let mutex = Arc::default();
                busy.insert(id, Arc::downgrade(&mutex));
                mutex
            })
        };
        mutex.lock_owned().await
    }
}
