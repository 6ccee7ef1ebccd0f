//! Hooks: commands of the user that run at events (docs/contract/hooks.md).
//!
//! Where to look:
//!
//! * which there are: `catalog` (all layers), `definition` (one file), `matcher` (what they are limited to), `trust`
//!   (whether they may run)
//! * a run: `thread` (the hooks of a thread), `request` (what they are told), `command` (the child), `output` (what they
//!   say), `report` (what all hooks of an event together come to), `running` (what clients see)
//!
//! What follows from what they say is up to those who ask: `session::turn::hooks` and `tools::hooked`.

mod catalog;
mod command;
mod definition;
mod matcher;
mod mcp_tool;
mod output;
mod report;
mod request;
mod running;
mod thread;
mod trust;

pub(crate) use catalog::HookCatalog;
pub(crate) use report::HookReport;
pub(crate) use request::{HookMoment, HookPlace, HookRequest};
pub(crate) use thread::{HookOrigin, SessionStartSource, ThreadHooks};
