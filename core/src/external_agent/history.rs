//! What was taken over before: a line of JSON for each import, in a file of the home.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files;
use crate::external_file::{decode_lossy, read_start};
use crate::sys::files::owner_only;

/// Most of the file that is read, in bytes; when it is larger, old lines are dropped.
const MAX_FILE: usize = 8 << 20;
/// Largest record, in bytes.
const MAX_RECORD: usize = 1 << 20;
/// Records that are kept when old ones are dropped.
const KEPT: usize = 50;

/// An import that is over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportRecord {
    /// Its id.
    pub import_id: String,
    /// Who has made it, as the client says.
    #[serde(default)]
    pub provider_id: Option<String>,
    /// When it was over, Unix milliseconds.
    pub completed_at_ms: i64,
    /// What was taken over.
    #[serde(default)]
    pub successes: Vec<RecordedImport>,
    /// What was not.
    #[serde(default)]
    pub failures: Vec<RecordedFailure>,
}

/// Something that was taken over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedImport {
    /// The contract's word for its kind.
    pub item_type: String,
    /// The project.
    #[serde(default)]
    pub cwd: Option<String>,
    /// What it was called, or where it was.
    #[serde(default)]
    pub source: Option<String>,
    /// What it is called now, or where it is.
    #[serde(default)]
    pub target: Option<String>,
    /// For people.
    #[serde(default)]
    pub title: Option<String>,
}

/// Something that could not be taken over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedFailure {
    /// The contract's word for its kind.
    pub item_type: String,
    /// The project.
    #[serde(default)]
    pub cwd: Option<String>,
    /// What it was called, or where it was.
    #[serde(default)]
    pub source: Option<String>,
    /// Kind of error.
    #[serde(default)]
    pub error_type: Option<String>,
    /// More of that.
    #[serde(default)]
    pub sub_error_type: Option<String>,
    /// At which step.
    pub failure_stage: String,
    /// Why.
    pub message: String,
}

/// The earlier imports of a home. Everything blocks.
#[derive(Debug, Clone)]
pub struct ImportHistory {
    path: PathBuf,
}

impl ImportHistory {
    /// Of this home. Nothing is made before something is added.
    pub fn new(codex_home: &Path) -> Self {
        Self {
            path: codex_home.join("external-agent-imports.jsonl"),
        }
    }

    /// Adds a record.
    ///
    /// # Errors
    ///
    /// If it is larger than a megabyte, or the file can't be written.
    pub fn add(&self, record: &ImportRecord) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        if line.len() > MAX_RECORD {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("the record is larger than {MAX_RECORD} bytes"),
            ));
        }
        let size = std::fs::metadata(&self.path).map_or(0, |found| found.len());
        if usize::try_from(size).is_ok_and(|size| size + line.len() <= MAX_FILE) {
            let mut options = OpenOptions::new();
            options.append(true).create(true);
            return owner_only(&mut options).open(&self.path)?.write_all(&line);
        }
        let mut kept = Vec::new();
        for old in self.read().iter().take(KEPT).rev() {
            serde_json::to_writer(&mut kept, old)?;
            kept.push(b'\n');
            if kept.len() + line.len() > MAX_FILE / 2 {
                kept.clear();
            }
        }
        kept.extend(line);
        files::replace(&self.path, &kept)
    }

    /// All records that are known, the newest first. Lines that can't be read are left out.
    pub fn read(&self) -> Vec<ImportRecord> {
        let Ok(start) = read_start(&self.path, MAX_FILE) else {
            return Vec::new();
        };
        let text = decode_lossy(&start.bytes);
        let records = text
            .lines()
            .rev()
            .filter_map(|line| serde_json::from_str(line).ok());
        records.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, size: usize) -> ImportRecord {
        ImportRecord {
            import_id: id.to_owned(),
            successes: vec![RecordedImport {
                item_type: "SKILLS".to_owned(),
                title: Some("x".repeat(size)),
                ..RecordedImport::default()
            }],
            ..ImportRecord::default()
        }
    }

    #[test]
    fn records_come_back_newest_first_and_the_file_does_not_grow_for_ever() {
        let home = tempfile::tempdir().expect("a folder");
        let history = ImportHistory::new(home.path());
        assert!(history.read().is_empty());
        history.add(&record("a", 1)).expect("added");
        let path = home.path().join("external-agent-imports.jsonl");
        let mut damaged = std::fs::read(&path).expect("a file");
        damaged.extend(b"{\"importId\": damaged\n");
        std::fs::write(&path, damaged).expect("written");
        history.add(&record("b", 1)).expect("added");
        let ids: Vec<_> = history
            .read()
            .into_iter()
            .map(|record| record.import_id)
            .collect();
        assert_eq!(ids, ["b", "a"]);
        assert!(history.add(&record("c", 2 << 20)).is_err());
        for n in 0..20 {
            history.add(&record(&n.to_string(), 900_000)).expect("added");
        }
        assert!(std::fs::metadata(&path).expect("a file").len() <= MAX_FILE as u64);
        assert_eq!(history.read()[0].import_id, "19");
    }
}
