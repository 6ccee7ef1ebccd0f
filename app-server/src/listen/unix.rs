//! WebSockets over a Unix socket.
//!
//! The socket and its folder belong to the user alone. Who starts holds a lock beside the socket, so that of two daemons
//! one gets it; a socket that nobody answers is taken over.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, flock};
use rustix::process::{geteuid, umask};
use sha2::{Digest, Sha256};
use tokio::net::{UnixListener, UnixStream};

use super::ListenError;

/// Longest path that fits in the address of a socket, in bytes.
const MAX_PATH: usize = 107;

/// The socket of a daemon, which is removed at the end.
pub(super) struct ControlSocket {
    pub(super) listener: UnixListener,
    remove: Vec<Mine>,
}

/// A file that we have made.
struct Mine {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// Where the control socket of a home is.
pub(super) fn default_path(codex_home: &Path) -> PathBuf {
    codex_home
        .join("app-server-control")
        .join("app-server-control.sock")
}

/// Where the socket really is that has this path: paths that are too long for the address of a socket are links to a
/// short one.
pub(super) fn address_of(path: &Path) -> PathBuf {
    let bytes = path.as_os_str().as_encoded_bytes();
    if bytes.len() <= MAX_PATH {
        return path.to_owned();
    }
    let name: String = Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    short_folder().join(name)
}

/// Listens on the socket of this path. Blocks for a moment.
pub(super) fn bind(path: &Path) -> Result<ControlSocket, ListenError> {
    let path =
        std::path::absolute(path).map_err(|error| ListenError::Bind(path.display().to_string(), error))?;
    let failed = |error| ListenError::Bind(format!("unix://{}", path.display()), error);
    let folder = path.parent().unwrap_or(Path::new("/"));
    make_private(folder).map_err(failed)?;
    let _lock = lock(folder).map_err(failed)?;
    let address = address_of(&path);
    if address != path {
        make_private(&short_folder())
            .and_then(|()| check_private(&short_folder()))
            .map_err(failed)?;
    }
    take_over(&address).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse(path.clone()),
        _ => failed(error),
    })?;
    let before = umask(Mode::RWXG | Mode::RWXO | Mode::XUSR);
    let listener = UnixListener::bind(&address);
    umask(before);
    let listener = listener.map_err(failed)?;
    let mut remove = vec![Mine::new(&address).map_err(failed)?];
    if address != path {
        if path.is_symlink() {
            fs::remove_file(&path).map_err(failed)?;
        }
        std::os::unix::fs::symlink(&address, &path).map_err(failed)?;
        remove.push(Mine::new(&path).map_err(failed)?);
    }
    Ok(ControlSocket { listener, remove })
}

/// Whether the process at the other end belongs to our user.
pub(super) fn is_ours(stream: &UnixStream) -> bool {
    stream
        .peer_cred()
        .is_ok_and(|peer| peer.uid() == geteuid().as_raw())
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        for mine in &self.remove {
            mine.remove();
        }
    }
}

impl Mine {
    fn new(path: &Path) -> io::Result<Self> {
        let metadata = path.symlink_metadata()?;
        Ok(Self {
            path: path.to_owned(),
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }

    /// Removes the file, unless another daemon has put its own in its place.
    fn remove(&self) {
        let is_mine = self
            .path
            .symlink_metadata()
            .is_ok_and(|found| (found.dev(), found.ino()) == (self.device, self.inode));
        if is_mine && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "the socket could not be removed");
        }
    }
}

fn short_folder() -> PathBuf {
    PathBuf::from(format!("/tmp/codex-daemon-{}", geteuid().as_raw()))
}

/// Makes a folder for the user alone. One that is there stays as it is.
fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// A folder in a place where everybody may write must be ours and nobody else's.
fn check_private(folder: &Path) -> io::Result<()> {
    let metadata = folder.symlink_metadata()?;
    if metadata.is_dir() && metadata.uid() == geteuid().as_raw() && metadata.mode() & 0o077 == 0 {
        return Ok(());
    }
    let text = format!(
        "{} is not a folder of this user alone; remove it",
        folder.display()
    );
    Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
}

/// Waits until no other daemon is about to start on a socket of this folder.
fn lock(folder: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(folder.join("app-server-startup.lock"))?;
    flock(&file, FlockOperation::LockExclusive)?;
    Ok(file)
}

/// Removes a socket that nobody answers.
fn take_over(address: &Path) -> io::Result<()> {
    let metadata = match address.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    // The reference makes a link to where its socket is.
    let is_stale_link = metadata.is_symlink() && !address.exists();
    if is_stale_link {
        return fs::remove_file(address);
    }
    let is_socket = address
        .metadata()
        .is_ok_and(|target| target.file_type().is_socket());
    if !is_socket {
        let text = "there is a file of another kind at this path";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    match StdUnixStream::connect(address) {
        Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
        // Nobody listens: who did is dead.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(address),
        // It is listened to, and busy.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(io::ErrorKind::AddrInUse.into()),
        Err(error) => Err(error),
    }
}
