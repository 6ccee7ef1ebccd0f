//! What a user wants to tell the makers, as a zip that can be read first (docs/contract/services.md#feedback).
//!
//! Texts are scrubbed of secrets before they go in. Nothing is sent unless the user has configured where to.
//!
//! | file | what |
//! |---|---|
//! | `report.rs` | `report.json` and `manifest.json` |
//! | `attachment.rs` | files that go along |
//! | `zip.rs` | the format of the archive |

mod attachment;
mod report;
mod zip;

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::attachment::read_attachment;
use self::report::{Entry, manifest, report};
use self::zip::ZipWriter;
use crate::external_file;
use crate::net::body::{self, BodyLimit};
use crate::net::client::network;
use crate::net::server_message;
use crate::sys::files;

/// Bytes of all attachments at most, before they are compressed.
const MAX_ATTACHED: u64 = 128 << 20;
/// Attachments at most.
const MAX_FILES: usize = 100;
/// How long the archive may take to be made.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a server may take to accept it.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of a server's refusal that are shown.
const MAX_REFUSAL: usize = 2048;

/// What is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Feedback {
    /// Of which kind it is: `bug`, `bad_result`, `good_result`, `safety_check` or anything else.
    pub classification: String,
    /// The user's words.
    pub reason: Option<String>,
    /// Names and values of the client.
    pub tags: BTreeMap<String, String>,
    /// The thread, or a name for none.
    pub thread: String,
    /// Facts about this program and machine, as JSON; they go along with logs.
    pub facts: Option<String>,
    /// The rollouts of the thread; they go along with logs. One that is gone is left out.
    pub rollouts: Vec<PathBuf>,
    /// Files that the user has chosen.
    pub chosen: Vec<PathBuf>,
}

/// Why it can't be saved or sent.
#[derive(Debug, thiserror::Error)]
pub enum FeedbackError {
    /// There is a file, link or folder.
    #[error("feedback save path already exists")]
    Exists,
    /// A file that the user has chosen can't be read.
    #[error("failed to read selected attachment {}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        why: io::Error,
    },
    /// It is no regular file, or too large.
    #[error(
        "selected attachment {} is missing, nonregular, or exceeds the remaining decoded size limit", .0.display()
    )]
    NotAttached(PathBuf),
    /// Too many.
    #[error("{MAX_FILES} attachments are possible at most")]
    TooManyFiles,
    /// The system's words.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The server can't be reached, or refuses.
    #[error("{0}")]
    Upload(String),
}

impl Feedback {
    /// Writes the archive to a new file that only the user can read.
    ///
    /// # Errors
    ///
    /// There is something at the path already, a chosen file can't be read, or the system says no; then there is no file.
    pub async fn save(self, path: PathBuf) -> Result<(), FeedbackError> {
        in_background(move || {
            if fs::symlink_metadata(&path).is_ok() {
                return Err(FeedbackError::Exists);
            }
            let archive = self.archive()?;
            write_new(&path, &archive)
        })
        .await
    }

    /// Sends the archive to a server, by POST.
    ///
    /// # Errors
    ///
    /// As for [`Feedback::save`]; the server can't be reached, or refuses.
    pub async fn upload(self, endpoint: &str) -> Result<(), FeedbackError> {
        let archive = in_background(move || self.archive()).await?;
        let failed = |why: String| FeedbackError::Upload(why);
        let client = network()
            .http_client(endpoint)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let request = client
            .post(endpoint)
            .header("content-type", "application/zip")
            .timeout(UPLOAD_PATIENCE)
            .body(archive);
        let response = request
            .send()
            .await
            .map_err(|error| failed(crate::net::client::error_chain(&error.without_url())))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let limit = BodyLimit {
            bytes: MAX_REFUSAL,
            time: UPLOAD_PATIENCE,
        };
        let said = server_message::of_bytes(&body::read_start(response, limit).await, MAX_REFUSAL);
        Err(failed(format!("the server answered {status}: {said}")))
    }

    /// The archive. Blocks.
    fn archive(&self) -> Result<Vec<u8>, FeedbackError> {
        if self.chosen.len() + self.rollouts.len() > MAX_FILES {
            return Err(FeedbackError::TooManyFiles);
        }
        let mut zip = ZipWriter::default();
        zip.add("report.json", report(self).as_bytes())?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut left = MAX_ATTACHED;
        let mut attach = |name: String, bytes: &[u8]| -> io::Result<()> {
            let entry = Entry::new(entries.len(), &name);
            zip.add(&entry.path, bytes)?;
            entries.push(entry);
            Ok(())
        };
        if let Some(facts) = &self.facts {
            attach("codex-doctor-report.json".to_owned(), facts.as_bytes())?;
        }
        for path in &self.rollouts {
            match read_attachment(path, &mut left) {
                Ok(bytes) => attach(file_name(path), &bytes)?,
                Err(error) => tracing::warn!(%error, "a rollout is left out of feedback"),
            }
        }
        for path in &self.chosen {
            let bytes = read_attachment(path, &mut left)?;
            attach(file_name(path), &bytes)?;
        }
        zip.add("manifest.json", manifest(&entries).as_bytes())?;
        Ok(zip.finish())
    }
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // What is read is not compressed any more.
    name.strip_suffix(".zst").unwrap_or(&name).to_owned()
}

/// Writes a file that is not there yet, for its owner only. Links are not followed. What can't be written whole is taken
/// away again.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), FeedbackError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let mut file = match files::owner_only(&mut options).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(FeedbackError::Exists),
        opened => opened?,
    };
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    Ok(written?)
}

async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FeedbackError> + Send + 'static,
) -> Result<T, FeedbackError> {
    match external_file::in_background(PATIENCE, work).await {
        Ok(done) => done,
        Err(error) => Err(FeedbackError::Io(error.into())),
    }
}
