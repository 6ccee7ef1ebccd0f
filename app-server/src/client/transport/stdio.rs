//! Standard input and output as asynchronous streams.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;

use codex_core::process::is_all_read;
use rustix::fs::{FileType, fstat};
use rustix::io::ioctl_fionread;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;

/// Where the client's messages come from.
pub type Input = Box<dyn AsyncRead + Send + Unpin>;
/// Where our messages go.
pub type Output = Box<dyn AsyncWrite + Send + Unpin>;

/// Standard input and output.
pub struct Stdio {
    /// Where the client's messages come from.
    pub input: Input,
    /// Where our messages go.
    pub output: Output,
    /// Whether the client has read them.
    pub gauge: Gauge,
}

/// Tells whether what was written has been read.
pub enum Gauge {
    /// Of a pipe.
    Pipe(OwnedFd),
    /// Of a local socket, which is what Node.js gives its children.
    Socket(OwnedFd),
    /// Nobody knows.
    Unknown,
}

impl Gauge {
    /// Whether nothing is left to be read, as far as is known.
    pub(crate) fn is_read(&self) -> bool {
        match self {
            Self::Pipe(pipe) => ioctl_fionread(pipe).map_or(true, |bytes| bytes == 0),
            Self::Socket(socket) => is_all_read(socket).unwrap_or(true),
            Self::Unknown => true,
        }
    }
}

/// Opens both. Pipes and sockets, which is what parent programs give us, are driven by the runtime itself; terminals
/// and files need a helper thread.
///
/// A pipe is opened anew: "non-blocking" belongs to an open file, and ours may be shared with other processes.
pub fn open() -> io::Result<Stdio> {
    let stdout = io::stdout();
    let gauge = match kind(&stdout) {
        Some(FileType::Fifo) => Gauge::Pipe(stdout.as_fd().try_clone_to_owned()?),
        Some(FileType::Socket) => Gauge::Socket(stdout.as_fd().try_clone_to_owned()?),
        _ => Gauge::Unknown,
    };
    Ok(Stdio {
        input: open_input()?,
        output: open_output()?,
        gauge,
    })
}

fn open_input() -> io::Result<Input> {
    let stdin = io::stdin();
    match kind(&stdin) {
        Some(FileType::Fifo) => match pipe::OpenOptions::new().open_receiver("/proc/self/fd/0") {
            Ok(pipe) => Ok(Box::new(pipe)),
            Err(_) => Ok(Box::new(tokio::io::stdin())),
        },
        Some(FileType::Socket) => Ok(Box::new(socket(&stdin)?)),
        _ => Ok(Box::new(tokio::io::stdin())),
    }
}

fn open_output() -> io::Result<Output> {
    let stdout = io::stdout();
    match kind(&stdout) {
        Some(FileType::Fifo) => match pipe::OpenOptions::new().open_sender("/proc/self/fd/1") {
            Ok(pipe) => Ok(Box::new(pipe)),
            Err(_) => Ok(Box::new(tokio::io::stdout())),
        },
        Some(FileType::Socket) => Ok(Box::new(socket(&stdout)?)),
        _ => Ok(Box::new(tokio::io::stdout())),
    }
}

fn kind(fd: impl AsFd) -> Option<FileType> {
    fstat(fd).ok().map(|stat| FileType::from_raw_mode(stat.st_mode))
}

fn socket(fd: impl AsFd) -> io::Result<UnixStream> {
    let socket = StdUnixStream::from(fd.as_fd().try_clone_to_owned()?);
    socket.set_nonblocking(true)?;
    UnixStream::from_std(socket)
}
