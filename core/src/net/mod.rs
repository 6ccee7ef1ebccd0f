//! HTTP and WebSocket clients: TLS, proxies, connections, and how much is read of an answer.

pub(crate) mod body;
mod certificates;
pub(crate) mod client;
pub(crate) mod connector;
pub(crate) mod server_message;
