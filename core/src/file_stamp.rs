//! Tells versions of a file or folder apart without reading it.

use std::fs::Metadata;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::sys::files::{self, FileId, FileVersion};
use crate::sys::readable_folder::ReadableFolder;

/// What a file or folder was like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Numbers", from = "Numbers")]
pub(crate) struct FileStamp(FileVersion);

impl FileStamp {
    /// As it is now; `None`: it is not there. Links are followed.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().as_ref().map(Self::from)
    }

    /// As [`Self::of`], of what is at a path below a folder. A link at its end is not followed.
    pub(crate) fn below(folder: &ReadableFolder, path: &Path) -> Option<Self> {
        folder.version_of(path).ok().map(Self)
    }

    /// Whether it had been changed within this time before `now`: whatever is changed once more that soon may look the
    /// same, because file systems count time in steps. So is what claims to come from the future.
    pub(crate) fn is_young(&self, now: SystemTime, age: Duration) -> bool {
        let seconds = u64::try_from(self.0.changed.0).ok();
        let nanos = u32::try_from(self.0.changed.1).ok();
        let changed = seconds
            .zip(nanos)
            .map(|(seconds, nanos)| Duration::new(seconds, nanos));
        let old = |changed| {
            now.duration_since(UNIX_EPOCH)
                .is_ok_and(|now| now > changed + age)
        };
        !changed.is_some_and(old)
    }

    /// Which file or folder it is, whatever has changed in it.
    pub(crate) fn id(&self) -> FileId {
        self.0.id
    }
}

impl From<&Metadata> for FileStamp {
    fn from(found: &Metadata) -> Self {
        Self(files::version(found))
    }
}

/// A stamp as it is written down.
type Numbers = [i64; 7];

impl From<FileStamp> for Numbers {
    fn from(FileStamp(version): FileStamp) -> Self {
        let FileVersion {
            id,
            size,
            modified,
            changed,
        } = version;
        let [device, inode, size] = [id.device, id.inode, size].map(u64::cast_signed);
        [device, inode, size, modified.0, modified.1, changed.0, changed.1]
    }
}

impl From<Numbers> for FileStamp {
    fn from(
        [
            device,
            inode,
            size,
            seconds,
            nanos,
            changed_seconds,
            changed_nanos,
        ]: Numbers,
    ) -> Self {
        let [device, inode, size] = [device, inode, size].map(i64::cast_unsigned);
        Self(FileVersion {
            id: FileId { device, inode },
            size,
            modified: (seconds, nanos),
            changed: (changed_seconds, changed_nanos),
        })
    }
}
