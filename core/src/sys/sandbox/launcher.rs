//! The process that the daemon starts.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigSet, Signal};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, WaitOptions, WaitStatus, getegid, geteuid, kill_process, waitpid};

use super::command::{Handover, Start};
use super::mounts::{self, at};
use super::syscalls::{Forked, close_from, exit_now, fork, leave_terminal, switch_loopback_on};
use super::{command, fork_server, init};

/// The exit code when the command could not be confined, and so was not started.
pub(super) const FAILED: u8 = 125;

/// The argument that makes a launcher one that forks others.
pub(crate) const FORK_SERVER: &str = "fork-server";

/// Signals that are handed on to the command. What stops or continues is left to terminals.
const HANDED_ON: [Signal; 7] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGWINCH,
];

/// The launcher's whole life, after the argument that names it. Runs before anything else of the program: it must have
/// no other thread.
pub(crate) fn launcher_main(arguments: Vec<OsString>) -> ExitCode {
    let code = if arguments == [FORK_SERVER] {
        fork_server::run()
    } else {
        Start::read(arguments).and_then(run)
    };
    match code {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            report(&error);
            ExitCode::from(FAILED)
        }
    }
}

/// Says on standard error why there is no command.
pub(super) fn report(error: &io::Error) {
    // Nobody is left to tell if this fails.
    drop(writeln!(io::stderr(), "sandbox: {error}"));
}

/// Confines and runs the command; its exit code.
fn run(start: Start) -> io::Result<u8> {
    close_from(3)?;
    if !start.plan.layers.namespaces {
        return Err(command::run(&start, None));
    }
    enter_namespaces(start.plan.network)?;
    let places = mounts::Copies::of(&start.plan)?;
    mounts::View::new(start.terminal)?.restrict(&start.plan, places)?;
    // Nobody stays in the view that was before.
    std::env::set_current_dir("/")?;
    if start.terminal {
        leave_terminal(rustix::stdio::stdin()).map_err(at("the terminal"))?;
    }
    supervise(move |handover| command::run(&start, Some(handover)))
}

/// Starts the init, and under it the process that becomes the command; the command's exit code.
pub(super) fn supervise(become_command: impl FnOnce(Handover) -> io::Error) -> io::Result<u8> {
    signals().thread_block()?;
    // Its end tells the init that we are gone.
    let (lifeline, ours) = pipe_with(PipeFlags::CLOEXEC)?;
    match fork()? {
        Forked::Child => {
            drop(ours);
            let code = init::run(&lifeline, become_command).unwrap_or_else(|error| {
                report(&error);
                FAILED
            });
            exit_now(code.into());
        }
        Forked::Parent(init) => {
            drop((lifeline, become_command));
            let init = Pid::from_raw(init).ok_or(io::ErrorKind::Other)?;
            let _ = let_go_of_output();
            let code = wait_for(init);
            drop(ours);
            code
        }
    }
}

/// The signals that we take ourselves.
pub(super) fn signals() -> SigSet {
    let mut set: SigSet = HANDED_ON.into_iter().collect();
    set.add(Signal::SIGCHLD);
    set
}

/// Closes our copies of what the command reads and writes.
pub(super) fn let_go_of_output() -> io::Result<()> {
    let null = fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok(rustix::stdio::dup2_stderr(&null)?)
}

/// Enters namespaces of our own.
pub(super) fn enter_namespaces(network: bool) -> io::Result<()> {
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    let mut flags = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    if !network {
        flags |= CloneFlags::CLONE_NEWNET;
    }
    unshare(flags).map_err(|error| at("namespaces are not available")(error.into()))?;
    let map = |file: &str, text: String| fs::write(format!("/proc/self/{file}"), text).map_err(at(file));
    map("setgroups", "deny".to_owned())?;
    map("uid_map", format!("{user} {user} 1"))?;
    map("gid_map", format!("{group} {group} 1"))?;
    if !network {
        switch_loopback_on().map_err(at("loop-back interface"))?;
    }
    unshare(CloneFlags::CLONE_NEWNS).map_err(|error| at("mount namespace")(error.into()))
}

fn wait_for(init: Pid) -> io::Result<u8> {
    let set = signals();
    loop {
        match set.wait()? {
            Signal::SIGCHLD => {
                if let Some((_, status)) = waitpid(Some(init), WaitOptions::NOHANG)? {
                    return Ok(exit_code(status));
                }
            }
            signal => {
                if let Some(signal) = rustix::process::Signal::from_named_raw(signal as i32) {
                    let _ = kill_process(init, signal);
                }
            }
        }
    }
}

/// The exit code as shells give it: 128 and the signal's number if a signal has ended the process.
pub(super) fn exit_code(status: WaitStatus) -> u8 {
    let code = status
        .exit_status()
        .or_else(|| status.terminating_signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code & 0xff).ok())
        .unwrap_or(FAILED)
}
