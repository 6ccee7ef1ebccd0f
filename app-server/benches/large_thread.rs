//! A thread whose file has a gigabyte: how long it takes to take it up, and what its first turn takes of memory.
//!
//! `cargo bench -p codex-app-server --bench large_thread`. `LARGE_MB=100` makes it smaller; `E2E_PROGRAM` measures another
//! program.
//!
//! Three shapes: many turns; no lines of turns at all, as a file has whose writer knew none; and a legacy file. Fails if
//! the first turn takes more than 64 MiB over what the daemon has when it is idle, or if it takes more than 5 s to take the
//! thread up without its turns.

#![expect(clippy::unwrap_used, reason = "what can't be set up can't be measured")]
#![expect(clippy::print_stdout, reason = "that is what it is for")]

#[expect(dead_code, unreachable_pub, reason = "shared with other benches")]
mod common;

#[path = "../../core/benches/rollouts/mod.rs"]
#[expect(dead_code, reason = "shared with the engine's benches and tests")]
mod rollouts;

use std::io::{BufWriter, Write as _};

use codex_core::ThreadId;
use codex_core::history::Layout;
use codex_core::mock_model::MockModel;
use serde_json::json;

use common::support::{Home, Launch};
use common::{Raw, forget_peak, kib, memory, ms, number, peak_memory};

/// What the first turn may take over an idle daemon, in KiB.
const TURN: u64 = 64 << 10;
/// How long it may take to take the thread up without its turns, in milliseconds.
const RESUME: f64 = 5_000.0;
/// Bytes of an answer; every answer is in a file twice.
const ANSWER: usize = 19_000;
/// Turns of a megabyte.
const TURNS_PER_MB: usize = 26;

/// A thread with items of the model's history only.
fn without_turns(layout: &Layout, megabytes: usize) -> ThreadId {
    let (id, at) = rollouts::thread_at(0);
    let path = layout.rollout(id, at);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = BufWriter::new(std::fs::File::create(&path).unwrap());
    let meta = json!({"id": id, "session_id": id, "timestamp": "2026-10-01T12:00:00.000Z", "cwd": "/",
        "originator": "bench", "cli_version": "0.171.0", "source": "vscode", "model_provider": "mock",
        "base_instructions": {"text": "b".repeat(2000)}, "history_mode": "paginated"});
    let mut ordinal = 0;
    let mut add = |kind: &str, payload| {
        file.write_all(rollouts::line(Some(ordinal), kind, &payload).as_bytes())
            .unwrap();
        ordinal += 1;
    };
    add("session_meta", meta);
    let said = "lorem ipsum dolor sit amet ".repeat(ANSWER / 27);
    for n in 0..megabytes * TURNS_PER_MB * 2 {
        let (role, kind) = if n % 2 == 0 {
            ("user", "input_text")
        } else {
            ("assistant", "output_text")
        };
        let content = json!([{"type": kind, "text": format!("{n} {said}")}]);
        add(
            "response_item",
            json!({"type": "message", "role": role, "content": content}),
        );
    }
    file.flush().unwrap();
    id
}

/// Takes the thread up twice, in a new process each time: without its turns, with a turn after that; and with all turns.
async fn measure(name: &str, model: &MockModel, thread: impl FnOnce(&Layout) -> ThreadId) {
    let home = Home::new(model);
    let id = thread(&Layout::new(home.codex()));
    let mut app = Raw::start(Launch::new(&home)).await;
    let idle = memory(app.pid());
    let over_idle = |kib: u64| kib.saturating_sub(idle) >> 10;
    let params = json!({"threadId": id, "cwd": home.work(), "excludeTurns": true});
    let (resume, _) = app.call("thread/resume", params).await;
    let resumed = peak_memory(app.pid());
    forget_peak(app.pid());
    let began = std::time::Instant::now();
    let input = json!([{"type": "text", "text": "Go on"}]);
    app.call("turn/start", json!({"threadId": id, "input": input}))
        .await;
    let ended = app.notified("turn/completed").await;
    assert!(
        String::from_utf8_lossy(&ended).contains(r#""status":"completed""#),
        "the turn failed"
    );
    let turn = began.elapsed();
    let peak = peak_memory(app.pid());
    app.stop().await;
    let mut app = Raw::start(Launch::new(&home)).await;
    let params = json!({"threadId": id, "cwd": home.work()});
    let (all, answer) = app.call("thread/resume", params).await;
    println!(
        "{name:14} idle {:4.1} MiB; resumed in {resume:6.0} ms (+{} MiB), first turn {:6.0} ms (+{} MiB); with all turns \
         {all:6.0} ms, {} MB (+{} MiB)",
        kib(idle) / 1024.0,
        over_idle(resumed),
        ms(turn),
        over_idle(peak),
        answer.len() >> 20,
        over_idle(peak_memory(app.pid())),
    );
    app.stop().await;
    assert!(
        peak.saturating_sub(idle) <= TURN,
        "{name}: the first turn takes too much memory"
    );
    assert!(
        resume <= RESUME,
        "{name}: it takes too long to take the thread up"
    );
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let megabytes = number("LARGE_MB", 1000);
    let size = rollouts::Size {
        turns: megabytes * TURNS_PER_MB,
        answer: ANSWER,
    };
    let model = MockModel::start("ok");
    measure("many turns", &model, |layout| {
        rollouts::paginated(layout, 0, size).0
    })
    .await;
    measure("no turn lines", &model, |layout| without_turns(layout, megabytes)).await;
    measure("legacy", &model, |layout| rollouts::legacy(layout, 0, size).0).await;
}
