//! Rows of lists: what the beginning of a rollout tells, kept so that it isn't read again.

use std::fs::Metadata;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::directory::Rollout;
use crate::history::read::head::Head;
use crate::history::rollout::meta::SessionMeta;
use crate::sys::files;
use crate::{HistoryMode, ThreadInfo, ThreadStatus};

/// Counts up when rows tell more of files than before: those that were stored earlier are read again.
const FORM: u32 = 4;

/// What a list shows of a thread, as far as its file tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    form: u32,
    /// The first line without its large members.
    pub(crate) meta: SessionMeta,
    pub(crate) preview: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) effort: Option<String>,
}

impl From<Head> for Row {
    fn from(mut head: Head) -> Self {
        head.meta.base_instructions = None;
        head.meta.dynamic_tools = None;
        head.meta.context_window = None;
        Self {
            form: FORM,
            meta: head.meta,
            preview: head.preview,
            model: head.model,
            effort: head.effort,
        }
    }
}

impl Row {
    /// Whether it tells all that is shown.
    pub(crate) fn is_current(&self) -> bool {
        self.form == FORM
    }

    /// Whether nothing more is told by the file when it grows.
    pub(crate) fn is_complete(&self) -> bool {
        self.preview.is_some() && self.model.is_some()
    }

    /// Rough size in memory, in bytes.
    pub(crate) fn weight(&self) -> usize {
        600 + self.preview.as_ref().map_or(0, String::len)
    }

    /// The thread as it is shown, not loaded, without what users gave it.
    pub(crate) fn info(&self, rollout: &Rollout, stamp: Stamp, default_provider: &str) -> ThreadInfo {
        let meta = &self.meta;
        let id = rollout.key.id;
        let updated_at = stamp.mtime_ms / 1000;
        ThreadInfo {
            id,
            session_id: meta.session_id.clone().unwrap_or_else(|| id.to_string()),
            forked_from: meta.forked_from_id,
            parent: meta.parent_thread_id,
            attached_to: meta.attached_to(),
            preview: self.preview.clone().unwrap_or_default(),
            name: None,
            ephemeral: false,
            history_mode: meta.history_mode.unwrap_or(HistoryMode::Legacy),
            model: self.model.clone(),
            effort: self.effort.clone(),
            model_provider: meta
                .model_provider
                .clone()
                .unwrap_or_else(|| default_provider.to_owned()),
            created_at: rollout.key.begun_ms / 1000,
            updated_at,
            recency_at: Some(updated_at),
            status: ThreadStatus::NotLoaded,
            path: Some(rollout.path.clone()),
            cwd: meta.cwd.clone(),
            workspace_roots: Vec::new(),
            has_environment: true,
            cli_version: meta.cli_version.clone(),
            originator: Some(meta.originator.clone()).filter(|o| !o.is_empty()),
            source: source(&meta.source),
            thread_source: meta.thread_source.clone(),
            git: meta.git.clone().map(Into::into),
            agent_nickname: meta.agent_nickname.clone(),
            agent_role: meta.agent_role.clone(),
            archived: rollout.archived,
            section: None,
            project: None,
            creator: meta.creator(),
            daybreak: None,
        }
    }
}

/// Old files don't tell where they come from.
fn source(source: &Value) -> Value {
    match source {
        Value::Null => Value::from("vscode"),
        other => other.clone(),
    }
}

/// Size and time of a file: as long as they stay, so does what was read from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    /// Unix milliseconds.
    pub(crate) mtime_ms: i64,
    pub(crate) inode: u64,
}

impl From<&Metadata> for Stamp {
    fn from(meta: &Metadata) -> Self {
        let (seconds, nanoseconds) = files::modified(meta);
        Self {
            size: meta.len(),
            mtime_ms: seconds * 1000 + nanoseconds / 1_000_000,
            inode: files::file_id(meta).inode,
        }
    }
}

impl Stamp {
    /// The stamp of the file, if it is there.
    pub(crate) fn of(path: &std::path::Path) -> Option<Self> {
        std::fs::metadata(path).ok().as_ref().map(Self::from)
    }

    /// Whether what the beginning of the file told at `self` is still true at `now`: files only grow, and a beginning
    /// that was complete stays.
    pub(crate) fn covers(self, now: Self, complete: bool) -> bool {
        self == now || (complete && self.inode == now.inode && now.size >= self.size)
    }
}
