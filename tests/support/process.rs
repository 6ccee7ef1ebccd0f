//! Watching processes that the program started.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open, test_kill_process};

/// Whether a process lives. A zombie does not.
pub fn alive(pid: i32) -> bool {
    let exists = Pid::from_raw(pid).is_some_and(|pid| test_kill_process(pid).is_ok());
    // The state follows the command's name, which is in brackets and may hold anything.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let zombie = stat
        .rsplit(')')
        .next()
        .is_some_and(|rest| rest.trim_start().starts_with('Z'));
    exists && !zombie
}

/// Waits until a process is gone, at most 10 s. It need not be a child of ours.
pub async fn wait_until_dead(pid: i32) {
    let gone = tokio::task::spawn_blocking(move || ends_within(pid, 10));
    assert!(gone.await.unwrap(), "process {pid} is still there");
}

/// Blocks until a process is gone, at most so many seconds. Whether it is.
pub fn ends_within(pid: i32, seconds: i64) -> bool {
    let Ok(process) = pidfd_open(Pid::from_raw(pid).unwrap(), PidfdFlags::empty()) else {
        return true;
    };
    let time = Timespec {
        tv_sec: seconds,
        tv_nsec: 0,
    };
    poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&time)) == Ok(1)
}
