//! Connecting and binding: Unix sockets reach only what was bound inside.

use std::collections::HashSet;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::libc;
use rustix::fs::{AtFlags, CWD, FileType, OFlags, ResolveFlags, fcntl_getfl, fstat, openat, statat};
use rustix::io::Errno;
use rustix::process::{fchdir, umask};

use super::super::plan::Guard;
use super::super::syscalls::{self, Answer, Notification, answer};
use super::Decision;
use super::creation::{HERE, is_guarded};
use super::target::{Target, int};

/// Bytes of the largest address (struct sockaddr_storage).
const LONGEST: usize = 128;

/// Where the name of a Unix address begins.
const NAME: usize = 2;

/// Bytes of a name of a Unix address at most.
const LONGEST_NAME: usize = 108;

/// Calls that wait for the other side, each in a thread of its own, at most.
const MOST_WAITING: usize = 256;

/// The sockets that were bound inside.
pub(super) struct Sockets {
    /// The network namespace is our own, and so are its abstract sockets.
    own_network: bool,
    /// Device and number of sockets with a path.
    paths: HashSet<(u64, u64)>,
    /// Names of abstract ones.
    names: HashSet<Vec<u8>>,
    waiting: Arc<AtomicUsize>,
}

impl Sockets {
    pub(super) fn new(own_network: bool) -> Self {
        Self {
            own_network,
            paths: HashSet::new(),
            names: HashSet::new(),
            waiting: Arc::default(),
        }
    }

    pub(super) fn connect(
        &self,
        listener: &Arc<OwnedFd>,
        target: &Target<'_>,
        call: &Notification,
    ) -> Decision {
        match self.prepare(target, call) {
            Ok(Connection {
                socket,
                address,
                keep,
            }) => {
                let waits = fcntl_getfl(&socket).is_ok_and(|flags| !flags.contains(OFlags::NONBLOCK));
                if !waits {
                    return Decision::Answer(connected(&socket, &address));
                }
                if self.waiting.fetch_add(1, Ordering::Relaxed) >= MOST_WAITING {
                    self.waiting.fetch_sub(1, Ordering::Relaxed);
                    return Decision::Answer(Answer::Failed(libc::EAGAIN));
                }
                let (listener, waiting, id) = (Arc::clone(listener), Arc::clone(&self.waiting), call.id);
                let started = std::thread::Builder::new().stack_size(64 * 1024).spawn(move || {
                    let decided = connected(&socket, &address);
                    drop(keep);
                    answer(listener.as_fd(), id, &decided);
                    waiting.fetch_sub(1, Ordering::Relaxed);
                });
                if started.is_err() {
                    self.waiting.fetch_sub(1, Ordering::Relaxed);
                    return Decision::Answer(Answer::Failed(libc::EAGAIN));
                }
                Decision::Answered
            }
            Err(error) => Err(error).into(),
        }
    }

    /// Everything that a connection needs, if it may be made.
    fn prepare(&self, target: &Target<'_>, call: &Notification) -> Result<Connection, Errno> {
        let socket = target.descriptor(call.arguments[0])?;
        let address = read_address(target, call)?;
        let family = syscalls::socket_family(socket.as_fd()).map_err(|_| Errno::NOTSOCK)?;
        if family != libc::AF_UNIX || address_family(&address) != libc::AF_UNIX {
            // With another family, a Unix socket connects to nothing.
            return Ok(Connection {
                socket,
                address,
                keep: None,
            });
        }
        let name = &address[NAME..];
        if name.first().is_none_or(|byte| *byte == 0) {
            if !self.own_network && !self.names.contains(name) {
                return Err(Errno::CONNREFUSED);
            }
            return Ok(Connection {
                socket,
                address,
                keep: None,
            });
        }
        let (file, path) = socket_file(target, name)?;
        let found = fstat(&file)?;
        if FileType::from_raw_mode(found.st_mode) != FileType::Socket || !self.paths.contains(&id(&found)) {
            return Err(Errno::ACCESS);
        }
        let mut address = address[..NAME].to_owned();
        address.extend_from_slice(path.as_bytes());
        address.push(0);
        Ok(Connection {
            socket,
            address,
            keep: Some(file),
        })
    }

