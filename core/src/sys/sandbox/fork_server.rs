//! A process that forks launchers on demand. To start our program takes longer than to confine a command: the dynamic
//! linker asks the processor what it can do, which on a virtual machine takes a millisecond, and writes addresses into
//! hundreds of pages. This is done once here; a fork shares the pages.
//!
//! It does nothing else, so that what it hands on is what any launcher starts with: no namespaces, no rights less, and no
//! variables but its own. Each launcher is a child of the daemon, not of this process, and says its number as soon as it
//! leads a session.

use std::io;
use std::os::fd::OwnedFd;

use rustix::process::{getpid, setsid};

use super::syscalls::{Forked, close_from, fork_for_parent};
use super::waiting;

/// What asks for a launcher; a socket comes with it, on which the launcher is told its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ForkRequest {
    /// Its commands may use the host's network.
    pub(crate) network: bool,
}

impl ForkRequest {
    /// As it is sent.
    pub(crate) fn encode(self) -> u8 {
        u8::from(self.network)
    }

    fn decode(byte: u8) -> io::Result<Self> {
        match byte {
            0 | 1 => Ok(Self { network: byte == 1 }),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// Forks launchers until nobody is left to ask for one. In a launcher, its exit code.
pub(super) fn run() -> io::Result<u8> {
    close_from(3)?;
    while let Some((request, control)) = receive()? {
        // Whoever asked sees the end of the socket if there can't be another process.
        if fork_for_parent().is_ok_and(|side| side == Forked::Child) {
            rustix::stdio::dup2_stdin(&control)?;
            drop(control);
            setsid()?;
            let number = getpid().as_raw_nonzero().get();
            rustix::io::write(rustix::stdio::stdin(), &number.to_le_bytes())?;
            return waiting::run(request.network);
        }
    }
    Ok(0)
}

/// The next request with its socket. `None`: no more will come.
fn receive() -> io::Result<Option<(ForkRequest, OwnedFd)>> {
    let mut byte = [0];
    let (count, files) = waiting::receive(&mut byte)?;
    if count == 0 {
        return Ok(None);
    }
    let control = files.into_iter().next().ok_or(io::ErrorKind::InvalidData)?;
    Ok(Some((ForkRequest::decode(byte[0])?, control)))
}
