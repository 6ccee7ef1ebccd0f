//! From the engine's types to the members of a rollout line and back.
//!
//! Where to look:
//!
//! * `encode`: entries as lines (`compaction`: of compactions and token counts); `item`: items, both ways
//! * `settings`, `error` (of turns), `input` (of users), `realtime` (items of voice conversations)

pub(crate) mod encode;
pub(crate) mod error;
pub(crate) mod input;
pub(crate) mod item;
pub(crate) mod realtime;
pub(crate) mod settings;
