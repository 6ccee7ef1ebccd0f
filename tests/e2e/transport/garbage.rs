//! Lines that nobody should send.

use std::collections::HashMap;

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::numbers::Numbers;
use crate::support::{App, Home};

/// `E2E_FUZZ_LINES` and `E2E_FUZZ_SEED` choose how many lines and which.
#[tokio::test]
async fn garbage_never_ends_the_program_and_nothing_is_answered_twice() {
    let (count, mut numbers) = Numbers::of_environment("E2E_FUZZ_LINES", 3_000);
    let model = MockModel::start([Answer::new().say("ok").always()]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let whole = |id: &str, choice: usize| {
        let (method, params) = match choice {
            0 => ("thread/loaded/list", json!({"limit": 3})),
            1 => (
                "thread/unsubscribe",
                json!({"threadId": "00000000-0000-0000-0000-000000000000"}),
            ),
            2 => ("turn/interrupt", json!({"threadId": thread, "turnId": "none"})),
            3 => (
                "turn/steer",
                json!({"threadId": thread, "expectedTurnId": "none", "input": [{"type": "text", "text": "x"}]}),
            ),
            4 => ("initialize", json!({"clientInfo": {"name": "x", "version": "1"}})),
            _ => (
                "turn/start",
                json!({"threadId": "zz", "input": [{"type": "text", "text": "x"}]}),
            ),
        };
        json!({"id": id, "method": method, "params": params})
            .to_string()
            .into_bytes()
    };
    let mut sure = Vec::new();
    let before = app.mark();
    for number in 0..count {
        let choice = numbers.below(6);
        let mut line = match numbers.below(8) {
            0 => {
                let id = format!("sure-{number}");
                let line = whole(&id, choice);
                sure.push(id);
                line
            }
            1 => (0..numbers.below(200))
                .map(|_| numbers.next().to_le_bytes()[0])
                .filter(|byte| *byte != b'\n')
                .collect(),
            _ => {
                let mut line = whole(&format!("fuzz-{number}"), choice);
                mutate(&mut line, &mut numbers);
                line
            }
        };
        line.push(b'\n');
        app.write(&line).await;
    }
    let turn = app.run_turn(&thread, "Still there?").await;
    assert_eq!(turn.status(), "completed");

    let mut answers: HashMap<Value, usize> = HashMap::new();
    let frames = app.frames();
    for frame in frames[before..].iter().filter(|frame| frame.method().is_empty()) {
        *answers.entry(frame.json["id"].clone()).or_default() += 1;
    }
    for id in sure {
        assert_eq!(answers.get(&json!(id)), Some(&1), "{id}");
    }
    // One for the turn.
    assert!(answers.values().sum::<usize>() as u64 <= count + 1);
    app.stop().await;
}

fn mutate(line: &mut Vec<u8>, numbers: &mut Numbers) {
    const PIECES: [&[u8]; 10] = [
        b"{", b"}", b"\"", b"null", b"\xff", b"[", b"1e999", b"\\u0000", b"-", b":",
    ];
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(line.len().max(1));
        match numbers.below(5) {
            0 if !line.is_empty() => drop(line.remove(at)),
            1 => drop(line.splice(at..at, PIECES[numbers.below(PIECES.len())].iter().copied())),
            2 if !line.is_empty() => line[at] = numbers.next().to_le_bytes()[0],
            3 => line.truncate(at),
            _ => {
                let copied = line[at..].to_vec();
                line.extend(copied);
            }
        }
    }
    line.retain(|byte| *byte != b'\n');
}
