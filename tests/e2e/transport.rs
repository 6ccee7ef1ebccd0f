//! Lines, envelopes and connections: what may come in, and what goes out (docs/contract/connection.md).

mod command_line;
mod garbage;
mod hostile;
mod lines;
mod samples;
mod streams;
