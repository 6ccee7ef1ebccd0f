//! What a request tells about its turn: `x-codex-turn-metadata` and the body's `client_metadata`
//! (docs/contract/model-http.md#request-body, docs/contract/model-http.md#turn-metadata).

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Serialize, Serializer};

use super::client::Shared;
use super::request::ClientMetadata;
use super::{ModelError, Prompt, TurnIdentity};
use crate::ErrorKind;
use crate::git::Workspaces;

/// Keys that the client's own metadata can't replace.
const RESERVED: [&str; 19] = [
    "installation_id",
    "session_id",
    "thread_id",
    "agent_name",
    "turn_id",
    "window_id",
    "window_number",
    "context_window_id",
    "request_kind",
    "compaction",
    "forked_from_thread_id",
    "parent_thread_id",
    "parent_turn_id",
    "root_turn_id",
    "subagent_kind",
    "turn_started_at_unix_ms",
    "model",
    "sandbox",
    "workspaces",
];

/// Where a thread comes from.
#[derive(Debug, Clone, Default)]
pub struct ThreadLineage {
    /// `new`, `warm_fork`, `cold_resume`.
    pub history_initialization: Option<String>,
    /// The thread that it was forked from.
    pub forked_from_thread_id: Option<String>,
    /// The thread that started it as a sub-agent.
    pub parent_thread_id: Option<String>,
    /// `review`, `compact`, `collab_spawn` or a label of its own.
    pub subagent: Option<String>,
    /// Place of an agent below the root, where agents have paths.
    pub agent_path: Option<String>,
    /// The client's word for where it comes from.
    pub thread_source: Option<String>,
}

/// Why a history is summed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CompactionMetadata {
    /// `manual` or `auto`.
    pub trigger: &'static str,
    /// `user_requested`, `context_limit`, `model_downshift` or `comp_hash_changed`.
    pub reason: &'static str,
    /// `responses` or `responses_compaction_v2`.
    pub implementation: &'static str,
    /// `standalone_turn`, `pre_turn`, `mid_turn` or `post_turn`.
    pub phase: &'static str,
    /// `memento`.
    pub strategy: &'static str,
}

/// What a request is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum RequestKind {
    /// The model's next step.
    #[default]
    Turn,
    /// Summing up the history.
    Compaction(CompactionMetadata),
    /// A connection that is opened before it is needed.
    Preconnect,
}

impl RequestKind {
    fn name(&self) -> &'static str {
        match self {
            Self::Turn => "turn",
            Self::Compaction(_) => "compaction",
            Self::Preconnect => "prewarm",
        }
    }
}

/// A context window of a thread: what the model knows between two compactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextWindow {
    /// Number of compactions before it.
    pub number: u64,
    /// Identifies it.
    pub id: String,
    /// The window before it; `None` for the first one.
    pub previous_id: Option<String>,
    /// The thread's first window.
    pub first_id: String,
}

impl ContextWindow {
    /// The first window of a thread.
    pub fn first(id: String) -> Self {
        Self {
            number: 0,
            first_id: id.clone(),
            previous_id: None,
            id,
        }
    }

    /// The window that follows.
    pub(super) fn next(&self) -> Self {
        Self {
            number: self.number.saturating_add(1),
            id: crate::new_id(),
            previous_id: Some(self.id.clone()),
            first_id: self.first_id.clone(),
        }
    }
}

impl Default for ContextWindow {
    fn default() -> Self {
        Self::first(crate::new_id())
    }
}

/// The documented order of keys.
#[derive(Serialize)]
struct TurnMetadata<'a> {
    installation_id: &'a str,
    session_id: &'a str,
    thread_id: String,
    agent_name: &'a str,
    turn_id: &'a str,
    window_id: &'a str,
    window_number: u64,
    context_window_id: &'a str,
    request_kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    compaction: Option<&'a CompactionMetadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history_initialization: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forked_from_thread_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_thread_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_turn_id: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    root_turn_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subagent_kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_source: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    sandbox: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    sandbox_mode: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspaces: Option<&'a Workspaces>,
    #[serde(skip_serializing_if = "Option::is_none")]
    turn_started_at_unix_ms: Option<i64>,
    #[serde(flatten)]
    rest: Rest<'a>,
}

/// The keys that follow, sorted by name: ours and the client's.
struct Rest<'a> {
    model: Option<&'a str>,
    effort: Option<&'a str>,
    own: &'a BTreeMap<String, String>,
}

impl Serialize for Rest<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all: BTreeMap<&str, &str> = self
            .own
            .iter()
            .filter(|(key, _)| !RESERVED.contains(&key.as_str()))
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        all.extend(self.model.map(|model| ("model", model)));
        if let Some(effort) = self.effort {
            all.entry("reasoning_effort").or_insert(effort);
        }
        serializer.collect_map(all)
    }
}

