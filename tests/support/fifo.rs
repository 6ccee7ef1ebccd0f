//! Named pipes: how a test and a shell script tell each other that something has happened.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::unix::pipe::Receiver;

/// Makes a named pipe and opens both of its ends, so that neither side has to wait for the other to open it.
fn make(path: &Path) -> File {
    let status = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(status.success(), "no pipe at {}", path.display());
    File::options().read(true).write(true).open(path).unwrap()
}

/// A script waits here with `read _ < NAME` until the test lets it go.
#[derive(Debug)]
pub struct Gate(File);

impl Gate {
    /// A closed gate at this path. Must live until the script is through.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self(make(path.as_ref()))
    }

    /// Lets one reader go, now or when it comes.
    pub fn open(&mut self) {
        self.0.write_all(b"\n").unwrap();
    }
}

/// A script says something here with `echo … > NAME`.
#[derive(Debug)]
pub struct Ear(Lines<BufReader<Receiver>>);

impl Ear {
    /// Listens at this path.
    pub fn new(path: impl AsRef<Path>) -> Self {
        let receiver = Receiver::from_file(make(path.as_ref())).unwrap();
        Self(BufReader::new(receiver).lines())
    }

    /// The next line, waited for at most 20 s.
    pub async fn line(&mut self) -> String {
        let line = tokio::time::timeout(Duration::from_secs(20), self.0.next_line()).await;
        line.expect("the script says something").unwrap().unwrap()
    }

    /// The next lines, as process ids.
    pub async fn pids(&mut self, count: usize) -> Vec<i32> {
        let mut pids = Vec::new();
        while pids.len() < count {
            pids.push(self.line().await.trim().parse().unwrap());
        }
        pids
    }
}
