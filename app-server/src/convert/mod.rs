//! Between the engine's types and those of the contract, by hand, where they differ. Nothing here knows of requests,
//! clients or threads that run: plain functions, `to_wire` towards the client and `from_wire` from it.
//!
//! What cannot be converted is an [`invalid_params::InvalidParams`]; `rpc::error` says which code that is.
//!
//! Where to look:
//!
//! * threads: `thread`, `open_thread` (what start, resume and fork have in common), `settings`, `policy`, `environment`, `goal`
//! * turns: `turn`, `input` (what the user says), `item`, `command`, `collab` (items about other agents)
//! * what commands may do: `permission`, `rules`
//! * voice: `realtime`
//! * everything else: `account`, `model`, `config`, `requirements`, `external_agent_config`, `mcp`, `skills`, `plugin`

pub(crate) mod account;
pub(crate) mod assessment;
pub(crate) mod client_process;
mod collab;
pub(crate) mod command;
pub(crate) mod config;
pub(crate) mod environment;
pub(crate) mod external_agent_config;
pub(crate) mod goal;
pub(crate) mod hook;
pub(crate) mod input;
pub(crate) mod invalid_params;
pub(crate) mod item;
pub(crate) mod mcp;
pub(crate) mod model;
pub(crate) mod open_thread;
pub(crate) mod permission;
pub(crate) mod plugin;
pub(crate) mod policy;
pub(crate) mod realtime;
pub(crate) mod requirements;
pub(crate) mod rules;
pub(crate) mod settings;
pub(crate) mod skills;
pub(crate) mod thread;
pub(crate) mod turn;
