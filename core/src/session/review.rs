//! What clients see of a reviewer's work: its items, as those of the review's turn. Its messages are not streamed, because
//! the last of them is the review as JSON, which is told as text at the end. See also `turn/review`.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;

use crate::outbox::Outbox;
use crate::{DeltaKind, Event, EventSink, Item, ItemBody, ThreadId, Traffic};

/// Passes on what a reviewer tells to the clients of its thread.
pub(crate) struct ReviewEvents {
    thread: Outbox,
    /// A message that is complete, until something follows: the last one stays back. A lock, because commands report from
    /// tasks of their own; held for a few instructions.
    held: Mutex<Option<(Arc<str>, Box<Item>)>>,
}

impl ReviewEvents {
    /// To the clients of this thread.
    pub(crate) fn new(thread: Outbox) -> Self {
        Self {
            thread,
            held: Mutex::default(),
        }
    }

    fn hold(&self, message: Option<(Arc<str>, Box<Item>)>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *held, message);
        drop(held);
        if let Some((turn_id, item)) = before {
            self.thread.emit(Event::ItemCompleted { turn_id, item });
        }
    }
}

impl EventSink for ReviewEvents {
    fn emit(&self, _: ThreadId, event: Event) {
        match event {
            // Of the thread or of its turn, for which the review's own turn speaks.
            Event::Status(_)
            | Event::Settings(_)
            | Event::TurnStarted(_)
            | Event::TurnCompleted(_)
            | Event::ReadState(_)
            | Event::TokenUsage { .. }
            | Event::RawItem { .. }
            | Event::RawResponse { .. }
            | Event::Closed
            | Event::Delta {
                kind: DeltaKind::AgentMessage | DeltaKind::Plan,
                ..
            } => {}
            Event::ItemStarted { item, .. } | Event::ItemCompleted { item, .. }
                if matches!(item.body, ItemBody::UserMessage { .. }) => {}
            Event::ItemCompleted { turn_id, item } if matches!(item.body, ItemBody::AgentMessage { .. }) => {
                self.hold(Some((turn_id, item)));
            }
            Event::ItemStarted { .. } => {
                self.hold(None);
                self.thread.emit(event);
            }
            event => self.thread.emit(event),
        }
    }

    fn congested(&self, _: ThreadId, traffic: Traffic) -> bool {
        self.thread.congested(traffic)
    }

    fn drained(&self, _: ThreadId, traffic: Traffic) -> BoxFuture<'static, ()> {
        self.thread.drained(traffic)
    }
}
