//! Tells versions of a file or folder apart without reading it.

use std::path::Path;

use crate::sys::files::{self, FileId};

/// What a file or folder was like. `None` of it: it was not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    id: FileId,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// As it is now. Links are followed.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let found = std::fs::metadata(path).ok()?;
        Some(Self {
            id: files::file_id(&found),
            size: found.len(),
            modified: files::modified(&found),
            changed: files::changed(&found),
        })
    }

    /// Which file or folder it is, whatever has changed in it.
    pub(super) fn id(&self) -> FileId {
        self.id
    }
}
