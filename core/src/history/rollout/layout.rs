//! Where threads lie below `$CODEX_HOME` (docs/contract/storage.md#layout).

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Local, NaiveDate, NaiveDateTime, TimeDelta, TimeZone};
use uuid::Uuid;

use crate::ThreadId;
use crate::history::database::beside;

/// Whether a rollout is compressed, by its name.
pub(crate) fn is_compressed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "zst")
}

/// The path of the same rollout compressed, or not compressed.
pub(crate) fn other_form(path: &Path) -> PathBuf {
    if is_compressed(path) {
        path.with_extension("")
    } else {
        beside(path, ".zst")
    }
}

/// Looks at a rollout's path and, where nothing is, at its other form, and then at both again: at any moment there is one
/// of them, but which one may change between two looks.
///
/// # Errors
///
/// That of a look which finds something; that of the last one, if there is nothing.
pub(crate) fn in_either_form<T>(path: &Path, look: impl Fn(&Path) -> io::Result<T>) -> io::Result<T> {
    let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let mut missing = match look(path) {
        Err(error) if is_missing(&error) => error,
        found => return found,
    };
    let other = other_form(path);
    for form in [&other, path, &other] {
        match look(form) {
            Err(error) if is_missing(&error) => missing = error,
            found => return found,
        }
    }
    Err(missing)
}

/// Folders and file names below one home.
#[derive(Debug, Clone)]
pub struct Layout {
    home: PathBuf,
    databases: PathBuf,
}

impl Layout {
    /// The layout below `home`. Touches nothing.
    pub fn new(home: impl Into<PathBuf>) -> Self {
        let home = home.into();
        Self {
            databases: home.clone(),
            home,
        }
    }

    /// The same, with the databases in another folder, which is made when one is needed.
    #[must_use]
    pub fn with_databases(self, folder: PathBuf) -> Self {
        Self {
            databases: folder,
            ..self
        }
    }

    /// The home itself.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Rollouts, below folders for year, month and day.
    pub fn sessions(&self) -> PathBuf {
        self.home.join("sessions")
    }

    /// Rollouts of archived threads, in one folder.
    pub fn archived(&self) -> PathBuf {
        self.home.join("archived_sessions")
    }

    /// Names that users gave; the latest line of a thread wins.
    pub fn names(&self) -> PathBuf {
        self.home.join("session_index.jsonl")
    }

    /// Lock files of threads that a process writes.
    pub fn locks(&self) -> PathBuf {
        self.home.join("thread-writer-locks")
    }

    /// Our derived database.
    pub fn index(&self) -> PathBuf {
        self.databases.join("app-server-index.sqlite")
    }

    /// In which files a term may occur; derived.
    pub(crate) fn text_index(&self) -> PathBuf {
        self.databases.join("app-server-search.sqlite")
    }

    /// Our database of what users made and no other file holds.
    pub fn user_data(&self) -> PathBuf {
        self.databases.join("app-server-data.sqlite")
    }

    /// Folder of the rollouts that begin at `at` (local time, as the reference has it).
    pub fn day(&self, at: DateTime<Local>) -> PathBuf {
        self.sessions().join(at.format("%Y/%m/%d").to_string())
    }

    /// The file of a thread that begins at `at`.
    pub fn rollout(&self, id: ThreadId, at: DateTime<Local>) -> PathBuf {
        self.day(at)
            .join(format!("rollout-{}-{id}.jsonl", at.format("%Y-%m-%dT%H-%M-%S")))
    }

    /// A further file of a thread, after a revert at `at` that leaves the file at `left` behind. Its name tells a later
    /// second than the other's: the reference goes on with the file whose name tells the latest.
    pub fn reverted_rollout(&self, id: ThreadId, at: DateTime<Local>, left: &Path) -> PathBuf {
        let begun = RolloutName::of(left).and_then(|name| Local.from_local_datetime(&name.begun).latest());
        let at = begun.map_or(at, |begun| at.max(begun + TimeDelta::seconds(1)));
        let name = format!(
            "rollout-{}-{id}_{}.jsonl",
            at.format("%Y-%m-%dT%H-%M-%S"),
            Uuid::now_v7()
        );
        self.day(at).join(name)
    }
}

/// What the name of a rollout tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RolloutName {
    /// The thread.
    pub id: ThreadId,
    /// When the file was begun, in seconds of local time.
    pub begun: NaiveDateTime,
    /// Set where it is not the first file of its thread: the identifier of the revert that began it.
    pub revert: Option<Uuid>,
    /// Compressed with zstd.
    pub compressed: bool,
}

impl RolloutName {
    /// Takes the name of the file at a path apart; `None` if it isn't a rollout's.
    pub fn of(path: &Path) -> Option<Self> {
        Self::parse(path.file_name()?.to_str()?)
    }

