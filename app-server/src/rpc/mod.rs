//! From a request to its handler, and to its one answer. Nothing here knows of threads, or of what a handler works with.
//!
//! Where to look:
//!
//! * from the name of a method to a handler that knows types: `dispatch`
//! * which requests wait for each other: `scheduler`
//! * the answer, given exactly once: `responder`
//! * errors of handlers: `error`; which code and text the engine's errors have on the wire: `core_error`
//! * why a configuration was not written: `config_write_error`
//! * what the log says of a request: `request_log`

mod config_write_error;
mod core_error;
pub(crate) mod dispatch;
pub(crate) mod error;
mod plugin_error;
pub(crate) mod request_log;
pub(crate) mod responder;
pub(crate) mod scheduler;
