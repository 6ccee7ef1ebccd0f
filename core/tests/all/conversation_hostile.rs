//! Voice servers that send anything: mutated, reordered, cut and huge events.

use codex_core::mock_model::{RealtimeSession, RealtimeStep, Script};
use codex_core::*;
use serde_json::{Value, json};

use crate::conversation_support::{Voice, by_websocket, thread};

/// A small generator: seeded, so that a failure can be seen again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }
}

/// Events as servers send them.
fn events() -> Vec<Value> {
    vec![
        json!({"type": "session.updated", "session": {"id": "s"}}),
        json!({"type": "session.started", "session": {}}),
        json!({"type": "response.created", "response": {"id": "r"}}),
        json!({"type": "response.done", "response": {"id": "r"}}),
        json!({"type": "response.cancelled", "response": {"id": "r"}}),
        json!({"type": "response.output_audio.delta", "delta": "AAAAAAAA", "item_id": "it"}),
        json!({"type": "conversation.output_audio.delta", "data": "AAAA", "sample_rate": 24000, "channels": 1}),
        json!({"type": "output_audio.delta", "audio": "AAAA"}),
        json!({"type": "response.output_audio_transcript.delta", "delta": "Héllo"}),
        json!({"type": "response.output_audio_transcript.done", "transcript": "Hello!"}),
        json!({"type": "conversation.item.input_audio_transcription.delta", "delta": "hm"}),
        json!({"type": "conversation.item.input_audio_transcription.completed", "transcript": "hm"}),
        json!({"type": "conversation.input_transcript.delta", "delta": "a"}),
        json!({"type": "input_transcript.added", "item": {"text": "a"}}),
        json!({"type": "output_transcript.added", "item": {"text": "b"}}),
        json!({"type": "turn.done", "turn": {"role": "user", "transcript": "a"}}),
        json!({"type": "conversation.item.added", "item": {"id": "x", "deep": [[[{"a": null}]]]}}),
        json!({"type": "input_audio_buffer.speech_started", "item_id": "it"}),
        json!({"type": "conversation.item.done", "item": {
            "id": "i", "type": "function_call", "name": "remain_silent", "call_id": "c", "arguments": "{}"}}),
        json!({"type": "conversation.handoff.requested", "handoff_id": "h", "item_id": "i", "input_transcript": ""}),
    ]
}

/// Changes a value somewhere.
fn mutate(value: &mut Value, random: &mut Random) {
    let odd = [
        Value::Null,
        json!(-1),
        json!(1e308),
        json!(u64::MAX),
        json!(""),
        json!("\u{0}\u{202e}\u{ffff}"),
        json!([]),
        json!({}),
        json!(true),
        json!([["a"], {"b": {}}]),
    ];
    match value {
        Value::Object(map) if !map.is_empty() && random.below(3) > 0 => {
            let at = random.below(map.len());
            match random.below(4) {
                0 => {
                    let key = map.keys().nth(at).unwrap().clone();
                    map.remove(&key);
                }
                1 => {
                    map.insert("extra".into(), odd[random.below(odd.len())].clone());
                }
                _ => mutate(map.values_mut().nth(at).unwrap(), random),
            }
        }
        Value::String(text) if random.below(3) == 0 => *text = text.repeat(random.below(2000)),
        Value::String(text) if random.below(2) == 0 => text.clear(),
        other => *other = odd[random.below(odd.len())].clone(),
    }
}

fn hostile_text(random: &mut Random) -> String {
    let all = events();
    let mut event = all[random.below(all.len())].clone();
    for _ in 0..random.below(4) {
        mutate(&mut event, random);
    }
    let mut text = event.to_string();
    match random.below(8) {
        0 => {
            let mut at = random.below(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            text.truncate(at);
        }
        1 => text.insert(0, '['),
        2 => text = "[".repeat(20_000),
        3 => text = text.replace(':', "::"),
        _ => {}
    }
    text
}

#[tokio::test]
async fn conversation_websocket_survives_whatever_a_server_sends_and_is_closed_once() {
    let rounds = std::env::var("CODEX_TEST_FUZZ")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1);
    for round in 0..rounds * 3 {
        let version = [RealtimeVersion::V1, RealtimeVersion::V2, RealtimeVersion::V3][round % 3];
        let seed = 0x9e37_79b9_7f4a_7c15 ^ (round as u64 + 1);
        let mut random = Random(seed);
        let mut steps: Vec<_> = (0..300)
            .map(|_| RealtimeStep::Text(hostile_text(&mut random)))
            .collect();
        steps.push(RealtimeStep::Ping("x".into()));
        // A frame beyond all bounds may be the last word; else the connection is cut.
        if round % 2 == 0 {
            steps.push(RealtimeStep::Text("x".repeat(33 << 20)));
        }
        steps.push(RealtimeStep::Drop);
        let session = RealtimeSession {
            steps,
            ..RealtimeSession::default()
        };
        let probe = thread(Script::new().session(session)).await;
        probe.start_voice(by_websocket(version));
        probe
            .wait(0, |line| {
                line.starts_with("voice closed") || line.starts_with("voice error")
            })
            .await;
        probe.stop_voice();
        probe.wait(0, |line| line == "realtime/stop -> ok").await;
        // The thread works as before.
        probe.run("hi").await;
        let lines = probe.lines();
        let count = |what: &str| lines.iter().filter(|line| line.starts_with(what)).count();
        let started = count("voice started");
        assert!(started <= 1);
        // One for the conversation if it has started, and one for the stop that found none.
        assert_eq!(count("voice closed"), started + 1, "seed {seed}: {lines:#?}");
        assert_eq!(
            count("voice item started TranscriptSegment"),
            count("voice item completed TranscriptSegment"),
            "seed {seed}: every segment ends"
        );
    }
}
