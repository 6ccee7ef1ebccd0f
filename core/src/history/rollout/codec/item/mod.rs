//! Items as rollout files keep them: PascalCase kinds, snake_case fields (docs/contract/storage.md#item-encoding).

mod calls;
mod open;
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
