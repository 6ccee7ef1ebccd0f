//! A long session: 300 turns with 2 MB of tool outputs in a window of 100,000 tokens.
//!
//! `cargo bench -p codex-app-server --bench long_session`. `SESSION_TURNS=30` makes it shorter.
//!
//! Each turn has a command, a call that only fails, and an answer. From the end of an answer with a call that fails to the
//! next request is an ordinary step: nothing happens in it but what always does. From the end of a summary to the next
//! request is a step after a compaction. What it takes longer is what the compaction itself adds, beside the model's time.
//!
//! Fails if a request does not fit into the window, if the first or the last wish of the user is not in the last request,
//! if the memory of the daemon grows by more than 30 MiB, or if a compaction adds more than 5 ms in the median.

#![expect(clippy::unwrap_used, reason = "what can't be set up can't be measured")]
#![expect(clippy::print_stdout, reason = "that is what it is for")]

#[expect(dead_code, unreachable_pub, reason = "shared with other benches")]
mod common;

use std::time::Instant;

use codex_core::mock_model::{Answer, Complete, Condition, MockModel, Request, Script, Step};
use serde_json::json;

use common::support::{App, Config, Home};
use common::{median, memory, ms, number};

/// Tokens of the window.
const WINDOW: usize = 100_000;
/// Bytes of one tool's output.
const OUTPUT: usize = 7_000;
/// What the memory may grow by, in KiB.
const GROWTH: u64 = 30 << 10;
/// What a compaction may add beside the model's time, in milliseconds.
const ADDED: f64 = 5.0;

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

fn is_compaction(request: &Request) -> bool {
    let metadata = request.body["client_metadata"]["x-codex-turn-metadata"].as_str();
    metadata.is_some_and(|text| text.contains(r#""request_kind":"compaction""#))
}

/// The time between two requests that is not the model's, in milliseconds; `None`: the client was quicker than the note of
/// the answer's end.
fn step(before: &Request, after: &Request) -> Option<f64> {
    let answered = before.answered_at()?;
    Some(ms(after.at.saturating_duration_since(answered)))
}

async fn session() {
    let turns = number("SESSION_TURNS", 300);
    let summary = counted(Answer::new().say(&"What was done so far, in short. ".repeat(60)));
    let sum_up = Condition::input("is about to be replaced");
    let model = MockModel::start(Script::new().then(summary.when(sum_up).always()));
    let config = Config {
        top: format!("model_context_window = {WINDOW}"),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    let pid = app.pid().cast_unsigned();
    let idle = memory(pid);
    let began = Instant::now();
    let mut seen = 0;
    let (mut largest, mut ordinary, mut compacted) = (0, Vec::new(), Vec::new());
    for turn in 0..turns {
        let command = format!("head -c {OUTPUT} /dev/urandom | base64 -w 99 | head -c {OUTPUT}");
        let call = Answer::new().call(&format!("call-{turn}"), "exec_command", json!({"cmd": command}));
        model.push(counted(call));
        model.push(counted(Answer::new().call(
            &format!("none-{turn}"),
            "nothing",
            json!({}),
        )));
        model.push(counted(Answer::new().say(&format!("step {turn} is done"))));
        let text = format!("wish number {turn}: go on with step {turn}");
        let ended = app.run_turn(&thread, &text).await;
        assert_eq!(ended.status(), "completed", "turn {turn}");
        let requests = &model.requests()[seen..];
        for pair in requests.windows(2) {
            let failed = format!("none-{turn}");
            if is_compaction(&pair[0]) {
                compacted.extend(step(&pair[0], &pair[1]));
            } else if !is_compaction(&pair[1]) && pair[1].tool_output(&failed).is_some() {
                ordinary.extend(step(&pair[0], &pair[1]));
            }
        }
        largest = requests.iter().map(tokens).fold(largest, usize::max);
        seen += requests.len();
    }
    let grown = memory(pid).saturating_sub(idle);
    let added = median(&compacted) - median(&ordinary);
    println!(
        "{turns} turns in {:.1} s, {} KB of outputs, {} compactions, largest request {largest} tokens, memory {idle} KiB \
         idle and {grown} KiB more at the end",
        began.elapsed().as_secs_f64(),
        turns * OUTPUT / 1000,
        compacted.len(),
    );
    println!(
        "from an answer to the next request: {:.2} ms, after a summary {:.2} ms (at most {:.2} ms): {added:.2} ms added, \
         in the median",
        median(&ordinary),
        median(&compacted),
        compacted.iter().copied().fold(0.0, f64::max),
    );
    assert!(largest <= WINDOW, "a request has {largest} tokens");
    let last = model.requests().pop().unwrap().body["input"].to_string();
    for wish in ["wish number 0:".to_owned(), format!("wish number {}:", turns - 1)] {
        assert!(last.contains(&wish), "{wish} is not in the last request");
    }
    assert!(grown <= GROWTH, "the memory grew by {grown} KiB");
    assert!(added <= ADDED, "a compaction adds {added:.2} ms");
    app.stop().await;
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(session());
}
