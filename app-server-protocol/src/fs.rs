//! Files of the machine, beside all threads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::AbsolutePathBuf;

crate::rpc::methods! {
    client FsReadFile "fs/readFile" (FsReadFileParams) -> FsReadFileResponse, stable, "Reads a file.";
    client FsWriteFile "fs/writeFile" (FsWriteFileParams) -> FsWriteFileResponse, stable, "Writes a whole file.";
    client FsCreateDirectory "fs/createDirectory" (FsCreateDirectoryParams) -> FsCreateDirectoryResponse, stable, "Makes a folder.";
    client FsGetMetadata "fs/getMetadata" (FsGetMetadataParams) -> FsGetMetadataResponse, stable, "Tells what a path leads to.";
    client FsReadDirectory "fs/readDirectory" (FsReadDirectoryParams) -> FsReadDirectoryResponse, stable, "Lists a folder.";
    client FsRemove "fs/remove" (FsRemoveParams) -> FsRemoveResponse, stable, "Removes a file or a folder.";
    client FsCopy "fs/copy" (FsCopyParams) -> FsCopyResponse, stable, "Copies a file or a folder.";
    client FsWatch "fs/watch" (FsWatchParams) -> FsWatchResponse, stable, in Handle("watchId"), "Begins to tell of changes of a path.";
    client FsUnwatch "fs/unwatch" (FsUnwatchParams) -> FsUnwatchResponse, stable, in Handle("watchId"), "Ends that.";
    notify FsChanged "fs/changed" (FsChangedNotification), stable, "Something that is watched has changed.";
}

/// Which file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FsReadFileParams {
    /// The file.
    pub path: AbsolutePathBuf,
}

/// What is in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FsReadFileResponse {
    /// Its bytes, in base64.
    pub data_base64: String,
}

/// What to write, and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FsWriteFileParams {
    /// All of its bytes, in base64.
    pub data_base64: String,
    /// The file. It is made if it is missing; its folder must exist.
    pub path: AbsolutePathBuf,
}

/// It is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FsWriteFileResponse {}

/// Which folder to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FsCreateDirectoryParams {
    /// The folder.
    pub path: AbsolutePathBuf,
    /// Make the folders above it, too, and be content if it is there. True unless it is said.
    pub recursive: Option<bool>,
}

/// It is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FsCreateDirectoryResponse {}

/// Which path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FsGetMetadataParams {
    /// The path.
    pub path: AbsolutePathBuf,
}

/// What it leads to. Links are followed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FsGetMetadataResponse {
    /// When it was made, in Unix milliseconds; 0 if the file system doesn't know.
    pub created_at_ms: i64,
    /// A folder.
    pub is_directory: bool,
    /// A regular file.
    pub is_file: bool,
    /// The path itself is a symbolic link.
    pub is_symlink: bool,
    /// When its content changed last, in Unix milliseconds; 0 if the file system doesn't know.
    pub modified_at_ms: i64,
}

/// Which folder to list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FsReadDirectoryParams {
    /// The folder.
    pub path: AbsolutePathBuf,
}

/// What is in a folder, in no order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FsReadDirectoryResponse {
    /// Its entries. Links that lead nowhere are left out.
    pub entries: Vec<FsReadDirectoryEntry>,
}

/// An entry of a folder. Links are followed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FsReadDirectoryEntry {
    /// Its name, without the folder.
    pub file_name: String,
    /// A folder.
    pub is_directory: bool,
    /// A regular file.
    pub is_file: bool,
}

/// What to remove.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FsRemoveParams {
    /// Be content if there is nothing. True unless it is said.
    pub force: Option<bool>,
    /// A file or a folder. Of a link, the link itself is removed.
    pub path: AbsolutePathBuf,
    /// With everything in it. True unless it is said.
    pub recursive: Option<bool>,
}

/// It is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FsRemoveResponse {}

/// What to copy, and where to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FsCopyParams {
    /// The copy.
    pub destination_path: AbsolutePathBuf,
    /// With everything in it; folders need this.
    #[serde(default)]
    pub recursive: bool,
    /// A file, a folder or a link. Links are copied as links.
    pub source_path: AbsolutePathBuf,
}

/// It is copied.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FsCopyResponse {}

/// What to watch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FsWatchParams {
    /// A file or a folder, there or not yet. Of a folder, its entries are watched, not theirs.
    pub path: AbsolutePathBuf,
    /// A name for this watch, new in this connection.
    pub watch_id: String,
}

/// It is watched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FsWatchResponse {
    /// The path, without `.` and `..`.
    pub path: AbsolutePathBuf,
}

/// Which watch to end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FsUnwatchParams {
    /// The watch; an unknown one is none.
    pub watch_id: String,
}

/// It has ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FsUnwatchResponse {}

/// What has changed, within 200 ms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FsChangedNotification {
    /// Paths that came, went, or have other content or permissions; sorted. The watched path itself may stand for
    /// all of them.
    pub changed_paths: Vec<AbsolutePathBuf>,
    /// The watch.
    pub watch_id: String,
}
