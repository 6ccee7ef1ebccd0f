//! Pseudo-terminals for children (man 7 pty).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pty_process::{Command, OwnedReadPty, OwnedWritePty, Pts, Size};
use rustix::io::Errno;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::process::Child;

/// Rows and columns of a terminal, in characters, each at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalSize {
    /// Lines.
    pub rows: u16,
    /// Characters in a line.
    pub cols: u16,
}

impl Default for TerminalSize {
    fn default() -> Self {
        Self { rows: 24, cols: 80 }
    }
}

impl From<TerminalSize> for Size {
    fn from(size: TerminalSize) -> Self {
        Self::new(size.rows, size.cols)
    }
}

/// What a child writes to its terminal. It ends when nobody has the terminal open any more.
#[derive(Debug)]
pub(crate) struct TerminalReader(OwnedReadPty);

/// What is typed at a child's terminal.
#[derive(Debug)]
pub(crate) struct TerminalWriter(OwnedWritePty);

/// The side of a terminal that a child gets.
pub(crate) struct ChildTerminal(Pts);

/// A new terminal.
pub(crate) fn open_terminal(
    size: TerminalSize,
) -> io::Result<(TerminalReader, TerminalWriter, ChildTerminal)> {
    let (terminal, child) = pty_process::open().map_err(into_io)?;
    terminal.resize(size.into()).map_err(into_io)?;
    let (reader, writer) = terminal.into_split();
    let reader = TerminalReader(reader);
    Ok((reader, TerminalWriter(writer), ChildTerminal(child)))
}

impl ChildTerminal {
    /// Starts a command with the terminal as its input, output and controlling terminal, in a session of its own.
    pub(crate) fn spawn(self, command: Command) -> io::Result<Child> {
        command.spawn(self.0).map_err(into_io)
    }
}

impl TerminalWriter {
    /// Changes the size; the programs in the foreground are told by SIGWINCH.
    pub(crate) fn resize(&self, size: TerminalSize) -> io::Result<()> {
        self.0.resize(size.into()).map_err(into_io)
    }
}

impl AsyncRead for TerminalReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match ready!(Pin::new(&mut self.0).poll_read(cx, buffer)) {
            // How Linux says that the last holder has closed it.
            Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => Poll::Ready(Ok(())),
            done => Poll::Ready(done),
        }
    }
}

impl AsyncWrite for TerminalWriter {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn into_io(error: pty_process::Error) -> io::Error {
    match error {
        pty_process::Error::Io(error) => error,
        pty_process::Error::Rustix(error) => error.into(),
        other => io::Error::other(other.to_string()),
    }
}
