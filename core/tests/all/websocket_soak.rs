//! Many turns on one thread while the server does everything that servers do.

use std::time::Duration;

use codex_core::mock_model::{Answer, Close, Handshake, MockModel, Script, Step, Transport};
use codex_core::test_support;
use serde_json::json;

use crate::model_support::{items, prompt, sample, turn, user, websocket_client};

const TURNS: usize = 200;
/// Of the provider.
const RETRIES: usize = 5;

/// Numbers that look random and are the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// What the server may do to a request.
fn answer(dice: &mut Dice) -> Answer {
    let half = || Answer::new().bare().say("half");
    match dice.roll(20) {
        0 => half().step(Step::Drop),
        1 => half().step(Step::Close(Close::default())),
        2 => half().step(Step::Silence).step(Step::Hang),
        3 => Answer::new().step(Step::Split(7)).say_in("in pieces", 3),
        4 => Answer::new().step(Step::Fragments(3)).say("in frames"),
        5 => Answer::status(429).body(json!({"error": {"type": "usage_limit_reached"}})),
        6 => half().step(Step::Error(json!({"type": "error", "status": 400,
            "error": {"code": "websocket_connection_limit_reached"}}))),
        7 => half().step(Step::Binary("?".into())),
        8 => Answer::status(503).body("busy"),
        _ => Answer::new().step(Step::Ping("p".into())).say_in("fine", 2),
    }
}

fn handshake(dice: &mut Dice) -> Handshake {
    match dice.roll(12) {
        0 => Handshake::refuse(503),
        1 => Handshake {
            drop: true,
            ..Handshake::default()
        },
        2 => Handshake {
            drop_after: Some(usize::try_from(dice.roll(3)).unwrap()),
            ..Handshake::default()
        },
        3 => Handshake::delayed(30),
        _ => Handshake::default(),
    }
}

#[tokio::test]
async fn two_hundred_turns_with_a_faulty_server_all_come_to_an_end() {
    let mut dice = Dice(20_261_121);
    let model = MockModel::start(Script::new());
    let settings = format!(
        "stream_max_retries = {RETRIES}\nrequest_max_retries = 0\nstream_idle_timeout_ms = 2000\n\
         websocket_connect_timeout_ms = 2000"
    );
    let client = websocket_client(&model, &settings);
    test_support::set_ping_interval(&client, Duration::from_millis(40));
    client.preconnect([]);
    let mut history = Vec::new();
    let (mut completed, mut failed, mut warnings) = (0, 0, 0);
    for n in 0..TURNS {
        model.edit(|script| {
            script.answers.clear();
            script.handshakes.clear();
        });
        for _ in 0..2 * (RETRIES + 1) {
            model.push(answer(&mut dice));
            model.push_handshake(handshake(&mut dice));
        }
        let before = (model.requests().len(), model.handshakes().len());
        history.push(user(&format!("turn {n}")));
        let mut session = turn(&client, &format!("t{n}"));
        let outcome = sample(&mut session, &prompt(history.clone())).await;
        let requests = model.requests().len() - before.0;
        let handshakes = model.handshakes().len() - before.1;
        warnings += outcome.warnings.len();
        // One budget over WebSocket and, after a fall-back, one over HTTP.
        let most = (RETRIES + 1) * (1 + outcome.warnings.len());
        assert!(requests <= most, "turn {n}: {requests} requests");
        assert!(handshakes <= RETRIES + 2, "turn {n}: {handshakes} handshakes");
        match outcome.result.unwrap() {
            Ok(events) => {
                completed += 1;
                history.extend(items(&events));
            }
            Err(reason) => {
                failed += 1;
                assert!(!reason.is_empty());
            }
        }
        // A long history costs time and shows nothing new.
        history.drain(..history.len().saturating_sub(20));
    }
    assert_eq!(completed + failed, TURNS);
    assert!(completed > TURNS / 2, "{completed} of {TURNS} turns completed");
    assert!(warnings <= 1, "a fall-back is announced once");
    let last = model.requests().last().map(|request| request.transport);
    assert_eq!(
        last,
        Some(Transport::WebSocket),
        "choose another seed: the thread has fallen back"
    );
    drop(client);
    all_closed(&model).await;
}

/// Waits until the client has no connection to the model any more.
async fn all_closed(model: &MockModel) {
    let port = model.address().port();
    for _ in 0..500 {
        if open_connections(port) == 0 {
            return;
        }
        // The kernel's list has no event, and a mock that was told to be silent does not hear that a client leaves.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} connections are still open", open_connections(port));
}

/// Connections of this machine to a port that are established, by the kernel's own list.
fn open_connections(port: u16) -> usize {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let remote = format!("0100007F:{port:04X}");
    let established = |line: &str| {
        let mut fields = line.split_whitespace().skip(2);
        fields.next() == Some(remote.as_str()) && fields.next() == Some("01")
    };
    table.lines().filter(|line| established(line)).count()
}
