//! Calls that create names, and calls that remove them where a link must stay.
//!
//! Landlock lets the command create nothing where names are guarded, so everything is created here, after a look at
//! the name. What exists already is opened by the command itself: a path that changes in the meantime gains nothing.

use std::ffi::{CStr, OsStr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::libc;
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, RenameFlags, ResolveFlags, fstat, fstatfs, linkat, mkdirat, mknodat,
    openat, readlinkat, renameat_with, statat, symlinkat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::umask;

use super::super::plan::Guard;
use super::super::syscalls::{Answer, Notification, answer_with_file};
use super::Decision;
use super::target::{Spot, Target, int};

const PROC: i128 = 0x9fa0;

/// Links that are followed at most, as the kernel counts them.
const MOST_LINKS: u32 = 40;

const NO_FLAGS: ResolveFlags = ResolveFlags::empty();

/// Where relative paths of calls without a folder start from.
pub(super) const HERE: u64 = (libc::AT_FDCWD as i64).cast_unsigned();

/// Whether a name must not be created where a path leads.
pub(super) fn is_guarded(guards: &[Guard], spot: &Spot) -> Result<bool, Errno> {
    find(guards, spot, |guard| &guard.names)
}

fn find(guards: &[Guard], spot: &Spot, names: fn(&Guard) -> &Vec<String>) -> Result<bool, Errno> {
    let name = spot.name.to_bytes();
    if !guards
        .iter()
        .flat_map(names)
        .any(|one| one.as_bytes().eq_ignore_ascii_case(name))
    {
        return Ok(false);
    }
    let folder = fstat(&spot.folder)?;
    #[expect(clippy::useless_conversion, reason = "the types differ by system")]
    let here = (u64::from(folder.st_dev), u64::from(folder.st_ino));
    Ok(guards.iter().any(|guard| {
        (guard.device, guard.inode) == here
            && names(guard)
                .iter()
                .any(|one| one.as_bytes().eq_ignore_ascii_case(name))
    }))
}

fn refuse_guarded(guards: &[Guard], spot: &Spot) -> Result<(), Errno> {
    if is_guarded(guards, spot)? {
        return Err(Errno::ROFS);
    }
    Ok(())
}

/// Decides about a call that creates or removes a name.
pub(super) fn decide(
    guards: &[Guard],
    listener: &OwnedFd,
    target: &Target<'_>,
    call: &Notification,
) -> Decision {
    let a = call.arguments;
    let creation = Creation {
        guards,
        listener,
        target,
        id: call.id,
    };
    match call.call {
        libc::SYS_mkdirat => creation.make_folder(a[0], a[1], a[2]).into(),
        libc::SYS_mknodat => creation.make_node(a[0], a[1], a[2]).into(),
        libc::SYS_symlinkat => creation.make_link(a[0], a[1], a[2]).into(),
        libc::SYS_linkat => creation.make_hard_link(a[0], a[1], a[2], a[3], a[4]).into(),
        libc::SYS_renameat => creation.rename(a[0], a[1], a[2], a[3], 0).into(),
        libc::SYS_renameat2 => creation.rename(a[0], a[1], a[2], a[3], a[4]).into(),
        libc::SYS_unlinkat => creation.remove(a[0], a[1], a[2]).into(),
        libc::SYS_openat => creation.open(a[0], a[1], int(a[2]), a[3], NO_FLAGS),
        libc::SYS_openat2 => creation.open_how(a[0], a[1], a[2], a[3]),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_mkdir => creation.make_folder(HERE, a[0], a[1]).into(),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_mknod => creation.make_node(HERE, a[0], a[1]).into(),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_symlink => creation.make_link(a[0], HERE, a[1]).into(),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_link => creation.make_hard_link(HERE, a[0], HERE, a[1], 0).into(),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_rename => creation.rename(HERE, a[0], HERE, a[1], 0).into(),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_unlink => creation.remove(HERE, a[0], 0).into(),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_creat => {
            let flags = libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC;
            creation.open(HERE, a[0], flags, a[1], NO_FLAGS)
        }
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open => creation.open(HERE, a[0], int(a[1]), a[2], NO_FLAGS),
        _ => Decision::Answer(Answer::Failed(libc::ENOSYS)),
    }
}

struct Creation<'a> {
    guards: &'a [Guard],
    listener: &'a OwnedFd,
    target: &'a Target<'a>,
    id: u64,
}

