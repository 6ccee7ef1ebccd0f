//! The process that becomes the command.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use nix::libc;
use rustix::process::{ioctl_tiocsctty, setsid};
use rustix::thread::{CapabilitySet, set_no_new_privs};
use serde::{Deserialize, Serialize};

use super::confinement::{FileRules, bound_capabilities, limit_resources, set_capabilities};
use super::filter::{self, FilterOptions};
use super::launcher::FAILED;
use super::mounts::at;
use super::plan::{Guard, Layers, Plan};
use super::syscalls::{execute, exit_now, install_filter, join_new_keyring, reset_signals};

/// Precedes the name of a variable that would act on the launcher, too.
pub(crate) const HELD: &str = "CODEX_SANDBOX_HELD_";

/// What the launcher is to start, and how.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) plan: Plan,
    /// Standard input is the command's terminal.
    pub(super) terminal: bool,
    folder: PathBuf,
    /// Program and arguments; none to try only whether there is a sandbox.
    command: Vec<CString>,
    /// Names and values.
    variables: Vec<CString>,
}

/// How the command tells the init of its filter, and hears that it may go on.
pub(super) struct Handover {
    pub(super) tell: OwnedFd,
    pub(super) allowed: OwnedFd,
}

/// A process that becomes a command has done what depends on none.
pub(super) struct Settled {
    files: Option<FileRules>,
}

/// What the init has to know of a command's filter.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Filtered {
    /// The command's descriptor on which the filter asks.
    pub(super) listener: RawFd,
    /// See [`Plan`].
    pub(super) guards: Vec<Guard>,
    /// See [`Plan`].
    pub(super) network: bool,
}

impl Start {
    /// Plan, `terminal` or `pipes`, working folder, program and its arguments.
    pub(super) fn read(arguments: Vec<OsString>) -> io::Result<Self> {
        let mut arguments = arguments.into_iter();
        let mut next = || arguments.next().ok_or(io::ErrorKind::InvalidInput);
        let plan = serde_json::from_slice(next()?.as_bytes())?;
        let terminal = next()? == "terminal";
        let folder = next()?.into();
        Ok(Self {
            plan,
            terminal,
            folder,
            command: c_strings(arguments)?,
            variables: own_variables()?,
        })
    }

    /// What a launcher is told that was started before.
    pub(super) fn told(plan: Plan, folder: PathBuf, command: Vec<CString>, variables: Vec<CString>) -> Self {
        Self {
            plan,
            terminal: false,
            folder,
            command,
            variables,
        }
    }
}

/// Confines this process and executes the command. Returns only if that fails.
pub(super) fn run(start: &Start, handover: Option<Handover>) -> io::Error {
    match settle(start.plan.layers) {
        Ok(settled) => run_settled(start, settled, handover),
        Err(error) => error,
    }
}

/// As [`run`], in a process that has done what depends on no command.
pub(super) fn run_settled(start: &Start, settled: Settled, handover: Option<Handover>) -> io::Error {
    match prepare(start, settled, handover) {
        Ok(()) if start.command.is_empty() => exit_now(0),
        Ok(()) => match execute_command(start) {
            Ok(()) => io::Error::other("nothing to execute"),
            Err(error) => error,
        },
        Err(error) => error,
    }
}

