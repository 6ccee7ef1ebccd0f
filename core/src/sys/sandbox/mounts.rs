//! What the command sees of the disk: everything read-only, but for the places of the plan and a small `/dev`.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, Stat, mkdirat, openat, openat2, symlinkat};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags,
    fsconfig_create, fsconfig_set_string, fsmount, fsopen, mount_change, move_mount, open_tree,
};

use super::confinement::MOST_PROCESSES;
use super::plan::{Access, Place, Plan, Readable};
use super::syscalls::{MOUNT_NO_DEVICES, MOUNT_NO_SUID, MOUNT_READ_ONLY, add_mount_attributes};

const LOCKED: u64 = MOUNT_READ_ONLY | MOUNT_NO_SUID | MOUNT_NO_DEVICES;

/// The device files that commands get.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// Links of `/dev`.
const LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
];

/// Something that went wrong, and at what.
pub(super) fn at(what: impl std::fmt::Display) -> impl FnOnce(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{what}: {error}"))
}

/// Copies of the places of a plan, made before everything else becomes read-only.
pub(super) struct Copies(Vec<Option<Copy>>);

impl Copies {
    /// Of what is there now.
    pub(super) fn of(plan: &Plan) -> io::Result<Self> {
        let copies = plan.places.iter().map(|place| found(place, Copy::of(place)));
        copies.collect::<io::Result<_>>().map(Self)
    }
}

/// The view of the disk in the mount namespace that we have just entered.
pub(super) struct View {
    nothing: Nothing,
}

impl View {
    /// With a `/dev` of our own, and otherwise as it was before. A terminal on standard input becomes `/dev/console`.
    pub(super) fn new(terminal: bool) -> io::Result<Self> {
        mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
            .map_err(|error| at("/")(error.into()))?;
        let devices = DEVICES
            .iter()
            .map(|name| copy(CWD, &format!("/dev/{name}"), false))
            .collect::<io::Result<Vec<_>>>()
            .map_err(at("/dev"))?;
        let console = terminal.then(copy_terminal).flatten();
        let nothing = build_devices(devices, console).map_err(at("/dev"))?;
        Ok(Self { nothing })
    }

    /// Makes it read-only, but for these places.
    pub(super) fn restrict(self, plan: &Plan, places: Copies) -> io::Result<()> {
        let folder = |path: &str| {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            openat(CWD, path, flags, Mode::empty())
        };
        let devices = copy(CWD, "/dev", true).map_err(at("/dev"))?;
        add_mount_attributes(folder("/")?.as_fd(), true, LOCKED).map_err(at("/ can't be made read-only"))?;
        attach(&devices, &folder("/dev")?).map_err(at("/dev"))?;
        for (place, copy) in plan.places.iter().zip(places.0) {
            if let Some(copy) = copy {
                copy.put(place, &self.nothing).map_err(at(&place.path))?;
            }
        }
        Ok(())
    }
}

/// Mounts the `/proc` of our process namespace, read-only. Forbids further user namespaces and limits processes before.
pub(super) fn mount_proc() -> io::Result<()> {
    let proc = new_mount("proc", &[])?;
    let set = |name: &str, value: u64| {
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        let limit = openat(&proc, name, flags, Mode::empty())?;
        rustix::io::write(limit, value.to_string().as_bytes())
    };
    // The filter forbids them, too.
    let _ = set("sys/user/max_user_namespaces", 0);
    // For root, this is the only limit. Older kernels have it for all namespaces together, and refuse.
    let _ = set("sys/kernel/pid_max", MOST_PROCESSES);
    add_mount_attributes(proc.as_fd(), false, LOCKED)?;
    attach(&proc, &opened(CWD, Path::new("/proc"))?)
}

/// What is made of a place. Where there is nothing, nothing has to be kept from the command: names that must not appear
/// are guarded.
fn found<T>(place: &Place, made: io::Result<T>) -> io::Result<Option<T>> {
    match made {
        Err(error) if error.kind() == io::ErrorKind::NotFound && place.access != Access::Write => Ok(None),
        made => made.map(Some).map_err(at(&place.path)),
    }
}

