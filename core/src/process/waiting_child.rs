//! Children that are started before it is known what they are to do.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::Stdio;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::UnixStream;
use tokio::process::Child;

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
        if self.control.read_u8().await? == word {
            Ok(())
        } else {
            Err(io::ErrorKind::InvalidData.into())
        }
    }

    /// Its process number.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it and its children have in their environment, if that is known.
    pub(crate) fn mark(&self) -> Option<&Mark> {
        self.mark.as_ref()
    }

    /// Tells it what to do: first the length, with which its streams go, then the rest.
    pub(crate) async fn tell(
        mut self,
        (body, length): (Vec<u8>, [u8; 4]),
        output: Output,
        input: bool,
    ) -> io::Result<Launched> {
        let pipes = Pipes::new(output, input)?;
        let send = || {
            let streams: [BorrowedFd<'_>; 3] = pipes.child.each_ref().map(AsFd::as_fd);
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
            let mut ancillary = SendAncillaryBuffer::new(&mut space);
            ancillary.push(SendAncillaryMessage::ScmRights(&streams));
            let sent = sendmsg(
                &self.control,
                &[IoSlice::new(&length)],
                &mut ancillary,
                SendFlags::NOSIGNAL,
            )?;
            // Nothing else has been written: four bytes fit.
            if sent == length.len() {
                Ok(())
            } else {
                Err(io::ErrorKind::WriteZero.into())
            }
        };
        self.control.async_io(Interest::WRITABLE, send).await?;
        self.control.write_all(&body).await?;
        Ok(Launched {
            child: self.child,
            group: self.group,
            mark: self.mark,
            output: pipes.output,
            errors: pipes.errors,
            input: pipes.input,
        })
    }
}

/// Both ends of a child's control socket.
pub(super) fn control_socket() -> io::Result<(UnixStream, Stdio)> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((UnixStream::from_std(ours)?, OwnedFd::from(theirs).into()))
}
