//! Between the engine's types and those of the contract, by hand, one file per family.

pub(crate) mod account;
pub(crate) mod command;
pub(crate) mod environment;
mod error;
pub(crate) mod input;
pub(crate) mod item;
pub(crate) mod model;
pub(crate) mod policy;
pub(crate) mod settings;
pub(crate) mod thread;
pub(crate) mod turn;
