//! Twenty agents at once against twenty threads at once: memory, and how long it takes until all have ended.
//!
//! `cargo bench -p codex-app-server --bench agents`. `AGENTS_ROUNDS=3` makes it shorter (9).
//!
//! The clock runs from the moment at which it is known what is to be started: for threads the first `thread/start`, for
//! agents the answer of the model that starts them all. It stops when the last turn has ended. Memory is what is resident
//! while the model keeps all of them waiting, over what a daemon with one idle thread has.
//!
//! Fails if agents take more than twice the memory or 1.2 times the time, in the median.

#![expect(clippy::unwrap_used, reason = "what can't be set up can't be measured")]
#![expect(clippy::print_stdout, reason = "that is what it is for")]

#[expect(dead_code, unreachable_pub, reason = "shared with other benches")]
mod common;

use std::time::Instant;

use codex_core::mock_model::{Answer, Condition, MockModel};
use serde_json::json;

use common::support::{App, Config, Home};
use common::{kib, median, memory, ms, number};

/// How many at once.
const MANY: usize = 20;
/// How long the model keeps them waiting while memory is measured, in milliseconds.
const HOLD: u64 = 1500;

/// What was measured: milliseconds, and KiB.
#[derive(Default)]
struct Measured {
    time: Vec<f64>,
    memory: Vec<f64>,
}

fn home(model: &MockModel) -> Home {
    let config = Config {
        extra: format!("[agents]\nmax_threads = {MANY}"),
        ..Config::default()
    };
    Home::with(model, &config)
}

/// A daemon with a thread that had a turn.
async fn start(model: &MockModel) -> (Home, App, String) {
    let home = home(model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Hi").await;
    (home, app, thread)
}

/// Waits for so many ends of turns of other threads than this one.
async fn all_ended(app: &App, root: &str) -> Instant {
    for _ in 0..MANY {
        let ended = app
            .wait_where("turn/completed", |params| params["threadId"] != root)
            .await;
        assert_eq!(ended["turn"]["status"], "completed", "{ended}");
    }
    Instant::now()
}

/// Memory over `idle` once all have asked the model, in KiB.
async fn held(app: &App, model: &MockModel, requests: usize, idle: u64) -> f64 {
    model.wait_for_requests(requests).await.unwrap();
    kib(memory(app.pid().cast_unsigned()).saturating_sub(idle))
}

/// Threads of a client, and how long until the last has ended.
async fn threads(hold: u64, into: &mut Measured) {
    let model = MockModel::start(Answer::from("Hi"));
    let (_home, app, root) = start(&model).await;
    model.set_default(Answer::new().wait(hold).say("Done"));
    let idle = memory(app.pid().cast_unsigned());
    let began = Instant::now();
    let mut starts = Vec::new();
    for _ in 0..MANY {
        starts.push(app.request("thread/start", json!({})).await);
    }
    for start in starts {
        let started = app.response(start).await.unwrap();
        let input = json!([{"type": "text", "text": "Do your part"}]);
        app.request(
            "turn/start",
            json!({"threadId": started["thread"]["id"], "input": input}),
        )
        .await;
    }
    finish(&app, &model, &root, (hold, idle, 1 + MANY, began), into).await;
}

/// Agents of one answer of the model.
async fn agents(hold: u64, into: &mut Measured) {
    let model = MockModel::start(Answer::from("Hi"));
    let (_home, app, root) = start(&model).await;
    let of_root = || Condition::default().and_header("x-openai-subagent", None);
    let calls = (0..MANY).fold(Answer::new().when(of_root()), |answer, n| {
        let arguments = json!({"message": "Do your part", "task_name": format!("part_{n}"), "fork_turns": "none"});
        answer.event(json!({"type": "response.output_item.done", "item": {
            "type": "function_call", "namespace": "multi_agent_v1", "name": "spawn_agent", "call_id": format!("call-{n}"),
            "arguments": arguments.to_string(),
        }}))
    });
    model.push(calls);
    model.push(Answer::from("Started").when(of_root()));
    model.set_default(Answer::new().wait(hold).say("Done"));
    let idle = memory(app.pid().cast_unsigned());
    let turn = app.start_turn(&root, "Start them all").await;
    let requests = model.wait_for_requests(2).await.unwrap();
    let began = loop {
        // The answer is on its way.
        match requests[1].answered_at() {
            Some(at) => break at,
            None => tokio::task::yield_now().await,
        }
    };
    // The root asks once more.
    finish(&app, &model, &root, (hold, idle, 3 + MANY, began), into).await;
    app.end_of(turn).await;
}

async fn finish(
    app: &App,
    model: &MockModel,
    root: &str,
    (hold, idle, requests, began): (u64, u64, usize, Instant),
    into: &mut Measured,
) {
    if hold > 0 {
        into.memory.push(held(app, model, requests, idle).await);
    }
    let ended = all_ended(app, root).await;
    if hold == 0 {
        into.time.push(ms(ended.duration_since(began)));
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (mut of_threads, mut of_agents) = (Measured::default(), Measured::default());
    for _ in 0..number("AGENTS_ROUNDS", 9) {
        for hold in [0, HOLD] {
            threads(hold, &mut of_threads).await;
            agents(hold, &mut of_agents).await;
        }
    }
    let medians = |of: &Measured| (median(&of.time), median(&of.memory));
    let ((time, memory), (agents_time, agents_memory)) = (medians(&of_threads), medians(&of_agents));
    println!("{MANY} threads: {time:.1} ms, {memory:.0} KiB over idle");
    println!("{MANY} agents:  {agents_time:.1} ms, {agents_memory:.0} KiB over idle");
    println!(
        "ratios: {:.2} of the time, {:.2} of the memory",
        agents_time / time,
        agents_memory / memory
    );
    assert!(agents_memory <= memory * 2.0, "agents take too much memory");
    assert!(agents_time <= time * 1.2, "agents take too long");
}
