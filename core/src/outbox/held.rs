//! Items that are told as soon as they are stored, while whoever completed them works on. What is told meanwhile waits
//! behind them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::Outbox;
use crate::{Event, Item};

/// Events that may wait before [`Outbox::ready`] waits as well.
const MAX_WAITING: usize = 256;

/// What waits until an item is stored.
#[derive(Debug, Default)]
pub(super) struct HeldEvents {
    /// An item is being stored.
    is_holding: AtomicBool,
    behind: Mutex<VecDeque<Event>>,
    released: Notify,
}

impl HeldEvents {
    /// From now on events wait. `false`: they do so already.
    fn begin(&self) -> bool {
        !self.is_holding.swap(true, Ordering::AcqRel)
    }

    /// So much waits that whoever produces without end has to wait, too.
    pub(super) fn is_long(&self) -> bool {
        self.is_holding.load(Ordering::Acquire)
            && self.behind.lock().unwrap_or_else(PoisonError::into_inner).len() > MAX_WAITING
    }

    /// Takes an event that has to wait; gives it back if none has to.
    pub(super) fn hold(&self, event: Event) -> Option<Event> {
        if !self.is_holding.load(Ordering::Acquire) {
            return Some(event);
        }
        let mut behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        // It may have been released meanwhile.
        if !self.is_holding.load(Ordering::Acquire) {
            return Some(event);
        }
        behind.push_back(event);
        None
    }

    /// The next event that has waited. `None`: no more, and from now on nothing waits.
    fn release(&self) -> Option<Event> {
        let mut behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        let event = behind.pop_front();
        if event.is_none() {
            self.is_holding.store(false, Ordering::Release);
            self.released.notify_waiters();
        }
        event
    }
}

impl Outbox {
    /// As [`Outbox::item_completed`], without waiting until the item is stored. At most one is on its way: waits for the
    /// one before.
    pub(crate) async fn complete_in_background(&self, turn_id: &Arc<str>, item: Item) {
        let item = self.log_completed(turn_id, item);
        while !self.shared.held.begin() {
            self.settled().await;
        }
        let release = Release {
            outbox: self.clone(),
            turn_id: Arc::clone(turn_id),
            item: Some(item),
        };
        tokio::spawn(async move {
            release.outbox.log().flushed().await;
            drop(release);
        });
    }

    /// Waits until everything is told that waits for an item to be stored.
    pub(crate) async fn settled(&self) {
        loop {
            let released = self.shared.held.released.notified();
            if !self.shared.held.is_holding.load(Ordering::Acquire) {
                return;
            }
            released.await;
        }
    }
}

/// Tells the item, and what has waited behind it, when it is dropped: whatever becomes of the disk.
struct Release {
    outbox: Outbox,
    turn_id: Arc<str>,
    item: Option<Item>,
}

impl Drop for Release {
    fn drop(&mut self) {
        if let Some(item) = self.item.take() {
            let event = self.outbox.completed(&self.turn_id, item);
            self.outbox.emit_now(event);
        }
        while let Some(event) = self.outbox.shared.held.release() {
            self.outbox.emit_now(event);
        }
    }
}