    /// Takes a file name apart; `None` if it isn't a rollout's.
    pub fn parse(name: &str) -> Option<Self> {
        let (stem, compressed) = match name.strip_suffix(".zst") {
            Some(stem) => (stem, true),
            None => (name, false),
        };
        let rest = stem.strip_suffix(".jsonl")?.strip_prefix("rollout-")?;
        let (time, rest) = (rest.get(..19)?, rest.get(19..)?.strip_prefix('-')?);
        let begun = begun(time.as_bytes().try_into().ok()?)?;
        let (id, revert) = match rest.split_once('_') {
            Some((id, revert)) => (id, Some(usual_id(revert)?)),
            None => (rest, None),
        };
        Some(Self {
            id: ThreadId(usual_id(id)?),
            begun,
            revert,
            compressed,
        })
    }

    /// When the file was begun, in Unix milliseconds: by the identifier where it carries a fitting time, else by the
    /// name. The identifier is finer, and safe from changes of the time zone.
    pub fn begun_ms(&self) -> i64 {
        let named = Local
            .from_local_datetime(&self.begun)
            .earliest()
            .map_or_else(|| self.begun.and_utc(), |at| at.to_utc())
            .timestamp_millis();
        match uuid_ms(self.revert.unwrap_or(self.id.0)) {
            Some(ms) if (ms - named).abs() < 2000 => ms,
            _ => named,
        }
    }
}

/// The time in a name, as `2026-01-31T23-59-59`. By hand: lists look at tens of thousands of names, and chrono reads its
/// format anew each time.
fn begun(text: &[u8; 19]) -> Option<NaiveDateTime> {
    let number = |from: usize, to: usize| {
        text[from..to].iter().try_fold(0, |number: u32, byte| {
            byte.is_ascii_digit()
                .then(|| number * 10 + u32::from(byte - b'0'))
        })
    };
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b'-'), (16, b'-')];
    if separators.iter().any(|(at, separator)| text[*at] != *separator) {
        return None;
    }
    let year = i32::try_from(number(0, 4)?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, number(5, 7)?, number(8, 10)?)?;
    day.and_hms_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?)
}

/// An identifier as programs write it. Other forms name files that can't be found by the identifier.
fn usual_id(text: &str) -> Option<Uuid> {
    let usual = text.len() == 36 && !text.bytes().any(|byte| byte.is_ascii_uppercase());
    Uuid::try_parse(text).ok().filter(|_| usual)
}

/// Unix milliseconds of a UUIDv7.
pub(crate) fn uuid_ms(id: Uuid) -> Option<i64> {
    let time = id.get_timestamp().filter(|_| id.get_version_num() == 7)?;
    let (secs, nanos) = time.to_unix();
    i64::try_from(secs)
        .ok()?
        .checked_mul(1000)?
        .checked_add(i64::from(nanos / 1_000_000))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn times_in_names_are_what_chrono_reads(text in "[0-2][0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]-[0-6][0-9]-[0-5][0-9x]") {
            let bytes: &[u8; 19] = text.as_bytes().try_into().expect("its length");
            let read = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H-%M-%S");
            prop_assert_eq!(begun(bytes), read.ok());
        }
    }

    #[test]
    fn what_replaces_a_file_has_a_later_name() {
        let (layout, id, at) = (Layout::new("/h"), ThreadId::new(), Local::now());
        let begun = |path: &Path| RolloutName::of(path).expect("a rollout").begun;
        let first = layout.rollout(id, at);
        let second = layout.reverted_rollout(id, at, &first);
        let third = layout.reverted_rollout(id, at, &second);
        assert!(begun(&first) < begun(&second) && begun(&second) < begun(&third));
        let later = at + TimeDelta::seconds(9);
        assert_eq!(
            begun(&layout.reverted_rollout(id, later, &first)),
            begun(&layout.rollout(id, later))
        );
    }

    #[test]
    fn names_are_taken_apart() {
        let id = "01a1fb36-43f0-70b0-8793-fb14631a2f74";
        let plain =
            RolloutName::parse(&format!("rollout-2026-11-20T23-06-39-{id}.jsonl")).expect("a rollout");
        assert_eq!(plain.id.to_string(), id);
        assert!(plain.revert.is_none() && !plain.compressed);
        let reverted = RolloutName::parse(&format!(
            "rollout-2026-11-20T23-06-40-{id}_01a1fb36-4484-7760-b9ad-c8a7c9dad49c.jsonl.zst"
        ))
        .expect("a rollout");
        assert!(reverted.revert.is_some() && reverted.compressed);
        assert!(reverted.begun_ms() > plain.begun_ms());
        for other in [
            "",
            "rollout-",
            "rollout-2026-11-20T23-06-39-x.jsonl",
            "notes.jsonl",
            "rollout-é.jsonl",
            "rollout-2026-11-20T23-06-39-01A1FB36-43F0-70B0-8793-FB14631A2F74.jsonl",
            "rollout-2026-11-20T23-06-39-01a1fb3643f070b08793fb14631a2f74.jsonl",
        ] {
            assert_eq!(RolloutName::parse(other), None);
        }
    }
}
