//! The file of a log: made and locked when there is something to write.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::layout::Layout;
use super::lock;
use super::lock::WriterLock;
use crate::ThreadId;
use crate::history::private;

/// Where the lines of a log go.
pub(crate) struct LogFile {
    layout: Layout,
    pub(crate) file: Option<Arc<File>>,
    pub(crate) lock: Option<WriterLock>,
    /// Folders with entries that a power failure might take.
    pub(crate) unsynced: Vec<PathBuf>,
}

impl LogFile {
    pub(crate) fn new(layout: Layout, file: Option<Arc<File>>, lock: Option<WriterLock>) -> Self {
        Self {
            layout,
            file,
            lock,
            unsynced: Vec::new(),
        }
    }

    /// The file, made and locked if need be. After a failure nobody is waited for: it is tried again and again.
    pub(crate) fn prepare(&mut self, path: &Path, id: ThreadId, failing: bool) -> io::Result<Arc<File>> {
        if self.lock.is_none() {
            let patience = if failing { Duration::ZERO } else { lock::PATIENCE };
            let lock = WriterLock::take_within(&self.layout, id, patience);
            self.lock = Some(lock.map_err(io::Error::other)?);
        }
        if let Some(file) = &self.file {
            return Ok(Arc::clone(file));
        }
        if let Some(folder) = path.parent() {
            self.unsynced = private::create_folders(folder)?;
            self.unsynced.push(folder.to_path_buf());
        }
        let file = private::open(OpenOptions::new().create(true).append(true), path)?;
        Ok(Arc::clone(self.file.insert(Arc::new(file))))
    }
}

/// Writes bytes and takes them away. What was written of a line stays; the rest of it follows when the disk takes it.
pub(crate) fn write_all(mut file: &File, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut done = 0;
    let result = loop {
        if done == bytes.len() {
            break Ok(());
        }
        match file.write(&bytes[done..]) {
            Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => done += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
        }
    };
    bytes.drain(..done);
    result
}
