//! What the voice server tells, read.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const VERSIONS: [RealtimeVersion; 3] = [RealtimeVersion::V1, RealtimeVersion::V2, RealtimeVersion::V3];

fn read(version: RealtimeVersion, event: &Value) -> Option<ServerEvent> {
    ServerEvent::read(version, &event.to_string())
}

#[test]
fn sound_is_read_in_the_words_of_each_version() {
    let v1 =
        json!({"type": "conversation.output_audio.delta", "data": "AA", "sample_rate": 16000, "channels": 2});
    let v2 = json!({"type": "response.audio.delta", "delta": "AA", "item_id": "i"});
    let v3 = json!({"type": "output_audio.delta", "audio": "AA"});
    let frame = |sample_rate, num_channels, item_id: Option<&str>| {
        Some(ServerEvent::Audio(AudioFrame {
            data: "AA".into(),
            sample_rate,
            num_channels,
            samples_per_channel: None,
            item_id: item_id.map(str::to_owned),
        }))
    };
    assert_eq!(read(RealtimeVersion::V1, &v1), frame(16_000, 2, None));
    assert_eq!(read(RealtimeVersion::V2, &v2), frame(24_000, 1, Some("i")));
    assert_eq!(read(RealtimeVersion::V3, &v3), frame(24_000, 1, None));
    // What nobody knows how to play is nothing.
    let unknown = json!({"type": "conversation.output_audio.delta", "data": "AA"});
    assert_eq!(read(RealtimeVersion::V1, &unknown), None);
}

#[test]
fn what_a_call_hands_over_is_its_first_member_that_says_something() {
    for (arguments, input) in [
        ("{\"prompt\": \"do it\"}", "do it"),
        (
            "{\"input\": \" \", \"query\": \"more\", \"prompt\": \"first\"}",
            "first",
        ),
        ("{\"other\": 1}", "{\"other\": 1}"),
        ("not json", "not json"),
        ("", ""),
    ] {
        let event = json!({"type": "conversation.item.done", "item": {
            "type": "function_call", "name": "background_agent", "call_id": "c", "arguments": arguments}});
        let Some(ServerEvent::Handoff { input: read, .. }) = read(RealtimeVersion::V2, &event) else {
            panic!("{event}")
        };
        assert_eq!(read, input);
    }
}

#[test]
fn an_error_that_says_nothing_is_none() {
    for (event, message) in [
        (json!({"type": "error", "message": "m"}), "m"),
        (json!({"type": "error", "error": {"message": "m\u{7}"}}), "m"),
        (json!({"type": "error", "error": "m"}), "m"),
    ] {
        assert_eq!(
            read(RealtimeVersion::V2, &event),
            Some(ServerEvent::Failed(message.into()))
        );
    }
    assert_eq!(read(RealtimeVersion::V3, &json!({"type": "error"})), None);
}

proptest! {
    #[test]
    fn texts_never_panic(text in any::<String>()) {
        for version in VERSIONS {
            let _ = ServerEvent::read(version, &text);
        }
    }

    #[test]
    fn events_with_any_members_never_panic(
        kind in prop::sample::select(vec![
            "error", "session.started", "conversation.item.added", "conversation.item.done",
            "conversation.output_audio.delta", "response.output_audio.delta", "output_audio.delta",
            "turn.done", "delegation.created", "input_transcript.added", "response.cancelled",
            "conversation.handoff.requested", "input_audio_buffer.speech_started",
        ]),
        members in prop::collection::btree_map(
            prop::sample::select(vec![
                "item", "delta", "data", "audio", "item_id", "sample_rate", "channels", "turn", "role", "response",
                "handoff_id", "message", "error", "transcript", "type",
            ]),
            prop::sample::select(vec![
                json!(null), json!(-1), json!(1e300), json!(u64::MAX), json!(""), json!("x"), json!([]), json!([[]]),
                json!({"type": "function_call"}), json!({"type": "delegation", "id": "d", "content": [1, {"text": 2}]}),
                json!({"role": "user"}), json!({"id": 1}),
            ]),
            0..6,
        ),
    ) {
        let mut event = json!(members);
        event["type"] = kind.into();
        for version in VERSIONS {
            let _ = read(version, &event);
        }
    }
}
