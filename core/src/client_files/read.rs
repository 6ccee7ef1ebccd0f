//! Reading whole files.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{ClientFileError, Done, MAX_FILE, look_at};
use crate::sys::files;

/// Files up to this size are read at once, in bytes.
const AT_ONCE: u64 = 1 << 20;
/// Size of a piece of a larger file, in bytes: a multiple of three, so that pieces in base64 can be put together.
const PIECE: usize = 768 << 10;

/// What is in a file.
#[derive(Debug)]
pub enum FileContent {
    /// All of it.
    Whole(Vec<u8>),
    /// Too much to be held in memory.
    Large(FilePieces),
}

/// A large file, piece by piece. Reading a piece blocks.
#[derive(Debug)]
pub struct FilePieces {
    file: File,
    /// Read already, and not given yet.
    begun: Vec<u8>,
    left: u64,
    done: bool,
}

impl FilePieces {
    /// The next piece. All but the last have the same size, a multiple of three bytes. `None` after the last one.
    ///
    /// # Errors
    ///
    /// The file can't be read on, or has grown beyond [`MAX_FILE`].
    pub fn next_piece(&mut self) -> Done<Option<Vec<u8>>> {
        if self.done {
            return Ok(None);
        }
        let mut piece = Vec::with_capacity(PIECE);
        let begun = self.begun.len().min(PIECE);
        piece.extend(self.begun.drain(..begun));
        let wanted = (PIECE - piece.len()) as u64;
        (&self.file)
            .take(wanted.min(self.left + 1))
            .read_to_end(&mut piece)
            .inspect_err(|_| self.done = true)?;
        let read = (piece.len() - begun) as u64;
        if read > self.left {
            self.done = true;
            return Err(ClientFileError::TooLarge);
        }
        self.left -= read;
        if piece.len() < PIECE {
            self.done = true;
        }
        Ok(Some(piece))
    }
}

/// What is in a file. Links are followed.
///
/// # Errors
///
/// There is no such file, it can't be read, is no regular file, or is larger than [`MAX_FILE`].
pub async fn read(path: PathBuf) -> Done<FileContent> {
    look_at(move || {
        let (file, metadata) = open(&path)?;
        if metadata.len() > MAX_FILE {
            return Err(ClientFileError::TooLarge);
        }
        // The size is a hint only: files of some file systems tell none, others grow.
        let hint = usize::try_from(metadata.len().min(AT_ONCE)).unwrap_or_default();
        let mut begun = Vec::with_capacity(hint + 1);
        (&file).take(AT_ONCE + 1).read_to_end(&mut begun)?;
        if begun.len() as u64 <= AT_ONCE {
            return Ok(FileContent::Whole(begun));
        }
        let left = MAX_FILE - begun.len() as u64;
        Ok(FileContent::Large(FilePieces {
            file,
            begun,
            left,
            done: false,
        }))
    })
    .await
}

/// Opens a regular file without waiting for anybody.
fn open(path: &Path) -> Done<(File, Metadata)> {
    let not_a_file = || ClientFileError::NotAFile(path.to_owned());
    // Some devices act when they are opened, so look first; what counts is what was opened.
    let kind = std::fs::metadata(path)?.file_type();
    if !kind.is_file() && !files::is_socket(kind) {
        return Err(not_a_file());
    }
    let file = files::without_waiting(OpenOptions::new().read(true)).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(not_a_file());
    }
    Ok((file, metadata))
}
