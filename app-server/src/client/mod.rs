//! The connections: what is read from a client, what waits to be written to it, and what it was asked.

pub(crate) mod connection;
pub(crate) mod handle;
pub(crate) mod outgoing;
pub(crate) mod pending_requests;
pub(crate) mod transport;