/// Opens a file or folder that can be read, on no link: the one that is meant. Tells whether it is a folder.
pub(super) fn open_readable(place: &Readable) -> io::Result<(OwnedFd, bool)> {
    let file = open_without_links(&place.path)?;
    if is_it(&rustix::fs::fstat(&file)?, place.device, place.inode) {
        let is_folder = is_folder(&file)?;
        Ok((file, is_folder))
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

fn open_without_links(path: &str) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    Ok(openat2(
        CWD,
        path,
        flags,
        Mode::empty(),
        ResolveFlags::NO_SYMLINKS,
    )?)
}

#[expect(clippy::useless_conversion, reason = "the types differ by system")]
fn is_it(found: &Stat, device: u64, inode: u64) -> bool {
    (u64::from(found.st_dev), u64::from(found.st_ino)) == (device, inode)
}

/// Opens the file or folder of a place, on no link. Where the command may write, it has to be the one for which the
/// permission was given; what is protected is whatever is there.
pub(super) fn open_place(place: &Place) -> io::Result<OwnedFd> {
    let file = open_without_links(&place.path)?;
    let found = rustix::fs::fstat(&file)?;
    if place.access != Access::Write || is_it(&found, place.device, place.inode) {
        Ok(file)
    } else {
        Err(io::Error::other(
            "it is no longer the folder for which the permission was given",
        ))
    }
}

/// A place's mount, made before it has to be put there.
enum Copy {
    Tree(OwnedFd),
    Nothing {
        folder: bool,
    },
    /// A folder's entries, without some.
    Entries(Vec<(OsString, Entry)>),
}

enum Entry {
    Tree { tree: OwnedFd, folder: bool },
    Link(OsString),
}

impl Copy {
    fn of(place: &Place) -> io::Result<Self> {
        let file = open_place(place)?;
        Ok(match &place.access {
            Access::Write | Access::Pinned => {
                let tree = copy(&file, "", true)?;
                add_mount_attributes(tree.as_fd(), true, MOUNT_NO_SUID | MOUNT_NO_DEVICES)?;
                Self::Tree(tree)
            }
            Access::Read => Self::Tree(read_only(&file)?),
            Access::None => Self::Nothing {
                folder: is_folder(&file)?,
            },
            Access::Without(names) => Self::Entries(entries(place, &file, names)?),
        })
    }

    fn put(self, place: &Place, nothing: &Nothing) -> io::Result<()> {
        let target = open_place(place)?;
        match self {
            Self::Tree(tree) => attach(&tree, &target),
            Self::Nothing { folder } => {
                let source = if folder { &nothing.folder } else { &nothing.file };
                attach(&read_only(source)?, &target)
            }
            Self::Entries(entries) => {
                let list = new_mount("tmpfs", &[("mode", "0700")])?;
                attach(&list, &target)?;
                for (name, entry) in entries {
                    let name = name.as_os_str();
                    match entry {
                        Entry::Link(to) => symlinkat(&to, &list, name)?,
                        Entry::Tree { tree, folder } => {
                            attach(&tree, &mount_point(&list, Path::new(name), folder)?)?;
                        }
                    }
                }
                add_mount_attributes(list.as_fd(), false, LOCKED)
            }
        }
    }
}

fn entries(place: &Place, folder: &OwnedFd, without: &[String]) -> io::Result<Vec<(OsString, Entry)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(&place.path)? {
        let name = entry?.file_name();
        if without.iter().any(|one| one.as_bytes() == name.as_bytes()) {
            continue;
        }
        let path = Path::new(&place.path).join(&name);
        let Ok(metadata) = path.symlink_metadata() else {
            continue;
        };
        let entry = if metadata.is_symlink() {
            Entry::Link(fs::read_link(&path)?.into_os_string())
        } else {
            let opened = openat(
                folder,
                &name,
                OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC,
                Mode::empty(),
            );
            // It may go in the meantime.
            let Ok(opened) = opened else { continue };
            Entry::Tree {
                tree: read_only(&opened)?,
                folder: is_folder(&opened)?,
            }
        };
        all.push((name, entry));
    }
    Ok(all)
}

/// Sources for places where there is nothing to read.
struct Nothing {
    file: OwnedFd,
    folder: OwnedFd,
}

