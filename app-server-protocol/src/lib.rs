//! The wire contract of codex-app-server: every message that crosses a connection, as a type.
//!
//! * [`rpc`]: what a method is, and the [`rpc::METHODS`] table that everything else derives from
//! * [`wire`]: one line of JSON in either direction
//! * [`error`]: error codes and error data
//!
//! One file per family of methods holds its table on top and its types below. Type and field names are those of
//! the contract release, because clients generate code from them.
//!
//! Types only: nothing here opens a socket, and only the schema writer touches files.

mod approval;
mod capability;
pub mod error;
mod initialize;
mod input;
mod item;
mod item_parts;
mod item_tools;
mod notice;
mod origin;
mod path;
mod permission;
mod policy;
pub mod rpc;
mod settings;
mod shape;
mod thread;
mod thread_data;
mod thread_item;
mod turn;
mod turn_data;
pub mod wire;

pub use approval::*;
pub use capability::*;
pub use error::ErrorObject;
pub use initialize::*;
pub use input::*;
pub use item::*;
pub use item_parts::*;
pub use item_tools::*;
pub use notice::*;
pub use origin::*;
pub use path::*;
pub use permission::*;
pub use policy::*;
pub use rpc::{Direction, MethodInfo, NoParams, Notification, Request, Scope};
pub use settings::*;
pub use thread::*;
pub use thread_data::*;
pub use thread_item::*;
pub use turn::*;
pub use turn_data::*;
pub use wire::{Dialect, Frame, RequestId};
