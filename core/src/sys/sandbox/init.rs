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

use super::command::{self, Start};
use super::confinement::drop_capabilities;
use super::launcher::{exit_code, let_go_of_output, report, signals};
use super::mounts::{self, at};
use super::supervisor::Supervisor;
use super::syscalls::{Forked, exit_now, fork};

/// Starts the command and stays until it ends; its exit code. Everything that it left running ends with this process.
pub(super) fn run(start: &Start, lifeline: &OwnedFd) -> io::Result<u8> {
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
            let error = command::run(start, Some(command::Handover { tell, allowed }));
            report(&error);
            exit_now(command::exit_code(&error));
        }
        Forked::Parent(command) => Pid::from_raw(command).ok_or(io::ErrorKind::Other)?,
    };
    drop((tell, allowed));
    let _ = let_go_of_output();
    // Looking into the command's processes is all that is left to do.
    drop_capabilities(CapabilitySet::SYS_PTRACE)?;
    let mut supervisor = take_listener(command, told, allow)?
        .map(|listener| Supervisor::new(listener, start.plan.guards.clone(), !start.plan.network));
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

/// Takes over the descriptor on which the filter asks, and lets the command go on.
fn take_listener(command: Pid, told: OwnedFd, allow: OwnedFd) -> io::Result<Option<OwnedFd>> {
    let mut number = [0; 4];
    if File::from(told).read_exact(&mut number).is_err() {
        // It has ended, or has no filter.
        return Ok(None);
    }
    let process = pidfd_open(command, PidfdFlags::empty())?;
    let number = i32::from_ne_bytes(number);
    if number < 0 {
        File::from(allow).write_all(b"!")?;
        return Ok(None);
    }
    let listener = pidfd_getfd(process.as_fd(), number, PidfdGetfdFlags::empty())?;
    File::from(allow).write_all(b"!")?;
    Ok(Some(listener))
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
