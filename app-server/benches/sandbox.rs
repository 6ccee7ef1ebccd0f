//! What it costs to start a command in the sandbox, over one that is not confined.
//!
//! `cargo bench -p codex-app-server --bench sandbox`. `ROUNDS` is how often each is run (100); `E2E_PROGRAM` measures
//! another program.
//!
//! Fails if the median is more than 2 ms over that of an unconfined command when a launcher has been made ready, and more
//! than 5 ms when none has.

#![expect(clippy::unwrap_used, reason = "what can't be set up can't be measured")]
#![expect(clippy::print_stdout, reason = "that is what it is for")]

#[expect(dead_code, unreachable_pub, reason = "shared with other benches")]
mod common;

use std::time::{Duration, Instant};

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use common::support::{App, Home};
use common::{median, ms, number};

/// Between two commands, so that a launcher is ready for the second.
const PAUSE: Duration = Duration::from_millis(60);

/// Sandbox policies, and their names here.
fn policies() -> [(&'static str, Value); 3] {
    [
        ("unconfined", json!({"type": "dangerFullAccess"})),
        ("read-only", json!({"type": "readOnly"})),
        ("workspace-write", json!({"type": "workspaceWrite"})),
    ]
}

/// How long a command takes that does nothing, in milliseconds.
async fn run(app: &App, home: &Home, policy: &Value) -> f64 {
    let params = json!({"command": ["/bin/true"], "cwd": home.work(), "sandboxPolicy": policy});
    let began = Instant::now();
    let ended = app.call("command/exec", params).await;
    let time = ms(began.elapsed());
    assert_eq!(ended["exitCode"], 0, "{ended}");
    time
}

/// The medians of all policies, one after the other, with this pause after each command.
async fn measure(app: &App, home: &Home, rounds: usize, pause: Duration) -> [f64; 3] {
    let mut times: [Vec<f64>; 3] = Default::default();
    for _ in 0..rounds {
        for ((_, policy), times) in policies().iter().zip(&mut times) {
            times.push(run(app, home, policy).await);
            tokio::time::sleep(pause).await;
        }
    }
    times.map(|times| median(&times))
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let rounds = number("ROUNDS", 100);
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    std::fs::create_dir_all(home.work().join(".git")).unwrap();
    let app = App::start(&home).await;
    for (_, policy) in policies() {
        run(&app, &home, &policy).await;
    }
    let ready = measure(&app, &home, rounds, PAUSE).await;
    let at_once = measure(&app, &home, rounds, Duration::ZERO).await;
    app.stop().await;
    println!("median of {rounds}, ms    ready launcher    over    at once    over");
    for (at, (name, _)) in policies().iter().enumerate() {
        println!(
            "{name:20}  {:14.2}  {:6.2}  {:9.2}  {:6.2}",
            ready[at],
            ready[at] - ready[0],
            at_once[at],
            at_once[at] - at_once[0]
        );
    }
    for (times, limit, what) in [
        (ready, 2.0, "a launcher that is ready"),
        (at_once, 5.0, "a launcher"),
    ] {
        let [unconfined, read_only, workspace_write] = times;
        let over = read_only.max(workspace_write) - unconfined;
        assert!(over <= limit, "{what} takes too long: {over:.2} ms");
    }
}
