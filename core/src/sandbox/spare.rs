//! Launchers that wait for their command.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use super::{LAUNCHER_ARGUMENT, SandboxLayers, SandboxPlan};
use crate::sys::process::own_program_path;

#[cfg(target_os = "linux")]
use crate::sys::sandbox::SPARE;
#[cfg(target_os = "linux")]
pub(crate) use crate::sys::sandbox::spare::{READY, message};

/// What starts one: our own program, and its arguments.
#[cfg(target_os = "linux")]
pub(crate) fn command() -> io::Result<(PathBuf, Vec<OsString>)> {
    Ok((own_program_path()?, vec![LAUNCHER_ARGUMENT.into(), SPARE.into()]))
}

/// Only Linux has launchers.
#[cfg(not(target_os = "linux"))]
pub(crate) fn command() -> io::Result<(PathBuf, Vec<OsString>)> {
    let _ = (LAUNCHER_ARGUMENT, own_program_path as fn() -> _);
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub(crate) const READY: u8 = 0;

impl SandboxPlan {
    /// Whether a launcher that was started before serves for it: those make all layers, and reach no network.
    pub(crate) fn fits_spare(&self) -> bool {
        cfg!(target_os = "linux") && !self.network && self.layers == SandboxLayers::default()
    }

    /// What such a launcher is told.
    #[cfg(target_os = "linux")]
    pub(crate) fn spare_message<'a>(
        &self,
        folder: &Path,
        command: &[impl AsRef<OsStr>],
        variables: impl Iterator<Item = (&'a OsStr, &'a OsStr)>,
    ) -> (Vec<u8>, [u8; 4]) {
        message(&self.encoded, folder, command, variables)
    }

    /// Only Linux has such launchers.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn spare_message<'a>(
        &self,
        _: &Path,
        _: &[impl AsRef<OsStr>],
        _: impl Iterator<Item = (&'a OsStr, &'a OsStr)>,
    ) -> (Vec<u8>, [u8; 4]) {
        (Vec::new(), [0; 4])
    }
}
