//! What benches share: what they have from the tests, the memory of a process, medians, and a client that takes answers as
//! bytes.

#[path = "../../../tests/support/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "shared with the tests"
)]
pub mod support;

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};

use self::support::Launch;

/// The size of a run: a number out of the environment, or its default.
pub fn number(name: &str, default: usize) -> usize {
    let given = std::env::var(name).ok().and_then(|text| text.parse().ok());
    given.unwrap_or(default)
}

/// Milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A size in KiB, for ratios. Those of processes fit.
pub fn kib(size: u64) -> f64 {
    f64::from(u32::try_from(size).unwrap_or(u32::MAX))
}

/// The middle one; 0 of none.
pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Resident memory, in KiB.
pub fn memory(pid: u32) -> u64 {
    of_status(pid, "VmRSS:")
}

/// The most that was resident since the process began, or since [`forget_peak`], in KiB.
pub fn peak_memory(pid: u32) -> u64 {
    of_status(pid, "VmHWM:")
}

/// Begins anew with [`peak_memory`].
pub fn forget_peak(pid: u32) {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
}

/// Time on processors since the process began, of all its threads, in steps of a hundredth of a second.
pub fn processor_time(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(11).take(2);
    Duration::from_millis(ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10)
}

fn of_status(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// A client that takes answers as bytes: to make sense of a large one takes longer than to give it.
pub struct Raw {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    id: i64,
}

impl Raw {
    /// Starts and initializes the program.
    pub async fn start(launch: Launch) -> Self {
        let mut command = launch.into_command();
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut raw = Self {
            child,
            input,
            output: BufReader::with_capacity(1 << 20, output),
            id: 0,
        };
        let client = json!({"clientInfo": {"name": "bench", "version": "1"}, "capabilities": {"experimentalApi": true}});
        raw.call("initialize", client).await;
        raw
    }

    /// Number of the process.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Sends a request.
    pub async fn send(&mut self, method: &str, params: Value) {
        self.id += 1;
        let mut line = json!({"id": self.id, "method": method, "params": params}).to_string();
        line.push('\n');
        self.input.write_all(line.as_bytes()).await.unwrap();
    }

    /// Calls a method. Gives the time to the last byte of the answer, in milliseconds, and the answer.
    pub async fn call(&mut self, method: &str, params: Value) -> (f64, Vec<u8>) {
        let began = Instant::now();
        self.send(method, params).await;
        let start = format!("{{\"id\":{},", self.id);
        let answer = self.line(|line| line.starts_with(start.as_bytes())).await;
        let failed = answer.starts_with(format!("{start}\"error\":").as_bytes());
        assert!(!failed, "{method} failed: {}", String::from_utf8_lossy(&answer));
        (ms(began.elapsed()), answer)
    }

    /// Reads on to a notification of this method.
    pub async fn notified(&mut self, method: &str) -> Vec<u8> {
        let method = format!("\"method\":\"{method}\"");
        let start = |line: &[u8]| String::from_utf8_lossy(&line[..line.len().min(200)]).contains(&method);
        self.line(start).await
    }

    /// The next message, and when all of it was there.
    pub async fn next(&mut self) -> (Instant, Vec<u8>) {
        let mut line = Vec::new();
        self.output.read_until(b'\n', &mut line).await.unwrap();
        let came = Instant::now();
        assert!(!line.is_empty(), "the program has ended");
        (came, line)
    }

    async fn line(&mut self, is_it: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        loop {
            let (_, line) = self.next().await;
            if is_it(&line) {
                return line;
            }
        }
    }

    /// Closes standard input and waits for the end.
    pub async fn stop(mut self) {
        drop(self.input);
        self.child.wait().await.unwrap();
    }
}
