//! The protocol as its users meet it: messages, generated files, documents.

mod captured_frames;
mod documents;
mod schema_is_fresh;
