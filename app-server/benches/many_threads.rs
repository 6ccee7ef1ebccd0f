//! What lists and searches cost in a home with 50,000 threads, and the first page of a thread whose file has a gigabyte.
//!
//! `cargo bench -p codex-app-server --bench many_threads`. `THREADS=5000` and `LARGE_MB=100` make it smaller; `E2E_PROGRAM`
//! measures another program.
//!
//! First without any index: how soon a list is answered, how long others wait while the index is made, and what that
//! takes of memory. Then each question to a process of its own: the very first one, and ten after another one. Fails if,
//! with 50,000 threads or fewer, the median of a list by change is above 15 ms, that of a list by `searchTerm` or of the
//! first page above 50 ms, or if the process grows by more than 96 MiB while the index is made.

#![expect(clippy::unwrap_used, reason = "what can't be set up can't be measured")]
#![expect(clippy::print_stdout, reason = "that is what it is for")]

#[expect(dead_code, unreachable_pub, reason = "shared with other benches")]
mod common;

#[path = "../../core/benches/rollouts/mod.rs"]
#[expect(dead_code, reason = "shared with the engine's benches and tests")]
mod rollouts;

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use codex_core::history::Layout;
use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use common::support::{Home, Launch};
use common::{Raw, forget_peak, kib, median, memory, ms, number, peak_memory, processor_time};

/// The number of threads that the limits are for.
const LIMITED: usize = 50_000;
/// Minutes from the beginning of a thread to that of the next one: a hundred a day.
const APART: i64 = 14;
/// Questions of one kind whose median counts.
const ASKED: usize = 10;
/// The indices are made when they have not been changed for so long.
const RESTED: Duration = Duration::from_secs(8);
/// What a process may grow by while it makes the index, in KiB.
const GROWTH: u64 = 96 << 10;

/// What is said in some of the threads, and how often: in every thread, in each hundredth, in one.
const FREQUENT: &str = "compiler";
const SOMETIMES: &str = "quicksilver";
const RARE: &str = "xylophone";

/// Words of questions and answers.
const WORDS: [&str; 24] = [
    "parser", "the", "module", "of", "request", "fails", "when", "buffer", "a", "timeout", "server",
    "change", "function", "returns", "error", "please", "look", "at", "test", "handler", "and", "explain",
    "cache", "index",
];

