//! What a user wants to tell the makers (docs/contract/services.md#feedback).

use std::path::{Path, PathBuf};

use codex_app_server_protocol::{
    FeedbackSave, FeedbackSaveParams, FeedbackSaveResponse, FeedbackUpload, FeedbackUploadParams,
    FeedbackUploadResponse,
};
use codex_core::config::Config;
use codex_core::feedback::{Feedback, FeedbackError};
use codex_core::{CONTRACT_VERSION, Error, LocalMachine, ThreadOperation, new_id};
use serde_json::json;

use crate::rpc::error::{RpcError, RpcResult};
use crate::server::{RequestContext, Router, parse_thread_id};

/// What the tag `session_source` says of all that goes through this server.
const SESSION_SOURCE: &str = "vscode";

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<FeedbackSave, _, _>(save);
    router.on::<FeedbackUpload, _, _>(upload);
}

async fn save(cx: RequestContext, params: FeedbackSaveParams) -> RpcResult<FeedbackSaveResponse> {
    let path = PathBuf::from(&params.save_path.0);
    if !path.is_absolute() {
        return Err(RpcError::invalid(
            "feedback savePath must be an absolute host path",
        ));
    }
    let told = FeedbackUploadParams {
        classification: params.classification,
        reason: params.reason,
        tags: params.tags,
        thread_id: params.thread_id,
        include_logs: params.include_logs,
        extra_log_files: params.extra_log_files,
    };
    let feedback = feedback(&cx, told).await?;
    let thread_id = feedback.thread.clone();
    let saved = feedback.save(path).await;
    saved.map_err(|error| RpcError::internal(format!("failed to save feedback: {error}")))?;
    Ok(FeedbackSaveResponse {
        prompt_hash: None,
        saved_path: params.save_path,
        thread_id,
    })
}

async fn upload(cx: RequestContext, params: FeedbackUploadParams) -> RpcResult<FeedbackUploadResponse> {
    let config = Config::load_home(&cx.server.config).await.map_err(Error::from)?;
    if !config.feedback.enabled {
        return Err(RpcError::invalid("sending feedback is disabled by configuration"));
    }
    let Some(endpoint) = &config.feedback.endpoint else {
        return Err(RpcError::invalid(
            "no server for feedback is configured; save it with feedback/save, or set feedback.endpoint in \
             config.toml",
        ));
    };
    let feedback = feedback(&cx, params).await?;
    let thread_id = feedback.thread.clone();
    let sent = feedback.upload(endpoint).await;
    sent.map_err(|error: FeedbackError| RpcError::internal(format!("failed to upload feedback: {error}")))?;
    Ok(FeedbackUploadResponse {
        prompt_hash: None,
        thread_id,
    })
}

/// `told`: what both methods are given.
async fn feedback(cx: &RequestContext, told: FeedbackUploadParams) -> RpcResult<Feedback> {
    let thread = told.thread_id.as_deref().map(parse_thread_id).transpose()?;
    let mut rollouts = Vec::new();
    if let (Some(id), true) = (thread, told.include_logs) {
        // One that is not stored has none.
        let stored = cx.server.engine.readable(id, ThreadOperation::ReadTurns).await;
        rollouts.extend(stored.ok());
    }
    let mut tags = told.tags.unwrap_or_default();
    tags.insert("session_source".to_owned(), SESSION_SOURCE.to_owned());
    Ok(Feedback {
        classification: told.classification,
        reason: told.reason,
        tags,
        thread: match thread {
            Some(id) => id.to_string(),
            None => format!("no-active-thread-{}", new_id()),
        },
        facts: told.include_logs.then(|| facts(cx)),
        rollouts,
        chosen: told
            .extra_log_files
            .into_iter()
            .flatten()
            .map(PathBuf::from)
            .collect(),
    })
}

/// What is known of this program and machine; nothing of the user.
fn facts(cx: &RequestContext) -> String {
    let machine = LocalMachine::now();
    let shell = Path::new(&machine.shell).file_name().unwrap_or_default();
    let facts = json!({
        "schemaVersion": 1,
        "codexVersion": CONTRACT_VERSION,
        "program": concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")),
        "os": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "kernel": rustix::system::uname().release().to_string_lossy(),
        "shell": shell.to_string_lossy(),
        "client": cx.client.profile().map(|profile| profile.user_agent.as_str()),
        "threads": cx.server.engine.loaded().len(),
        "residentMemoryBytes": codex_core::process::resident_memory(),
    });
    facts.to_string()
}
