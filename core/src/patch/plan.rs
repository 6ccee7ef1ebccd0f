//! What a patch changes in the files as they are. Nothing is written here.

use std::cell::Cell;
use std::collections::HashSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::parse::{Chunk, ChunkLine, FileSection, Patch};
use super::seek::{Effort, seek};
use super::source_text::{Replacement, SourceText};

/// Bytes of all files that one patch reads.
const MAX_READ: usize = 64 << 20;
/// Lines of a file that is changed.
const MAX_LINES: usize = 1_000_000;
/// Files of one patch.
const MAX_FILES: usize = 1000;

/// A change that fits the files as they were read. Paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PlannedChange {
    /// A file is written as a whole.
    Add {
        /// Where.
        path: PathBuf,
        /// All of it.
        content: String,
        /// What it replaces.
        replaced: Option<String>,
    },
    /// A file goes.
    Delete {
        /// Where.
        path: PathBuf,
        /// All of it.
        content: String,
    },
    /// A file changes, its name perhaps too.
    Update {
        /// Where it was.
        path: PathBuf,
        /// Where it goes.
        move_to: Option<PathBuf>,
        /// As it was.
        before: String,
        /// As it will be.
        after: String,
        /// What a move replaces.
        replaced: Option<String>,
    },
}

/// Why a patch does not fit the files. The words are for the model, which is to do better.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    /// One file is changed in two places of the patch.
    #[error("invalid patch: multiple operations target {}", .0.display())]
    Twice(PathBuf),
    /// A line that the model remembers is not there.
    #[error("Failed to find context '{context}' in {}", path.display())]
    NoContext {
        /// The file.
        path: PathBuf,
        /// The line.
        context: String,
    },
    /// Lines that the model remembers are not there.
    #[error("Failed to find expected lines in {}:\n{lines}", path.display())]
    NoLines {
        /// The file.
        path: PathBuf,
        /// The lines.
        lines: String,
    },
    /// More files than a patch may change.
    #[error("invalid patch: it changes more than {MAX_FILES} files; make several of it")]
    TooManyFiles,
    /// More lines than are looked at.
    #[error("{} has more than {MAX_LINES} lines, the most of a file that a patch can change", .0.display())]
    TooManyLines(PathBuf),
    /// Its places take too long to find.
    #[error(
        "the lines of the patch take too long to find in {}; make it smaller, or give each chunk a line of context \
         (`@@ line`)",
        .0.display()
    )]
    TooMuchWork(PathBuf),
    /// The file to change can't be read.
    #[error("Failed to read file to update {}: {source}", path.display())]
    Update {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file to delete, or to write over, can't be read.
    #[error("Failed to read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// All files that a patch changes, as absolute paths without `.` and `..`. No file is there twice.
pub(crate) fn target_paths(patch: &Patch, cwd: &Path) -> Result<Vec<PathBuf>, PlanError> {
    let paths = patch.sections.iter().flat_map(|section| match section {
        FileSection::Add { path, .. } | FileSection::Delete { path } => [Some(path), None],
        FileSection::Update { path, move_to, .. } => [Some(path), move_to.as_ref()],
    });
    let paths: Vec<PathBuf> = paths.flatten().map(|path| absolute(cwd, path)).collect();
    if paths.len() > MAX_FILES {
        return Err(PlanError::TooManyFiles);
    }
    let mut taken = HashSet::new();
    match paths.iter().find(|path| !taken.insert(*path)) {
        Some(twice) => Err(PlanError::Twice(twice.clone())),
        None => Ok(paths),
    }
}

/// Finds what a patch changes, none of whose [`target_paths`] is there twice. `read` gives the text of a file. Blocks as
/// long as it does.
pub(crate) fn plan(
    patch: &Patch,
    cwd: &Path,
    read: impl Fn(&Path) -> io::Result<String>,
) -> Result<Vec<PlannedChange>, PlanError> {
    let effort = Effort::of_a_patch();
    let left = Cell::new(MAX_READ);
    let read = |path: &Path| {
        let text = read(path)?;
        let rest = left.get().checked_sub(text.len());
        let too_much = || {
            io::Error::other(format!(
                "the files of the patch have more than {} MiB",
                MAX_READ >> 20
            ))
        };
        left.set(rest.ok_or_else(too_much)?);
        Ok(text)
    };
    let change = |section: &FileSection| match section {
        FileSection::Add { path, content } => {
            let path = absolute(cwd, path);
            let replaced = match existing(&path, read) {
                // It fails when it is written, where users see it.
                Err(PlanError::Read { source, .. }) if source.kind() == io::ErrorKind::IsADirectory => None,
                replaced => replaced?,
            };
            let content = content.clone();
            Ok(PlannedChange::Add {
                path,
                content,
                replaced,
            })
        }
        FileSection::Delete { path } => {
            let path = absolute(cwd, path);
            match read(&path) {
                Ok(content) => Ok(PlannedChange::Delete { path, content }),
                Err(source) => Err(PlanError::Read { path, source }),
            }
        }
        FileSection::Update {
            path,
            move_to,
            chunks,
        } => {
            let path = absolute(cwd, path);
            let before = match read(&path) {
                Ok(before) => before,
                Err(source) => return Err(PlanError::Update { path, source }),
            };
            let after = updated(&path, &before, chunks, &effort)?;
            let move_to = move_to.as_ref().map(|to| absolute(cwd, to));
            let replaced = move_to.as_deref().map_or(Ok(None), |to| existing(to, read))?;
            Ok(PlannedChange::Update {
                path,
                move_to,
                before,
                after,
                replaced,
            })
        }
    };
    patch.sections.iter().map(change).collect()
}

/// The text of a file that may not be there.
fn existing(path: &Path, read: impl Fn(&Path) -> io::Result<String>) -> Result<Option<String>, PlanError> {
    match read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(PlanError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

/// A path without `.` and `..`, as its text says.
fn absolute(cwd: &Path, path: &Path) -> PathBuf {
    let mut absolute = PathBuf::new();
    for part in cwd.join(path).components() {
        match part {
            Component::ParentDir => {
                absolute.pop();
            }
            Component::CurDir => {}
            part => absolute.push(part),
        }
    }
    absolute
}

/// A file's text with its chunks.
fn updated(path: &Path, before: &str, chunks: &[Chunk], effort: &Effort) -> Result<String, PlanError> {
    if memchr::memchr_iter(b'\n', before.as_bytes()).count() > MAX_LINES {
        return Err(PlanError::TooManyLines(path.to_owned()));
    }
    let text = SourceText::new(before);
    let mut replacements = Vec::new();
    let mut next = 0;
    for chunk in chunks {
        let replacement = match locate(path, text.lines(), chunk, next, effort) {
            Err(_) if effort.is_spent() => return Err(PlanError::TooMuchWork(path.to_owned())),
            found => found?,
        };
        next = replacement.range.end;
        replacements.push(replacement);
    }
    Ok(text.replaced(&replacements))
}

/// The place of a chunk at or below the line `next`.
fn locate<'a>(
    path: &Path,
    lines: &[&str],
    chunk: &'a Chunk,
    mut next: usize,
    effort: &Effort,
) -> Result<Replacement<'a>, PlanError> {
    if let Some(context) = &chunk.context {
        let found = seek(lines, &[context], next, false, effort).ok_or_else(|| PlanError::NoContext {
            path: path.to_owned(),
            context: context.clone(),
        })?;
        next = found + 1;
    }
    let old: Vec<&str> = chunk.lines.iter().filter_map(old_line).collect();
    if old.is_empty() {
        // Only new lines: behind the context, else at the end of the file.
        let at = if chunk.context.is_some() {
            next
        } else {
            lines.len()
        };
        let range = at..at;
        return Ok(Replacement {
            range,
            lines: &chunk.lines,
        });
    }
    if let Some(at) = seek(lines, &old, next, chunk.at_end, effort) {
        let range = at..at + old.len();
        return Ok(Replacement {
            range,
            lines: &chunk.lines,
        });
    }
    // Blank lines at the end of a chunk may be no part of it.
    let blank = |line: &ChunkLine| matches!(line, ChunkLine::Context(text) if text.is_empty());
    let kept = chunk.lines.len() - chunk.lines.iter().rev().take_while(|line| blank(line)).count();
    let shorter = &old[..old.len() - (chunk.lines.len() - kept)];
    match seek(lines, shorter, next, chunk.at_end, effort)
        .filter(|_| !shorter.is_empty() && kept < chunk.lines.len())
    {
        Some(at) => Ok(Replacement {
            range: at..at + shorter.len(),
            lines: &chunk.lines[..kept],
        }),
        None => Err(PlanError::NoLines {
            path: path.to_owned(),
            lines: old.join("\n"),
        }),
    }
}

fn old_line(line: &ChunkLine) -> Option<&str> {
    match line {
        ChunkLine::Context(text) | ChunkLine::Removed(text) => Some(text),
        ChunkLine::Added(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use similar::{ChangeTag, TextDiff};

    use super::super::parse::parse;
    use super::*;

    fn planned(files: &[(&str, &str)], patch: &str) -> Result<Vec<PlannedChange>, String> {
        let files: BTreeMap<PathBuf, &str> = files
            .iter()
            .map(|(path, text)| (PathBuf::from(path), *text))
            .collect();
        let patch = parse(&format!("*** Begin Patch\n{patch}*** End Patch")).expect("a patch");
        let read = |path: &Path| match files.get(path) {
            Some(text) => Ok((*text).to_owned()),
            None => Err(io::Error::from_raw_os_error(2)),
        };
        let planned = target_paths(&patch, Path::new("/w")).and_then(|_| plan(&patch, Path::new("/w"), read));
        planned.map_err(|error| error.to_string())
    }

    fn after(text: &str, chunks: &str) -> Result<String, String> {
        let changes = planned(&[("/w/a", text)], &format!("*** Update File: a\n{chunks}"))?;
        match &changes[..] {
            [PlannedChange::Update { after, .. }] => Ok(after.clone()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn places_are_found_from_top_to_bottom() {
        assert_eq!(
            after("a\nb\na\nb\n", "@@\n-b\n+c\n@@\n-b\n+d\n").as_deref(),
            Ok("a\nc\na\nd\n")
        );
        assert_eq!(
            after("f\n x\ng\n x\n", "@@ g\n-x\n+y\n").as_deref(),
            Ok("f\n x\ng\ny\n")
        );
        assert_eq!(
            after("a\nb\nb\n", "@@\n-b\n+c\n*** End of File\n").as_deref(),
            Ok("a\nb\nc\n")
        );
        assert_eq!(
            after("a\nb\n", "@@ a\n+x\n@@\n+y\n").as_deref(),
            Ok("a\nx\nb\ny\n")
        );
        assert_eq!(after("a\nb\n", " a\n-b\n+c\n\n").as_deref(), Ok("a\nc\n"));
    }

    #[test]
    fn context_stays_as_the_file_has_it() {
        assert_eq!(
            after("\ta “b” \r\nold\r\n", " a \"b\"\n-old\n+new\n").as_deref(),
            Ok("\ta “b” \r\nnew\r\n")
        );
    }

    #[test]
    fn what_does_not_fit_is_told() {
        assert_eq!(
            after("a\n", "-x\n-y\n+z\n"),
            Err("Failed to find expected lines in /w/a:\nx\ny".into())
        );
        assert_eq!(
            after("a\n", "@@ x\n-a\n"),
            Err("Failed to find context 'x' in /w/a".into())
        );
        let missing = planned(&[], "*** Update File: n\n-x\n").unwrap_err();
        assert_eq!(
            missing,
            "Failed to read file to update /w/n: No such file or directory (os error 2)"
        );
        let missing = planned(&[], "*** Delete File: n\n").unwrap_err();
        assert_eq!(
            missing,
            "Failed to read /w/n: No such file or directory (os error 2)"
        );
        let twice = planned(
            &[("/w/a", "x\n")],
            "*** Delete File: a\n*** Add File: ./b/../a\n+y\n",
        )
        .unwrap_err();
        assert_eq!(twice, "invalid patch: multiple operations target /w/a");
    }

    /// What happens to one line of a file.
    #[derive(Debug, Clone)]
    enum Edit {
        Keep,
        Delete,
        Replace(String),
        InsertBefore(Vec<String>),
    }

    fn edits() -> impl Strategy<Value = Vec<Edit>> {
        let text = "[ab “–]{0,4}";
        proptest::collection::vec(
            prop_oneof![
                4 => Just(Edit::Keep),
                1 => Just(Edit::Delete),
                1 => text.prop_map(Edit::Replace),
                1 => proptest::collection::vec(text, 1..3).prop_map(Edit::InsertBefore),
            ],
            1..16,
        )
    }

    /// The difference of two texts in the language of patches, with so many lines around each change.
    fn as_patch(old: &[String], new: &[String], context: usize) -> String {
        let strings = |lines: &[String]| -> Vec<String> { lines.to_vec() };
        let (old, new) = (strings(old), strings(new));
        let old: Vec<&str> = old.iter().map(String::as_str).collect();
        let new: Vec<&str> = new.iter().map(String::as_str).collect();
        let diff = TextDiff::from_slices(&old, &new);
        let mut patch = String::new();
        for group in diff.grouped_ops(context) {
            patch.push_str("@@\n");
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let mark = match change.tag() {
                    ChangeTag::Equal => ' ',
                    ChangeTag::Delete => '-',
                    ChangeTag::Insert => '+',
                };
                patch.push(mark);
                patch.push_str(change.value());
                patch.push('\n');
            }
        }
        patch
    }

    proptest! {
        #[test]
        fn a_diff_written_as_a_patch_makes_the_new_text_of_the_old(
            edits in edits(),
            crlf: bool,
            newline_at_end: bool,
            mark: bool,
            context in 1_usize..4,
        ) {
            // Lines that are all different, so that each has one place only.
            let (mut old, mut new) = (Vec::new(), Vec::new());
            for (number, edit) in edits.into_iter().enumerate() {
                let line = format!("line {number}");
                match edit {
                    Edit::Keep => new.push(line.clone()),
                    Edit::Delete => {}
                    Edit::Replace(text) => new.push(text),
                    Edit::InsertBefore(lines) => {
                        new.extend(lines);
                        new.push(line.clone());
                    }
                }
                old.push(line);
            }
            let patch = as_patch(&old, &new, context);
            prop_assume!(!patch.is_empty());
            let end = if crlf { "\r\n" } else { "\n" };
            let text = |lines: &[String]| {
                let mark = if mark { "\u{feff}" } else { "" };
                let mut text = format!("{mark}{}", lines.join(end));
                if newline_at_end && !lines.is_empty() {
                    text.push_str(end);
                }
                text
            };
            // A file of one line without an end does not tell how its lines end.
            prop_assume!(!crlf || newline_at_end || old.len() > 1);
            // A last line that is empty can't be told from a missing end of the line before.
            prop_assume!(newline_at_end || new.last().is_none_or(|line| !line.is_empty()));
            prop_assert_eq!(after(&text(&old), &patch), Ok(text(&new)));
        }

        #[test]
        fn no_patch_makes_it_panic(text in "[ab\n]{0,6}", chunks in "(@@( a)?\n|[-+ ][ab]?\n|\n|\\*\\*\\* End of File\n){1,8}") {
            let patch = format!("*** Begin Patch\n*** Update File: a\n{chunks}*** End Patch");
            if let Ok(patch) = parse(&patch) {
                let _ = plan(&patch, Path::new("/w"), |_| Ok(text.clone()));
            }
        }
    }
}
