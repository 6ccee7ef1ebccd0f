//! Decides, outside of the command's limits, about the calls that its filter sends here, and carries them out itself
//! where looking first and letting the kernel do it would leave a gap.
//!
//! * `target` (the process that made a call: its memory, folders and descriptors), `creation` (calls that create or
//!   remove names), `sockets` (connect and bind)

mod creation;
mod sockets;
mod target;

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use nix::libc;
use rustix::io::Errno;

use super::plan::Guard;
use super::syscalls::{self, Answer, Notification, answer};
use sockets::Sockets;
use target::Target;

/// What has been decided.
enum Decision {
    /// Answer now.
    Answer(Answer),
    /// It was answered, or will be.
    Answered,
}

impl From<Result<(), Errno>> for Decision {
    fn from(result: Result<(), Errno>) -> Self {
        Self::Answer(match result {
            Ok(()) => Answer::Done,
            Err(error) => Answer::Failed(error.raw_os_error()),
        })
    }
}

/// The supervisor of one command.
pub(super) struct Supervisor {
    listener: Arc<OwnedFd>,
    guards: Vec<Guard>,
    sockets: Sockets,
}

impl Supervisor {
    /// Of the command whose filter reports to `listener`.
    pub(super) fn new(listener: OwnedFd, guards: Vec<Guard>, own_network: bool) -> Self {
        syscalls::wake_synchronously(listener.as_fd());
        Self {
            listener: Arc::new(listener),
            guards,
            sockets: Sockets::new(own_network),
        }
    }

    /// Readable while a call waits.
    pub(super) fn listener(&self) -> &OwnedFd {
        &self.listener
    }

    /// Takes one call that waits, and decides.
    pub(super) fn serve(&mut self) {
        let Ok(notification) = syscalls::receive(self.listener.as_fd()) else {
            // Its process was killed in the meantime.
            return;
        };
        let decision = self.decide(&notification);
        if let Decision::Answer(decided) = decision {
            answer(self.listener.as_fd(), notification.id, &decided);
        }
    }

    fn decide(&mut self, call: &Notification) -> Decision {
        let target = Target::new(&self.listener, call);
        match call.call {
            libc::SYS_connect => self.sockets.connect(&self.listener, &target, call),
            libc::SYS_bind => self.sockets.bind(&self.guards, &target, call).into(),
            _ => creation::decide(&self.guards, &self.listener, &target, call),
        }
    }
}
