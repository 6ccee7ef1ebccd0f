//! Tells versions of a file or folder apart without reading it.

use std::fs::Metadata;
use std::path::Path;

use crate::sys::files::{self, FileId};

/// What a file or folder was like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileStamp {
    id: FileId,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileStamp {
    /// As it is now; `None`: it is not there. Links are followed.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().as_ref().map(Self::from)
    }

    /// Which file or folder it is, whatever has changed in it.
    pub(crate) fn id(&self) -> FileId {
        self.id
    }
}

impl From<&Metadata> for FileStamp {
    fn from(found: &Metadata) -> Self {
        Self {
            id: files::file_id(found),
            size: found.len(),
            modified: files::modified(found),
            changed: files::changed(found),
        }
    }
}
