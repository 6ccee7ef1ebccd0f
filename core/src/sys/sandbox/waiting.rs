//! A launcher that has no command yet: it makes everything that depends on none, down to the process that becomes one.
//! That process says that it is ready, and waits on its standard input, a socket, to be told what to run.
//!
//! What it is told: a length, with which come the three descriptors that the command gets as its standard streams, then
//! that many bytes: the plan, the folder, the command's words and the variables, each of them with its length.

use std::ffi::{CString, OsStr};
use std::io::{self, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use super::command::{self, Start};
use super::launcher::{enter_namespaces, supervise};
use super::mounts::{Copies, View};
use super::plan::Layers;
use super::syscalls::{close_from, exit_now};

/// What it says when it is ready.
pub(crate) const READY: u8 = b'!';

/// Bytes that it can be told.
const LONGEST: usize = 64 << 20;

/// The message, but for the descriptors: its length, and what follows.
pub(crate) fn message<'a>(
    plan: &str,
    folder: &Path,
    command: &[impl AsRef<OsStr>],
    variables: impl Iterator<Item = (&'a OsStr, &'a OsStr)>,
) -> (Vec<u8>, [u8; 4]) {
    let mut body = Vec::with_capacity(4096);
    let mut put = |parts: &[&[u8]]| {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        body.extend_from_slice(&number(length));
        for part in parts {
            body.extend_from_slice(part);
        }
    };
    put(&[plan.as_bytes()]);
    put(&[folder.as_os_str().as_bytes()]);
    put(&[&number(command.len())]);
    for word in command {
        put(&[word.as_ref().as_bytes()]);
    }
    for (name, value) in variables {
        put(&[name.as_bytes(), b"=", value.as_bytes()]);
    }
    let length = number(body.len());
    (body, length)
}

/// Makes ready, waits for the command, and runs it; its exit code. `network`: it may use the host's.
pub(super) fn run(network: bool) -> io::Result<u8> {
    close_from(3)?;
    enter_namespaces(network)?;
    let view = View::new(false)?;
    supervise(move |handover| {
        let started = command::settle(Layers::default()).and_then(|settled| {
            let start = wait_for_start()?;
            if start.plan.network != network || start.plan.layers != Layers::default() {
                return Err(io::Error::other("the launcher was made for other limits"));
            }
            view.restrict(&start.plan, Copies::of(&start.plan)?)?;
            Ok((start, settled))
        });
        match started {
            Ok((start, settled)) => command::run_settled(&start, settled, Some(handover)),
            Err(error) => error,
        }
    })
}

/// Waits to be told. Ends the process if nobody is left to tell.
fn wait_for_start() -> io::Result<Start> {
    let control = rustix::stdio::stdin();
    rustix::io::write(control, &[READY])?;
    let (length, streams) = receive_streams()?;
    let mut body = vec![0; length];
    // Descriptor 0 is the socket until it is replaced below.
    io::stdin().lock().read_exact(&mut body)?;
    let start = read(&body)?;
    let [input, output, errors] = streams;
    rustix::stdio::dup2_stdin(&input)?;
    rustix::stdio::dup2_stdout(&output)?;
    rustix::stdio::dup2_stderr(&errors)?;
    Ok(start)
}

/// The length of what follows, and the descriptors that come with it.
fn receive_streams() -> io::Result<(usize, [OwnedFd; 3])> {
    let mut length = [0; 4];
    let (count, streams) = receive(&mut length)?;
    if count == 0 {
        exit_now(0);
    }
    let length = usize::try_from(u32::from_le_bytes(length)).map_err(io::Error::other)?;
    match <[OwnedFd; 3]>::try_from(streams) {
        Ok(streams) if count == 4 && length <= LONGEST => Ok((length, streams)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Reads these bytes from standard input, a socket, with the descriptors that come with them, three at most. Gives how many
/// bytes came; fewer only at the end.
pub(super) fn receive(bytes: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(
        rustix::stdio::stdin().as_fd(),
        &mut [IoSliceMut::new(bytes)],
        &mut ancillary,
        RecvFlags::CMSG_CLOEXEC | RecvFlags::WAITALL,
    )?;
    let files = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(files) => Some(files),
        _ => None,
    });
    Ok((received.bytes, files.flatten().collect()))
}

fn read(mut body: &[u8]) -> io::Result<Start> {
    let mut next = || -> io::Result<Option<&[u8]>> {
        let Some((length, rest)) = body.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(io::Error::other)?;
        let part = rest.get(..length).ok_or(io::ErrorKind::InvalidData)?;
        body = &rest[length..];
        Ok(Some(part))
    };
    let mut must = || next()?.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData));
    let plan = serde_json::from_slice(must()?)?;
    let folder = OsStr::from_bytes(must()?).into();
    let words = must()?.first_chunk::<4>().ok_or(io::ErrorKind::InvalidData)?;
    let words = u32::from_le_bytes(*words);
    let command = (0..words)
        .map(|_| Ok(CString::new(must()?)?))
        .collect::<io::Result<Vec<_>>>()?;
    let mut variables = Vec::new();
    while let Some(variable) = next()? {
        variables.push(CString::new(variable)?);
    }
    Ok(Start::told(plan, folder, command, variables))
}

/// Lengths are far below the limit; what is not is refused by the other side.
fn number(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    #[test]
    fn what_it_is_told_is_read_as_it_was_meant() {
        let plan = serde_json::to_string(&super::super::plan::Plan::default()).expect("JSON");
        let odd = OsString::from(OsStr::from_bytes(b"a\xff b"));
        let command = [OsString::from("sh"), odd.clone(), OsString::new()];
        let variables =
            [("A", "1=2"), ("EMPTY", "")].map(|(name, value)| (OsStr::new(name), OsStr::new(value)));
        let (body, length) = message(&plan, Path::new("/w"), &command, variables.into_iter());
        assert_eq!(u32::from_le_bytes(length) as usize, body.len());
        let start = read(&body).expect("readable");
        let told = format!("{start:?}");
        assert!(
            told.contains("\"A=1=2\"") && told.contains("\"EMPTY=\""),
            "{told}"
        );
        assert!(told.contains("\"sh\", \"a\\xff b\", \"\""), "{told}");
        for cut in 0..body.len() {
            // Whatever comes of it, it comes to an end.
            let _ = read(&body[..cut]);
        }
    }
}
