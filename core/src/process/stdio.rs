//! What goes into a child and what comes out of it: pipes, or a terminal.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::process::ChildStdin;

use super::launcher::Output;
use crate::sys::process::{OutputPipe, output_pipe, waiting_bytes};
use crate::sys::terminal::{TerminalReader, TerminalSize, TerminalWriter};

/// What a child writes.
#[derive(Debug)]
pub(crate) enum ChildOutput {
    /// To a pipe.
    Pipe(OutputPipe),
    /// To a terminal.
    Terminal(TerminalReader),
}

impl ChildOutput {
    /// Bytes that were written and not read yet, if the system tells.
    pub(super) fn waiting(&self) -> Option<usize> {
        match self {
            Self::Pipe(pipe) => waiting_bytes(pipe),
            // A terminal holds little, and none of it is lost when the child ends: its end is read to the end.
            Self::Terminal(_) => None,
        }
    }
}

impl AsyncRead for ChildOutput {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Pipe(pipe) => Pin::new(pipe).poll_read(cx, buffer),
            Self::Terminal(terminal) => Pin::new(terminal).poll_read(cx, buffer),
        }
    }
}

/// What a child reads.
#[derive(Debug)]
pub(crate) enum ChildInput {
    /// From a pipe, which ends when this is dropped.
    Pipe(ChildStdin),
    /// From a terminal.
    Terminal(TerminalWriter),
}

impl ChildInput {
    /// Writes all of it. Waits for the child to read, if there is more than its pipe or terminal holds.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Pipe(pipe) => pipe.write_all(bytes).await,
            Self::Terminal(terminal) => terminal.write_all(bytes).await,
        }
    }

    /// Changes the size of its terminal. `None`: it has no terminal.
    pub(crate) fn resize(&self, size: TerminalSize) -> Option<io::Result<()>> {
        match self {
            Self::Pipe(_) => None,
            Self::Terminal(terminal) => Some(terminal.resize(size)),
        }
    }
}

/// The streams of a child, from both sides.
pub(super) struct Pipes {
    /// What the child gets as standard input, output and error.
    pub(super) child: [OwnedFd; 3],
    pub(super) output: ChildOutput,
    pub(super) errors: Option<ChildOutput>,
    pub(super) input: Option<ChildInput>,
}

impl Pipes {
    /// Pipes for what is read of the output; something can be written to the child if `input`.
    pub(super) fn new(output: Output, input: bool) -> io::Result<Self> {
        let (reader, writer) = output_pipe()?;
        let writer = OwnedFd::from(writer);
        let (errors, errors_writer) = match output {
            Output::Stdout => (None, null(OpenOptions::new().write(true))?),
            Output::Both => (None, writer.try_clone()?),
            Output::Separate => {
                let (reader, writer) = output_pipe()?;
                (Some(ChildOutput::Pipe(reader)), writer.into())
            }
        };
        let (input_reader, input) = if input {
            let (reader, writer) = io::pipe()?;
            let writer = std::process::ChildStdin::from(OwnedFd::from(writer));
            (
                reader.into(),
                Some(ChildInput::Pipe(ChildStdin::from_std(writer)?)),
            )
        } else {
            (null(OpenOptions::new().read(true))?, None)
        };
        Ok(Self {
            child: [input_reader, writer, errors_writer],
            output: ChildOutput::Pipe(reader),
            errors,
            input,
        })
    }
}

fn null(how: &OpenOptions) -> io::Result<OwnedFd> {
    how.open("/dev/null").map(OwnedFd::from)
}
