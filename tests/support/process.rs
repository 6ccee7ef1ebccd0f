//! Watching processes that the program started.

use std::time::{Duration, Instant};

use rustix::process::{Pid, test_kill_process};

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

/// Waits until a condition holds, at most 10 s.
pub async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "waited 10 s in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until a process is gone.
pub async fn wait_until_dead(pid: i32) {
    eventually("the process is gone", || !alive(pid)).await;
}
