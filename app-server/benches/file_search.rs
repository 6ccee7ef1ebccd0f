//! What a search that follows what is typed costs in a tree of 200,000 files.
//!
//! `cargo bench -p codex-app-server --bench file_search`. `FILES=20000` makes the tree smaller, `PAUSE_MS` is the time
//! between two keystrokes (20), `ROUNDS` how often all is typed (3); `E2E_PROGRAM` measures another program.
//!
//! Fails if, with 200,000 files or fewer, the first results take more than 50 ms, all of them more than 400 ms when the
//! tree is walked first, the 95th percentile of keystrokes more than 5 ms, or memory grows by more than 60 MiB.

#![expect(clippy::unwrap_used, reason = "what can't be set up can't be measured")]
#![expect(clippy::print_stdout, reason = "that is what it is for")]

#[expect(dead_code, unreachable_pub, reason = "shared with other benches")]
mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use common::support::{Home, Launch};
use common::{Raw, kib, memory, ms, number, peak_memory};

/// Files of a folder.
const IN_FOLDER: usize = 20;
/// The size of tree that the limits are for.
const LIMITED: usize = 200_000;
/// What names are made of.
const WORDS: [&str; 40] = [
    "account", "adapter", "archive", "buffer", "button", "cache", "client", "codec", "config", "context",
    "cursor", "daemon", "driver", "editor", "event", "filter", "format", "handler", "header", "history",
    "index", "journal", "kernel", "layout", "loader", "main", "manager", "model", "network", "parser",
    "policy", "query", "render", "router", "schema", "server", "session", "storage", "stream", "window",
];
const ENDINGS: [&str; 8] = ["rs", "ts", "tsx", "py", "go", "md", "json", "test.ts"];

/// What is typed, a letter at a time, and then taken back, a letter at a time.
const TYPED: [&str; 6] = [
    "src/main",
    "sessionhandler",
    "README",
    "e",
    "zq",
    "pkg12 parser.rs",
];
/// What is put there at once, by itself.
const PASTED: [&str; 5] = [
    "pkg0123/src/query/mod07/session_handler13.test.ts",
    "no such file is anywhere here",
    "qqqqqqqq",
    "x",
    "'main !test .rs$",
];

/// A tree as of a large repository: packages of folders of files, whose names are made of a few words.
fn plant(root: &Path, files: usize) {
    for folder in 0..files.div_ceil(IN_FOLDER) {
        let word = WORDS[folder * 7 % WORDS.len()];
        let kind = if folder % 5 == 0 { "tests" } else { "src" };
        let path = root.join(format!(
            "pkg{:04}/{kind}/{word}/mod{:02}",
            folder / 12,
            folder % 12
        ));
        std::fs::create_dir_all(&path).unwrap();
        for n in 0..IN_FOLDER.min(files - folder * IN_FOLDER) {
            let seed = folder * IN_FOLDER + n;
            let first = WORDS[seed * 31 % WORDS.len()];
            let second = WORDS[seed / 3 * 17 % WORDS.len()];
            let ending = ENDINGS[seed * 13 % ENDINGS.len()];
            let name = match seed % 97 {
                0 => "README.md".to_owned(),
                1 => "main.rs".to_owned(),
                _ => format!("{first}_{second}{n:02}.{ending}"),
            };
            std::fs::write(path.join(name), "").unwrap();
        }
    }
}

/// When the answer to a query came.
#[derive(Debug)]
struct Answer {
    /// The first results; none if there are none at all.
    first: f64,
    /// The results that were the last.
    last: f64,
    /// That these are all.
    completed: f64,
    found: usize,
}