    pub(super) fn bind(
        &mut self,
        guards: &[Guard],
        target: &Target<'_>,
        call: &Notification,
    ) -> Result<(), Errno> {
        let socket = target.descriptor(call.arguments[0])?;
        let address = read_address(target, call)?;
        let family = syscalls::socket_family(socket.as_fd()).map_err(|_| Errno::NOTSOCK)?;
        let bind = || syscalls::bind(socket.as_fd(), &address).map_err(errno);
        if family != libc::AF_UNIX || address_family(&address) != libc::AF_UNIX {
            return bind();
        }
        let name = &address[NAME..];
        if name.first().is_none_or(|byte| *byte == 0) {
            bind()?;
            self.names.insert(name.to_owned());
            return Ok(());
        }
        let path = std::ffi::CString::new(path_of(name)).map_err(|_| Errno::INVAL)?;
        let spot = target.spot(HERE, &path, ResolveFlags::empty())?;
        if is_guarded(guards, &spot)? {
            return Err(Errno::ROFS);
        }
        // What is there before is not what is bound now, wherever the path leads in the meantime.
        match statat(&spot.folder, &spot.name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => {}
            Ok(_) => return Err(Errno::ADDRINUSE),
            Err(error) => return Err(error),
        }
        // The name that is bound is told to others: it has to be the one that was asked for.
        fchdir(target.base(HERE)?)?;
        umask(target.umask());
        let bound = bind();
        let back = openat(
            CWD,
            "/",
            OFlags::PATH | OFlags::CLOEXEC,
            rustix::fs::Mode::empty(),
        )?;
        fchdir(back)?;
        bound?;
        if let Ok(made) = statat(&spot.folder, &spot.name, AtFlags::SYMLINK_NOFOLLOW) {
            self.paths.insert(id(&made));
        }
        Ok(())
    }
}

struct Connection {
    socket: OwnedFd,
    address: Vec<u8>,
    /// The file that the address names by our descriptor.
    keep: Option<OwnedFd>,
}

fn connected(socket: &OwnedFd, address: &[u8]) -> Answer {
    match syscalls::connect(socket.as_fd(), address) {
        Ok(()) => Answer::Done,
        Err(error) => Answer::Failed(error.raw_os_error().unwrap_or(libc::ECONNREFUSED)),
    }
}

/// The socket that a path leads to, and a path to it by our descriptor.
fn socket_file(target: &Target<'_>, name: &[u8]) -> Result<(OwnedFd, String), Errno> {
    let mut path = path_of(name).to_owned();
    let mut base = None;
    for _ in 0..40 {
        let path_now = std::ffi::CString::new(std::mem::take(&mut path)).map_err(|_| Errno::INVAL)?;
        let spot = match base.take() {
            Some(base) => target.spot_from(Some(&base), path_now.to_bytes(), ResolveFlags::empty())?,
            None => target.spot(HERE, &path_now, ResolveFlags::empty())?,
        };
        let (file, own) = spot.open()?;
        if FileType::from_raw_mode(fstat(&file)?.st_mode) != FileType::Symlink {
            return Ok((file, own));
        }
        let to = rustix::fs::readlinkat(&spot.folder, &spot.name, Vec::new())?;
        path = to.into_bytes();
        if path.first() != Some(&b'/') {
            base = Some(spot.folder);
        }
    }
    Err(Errno::LOOP)
}

fn read_address(target: &Target<'_>, call: &Notification) -> Result<Vec<u8>, Errno> {
    let length = usize::try_from(int(call.arguments[2])).map_err(|_| Errno::INVAL)?;
    if !(NAME..=LONGEST).contains(&length) {
        return Err(Errno::INVAL);
    }
    let address = target.bytes(call.arguments[1], length)?;
    if address_family(&address) == libc::AF_UNIX && length > NAME + LONGEST_NAME {
        return Err(Errno::INVAL);
    }
    Ok(address)
}

fn address_family(address: &[u8]) -> i32 {
    address
        .first_chunk()
        .map_or(0, |family| u16::from_ne_bytes(*family).into())
}

/// A path ends with its length, or sooner with a zero.
fn path_of(name: &[u8]) -> &[u8] {
    name.split(|byte| *byte == 0).next().unwrap_or(name)
}

#[expect(clippy::useless_conversion, reason = "the types differ by system")]
fn id(found: &rustix::fs::Stat) -> (u64, u64) {
    (u64::from(found.st_dev), u64::from(found.st_ino))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
fn errno(error: std::io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::IO)
}
