//! Reading the starts of many small files: each call to the system counts.

use std::borrow::Cow;
use std::fs::{File, Metadata};
use std::io::{self, Read};

use super::{FileError, check_kind, utf16, without_bom};
use crate::file_stamp::FileStamp;
use crate::sys::files;

/// Reads the starts of files, one after the other, into the same memory.
#[derive(Debug)]
pub(crate) struct FileReader {
    /// One byte more than is given.
    buffer: Vec<u8>,
    /// A file system whose files are not made up by the kernel.
    device: Option<u64>,
}

/// The start of a file.
#[derive(Debug)]
pub(crate) struct FileStart<'a> {
    pub(crate) bytes: &'a [u8],
    /// Whether the file goes on after them.
    pub(crate) is_cut: bool,
    /// What the file was like before it was read.
    pub(crate) stamp: FileStamp,
}

impl FileReader {
    /// Gives up to `max` bytes of each file.
    pub(crate) fn new(max: usize) -> Self {
        Self {
            buffer: vec![0; max + 1],
            device: None,
        }
    }

    /// That a file is a regular one.
    fn check(&mut self, file: &File) -> Result<Metadata, FileError> {
        let metadata = file.metadata()?;
        check_kind(&metadata)?;
        let device = Some(files::file_id(&metadata).device);
        if device != self.device {
            if files::is_kernel_file(file) {
                return Err(FileError::Pseudo);
            }
            self.device = device;
        }
        Ok(metadata)
    }

    /// The start of a file that was opened without waiting.
    pub(crate) fn read(&mut self, mut file: &File) -> Result<FileStart<'_>, FileError> {
        let metadata = self.check(file)?;
        let mut len = 0;
        while len < self.buffer.len() {
            match file.read(&mut self.buffer[len..]) {
                Ok(0) => break,
                Ok(n) => len += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
            // Files that tell no size have more than that; what is being appended is read the next time.
            if u64::try_from(len).is_ok_and(|len| len == metadata.len()) {
                break;
            }
        }
        let max = self.buffer.len() - 1;
        Ok(FileStart {
            bytes: &self.buffer[..len.min(max)],
            is_cut: len > max,
            stamp: FileStamp::from(&metadata),
        })
    }
}

impl<'a> FileStart<'a> {
    /// As text; see [`super::decode`].
    pub(crate) fn text(&self) -> Result<Cow<'a, str>, FileError> {
        if self.is_cut {
            // The cut may go through a character.
            return Ok(super::decode_lossy(self.bytes).into());
        }
        if utf16(self.bytes).is_some() {
            return super::decode(self.bytes.to_vec()).map(Cow::Owned);
        }
        let text = std::str::from_utf8(without_bom(self.bytes));
        text.map(Cow::Borrowed).map_err(|_| FileError::NotUtf8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_of_files_are_read_as_they_are_by_themselves() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut reader = FileReader::new(8);
        let contents: [&[u8]; 7] = [
            b"",
            b"short",
            b"12345678",
            b"123456789",
            "1234567\u{e9}".as_bytes(),
            b"\xef\xbb\xbfa\xff",
            b"\xff\xfea\0\xe4\0",
        ];
        for content in contents {
            let path = dir.path().join("file");
            std::fs::write(&path, content).expect("a file");
            let file = File::open(&path).expect("opens");
            let start = reader.read(&file).expect("reads");
            let alone = super::super::read_start(&path, 8).expect("reads");
            assert_eq!((start.bytes, start.is_cut), (&*alone.bytes, alone.is_cut));
            let text = super::super::text_of(alone).ok();
            assert_eq!(start.text().ok().as_deref(), text.as_deref());
        }
        let folder = File::open(dir.path()).expect("opens");
        assert!(matches!(reader.read(&folder), Err(FileError::NotRegular(_))));
        if cfg!(target_os = "linux") {
            let made_up = File::open("/proc/self/environ").expect("opens");
            assert!(matches!(reader.read(&made_up), Err(FileError::Pseudo)));
        }
    }
}
