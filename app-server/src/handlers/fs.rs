//! Files of the machine, beside all threads (docs/contract/services.md#files).

use std::io;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use codex_app_server_protocol::{
    AbsolutePathBuf, FsChanged, FsChangedNotification, FsCopy, FsCopyParams, FsCopyResponse,
    FsCreateDirectory, FsCreateDirectoryParams, FsCreateDirectoryResponse, FsGetMetadata,
    FsGetMetadataParams, FsGetMetadataResponse, FsReadDirectory, FsReadDirectoryEntry, FsReadDirectoryParams,
    FsReadDirectoryResponse, FsReadFile, FsReadFileParams, FsReadFileResponse, FsRemove, FsRemoveParams,
    FsRemoveResponse, FsUnwatch, FsUnwatchParams, FsUnwatchResponse, FsWatch, FsWatchParams, FsWatchResponse,
    FsWriteFile, FsWriteFileParams, FsWriteFileResponse,
};
use codex_core::client_files::{self, ClientFileError, FileContent, FilePieces};
use codex_core::file_watch::FileWatchError;

use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<FsReadFile, _, _>(read_file);
    router.on::<FsWriteFile, _, _>(write_file);
    router.on::<FsCreateDirectory, _, _>(create_directory);
    router.on::<FsGetMetadata, _, _>(get_metadata);
    router.on::<FsReadDirectory, _, _>(read_directory);
    router.on::<FsRemove, _, _>(remove);
    router.on::<FsCopy, _, _>(copy);
    router.on_deferred::<FsWatch, _, _>(watch);
    router.on::<FsUnwatch, _, _>(unwatch);
}

impl From<ClientFileError> for RpcError {
    fn from(error: ClientFileError) -> Self {
        let message = error.to_string();
        match error {
            ClientFileError::Io(error) if error.kind() == io::ErrorKind::InvalidInput => {
                Self::invalid(message)
            }
            ClientFileError::Io(_) | ClientFileError::TimedOut(_) | ClientFileError::Busy(_) => {
                Self::internal(message)
            }
            _ => Self::invalid(message),
        }
    }
}

impl From<FileWatchError> for RpcError {
    fn from(error: FileWatchError) -> Self {
        let message = error.to_string();
        match error {
            FileWatchError::TooMany => Self::invalid(message),
            FileWatchError::Unavailable(_) | FileWatchError::Path(_) => Self::internal(message),
        }
    }
}

/// A large file is written to the client while it is read.
async fn read_file(_: RequestContext, params: FsReadFileParams, responder: Responder<FsReadFile>) {
    match client_files::read(params.path.normalized()).await {
        Ok(FileContent::Whole(bytes)) => responder.send(Ok(FsReadFileResponse {
            data_base64: BASE64_STANDARD.encode(bytes),
        })),
        Ok(FileContent::Large(pieces)) => {
            let frame = FsReadFileResponse {
                data_base64: String::new(),
            };
            responder.send_in_pieces(&frame, |_, frame| LargeAnswer::new(frame, pieces));
        }
        Err(error) => responder.send(Err(error.into())),
    }
}

/// An answer with a large file in it, piece by piece.
struct LargeAnswer {
    /// What comes before the content; empty once it was given.
    head: Vec<u8>,
    /// What comes behind it; empty once it was given.
    tail: Vec<u8>,
    pieces: FilePieces,
}

impl LargeAnswer {
    /// `frame` is the answer with an empty text in the place of the content.
    fn new(mut frame: Vec<u8>, pieces: FilePieces) -> Self {
        // The content is the last text of the frame.
        let place = memchr::memmem::rfind(&frame, b"\"\"").map_or(frame.len(), |at| at + 1);
        let tail = frame.split_off(place);
        Self {
            head: frame,
            tail,
            pieces,
        }
    }
}

impl Iterator for LargeAnswer {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        if self.tail.is_empty() {
            return None;
        }
        let mut json = std::mem::take(&mut self.head);
        match self.pieces.next_piece() {
            Ok(Some(bytes)) => {
                let text = BASE64_STANDARD.encode(bytes);
                if json.is_empty() {
                    return Some(text.into_bytes());
                }
                json.extend_from_slice(text.as_bytes());
            }
            Ok(None) => json.append(&mut self.tail),
            Err(error) => {
                // The answer has begun: it ends in good form, and the error stands beside what was read.
                tracing::warn!(%error, "a file could not be read on");
                let tail = std::mem::take(&mut self.tail);
                json.extend_from_slice(tail.strip_suffix(b"}").unwrap_or(&tail));
                json.extend_from_slice(b",\"error\":");
                let error = RpcError::from(error).0;
                json.extend(serde_json::to_vec(&error).unwrap_or_else(|_| b"{}".to_vec()));
                json.push(b'}');
            }
        }
        Some(json)
    }
}

