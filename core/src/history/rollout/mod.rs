//! Rollout files, the truth about a thread: their place and names, their lines, who may write them.
//!
//! Where to look:
//!
//! * where: `layout` (paths and names), `lock` (who may write a thread)
//! * what: `meta` (the first line), `line` (kinds of lines), `codec` (our types as lines and back), `legacy` (older files),
//!   `repair` (broken texts)
//! * writing: `log` (of one thread, for the session), `writer` (of all logs), `log_file`, `syncing`, `workers` (threads that
//!   may block)
//! * reading: `source`; `compress` (those of threads that rest)

pub(crate) mod codec;
pub(crate) mod compress;
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
