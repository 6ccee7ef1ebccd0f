//! What asks the process to end.

use std::io;

use rustix::process::{Pid, Signal, getppid};
use tokio::signal::unix::{SignalKind, signal};

/// The signals that end the process, and the death of its parent.
pub(crate) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    /// `None`: it was ignored when we started, as under `nohup`.
    hang_up: Option<tokio::signal::unix::Signal>,
    /// `None`: the process outlives its parent.
    parent_died: Option<tokio::signal::unix::Signal>,
    parent: Option<Pid>,
}

impl Signals {
    /// From now on these signals are ours. `of_parent`: the process ends with its parent; one that doesn't leaves the end
    /// of its terminal alone if it was started so.
    pub(crate) fn install(of_parent: bool) -> io::Result<Self> {
        // A file that may not get larger is an error like that of a full disk, and not the end of the process. The
        // processes that we start are as they would be without us.
        drop(signal(SignalKind::from_raw(Signal::XFSZ.as_raw()))?);
        let signals = Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: if of_parent || !hang_up_is_ignored() {
                Some(signal(SignalKind::hangup())?)
            } else {
                None
            },
            parent_died: if of_parent {
                Some(signal(SignalKind::user_defined2())?)
            } else {
                None
            },
            parent: getppid(),
        };
        if !of_parent {
            return Ok(signals);
        }
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
                () = received(&mut self.hang_up) => return "SIGHUP",
                () = received(&mut self.parent_died) => if getppid() != self.parent {
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

/// Resolves when this signal comes, if we wait for it.
async fn received(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Whether the end of the terminal is ignored, as the system tells it. Where it doesn't, it is not.
fn hang_up_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 << (Signal::HUP.as_raw() - 1) != 0)
}
