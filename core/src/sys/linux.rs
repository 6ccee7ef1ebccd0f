//! What Linux answers by `/proc`, pidfd and D-Bus.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyring_core::api::CredentialStore;
use rustix::fs::{FileType, Mode, RawDir, ResolveFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open, pidfd_send_signal};

use super::files::file_id;
use super::folder;
use super::process::{Process, ResourceUsage, Signal};
use crate::Holder;

/// Places whose files are made up by the kernel while they are read.
const KERNEL_FOLDERS: [&str; 3] = ["/proc", "/sys", "/dev"];
/// Ordinary files in memory, below one of these places.
const MEMORY_FOLDER: &str = "/dev/shm";

/// Where ext4 and others say that a folder goes on behind its last entry (`d_off` of getdents64(2)): no place is further.
const LAST_COOKIE: u64 = i64::MAX.cast_unsigned();

/// Memory that this process occupies, in bytes.
pub(crate) fn resident_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Where an open file is now, without links. Fails if that can't be told, or if it has been removed.
pub(crate) fn place_of(file: &File) -> io::Result<PathBuf> {
    if file.metadata()?.nlink() == 0 {
        return Err(io::ErrorKind::NotFound.into());
    }
    fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// Whether the kernel makes a file up: its reading may never end, and says what only we should know.
pub(crate) fn is_kernel_file(file: &File) -> bool {
    // proc, sysfs, debugfs, tracefs, securityfs, cgroup, cgroup2, bpf
    const MAGIC: [u64; 8] = [
        0x9fa0,
        0x6265_6572,
        0x6462_6720,
        0x7472_6163,
        0x7363_6673,
        0x27_e0eb,
        0x6367_7270,
        0xcafe_4a11,
    ];
    is_on(file, &MAGIC)
}

/// Whether all changes of an open folder's file system are made on this machine, so that the kernel tells of them.
pub(crate) fn is_local(folder: &File) -> bool {
    // ext2 to ext4, xfs, btrfs, tmpfs, overlayfs, zfs, f2fs, bcachefs
    const MAGIC: [u64; 8] = [
        0xef53,
        0x5846_5342,
        0x9123_683e,
        0x0102_1994,
        0x794c_7630,
        0x2fc1_2fc1,
        0xf2f5_2010,
        0xca45_1a4e,
    ];
    is_on(folder, &MAGIC)
}

/// Whether something open is on a file system of one of these kinds.
fn is_on(file: &File, kinds: &[u64]) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|system| {
        kinds
            .iter()
            .any(|kind| i128::from(system.f_type) == i128::from(*kind))
    })
}

/// Whether the kernel makes up what is at an absolute path without links.
pub(crate) fn is_kernel_path(path: &Path) -> bool {
    !path.starts_with(MEMORY_FOLDER) && KERNEL_FOLDERS.iter().any(|folder| path.starts_with(folder))
}

/// Opens a folder below an open one; no link is followed, and nothing leads out (openat2(2)).
pub(super) fn open_folder_below(base: &OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    let how = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(base, path, folder::FOLDER, Mode::empty(), how) {
        Ok(opened) => Ok(opened),
        // Kernels before 5.6, and filters of containers that don't know the call.
        Err(Errno::NOSYS | Errno::PERM) => folder::walk(base, path),
        Err(error) => Err(error.into()),
    }
}

/// Tells the entries of an open folder, as the system does, until `each` gives false.
pub(super) fn read_entries(folder: &File, mut each: impl FnMut(&OsStr, FileType) -> bool) -> io::Result<()> {
    let mut buffer = [MaybeUninit::uninit(); 8192];
    let mut entries = RawDir::new(folder, &mut buffer);
    loop {
        match entries.next() {
            None => return Ok(()),
            Some(Ok(entry)) => {
                let goes_on = each(OsStr::from_bytes(entry.file_name().to_bytes()), entry.file_type());
                // Nothing can come behind that, so the system need not be asked.
                let is_last = entry.next_entry_cookie() == LAST_COOKIE;
                if !goes_on || is_last {
                    return Ok(());
                }
            }
            Some(Err(Errno::INTR)) => {}
            Some(Err(error)) => return Err(error.into()),
        }
    }
}

/// A process that can be ended without meeting another one of the same number.
#[derive(Debug)]
pub(crate) struct ProcessHandle(OwnedFd);

impl ProcessHandle {
    /// Of a child that has not been waited for. `None`: the system has no such handles.
    pub(crate) fn of_child(id: u32) -> Option<Self> {
        let id = Pid::from_raw(id.cast_signed())?;
        pidfd_open(id, PidfdFlags::empty()).ok().map(Self)
    }

    /// Ends it at once. One that has ended by itself is no error.
    pub(crate) fn kill(&self) {
        let _ = pidfd_send_signal(&self.0, Signal::Kill.number());
    }
}

/// Our own program, even if its file was replaced since we started.
#[expect(clippy::unnecessary_wraps, reason = "other systems may not know")]
pub(super) fn own_program() -> io::Result<PathBuf> {
    Ok("/proc/self/exe".into())
}

