//! What a conversation is made of, and what its thread is like.

use std::path::PathBuf;

use crate::ThreadId;
use crate::history::ThreadStore;
use crate::model::side_channel::SideChannel;
use crate::outbox::Outbox;

/// What the conversations of a thread have in common.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) thread: ThreadId,
    pub(crate) channel: SideChannel,
    pub(crate) store: ThreadStore,
    pub(crate) outbox: Outbox,
}

/// Where a thread works.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    pub(crate) cwd: PathBuf,
    pub(crate) roots: Vec<PathBuf>,
}