impl Creation<'_> {
    /// Where the path of a new name leads, if it may be created.
    fn new_name(&self, folder: u64, path: u64) -> Result<Spot, Errno> {
        let path = self.target.path(path)?;
        let spot = self.target.spot(folder, &path, NO_FLAGS)?;
        refuse_guarded(self.guards, &spot)?;
        Ok(spot)
    }

    fn make_folder(&self, folder: u64, path: u64, mode: u64) -> Result<(), Errno> {
        let spot = self.new_name(folder, path)?;
        umask(self.target.umask());
        mkdirat(&spot.folder, &spot.name, mode_of(mode))
    }

    fn make_node(&self, folder: u64, path: u64, mode: u64) -> Result<(), Errno> {
        let spot = self.new_name(folder, path)?.without_slash()?;
        let kind = int(mode).cast_unsigned();
        let file_type = match kind & libc::S_IFMT {
            0 => FileType::RegularFile,
            _ => FileType::from_raw_mode(kind),
        };
        // Devices need a right that no command has.
        if matches!(file_type, FileType::CharacterDevice | FileType::BlockDevice) {
            return Err(Errno::PERM);
        }
        umask(self.target.umask());
        mknodat(&spot.folder, &spot.name, file_type, mode_of(mode), 0)
    }

    fn make_link(&self, to: u64, folder: u64, path: u64) -> Result<(), Errno> {
        let to = self.target.path(to)?;
        let spot = self.new_name(folder, path)?.without_slash()?;
        symlinkat(&to, &spot.folder, &spot.name)
    }

    fn make_hard_link(
        &self,
        old_folder: u64,
        old: u64,
        folder: u64,
        path: u64,
        flags: u64,
    ) -> Result<(), Errno> {
        let flags = int(flags);
        if flags & !(libc::AT_SYMLINK_FOLLOW | libc::AT_EMPTY_PATH) != 0 {
            return Err(Errno::INVAL);
        }
        let old = self.target.path(old)?;
        let spot = self.new_name(folder, path)?.without_slash()?;
        if old.is_empty() {
            // By descriptor: needs a right that no command has.
            return Err(Errno::NOENT);
        }
        let mut from = self.target.spot(old_folder, &old, NO_FLAGS)?.without_slash()?;
        if flags & libc::AT_SYMLINK_FOLLOW != 0 {
            // A file without a name is named by its link in /proc.
            if from.is_in_proc()? {
                return linkat(
                    &from.folder,
                    &from.name,
                    &spot.folder,
                    &spot.name,
                    AtFlags::SYMLINK_FOLLOW,
                );
            }
            from = self.follow(from)?;
        }
        linkat(
            &from.folder,
            &from.name,
            &spot.folder,
            &spot.name,
            AtFlags::empty(),
        )
    }

    fn rename(&self, old_folder: u64, old: u64, folder: u64, path: u64, flags: u64) -> Result<(), Errno> {
        let old = self.target.path(old)?;
        let from = self.target.spot(old_folder, &old, NO_FLAGS)?;
        refuse_guarded(self.guards, &from)?;
        let to = self.new_name(folder, path)?;
        let flags = RenameFlags::from_bits_retain(int(flags).cast_unsigned());
        let with_slash = |spot: &Spot| {
            let mut name = spot.name.to_bytes().to_owned();
            if spot.slash {
                name.push(b'/');
            }
            name
        };
        let (from_name, to_name) = (with_slash(&from), with_slash(&to));
        renameat_with(
            &from.folder,
            OsStr::from_bytes(&from_name),
            &to.folder,
            OsStr::from_bytes(&to_name),
            flags,
        )
    }

    fn remove(&self, folder: u64, path: u64, flags: u64) -> Result<(), Errno> {
        let path = self.target.path(path)?;
        let spot = self.target.spot(folder, &path, NO_FLAGS)?;
        if find(self.guards, &spot, |guard| &guard.links)? {
            return Err(Errno::ROFS);
        }
        let flags = AtFlags::from_bits_retain(int(flags).cast_unsigned());
        if spot.slash && !flags.contains(AtFlags::REMOVEDIR) {
            return Err(Errno::NOTDIR);
        }
        unlinkat(&spot.folder, &spot.name, flags)
    }

    fn open_how(&self, folder: u64, path: u64, how: u64, size: u64) -> Decision {
        if size < 24 {
            return Decision::Answer(Answer::Failed(libc::EINVAL));
        }
        let how = match self.target.bytes(how, 24) {
            Ok(how) => how,
            Err(error) => return Err(error).into(),
        };
        let field = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&how[8 * at..8 * at + 8]);
            u64::from_ne_bytes(bytes)
        };
        let (flags, mode, resolve) = (field(0), field(1), field(2));
        if flags & u64::from(libc::O_CREAT.cast_unsigned()) == 0 {
            // Creates nothing, and Landlock sees to it.
            return Decision::Answer(Answer::Continue);
        }
        self.open(
            folder,
            path,
            int(flags),
            mode,
            ResolveFlags::from_bits_retain(resolve),
        )
    }

    /// Opens what doesn't exist; what exists is opened by the kernel.
    fn open(&self, folder: u64, path: u64, flags: i32, mode: u64, resolve: ResolveFlags) -> Decision {
        for _ in 0..3 {
            match self.create(folder, path, flags, mode, resolve) {
                // Somebody else was faster.
                Ok(None) | Err(Errno::EXIST) => {}
                Ok(Some(decision)) => return decision,
                Err(error) => return Err(error).into(),
            }
        }
        Decision::Answer(Answer::Continue)
    }

    fn create(
        &self,
        folder: u64,
        path: u64,
        flags: i32,
        mode: u64,
        resolve: ResolveFlags,
    ) -> Result<Option<Decision>, Errno> {
        const AS_IT_IS: Option<Decision> = Some(Decision::Answer(Answer::Continue));
        let flags = OFlags::from_bits_retain(flags.cast_unsigned());
        if flags.intersects(OFlags::DIRECTORY | OFlags::PATH) || !flags.contains(OFlags::CREATE) {
            return Ok(AS_IT_IS);
        }
        let path = self.target.path(path)?;
        // Whatever is wrong with the path, the kernel says it better.
        let Ok(spot) = self.target.spot(folder, &path, resolve) else {
            return Ok(AS_IT_IS);
        };
        let follows = !flags.intersects(OFlags::NOFOLLOW | OFlags::EXCL)
            && !resolve.contains(ResolveFlags::NO_SYMLINKS);
        let spot = if follows {
            match self.follow(spot) {
                Ok(spot) => spot,
                Err(_) => return Ok(AS_IT_IS),
            }
        } else {
            spot
        };
        if spot.slash || matches!(spot.name.to_bytes(), b"." | b"..") || spot.is_in_proc()? {
            return Ok(AS_IT_IS);
        }
        match statat(&spot.folder, &spot.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => return Ok(AS_IT_IS),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error),
        }
        refuse_guarded(self.guards, &spot)?;
        umask(self.target.umask());
        let close_on_exec = flags.contains(OFlags::CLOEXEC);
        let new = OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&spot.folder, &spot.name, flags | new, mode_of(mode))?;
        Ok(Some(
            match answer_with_file(self.listener.as_fd(), self.id, file.as_fd(), close_on_exec) {
                Ok(()) => Decision::Answered,
                Err(error) => Decision::Answer(Answer::Failed(error.raw_os_error().unwrap_or(libc::EMFILE))),
            },
        ))
    }

    /// Follows links in the last part, to where something is or could be created.
    fn follow(&self, mut spot: Spot) -> Result<Spot, Errno> {
        for _ in 0..MOST_LINKS {
            if spot.is_in_proc()? {
                return Ok(spot);
            }
            let to = match readlinkat(&spot.folder, &spot.name, Vec::new()) {
                Ok(to) => to,
                // No link, or nothing at all.
                Err(Errno::INVAL | Errno::NOENT) => return Ok(spot),
                Err(error) => return Err(error),
            };
            let slash = spot.slash;
            let base = (to.to_bytes().first() != Some(&b'/')).then_some(&spot.folder);
            spot = self.target.spot_from(base, to.to_bytes(), NO_FLAGS)?;
            spot.slash |= slash;
        }
        Err(Errno::LOOP)
    }
}

impl Spot {
    /// Whether the folder belongs to `/proc`, where nothing can be created.
    fn is_in_proc(&self) -> Result<bool, Errno> {
        Ok(i128::from(fstatfs(&self.folder)?.f_type) == PROC)
    }

    fn without_slash(self) -> Result<Self, Errno> {
        if self.slash { Err(Errno::NOENT) } else { Ok(self) }
    }

    /// A path to the file for calls that take one: by our descriptor.
    pub(super) fn open(&self) -> Result<(OwnedFd, String), Errno> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let name: &CStr = &self.name;
        let file = openat(&self.folder, name, flags, Mode::empty())?;
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        Ok((file, path))
    }
}

fn mode_of(mode: u64) -> Mode {
    Mode::from_raw_mode(int(mode).cast_unsigned() & 0o7777)
}
