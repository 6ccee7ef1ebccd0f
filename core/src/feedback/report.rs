//! `report.json` and `manifest.json`.

use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Feedback;
use crate::memory::without_secrets;

/// Most of the user's words, in bytes.
const MAX_REASON: usize = 64 << 10;
/// Tags of a client at most.
const MAX_TAGS: usize = 64;

/// A file in the archive, as the manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    /// Its path in the archive.
    #[serde(rename = "entry")]
    pub(super) path: String,
    filename: String,
    content_type: &'static str,
}

impl Entry {
    pub(super) fn new(number: usize, name: &str) -> Self {
        // A name is no path, whatever is in it.
        let filename = name.replace(['/', '\\', '\0'], "_");
        let content_type = match filename.rsplit('.').next() {
            Some("json") => "application/json",
            Some("jsonl") => "application/x-ndjson",
            _ => "text/plain",
        };
        Self {
            path: format!("attachments/{number:04}/{filename}"),
            filename,
            content_type,
        }
    }
}

/// Which files there are.
pub(super) fn manifest(entries: &[Entry]) -> String {
    serde_json::to_string(entries).unwrap_or_default()
}

/// What the user says, and about what.
pub(super) fn report(feedback: &Feedback) -> String {
    let kind = match feedback.classification.as_str() {
        "bug" => "Bug",
        "bad_result" => "Bad result",
        "good_result" => "Good result",
        "safety_check" => "Safety check",
        _ => "Other",
    };
    let clean = |text: &str| {
        let end = crate::char_boundary::floor(text, MAX_REASON);
        without_secrets(&text[..end]).trim_end().to_owned()
    };
    let title = format!("[{kind}]: Codex session {}", feedback.thread);
    let mut tags: Map<String, Value> = Map::new();
    for (name, value) in feedback.tags.iter().take(MAX_TAGS) {
        tags.insert(clean(name), clean(value).into());
    }
    tags.insert("classification".into(), clean(&feedback.classification).into());
    tags.insert("cli_version".into(), crate::CONTRACT_VERSION.into());
    tags.insert("thread_id".into(), feedback.thread.clone().into());
    let reason = feedback
        .reason
        .as_deref()
        .filter(|reason| !reason.trim().is_empty());
    let mut report = json!({
        "event_id": Uuid::new_v4().simple().to_string(),
        "message": title,
        "timestamp": crate::now_s(),
    });
    if matches!(kind, "Good result" | "Other") {
        report["level"] = "info".into();
    }
    if let Some(reason) = reason.map(clean) {
        tags.insert("reason".into(), reason.clone().into());
        report["exception"] = json!({"values": [{"type": title, "value": reason}]});
    }
    report["tags"] = tags.into();
    report.to_string()
}