/// Puts a `/dev` of our own in place of the host's.
fn build_devices(devices: Vec<OwnedFd>, console: Option<OwnedFd>) -> io::Result<Nothing> {
    let nothing = build_nothing()?;
    let dev = new_mount("tmpfs", &[("mode", "0755")])?;
    attach(&dev, &opened(CWD, Path::new("/dev"))?)?;
    for (name, device) in DEVICES.iter().zip(devices) {
        attach(&device, &mount_point(&dev, Path::new(name), false)?)?;
    }
    if let Some(console) = console {
        attach(&console, &mount_point(&dev, Path::new("console"), false)?)?;
    }
    for (name, to) in LINKS {
        symlinkat(to, &dev, name)?;
    }
    let pts = new_mount(
        "devpts",
        &[("newinstance", ""), ("ptmxmode", "0666"), ("mode", "0620")],
    )?;
    let own: [(&str, OwnedFd); 2] = [("shm", new_mount("tmpfs", &[("mode", "1777")])?), ("pts", pts)];
    for (name, mount) in own {
        let flags = if name == "pts" {
            MOUNT_NO_SUID
        } else {
            MOUNT_NO_SUID | MOUNT_NO_DEVICES
        };
        add_mount_attributes(mount.as_fd(), false, flags)?;
        attach(&mount, &mount_point(&dev, Path::new(name), true)?)?;
    }
    // Not every kernel has message queues.
    if let Ok(queues) = new_mount("mqueue", &[]) {
        attach(&queues, &mount_point(&dev, Path::new("mqueue"), true)?)?;
    }
    add_mount_attributes(dev.as_fd(), false, MOUNT_READ_ONLY | MOUNT_NO_SUID)?;
    Ok(nothing)
}

/// A file and a folder that nobody may open, on a mount that the new `/dev` covers.
fn build_nothing() -> io::Result<Nothing> {
    let hidden = new_mount("tmpfs", &[("mode", "0700")])?;
    attach(&hidden, &opened(CWD, Path::new("/dev"))?)?;
    let unreadable = |name: &str, folder| {
        let made = mount_point(&hidden, Path::new(name), folder)?;
        let path = format!("/proc/self/fd/{}", made.as_raw_fd());
        fs::set_permissions(path, PermissionsExt::from_mode(0o0))?;
        io::Result::Ok(made)
    };
    Ok(Nothing {
        file: unreadable("file", false)?,
        folder: unreadable("folder", true)?,
    })
}

/// The terminal on standard input, by its path: the descriptor belongs to the view that was before. Programs ask for its
/// name, and do without.
fn copy_terminal() -> Option<OwnedFd> {
    let path = fs::read_link("/proc/self/fd/0").ok()?;
    let path = path.to_str().filter(|path| path.starts_with("/dev/pts/"))?;
    copy(CWD, path, false).ok()
}

/// A file system of our own, not attached to anything yet.
fn new_mount(kind: &str, options: &[(&str, &str)]) -> io::Result<OwnedFd> {
    let make = || {
        let system = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
        for (key, value) in options {
            if value.is_empty() {
                rustix::mount::fsconfig_set_flag(system.as_fd(), *key)?;
            } else {
                fsconfig_set_string(system.as_fd(), *key, *value)?;
            }
        }
        fsconfig_create(system.as_fd())?;
        fsmount(
            system.as_fd(),
            FsMountFlags::FSMOUNT_CLOEXEC,
            MountAttrFlags::empty(),
        )
    };
    make().map_err(|error: rustix::io::Errno| at(format_args!("no {kind} of its own"))(error.into()))
}

/// An empty file or folder to mount on.
fn mount_point(within: &OwnedFd, name: &Path, folder: bool) -> io::Result<OwnedFd> {
    if folder {
        mkdirat(within, name, Mode::from_raw_mode(0o755))?;
    } else {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
        drop(File::from(openat(
            within,
            name,
            flags,
            Mode::from_raw_mode(0o644),
        )?));
    }
    opened(within, name)
}

fn opened(within: impl AsFd, name: &Path) -> io::Result<OwnedFd> {
    Ok(openat(
        within,
        name,
        OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::empty(),
    )?)
}

fn is_folder(file: &OwnedFd) -> io::Result<bool> {
    Ok(FileType::from_raw_mode(rustix::fs::fstat(file)?.st_mode).is_dir())
}

fn read_only(file: &OwnedFd) -> io::Result<OwnedFd> {
    let tree = copy(file, "", true)?;
    add_mount_attributes(tree.as_fd(), true, LOCKED)?;
    Ok(tree)
}

/// A copy of the mounts at and below a file or folder, attached to nothing.
fn copy(from: impl AsFd, path: &str, recursive: bool) -> io::Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    if path.is_empty() {
        flags |= OpenTreeFlags::AT_EMPTY_PATH;
    }
    if recursive {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    Ok(open_tree(from, path, flags)?)
}

fn attach(mount: &OwnedFd, target: &OwnedFd) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    Ok(move_mount(mount, "", target, "", flags)?)
}
