//! How children are started.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::child::Child;
use super::group::Group;
use super::orphan_reaper_client::{self, Guarded, Mark};
use super::stdio::{ChildInput, ChildOutput, Pipes};
use super::waiting_child::{WaitingChild, control_socket};
use crate::sys::process::lead_session;
use crate::sys::terminal::{TerminalSize, open_terminal};

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
    /// Standard output and standard error, each for itself.
    Separate,
}

/// What a child is connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Streams {
    /// Pipes; `input`: whether something can be written to its standard input, which is empty otherwise.
    Pipes { output: Output, input: bool },
    /// A terminal, which is its controlling terminal.
    Terminal(TerminalSize),
}

/// A child to start. It leads a session of its own (so that it has no controlling terminal of ours), and ends when we
/// end.
#[derive(Debug)]
pub(crate) struct Launcher {
    program: OsString,
    arguments: Vec<OsString>,
    variables: Variables,
    /// These come on top.
    more: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    streams: Streams,
}

/// A child that was started.
#[derive(Debug)]
pub(crate) struct Launched {
    /// The child itself.
    pub(crate) child: Child,
    /// It and what it starts.
    pub(crate) group: Guarded,
    /// What it and its children have in their environment, if that is known.
    pub(crate) mark: Option<Mark>,
    /// What it writes.
    pub(crate) output: ChildOutput,
    /// What it writes to standard error, with [`Output::Separate`].
    pub(crate) errors: Option<ChildOutput>,
    /// What it reads, if that was asked for.
    pub(crate) input: Option<ChildInput>,
}

impl Launcher {
    /// A program, looked up in `PATH` unless it is a path, with its arguments. It reads nothing.
    pub(crate) fn new<S: AsRef<OsStr>>(
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = S>,
        variables: Variables,
        output: Output,
    ) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            arguments: arguments
                .into_iter()
                .map(|argument| argument.as_ref().to_owned())
                .collect(),
            variables,
            more: Vec::new(),
            folder: None,
            streams: Streams::Pipes { output, input: false },
        }
    }

    /// The folder to run in; ours otherwise.
    #[must_use]
    pub(crate) fn in_folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// It gets these variables, too.
    #[must_use]
    pub(crate) fn with_variables(mut self, more: &[(impl AsRef<OsStr>, impl AsRef<OsStr>)]) -> Self {
        let more = more.iter();
        self.more
            .extend(more.map(|(name, value)| (name.as_ref().to_owned(), value.as_ref().to_owned())));
        self
    }

    /// Something can be written to its standard input.
    #[must_use]
    pub(crate) fn with_input(mut self) -> Self {
        if let Streams::Pipes { input, .. } = &mut self.streams {
            *input = true;
        }
        self
    }

    /// It gets a terminal of this size.
    #[must_use]
    pub(crate) fn in_terminal(mut self, size: TerminalSize) -> Self {
        self.streams = Streams::Terminal(size);
        self
    }

    /// Starts it.
    pub(crate) fn spawn(self) -> io::Result<Launched> {
        let mark = orphan_reaper_client::mark();
        let (child, output, errors, input) = match self.streams {
            Streams::Pipes { output, input } => self.spawn_with_pipes(output, input, mark.as_ref())?,
            Streams::Terminal(size) => self.spawn_in_terminal(size, mark.as_ref())?,
        };
        let child = Child::Started(child);
        Ok(Launched {
            group: guarded(&child)?,
            child,
            mark,
            output,
            errors,
            input,
        })
    }

    /// Starts a child that is told later what to do, over a socket as its standard input; its output goes nowhere.
    pub(crate) fn spawn_waiting(self) -> io::Result<WaitingChild> {
        let mark = orphan_reaper_client::mark();
        let (control, socket) = control_socket()?;
        let mut command = self.command(mark.as_ref());
        command.stdin(socket).stdout(Stdio::null()).stderr(Stdio::null());
        lead_session(&mut command)?;
        let child = Child::Started(command.spawn()?);
        Ok(WaitingChild {
            group: guarded(&child)?,
            child,
            mark,
            control,
        })
    }

    /// The command, but for its streams.
    fn command(self, mark: Option<&Mark>) -> Command {
        let mut command = Command::new(self.program);
        command.args(self.arguments);
        if let Variables::Only(variables) = self.variables {
            command.env_clear().envs(variables);
        }
        if let Some(folder) = self.folder {
            command.current_dir(folder);
        }
        command.envs(self.more);
        command.envs(mark.map(Mark::variable)).kill_on_drop(true);
        command
    }

    fn spawn_with_pipes(self, output: Output, input: bool, mark: Option<&Mark>) -> io::Result<Spawned> {
        let Pipes {
            child: [stdin, stdout, stderr],
            output,
            errors,
            input,
        } = Pipes::new(output, input)?;
        let mut command = self.command(mark);
        command.stdin(stdin).stdout(stdout).stderr(stderr);
        lead_session(&mut command)?;
        // The end of `command` closes our copies of the writing ends, so that the pipes end with their other holders.
        Ok((command.spawn()?, output, errors, input))
    }

    fn spawn_in_terminal(self, size: TerminalSize, mark: Option<&Mark>) -> io::Result<Spawned> {
        let (reader, writer, terminal) = open_terminal(size)?;
        let mut command = pty_process::Command::new(self.program).args(self.arguments);
        if let Variables::Only(variables) = self.variables {
            command = command.env_clear().envs(variables);
        }
        if let Some(folder) = self.folder {
            command = command.current_dir(folder);
        }
        command = command.envs(self.more);
        let child = terminal.spawn(command.envs(mark.map(Mark::variable)).kill_on_drop(true))?;
        let input = ChildInput::Terminal(writer);
        Ok((child, ChildOutput::Terminal(reader), None, Some(input)))
    }
}

/// A child's group, which ends with us. The child leads it already.
pub(super) fn guarded(child: &Child) -> io::Result<Guarded> {
    let group = child.id().and_then(Group::led_by);
    let group = group.ok_or_else(|| io::Error::other("the child has no process id"))?;
    Ok(Guarded::new(group))
}

/// A child with its output, its standard error and its input.
type Spawned = (
    tokio::process::Child,
    ChildOutput,
    Option<ChildOutput>,
    Option<ChildInput>,
);
