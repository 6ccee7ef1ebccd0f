//! What the events of threads need of whoever knows the clients.

use std::fmt::Display;

use codex_app_server_protocol::{Notification, Request};
use codex_core::{ThreadId, Traffic};
use futures_util::future::BoxFuture;

use super::delta::Delta;

/// Why a request to clients has no result.
pub(crate) trait ReplyProblem: Display {
    /// Whether a client answered what the method does not ask for.
    fn is_malformed(&self) -> bool;
}

/// Brings messages to clients. No method blocks, and what is handed over for one thread leaves in that order.
pub(crate) trait Delivery: Send + Sync + 'static {
    /// Why a request to clients has no result.
    type ReplyError: ReplyProblem;

    /// A notification for those who watch the thread.
    fn tell<N: Notification>(&self, thread: ThreadId, params: &N::Params);

    /// A notification for every client, in the order of this thread.
    fn broadcast<N: Notification>(&self, thread: ThreadId, params: &N::Params);

    /// From now on, those who watch the thread watch this child of it, too. Gives how many watch the child.
    fn follow(&self, thread: ThreadId, child: ThreadId) -> usize;

    /// Text of an item for those who watch its thread.
    fn tell_delta(&self, delta: Delta);

    /// A request with this id to those who watch the thread, now or later, until one has answered. `on_reply` must not
    /// block; it is dropped if no answer can come any more.
    fn ask<R: Request>(
        &self,
        thread: ThreadId,
        id: i64,
        params: &R::Params,
        on_reply: impl FnOnce(Result<R::Response, Self::ReplyError>) + Send + 'static,
    );

    /// The request with this id needs no answer any more.
    fn withdraw(&self, id: i64);

    /// Whether somebody who watches the thread reads too slowly for more of this.
    fn congested(&self, thread: ThreadId, traffic: Traffic) -> bool;

    /// Resolves when `congested` is false again.
    fn drained(&self, thread: ThreadId, traffic: Traffic) -> BoxFuture<'static, ()>;
}