/// What a request tells about itself.
#[derive(Debug, Clone, Default)]
pub(super) struct RequestIdentity {
    /// `<thread id>:<number of compactions so far>`.
    pub(super) window_id: String,
    /// The JSON text of `x-codex-turn-metadata`, ASCII only.
    pub(super) turn_metadata: String,
}

impl RequestIdentity {
    /// Describes a request. `prompt` is `None` for a connection that is opened before it is needed.
    pub(super) fn new(
        shared: &Shared,
        turn: &TurnIdentity,
        kind: &RequestKind,
        prompt: Option<&Prompt>,
        workspaces: Option<&Workspaces>,
    ) -> Result<Self, ModelError> {
        let options = &shared.options;
        let lineage = &shared.lineage;
        let window = shared.window();
        let window_id = format!("{}:{}", options.thread_id, window.number);
        let metadata = TurnMetadata {
            installation_id: &options.installation_id,
            session_id: &options.session_id,
            thread_id: options.thread_id.to_string(),
            agent_name: lineage.agent_path.as_deref().unwrap_or("/root"),
            turn_id: &turn.turn_id,
            window_id: &window_id,
            window_number: window.number,
            context_window_id: &window.id,
            request_kind: kind.name(),
            compaction: match kind {
                RequestKind::Compaction(why) => Some(why),
                _ => None,
            },
            history_initialization: lineage.history_initialization.as_deref(),
            forked_from_thread_id: lineage.forked_from_thread_id.as_deref(),
            parent_thread_id: lineage.parent_thread_id.as_deref(),
            parent_turn_id: turn.parent_turn_id.as_deref(),
            root_turn_id: &turn.root_turn_id,
            subagent_kind: lineage.subagent.as_deref().map(|kind| match kind {
                "collab_spawn" => "thread_spawn",
                other => other,
            }),
            thread_source: lineage.thread_source.as_deref(),
            sandbox: &turn.sandbox,
            sandbox_mode: &turn.sandbox_mode,
            workspaces: workspaces.filter(|w| !w.is_empty()),
            turn_started_at_unix_ms: (turn.started_at_ms != 0).then_some(turn.started_at_ms),
            rest: Rest {
                model: prompt
                    .filter(|_| !matches!(kind, RequestKind::Compaction(_)))
                    .map(|p| p.model.as_str()),
                effort: prompt.and_then(|p| p.effort.as_deref()),
                own: &turn.client_metadata,
            },
        };
        let json = serde_json::to_string(&metadata).map_err(|e| {
            ModelError::terminal(
                ErrorKind::Other,
                format!("the turn metadata could not be written: {e}"),
            )
        })?;
        Ok(Self {
            window_id,
            turn_metadata: to_ascii(json),
        })
    }

    /// The body's `client_metadata`.
    pub(super) fn client_metadata(&self, shared: &Shared, turn: &TurnIdentity) -> ClientMetadata {
        let options = &shared.options;
        let mut map = vec![
            ("session_id", options.session_id.clone()),
            ("thread_id", options.thread_id.to_string()),
            ("turn_id", turn.turn_id.clone()),
            ("root_turn_id", turn.root_turn_id.clone()),
            ("x-codex-installation-id", options.installation_id.clone()),
            ("x-codex-window-id", self.window_id.clone()),
            ("x-codex-turn-metadata", self.turn_metadata.clone()),
        ];
        let lineage = &shared.lineage;
        map.extend(turn.parent_turn_id.clone().map(|turn| ("parent_turn_id", turn)));
        map.extend(lineage.subagent.clone().map(|s| ("x-openai-subagent", s)));
        map.extend(
            lineage
                .parent_thread_id
                .clone()
                .map(|p| ("x-codex-parent-thread-id", p)),
        );
        map
    }
}

/// Writes what is not ASCII as `\u` escapes, so that the text fits a header. Outside of strings JSON is ASCII anyway.
fn to_ascii(json: String) -> String {
    if json.is_ascii() {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string can't fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_beyond_ascii_is_escaped() {
        let json = to_ascii(r#"{"é":"😀"}"#.to_owned());
        assert_eq!(json, r#"{"\u00e9":"\ud83d\ude00"}"#);
        let back: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(back["é"], "😀");
    }

    #[test]
    fn the_clients_own_keys_cannot_replace_ours() {
        let own = [("turn_id", "x"), ("zeta", "z"), ("alpha", "a"), ("model", "x")];
        let own: BTreeMap<String, String> = own.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        let rest = Rest {
            model: Some("m"),
            effort: Some("low"),
            own: &own,
        };
        assert_eq!(
            serde_json::to_string(&rest).unwrap(),
            r#"{"alpha":"a","model":"m","reasoning_effort":"low","zeta":"z"}"#
        );
    }
}
