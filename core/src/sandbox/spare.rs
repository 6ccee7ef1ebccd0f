//! Launchers that wait for their command.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use super::LAUNCHER_ARGUMENT;
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
