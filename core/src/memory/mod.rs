//! What is remembered from one thread to the next: Markdown files that users can read and edit
//! (docs/contract/agents.md#memory).
//!
//! `MEMORY.md` is the user's own. `threads/<id>.md` holds what was noted of a thread. Secrets are taken out by `scrub`
//! before anything is written.

mod scrub;

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use self::scrub::scrub;
pub(crate) use self::scrub::scrub as without_secrets;
use crate::external_file;
use crate::sys::files;
use crate::{Error, Result, ThreadId, char_boundary};

/// Most of `MEMORY.md` that is told, in bytes.
const MAX_OWN: usize = 8 << 10;
/// Most of a thread's notes that is kept and told, in bytes.
const MAX_NOTES: usize = 4 << 10;
/// Most of all notes that is told, in bytes.
const MAX_TOLD: usize = 24 << 10;
/// Files that are looked at.
const MAX_FILES: usize = 1000;

/// The folder `memories` of a home. Nothing is made before something is noted.
#[derive(Debug, Clone)]
pub struct Memories {
    folder: PathBuf,
}

/// What was noted of a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notes {
    pub(crate) thread: ThreadId,
    /// How the thread began.
    pub(crate) title: String,
    /// Where it worked.
    pub(crate) cwd: PathBuf,
    /// Markdown.
    pub(crate) text: String,
}

impl Memories {
    /// Those of a home.
    pub fn new(codex_home: &Path) -> Self {
        Self {
            folder: codex_home.join("memories"),
        }
    }

    /// What is remembered of a thread. `None`: nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if the file can't be read.
    pub async fn of(&self, thread: ThreadId) -> Result<Option<String>> {
        let path = self.path(thread);
        let reading = move || match external_file::read_start(&path, 2 * MAX_NOTES) {
            Ok(start) => Ok(Some(external_file::decode_lossy(&start.bytes))),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(Error::internal(format!("{}: {error}", path.display()))),
        };
        blocking(reading).await?
    }

    /// Of how many threads something is remembered.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if the work was cut short.
    pub async fn count(&self) -> Result<u32> {
        let folder = self.threads();
        let found = blocking(move || files_of(&folder).len()).await?;
        Ok(u32::try_from(found).unwrap_or(u32::MAX))
    }

    /// Removes what is remembered of threads. The user's own file stays.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] names the first file that can't be removed.
    pub async fn reset(&self) -> Result<()> {
        let folder = self.threads();
        let removing = move || {
            for (path, _) in files_of(&folder) {
                fs::remove_file(&path).map_err(|error| {
                    Error::internal(format!("{} can't be removed: {error}", path.display()))
                })?;
            }
            Ok(())
        };
        blocking(removing).await?
    }

    /// What a new thread in this folder is told: the user's own file, then notes of threads, those that worked there first, the
    /// newest first. `None`: nothing. Blocks.
    pub(crate) fn told_in(&self, cwd: &Path) -> Option<String> {
        let mut parts = Vec::new();
        if let Ok(start) = external_file::read_start(&self.folder.join("MEMORY.md"), MAX_OWN) {
            parts.push(external_file::decode_lossy(&start.bytes).trim().to_owned());
        }
        let place = place(cwd);
        let mut notes: Vec<_> = files_of(&self.threads())
            .into_iter()
            .filter_map(|(path, modified)| {
                let start = external_file::read_start(&path, MAX_NOTES).ok()?;
                let text = external_file::decode_lossy(&start.bytes);
                Some((text.contains(&place), modified, text))
            })
            .collect();
        notes.sort_by_key(|(is_here, modified, _)| std::cmp::Reverse((*is_here, *modified)));
        let mut left = MAX_TOLD;
        for (_, _, text) in notes {
            let Some(rest) = left.checked_sub(text.len()) else {
                break;
            };
            left = rest;
            parts.push(text.trim().to_owned());
        }
        parts.retain(|part| !part.is_empty());
        (!parts.is_empty()).then(|| parts.join("\n\n"))
    }

