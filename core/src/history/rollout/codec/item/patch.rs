//! Shapes of patches.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{CallStatus, FileChange, FileChangeKind};

/// What a patch changed. Sorted by the text of the paths, which is not how paths are sorted: `a.rs` is before `a/b.rs`.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct FileChanges(BTreeMap<String, PatchChange>);

impl From<&Vec<FileChange>> for FileChanges {
    fn from(changes: &Vec<FileChange>) -> Self {
        let changes = changes.iter();
        Self(
            changes
                .map(|c| (c.path.to_string_lossy().into_owned(), PatchChange::from(c)))
                .collect(),
        )
    }
}

impl From<FileChanges> for Vec<FileChange> {
    fn from(changes: FileChanges) -> Self {
        let changes = changes.0.into_iter();
        changes.map(|(path, c)| c.into_change(path.into())).collect()
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Patch<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Cow<'a, str>,
    #[serde(default)]
    pub(crate) changes: FileChanges,
    pub(crate) status: CallStatus,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) stdout: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) stderr: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum PatchChange {
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
    fn into_change(self, path: PathBuf) -> FileChange {
        let (kind, diff) = match self {
            Self::Add { content } => (FileChangeKind::Add, content),
            Self::Delete { content } => (FileChangeKind::Delete, content),
            Self::Update {
                unified_diff,
                move_path,
            } => (FileChangeKind::Update { move_path }, unified_diff),
        };
        FileChange { path, kind, diff }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_back_in_the_order_of_their_names() {
        let text = r#"{"/w/a/b.rs":{"type":"delete","content":"x\n"},"/w/a.rs":{"type":"add","content":"y\n"},
            "/w/a-b.rs":{"type":"update","unified_diff":"@@ -1 +1 @@\n-x\n+y\n","move_path":"/w/c.rs"}}"#;
        let changes: Vec<FileChange> = serde_json::from_str::<FileChanges>(text).expect("changes").into();
        let paths: Vec<_> = changes.iter().filter_map(|change| change.path.to_str()).collect();
        assert_eq!(paths, ["/w/a-b.rs", "/w/a.rs", "/w/a/b.rs"]);
        let moved = FileChangeKind::Update {
            move_path: Some("/w/c.rs".into()),
        };
        assert_eq!(changes[0].kind, moved);
        assert_eq!(changes[0].diff, "@@ -1 +1 @@\n-x\n+y\n");
        let written = serde_json::to_value(FileChanges::from(&changes)).expect("JSON");
        assert_eq!(
            written,
            serde_json::from_str::<serde_json::Value>(text).expect("JSON")
        );
    }
}
