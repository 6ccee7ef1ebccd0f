//! A git server for one repository, over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

/// Serves a repository until the process ends.
#[derive(Debug)]
pub struct GitServer {
    repository: PathBuf,
    port: u16,
    authorizations: Arc<Mutex<Vec<String>>>,
}

impl GitServer {
    /// Serves what is in this folder, with what has been committed.
    pub fn start(repository: &Path) -> Self {
        run(repository, &["init", "-q", "-b", "main", "."]);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let authorizations: Arc<Mutex<Vec<String>>> = Arc::default();
        let (folder, seen) = (repository.to_owned(), Arc::clone(&authorizations));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (folder, seen) = (folder.clone(), Arc::clone(&seen));
                std::thread::spawn(move || answer(stream, &folder, &seen));
            }
        });
        Self {
            repository: repository.to_owned(),
            port,
            authorizations,
        }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/repository.git", self.port)
    }

    /// Commits everything in the folder.
    pub fn commit(&self) {
        run(&self.repository, &["add", "-A"]);
        let who = [
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "commit",
            "-q",
            "-m",
            "x",
        ];
        run(&self.repository, &who);
    }

    /// What clients have sent as `Authorization`.
    pub fn authorizations(&self) -> Vec<String> {
        self.authorizations.lock().unwrap().clone()
    }
}

fn run(folder: &Path, arguments: &[&str]) {
    let status = Command::new("git").args(arguments).current_dir(folder).status();
    assert!(status.unwrap().success(), "git {arguments:?}");
}

/// One request; the connection ends with the answer.
fn answer(stream: TcpStream, repository: &Path, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    if reader.read_line(&mut first).unwrap_or(0) == 0 {
        return;
    }
    let (mut length, mut chunked, mut packed) = (0, false, false);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "transfer-encoding" => chunked = true,
            "content-encoding" => packed = value == "gzip",
            "authorization" => seen.lock().unwrap().push(value.to_owned()),
            _ => {}
        }
    }
    assert!(
        !chunked && !packed,
        "the requests of such a small repository are short"
    );
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let advertise = first.starts_with("GET");
    let mut command = Command::new("git");
    command.args(["upload-pack", "--stateless-rpc"]);
    if advertise {
        command.arg("--advertise-refs");
    }
    let mut child = command
        .arg(repository)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&body).unwrap();
    let output = child.wait_with_output().unwrap().stdout;
    let (kind, start) = if advertise {
        ("advertisement", "001e# service=git-upload-pack\n0000")
    } else {
        ("result", "")
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-{kind}\r\nContent-Length: {}\r\nConnection: \
         close\r\n\r\n{start}",
        start.len() + output.len()
    );
    let mut stream = stream;
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&output);
}