    /// Keeps notes of a thread in place of earlier ones, without secrets. Blocks.
    pub(crate) fn keep(&self, notes: &Notes) -> io::Result<()> {
        let folder = self.threads();
        for folder in [&self.folder, &folder] {
            match files::create_owner_only_folder(folder) {
                Err(error) if !folder.is_dir() => return Err(error),
                _ => {}
            }
        }
        let title = notes.title.lines().next().unwrap_or_default();
        let title: String = title.chars().take(80).collect();
        let mut text = scrub(notes.text.trim());
        text.truncate(char_boundary::floor(&text, MAX_NOTES));
        let date = chrono::Local::now().format("%Y-%m-%d");
        let whole = format!(
            "# {}\n\nThread {}, {}, {date}.\n\n{text}\n",
            scrub(&title).trim(),
            notes.thread,
            place(&notes.cwd),
        );
        let path = self.path(notes.thread);
        let draft = path.with_extension("new");
        let mut options = OpenOptions::new();
        let mut file = files::owner_only(options.write(true).create(true).truncate(true)).open(&draft)?;
        file.write_all(whole.as_bytes())?;
        file.sync_data()?;
        fs::rename(&draft, &path)
    }

    fn threads(&self) -> PathBuf {
        self.folder.join("threads")
    }

    fn path(&self, thread: ThreadId) -> PathBuf {
        self.threads().join(format!("{thread}.md"))
    }
}

/// How notes name the folder of their thread.
fn place(cwd: &Path) -> String {
    format!("in `{}`", cwd.display())
}

/// Files of notes, and when they were changed.
fn files_of(folder: &Path) -> Vec<(PathBuf, SystemTime)> {
    let Ok(found) = fs::read_dir(folder) else {
        return Vec::new();
    };
    found
        .take(MAX_FILES)
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let path = entry.path();
            let is_notes = path.extension().is_some_and(|kind| kind == "md");
            let modified = entry.metadata().ok()?.modified().ok()?;
            is_notes.then_some((path, modified))
        })
        .collect()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Error::internal("the work on memories was cut short; try again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(cwd: &str, text: &str) -> Notes {
        Notes {
            thread: ThreadId::new(),
            title: "Fix the parser\nand more".into(),
            cwd: cwd.into(),
            text: text.into(),
        }
    }

    #[tokio::test]
    async fn notes_are_kept_without_secrets_told_by_place_and_removed() {
        let home = tempfile::tempdir().unwrap();
        let memories = Memories::new(home.path());
        assert_eq!(memories.told_in("/w".as_ref()), None);
        assert_eq!(memories.count().await, Ok(0));
        let here = notes("/w", "- Tests: `just test`\n- key sk-0123456789abcdef0123");
        memories.keep(&here).unwrap();
        memories.keep(&notes("/other", "- Elsewhere")).unwrap();
        fs::write(home.path().join("memories/MEMORY.md"), "Always be brief.").unwrap();
        let told = memories.told_in("/w".as_ref()).unwrap();
        let place = |text: &str| told.find(text).unwrap_or_else(|| panic!("{text} in {told}"));
        assert!(place("Always be brief.") < place("just test"));
        assert!(place("just test") < place("- Elsewhere"));
        assert!(!told.contains("sk-0123"));
        assert!(told.contains("# Fix the parser\n"));
        assert_eq!(memories.count().await, Ok(2));
        assert!(
            memories
                .of(here.thread)
                .await
                .unwrap()
                .unwrap()
                .contains("just test")
        );
        memories.reset().await.unwrap();
        assert_eq!(memories.of(here.thread).await, Ok(None));
        assert_eq!(
            memories.told_in("/w".as_ref()).as_deref(),
            Some("Always be brief.")
        );
    }

    #[test]
    fn no_more_is_kept_and_told_than_fits() {
        let home = tempfile::tempdir().unwrap();
        let memories = Memories::new(home.path());
        for _ in 0..20 {
            memories.keep(&notes("/w", &"word ".repeat(10_000))).unwrap();
        }
        assert!(memories.told_in("/w".as_ref()).unwrap().len() <= MAX_TOLD + 100);
    }
}
