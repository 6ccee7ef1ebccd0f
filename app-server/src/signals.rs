//! What asks the process to end.

use std::io;

use rustix::process::{Pid, Signal, getppid};
use tokio::signal::unix::{SignalKind, signal};

/// The signals that end the process, and the death of its parent.
pub(crate) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    parent_died: tokio::signal::unix::Signal,
    parent: Option<Pid>,
}

impl Signals {
    /// From now on these signals are ours.
    pub(crate) fn install() -> io::Result<Self> {
        // A file that may not get larger is an error like that of a full disk, and not the end of the process. The
        // processes that we start are as they would be without us.
        drop(signal(SignalKind::from_raw(Signal::XFSZ.as_raw()))?);
        let signals = Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            parent_died: signal(SignalKind::user_defined2())?,
            parent: getppid(),
        };
        // The end of the input tells of the parent's death, too, but not if another process holds the pipe open. Other
        // systems than Linux have nothing like this.
        #[cfg(target_os = "linux")]
        rustix::process::set_parent_process_death_signal(Some(Signal::USR2))?;
        Ok(signals)
    }

    /// Resolves when the process is to end; says why. The kernel tells of the parent's death also when only the thread
    /// ends that started us.
    pub(crate) async fn next(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                _ = self.hang_up.recv() => return "SIGHUP",
                _ = self.parent_died.recv() => if getppid() != self.parent {
                    return "the parent process died";
                },
            }
        }
    }

    /// Resolves when somebody asks again, by hand: what comes along with a first signal (the terminal hangs up, the
    /// parent dies of the same signal) is no second one.
    pub(crate) async fn insisted(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
