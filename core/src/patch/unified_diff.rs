//! Changes as users see them: unified diffs.

use std::time::Duration;

use similar::TextDiff;

use super::plan::PlannedChange;
use crate::{FileChange, FileChangeKind};

/// Lines around a change in an item.
const ITEM_CONTEXT: usize = 1;

/// How long the shortest diff of a file is looked for.
const DIFF_TIME: Duration = Duration::from_millis(300);

/// What the item of a patch shows, sorted by path (docs/contract/items-and-approvals.md#file-changes).
pub(crate) fn file_changes(changes: &[PlannedChange]) -> Vec<FileChange> {
    let mut shown: Vec<FileChange> = changes.iter().map(file_change).collect();
    shown.sort_by(|a, b| a.path.as_os_str().cmp(b.path.as_os_str()));
    shown
}

fn file_change(change: &PlannedChange) -> FileChange {
    match change {
        PlannedChange::Add { path, content, .. } => FileChange {
            path: path.clone(),
            kind: FileChangeKind::Add,
            diff: content.clone(),
        },
        PlannedChange::Delete { path, content } => FileChange {
            path: path.clone(),
            kind: FileChangeKind::Delete,
            diff: content.clone(),
        },
        PlannedChange::Update {
            path,
            move_to,
            before,
            after,
            ..
        } => FileChange {
            path: path.clone(),
            kind: FileChangeKind::Update {
                move_path: move_to.clone(),
            },
            diff: hunks(before, after, ITEM_CONTEXT),
        },
    }
}

/// The hunks of a unified diff, without a header. Where the shortest one takes too long to find, a longer one.
pub(super) fn hunks(before: &str, after: &str, context: usize) -> String {
    // Lines end where git thinks so: a lone carriage return ends none.
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    TextDiff::configure()
        .timeout(DIFF_TIME)
        .newline_terminated(true)
        .diff_slices(&old, &new)
        .unified_diff()
        .context_radius(context)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_end_of_the_last_line_and_carriage_returns_are_shown() {
        assert_eq!(
            hunks("a\rb\r\nc", "a\rb\r\nd\n", 1),
            "@@ -1,2 +1,2 @@\n a\rb\r\n-c\n\\ No newline at end of file\n+d\n"
        );
        assert_eq!(hunks("", "x\n", 1), "@@ -0,0 +1 @@\n+x\n");
        assert_eq!(hunks("a\n", "a\n", 1), "");
    }
}
