//! Reading files that we don't own: what users, repositories and other programs put where we look.
//!
//! Such a file may be a pipe that nobody writes to, a device, endless, still growing, or on a file system that hangs.
//! So a file is opened without waiting, must be a regular one, and is read up to a limit; [`in_background`] keeps the
//! work off the calling thread and gives up after a while. All other functions block only as long as the file system
//! does: call them within `in_background`, or where blocking is allowed.

mod background;
mod file_reader;

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use self::background::BackgroundWork;
pub use self::background::in_background;
pub(crate) use self::file_reader::FileReader;
use crate::sys::files;

/// Deadline of [`in_background`] where a client waits for the answer.
pub const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a file can't be read. The message has no path: the caller knows what the file is to the user.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system says no.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A folder, pipe, device or socket.
    #[error("it is {0}, not a regular file")]
    NotRegular(&'static str),
    /// A file that the kernel makes up while it is read, such as `/proc/self/environ`.
    #[error("it is a file of the kernel, not a regular file")]
    Pseudo,
    /// More than is read of such a file, in bytes.
    #[error("it is larger than {0} bytes, the most that is read of such a file")]
    TooLarge(usize),
    /// Not text.
    #[error("it is not valid UTF-8 text")]
    NotUtf8,
    /// Not where it must be.
    #[error("it leads to {target}, which is outside of {root}", target = .target.display(), root = .root.display())]
    Outside {
        /// Where it leads.
        target: PathBuf,
        /// Where it must be.
        root: PathBuf,
    },
    /// The file system hangs or is overloaded.
    #[error("it could not be read within {} s; is its file system reachable?", .0.as_secs_f32())]
    TimedOut(Duration),
}

impl FileError {
    /// Whether there simply is no such file.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory))
    }
}

impl From<FileError> for io::Error {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Io(error) => error,
            FileError::TimedOut(_) => Self::new(io::ErrorKind::TimedOut, error),
            other => Self::new(io::ErrorKind::InvalidData, other),
        }
    }
}

/// The start of a file.
#[derive(Debug)]
pub struct Start {
    /// Up to as many bytes as were asked for.
    pub bytes: Vec<u8>,
    /// Whether the file goes on after them.
    pub is_cut: bool,
    /// Size of the file in bytes, as the system tells it.
    pub size: u64,
}

/// Opens a regular file for reading, without waiting for anybody. Links are followed.
pub fn open(path: &Path) -> Result<(File, Metadata), FileError> {
    // Some devices act when they are opened, so look first; what counts is what was opened.
    check_kind(&std::fs::metadata(path)?)?;
    let file = files::without_waiting(OpenOptions::new().read(true)).open(path)?;
    let metadata = check_open(&file)?;
    Ok((file, metadata))
}

/// That an open file is a regular one.
fn check_open(file: &File) -> Result<Metadata, FileError> {
    let metadata = file.metadata()?;
    check_kind(&metadata)?;
    if files::is_kernel_file(file) {
        return Err(FileError::Pseudo);
    }
    Ok(metadata)
}

/// As [`read`], of a file that was opened without waiting.
pub(crate) fn read_open(file: &File, max: usize) -> Result<Vec<u8>, FileError> {
    let start = start_of(file, &check_open(file)?, max)?;
    if start.is_cut {
        return Err(FileError::TooLarge(max));
    }
    Ok(start.bytes)
}

/// A whole file of at most `max` bytes.
pub fn read(path: &Path, max: usize) -> Result<Vec<u8>, FileError> {
    let start = read_start(path, max)?;
    if start.is_cut {
        return Err(FileError::TooLarge(max));
    }
    Ok(start.bytes)
}

/// The first `max` bytes of a file.
pub fn read_start(path: &Path, max: usize) -> Result<Start, FileError> {
    let (file, metadata) = open(path)?;
    start_of(&file, &metadata, max)
}

fn start_of(file: &File, metadata: &Metadata, max: usize) -> Result<Start, FileError> {
    let size = metadata.len();
    let limit = max.saturating_add(1);
    // The size is a hint only: files of some file systems tell none, others grow.
    let hint = usize::try_from(size).unwrap_or(usize::MAX).saturating_add(1);
    let mut bytes = Vec::with_capacity(hint.min(limit).min(1 << 20));
    file.take(u64::try_from(limit).unwrap_or(u64::MAX))
        .read_to_end(&mut bytes)?;
    let is_cut = bytes.len() > max;
    bytes.truncate(max);
    Ok(Start { bytes, is_cut, size })
}

/// A whole text file of at most `max` bytes; see [`decode`].
pub fn read_text(path: &Path, max: usize) -> Result<String, FileError> {
    decode(read(path, max)?)
}

/// The text at the start of a file, as [`decode`] reads it. The cut, if there is one, may go through a character.
pub(crate) fn text_of(start: Start) -> Result<String, FileError> {
    if start.is_cut {
        Ok(decode_lossy(&start.bytes))
    } else {
        decode(start.bytes)
    }
}

/// Text from outside: UTF-8, or what a byte order mark says. The mark is no part of the text.
pub fn decode(bytes: Vec<u8>) -> Result<String, FileError> {
    if let Some(units) = utf16(&bytes) {
        let text: Result<_, _> = char::decode_utf16(units).collect();
        return text.map_err(|_| FileError::NotUtf8);
    }
    let mut bytes = bytes;
    let mark = bytes.len() - without_bom(&bytes).len();
    bytes.drain(..mark);
    String::from_utf8(bytes).map_err(|_| FileError::NotUtf8)
}

