//! Changes in folders, as Linux tells them (inotify(7)): what has changed before a question is known when it is asked.

use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use super::{FolderEvent, FolderInterest, WatchedFolder};

/// What happens in a folder and matters: its entries come, go, or have other content.
const CHANGES: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::MODIFY)
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF);
/// What happens in a folder and changes which entries it has.
const NAMES: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF);
/// What happens in a folder where something is awaited.
const ARRIVALS: WatchFlags = WatchFlags::CREATE.union(WatchFlags::MOVED_TO);

/// Stack of the thread that waits, in bytes.
const STACK: usize = 128 << 10;

/// A watch over folders.
#[derive(Debug)]
pub(crate) struct FolderWatch(OwnedFd);

impl FolderWatch {
    /// A watch over nothing so far. Fails where the system has none to give.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?))
    }

    /// Watches a folder. What is watched already is watched for this as well.
    pub(crate) fn add(&self, folder: &Path, interest: FolderInterest) -> io::Result<WatchedFolder> {
        let what = match interest {
            FolderInterest::Changes => CHANGES,
            FolderInterest::Names => NAMES,
            FolderInterest::Arrivals => ARRIVALS,
        };
        // What is watched already stays so.
        let flags = what | WatchFlags::ONLYDIR | WatchFlags::MASK_ADD | WatchFlags::EXCL_UNLINK;
        Ok(inotify::add_watch(&self.0, folder, flags)?)
    }

    /// Ends the watch over a folder.
    pub(crate) fn remove(&self, folder: WatchedFolder) {
        // It may have ended by itself.
        let _ = inotify::remove_watch(&self.0, folder);
    }

    /// Whether nothing has happened that was not taken. Never waits.
    pub(crate) fn is_quiet(&self) -> bool {
        let mut ready = [PollFd::new(&self.0, PollFlags::IN)];
        matches!(poll(&mut ready, Some(&Timespec::default())), Ok(0))
    }

    /// How many folders all programs of the user may watch together, if that is known.
    pub(crate) fn most() -> Option<usize> {
        let text = std::fs::read_to_string("/proc/sys/fs/inotify/max_user_watches").ok()?;
        text.trim().parse().ok()
    }

    /// Takes everything that has happened so far. Never waits.
    pub(crate) fn take(&self, mut each: impl FnMut(FolderEvent)) {
        let mut buffer = [MaybeUninit::uninit(); 8192];
        let mut reader = Reader::new(&self.0, &mut buffer);
        loop {
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::INTR) => continue,
                // Nothing more.
                Err(_) => return,
            };
            let kinds = event.events();
            each(if kinds.contains(ReadFlags::QUEUE_OVERFLOW) {
                FolderEvent::Lost
            } else if kinds.contains(ReadFlags::IGNORED) {
                FolderEvent::Ended(event.wd())
            } else {
                let name = event
                    .file_name()
                    .map(|name| OsStr::from_bytes(name.to_bytes()).to_owned());
                FolderEvent::Changed(event.wd(), name)
            });
        }
    }

    /// Calls this on a thread of its own whenever there is something to take, until it gives false. It must take it.
    pub(crate) fn on_event(&self, mut call: impl FnMut() -> bool + Send + 'static) -> io::Result<()> {
        let file = self.0.try_clone()?;
        let wait = move || {
            loop {
                let mut ready = [PollFd::new(&file, PollFlags::IN)];
                match poll(&mut ready, None) {
                    Ok(_) if call() => {}
                    Err(Errno::INTR) => {}
                    Ok(_) | Err(_) => return,
                }
            }
        };
        let thread = std::thread::Builder::new().name("folder-watch".into());
        thread.stack_size(STACK).spawn(wait).map(drop)
    }
}
