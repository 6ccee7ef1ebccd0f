//! Calls that are joined: nobody waits for it.

use codex_core::mock_model::{Handshake, RealtimeSession, RealtimeStep, Script};
use codex_core::*;
use serde_json::json;

use crate::conversation_support::{Voice, by_webrtc, said, sound, text, thread, thread_with};
use crate::session_probe::assert_told;

fn joined(handshake: Handshake) -> RealtimeSession {
    RealtimeSession {
        handshake,
        ..RealtimeSession::default()
    }
}

#[tokio::test]
async fn conversation_sideband_that_hangs_holds_up_neither_the_answer_nor_the_order_of_input() {
    let script = Script::new().session(joined(Handshake::delayed(600)));
    let probe = thread(script).await;
    probe.voice(by_webrtc(RealtimeVersion::V1)).await;
    // The answer is there, and the join is not.
    probe.wait(0, |line| line.starts_with("voice sdp")).await;
    probe.model.wait_for_realtime_handshakes(1).await.unwrap();
    assert!(probe.model.realtime_frames().is_empty());
    for n in 0..40 {
        probe.append(text(&format!("t{n}")));
        probe.append(sound(&format!("a{n}")));
        probe.append(RealtimeInput::Speech(format!("s{n}")));
    }
    // A turn runs meanwhile.
    probe.run("hi").await;
    let texts = probe.frames("conversation.item.create", 40).await;
    let sounds = probe.frames("input_audio_buffer.append", 40).await;
    let speech = probe.frames("conversation.handoff.append", 41).await;
    for n in 0..40 {
        assert_eq!(said(&texts[n]), format!("t{n}"));
        assert_eq!(sounds[n]["audio"], format!("a{n}"));
        assert_eq!(speech[n]["output_text"], format!("s{n}"));
    }
    let first = &probe.model.realtime_frames()[0];
    assert_eq!(first.body["type"], "session.update", "the session comes first");
    assert!(!probe.lines().iter().any(|line| line.contains("append -> error")));
}

#[tokio::test]
async fn conversation_sideband_that_is_not_there_yet_keeps_so_much_and_refuses_more_text() {
    let script = Script::new().session(joined(Handshake::delayed(60_000)));
    let probe = thread(script).await;
    probe.voice(by_webrtc(RealtimeVersion::V3)).await;
    for _ in 0..64 {
        probe.append(text("fits"));
        probe.append(RealtimeInput::Speech("fits".into()));
    }
    for _ in 0..400 {
        probe.append(sound("AAAA"));
    }
    let from = probe.lines().len();
    probe.append(text("more"));
    probe.append(RealtimeInput::Speech("more".into()));
    let is_refused = |line: &str| line.contains("append -> error") && line.contains("too much input waits");
    probe.wait(from, is_refused).await;
    probe.stop_voice();
    probe.closed().await;
    let lines = probe.lines();
    assert_eq!(lines.iter().filter(|line| is_refused(line)).count(), 2);
}

#[tokio::test]
async fn conversation_sideband_is_tried_again_within_the_budget() {
    let mut script = Script::new();
    for status in [403, 429, 503] {
        script = script.session(joined(Handshake::refuse(status)));
    }
    let probe = thread_with(script, "", "request_max_retries = 3").await;
    probe.voice(by_webrtc(RealtimeVersion::V1)).await;
    probe.append(text("waits"));
    let texts = probe.frames("conversation.item.create", 1).await;
    assert_eq!(said(&texts[0]), "waits");
    assert_eq!(probe.model.realtime_handshakes().len(), 4);
}

