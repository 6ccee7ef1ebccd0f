//! A long session: 300 turns with 2 MB of tool outputs in a window of 100,000 tokens.
//!
//! `cargo bench -p codex-app-server --bench long_session`. `SESSION_TURNS=30` makes it shorter.
//!
//! Fails if a request does not fit into the window, if the first or the last wish of the user is not in the last request,
//! or if the memory of the daemon grows by more than 30 MiB.

#![expect(clippy::unwrap_used, reason = "what can't be set up can't be measured")]
#![expect(clippy::print_stdout, reason = "that is what it is for")]

#[path = "../../tests/support/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "shared with the tests"
)]
mod support;

use std::time::{Duration, Instant};

use codex_core::mock_model::{Answer, Complete, Condition, MockModel, Request, Script, Step};
use serde_json::json;

use support::{App, Config, Home};

/// Tokens of the window.
const WINDOW: usize = 100_000;
/// Bytes of one tool's output.
const OUTPUT: usize = 7_000;
/// What the memory may grow by, in KiB.
const GROWTH: u64 = 30 << 10;

/// An answer whose tokens are counted.
fn counted(answer: Answer) -> Answer {
    answer.step(Step::Complete(Complete {
        count_input: true,
        ..Complete::default()
    }))
}

/// Tokens of a request, as the scripted model counts them.
fn tokens(request: &Request) -> usize {
    request.body["input"].to_string().len().div_ceil(4)
}

/// Resident memory, in KiB.
fn memory(app: &App) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", app.pid())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

fn is_compaction(request: &Request) -> bool {
    let metadata = request.body["client_metadata"]["x-codex-turn-metadata"].as_str();
    metadata.is_some_and(|text| text.contains(r#""request_kind":"compaction""#))
}

async fn session() {
    let turns: usize = std::env::var("SESSION_TURNS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(300);
    let summary = counted(Answer::new().say(&"What was done so far, in short. ".repeat(60)));
    let sum_up = Condition::input("is about to be replaced");
    let model = MockModel::start(Script::new().then(summary.when(sum_up).always()));
    let config = Config {
        top: format!("model_context_window = {WINDOW}"),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    let idle = memory(&app);
    let began = Instant::now();
    let mut seen = 0;
    let (mut largest, mut compactions, mut added) = (0, 0, Vec::new());
    for turn in 0..turns {
        let command = format!("head -c {OUTPUT} /dev/urandom | base64 -w 99 | head -c {OUTPUT}");
        let call = Answer::new().call(&format!("call-{turn}"), "exec_command", json!({"cmd": command}));
        model.push(counted(call));
        model.push(counted(Answer::new().say(&format!("step {turn} is done"))));
        let text = format!("wish number {turn}: go on with step {turn}");
        let ended = app.run_turn(&thread, &text).await;
        assert_eq!(ended.status(), "completed", "turn {turn}");
        let requests = &model.requests()[seen..];
        for pair in requests.windows(2) {
            if is_compaction(&pair[0]) {
                compactions += 1;
                added.push(pair[1].at.duration_since(pair[0].at));
            }
        }
        largest = requests.iter().map(tokens).fold(largest, usize::max);
        seen += requests.len();
    }
    let grown = memory(&app).saturating_sub(idle);
    added.sort_unstable();
    let median = added.get(added.len() / 2).copied().unwrap_or(Duration::ZERO);
    println!(
        "{turns} turns in {:.1} s, {} KB of outputs, {compactions} compactions (from the request for a summary to the \
         next request: {median:?} in the median), largest request {largest} tokens, memory {idle} KiB idle and {grown} \
         KiB more at the end",
        began.elapsed().as_secs_f64(),
        turns * OUTPUT / 1000,
    );
    assert!(largest <= WINDOW, "a request has {largest} tokens");
    let last = model.requests().pop().unwrap().body["input"].to_string();
    for wish in ["wish number 0:".to_owned(), format!("wish number {}:", turns - 1)] {
        assert!(last.contains(&wish), "{wish} is not in the last request");
    }
    assert!(grown <= GROWTH, "the memory grew by {grown} KiB");
    app.stop().await;
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(session());
}
