//! The wire contract of codex-app-server: every message that crosses a connection, as a type.
//!
//! * [`rpc`]: what a method is
//! * [`methods`]: the table of all methods, which everything else derives from
//! * [`wire`]: one line of JSON in either direction
//! * [`error`]: error codes and error data
//! * [`schema`]: what clients generate code from
//! * [`experimental`]: what clients have to ask for before they use it
//!
//! One file per family of methods holds its table on top and its types below. Type and field names are those of
//! the contract release, because clients generate code from them.
//!
//! Types only: nothing here opens a socket, and only the schema writer touches files.

mod account;
mod account_limits;
mod account_usage;
mod approval;
mod auto_review;
mod capability;
mod collaboration_mode;
mod command_exec;
mod config;
mod config_requirements;
mod dynamic_tool;
pub mod error;
pub mod experimental;
mod external_agent_config;
mod feature;
mod file_change;
mod hooks;
mod initialize;
mod input;
mod item;
mod item_parts;
mod item_progress;
mod item_tools;
mod mcp_elicitation;
mod mcp_server;
mod memory;
pub mod methods;
mod model;
mod model_provider;
mod notice;
mod origin;
mod page;
mod params;
mod path;
mod permission;
mod permission_profile;
mod policy;
mod process;
mod raw_response;
mod realtime_item;
mod request_id;
mod response_item;
mod review;
pub mod rpc;
pub mod schema;
mod scope;
mod secret;
mod settings;
mod shape;
mod skills;
mod thread;
mod thread_attachment;
mod thread_command;
mod thread_compact;
mod thread_data;
mod thread_elicitation;
mod thread_goal;
mod thread_item;
mod thread_lifecycle;
mod thread_list;
mod thread_metadata;
mod thread_plan;
mod thread_queue;
mod thread_read;
mod thread_read_state;
mod thread_realtime;
mod thread_sample;
mod thread_search;
mod thread_section;
mod thread_timeline;
mod turn;
mod turn_data;
mod turn_progress;
mod user_input;
pub mod wire;

pub use account::*;
pub use account_limits::*;
pub use account_usage::*;
pub use approval::*;
pub use auto_review::*;
pub use capability::*;
pub use collaboration_mode::*;
pub use command_exec::*;
pub use config::*;
pub use config_requirements::*;
pub use dynamic_tool::*;
pub use error::ErrorObject;
pub use external_agent_config::*;
pub use feature::*;
pub use file_change::*;
pub use hooks::*;
pub use initialize::*;
pub use input::*;
pub use item::*;
pub use item_parts::*;
pub use item_progress::*;
pub use item_tools::*;
pub use mcp_elicitation::*;
pub use mcp_server::*;
pub use memory::*;
pub use model::*;
pub use model_provider::*;
pub use notice::*;
pub use origin::*;
pub use page::*;
pub use path::*;
pub use permission::*;
pub use permission_profile::*;
pub use policy::*;
pub use process::*;
pub use raw_response::*;
pub use realtime_item::*;
pub use response_item::*;
pub use review::*;
pub use rpc::{Direction, MethodInfo, NoParams, Notification, Request, Scope};
pub use secret::*;
pub use settings::*;
pub use skills::*;
pub use thread::*;
pub use thread_attachment::*;
pub use thread_command::*;
pub use thread_compact::*;
pub use thread_data::*;
pub use thread_elicitation::*;
pub use thread_goal::*;
pub use thread_item::*;
pub use thread_lifecycle::*;
pub use thread_list::*;
pub use thread_metadata::*;
pub use thread_plan::*;
pub use thread_queue::*;
pub use thread_read::*;
pub use thread_read_state::*;
pub use thread_realtime::*;
pub use thread_sample::*;
pub use thread_search::*;
pub use thread_section::*;
pub use thread_timeline::*;
pub use turn::*;
pub use turn_data::*;
pub use turn_progress::*;
pub use user_input::*;
pub use wire::{Dialect, Frame, RequestId};
