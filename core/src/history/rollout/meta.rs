//! The first line of a rollout: what is known of a thread from its start (docs/contract/storage.md#lines).

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::url_redaction::redact_url;
use crate::{GitInfo, HistoryMode, ThreadCreator, ThreadId};

/// Payload of a `session_meta` line. Fields of other programs that we don't know are dropped when a meta is copied, and
/// one that can't be read counts as absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionMeta {
    /// The thread.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub id: Option<ThreadId>,
    /// Root of its tree of sub-agents; absent in old files.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub session_id: Option<String>,
    /// Source of the fork.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub forked_from_id: Option<ThreadId>,
    /// First ordinal of the source that the fork does not have.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub forked_from_ordinal_exclusive: Option<u64>,
    /// The thread whose agent spawned it.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub parent_thread_id: Option<ThreadId>,
    /// The thread that it is attached to as a hidden child.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub attached_to_thread_id: Option<ThreadId>,
    /// It is attached to the source of the fork.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "lenient")]
    pub attached_thread: bool,
    /// The user who started it; absent where nobody was signed in with an account.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub creator_user_id: Option<String>,
    /// The workspace of that user.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub creator_account_id: Option<String>,
    /// RFC 3339 with milliseconds.
    #[serde(deserialize_with = "lenient")]
    pub timestamp: String,
    /// Working folder.
    #[serde(deserialize_with = "lenient")]
    pub cwd: PathBuf,
    /// Workspace roots.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub runtime_workspace_roots: Option<Vec<PathBuf>>,
    /// Name of the client.
    #[serde(deserialize_with = "lenient")]
    pub originator: String,
    /// Version of the program that wrote it.
    #[serde(deserialize_with = "lenient")]
    pub cli_version: String,
    /// Kind of client: `"vscode"`, `"cli"`, `{"subagent":…}`.
    pub source: Value,
    /// The client's word for where the thread comes from.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub thread_source: Option<String>,
    /// Nickname of a sub-agent.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub agent_nickname: Option<String>,
    /// Role of a sub-agent.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub agent_role: Option<String>,
    /// Place of a sub-agent below the root, where agents have paths.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub agent_path: Option<String>,
    /// How agents of its session are named: `v1` (ids) or `v2` (paths).
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub multi_agent_version: Option<String>,
    /// The first ordinal behind what a sub-agent has taken over.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub subagent_history_start_ordinal: Option<u64>,
    /// Provider id.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub model_provider: Option<String>,
    /// Base instructions as they were at the start.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub base_instructions: Option<BaseInstructions>,
    /// How the lines are kept; absent in legacy files.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub history_mode: Option<HistoryMode>,
    /// Where the history before the first line is.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub history_base: Option<HistoryBase>,
    /// Tools that the client offers, as it gave them.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub dynamic_tools: Option<Value>,
    /// The first context window.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub context_window: Option<ContextWindow>,
    /// Repository state.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub git: Option<MetaGit>,
}

impl SessionMeta {
    /// The thread that it is attached to.
    pub(crate) fn attached_to(&self) -> Option<ThreadId> {
        let source = self.forked_from_id.filter(|_| self.attached_thread);
        self.attached_to_thread_id.or(source)
    }

    /// Who started the thread.
    pub(crate) fn creator(&self) -> Option<ThreadCreator> {
        let creator = ThreadCreator {
            user_id: self.creator_user_id.clone(),
            account_id: self.creator_account_id.clone(),
        };
        (creator != ThreadCreator::default()).then_some(creator)
    }
}

/// What comes from other programs in an unexpected shape counts as absent.
pub(crate) fn lenient<'de, D, T>(d: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: for<'a> Deserialize<'a> + Default,
{
    Ok(serde_json::from_value(Value::deserialize(d)?).unwrap_or_default())
}

/// Base instructions with their origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseInstructions {
    /// The text.
    pub text: Arc<str>,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
}

/// Where base instructions come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Provenance {
    /// The client gave them.
    Custom,
    /// They are the built-in ones of a model.
    Model {
        /// The model.
        model: String,
    },
}

/// The history before a file's first line: a part of another file (docs/contract/threads.md#thread-fork).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryBase {
    /// Which file: the identifier of its thread, or, if a revert has begun it, that of the revert, which its name tells. This
    /// program once wrote that of the thread there, too.
    #[serde(rename = "thread_id")]
    pub file_id: Uuid,
    /// First ordinal that does not belong to it.
    pub end_ordinal_exclusive: u64,
    /// Where that ordinal's line begins.
    pub end_byte_offset: u64,
}

/// A context window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextWindow {
    /// UUID.
    pub window_id: String,
}

/// Repository state as a meta line keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetaGit {
    /// Commit id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_hash: Option<String>,
    /// Branch name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Address of the remote `origin`, without credentials; what other programs wrote is cleaned when it is read.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "without_secrets")]
    pub repository_url: Option<String>,
}

fn without_secrets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let url = Option::<String>::deserialize(deserializer)?;
    Ok(url.as_deref().map(redact_url))
}

impl From<MetaGit> for GitInfo {
    fn from(git: MetaGit) -> Self {
        Self {
            sha: git.commit_hash,
            branch: git.branch,
            origin_url: git.repository_url,
        }
    }
}

impl From<GitInfo> for MetaGit {
    fn from(git: GitInfo) -> Self {
        Self {
            commit_hash: git.sha,
            branch: git.branch,
            repository_url: git.origin_url.as_deref().map(redact_url),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_member_that_can_t_be_read_costs_that_member() {
        let id = ThreadId::new();
        let sound = json!({"id": id, "timestamp": "T", "cwd": "/w", "originator": "o", "cli_version": "1",
            "source": "cli", "model_provider": "p", "history_mode": "paginated"});
        let whole: SessionMeta = serde_json::from_value(sound.clone()).expect("a meta");
        for (name, value) in sound.as_object().expect("an object") {
            for wrong in [json!(null), json!(7), json!([value]), json!({"x": value})] {
                let mut broken = sound.clone();
                broken[name] = wrong;
                let meta: SessionMeta = serde_json::from_value(broken).expect("a meta");
                assert_eq!(meta.id.is_some(), name != "id");
                assert_eq!(meta.cwd == whole.cwd, name != "cwd");
            }
        }
    }
}
