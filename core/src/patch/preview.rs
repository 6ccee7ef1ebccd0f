//! A patch as far as the model has written it.

use super::parse::{ADD, DELETE, MOVE_TO, UPDATE};
use crate::{FileChange, FileChangeKind};

/// What a patch changes so far. Paths are as written; the diff of an update is what the patch says of it. What is no
/// patch changes nothing. The last line counts when it is complete.
pub(crate) fn preview(text: &str) -> Vec<FileChange> {
    let mut changes: Vec<FileChange> = Vec::new();
    let complete = text.rfind('\n').map_or("", |end| &text[..=end]);
    for line in complete.lines() {
        let header = line.trim();
        let sections = [
            (ADD, FileChangeKind::Add),
            (DELETE, FileChangeKind::Delete),
            (UPDATE, FileChangeKind::Update { move_path: None }),
        ];
        let section = sections
            .into_iter()
            .find_map(|(begin, kind)| Some((header.strip_prefix(begin)?, kind)));
        if let Some((path, kind)) = section {
            changes.push(FileChange {
                path: path.into(),
                kind,
                diff: String::new(),
            });
            continue;
        }
        let Some(FileChange { kind, diff, .. }) = changes.last_mut() else {
            continue;
        };
        let shown = match kind {
            FileChangeKind::Add => line.strip_prefix('+'),
            FileChangeKind::Delete => None,
            FileChangeKind::Update { move_path } => match header.strip_prefix(MOVE_TO) {
                Some(to) => {
                    *move_path = Some(to.into());
                    None
                }
                None => Some(line).filter(|line| !line.starts_with("*** ")),
            },
        };
        if let Some(shown) = shown {
            diff.push_str(shown);
            diff.push('\n');
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_grows_line_by_line() {
        let patch = "*** Begin Patch\n*** Add File: a\n+x\n+y\n*** Update File: b\n*** Move to: c\n@@ f\n-x\n+y\n*** \
                     Delete File: d\n*** End Patch\n";
        let change = |path: &str, kind, diff: &str| FileChange {
            path: path.into(),
            kind,
            diff: diff.into(),
        };
        let moved = FileChangeKind::Update {
            move_path: Some("c".into()),
        };
        assert_eq!(
            preview(patch),
            [
                change("a", FileChangeKind::Add, "x\ny\n"),
                change("b", moved, "@@ f\n-x\n+y\n"),
                change("d", FileChangeKind::Delete, "")
            ]
        );
        let at = patch.find("+y").expect("a line");
        assert_eq!(preview(&patch[..=at]), [change("a", FileChangeKind::Add, "x\n")]);
        assert_eq!(preview("hello\n+x\n"), []);
        for end in 0..patch.len() {
            assert!(preview(&patch[..end]).len() <= 3);
        }
    }
}
