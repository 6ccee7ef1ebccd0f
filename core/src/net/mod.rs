//! HTTP and WebSocket clients: TLS, proxies, connections, and how much is read of an answer.
//!
//! Where to look:
//!
//! * `client` (TLS roots, proxies, the pool of HTTP connections), `certificates` (bundles of users)
//! * `connector` (byte streams for WebSockets, through proxies)
//! * `body` (bounded reading), `server_message` (what a server says, fit to be shown)

pub(crate) mod body;
mod certificates;
pub(crate) mod client;
pub(crate) mod connector;
pub(crate) mod server_message;
