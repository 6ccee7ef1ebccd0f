//! Files that go along: read whole, and scrubbed.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::FeedbackError;
use crate::external_file::{self, FileError};
use crate::memory::without_secrets;

/// A file as it goes into the archive, without secrets if it is a text. Takes its size from what is left for all of them.
pub(super) fn read_attachment(path: &Path, left: &mut u64) -> Result<Vec<u8>, FeedbackError> {
    let (file, metadata) = external_file::open(path).map_err(|error| match error {
        FileError::Io(why) => FeedbackError::Unreadable {
            path: path.to_owned(),
            why,
        },
        _ => FeedbackError::NotAttached(path.to_owned()),
    })?;
    let is_compressed = path.extension().is_some_and(|extension| extension == "zst");
    if !is_compressed && metadata.len() > *left {
        return Err(FeedbackError::NotAttached(path.to_owned()));
    }
    let read = |file: File| -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if is_compressed {
            let decoder = zstd::stream::read::Decoder::new(BufReader::new(file))?;
            decoder.take(*left + 1).read_to_end(&mut bytes)?;
        } else {
            file.take(*left + 1).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    };
    let bytes = read(file).map_err(|why| FeedbackError::Unreadable {
        path: path.to_owned(),
        why,
    })?;
    let size = bytes.len() as u64;
    if size > *left {
        return Err(FeedbackError::NotAttached(path.to_owned()));
    }
    *left -= size;
    Ok(if is_text(&bytes) {
        without_secrets(&external_file::decode_lossy(&bytes)).into_bytes()
    } else {
        bytes
    })
}

/// Whether it begins as pictures and archives do, whose bytes must stay. Anything else may hold secrets: a log with a hole in
/// it is text.
fn is_text(bytes: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 7] = [
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"GIF8",
        b"RIFF",
        b"PK\x03\x04",
        b"\x1f\x8b",
        b"%PDF-",
    ];
    !BEGINNINGS.iter().any(|beginning| bytes.starts_with(beginning))
}
