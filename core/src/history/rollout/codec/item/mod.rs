//! Items as rollout files keep them: PascalCase kinds, snake_case fields (docs/contract/storage.md#item-encoding).
//!
//! Where to look:
//!
//! * both ways: `write` (from an item to its line), `read` (back)
//! * shapes in the file: `text` (what was said), `calls` (commands, calls of tools, searches), `collab` (other agents),
//!   `patch`, `review`, `paths`

mod calls;
mod collab;
mod patch;
mod paths;
mod read;
mod review;
mod text;
mod write;

pub(crate) use patch::FileChanges;
pub(crate) use paths::from_file_url;
pub(crate) use read::decode;
pub(crate) use review::{entered_review, exited_review};
pub(crate) use write::FileItem;
