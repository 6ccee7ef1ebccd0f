//! How bytes come in and go out. Everything above works on any pair of byte streams.

pub(crate) mod lines;
pub mod stdio;
