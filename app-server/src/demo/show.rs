//! What the demo shows: one line for each frame, and a table of times.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longest detail of a line, in characters.
const WIDTH: usize = 72;

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const MAGENTA: &str = "35";
const CYAN: &str = "36";

/// Measured times.
#[derive(Debug, Default)]
pub(super) struct Times {
    rows: Vec<(&'static str, Duration)>,
    /// Resident memory of the daemon after thread/start, in KiB.
    pub(super) memory: Option<u64>,
}

impl Times {
    pub(super) fn add(&mut self, what: &'static str, time: Duration) {
        self.rows.push((what, time));
    }
}

/// The screen. Colours only on a terminal, and never with `NO_COLOR`.
#[derive(Debug)]
pub(super) struct Show {
    start: Instant,
    colour: bool,
}

impl Show {
    pub(super) fn new(start: Instant) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            start,
            colour: wanted && io::stdout().is_terminal(),
        }
    }

    /// A heading.
    pub(super) fn heading(&self, text: &str) {
        self.line(&format!("\n{}", self.paint(BOLD, text)));
    }

    /// A frame to the daemon.
    pub(super) fn sent(&self, frame: &Value) {
        self.frame("→", GREEN, frame);
    }

    /// A frame from the daemon.
    pub(super) fn received(&self, frame: &Value) {
        let question = frame.get("method").is_some() && frame.get("id").is_some();
        self.frame("←", if question { MAGENTA } else { CYAN }, frame);
        if let Some(diff) = frame.pointer("/params/diff").and_then(Value::as_str) {
            self.diff(diff);
        }
    }

    /// All lines of a diff.
    fn diff(&self, diff: &str) {
        for line in diff.lines() {
            let colour = match line.as_bytes().first() {
                Some(b'+') => GREEN,
                Some(b'-') => RED,
                _ => DIM,
            };
            self.line(&format!("               {}", self.paint(colour, line)));
        }
    }

    /// The times.
    pub(super) fn table(&self, times: &Times) {
        self.heading("All as expected");
        let width = times
            .rows
            .iter()
            .map(|(what, _)| what.chars().count())
            .max()
            .unwrap_or_default();
        for (what, time) in &times.rows {
            let gap = " ".repeat(width - what.chars().count());
            let value = self.paint(YELLOW, &format!("{:8.1} ms", milliseconds(*time)));
            self.line(&format!("  {what}{gap}  {value}"));
        }
        if let Some(kib) = times.memory {
            let what = "memory of the daemon with one thread";
            let gap = " ".repeat(width.saturating_sub(what.len()));
            let mib = self.paint(
                YELLOW,
                &format!(
                    "{:8.1} MiB",
                    f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0
                ),
            );
            self.line(&format!("  {what}{gap}  {mib}"));
        }
    }

    fn frame(&self, arrow: &str, colour: &str, frame: &Value) {
        let time = self.paint(DIM, &format!("{:8.1} ms", milliseconds(self.start.elapsed())));
        let (name, detail) = short(frame);
        let name = self.paint(colour, &format!("{arrow} {name}"));
        self.line(format!("{time}  {name}  {detail}").trim_end());
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{colour}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    #[expect(clippy::unused_self, reason = "the screen is what is written to")]
    fn line(&self, text: &str) {
        // A reader that has gone away is no reason to stop checking.
        let _ = writeln!(io::stdout().lock(), "{text}");
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Name and detail of a frame.
fn short(frame: &Value) -> (String, String) {
    let Some(method) = frame["method"].as_str() else {
        let id = format!("answer {}", frame["id"]);
        return match frame.get("error") {
            Some(error) => (id, cut(&format!("error: {}", error["message"]))),
            None => (id, detail_of_result(&frame["result"])),
        };
    };
    let name = match frame.get("id") {
        Some(id) => format!("{method} [{id}]"),
        None => method.to_owned(),
    };
    (name, detail_of_params(&frame["params"]))
}

fn detail_of_result(result: &Value) -> String {
    let parts = ["/decision", "/userAgent", "/thread/id", "/turn/id"];
    let found = parts.iter().find_map(|part| result.pointer(part)?.as_str());
    cut(found.unwrap_or_default())
}

fn detail_of_params(params: &Value) -> String {
    if let Some(delta) = params["delta"].as_str() {
        return cut(&format!("{delta:?}"));
    }
    if let Some(words) = params.pointer("/input/0/text").and_then(Value::as_str) {
        return cut(&format!("{words:?}"));
    }
    if let Some(item) = params.get("item") {
        return cut(&item_detail(item));
    }
    if let Some(command) = params["command"].as_str() {
        return cut(command);
    }
    if let Some(total) = params.pointer("/tokenUsage/total/totalTokens") {
        return format!("{total} tokens");
    }
    let parts = [
        "/turn/status",
        "/status/type",
        "/clientInfo/name",
        "/error/message",
        "/message",
        "/summary",
    ];
    let found = parts.iter().find_map(|part| params.pointer(part)?.as_str());
    let flags = params.pointer("/status/activeFlags/0").and_then(Value::as_str);
    match (found, flags) {
        (Some(found), Some(flag)) => format!("{found}, {flag}"),
        (found, _) => cut(found.unwrap_or_default()),
    }
}

fn item_detail(item: &Value) -> String {
    let kind = item["type"].as_str().unwrap_or_default();
    let words = [
        "/text",
        "/content/0/text",
        "/summary/0",
        "/command",
        "/changes/0/path",
    ];
    let found = words
        .iter()
        .find_map(|word| item.pointer(word)?.as_str())
        .unwrap_or_default();
    match item["exitCode"].as_i64() {
        Some(code) => format!("{kind} {found} → exit {code}"),
        None => format!("{kind} {found}"),
    }
}

/// One line of at most [`WIDTH`] characters.
fn cut(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.trim_end().to_owned(),
    }
}
