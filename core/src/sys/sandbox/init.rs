//! The first process of the command's process namespace.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{
    Pid, PidfdFlags, PidfdGetfdFlags, Signal, WaitOptions, kill_process_group, pidfd_getfd, pidfd_open,
    set_parent_process_death_signal, setsid, wait,
};
use rustix::thread::CapabilitySet;

use super::command::{self, Filtered, Handover};
use super::confinement::drop_capabilities;
use super::launcher::{exit_code, let_go_of_output, report, signals};
use super::mounts::{self, at};
use super::supervisor::Supervisor;
use super::syscalls::{Forked, exit_now, fork};

/// Starts the command and stays until it ends; its exit code. Everything that it left running ends with this process.
pub(super) fn run(lifeline: &OwnedFd, become_command: impl FnOnce(Handover) -> io::Error) -> io::Result<u8> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The launcher hands signals on; those of its group would come twice.
    setsid()?;
    mounts::mount_proc().map_err(at("/proc"))?;
    let taken = SignalFd::with_flags(&signals(), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    let (told, tell) = pipe_with(PipeFlags::CLOEXEC)?;
    let (allowed, allow) = pipe_with(PipeFlags::CLOEXEC)?;
    let command = match fork()? {
        Forked::Child => {
            drop((told, allow));
            let error = become_command(Handover { tell, allowed });
            report(&error);
            exit_now(command::exit_code(&error));
        }
        Forked::Parent(command) => Pid::from_raw(command).ok_or(io::ErrorKind::Other)?,
    };
    drop((tell, allowed));
    let _ = let_go_of_output();
    // Looking into the command's processes is all that is left to do.
    drop_capabilities(CapabilitySet::SYS_PTRACE)?;
    let mut supervisor = None;
    if let Some(filtered) = handed_over(told)? {
        let process = pidfd_open(command, PidfdFlags::empty())?;
        let listener = pidfd_getfd(process.as_fd(), filtered.listener, PidfdGetfdFlags::empty())?;
        supervisor = Some(Supervisor::new(listener, filtered.guards, !filtered.network));
    }
    // Lets the command go on, if it hasn't ended.
    let _ = File::from(allow).write_all(b"!");
    loop {
        let mut ready = vec![
            PollFd::new(&taken, PollFlags::IN),
            PollFd::new(lifeline, PollFlags::IN),
        ];
        if let Some(supervisor) = &supervisor {
            ready.push(PollFd::new(supervisor.listener(), PollFlags::IN));
        }
        match poll(&mut ready, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let events: Vec<PollFlags> = ready.iter().map(PollFd::revents).collect();
        if !events[1].is_empty() {
            // The launcher is gone.
            return Ok(137);
        }
        if events[0].contains(PollFlags::IN)
            && let Some(code) = take_signals(&taken, command)
        {
            return Ok(code);
        }
        if let Some(event) = events.get(2) {
            if event.contains(PollFlags::IN) {
                if let Some(supervisor) = &mut supervisor {
                    supervisor.serve();
                }
            } else if event.intersects(PollFlags::HUP | PollFlags::ERR) {
                // No process is under the filter any more.
                supervisor = None;
            }
        }
    }
}

/// Waits for what the command has to say of its filter; `None` if it has none, or has ended.
fn handed_over(told: OwnedFd) -> io::Result<Option<Filtered>> {
    let mut text = Vec::with_capacity(1024);
    File::from(told).read_to_end(&mut text)?;
    if text.is_empty() {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&text)?))
}

/// Hands signals on to the command, and takes over the ends of processes; the command's exit code if it has ended.
fn take_signals(taken: &SignalFd, command: Pid) -> Option<u8> {
    while let Ok(Some(taken)) = taken.read_signal() {
        let signal = i32::try_from(taken.ssi_signo)
            .ok()
            .and_then(Signal::from_named_raw);
        if let Some(signal) = signal
            && signal != Signal::CHILD
        {
            let _ = kill_process_group(command, signal);
        }
    }
    let mut code = None;
    while let Ok(Some((process, status))) = wait(WaitOptions::NOHANG) {
        if process == command {
            code = Some(exit_code(status));
        }
    }
    code
}
