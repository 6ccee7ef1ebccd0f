//! Servers that are processes: one message per line on their standard input and output. They lead a group of their own,
//! and end with us in whatever way (`process::launcher`).

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::error::CallError;
use super::message;
use super::peer::{Outgoing, Peer, WAITING};
use crate::char_boundary::floor;
use crate::process::end_in_background;
use crate::process::launcher::{Launched, Launcher, Output, Variables};
use crate::process::stdio::ChildInput;
use crate::secret::Secret;

/// Longest line that is taken, in bytes. Servers send images.
const MAX_LINE: usize = 32 << 20;
/// What is kept of a longer one, in bytes.
const MAX_HEAD: usize = 1024;
/// Bytes of one read at most.
const READ: usize = 16 << 10;
/// Lines of standard error that are logged, and what of each, in bytes.
const MAX_LOG_LINES: usize = 1000;
const MAX_LOG_LINE: usize = 1024;
/// How long a process that has closed its output may take to end by itself.
const ITS_END: Duration = Duration::from_millis(200);
/// How long a server may take to end once it is asked to, before it is forced.
const GRACE: Duration = Duration::from_secs(2);

/// What is started.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StdioLaunch {
    pub(super) program: String,
    pub(super) args: Vec<String>,
    pub(super) variables: Vec<(String, Secret)>,
    pub(super) cwd: PathBuf,
}

/// A running process. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct StdioServer {
    stop: CancellationToken,
    ended: CancellationToken,
}

impl StdioServer {
    /// Starts it, and a conversation with it.
    pub(super) fn start(name: &str, launch: &StdioLaunch) -> Result<(Peer, Self), String> {
        let StdioLaunch {
            program,
            args,
            variables,
            cwd,
        } = launch;
        if !Path::new(cwd).is_dir() {
            return Err(format!("its folder {} does not exist", cwd.display()));
        }
        let variables = variables
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value.expose())));
        let launcher = Launcher::new(
            program,
            args,
            Variables::Only(variables.collect()),
            Output::Separate,
        )
        .in_folder(cwd)
        .with_input();
        let mut launched = launcher.spawn().map_err(|error| error.to_string())?;
        let (out, waiting) = mpsc::channel(WAITING);
        let peer = Peer::new(out);
        let server = Self {
            stop: CancellationToken::new(),
            ended: CancellationToken::new(),
        };
        if let Some(input) = launched.input.take() {
            tokio::spawn(write(input, waiting, server.ended.clone()));
        }
        if let Some(errors) = launched.errors.take() {
            tokio::spawn(log(name.to_owned(), errors));
        }
        let (stop, ended) = (server.stop.clone(), server.ended.clone());
        tokio::spawn(follow(name.to_owned(), launched, peer.clone(), stop, ended));
        Ok((peer, server))
    }

    /// Asks it to end, and resolves when it has, or was forced to.
    pub(super) async fn end(&self) {
        self.stop.cancel();
        let limit = GRACE + Duration::from_millis(500);
        let _ = tokio::time::timeout(limit, self.ended.cancelled()).await;
    }
}

impl Drop for StdioServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Reads the messages of a process until it ends, or is to.
async fn follow(
    name: String,
    mut launched: Launched,
    peer: Peer,
    stop: CancellationToken,
    ended: CancellationToken,
) {
    let closes = Closes(&peer, &ended);
    let why = {
        let read = read_messages(&name, &mut launched.output, &peer);
        tokio::pin!(read);
        tokio::select! {
            biased;
            () = stop.cancelled() => format!("the MCP server `{name}` was ended"),
            status = launched.child.wait() => {
                // What it has said before its end still counts.
                let _ = tokio::time::timeout(Duration::from_millis(100), read).await;
                match status {
                    Ok(status) => format!("the process of the MCP server `{name}` has ended ({status})"),
                    Err(error) => format!("the process of the MCP server `{name}` is lost: {error}"),
                }
            }
            () = &mut read => String::new(),
        }
    };
    let why = if why.is_empty() {
        // The end of its output may be seen before its own.
        match tokio::time::timeout(ITS_END, launched.child.wait()).await {
            Ok(Ok(status)) => format!("the process of the MCP server `{name}` has ended ({status})"),
            _ => format!("the MCP server `{name}` has closed its standard output"),
        }
    } else {
        why
    };
    peer.close(&why);
    end_in_background(launched.group.group(), launched.mark.as_ref(), GRACE);
    let _ = launched.child.wait().await;
    drop(closes);
}

/// However a process is left, its conversation is over then: nobody waits for it in vain.
struct Closes<'a>(&'a Peer, &'a CancellationToken);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        // The first reason counts.
        self.0
            .close("the messages of the MCP server are not read any more");
        self.1.cancel();
    }
}

