//! The system calls of the sandbox that no library wraps in safe functions. With `heap.rs` and
//! `socket.rs`, the only `unsafe` code of this crate.

#![expect(
    unsafe_code,
    reason = "fork in a process with one thread, seccomp user notification, and calls without a safe wrapper"
)]

use std::ffi::CStr;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::libc;

/// One instruction of a seccomp filter, as the kernel takes it.
pub(super) type Instruction = libc::sock_filter;

/// Makes a mount read-only (mount_setattr(2)).
pub(super) const MOUNT_READ_ONLY: u64 = 0x1;
/// Set-user-ID bits on a mount count for nothing.
pub(super) const MOUNT_NO_SUID: u64 = 0x2;
/// Device files on a mount are no devices.
pub(super) const MOUNT_NO_DEVICES: u64 = 0x4;

fn check(result: libc::c_long) -> io::Result<libc::c_long> {
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

/// Which side of a fork we are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forked {
    /// The process that forked, with the number of its child.
    Parent(i32),
    /// The new process.
    Child,
}

/// Forks. Only for the launcher, which has one thread until then.
pub(super) fn fork() -> io::Result<Forked> {
    // SAFETY: the launcher runs this before it starts any thread, so no lock can be held by another one.
    let id = unsafe { libc::fork() };
    check(id.into())?;
    Ok(match id {
        0 => Forked::Child,
        id => Forked::Parent(id),
    })
}

/// Forks as our parent would: the new process is a child of that one, which waits for it. Only for the fork server, which
/// has one thread.
pub(super) fn fork_for_parent() -> io::Result<Forked> {
    let flags = libc::CLONE_PARENT | libc::SIGCHLD;
    // SAFETY: without CLONE_VM this is a fork, and the new process goes on with a copy of this stack. There is no other
    // thread that could hold a lock.
    let id = check(unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) })?;
    Ok(match id {
        0 => Forked::Child,
        id => Forked::Parent(i32::try_from(id).map_err(io::Error::other)?),
    })
}

/// Ends the process at once, without clean-up that belongs to its parent.
pub(super) fn exit_now(code: i32) -> ! {
    // SAFETY: takes a number and does not return.
    unsafe { libc::_exit(code) }
}

/// Adds attributes (`MOUNT_…`) to a mount, or to a whole tree of them.
pub(super) fn add_mount_attributes(
    mount: BorrowedFd<'_>,
    recursive: bool,
    attributes: u64,
) -> io::Result<()> {
    let mut flags = libc::AT_EMPTY_PATH;
    if recursive {
        flags |= libc::AT_RECURSIVE;
    }
    // struct mount_attr: set, clear, propagation, user namespace.
    let attributes: [u64; 4] = [attributes, 0, 0, 0];
    // SAFETY: the path is an empty C string, and the structure has the size that is given with it.
    check(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            attributes.as_ptr(),
            size_of_val(&attributes),
        )
    })?;
    Ok(())
}

/// Leaves the session keyring of whoever started us for a new, empty one.
pub(super) fn join_new_keyring() -> io::Result<()> {
    const JOIN_SESSION_KEYRING: libc::c_long = 1;
    // SAFETY: a null name is allowed and means an anonymous keyring.
    let joined = check(unsafe {
        libc::syscall(
            libc::SYS_keyctl,
            JOIN_SESSION_KEYRING,
            std::ptr::null::<libc::c_char>(),
        )
    });
    match joined {
        // A kernel without keyrings has nothing to leave.
        Err(error) if error.raw_os_error() == Some(libc::ENOSYS) => Ok(()),
        joined => joined.map(drop),
    }
}

/// Gives up the controlling terminal that the session has.
pub(super) fn leave_terminal(terminal: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: ignoring a signal installs no function, and the request takes no argument.
    let left = unsafe {
        // The session's processes are told that their terminal is gone.
        libc::signal(libc::SIGHUP, libc::SIG_IGN);
        let left = libc::ioctl(terminal.as_raw_fd(), libc::TIOCNOTTY);
        libc::signal(libc::SIGHUP, libc::SIG_DFL);
        left
    };
    match check(left.into()) {
        // It is nobody's controlling terminal.
        Err(error) if error.raw_os_error() == Some(libc::ENOTTY) => Ok(()),
        left => left.map(drop),
    }
}

/// Closes every descriptor from `first` on.
pub(super) fn close_from(first: u32) -> io::Result<()> {
    // SAFETY: only called where no object of ours owns a descriptor of these.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) }).map(drop)
}