/// As [`decode`]; what is no text is replaced by U+FFFD.
pub fn decode_lossy(bytes: &[u8]) -> String {
    match utf16(bytes) {
        Some(units) => char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
        None => String::from_utf8_lossy(without_bom(bytes)).into_owned(),
    }
}

/// UTF-8 text without its byte order mark.
pub fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The code units of a text whose byte order mark says UTF-16; half a unit at the end is dropped.
fn utf16(bytes: &[u8]) -> Option<impl Iterator<Item = u16>> {
    let (rest, unit): (_, fn([u8; 2]) -> u16) = match bytes {
        [0xff, 0xfe, rest @ ..] => (rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => (rest, u16::from_be_bytes),
        _ => return None,
    };
    let (pairs, _) = rest.as_chunks::<2>();
    Some(pairs.iter().map(move |pair| unit(*pair)))
}

/// Where a path leads, if that is inside of `root` (which may be reached through links itself) and no file of the
/// kernel. What is there is not opened.
pub fn resolve_inside(path: &Path, root: &Path) -> Result<PathBuf, FileError> {
    let target = path.canonicalize()?;
    if files::is_kernel_path(&target) {
        return Err(FileError::Pseudo);
    }
    if target.starts_with(root.canonicalize()?) {
        Ok(target)
    } else {
        Err(FileError::Outside {
            target,
            root: root.to_owned(),
        })
    }
}

fn check_kind(metadata: &Metadata) -> Result<(), FileError> {
    let kind = metadata.file_type();
    Err(FileError::NotRegular(if kind.is_file() {
        return Ok(());
    } else if kind.is_dir() {
        "a folder"
    } else {
        files::special_kind(kind)
    }))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    fn refusal(path: &Path) -> String {
        read(path, 1 << 20).expect_err("refused").to_string()
    }

    #[test]
    fn pipes_devices_folders_and_files_of_the_kernel_are_refused_at_once() {
        let dir = tempfile::tempdir().expect("a folder");
        let pipe = dir.path().join("pipe");
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .expect("runs")
                .success()
        );
        assert!(refusal(&pipe).contains("a pipe"));
        let link = dir.path().join("link");
        symlink("/dev/zero", &link).expect("a link");
        assert!(refusal(&link).contains("a device"));
        assert!(refusal(dir.path()).contains("a folder"));
        let socket = dir.path().join("socket");
        let _listening = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        assert!(refusal(&socket).contains("a socket"));
        if cfg!(target_os = "linux") {
            assert!(refusal(Path::new("/proc/self/environ")).contains("of the kernel"));
        }
        assert!(
            read(&dir.path().join("none"), 1)
                .expect_err("missing")
                .is_missing()
        );
    }

    #[test]
    fn no_more_than_the_limit_is_read_of_a_file_however_long_it_is() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("sparse");
        let file = File::create(&path).expect("a file");
        file.set_len(1 << 40).expect("a sparse file");
        assert!(matches!(read(&path, 1000), Err(FileError::TooLarge(1000))));
        let start = read_start(&path, 1000).expect("the start");
        assert_eq!(
            (start.bytes.len(), start.is_cut, start.size),
            (1000, true, 1 << 40)
        );
        std::fs::write(&path, "12345").expect("written");
        assert_eq!(read(&path, 5).expect("fits"), b"12345");
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_text_and_says_how_it_is_written() {
        let decoded = |bytes: &[u8]| decode(bytes.to_vec()).ok();
        assert_eq!(decoded(b"\xef\xbb\xbfa"), Some("a".into()));
        assert_eq!(decoded(b"\xff\xfea\0\xe4\0"), Some("aä".into()));
        assert_eq!(decoded(b"\xfe\xff\0a\0\xe4"), Some("aä".into()));
        assert_eq!(decoded(b"a\xff"), None);
        assert_eq!(decoded(b"\xff\xfe\0\xd8"), None, "half a character");
        assert_eq!(decode_lossy(b"\xef\xbb\xbfa\xff"), "a\u{fffd}");
        assert_eq!(decode_lossy(b"\xff\xfe\0\xd8"), "\u{fffd}");
    }

    #[test]
    fn links_may_lead_anywhere_inside_of_the_root_and_nowhere_else() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().join("root");
        std::fs::create_dir_all(root.join("docs")).expect("folders");
        std::fs::write(root.join("docs/real"), "x").expect("a file");
        std::fs::write(dir.path().join("secret"), "x").expect("a file");
        for (target, inside) in [
            ("docs/real", true),
            (root.join("docs/real").to_str().expect("text"), true),
            ("../secret", false),
            ("/proc/self/environ", false),
        ] {
            let link = root.join("link");
            let _ = std::fs::remove_file(&link);
            symlink(target, &link).expect("a link");
            assert_eq!(resolve_inside(&link, &root).is_ok(), inside, "{target}");
        }
        assert!(
            resolve_inside(Path::new("/proc/self/environ"), Path::new("/")).is_err(),
            "files of the kernel are inside of nothing"
        );
    }
}
