//! All that the patches of a turn have changed, as one diff in the style of git.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha1::{Digest, Sha1};

use super::plan::PlannedChange;
use super::unified_diff::hunks;
use crate::hex::hex;

const CONTEXT: usize = 3;
const NO_BLOB: &str = "0000000000000000000000000000000000000000";

/// Largest file of which lines are shown, in bytes.
const MAX_SHOWN: usize = 2 << 20;
/// Bytes of files that are kept during a turn. Of further files no lines are shown.
const MAX_KEPT: usize = 32 << 20;

/// The files that patches of a turn have touched.
#[derive(Debug, Default)]
pub(crate) struct TurnDiff {
    /// Names are relative to it.
    root: PathBuf,
    files: Vec<TouchedFile>,
    /// Bytes of the texts in `files`.
    kept: usize,
}

/// One file, as it was before the turn and as it is now.
#[derive(Debug)]
struct TouchedFile {
    before: Option<Version>,
    now: Option<Version>,
    /// What is told of it; empty if it is as it was.
    diff: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    path: PathBuf,
    blob: String,
    /// `None`: too large to show.
    text: Option<String>,
}

impl TurnDiff {
    /// Of a turn that has changed nothing. `root`: the repository, or the working folder; names are relative to it.
    pub(crate) fn new(root: PathBuf) -> Self {
        Self {
            root,
            ..Self::default()
        }
    }

    /// A patch has been applied.
    pub(crate) fn apply(&mut self, changes: &[PlannedChange]) {
        for change in changes {
            match change {
                PlannedChange::Add {
                    path,
                    content,
                    replaced,
                } => {
                    self.put(path, replaced.as_deref(), Some((path, content)));
                }
                PlannedChange::Delete { path, content } => self.put(path, Some(content), None),
                PlannedChange::Update {
                    path,
                    move_to,
                    before,
                    after,
                    replaced,
                } => {
                    if let (Some(to), Some(replaced)) = (move_to, replaced) {
                        // One file goes, and the other one changes.
                        self.put(path, Some(before), None);
                        self.put(to, Some(replaced), Some((to, after)));
                    } else {
                        let to = move_to.as_ref().unwrap_or(path);
                        self.put(path, Some(before), Some((to, after)));
                    }
                }
            }
        }
        self.files
            .retain(|file| file.before.is_some() || file.now.is_some());
    }

    /// The file at this path, which had this content, is another one now.
    fn put(&mut self, path: &Path, content: Option<&str>, now: Option<(&Path, &str)>) {
        let now = now.map(|(path, text)| self.version(path, text));
        let is_here = |file: &Option<Version>| file.as_ref().is_some_and(|version| version.path == path);
        let known = self.files.iter().position(|file| is_here(&file.now));
        // A file that was deleted in this turn and comes back is the one that it was.
        let gone = || {
            let mut files = self.files.iter();
            files.position(|file| file.now.is_none() && is_here(&file.before))
        };
        if let Some(at) = known.or_else(gone) {
            let before = std::mem::replace(&mut self.files[at].now, now);
            self.kept -= before
                .and_then(|version| version.text)
                .map_or(0, |text| text.len());
            self.files[at].tell(&self.root);
        } else {
            let before = content.map(|text| self.version(path, text));
            let mut file = TouchedFile {
                before,
                now,
                diff: String::new(),
            };
            file.tell(&self.root);
            self.files.push(file);
        }
    }

    fn version(&mut self, path: &Path, text: &str) -> Version {
        let fits = text.len() <= MAX_SHOWN && self.kept + text.len() <= MAX_KEPT;
        self.kept += if fits { text.len() } else { 0 };
        Version {
            path: path.to_owned(),
            blob: blob_id(text),
            text: fits.then(|| text.to_owned()),
        }
    }

    /// The diff; empty if all is as it was.
    pub(crate) fn render(&self) -> String {
        let mut changed: Vec<&TouchedFile> = self.files.iter().filter(|file| !file.diff.is_empty()).collect();
        changed.sort_by_key(|file| {
            file.now
                .as_ref()
                .or(file.before.as_ref())
                .map(|version| &version.path)
        });
        changed.into_iter().map(|file| file.diff.as_str()).collect()
    }
}

impl TouchedFile {
    /// Renews what is told of it.
    fn tell(&mut self, root: &Path) {
        let place = |version: &Option<Version>| {
            version
                .as_ref()
                .map(|version| (version.path.clone(), version.blob.clone()))
        };
        self.diff = if place(&self.before) == place(&self.now) {
            String::new()
        } else {
            self.render(root)
        };
    }