async fn write_file(_: RequestContext, params: FsWriteFileParams) -> RpcResult<FsWriteFileResponse> {
    let path = params.path.normalized();
    // Decoding tens of megabytes takes a while, too.
    let decoded = tokio::task::spawn_blocking(move || BASE64_STANDARD.decode(params.data_base64));
    let decoded = decoded
        .await
        .map_err(|error| RpcError::internal(error.to_string()))?;
    let bytes = decoded.map_err(|error| {
        RpcError::invalid(format!("fs/writeFile requires valid base64 dataBase64: {error}"))
    })?;
    client_files::write(path, bytes).await?;
    Ok(FsWriteFileResponse {})
}

async fn create_directory(
    _: RequestContext,
    params: FsCreateDirectoryParams,
) -> RpcResult<FsCreateDirectoryResponse> {
    client_files::create_folder(params.path.normalized(), params.recursive.unwrap_or(true)).await?;
    Ok(FsCreateDirectoryResponse {})
}

async fn get_metadata(_: RequestContext, params: FsGetMetadataParams) -> RpcResult<FsGetMetadataResponse> {
    let facts = client_files::facts(params.path.normalized()).await?;
    Ok(FsGetMetadataResponse {
        created_at_ms: facts.created_ms,
        is_directory: facts.is_folder,
        is_file: facts.is_file,
        is_symlink: facts.is_link,
        modified_at_ms: facts.modified_ms,
    })
}

async fn read_directory(
    _: RequestContext,
    params: FsReadDirectoryParams,
) -> RpcResult<FsReadDirectoryResponse> {
    let entries = client_files::list(params.path.normalized()).await?;
    let entries = entries.into_iter().map(|entry| FsReadDirectoryEntry {
        file_name: entry.name,
        is_directory: entry.is_folder,
        is_file: entry.is_file,
    });
    Ok(FsReadDirectoryResponse {
        entries: entries.collect(),
    })
}

async fn remove(_: RequestContext, params: FsRemoveParams) -> RpcResult<FsRemoveResponse> {
    let recursive = params.recursive.unwrap_or(true);
    let force = params.force.unwrap_or(true);
    client_files::remove(params.path.normalized(), recursive, force).await?;
    Ok(FsRemoveResponse {})
}

async fn copy(_: RequestContext, params: FsCopyParams) -> RpcResult<FsCopyResponse> {
    let source = params.source_path.normalized();
    client_files::copy(source, params.destination_path.normalized(), params.recursive).await?;
    Ok(FsCopyResponse {})
}

/// Watches a path. The answer comes before the first change.
async fn watch(cx: RequestContext, params: FsWatchParams, responder: Responder<FsWatch>) {
    let id = params.watch_id;
    if !cx.client.files.reserve_watch(&id) {
        return responder.send(Err(RpcError::invalid(format!("watchId already exists: {id}"))));
    }
    let path = params.path.normalized();
    let client = Arc::downgrade(&cx.client);
    let watch_id = id.clone();
    let tell = move |paths: Vec<std::path::PathBuf>| {
        if let Some(client) = client.upgrade() {
            client.notify::<FsChanged>(&FsChangedNotification {
                changed_paths: paths
                    .iter()
                    .map(|path| AbsolutePathBuf::from_path(path))
                    .collect(),
                watch_id: watch_id.clone(),
            });
        }
    };
    match cx.server.file_watches.watch(path.clone(), tell).await {
        Ok(watch) => {
            responder.send(Ok(FsWatchResponse {
                path: AbsolutePathBuf::from_path(&path),
            }));
            cx.client.files.set_watch(&id, Some(watch));
        }
        Err(error) => {
            cx.client.files.set_watch(&id, None);
            responder.send(Err(error.into()));
        }
    }
}

async fn unwatch(cx: RequestContext, params: FsUnwatchParams) -> RpcResult<FsUnwatchResponse> {
    cx.client.files.end_watch(&params.watch_id);
    Ok(FsUnwatchResponse {})
}
