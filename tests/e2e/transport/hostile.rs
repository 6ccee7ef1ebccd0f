//! Requests that a hostile or broken client may send: of every method, well formed, and then spoilt.

use std::collections::BTreeMap;

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use super::samples::Samples;
use crate::numbers::Numbers;
use crate::support::{Home, Launch};

/// MiB of memory that the program may take at most, a debug build under a flood of large requests.
const MEMORY: u64 = 400;

/// `E2E_FUZZ_LINES` and `E2E_FUZZ_SEED` choose how many requests and which.
#[tokio::test]
async fn every_hostile_request_is_answered_once_and_the_program_lives_on() {
    let (count, mut numbers) = Numbers::of_environment("E2E_FUZZ_LINES", 1_500);
    let model = MockModel::start([Answer::new().say("ok").always()]);
    let home = Home::new(&model);
    // Whatever is asked for: nothing leaves the machine.
    let app = Launch::new(&home)
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("NO_PROXY", "127.0.0.1")
        .start()
        .await;
    let mut ids = vec!["zz".to_owned(), "00000000-0000-0000-0000-000000000000".to_owned()];
    for _ in 0..8 {
        let thread = app.start_thread(json!({})).await;
        ids.push(app.run_turn(&thread, "Hi").await.id);
        ids.push(thread);
    }
    let samples = Samples::new(ids, home.work().to_str().unwrap().to_owned());
    let before = app.mark();
    let mut sent = BTreeMap::new();
    for number in 0..count {
        let id = format!("hostile-{number}");
        let method = usize::try_from(number).unwrap() % samples.methods();
        let hostile = !numbers.one_in(10);
        let mut line = samples.line(&id, method, hostile, &mut numbers);
        line.push('\n');
        app.write(line.as_bytes()).await;
        sent.insert(id, line);
    }
    let answers = || {
        let mut answers: BTreeMap<String, usize> = BTreeMap::new();
        for frame in &app.frames()[before..] {
            if frame.method().is_empty() {
                let id = frame.json["id"].as_str().unwrap_or_default().to_owned();
                *answers.entry(id).or_default() += 1;
            }
        }
        answers
    };
    loop {
        let answers = answers();
        let Some((id, line)) = sent.iter().find(|(id, _)| !answers.contains_key(*id)) else {
            break;
        };
        app.wait_frame(&format!("the answer to {line:.300}"), |frame| {
            frame.json["id"] == id.as_str()
        })
        .await;
    }

    // What comes twice has come by then.
    let thread = app.start_thread(json!({})).await;
    assert_eq!(app.run_turn(&thread, "Still there?").await.status(), "completed");
    let answers = answers();
    for (id, line) in &sent {
        assert_eq!(answers.get(id), Some(&1), "{id}: {line:.1000}");
    }
    let log = app.stderr();
    assert!(!log.contains("panicked"), "{log}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", app.pid())).unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak / 1024 < MEMORY, "{peak} kB");
    app.stop().await;
}
