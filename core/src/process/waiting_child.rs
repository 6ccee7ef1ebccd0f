//! Children that are started before it is known what they are to do.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::UnixStream;

use super::child::Child;
use super::launcher::{Launched, Output};
use super::orphan_reaper_client::{Guarded, Mark};
use super::stdio::Pipes;

/// A child whose standard input is a socket on which it is told, once, what to do. Ends when this is dropped.
#[derive(Debug)]
pub(crate) struct WaitingChild {
    pub(super) child: Child,
    pub(super) group: Guarded,
    pub(super) mark: Option<Mark>,
    pub(super) control: UnixStream,
}

impl WaitingChild {
    /// Resolves when it says that it is ready, with this byte.
    pub(crate) async fn is_ready(&mut self, word: u8) -> io::Result<()> {
        expect(&mut self.control, word).await
    }

    /// Its process number.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it and its children have in their environment, if that is known.
    pub(crate) fn mark(&self) -> Option<&Mark> {
        self.mark.as_ref()
    }

    /// Tells it what to do, ready or not: first the length, with which its streams go, then the rest.
    pub(crate) async fn tell(
        mut self,
        (body, length): (Vec<u8>, [u8; 4]),
        output: Output,
        input: bool,
    ) -> io::Result<ToldChild> {
        let pipes = Pipes::new(output, input)?;
        let streams: [BorrowedFd<'_>; 3] = pipes.child.each_ref().map(AsFd::as_fd);
        send_files(&self.control, &length, &streams).await?;
        self.control.write_all(&body).await?;
        Ok(ToldChild {
            control: self.control,
            launched: Launched {
                child: self.child,
                group: self.group,
                mark: self.mark,
                output: pipes.output,
                errors: pipes.errors,
                input: pipes.input,
            },
        })
    }
}

/// A child that knows what to do.
#[derive(Debug)]
pub(crate) struct ToldChild {
    control: UnixStream,
    launched: Launched,
}

impl ToldChild {
    /// See [`WaitingChild::is_ready`], for one that was told before that.
    pub(crate) async fn is_ready(&mut self, word: u8) -> io::Result<()> {
        expect(&mut self.control, word).await
    }

    /// Its process number.
    pub(crate) fn id(&self) -> Option<u32> {
        self.launched.child.id()
    }

    /// It goes on without us.
    pub(crate) fn launched(self) -> Launched {
        self.launched
    }
}

async fn expect(control: &mut UnixStream, word: u8) -> io::Result<()> {
    if control.read_u8().await? == word {
        Ok(())
    } else {
        Err(io::ErrorKind::InvalidData.into())
    }
}

/// Sends a few bytes, and up to three files with them.
pub(super) async fn send_files(
    socket: &UnixStream,
    bytes: &[u8],
    files: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let send = || {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !ancillary.push(SendAncillaryMessage::ScmRights(files)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let sent = sendmsg(
            socket,
            &[IoSlice::new(bytes)],
            &mut ancillary,
            SendFlags::NOSIGNAL,
        )?;
        // A message of a few bytes goes as a whole.
        if sent == bytes.len() {
            Ok(())
        } else {
            Err(io::ErrorKind::WriteZero.into())
        }
    };
    socket.async_io(Interest::WRITABLE, send).await
}

/// Both ends of a child's control socket.
pub(super) fn control_socket() -> io::Result<(UnixStream, OwnedFd)> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((UnixStream::from_std(ours)?, theirs.into()))
}
