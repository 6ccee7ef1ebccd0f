//! Servers of the Model Context Protocol (docs/contract/mcp.md): one of each for the whole daemon, however many threads use
//! it.
//!
//! Nothing here is touched before a thread has a server configured. What servers say is hostile until shown otherwise:
//! bounded, and a tool or a line that can't be read costs that tool or line.
//!
//! Where to look:
//!
//! * a conversation with a server: `peer` (requests, answers, questions), `message` (JSON), `stdio` and `http` (what carries it),
//!   `connection` (handshake, tools), `listing` (lists, page by page)
//! * its life: `launch` (what is started, with which variables), `server` (started when needed, again after a crash,
//!   ended when idle), `manager` (all of them)
//! * a thread's side: `thread` (what is configured for it), `thread_server` (how one stands), `offer` (what its model is told), `report`
//!   (what clients ask)
//! * `oauth`: signing in
//! * what the model calls: `crate::tools::mcp`; the tables of the configuration: `crate::config::mcp_servers`

mod connection;
mod error;
mod http;
mod launch;
mod listing;
mod manager;
mod message;
mod oauth;
mod offer;
mod peer;
mod report;
mod server;
mod stdio;
mod thread;
mod thread_server;

pub use connection::Catalog;
pub use error::{CallError, SignInNeed, StartError};
pub use oauth::LoginStarted;
pub use report::{AuthStatus, DirectError, McpLogin, RuntimeStatus, ServerReport};

pub(crate) use connection::taken;
pub(crate) use listing::json_size;
pub(crate) use manager::McpManager;
pub(crate) use offer::{McpOffer, McpTool};
pub(crate) use peer::CallHost;
pub(crate) use thread::{McpOrigin, ThreadMcp, call_params};
pub(crate) use thread_server::ThreadServer;
