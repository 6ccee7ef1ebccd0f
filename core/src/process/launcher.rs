//! How children are started.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::process::{Child, Command};

use super::group::Group;
use super::orphan_reaper_client;
use super::orphan_reaper_client::Guarded;
use crate::sys::process::{OutputPipe, lead_session, output_pipe};

/// Which variables a child gets.
#[derive(Debug)]
pub(crate) enum Variables {
    /// All of ours: for programs that the user has set up for us.
    Inherited,
    /// These and no others.
    Only(Vec<(OsString, OsString)>),
}

/// What of a child's output is read; the rest goes nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// Standard output.
    Stdout,
    /// Standard output and standard error, in the order in which they are written.
    Both,
}

/// A child to start. It reads nothing, leads a session of its own (so that it has no controlling terminal), and ends
/// when we end.
#[derive(Debug)]
pub(crate) struct Launcher {
    command: Command,
    output: Output,
}

/// A child that was started.
#[derive(Debug)]
pub(crate) struct Launched {
    /// The child itself.
    pub(crate) child: Child,
    /// It and what it starts.
    pub(crate) group: Guarded,
    /// What it writes.
    pub(crate) output: OutputPipe,
}

impl Launcher {
    /// A program, looked up in `PATH` unless it is a path, with its arguments.
    pub(crate) fn new<S: AsRef<OsStr>>(
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = S>,
        variables: Variables,
        output: Output,
    ) -> Self {
        let mut command = Command::new(program);
        command.args(arguments);
        if let Variables::Only(variables) = variables {
            command.env_clear().envs(variables);
        }
        Self { command, output }
    }

    /// The folder to run in; ours otherwise.
    #[must_use]
    pub(crate) fn in_folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Starts it.
    pub(crate) fn spawn(mut self) -> io::Result<Launched> {
        let (output, writer) = output_pipe()?;
        let errors = match self.output {
            Output::Stdout => Stdio::null(),
            Output::Both => writer.try_clone()?.into(),
        };
        self.command
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(errors)
            .envs(orphan_reaper_client::mark())
            .kill_on_drop(true);
        lead_session(&mut self.command)?;
        let child = self.command.spawn()?;
        let group = child
            .id()
            .and_then(Group::led_by)
            .ok_or_else(|| io::Error::other("the child has no process id"))?;
        let group = Guarded::new(group);
        // The end of `self` closes our copies of the writing end, so that the pipe ends with its other holders.
        Ok(Launched { child, group, output })
    }
}
