//! Whether a work tree has changed, as far as the index and the files' sizes and kinds tell.

use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::path::{Component, Path};
use std::time::{Duration, Instant};

use crate::external_file::FileError;
use crate::sys::files::path_of_bytes;

/// Largest index that is looked at, in bytes.
const MAX_INDEX: u64 = 16 << 20;
/// How long files are compared. A request waits for this.
const MAX_TIME: Duration = Duration::from_millis(20);

const KIND_MASK: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const SYMLINK: u32 = 0o120_000;

/// `Some(true)`: a file that git knows of is gone, or has another size or kind, or is in conflict. `Some(false)`:
/// git knows of no file, and there is none. Else only the contents would tell, and those are not read.
pub(super) fn in_work_tree(root: &Path, index: Result<File, FileError>, hash_length: usize) -> Option<bool> {
    let mut bytes = Vec::new();
    match index {
        Ok(file) => {
            file.take(MAX_INDEX + 1).read_to_end(&mut bytes).ok()?;
            let fits = u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_INDEX);
            fits.then_some(())?;
        }
        Err(error) if error.is_missing() => {}
        Err(_) => return None,
    }
    let mut entries = Entries::new(&bytes, hash_length)?;
    if entries.left == 0 {
        return is_empty(root).then_some(false);
    }
    let began = Instant::now();
    while entries.left > 0 && began.elapsed() < MAX_TIME {
        if entries.next_entry()?.is_changed(root, &entries.path)? {
            return Some(true);
        }
    }
    None
}

/// Whether nothing is there but the repository itself.
fn is_empty(root: &Path) -> bool {
    std::fs::read_dir(root)
        .is_ok_and(|mut found| found.all(|entry| entry.is_ok_and(|entry| entry.file_name() == ".git")))
}

/// What the index says of a file.
struct Entry {
    mode: u32,
    size: u32,
    is_blank: bool,
    /// In conflict, or announced for a later commit.
    is_open: bool,
    /// Git was told not to look at the file.
    is_ignored: bool,
}

impl Entry {
    /// `None`: the index names a place that no work tree has.
    fn is_changed(&self, root: &Path, path: &[u8]) -> Option<bool> {
        let path = path_of_bytes(path);
        let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        is_inside.then_some(())?;
        if self.is_ignored
            || !matches!(self.mode & KIND_MASK, REGULAR | SYMLINK)
            || path.as_os_str().is_empty()
        {
            return Some(false);
        }
        Some(
            self.is_open
                || match root.join(path).symlink_metadata() {
                    Ok(found) => self.differs(&found),
                    Err(error) => matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
                },
        )
    }

    fn differs(&self, found: &Metadata) -> bool {
        let same_kind = match self.mode & KIND_MASK {
            SYMLINK => found.is_symlink(),
            _ => found.is_file(),
        };
        if !same_kind {
            // Where links can't be made, git writes files.
            return !(self.mode & KIND_MASK == SYMLINK && found.is_file());
        }
        // No size is noted for a file that may have changed while it was added.
        let is_known = self.size != 0 || self.is_blank;
        // The index keeps the lowest 32 bits.
        is_known && u64::from(self.size) != found.len() & u64::from(u32::MAX)
    }
}

/// Reads an index, versions 2 to 4.
struct Entries<'a> {
    rest: &'a [u8],
    version: u32,
    hash_length: usize,
    left: u32,
    /// Of the last entry.
    path: Vec<u8>,
}

impl<'a> Entries<'a> {
    /// `None`: this is no index that we can read. No bytes are one without entries.
    fn new(bytes: &'a [u8], hash_length: usize) -> Option<Self> {
        let mut entries = Self {
            rest: bytes,
            version: 2,
            hash_length,
            left: 0,
            path: Vec::new(),
        };
        if !bytes.is_empty() {
            (entries.take(4)? == b"DIRC").then_some(())?;
            entries.version = entries.number()?;
            (2..=4).contains(&entries.version).then_some(())?;
            entries.left = entries.number()?;
        }
        Some(entries)
    }

    fn next_entry(&mut self) -> Option<Entry> {
        const BLANK: [[u8; 4]; 2] = [[0xe6, 0x9d, 0xe2, 0x9b], [0x47, 0x3a, 0x0f, 0x4c]];
        let before = self.rest.len();
        // Times of change, device, inode.
        self.take(24)?;
        let mode = self.number()?;
        // Owner and group.
        self.take(8)?;
        let size = self.number()?;
        let hash = self.take(self.hash_length)?;
        let flags = self.half()?;
        let more_flags = if self.version >= 3 && flags & 0x4000 != 0 {
            self.half()?
        } else {
            0
        };
        if self.version == 4 {
            let kept = self.path.len().checked_sub(self.offset()?)?;
            self.path.truncate(kept);
            let end = memchr::memchr(0, self.rest)?;
            let added = self.take(end)?;
            self.path.extend_from_slice(added);
            self.take(1)?;
        } else {
            let end = memchr::memchr(0, self.rest)?;
            self.path = self.take(end)?.to_vec();
            // One to eight zeros, so that the length is a multiple of eight.
            let length = before - self.rest.len();
            self.take(8 - length % 8)?;
        }
        self.left -= 1;
        Some(Entry {
            mode,
            size,
            is_blank: BLANK.iter().any(|blank| hash.starts_with(blank)),
            is_open: flags & 0x3000 != 0 || more_flags & 0x2000 != 0,
            is_ignored: flags & 0x8000 != 0 || more_flags & 0x4000 != 0,
        })
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    fn half(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    /// A number as pack files write it.
    fn offset(&mut self) -> Option<usize> {
        let mut value: usize = 0;
        loop {
            let byte = *self.take(1)?.first()?;
            value = value.checked_mul(128)?.checked_add(usize::from(byte & 0x7f))?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
            value = value.checked_add(1)?;
        }
    }
}