    fn render(&self, root: &Path) -> String {
        let name = |side: &Option<Version>| side.as_ref().map(|version| name(root, &version.path));
        let (old, new) = (name(&self.before), name(&self.now));
        let (a, b) = (old.as_ref().or(new.as_ref()), new.as_ref().or(old.as_ref()));
        let (a, b) = (a.map_or("", String::as_str), b.map_or("", String::as_str));
        let mut out = format!("diff --git a/{a} b/{b}\n");
        match (&self.before, &self.now) {
            (None, _) => out.push_str("new file mode 100644\n"),
            (_, None) => out.push_str("deleted file mode 100644\n"),
            _ => {}
        }
        let (before, now) = (self.before.as_ref(), self.now.as_ref());
        // Writing to a String can't fail.
        let _ = writeln!(out, "index {}..{}", blob(before), blob(now));
        let side = |mark: char, name: Option<&String>| {
            name.map_or_else(|| "/dev/null".to_owned(), |name| format!("{mark}/{name}"))
        };
        let (old, new) = (side('a', old.as_ref()), side('b', new.as_ref()));
        let text = |side: Option<&Version>| match side {
            None => Some(String::new()),
            Some(version) => version.text.clone(),
        };
        match (text(before), text(now)) {
            (Some(before), Some(now)) => {
                let hunks = hunks(&before, &now, CONTEXT);
                if !hunks.is_empty() {
                    let _ = writeln!(out, "--- {old}\n+++ {new}");
                    out.push_str(&hunks);
                    if !out.ends_with('\n') {
                        out.push('\n');
                    }
                }
            }
            // As git says it of files whose lines it does not show.
            _ => {
                let _ = writeln!(out, "Binary files {old} and {new} differ");
            }
        }
        out
    }
}

/// What git calls a version of a file.
fn blob(version: Option<&Version>) -> &str {
    version.map_or(NO_BLOB, |version| &version.blob)
}

/// A path within the root, else the whole path.
fn name(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// What git calls a file with this content.
fn blob_id(content: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(format!("blob {}\0", content.len()));
    hash.update(content);
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(path: &str, content: &str) -> PlannedChange {
        PlannedChange::Add {
            path: path.into(),
            content: content.into(),
            replaced: None,
        }
    }

    fn update(path: &str, to: Option<&str>, before: &str, after: &str) -> PlannedChange {
        PlannedChange::Update {
            path: path.into(),
            move_to: to.map(PathBuf::from),
            before: before.into(),
            after: after.into(),
            replaced: None,
        }
    }

    fn delete(path: &str, content: &str) -> PlannedChange {
        PlannedChange::Delete {
            path: path.into(),
            content: content.into(),
        }
    }

    fn diff(patches: &[&[PlannedChange]]) -> String {
        let mut diff = TurnDiff::new("/w".into());
        for changes in patches {
            diff.apply(changes);
        }
        assert_eq!(
            diff.kept,
            diff.files
                .iter()
                .flat_map(|file| [&file.before, &file.now])
                .flatten()
                .filter_map(|version| version.text.as_ref())
                .map(String::len)
                .sum::<usize>(),
        );
        diff.render()
    }

    #[test]
    fn changes_of_a_file_are_one_change() {
        assert_eq!(
            diff(&[&[add("/w/n", "a\n")], &[update("/w/n", None, "a\n", "b\n")]]),
            "diff --git a/n b/n\nnew file mode 100644\nindex \
             0000000000000000000000000000000000000000..61780798228d17af2d34fce4cfbdf35556832472\n--- /dev/null\n+++ \
             b/n\n@@ -0,0 +1 @@\n+b\n"
        );
        assert_eq!(diff(&[&[add("/w/n", "a\n")], &[delete("/w/n", "a\n")]]), "");
        assert_eq!(
            diff(&[
                &[update("/w/n", None, "a\n", "b\n")],
                &[update("/w/n", None, "b\n", "a\n")]
            ]),
            ""
        );
        assert_eq!(diff(&[&[delete("/w/n", "a\n")], &[add("/w/n", "a\n")]]), "");
    }

    #[test]
    fn moves_have_two_names_and_files_outside_their_whole_path() {
        let moved = diff(&[&[update("/w/a", Some("/w/b"), "x\n", "y\n")]]);
        assert!(moved.starts_with("diff --git a/a b/b\nindex "), "{moved}");
        assert!(
            moved.contains("\n--- a/a\n+++ b/b\n@@ -1 +1 @@\n-x\n+y\n"),
            "{moved}"
        );
        let back = diff(&[
            &[update("/w/a", Some("/w/b"), "x\n", "y\n")],
            &[update("/w/b", Some("/w/a"), "y\n", "x\n")],
        ]);
        assert_eq!(back, "");
        let over = diff(&[&[PlannedChange::Update {
            path: "/w/a".into(),
            move_to: Some("/w/b".into()),
            before: "x\n".into(),
            after: "y\n".into(),
            replaced: Some("z\n".into()),
        }]]);
        assert!(
            over.starts_with("diff --git a/a b/a\ndeleted file mode 100644\n"),
            "{over}"
        );
        assert!(
            over.contains("\n--- a/b\n+++ b/b\n@@ -1 +1 @@\n-z\n+y\n"),
            "{over}"
        );
        let outside = diff(&[&[delete("/o/f", "x\n")]]);
        assert!(
            outside.starts_with("diff --git a//o/f b//o/f\ndeleted file mode 100644\n"),
            "{outside}"
        );
        assert!(outside.contains("--- a//o/f\n+++ /dev/null\n"), "{outside}");
    }

    #[test]
    fn of_large_files_only_their_names_are_told() {
        let large = "x\n".repeat(MAX_SHOWN);
        let shown = diff(&[&[update("/w/a", None, "x\n", &large)]]);
        assert!(
            shown.starts_with("diff --git a/a b/a\nindex 587be6b4c3f93f93c489c0111bba5596147a26cb.."),
            "{shown}"
        );
        assert!(shown.ends_with("\nBinary files a/a and b/a differ\n"), "{shown}");
        assert_eq!(
            diff(&[
                &[update("/w/a", None, "x\n", &large)],
                &[update("/w/a", None, &large, "x\n")]
            ]),
            ""
        );
    }
}