/// Types a query into the session.
async fn type_in(client: &mut Raw, query: &str) -> Answer {
    let began = Instant::now();
    let update = json!({"sessionId": "bench", "query": query});
    client.send("fuzzyFileSearch/sessionUpdate", update).await;
    let (mut first, mut last, mut found) = (None, None, 0);
    loop {
        let (came, message) = client.next().await;
        let message: Value = serde_json::from_slice(&message).unwrap();
        let params = &message["params"];
        assert!(message["error"].is_null(), "{message}");
        if message["method"] == "fuzzyFileSearch/sessionUpdated" && params["query"] == query {
            first.get_or_insert(came);
            last = Some(came);
            found = params["files"].as_array().unwrap().len();
        } else if message["method"] == "fuzzyFileSearch/sessionCompleted" && last.is_some() {
            let since = |time: Instant| ms(time - began);
            return Answer {
                first: since(first.unwrap()),
                last: since(last.unwrap()),
                completed: since(came),
                found,
            };
        }
    }
}

/// Of a size in KiB.
fn mib(size: u64) -> f64 {
    kib(size) / 1024.0
}

fn of_sorted(times: &[f64], part: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a few hundred of them"
    )]
    let at = (times.len() as f64 * part) as usize;
    times[at.min(times.len() - 1)]
}

/// Everything that is typed, keystroke by keystroke.
fn keystrokes() -> Vec<String> {
    let mut all = Vec::new();
    for text in TYPED {
        let prefixes: Vec<_> = (1..=text.len()).map(|end| text[..end].to_owned()).collect();
        all.extend(prefixes.iter().cloned());
        all.extend(prefixes.iter().rev().skip(1).cloned());
    }
    all.extend(PASTED.map(str::to_owned));
    all
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let files = number("FILES", LIMITED);
    let pause = Duration::from_millis(number("PAUSE_MS", 20) as u64);
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let tree = tempfile::tempdir().unwrap();
    plant(tree.path(), files);
    let (mut firsts, mut completes, mut warm) = (Vec::new(), Vec::new(), Vec::new());
    let mut grown: f64 = 0.0;
    for _ in 0..number("ROUNDS", 3) {
        let mut client = Raw::start(Launch::new(&home)).await;
        let idle = memory(client.pid());
        let session = json!({"sessionId": "bench", "roots": [tree.path()]});
        client.send("fuzzyFileSearch/sessionStart", session).await;
        let cold = type_in(&mut client, "main").await;
        firsts.push(cold.first);
        completes.push(cold.completed);
        for query in keystrokes() {
            let answer = type_in(&mut client, &query).await;
            warm.push((answer.last, answer.completed, query, answer.found));
            tokio::time::sleep(pause).await;
        }
        grown = grown.max(mib(peak_memory(client.pid()).saturating_sub(idle)));
        client.stop().await;
    }
    for times in [&mut firsts, &mut completes] {
        times.sort_by(f64::total_cmp);
    }
    warm.sort_by(|one, other| one.0.total_cmp(&other.0));
    let times: Vec<f64> = warm.iter().map(|(time, ..)| *time).collect();
    println!("{files} files               median       p95       max, ms");
    for (what, times) in [
        ("cold, first results", &firsts),
        ("cold, all of them", &completes),
        ("a keystroke", &times),
    ] {
        let [median, high, most] = [0.5, 0.95, 1.0].map(|part| of_sorted(times, part));
        println!("{what:22}  {median:9.2} {high:9.2} {most:9.2}");
    }
    println!("memory over idle, at most: {grown:.1} MiB; the slowest keystrokes:");
    for (time, completed, query, found) in warm.iter().rev().take(12) {
        println!("  {time:6.2} ms, completed {completed:6.2}  {query:?}, {found} found");
    }
    if files <= LIMITED {
        assert!(of_sorted(&firsts, 0.5) <= 50.0, "the first results come too late");
        assert!(of_sorted(&completes, 0.5) <= 400.0, "a walk takes too long");
        assert!(of_sorted(&times, 0.95) <= 5.0, "a keystroke is too slow");
        assert!(grown <= 60.0, "it takes too much memory");
    }
}