#[tokio::test]
async fn conversation_sideband_that_stays_refused_fails_the_conversation() {
    let refused = |status| joined(Handshake::refuse(status));
    // 404 is final: the call is not there.
    for (sessions, status) in [(vec![403, 403], "403 Forbidden"), (vec![404], "404 Not Found")] {
        let attempts = sessions.len();
        let script = sessions
            .into_iter()
            .fold(Script::new(), |script, status| script.session(refused(status)));
        let probe = thread_with(script, "", "request_max_retries = 1").await;
        probe.start_voice(by_webrtc(RealtimeVersion::V1));
        probe.closed().await;
        assert_eq!(probe.model.realtime_handshakes().len(), attempts);
        let error = format!("voice error unexpected status {status}: realtime websocket handshake failed");
        let story = [
            error.as_str(),
            "voice item started SessionClosed { is_failure: true }",
            "voice item completed SessionClosed { is_failure: true }",
            "voice closed error",
        ];
        assert_told(&probe.lines(), &story);
    }
}

#[tokio::test]
async fn conversation_sideband_that_hangs_ends_at_once_when_it_is_stopped_and_tells_nothing_afterwards() {
    let refusal = Handshake {
        delay_ms: 300,
        ..Handshake::refuse(404)
    };
    let probe = thread(Script::new().session(joined(refusal))).await;
    probe.voice(by_webrtc(RealtimeVersion::V1)).await;
    probe.model.wait_for_realtime_handshakes(1).await.unwrap();
    probe.stop_voice();
    probe.closed().await;
    let lines = probe.lines();
    assert_told(
        &lines,
        &[
            "realtime/stop -> ok",
            "voice item started SessionClosed { is_failure: false }",
            "voice item completed SessionClosed { is_failure: false }",
            "voice closed requested",
        ],
    );
    // Another conversation outlives the refusal.
    probe.voice(by_webrtc(RealtimeVersion::V1)).await;
    probe.frames("session.update", 1).await;
    probe.server_says(json!({"type": "conversation.item.added", "item": {"id": "last"}}));
    probe.wait(0, |line| line.contains("\"last\"")).await;
    assert!(!probe.lines().iter().any(|line| line.starts_with("voice error")));
}

#[tokio::test]
async fn conversation_sideband_of_a_call_that_exists_is_joined_under_its_name() {
    let script = Script::new().session(joined(Handshake::refuse(404)));
    let probe = thread_with(script, "", "request_max_retries = 1").await;
    let start = StartRealtime {
        transport: RealtimeTransport::ExistingCall {
            call_id: "rtc_9".into(),
        },
        prompt: None,
        ..by_webrtc(RealtimeVersion::V1)
    };
    probe.voice(start).await;
    let joins = probe.model.wait_for_realtime_handshakes(1).await.unwrap();
    assert_eq!(joins.len(), 2, "the call was not there at first");
    assert_eq!(joins[0].path, "/v1/realtime?intent=quicksilver&call_id=rtc_9");
    assert_eq!(joins[0].header("x-session-id"), Some("rtc_9"));
    probe.append(text("hello"));
    let frames = probe.model.wait_for_realtime_frames(1).await.unwrap();
    assert_eq!(said(&frames[0].body), "hello", "the session is somebody else's");
    assert!(probe.model.others().is_empty(), "no call was created");
}

#[tokio::test]
async fn conversation_sideband_answers_pings_while_the_server_reads_nothing() {
    let session = RealtimeSession {
        steps: vec![RealtimeStep::StopReading],
        ..RealtimeSession::default()
    };
    let probe = thread(Script::new().session(session)).await;
    probe.voice(by_webrtc(RealtimeVersion::V1)).await;
    probe.model.wait_for_realtime_handshakes(1).await.unwrap();
    // More than the connection holds: writing gets stuck, reading does not, and the turn does not notice.
    let large = "x".repeat(500_000);
    for _ in 0..40 {
        probe.append(sound(&large));
    }
    probe.run("hi").await;
    probe.server_says(json!({"type": "conversation.item.added", "item": {"id": "seen"}}));
    probe.wait(0, |line| line.contains("\"seen\"")).await;
    probe.stop_voice();
    probe.closed().await;
}
