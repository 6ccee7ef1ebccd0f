//! Standard input and output as asynchronous streams.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as StdUnixStream;

use rustix::fs::{FileType, fstat};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;

/// Where the client's messages come from.
pub type Input = Box<dyn AsyncRead + Send + Unpin>;
/// Where our messages go.
pub type Output = Box<dyn AsyncWrite + Send + Unpin>;

/// Opens both. Pipes and sockets, which is what parent programs give us, are driven by the runtime itself; terminals
/// and files need a helper thread.
///
/// A pipe is opened anew: "non-blocking" belongs to an open file, and ours may be shared with other processes.
pub fn open() -> io::Result<(Input, Output)> {
    Ok((open_input()?, open_output()?))
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
