//! Processes as Unix systems know them.

use std::fs::File;
use std::io::{self, PipeWriter};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;

use process_wrap::tokio::{CommandWrap, CommandWrapper, ProcessSession};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::{Errno, ioctl_fionread};
use rustix::process::{Pid, WaitOptions, kill_process, kill_process_group, test_kill_process_group, waitpid};
use tokio::net::unix::pipe;
use tokio::process::{ChildStdin, Command};

use super::system;

pub(crate) use super::system::{ProcessHandle, all_processes, find_process, has_variable, usage};

/// The reading end of a pipe that a child writes to.
pub(crate) type OutputPipe = pipe::Receiver;

/// A process of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    /// Its number.
    pub(crate) id: i32,
    /// The process that started it, or has taken it over.
    pub(crate) parent: i32,
    /// Its process group.
    pub(crate) group: i32,
    /// Its session.
    pub(crate) session: i32,
    /// It has ended, and nobody has asked how.
    pub(crate) zombie: bool,
    /// With the number, tells processes apart that had the same number one after the other: grows with time.
    pub(crate) started: u64,
}

/// What processes use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResourceUsage {
    /// Share of one processor, in per cent, averaged over their lives.
    pub cpu_percent: f64,
    /// Resident memory, KiB.
    pub rss_kib: u64,
}

impl ResourceUsage {
    /// That of both.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            cpu_percent: self.cpu_percent + other.cpu_percent,
            rss_kib: self.rss_kib.saturating_add(other.rss_kib),
        }
    }
}

/// What a process or a group is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// As Ctrl-C does.
    Interrupt,
    /// Asks to end.
    Terminate,
    /// Ends at once.
    Kill,
}

impl Signal {
    pub(super) fn number(self) -> rustix::process::Signal {
        match self {
            Self::Interrupt => rustix::process::Signal::INT,
            Self::Terminate => rustix::process::Signal::TERM,
            Self::Kill => rustix::process::Signal::KILL,
        }
    }
}

/// Signals a process. One that is gone is no error.
pub(crate) fn signal_process(id: i32, signal: Signal) -> io::Result<()> {
    found(Pid::from_raw(id).map(|id| kill_process(id, signal.number())))
}

/// Signals all members of a process group. One that is gone is no error.
pub(crate) fn signal_group(id: i32, signal: Signal) -> io::Result<()> {
    found(Pid::from_raw(id).map(|id| kill_process_group(id, signal.number())))
}

/// How a child has ended, if it has: then its number is free. For children that nobody else waits for.
pub(crate) fn ended_child(id: i32) -> io::Result<Option<ExitStatus>> {
    let id = Pid::from_raw(id).ok_or(io::ErrorKind::InvalidInput)?;
    let ended = waitpid(Some(id), WaitOptions::NOHANG)?;
    Ok(ended.map(|(_, status)| ExitStatus::from_raw(status.as_raw())))
}

fn found(done: Option<rustix::io::Result<()>>) -> io::Result<()> {
    match done {
        None | Some(Ok(()) | Err(Errno::SRCH)) => Ok(()),
        Some(Err(error)) => Err(error.into()),
    }
}

/// Whether a process group has members, zombies among them.
pub(crate) fn group_exists(id: i32) -> bool {
    Pid::from_raw(id).is_some_and(|id| test_kill_process_group(id) != Err(Errno::SRCH))
}

/// Lets a command begin a session and a group, which it leads: it has no terminal, and what ends ours spares it.
pub(crate) fn lead_session(command: &mut Command) -> io::Result<()> {
    // The wrapper of the library would wait for the whole group, but commands may leave something running.
    ProcessSession.pre_spawn(command, &CommandWrap::from(Command::new("")))
}

/// Our own program as a command, under this name in the system's list.
pub(crate) fn own_program(name: &str) -> io::Result<Command> {
    let mut command = Command::new(system::own_program()?);
    command.arg0(name);
    Ok(command)
}

/// The file of our own program.
pub(crate) fn own_program_path() -> io::Result<PathBuf> {
    system::own_program()
}

/// A pipe for a child's output. Both ends are closed in all other children.
pub(crate) fn output_pipe() -> io::Result<(OutputPipe, PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    Ok((pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?, writer))
}

/// Bytes that were written to a pipe and not read yet; `None` where the system does not tell.
pub(crate) fn waiting_bytes(pipe: &OutputPipe) -> Option<usize> {
    ioctl_fionread(pipe).ok()?.try_into().ok()
}

/// The writing end of a child's standard input, for writing outside of the runtime. Writing waits for the child.
pub(crate) fn input_pipe(input: ChildStdin) -> io::Result<File> {
    let pipe = File::from(input.into_owned_fd()?);
    set_waiting(&pipe, true)?;
    Ok(pipe)
}

/// Whether writing to a pipe waits for its reader, or fails while the pipe is full.
pub(crate) fn set_waiting(pipe: &File, waits: bool) -> io::Result<()> {
    let flags = fcntl_getfl(pipe)?;
    let flags = if waits {
        flags - OFlags::NONBLOCK
    } else {
        flags | OFlags::NONBLOCK
    };
    Ok(fcntl_setfl(pipe, flags)?)
}

/// The exit code as shells give it: 128 and the signal's number if a signal has ended the process.
pub(crate) fn exit_code(status: ExitStatus) -> Option<i32> {
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
}

/// Whether a process lives. A zombie does not.
#[cfg(test)]
pub(crate) fn is_alive(id: i32) -> bool {
    find_process(id).is_some_and(|process| !process.zombie)
}
