//! What there is of one client: the bytes that come from it, what waits to be written to it, what it said of itself and
//! what it was asked. Who watches which thread is above this, in `subscriptions`; what its requests do, in `rpc` and
//! `handlers`.
//!
//! Where to look:
//!
//! * a connected client, and its choices at `initialize`: `handle`
//! * messages from a stream of bytes (lines, frames of a WebSocket), standard input and output: `transport`
//! * what waits to be written, merging of text, slow readers: `outgoing`, and `outgoing::writer`, which writes it;
//!   `outgoing::journal`: what was written to a client that may come back
//! * requests from us that wait for an answer: `pending_requests`
//! * processes that a client runs: `processes`; paths that it watches, and searches for files: `files`
//! * searches of a client that can be given up: `searches`

pub(crate) mod files;
pub(crate) mod handle;
pub(crate) mod outgoing;
pub(crate) mod pending_requests;
pub(crate) mod processes;
pub(crate) mod searches;
pub(crate) mod transport;