/// Switches the loop-back interface of our network namespace on.
pub(super) fn switch_loopback_on() -> io::Result<()> {
    // SAFETY: plain numbers.
    let socket =
        check(unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) }.into())?;
    let socket = RawFd::try_from(socket).map_err(io::Error::other)?;
    // SAFETY: the descriptor was just made and belongs to nobody else.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    // SAFETY: all-zero bytes are a valid ifreq.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(c"lo".to_bytes()) {
        *to = from.cast_signed();
    }
    #[expect(clippy::cast_possible_truncation, reason = "the flags fit")]
    let flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    request.ifr_ifru.ifru_flags = flags;
    // SAFETY: the request takes a pointer to an ifreq, which outlives the call.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) }.into()).map(drop)
}

/// Sets every signal to what it does by default, and blocks none.
pub(super) fn reset_signals() {
    for signal in 1..=64 {
        // SAFETY: the default action is no function; signals that can't be changed are refused without effect.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: an all-zero set is valid and is filled before it is used.
    unsafe {
        let mut none: libc::sigset_t = mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Puts this process under a filter for ever. With `listener`, gives the descriptor on which a supervisor is told of
/// the calls that the filter sends to it.
pub(super) fn install_filter(program: &[Instruction], listener: bool) -> io::Result<Option<OwnedFd>> {
    const SET_MODE_FILTER: libc::c_ulong = 1;
    const NEW_LISTENER: libc::c_ulong = 1 << 3;
    const WAIT_KILLABLE: libc::c_ulong = 1 << 5;
    let length = u16::try_from(program.len()).map_err(io::Error::other)?;
    let program = libc::sock_fprog {
        len: length,
        filter: program.as_ptr().cast_mut(),
    };
    let install = |flags: libc::c_ulong| {
        // SAFETY: the kernel copies the program, which lives for the call and is only read.
        check(unsafe { libc::syscall(libc::SYS_seccomp, SET_MODE_FILTER, flags, &raw const program) })
    };
    let result = if listener {
        // A call that was carried out already must not be made again because of a signal.
        match install(NEW_LISTENER | WAIT_KILLABLE) {
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => install(NEW_LISTENER),
            result => result,
        }
    } else {
        install(0)
    }?;
    if !listener {
        return Ok(None);
    }
    let descriptor = RawFd::try_from(result).map_err(io::Error::other)?;
    // SAFETY: the descriptor was just made and belongs to nobody else.
    Ok(Some(unsafe { OwnedFd::from_raw_fd(descriptor) }))
}

/// A call that waits for the supervisor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Notification {
    /// Names the call.
    pub(super) id: u64,
    /// The thread that made it, in the supervisor's numbers.
    pub(super) thread: i32,
    /// Number of the call.
    pub(super) call: i64,
    /// Its arguments.
    pub(super) arguments: [u64; 6],
}

/// Takes the next call.
pub(super) fn receive(listener: BorrowedFd<'_>) -> io::Result<Notification> {
    // SAFETY: all-zero bytes are a valid structure, and what the kernel asks for.
    let mut notification: libc::seccomp_notif = unsafe { mem::zeroed() };
    // SAFETY: the request takes a pointer to this structure, which outlives the call.
    check(
        unsafe {
            libc::ioctl(
                listener.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_RECV,
                &raw mut notification,
            )
        }
        .into(),
    )?;
    Ok(Notification {
        id: notification.id,
        thread: notification.pid.cast_signed(),
        call: notification.data.nr.into(),
        arguments: notification.data.args,
    })
}

/// Whether the call still waits: if so, what was read by its thread's number was read from it.
pub(super) fn still_waits(listener: BorrowedFd<'_>, id: u64) -> bool {
    // SAFETY: the request takes a pointer to the number, which outlives the call.
    unsafe {
        libc::ioctl(
            listener.as_raw_fd(),
            libc::SECCOMP_IOCTL_NOTIF_ID_VALID,
            &raw const id,
        ) == 0
    }
}

/// What becomes of a call.
#[derive(Debug)]
pub(super) enum Answer {
    /// The kernel carries it out, within all other limits.
    Continue,
    /// It has succeeded.
    Done,
    /// It has failed with this number.
    Failed(i32),
}

/// Answers a call. One whose caller is gone is no error.
pub(super) fn answer(listener: BorrowedFd<'_>, id: u64, answer: &Answer) {
    let (error, flags) = match answer {
        Answer::Continue => (0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE),
        Answer::Done => (0, 0),
        Answer::Failed(error) => (-error, 0),
    };
    let response = libc::seccomp_notif_resp {
        id,
        val: 0,
        error,
        flags: u32::try_from(flags).unwrap_or(0),
    };
    // SAFETY: the request takes a pointer to this structure, which outlives the call.
    unsafe {
        libc::ioctl(
            listener.as_raw_fd(),
            libc::SECCOMP_IOCTL_NOTIF_SEND,
            &raw const response,
        )
    };
}

/// Answers a call with a file that was opened for it.
pub(super) fn answer_with_file(
    listener: BorrowedFd<'_>,
    id: u64,
    file: BorrowedFd<'_>,
    close_on_exec: bool,
) -> io::Result<()> {
    let request = libc::seccomp_notif_addfd {
        id,
        flags: u32::try_from(libc::SECCOMP_ADDFD_FLAG_SEND).unwrap_or(0),
        srcfd: file.as_raw_fd().cast_unsigned(),
        newfd: 0,
        newfd_flags: if close_on_exec {
            libc::O_CLOEXEC.cast_unsigned()
        } else {
            0
        },
    };
    // SAFETY: the request takes a pointer to this structure, which outlives the call.
    check(
        unsafe {
            libc::ioctl(
                listener.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_ADDFD,
                &raw const request,
            )
        }
        .into(),
    )
    .map(drop)
}

/// Lets the kernel switch straight to the supervisor and back, where it can.
pub(super) fn wake_synchronously(listener: BorrowedFd<'_>) {
    const SYNC_WAKE_UP: libc::c_ulong = 1;
    // SAFETY: the request takes a number. Older kernels refuse it without effect.
    unsafe {
        libc::ioctl(
            listener.as_raw_fd(),
            libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS,
            SYNC_WAKE_UP,
        )
    };
}

/// Copies memory of another process; gives the number of bytes copied.
pub(super) fn read_memory(process: i32, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let local = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let remote = libc::iovec {
        iov_base: std::ptr::with_exposed_provenance_mut(usize::try_from(address).map_err(io::Error::other)?),
        iov_len: buffer.len(),
    };
    // SAFETY: the local side is the buffer; the remote address is checked by the kernel.
    let read = check(unsafe {
        libc::process_vm_readv(process, &raw const local, 1, &raw const remote, 1, 0)
            .try_into()
            .unwrap_or(-1)
    })?;
    usize::try_from(read).map_err(io::Error::other)
}

/// Connects a socket to an address in the kernel's encoding.
pub(super) fn connect(socket: BorrowedFd<'_>, address: &[u8]) -> io::Result<()> {
    let length = libc::socklen_t::try_from(address.len()).map_err(io::Error::other)?;
    // SAFETY: the kernel reads `length` bytes, which the slice has.
    check(unsafe { libc::connect(socket.as_raw_fd(), address.as_ptr().cast(), length) }.into()).map(drop)
}

/// Binds a socket to an address in the kernel's encoding.
pub(super) fn bind(socket: BorrowedFd<'_>, address: &[u8]) -> io::Result<()> {
    let length = libc::socklen_t::try_from(address.len()).map_err(io::Error::other)?;
    // SAFETY: the kernel reads `length` bytes, which the slice has.
    check(unsafe { libc::bind(socket.as_raw_fd(), address.as_ptr().cast(), length) }.into()).map(drop)
}

/// The address family that a socket was made for.
pub(super) fn socket_family(socket: BorrowedFd<'_>) -> io::Result<i32> {
    let mut family: libc::c_int = 0;
    let mut length = libc::socklen_t::try_from(size_of_val(&family)).map_err(io::Error::other)?;
    // SAFETY: the kernel writes at most `length` bytes, the size of the number.
    check(
        unsafe {
            libc::getsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_DOMAIN,
                (&raw mut family).cast(),
                &raw mut length,
            )
        }
        .into(),
    )?;
    Ok(family)
}

/// Executes a program, looked up in the `PATH` of `variables` unless it has a slash. Returns only if that fails.
pub(super) fn execute(program: &CStr, arguments: &[&CStr], variables: &[&CStr]) -> io::Error {
    let pointers = |strings: &[&CStr]| {
        strings
            .iter()
            .map(|string| string.as_ptr())
            .chain([std::ptr::null()])
            .collect::<Vec<_>>()
    };
    let (arguments, variables) = (pointers(arguments), pointers(variables));
    // SAFETY: both arrays end with a null pointer and point to C strings that outlive the call.
    unsafe { libc::execve(program.as_ptr(), arguments.as_ptr(), variables.as_ptr()) };
    io::Error::last_os_error()
}