/// Takes messages until there are no more. Lines that are none are left out.
async fn read_messages(name: &str, output: &mut (impl AsyncRead + Unpin), peer: &Peer) {
    let mut lines = Lines::default();
    let mut buffer = vec![0; READ];
    let mut noise = 0;
    while let Ok(length) = output.read(&mut buffer).await {
        if length == 0 {
            return;
        }
        let mut rest = &buffer[..length];
        while let Some(line) = lines.next(&mut rest) {
            let is_message = match line {
                Line::Whole(line) => peer.read(line, None).await,
                Line::TooLong(head) => {
                    tracing::warn!(
                        server = name,
                        "an MCP server has sent a line of more than {MAX_LINE} bytes"
                    );
                    // Whoever waits for it need not wait longer.
                    if let Some(id) = message::id_in_head(&head) {
                        peer.fail(id, CallError::too_large());
                    }
                    true
                }
            };
            if !is_message {
                noise += 1;
                if noise == 1 {
                    tracing::info!(server = name, "an MCP server writes lines that are no messages");
                }
            }
        }
        tokio::task::yield_now().await;
    }
}

/// A line as it came.
#[derive(Debug, PartialEq)]
enum Line {
    /// Without its end, blanks and byte order marks around it.
    Whole(Vec<u8>),
    /// The beginning of one that is too long.
    TooLong(Vec<u8>),
}

/// Cuts bytes into lines.
#[derive(Default)]
struct Lines {
    line: Vec<u8>,
    /// The line is too long: the rest of it is skipped, and this is its beginning.
    skips: Option<Vec<u8>>,
}

impl Lines {
    /// The next line; empty lines are left out. Takes what it has looked at from `bytes`.
    fn next(&mut self, bytes: &mut &[u8]) -> Option<Line> {
        loop {
            let Some(end) = memchr::memchr(b'\n', bytes) else {
                self.take(bytes);
                *bytes = &[];
                return None;
            };
            let (head, rest) = (&bytes[..end], &bytes[end + 1..]);
            self.take(head);
            *bytes = rest;
            let line = std::mem::take(&mut self.line);
            if let Some(head) = self.skips.take() {
                return Some(Line::TooLong(head));
            }
            let mut text = line.trim_ascii();
            while let Some(rest) = text.strip_prefix("\u{feff}".as_bytes()) {
                text = rest.trim_ascii_start();
            }
            if text.len() == line.len() && !line.is_empty() {
                return Some(Line::Whole(line));
            }
            if !text.is_empty() {
                return Some(Line::Whole(text.to_vec()));
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.line.len() + bytes.len() > MAX_LINE {
            let mut head = std::mem::take(&mut self.line);
            head.truncate(MAX_HEAD);
            head.shrink_to_fit();
            self.skips.get_or_insert(head);
        }
        if self.skips.is_none() {
            self.line.extend_from_slice(bytes);
        }
    }
}

/// Writes messages until there are no more, or the process has ended.
async fn write(mut input: ChildInput, mut waiting: mpsc::Receiver<Outgoing>, ended: CancellationToken) {
    let writing = async {
        while let Some(outgoing) = waiting.recv().await {
            let mut line = outgoing.message.to_string().into_bytes();
            line.push(b'\n');
            if input.write(&line).await.is_err() {
                // It has closed its input; what it still says counts.
                break;
            }
        }
    };
    tokio::select! {
        biased;
        () = ended.cancelled() => {}
        () = writing => {}
    }
}

/// Logs what a process writes to standard error, as far as it is of use.
async fn log(name: String, mut errors: impl AsyncRead + Unpin) {
    let name: Arc<str> = name.into();
    let mut lines = 0;
    let mut line = Vec::new();
    let mut buffer = vec![0; 2048];
    while let Ok(length) = errors.read(&mut buffer).await
        && length > 0
    {
        for byte in &buffer[..length] {
            if *byte != b'\n' {
                if line.len() < MAX_LOG_LINE {
                    line.push(*byte);
                }
                continue;
            }
            if lines < MAX_LOG_LINES {
                let text = String::from_utf8_lossy(&line);
                let text = &text[..floor(&text, MAX_LOG_LINE)];
                tracing::info!(
                    server = &*name,
                    "stderr of an MCP server: {}",
                    text.escape_debug()
                );
            }
            lines += 1;
            line.clear();
        }
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines_of(chunks: &[&[u8]]) -> Vec<Line> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for chunk in chunks {
            let mut rest = *chunk;
            while let Some(line) = lines.next(&mut rest) {
                found.push(line);
            }
        }
        found
    }

    #[test]
    fn marks_and_blanks_around_a_line_are_left_out() {
        let text = "\u{feff}{\"a\":1}\r\n\n  \n\u{feff} \u{feff}x \nrest".as_bytes();
        assert_eq!(
            lines_of(&[text]),
            [Line::Whole(b"{\"a\":1}".to_vec()), Line::Whole(b"x".to_vec())]
        );
    }

    #[test]
    fn a_line_that_is_too_long_costs_itself_only() {
        let long = vec![b'x'; MAX_LINE / 2 + 1];
        assert_eq!(
            lines_of(&[b"a\n", &long, &long, b"y\nb\n"]),
            [
                Line::Whole(b"a".to_vec()),
                Line::TooLong(vec![b'x'; MAX_HEAD]),
                Line::Whole(b"b".to_vec())
            ]
        );
    }

    proptest! {
        #[test]
        fn lines_are_the_same_however_they_come_in(text in "[a\u{feff} \\n\\r]{0,60}", at in 0_usize..60) {
            let bytes = text.as_bytes();
            let (head, tail) = bytes.split_at(at.min(bytes.len()));
            prop_assert_eq!(lines_of(&[bytes]), lines_of(&[head, tail]));
        }
    }
}
