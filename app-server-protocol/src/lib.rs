//! The wire contract of codex-app-server: every message that crosses a connection, as a type.
//!
//! * [`rpc`] – what a method is, and the [`rpc::METHODS`] table that everything else derives from
//! * [`wire`] – one line of JSON in either direction
//! * [`error`] – error codes and error data
//!
//! One file per family of methods holds its table on top and its types below. Type and field names are those of
//! the contract release, because clients generate code from them.
//!
//! Types only: nothing here opens a file or a socket.

pub mod error;
pub mod rpc;
pub mod wire;

pub use error::ErrorObject;
pub use rpc::{Direction, MethodInfo, NoParams, Notification, Request, Scope};
pub use wire::{Dialect, Frame, RequestId};
