//! A command that writes 200 MB, beside a thread whose model speaks all the while.
//!
//! `cargo bench -p codex-app-server --bench command_output`. `OUTPUT_MB=20` makes it shorter; `E2E_PROGRAM` measures another
//! program.
//!
//! The model says a word every 5 ms. A word is late by what the time since the last one is longer than that. How late words
//! are without the command is measured first, for comparison: it says what the machine is like.
//!
//! Fails if the daemon takes more than 24 MiB over what it had before the command, or if a word is late by more than 20 ms.

#![expect(clippy::unwrap_used, reason = "what can't be set up can't be measured")]
#![expect(clippy::print_stdout, reason = "that is what it is for")]

#[expect(dead_code, unreachable_pub, reason = "shared with other benches")]
mod common;

use std::time::Instant;

use codex_core::mock_model::{Answer, Condition, MockModel, Say, Script, Step};
use serde_json::{Value, json};

use common::support::{Config, Home, Launch};
use common::{Raw, forget_peak, median, memory, ms, number, peak_memory};

/// Milliseconds from one word to the next.
const PAUSE: u64 = 5;
/// Words before the command begins.
const ALONE: usize = 400;
/// What the memory may grow by, in KiB.
const GROWTH: u64 = 24 << 10;
/// How late a word may be, in milliseconds.
const LATE: f64 = 20.0;

/// Words as they come, and how late they are.
#[derive(Default)]
struct Words {
    last: Option<Instant>,
    late: Vec<f64>,
}

impl Words {
    fn came(&mut self, at: Instant) {
        let pause = f64::from(u32::try_from(PAUSE).unwrap());
        if let Some(last) = self.last.replace(at) {
            self.late
                .push((ms(at.saturating_duration_since(last)) - pause).max(0.0));
        }
    }

    fn latest(&self) -> f64 {
        self.late.iter().copied().fold(0.0, f64::max)
    }

    fn report(&self, when: &str) {
        println!(
            "{when}: {} words, late by {:.2} ms in the median, {:.2} ms at most",
            self.late.len(),
            median(&self.late),
            self.latest()
        );
    }
}

fn is(line: &[u8], method: &str) -> bool {
    String::from_utf8_lossy(&line[..line.len().min(100)]).contains(&format!("\"{method}\""))
}

async fn start_turn(daemon: &mut Raw, text: &str) {
    let params = json!({"sandbox": "workspace-write", "approvalPolicy": "never"});
    let (_, answer) = daemon.call("thread/start", params).await;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let thread = &answer["result"]["thread"]["id"];
    let input = json!([{"type": "text", "text": text}]);
    daemon
        .call("turn/start", json!({"threadId": thread, "input": input}))
        .await;
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let bytes = number("OUTPUT_MB", 200) * 1_000_000;
    let command = format!("yes 'a line of output that is neither short nor long' | head -c {bytes}");
    let arguments = json!({"cmd": command, "yield_time_ms": 30_000});
    let said = Step::Say(Say {
        repeat: 100_000,
        delay_ms: PAUSE,
        ..Say::new("word ")
    });
    let script = Script::new()
        .then(Answer::new().step(said).when(Condition::input("Speak")))
        .then(
            Answer::new()
                .call("c0", "exec_command", arguments)
                .when(Condition::input("Write")),
        )
        .then(Answer::from("Written"));
    let model = MockModel::start(script);
    let home = Home::with(&model, &Config::default());
    let mut daemon = Raw::start(Launch::new(&home)).await;
    let pid = daemon.pid();
    start_turn(&mut daemon, "Speak").await;
    let mut alone = Words::default();
    while alone.late.len() < ALONE {
        let (at, line) = daemon.next().await;
        if is(&line, "item/agentMessage/delta") {
            alone.came(at);
        }
    }
    alone.report("before the command");

    let idle = memory(pid);
    forget_peak(pid);
    let began = Instant::now();
    start_turn(&mut daemon, "Write").await;
    let (mut beside, mut streamed) = (Words::default(), 0);
    let ended = loop {
        let (at, line) = daemon.next().await;
        if is(&line, "item/agentMessage/delta") {
            beside.came(at);
        } else if is(&line, "item/commandExecution/outputDelta") {
            streamed += line.len();
        } else if is(&line, "item/completed") {
            let item: Value = serde_json::from_slice(&line).unwrap();
            if item["params"]["item"]["type"] == "commandExecution" {
                break item;
            }
        }
    };
    let took = began.elapsed().as_secs_f64();
    let grown = peak_memory(pid).saturating_sub(idle);
    assert_eq!(ended["params"]["item"]["status"], "completed");
    beside.report("beside the command");
    println!(
        "{streamed} bytes of messages in {took:.2} s, memory {idle} KiB before and {grown} KiB more at its peak"
    );
    daemon.stop().await;
    assert!(streamed >= bytes, "output is missing");
    assert!(grown <= GROWTH, "the memory grew by {grown} KiB");
    assert!(
        beside.latest() <= LATE,
        "a word came {:.2} ms late",
        beside.latest()
    );
}
