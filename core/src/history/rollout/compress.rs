//! Rollouts of threads that nobody has touched for long are compressed (docs/contract/storage.md#compression).

use std::fs::{self, File, OpenOptions};
use std::hash::Hasher;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::layout::{Layout, other_form};
use super::lock::WriterLock;
use super::source;
use crate::ThreadId;
use crate::history::private;

/// How well: this costs about 5 ms for a MiB.
const LEVEL: i32 = 3;
/// Bytes that are read at once.
const CHUNK: usize = 256 << 10;

/// Puts a compressed file in the place of a rollout that has not been changed for `age`; gives its path. `None`: some
/// process has the thread, the file is younger, or it would not be read in that form.
///
/// At any moment there is a whole file: the new one is complete and on the disk before it gets its name, and the old
/// one goes last. Where both are found, the one that isn't compressed counts.
///
/// # Errors
///
/// Those of the file system. The rollout stays as it is then.
pub(crate) fn compress(
    layout: &Layout,
    id: ThreadId,
    path: &Path,
    age: Duration,
) -> io::Result<Option<PathBuf>> {
    let Ok(_lock) = WriterLock::take_within(layout, id, Duration::ZERO) else {
        return Ok(None);
    };
    let from = private::open_to_read(path)?;
    let before = from.metadata()?;
    let modified = before.modified()?;
    let is_old = SystemTime::now()
        .duration_since(modified)
        .is_ok_and(|rest| rest >= age);
    if !is_old || before.len() > source::LARGEST_IN_MEMORY {
        return Ok(None);
    }
    let target = other_form(path);
    let draft = path.with_extension("compressing");
    let written = write(&from, &draft, modified).and_then(|size| {
        let now = fs::metadata(path)?;
        let unchanged = now.len() == before.len() && now.modified()? == modified;
        if !unchanged || before.len() > source::expanded_limit(size) {
            return Ok(false);
        }
        fs::rename(&draft, &target)?;
        Ok(true)
    });
    if !matches!(written, Ok(true)) {
        let _ = fs::remove_file(&draft);
    }
    if !written? {
        return Ok(None);
    }
    let folder = path.parent().unwrap_or_else(|| Path::new("/"));
    private::sync_folder(folder)?;
    fs::remove_file(path)?;
    private::sync_folder(folder)?;
    Ok(Some(target))
}

/// Writes the compressed file, and reads it again. Gives its size.
fn write(mut from: &File, draft: &Path, modified: SystemTime) -> io::Result<u64> {
    let to = private::open(OpenOptions::new().write(true).create(true).truncate(true), draft)?;
    let mut encoder = zstd::stream::write::Encoder::new(&to, LEVEL)?;
    encoder.include_checksum(true)?;
    let mut written = Digest::default();
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        written.write_all(&chunk[..read])?;
        encoder.write_all(&chunk[..read])?;
    }
    encoder.finish()?;
    // The thread has not changed.
    to.set_modified(modified)?;
    to.sync_all()?;
    let mut found = Digest::default();
    source::expand(&private::open_to_read(draft)?, &mut found)?;
    if found.0.finish() != written.0.finish() {
        return Err(io::Error::other("what was written can't be read again"));
    }
    Ok(to.metadata()?.len())
}

#[derive(Default)]
struct Digest(std::hash::DefaultHasher);

impl Write for Digest {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
