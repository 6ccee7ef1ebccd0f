//! From what happens in threads to what clients are told. An event goes one way: the thread's actor gives it to the
//! [`Publisher`], which makes a message of the contract of it and hands that to a [`Delivery`], which knows the clients.
//! Nothing here knows of connections or of who watches what.
//!
//! Where to look:
//!
//! * which event becomes which message, and who is told: `publisher`
//! * which turns run, for an end that waits for them: `running_turns`
//! * what the publisher needs of whoever knows the clients: `delivery`
//! * streamed text, from the event to bytes of JSON: `delta`
//! * requests to clients, and what their answers mean: `approval`, `dynamic_tool`, `mcp`, `user_input`
//! * parameters of notifications, one file per family: `account`, `goal`, `hooks`, `item`, `model`, `notice` (errors and warnings), `raw`
//!   (what passes between us and the model), `realtime` (voice), `thread`, `turn`

mod account;
mod approval;
mod auto_review;
pub(crate) mod delivery;
pub(crate) mod delta;
mod dynamic_tool;
pub(crate) mod goal;
mod hooks;
mod item;
mod mcp;
mod model;
mod notice;
pub(crate) mod publisher;
mod raw;
mod realtime;
pub(crate) mod running_turns;
pub(crate) mod thread;
mod turn;
mod user_input;
