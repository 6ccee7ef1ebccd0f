//! What a socket tells about its other end.

#![expect(unsafe_code, reason = "the request has no safe wrapper")]

use std::ffi::c_int;
use std::os::fd::{AsFd, AsRawFd};

use nix::libc;

/// Whether the other end of a local socket has read all that was written; `None` where the system does not tell.
pub fn is_all_read(socket: impl AsFd) -> Option<bool> {
    // Memory that it takes until it is read.
    let mut bytes: c_int = 0;
    // SAFETY: the request takes a pointer to a number, which outlives the call.
    let result = unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    (result == 0).then_some(bytes == 0)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    use super::is_all_read;

    #[test]
    fn what_was_written_is_read_when_the_other_end_has_all_of_it() {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        assert_eq!(is_all_read(&ours), Some(true));
        ours.write_all(b"hello").unwrap();
        assert_eq!(is_all_read(&ours), Some(false));
        theirs.read_exact(&mut [0; 4]).unwrap();
        assert_eq!(is_all_read(&ours), Some(false));
        theirs.read_exact(&mut [0; 1]).unwrap();
        assert_eq!(is_all_read(&ours), Some(true));
        assert_eq!(is_all_read(std::fs::File::open("/dev/null").unwrap()), None);
    }
}
