//! The process that made a call.

use std::ffi::{CStr, CString};
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::libc;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use super::super::syscalls::{Notification, read_memory, still_waits};

/// Bytes of a path at most, with the zero at its end.
const PATH: usize = 4096;

const PAGE: u64 = 4096;

/// The thread that made a call, which waits for the answer.
pub(super) struct Target<'a> {
    listener: &'a OwnedFd,
    id: u64,
    thread: i32,
}

/// Where a path leads: a folder that was opened, and a name in it, which may or may not exist.
pub(super) struct Spot {
    pub(super) folder: OwnedFd,
    pub(super) name: CString,
    /// The path ends with a slash: only a folder may be there.
    pub(super) slash: bool,
}

impl<'a> Target<'a> {
    pub(super) fn new(listener: &'a OwnedFd, call: &Notification) -> Self {
        Self {
            listener,
            id: call.id,
            thread: call.thread,
        }
    }

    /// The thread still waits, so what was opened by its number is its own.
    fn confirm(&self) -> Result<(), Errno> {
        if still_waits(self.listener.as_fd(), self.id) {
            Ok(())
        } else {
            Err(Errno::SRCH)
        }
    }

    /// Bytes of its memory: all of `length`.
    pub(super) fn bytes(&self, address: u64, length: usize) -> Result<Vec<u8>, Errno> {
        let mut bytes = vec![0; length];
        let read = read_memory(self.thread, address, &mut bytes).map_err(|_| Errno::FAULT)?;
        self.confirm()?;
        if read == length {
            Ok(bytes)
        } else {
            Err(Errno::FAULT)
        }
    }

    /// A path in its memory.
    pub(super) fn path(&self, address: u64) -> Result<CString, Errno> {
        let mut path = Vec::new();
        let mut buffer = [0; 512];
        while path.len() < PATH {
            let from = address + path.len() as u64;
            // Not over the end of a page: the next one may not be there.
            let in_page = usize::try_from(PAGE - from % PAGE).unwrap_or(1);
            let length = in_page.min(buffer.len());
            let read = read_memory(self.thread, from, &mut buffer[..length]).map_err(|_| Errno::FAULT)?;
            let piece = &buffer[..read];
            if let Some(end) = piece.iter().position(|byte| *byte == 0) {
                path.extend_from_slice(&piece[..end]);
                self.confirm()?;
                return CString::new(path).map_err(|_| Errno::INVAL);
            }
            if read == 0 {
                return Err(Errno::FAULT);
            }
            path.extend_from_slice(piece);
        }
        Err(Errno::NAMETOOLONG)
    }

    /// A descriptor of its own, shared with it.
    pub(super) fn descriptor(&self, number: u64) -> Result<OwnedFd, Errno> {
        let number = int(number);
        let group = self.process()?;
        let process = Pid::from_raw(group).ok_or(Errno::SRCH)?;
        let process = pidfd_open(process, PidfdFlags::empty())?;
        let descriptor = pidfd_getfd(process, number, PidfdGetfdFlags::empty())?;
        self.confirm()?;
        Ok(descriptor)
    }

    /// The process that the thread belongs to.
    fn process(&self) -> Result<i32, Errno> {
        self.status("Tgid:")
            .and_then(|number| number.parse().ok())
            .ok_or(Errno::SRCH)
    }

    /// The mode bits that it doesn't give to what it creates.
    pub(super) fn umask(&self) -> Mode {
        let bits = self
            .status("Umask:")
            .and_then(|bits| u32::from_str_radix(&bits, 8).ok());
        Mode::from_raw_mode(bits.unwrap_or(0o077))
    }

    fn status(&self, field: &str) -> Option<String> {
        let status = fs::read(format!("/proc/{}/status", self.thread)).ok()?;
        let status = String::from_utf8_lossy(&status);
        let line = status.lines().find_map(|line| line.strip_prefix(field))?;
        Some(line.trim().to_owned())
    }

    /// The folder that its relative paths start from.
    pub(super) fn base(&self, folder: u64) -> Result<OwnedFd, Errno> {
        let folder = match int(folder) {
            libc::AT_FDCWD => format!("/proc/{}/cwd", self.thread),
            number if number >= 0 => format!("/proc/{}/fd/{number}", self.thread),
            _ => return Err(Errno::BADF),
        };
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let opened = openat(CWD, folder, flags, Mode::empty()).map_err(|error| match error {
            Errno::NOENT => Errno::BADF,
            error => error,
        })?;
        self.confirm()?;
        Ok(opened)
    }

    /// Where a path leads that starts from `folder` if it is relative. Links before the last part are followed.
    pub(super) fn spot(&self, folder: u64, path: &CStr, resolve: ResolveFlags) -> Result<Spot, Errno> {
        if path.is_empty() {
            return Err(Errno::NOENT);
        }
        let base = if path.to_bytes().first() == Some(&b'/') {
            None
        } else {
            Some(self.base(folder)?)
        };
        self.spot_from(base.as_ref(), path.to_bytes(), resolve)
    }

    /// As [`Target::spot`], from a folder that was opened.
    pub(super) fn spot_from(
        &self,
        base: Option<&OwnedFd>,
        path: &[u8],
        resolve: ResolveFlags,
    ) -> Result<Spot, Errno> {
        let trimmed = path
            .iter()
            .rposition(|byte| *byte != b'/')
            .map_or(&path[..0], |last| &path[..=last]);
        let slash = trimmed.len() < path.len();
        if trimmed.is_empty() {
            return Err(Errno::EXIST);
        }
        let (folder, name) = match trimmed.iter().rposition(|byte| *byte == b'/') {
            Some(at) => (&path[..=at], &trimmed[at + 1..]),
            None => (&b"."[..], trimmed),
        };
        let folder = self.own_proc(folder);
        let mut resolve = resolve;
        // Of its own links in /proc we would follow ours, but for those that are named by its number.
        if !folder.starts_with(format!("/proc/{}/", self.thread).as_bytes()) {
            resolve |= ResolveFlags::NO_MAGICLINKS;
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = std::ffi::OsStr::from_bytes(&folder);
        let opened = match base {
            Some(base) => openat2(base, folder, flags, Mode::empty(), resolve),
            None => openat2(CWD, folder, flags, Mode::empty(), resolve),
        }?;
        self.confirm()?;
        Ok(Spot {
            folder: opened,
            name: CString::new(name).map_err(|_| Errno::INVAL)?,
            slash,
        })
    }

    /// What `/proc/self` means to it.
    fn own_proc(&self, path: &[u8]) -> Vec<u8> {
        for own in [&b"/proc/self/"[..], b"/proc/thread-self/"] {
            if let Some(rest) = path.strip_prefix(own) {
                let mut path = format!("/proc/{}/", self.thread).into_bytes();
                path.extend_from_slice(rest);
                return path;
            }
        }
        path.to_owned()
    }
}

/// An argument of type int: the lower half.
#[expect(clippy::cast_possible_truncation, reason = "as the kernel does")]
pub(super) fn int(argument: u64) -> i32 {
    (argument as u32).cast_signed()
}
