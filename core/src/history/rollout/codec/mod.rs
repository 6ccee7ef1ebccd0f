//! From the engine's types to the members of a rollout line and back.

pub(crate) mod encode;
pub(crate) mod error;
pub(crate) mod input;
pub(crate) mod item;
pub(crate) mod settings;
