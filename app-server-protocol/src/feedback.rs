//! What a user wants to tell the makers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::LegacyAppPathString;

crate::rpc::methods! {
    client FeedbackSave "feedback/save" (FeedbackSaveParams) -> FeedbackSaveResponse, stable, "Writes feedback to a zip that the user can read.";
    client FeedbackUpload "feedback/upload" (FeedbackUploadParams) -> FeedbackUploadResponse, stable, "Sends feedback to the configured server.";
}

/// What to tell, and where to put it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeedbackSaveParams {
    /// `bug`, `bad_result`, `good_result`, `safety_check` or anything else.
    pub classification: String,
    /// Files that go along.
    pub extra_log_files: Option<Vec<String>>,
    /// Whether what is known of the thread and this program goes along.
    #[serde(default)]
    pub include_logs: bool,
    /// The user's words.
    pub reason: Option<String>,
    /// A new file, as an absolute path.
    pub save_path: LegacyAppPathString,
    /// Names and values of the client.
    pub tags: Option<BTreeMap<String, String>>,
    /// The thread that it is about.
    pub thread_id: Option<String>,
}

/// It is saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeedbackSaveResponse {
    /// Always null: prompts are not hashed.
    pub prompt_hash: Option<String>,
    /// The file.
    pub saved_path: LegacyAppPathString,
    /// The thread; `no-active-thread-…` if there is none.
    pub thread_id: String,
}

/// What to tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeedbackUploadParams {
    /// `bug`, `bad_result`, `good_result`, `safety_check` or anything else.
    pub classification: String,
    /// Files that go along.
    pub extra_log_files: Option<Vec<String>>,
    /// Whether what is known of the thread and this program goes along.
    #[serde(default)]
    pub include_logs: bool,
    /// The user's words.
    pub reason: Option<String>,
    /// Names and values of the client.
    pub tags: Option<BTreeMap<String, String>>,
    /// The thread that it is about.
    pub thread_id: Option<String>,
}

/// It is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeedbackUploadResponse {
    /// Always null: prompts are not hashed.
    #[serde(default)]
    pub prompt_hash: Option<String>,
    /// The thread; `no-active-thread-…` if there is none.
    pub thread_id: String,
}
