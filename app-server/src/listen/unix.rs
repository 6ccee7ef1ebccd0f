//! WebSockets over a Unix socket.
//!
//! The socket and its folder belong to the user alone. Who starts holds a lock beside the socket, so that of two daemons
//! one gets it; a socket that nobody answers is taken over.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

use codex_core::hex::hex;
use rustix::fs::{FlockOperation, Mode, flock};
use rustix::io::Errno;
use rustix::process::{geteuid, umask};
use sha2::{Digest, Sha256};
use tokio::net::{UnixListener, UnixStream};

use super::ListenError;

/// How long another daemon may take to start on the same socket, or to take a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Time between two tries to get the lock.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Name of the folder of the control socket.
const CONTROL_FOLDER: &str = "app-server-control";

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
    codex_home.join(CONTROL_FOLDER).join("app-server-control.sock")
}

/// The lock of who starts on a socket. Folders that were chosen by the user may belong to all: the lock is elsewhere then.
fn lock_path(path: &Path) -> io::Result<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    if is_control_folder(folder) {
        return Ok(folder.join("app-server-startup.lock"));
    }
    Ok(make_short_folder()?.join(format!("{}.lock", hash(path))))
}

/// Whether a folder is there for the control socket alone.
fn is_control_folder(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name == CONTROL_FOLDER)
}

/// A name for a path.
fn hash(path: &Path) -> String {
    hex(&Sha256::digest(path.as_os_str().as_encoded_bytes()))
}

/// Where the socket really is that has this path: paths that are too long for the address of a socket are links to a
/// short one.
pub(super) fn address_of(path: &Path) -> PathBuf {
    if path.as_os_str().as_encoded_bytes().len() <= MAX_PATH {
        return path.to_owned();
    }
    short_folder().join(hash(path))
}

/// Listens on the socket of this path.
pub(super) async fn bind(path: &Path) -> Result<ControlSocket, ListenError> {
    let path =
        std::path::absolute(path).map_err(|error| ListenError::Bind(path.display().to_string(), error))?;
    let failed = |error| ListenError::Bind(format!("unix://{}", path.display()), error);
    let folder = path.parent().unwrap_or(Path::new("/"));
    make_private(folder).map_err(failed)?;
    if is_control_folder(folder) {
        fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(failed)?;
    }
    let _lock = match lock_path(&path) {
        Ok(lock_path) => lock(&lock_path).await.map_err(failed)?,
        Err(error) => return Err(failed(error)),
    };
    let address = address_of(&path);
    if address != path {
        make_short_folder().map_err(failed)?;
    }
    take_over(&address).await.map_err(|error| match error.kind() {
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

/// Makes the folder of short paths, which must be ours and nobody else's.
fn make_short_folder() -> io::Result<PathBuf> {
    let folder = short_folder();
    make_private(&folder)?;
    check_private(&folder)?;
    Ok(folder)
}

/// Makes a folder for the user alone. One that is there stays as it is.
fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// A folder in a place where everybody may write must be ours and nobody else's.
fn check_private(folder: &Path) -> io::Result<()> {
    let metadata = folder.symlink_metadata()?;
    if metadata.is_dir() && metadata.uid() == geteuid().as_raw() && metadata.mode().trailing_zeros() >= 6 {
        return Ok(());
    }
    let text = format!(
        "{} is not a folder of this user alone; remove it",
        folder.display()
    );
    Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
}

/// Waits until no other daemon is about to start on the socket of this lock.
async fn lock(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)?;
    let taken = async {
        while let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
            if error != Errno::WOULDBLOCK {
                return Err(error.into());
            }
            tokio::time::sleep(LOCK_PAUSE).await;
        }
        Ok(())
    };
    match tokio::time::timeout(PATIENCE, taken).await {
        Ok(Ok(())) => Ok(file),
        Ok(Err(error)) => Err(error),
        Err(_) => {
            let text = format!("another daemon is starting: {} is locked", path.display());
            Err(io::Error::new(io::ErrorKind::TimedOut, text))
        }
    }
}

/// Removes a socket that nobody answers.
async fn take_over(address: &Path) -> io::Result<()> {
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
    match tokio::time::timeout(PATIENCE, UnixStream::connect(address)).await {
        // Nobody listens: who did is dead.
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(address),
        Ok(Err(error)) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
        // It is listened to, if only by one that is too busy to take connections.
        Ok(_) | Err(_) => Err(io::ErrorKind::AddrInUse.into()),
    }
}
