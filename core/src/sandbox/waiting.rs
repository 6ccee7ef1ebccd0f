//! Launchers that wait for their command.

use std::ffi::{OsStr, OsString};
#[cfg(target_os = "linux")]
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

#[cfg(target_os = "linux")]
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{LAUNCHER_ARGUMENT, SandboxLayers, SandboxPlan};
use crate::sys::process::own_program_path;

#[cfg(target_os = "linux")]
use crate::sys::sandbox::FORK_SERVER;
#[cfg(target_os = "linux")]
pub(crate) use crate::sys::sandbox::fork_server::ForkRequest;
#[cfg(target_os = "linux")]
pub(crate) use crate::sys::sandbox::waiting::{READY, message};

/// What starts a process that forks them: our own program, and its arguments.
#[cfg(target_os = "linux")]
pub(crate) fn fork_server() -> io::Result<(PathBuf, Vec<OsString>)> {
    let arguments = vec![LAUNCHER_ARGUMENT.into(), FORK_SERVER.into()];
    Ok((own_program_path()?, arguments))
}

/// Only Linux has launchers.
#[cfg(not(target_os = "linux"))]
pub(crate) fn fork_server() -> io::Result<(PathBuf, Vec<OsString>)> {
    let _ = (LAUNCHER_ARGUMENT, own_program_path as fn() -> _);
    Err(io::ErrorKind::Unsupported.into())
}

/// Only Linux has launchers.
#[cfg(not(target_os = "linux"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ForkRequest {
    pub(crate) network: bool,
}

#[cfg(not(target_os = "linux"))]
impl ForkRequest {
    pub(crate) fn encode(self) -> u8 {
        u8::from(self.network)
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) const READY: u8 = 0;

/// The file systems that are mounted, as a launcher has found them when it was started.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub(crate) struct MountTable(File);

#[cfg(target_os = "linux")]
impl MountTable {
    /// As it is now.
    pub(crate) fn now() -> io::Result<Self> {
        File::open("/proc/self/mountinfo").map(Self)
    }

    /// Whether something was mounted or unmounted since. proc_pid_mountinfo(5): such a file can be polled.
    pub(crate) fn has_changed(&self) -> bool {
        let mut table = [PollFd::new(&self.0, PollFlags::PRI)];
        !matches!(poll(&mut table, Some(&Timespec::default())), Ok(0))
    }
}

/// Only Linux has launchers.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub(crate) struct MountTable;

#[cfg(not(target_os = "linux"))]
impl MountTable {
    pub(crate) fn now() -> io::Result<Self> {
        Ok(Self)
    }

    pub(crate) fn has_changed(&self) -> bool {
        true
    }
}

/// The namespaces of a launcher, held so that they don't end with it. To take a view of the disk apart takes the kernel
/// up to a millisecond, and whoever holds it last waits for that: without this the launcher, and with it the command's end.
#[derive(Debug)]
pub(crate) struct HeldNamespaces {
    #[cfg(target_os = "linux")]
    _files: Vec<File>,
}

impl HeldNamespaces {
    /// Those of a child that has entered them and is not waited for yet. Dropping them blocks.
    #[cfg(target_os = "linux")]
    pub(crate) fn of(launcher: Option<u32>) -> Self {
        // One that can't be opened ends with the launcher.
        let open = |name| File::open(format!("/proc/{}/ns/{name}", launcher?)).ok();
        Self {
            _files: ["mnt", "net", "ipc"].into_iter().filter_map(open).collect(),
        }
    }

    /// Only Linux has launchers.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn of(_: Option<u32>) -> Self {
        Self {}
    }
}

impl SandboxPlan {
    /// The launcher that serves for it when it is told the plan only later; `None` if there is none. Those make all layers,
    /// and have made their own `/dev`, without looking whether something of it is to be written.
    pub(crate) fn waiting_launcher(&self) -> Option<ForkRequest> {
        let meets_devices = |path: &Path| path.starts_with("/dev") || Path::new("/dev").starts_with(path);
        let serves = cfg!(target_os = "linux")
            && self.layers == SandboxLayers::default()
            && !self.places.iter().any(|(path, _)| meets_devices(path));
        serves.then_some(ForkRequest {
            network: self.network,
        })
    }

    /// What such a launcher is told.
    #[cfg(target_os = "linux")]
    pub(crate) fn launcher_message<'a>(
        &self,
        folder: &Path,
        command: &[impl AsRef<OsStr>],
        variables: impl Iterator<Item = (&'a OsStr, &'a OsStr)>,
    ) -> (Vec<u8>, [u8; 4]) {
        message(&self.encoded, folder, command, variables)
    }

    /// Only Linux has such launchers.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn launcher_message<'a>(
        &self,
        _: &Path,
        _: &[impl AsRef<OsStr>],
        _: impl Iterator<Item = (&'a OsStr, &'a OsStr)>,
    ) -> (Vec<u8>, [u8; 4]) {
        (Vec::new(), [0; 4])
    }
}
