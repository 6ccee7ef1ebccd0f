//! Shapes of patches.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{CallStatus, FileChange, FileChangeKind};

/// The changes of a patch, sorted by path.
pub(crate) fn changes(value: Value) -> Option<Vec<FileChange>> {
    let changes: BTreeMap<PathBuf, PatchChange> = serde_json::from_value(value).ok()?;
    Some(
        changes
            .into_iter()
            .map(|(path, c)| c.into_change(&path))
            .collect(),
    )
}

#[derive(Serialize, Deserialize)]
pub(super) struct Patch<'a> {
    #[serde(borrow, default)]
    pub(super) id: Cow<'a, str>,
    #[serde(default)]
    pub(super) changes: BTreeMap<Cow<'a, Path>, PatchChange>,
    pub(super) status: CallStatus,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) stdout: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) stderr: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum PatchChange {
    Add {
        #[serde(default)]
        content: String,
    },
    Delete {
        #[serde(default)]
        content: String,
    },
    Update {
        #[serde(default)]
        unified_diff: String,
        #[serde(default)]
        move_path: Option<PathBuf>,
    },
}

impl From<&FileChange> for PatchChange {
    fn from(c: &FileChange) -> Self {
        match &c.kind {
            FileChangeKind::Add => Self::Add {
                content: c.diff.clone(),
            },
            FileChangeKind::Delete => Self::Delete {
                content: c.diff.clone(),
            },
            FileChangeKind::Update { move_path } => Self::Update {
                unified_diff: c.diff.clone(),
                move_path: move_path.clone(),
            },
        }
    }
}

impl PatchChange {
    pub(super) fn into_change(self, path: &Path) -> FileChange {
        let (kind, diff) = match self {
            Self::Add { content } => (FileChangeKind::Add, content),
            Self::Delete { content } => (FileChangeKind::Delete, content),
            Self::Update {
                unified_diff,
                move_path,
            } => (FileChangeKind::Update { move_path }, unified_diff),
        };
        FileChange {
            path: path.to_path_buf(),
            kind,
            diff,
        }
    }
}