/// Words that differ from thread to thread.
fn said(seed: usize, count: usize) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    let words = (0..count).map(|n| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        if n % 9 == 8 {
            format!("name{}", state >> 40 & 0xffff)
        } else {
            WORDS[(state >> 33) % WORDS.len()].to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A thread of two turns, which was changed last when it ended.
fn thread(layout: &Layout, number: usize, of: usize) {
    // All of them in the past.
    let minute = -i64::try_from(of - number).unwrap() * APART;
    let (id, at) = rollouts::thread_at(minute);
    let path = layout.rollout(id, at);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut text = String::new();
    let mut ordinal = 0;
    let mut add = |kind: &str, payload: Value| {
        text.push_str(&rollouts::line(Some(ordinal), kind, &payload));
        ordinal += 1;
    };
    add(
        "session_meta",
        json!({"id": id, "session_id": id, "timestamp": at.to_rfc3339(), "cwd": format!("/home/dev/project{}", number % 40),
            "originator": "bench", "cli_version": "0.171.0", "source": "vscode", "model_provider": "mock",
            "base_instructions": {"text": "b".repeat(2000)}, "history_mode": "paginated"}),
    );
    let mut question = format!("{} {FREQUENT} {number}", said(number, 12));
    if number % 100 == 7 {
        question = format!("{SOMETIMES} {question}");
    }
    if number == of / 3 {
        question = format!("{RARE} {question}");
    }
    rollouts::turn(&mut add, id, 0, &question, 200);
    rollouts::turn(&mut add, id, 1, &said(number + of, 150), 400);
    let mut file = File::create(&path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file.set_modified(at.into()).unwrap();
}

/// When the indices were changed last.
fn indexed(home: &Path) -> Option<SystemTime> {
    let entries = std::fs::read_dir(home).unwrap().flatten();
    let indices = entries.filter(|entry| entry.file_name().to_string_lossy().contains(".sqlite"));
    indices
        .filter_map(|entry| entry.metadata().ok()?.modified().ok())
        .max()
}

/// Waits until the indices are made, and asks for lists meanwhile. Gives the longest wait for one, in milliseconds.
async fn wait_for_index(client: &mut Raw, home: &Path) -> f64 {
    let (mut longest, mut last, mut since): (f64, _, _) = (0.0, None, Instant::now());
    while since.elapsed() < RESTED {
        let (took, _) = client.call("thread/list", json!({})).await;
        longest = longest.max(took);
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = indexed(home);
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
    longest
}

/// Asks a question of a process that has done nothing else, and then again. Gives the median.
async fn ask(home: &Home, name: &str, method: &str, params: Value) -> f64 {
    let mut client = Raw::start(Launch::new(home)).await;
    let idle = memory(client.pid());
    let (first, answer) = client.call(method, params.clone()).await;
    let rows = serde_json::from_slice::<Value>(&answer).unwrap()["result"]["data"]
        .as_array()
        .map_or(0, Vec::len);
    client.call(method, params.clone()).await;
    let mut times = Vec::new();
    for _ in 0..ASKED {
        times.push(client.call(method, params.clone()).await.0);
    }
    let most = times.iter().copied().fold(0.0, f64::max);
    let grown = kib(peak_memory(client.pid()).saturating_sub(idle)) / 1024.0;
    println!(
        "{name:30} {first:9.2} {:9.2} {most:9.2}  {rows:4} rows, +{grown:.1} MiB",
        median(&times)
    );
    client.stop().await;
    median(&times)
}

/// Without an index. Gives the growth of the process.
async fn first_start(home: &Home) -> u64 {
    let mut client = Raw::start(Launch::new(home)).await;
    let idle = memory(client.pid());
    let began = Instant::now();
    let (list, _) = client.call("thread/list", json!({})).await;
    let (changed, _) = client.call("thread/list", json!({"sortKey": "updated_at"})).await;
    let searched = json!({"searchTerm": SOMETIMES});
    let (titled, _) = client.call("thread/list", searched.clone()).await;
    let listed = peak_memory(client.pid()).saturating_sub(idle);
    forget_peak(client.pid());
    let (sought, _) = client.call("thread/search", searched).await;
    let longest = wait_for_index(&mut client, &home.codex()).await;
    let grown = peak_memory(client.pid()).saturating_sub(idle).max(listed);
    println!(
        "without an index: list {list:.1} ms, by change {changed:.1} ms, by searchTerm {titled:.1} ms, search {sought:.1} ms; \
         all is indexed after {:.0} s, +{:.1} MiB at most, {:.1} s of processor time; no list took longer than {longest:.1} ms",
        ms(began.elapsed().saturating_sub(RESTED)) / 1000.0,
        kib(grown) / 1024.0,
        ms(processor_time(client.pid())) / 1000.0,
    );
    client.stop().await;
    grown
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let threads = number("THREADS", LIMITED);
    let megabytes = number("LARGE_MB", 1000);
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let layout = Layout::new(home.codex());
    for number in 0..threads {
        thread(&layout, number, threads);
    }
    let grown = first_start(&home).await;
    println!("{threads} threads                      first    median       max, ms");
    let list = "thread/list";
    let by_change = json!({"sortKey": "updated_at"});
    ask(&home, "list, by beginning", list, json!({})).await;
    let changed = ask(&home, "list, by change", list, by_change).await;
    let cwd = json!({"cwd": "/home/dev/project7"});
    ask(&home, "list, of a folder", list, cwd).await;
    ask(&home, "list, of no folder", list, json!({"cwd": "/home/nobody"})).await;
    let mut titled: f64 = 0.0;
    for (name, term) in [
        ("list, searchTerm in one", RARE),
        ("list, searchTerm in 1 of 100", SOMETIMES),
        ("list, searchTerm in all", FREQUENT),
        ("list, searchTerm in none", "xylograph"),
        ("list, searchTerm of 2 letters", "zq"),
    ] {
        titled = titled.max(ask(&home, name, list, json!({"searchTerm": term})).await);
    }
    for (name, term) in [
        ("search, in one", RARE),
        ("search, in 1 of 100", SOMETIMES),
        ("search, in all", FREQUENT),
        ("search, in none", "xylograph"),
    ] {
        ask(&home, name, "thread/search", json!({"searchTerm": term})).await;
    }
    let size = rollouts::Size {
        turns: megabytes * 26,
        answer: 19_000,
    };
    let (large, _) = rollouts::legacy(&layout, 0, size);
    let page = json!({"threadId": large});
    let page = ask(&home, "first page of a large thread", "thread/turns/list", page).await;
    if threads <= LIMITED {
        assert!(changed <= 15.0, "lists by change are too slow");
        assert!(titled <= 50.0, "lists by searchTerm are too slow");
        assert!(page <= 50.0, "the first page of a large thread comes too late");
        assert!(grown <= GROWTH, "the index takes too much memory");
    }
}