/// A process by its number (proc_pid_stat(5)); `None` if there is none, or no `/proc`.
pub(crate) fn find_process(id: i32) -> Option<Process> {
    parse_stat(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
}

/// All processes, by number, zombies too. Empty where there is no `/proc`.
pub(crate) fn all_processes() -> BTreeMap<i32, Process> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| find_process(entry.ok()?.file_name().to_str()?.parse().ok()?))
        .map(|process| (process.id, process))
        .collect()
}

/// Whether a process was started with a variable that begins like this: `NAME=value`. False if we may not look.
pub(crate) fn has_variable(process: &Process, variable: &str) -> bool {
    fs::read(format!("/proc/{}/environ", process.id)).is_ok_and(|environ| {
        environ
            .split(|byte| *byte == 0)
            .any(|one| one.starts_with(variable.as_bytes()))
    })
}

/// What a process uses (proc_pid_stat(5)).
pub(crate) fn usage(id: i32) -> Option<ResourceUsage> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    parse_usage(&stat, &uptime)
}

/// The process that holds a lock on this file: the system lists all locks with the file's device and number. For
/// processes in other containers, nobody tells.
pub(crate) fn lock_holder(file: &File) -> Option<Holder> {
    let id = file_id(&file.metadata().ok()?);
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let place = format!(
        "{:02x}:{:02x}:{}",
        rustix::fs::major(id.device),
        rustix::fs::minor(id.device),
        id.inode
    );
    let pid = locks.lines().find_map(|line| holding(line, &place))?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(Holder {
        pid,
        name: name.trim_end().to_owned(),
    })
}

/// The freedesktop Secret Service, over D-Bus.
pub(crate) fn keyring_store() -> Result<Arc<CredentialStore>, String> {
    let store = zbus_secret_service_keyring_store::Store::new().map_err(|error| error.to_string())?;
    Ok(store)
}

fn parse_stat(stat: &str) -> Option<Process> {
    // The name, in brackets, may hold anything.
    let (id, rest) = stat.split_once(" (")?;
    let fields: Vec<&str> = rest.rsplit_once(") ")?.1.split_ascii_whitespace().collect();
    Some(Process {
        id: id.parse().ok()?,
        zombie: matches!(fields.first(), Some(&("Z" | "X"))),
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        // Ticks since the system's start.
        started: fields.get(19)?.parse().ok()?,
    })
}

/// Out of `/proc/<id>/stat` and `/proc/uptime`.
#[expect(clippy::cast_precision_loss, reason = "a rough share is enough")]
fn parse_usage(stat: &str, uptime: &str) -> Option<ResourceUsage> {
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split_ascii_whitespace().collect();
    let number = |field: usize| fields.get(field)?.parse::<u64>().ok();
    let ticks_per_second = rustix::param::clock_ticks_per_second() as f64;
    let busy = (number(11)? + number(12)?) as f64 / ticks_per_second;
    let uptime: f64 = uptime.split(' ').next()?.parse().ok()?;
    let age = (uptime - number(19)? as f64 / ticks_per_second).max(0.01);
    let page_kib = u64::try_from(rustix::param::page_size()).ok()? / 1024;
    Some(ResourceUsage {
        cpu_percent: busy / age * 100.0,
        rss_kib: number(21)?.saturating_mul(page_kib),
    })
}

/// The process in a line of `/proc/locks` (man 5 proc_locks) if it holds a lock on the file at `place`.
fn holding(line: &str, place: &str) -> Option<i32> {
    // What waits has an arrow in the second column.
    let mut columns = line.split_ascii_whitespace().skip(1);
    (columns.next() == Some("FLOCK")).then_some(())?;
    let pid = columns.nth(2)?.parse().ok().filter(|pid| *pid > 0)?;
    (columns.next() == Some(place)).then_some(pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name() {
        let stat = "42 (a) b (c) S 7 40 39 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 1 2";
        let expected = Process {
            id: 42,
            parent: 7,
            group: 40,
            session: 39,
            zombie: false,
            started: 98765,
        };
        assert_eq!(parse_stat(stat), Some(expected));
        assert_eq!(parse_stat("nonsense"), None);
    }

    #[test]
    fn holders_are_told_from_those_who_wait_and_from_other_locks() {
        let place = "fe:00:6266957";
        let pid = |line| holding(line, place);
        assert_eq!(
            pid("1: FLOCK  ADVISORY  WRITE 26699 fe:00:6266957 0 EOF"),
            Some(26699)
        );
        assert_eq!(
            pid("1: -> FLOCK  ADVISORY  WRITE 26699 fe:00:6266957 0 EOF"),
            None
        );
        assert_eq!(pid("2: FLOCK  ADVISORY  WRITE 26699 fe:00:62669571 0 EOF"), None);
        assert_eq!(pid("3: POSIX  ADVISORY  WRITE 26699 fe:00:6266957 0 EOF"), None);
        // Of another container, or no line at all.
        assert_eq!(pid("4: FLOCK  ADVISORY  WRITE 0 fe:00:6266957 0 EOF"), None);
        assert_eq!(pid("5: FLOCK"), None);
        assert_eq!(pid(""), None);
    }
}
