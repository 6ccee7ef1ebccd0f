//! From a request to its handler and its answer.

pub(crate) mod dispatch;
pub(crate) mod error;
pub(crate) mod responder;
pub(crate) mod scheduler;
pub(crate) mod streamed_turns;
