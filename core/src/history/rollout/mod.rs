//! Rollout files, the truth about a thread: their place and names, their lines, who may write them.

pub(crate) mod codec;
pub(crate) mod layout;
pub(crate) mod legacy;
pub(crate) mod line;
pub(crate) mod lock;
pub(crate) mod log;
pub(crate) mod log_file;
pub(crate) mod meta;
pub(crate) mod repair;
pub(crate) mod source;
pub(crate) mod syncing;
pub(crate) mod workers;
pub(crate) mod writer;
