//! Files that are kept to save time and can be made again at any time.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use crate::sys::files;

/// Puts a text in the place of such a file, for its owner only. Another process may read at any time: the file changes as
/// a whole. What a power failure takes is made again. Blocks.
pub(crate) fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    files::owner_only(&mut options)
        .open(&temporary)?
        .write_all(text)?;
    std::fs::rename(&temporary, path)
}
