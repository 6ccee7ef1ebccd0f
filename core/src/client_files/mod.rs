//! Files that clients read, write, copy and remove beside all threads (docs/contract/services.md#files). There is no
//! sandbox: clients may do what the user may.
//!
//! Nothing waits for the other end of a pipe, and nothing blocks the runtime. Work that is quick where the file system
//! answers has a deadline; work that may rightly take long (copies, removals, writes) has none, but only so much of it
//! runs at a time, and what hangs holds up its own kind only when all places are taken.
//!
//! | file | what |
//! |---|---|
//! | `read.rs` | whole files: small ones at once, large ones piece by piece |
//! | `copy.rs` | copies of files, folders and links |
//! | `change.rs` | writing, making and removing |
//! | `look.rs` | metadata and lists of folders |

mod change;
mod copy;
mod look;
mod read;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::Semaphore;

pub use change::{create_folder, remove, write};
pub use copy::copy;
pub use look::{FileFacts, FolderEntry, facts, list};
pub use read::{FileContent, FilePieces, read};

use crate::external_file;

/// How long a look at a file may take. After that its file system counts as unreachable.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks that run at the same time: fewer than the threads that read all other files, so that a file system that hangs
/// leaves some for configuration.
const MAX_LOOKS: usize = 32;
/// How long one waits for a place among them.
const LOOK_PATIENCE: Duration = Duration::from_secs(5);
/// Copies, removals and writes that run at the same time.
const MAX_CHANGES: usize = 32;
/// How long one waits for a place among them.
const PLACE_PATIENCE: Duration = Duration::from_secs(60);

/// Why something can't be done with a file.
#[derive(Debug, thiserror::Error)]
pub enum ClientFileError {
    /// The system's words.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A folder, pipe, or device.
    #[error("path `{}` is not a file", .0.display())]
    NotAFile(PathBuf),
    /// More than [`MAX_FILE`] bytes.
    #[error("file is too large to read: limit is {MAX_FILE} bytes")]
    TooLarge,
    /// More than [`MAX_ENTRIES`] entries.
    #[error("directory has too many entries to list: limit is {MAX_ENTRIES}")]
    TooManyEntries,
    /// A folder is copied with everything in it only if that was asked for.
    #[error("fs/copy requires recursive: true when sourcePath is a directory")]
    CopyNeedsRecursive,
    /// The copy would contain itself.
    #[error("fs/copy cannot copy a directory to itself or one of its descendants")]
    CopyIntoItself,
    /// A pipe, device or socket.
    #[error("fs/copy only supports regular files, directories, and symlinks")]
    NotCopied,
    /// `/`.
    #[error("fs/remove cannot remove the root directory")]
    RemovesEverything,
    /// The file system hangs.
    #[error("the file system did not answer within {} s; is it reachable?", .0.as_secs())]
    TimedOut(Duration),
    /// Others hang, or take long.
    #[error("{0} are running or stuck; try again later")]
    Busy(&'static str),
}

/// Largest file that is read, in bytes.
pub const MAX_FILE: u64 = 512 << 20;
/// Most entries of a folder that is listed.
pub const MAX_ENTRIES: usize = 500_000;

type Done<T> = Result<T, ClientFileError>;

/// Looks at something, off the runtime, within a deadline.
async fn look_at<T: Send + 'static>(work: impl FnOnce() -> Done<T> + Send + 'static) -> Done<T> {
    static PLACES: Semaphore = Semaphore::const_new(MAX_LOOKS);
    let place = tokio::time::timeout(LOOK_PATIENCE, PLACES.acquire()).await;
    let place = place.map_err(|_| ClientFileError::Busy("32 reads of files or folders"))?;
    let work = move || {
        // Held by the work, not by whoever waits for it.
        let _place = place;
        work()
    };
    match external_file::in_background(PATIENCE, work).await {
        Ok(done) => done,
        Err(external_file::FileError::TimedOut(limit)) => Err(ClientFileError::TimedOut(limit)),
        Err(error) => Err(ClientFileError::Io(error.into())),
    }
}

/// Changes something, off the runtime, however long that takes.
async fn change<T: Send + 'static>(work: impl FnOnce() -> Done<T> + Send + 'static) -> Done<T> {
    static PLACES: Semaphore = Semaphore::const_new(MAX_CHANGES);
    let place = tokio::time::timeout(PLACE_PATIENCE, PLACES.acquire()).await;
    let place = place.map_err(|_| ClientFileError::Busy("32 copies, removals or writes"))?;
    let done = tokio::task::spawn_blocking(move || {
        // Held by the work, not by whoever waits for it.
        let _place = place;
        work()
    });
    done.await
        .unwrap_or_else(|failed| Err(ClientFileError::Io(io::Error::other(failed))))
}
