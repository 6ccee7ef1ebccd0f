//! Groups of processes: a command and all that it started, as far as it stayed with it.

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// The process group of a command. Its id is that of the command's first process, and stays taken as long as the
/// group has a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Group(i32);

impl Group {
    /// The group that a process leads which was started with a group of its own.
    pub(super) fn led_by(process: u32) -> Option<Self> {
        // 0 and 1 would mean our own group, and everybody.
        i32::try_from(process).ok().filter(|id| *id > 1).map(Self)
    }

    /// Its number.
    pub(super) fn id(self) -> i32 {
        self.0
    }

    /// Sends a signal to all members. A group that is gone is no error.
    pub(super) fn signal(self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.0)
            && let Err(error) = kill_process_group(pid, signal)
            && error != Errno::SRCH
        {
            tracing::warn!(group = self.0, ?signal, %error, "a command can't be signalled");
        }
    }

    /// Whether it has members.
    pub(super) fn has_members(self) -> bool {
        Pid::from_raw(self.0).is_some_and(|pid| test_kill_process_group(pid) != Err(Errno::SRCH))
    }
}