/// The exit code for a command that could not be executed, as shells have it.
pub(super) fn exit_code(error: &io::Error) -> i32 {
    match error
        .get_ref()
        .and_then(|error| error.downcast_ref::<NotExecuted>())
    {
        Some(NotExecuted(_, error)) if error.kind() == io::ErrorKind::NotFound => 127,
        Some(_) => 126,
        None => FAILED.into(),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}: {1}")]
struct NotExecuted(String, io::Error);

/// What depends on no command. Leaves the capabilities that are needed to go on.
pub(super) fn settle(layers: Layers) -> io::Result<Settled> {
    if layers.namespaces {
        setsid()?;
    }
    join_new_keyring().map_err(at("keyring"))?;
    limit_resources().map_err(at("limits"))?;
    bound_capabilities(CapabilitySet::empty()).map_err(at("capabilities"))?;
    set_no_new_privs(true)?;
    let files = layers.landlock.then(|| FileRules::new(layers.namespaces));
    Ok(Settled {
        files: files.transpose().map_err(at("Landlock"))?,
    })
}

fn prepare(start: &Start, settled: Settled, handover: Option<Handover>) -> io::Result<()> {
    let layers = start.plan.layers;
    if layers.namespaces && start.terminal {
        ioctl_tiocsctty(rustix::stdio::stdin()).map_err(|error| at("the terminal")(error.into()))?;
    }
    if let Some(files) = settled.files {
        files.restrict(&start.plan).map_err(at("Landlock"))?;
    }
    set_capabilities(CapabilitySet::empty()).map_err(at("capabilities"))?;
    std::env::set_current_dir(&start.folder).map_err(at(start.folder.display()))?;
    let mut listener = None;
    if layers.seccomp {
        let supervised = handover.is_some();
        let program = filter::program(FilterOptions {
            network: start.plan.network,
            namespaces: layers.namespaces,
            guards_names: supervised && start.plan.guards_names(),
            guards_links: supervised && start.plan.guards_links(),
        });
        let installed = program.and_then(|program| install_filter(&program, supervised));
        listener = installed.map_err(at("seccomp"))?;
    }
    if let Some(Handover { tell, allowed }) = handover {
        if let Some(listener) = &listener {
            let filtered = Filtered {
                listener: listener.as_raw_fd(),
                guards: start.plan.guards.clone(),
                network: start.plan.network,
            };
            File::from(tell).write_all(&serde_json::to_vec(&filtered)?)?;
        } else {
            drop(tell);
        }
        File::from(allowed).read_exact(&mut [0])?;
    }
    reset_signals();
    Ok(())
}

fn execute_command(start: &Start) -> io::Result<()> {
    let variables: Vec<&CStr> = start.variables.iter().map(CString::as_c_str).collect();
    let arguments: Vec<&CStr> = start.command.iter().map(CString::as_c_str).collect();
    let program = arguments[0];
    let failed = |error| {
        let name = program.to_string_lossy().into_owned();
        Err(io::Error::other(NotExecuted(name, error)))
    };
    if program.to_bytes().contains(&b'/') {
        return failed(execute(program, &arguments, &variables));
    }
    let path = variables
        .iter()
        .find_map(|variable| variable.to_bytes().strip_prefix(b"PATH="));
    let path = OsStr::from_bytes(path.unwrap_or(b"/bin:/usr/bin"));
    let mut last = io::Error::from_raw_os_error(libc::ENOENT);
    for folder in std::env::split_paths(&path) {
        let candidate = folder.join(OsStr::from_bytes(program.to_bytes()));
        let candidate = CString::new(candidate.into_os_string().into_vec())?;
        let error = execute(&candidate, &arguments, &variables);
        match error.raw_os_error() {
            Some(libc::ENOENT | libc::ENOTDIR) => {}
            Some(libc::EACCES) => last = error,
            _ => return failed(error),
        }
    }
    failed(last)
}

/// Our own variables, which are the command's.
fn own_variables() -> io::Result<Vec<CString>> {
    c_strings(std::env::vars_os().map(|(name, value)| {
        let name = name.as_bytes();
        let mut variable = name.strip_prefix(HELD.as_bytes()).unwrap_or(name).to_owned();
        variable.push(b'=');
        variable.extend_from_slice(value.as_bytes());
        OsString::from_vec(variable)
    }))
}

fn c_strings(strings: impl Iterator<Item = OsString>) -> io::Result<Vec<CString>> {
    strings
        .map(|string| CString::new(string.into_vec()).map_err(io::Error::from))
        .collect()
}
