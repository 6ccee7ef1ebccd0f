//! What 5,000 skills and three layers of configuration cost, against an empty home.
//!
//! `cargo bench -p codex-app-server --bench skills`. `SKILLS=500` makes it smaller; `E2E_PROGRAM` measures another program.
//!
//! Fails if `thread/start` takes more than a tenth longer (and more than 0.1 ms), if the first `skills/list` takes more
//! than 50 ms, whether an earlier daemon has left an index or not, or the next or a later one more than 5 ms.

#![expect(clippy::unwrap_used, reason = "what can't be set up can't be measured")]
#![expect(clippy::print_stdout, reason = "that is what it is for")]

#[expect(dead_code, unreachable_pub, reason = "shared with other benches")]
mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use common::support::{App, Home, Launch};
use common::{Raw, median, ms, number};

/// Starts of each home.
const ROUNDS: usize = 9;
/// Threads, and later lists, of each start.
const REPEATS: usize = 10;

/// From so many skills on, an index is kept.
const LARGE: usize = 1000;

/// What was measured, in milliseconds.
#[derive(Debug, Default)]
struct Measured {
    initialize: Vec<f64>,
    thread: Vec<f64>,
    turn: Vec<f64>,
    /// In a home without an index.
    first_list: Vec<f64>,
    /// Right behind that.
    next_list: Vec<f64>,
    later_list: Vec<f64>,
    /// In a home with an index.
    indexed_list: Vec<f64>,
}

/// A project with a layer of its own, and skills: half of them the user's, half the project's.
fn furnish(home: &Home, skills: usize) {
    let work = home.work();
    std::fs::create_dir_all(work.join(".git")).unwrap();
    std::fs::write(work.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    std::fs::create_dir_all(work.join(".codex")).unwrap();
    std::fs::write(work.join(".codex/config.toml"), "model_verbosity = \"low\"\n").unwrap();
    for n in 0..skills {
        let root = if n % 2 == 0 {
            home.codex().join("skills")
        } else {
            work.join(".agents/skills")
        };
        let folder = root.join(format!("skill-{n:04}"));
        std::fs::create_dir_all(&folder).unwrap();
        let text = format!(
            "---\nname: skill-{n:04}\ndescription: What skill number {n} is for, in a sentence of the usual length.\n---\n\n\
             {}",
            "Do this, then do that.\n".repeat(40)
        );
        std::fs::write(folder.join("SKILL.md"), text).unwrap();
    }
}

async fn timed(app: &App, method: &str, params: Value) -> (f64, Value) {
    let began = Instant::now();
    let answer = app.call(method, params).await;
    (ms(began.elapsed()), answer)
}

async fn measure(home: &Home, expected: usize, into: &mut Measured) {
    let began = Instant::now();
    let app = Launch::new(home)
        .args(&["-c", "model_reasoning_effort=low"])
        .start()
        .await;
    into.initialize.push(ms(began.elapsed()));
    for _ in 0..REPEATS {
        let (time, started) = timed(&app, "thread/start", json!({"cwd": home.work()})).await;
        into.thread.push(time);
        let id = started["thread"]["id"].as_str().unwrap().to_owned();
        let began = Instant::now();
        app.run_turn(&id, "Hi").await;
        into.turn.push(ms(began.elapsed()));
    }
    app.stop().await;
    let index = home.codex().join("app-server-skills");
    let _ = std::fs::remove_dir_all(&index);
    let mut raw = Raw::start(Launch::new(home)).await;
    into.first_list.push(list(&mut raw, home, expected).await);
    into.next_list.push(list(&mut raw, home, expected).await);
    wait_for_index(&index, expected);
    for _ in 0..REPEATS {
        into.later_list.push(list(&mut raw, home, expected).await);
    }
    raw.stop().await;
    let mut raw = Raw::start(Launch::new(home)).await;
    into.indexed_list.push(list(&mut raw, home, expected).await);
    raw.stop().await;
}

/// Lists the skills, and gives the time that it takes.
async fn list(raw: &mut Raw, home: &Home, expected: usize) -> f64 {
    let (time, answer) = raw.call("skills/list", json!({"cwds": [home.work()]})).await;
    let enabled = memchr::memmem::find_iter(&answer, b"\"enabled\":true");
    assert_eq!(enabled.count(), expected, "all are listed");
    time
}

/// Waits until both roots have been written down, which is done for large ones.
fn wait_for_index(folder: &Path, skills: usize) {
    let is_there = || std::fs::read_dir(folder).is_ok_and(|files| files.count() == 2);
    let began = Instant::now();
    while skills >= LARGE && !is_there() && began.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let skills = number("SKILLS", 5000);
    let model = MockModel::start("ok");
    let (empty, full) = (Home::new(&model), Home::new(&model));
    furnish(&full, skills);
    let (mut without, mut with) = (Measured::default(), Measured::default());
    for _ in 0..ROUNDS {
        measure(&empty, 0, &mut without).await;
        measure(&full, skills, &mut with).await;
    }
    println!("median (most), ms     empty home   {skills} skills");
    for (what, of) in [
        ("initialize", (|m| &m.initialize) as fn(&Measured) -> &Vec<f64>),
        ("thread/start", |m| &m.thread),
        ("a turn", |m| &m.turn),
        ("skills/list, first", |m| &m.first_list),
        ("skills/list, next", |m| &m.next_list),
        ("skills/list, later", |m| &m.later_list),
        ("skills/list, index", |m| &m.indexed_list),
    ] {
        let most = of(&with).iter().copied().fold(0.0, f64::max);
        println!(
            "{what:20}  {:10.2}   {:10.2} ({most:.2})",
            median(of(&without)),
            median(of(&with))
        );
    }
    let (before, after) = (median(&without.thread), median(&with.thread));
    assert!(after <= before * 1.1 + 0.1, "thread/start is slower");
    for first in [&with.first_list, &with.indexed_list] {
        assert!(median(first) <= 50.0, "the first skills/list is too slow");
    }
    for later in [&with.next_list, &with.later_list] {
        assert!(median(later) <= 5.0, "a later skills/list is too slow");
    }
}
