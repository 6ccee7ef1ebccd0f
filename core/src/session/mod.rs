//! Threads as actors: each owns its state, takes operations, tells events.

mod outbox;

pub(crate) use outbox::{CommandQuestion, Outbox};
