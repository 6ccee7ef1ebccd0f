//! Voice conversations over WebRTC and WebSocket, as the server and the client see them.

use codex_core::mock_model::{Answer, Close, RealtimeCall, RealtimeStep, Script};
use codex_core::*;
use serde_json::{Value, json};

use crate::conversation_support::{
    OFFER, Voice, bare, by_webrtc, by_websocket, said, sound, text, thread, thread_with,
};
use crate::session_probe::{Probe, assert_told};

/// The parts of a multipart body.
fn parts(body: &Value) -> Vec<(&str, &str)> {
    let body = body.as_str().unwrap();
    let parts = body.split("--codex-realtime-call-boundary");
    parts
        .filter_map(|part| part.strip_prefix("\r\n")?.split_once("\r\n\r\n"))
        .map(|(head, content)| (head, content.strip_suffix("\r\n").unwrap()))
        .collect()
}

#[tokio::test]
async fn conversation_webrtc_start_posts_generated_session() {
    let probe = thread(Script::new()).await;
    probe.voice(by_webrtc(RealtimeVersion::V1)).await;
    let calls = probe.model.wait_for_others(1).await.unwrap();
    let call = &calls[0];
    assert_eq!(
        call.path,
        "/v1/realtime/calls?intent=quicksilver&architecture=avas"
    );
    for (name, value) in [
        ("authorization", "Bearer key"),
        (
            "content-type",
            "multipart/form-data; boundary=codex-realtime-call-boundary",
        ),
        ("openai-alpha", "quicksilver=v1"),
        ("originator", "probe"),
        ("thread-id", &probe.thread.id().to_string()),
    ] {
        assert_eq!(call.header(name), Some(value), "{name}");
    }
    let parts = parts(&call.body);
    assert!(parts[0].0.contains("name=\"sdp\"") && parts[0].0.contains("application/sdp"));
    assert_eq!(parts[0].1, OFFER);
    assert!(parts[1].0.contains("name=\"session\"") && parts[1].0.contains("application/json"));
    let session: Value = serde_json::from_str(parts[1].1).unwrap();
    let described = json!({
        "type": "quicksilver",
        "instructions": "Be brief.",
        "audio": {"input": {"format": {"type": "audio/pcm", "rate": 24000}}, "output": {"voice": "cove"}},
    });
    let mut posted = described.clone();
    posted["model"] = "gpt-realtime-1.5".into();
    assert_eq!(session, posted);
    // The call is joined, and described once more, now without the model.
    let joins = probe.model.wait_for_realtime_handshakes(1).await.unwrap();
    assert_eq!(joins[0].path, "/v1/realtime?intent=quicksilver&call_id=rtc_mock");
    assert_eq!(joins[0].header("x-session-id"), call.header("x-session-id"));
    let updates = probe.frames("session.update", 1).await;
    assert_eq!(updates[0]["session"], described);
    assert_told(
        &probe.lines(),
        &[
            "realtime/start -> ok",
            "voice item started SessionStarted",
            "voice item completed SessionStarted",
            "voice started v1",
            "voice sdp \"v=0\\r\\no=- 0 0 IN IP4 127.0.0.1\\r\\ns=mock\\r\\nt=0 0\\r\\n\"",
        ],
    );
}

#[tokio::test]
async fn conversation_webrtc_v3_goes_with_the_offer() {
    let probe = thread(Script::new()).await;
    probe.voice(by_webrtc(RealtimeVersion::V3)).await;
    let calls = probe.model.wait_for_others(1).await.unwrap();
    assert_eq!(calls[0].path, "/v1/live");
    assert_eq!(calls[0].header("openai-alpha"), Some("quicksilver=v2"));
    let session: Value = serde_json::from_str(parts(&calls[0].body)[1].1).unwrap();
    assert_eq!(
        session,
        json!({
            "instructions": "Be brief.",
            "audio": {"output": {"voice": "marin"}},
            "delegation": {"type": "client"},
            "model": "gpt-live-1.1-codex",
        })
    );
    let joins = probe.model.wait_for_realtime_handshakes(1).await.unwrap();
    assert_eq!(joins[0].path, "/v1/live/rtc_mock");
    probe.append(text("hello"));
    let frames = probe.model.wait_for_realtime_frames(1).await.unwrap();
    assert_eq!(
        *frames[0].body,
        json!({"type": "session.context.append", "content": [{"type": "input_text", "text": "hello"}]})
    );
}

#[tokio::test]
async fn conversation_webrtc_below_the_backend_is_created_with_json() {
    let config = "experimental_realtime_webrtc_call_base_url = \"http://{model}/backend-api/codex\"";
    for version in [RealtimeVersion::V1, RealtimeVersion::V3] {
        let probe = thread_with(Script::new(), config, "").await;
        probe.voice(by_webrtc(version)).await;
        let calls = probe.model.wait_for_others(1).await.unwrap();
        assert_eq!(
            calls[0].path,
            "/backend-api/codex/realtime/calls?intent=quicksilver&architecture=avas"
        );
        assert_eq!(calls[0].header("content-type"), Some("application/json"));
        assert_eq!(calls[0].body["sdp"], OFFER);
        assert!(calls[0].body["session"]["model"].is_string());
    }
}

#[tokio::test]
async fn conversation_webrtc_that_cannot_be_created_tells_why_and_nothing_more() {
    let at = |location: Option<&str>| RealtimeCall {
        location: location.map(str::to_owned),
        ..RealtimeCall::default()
    };
    let refused = RealtimeCall {
        status: 400,
        body: json!({"error": {"message": "no such offer"}}),
        ..RealtimeCall::default()
    };
    for (call, why) in [
        (
            at(None),
            "stream disconnected before completion: realtime call response missing Location",
        ),
        (
            at(Some("/v1/realtime/calls/nope")),
            "stream disconnected before completion: realtime call Location does not contain a call id: \
             /v1/realtime/calls/nope",
        ),
        (refused, "no such offer"),
    ] {
        let probe = thread(Script::new().call(call)).await;
        probe.start_voice(by_webrtc(RealtimeVersion::V1));
        probe.wait(0, |line| line.starts_with("voice error")).await;
        let lines = probe.lines();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[1].contains(why), "{lines:?}");
        // And the next one goes well.
        probe.voice(by_webrtc(RealtimeVersion::V1)).await;
    }
}

#[tokio::test]
async fn conversation_webrtc_is_tried_again_where_the_server_is_at_fault() {
    let failing = RealtimeCall {
        status: 503,
        ..RealtimeCall::default()
    };
    let script = Script::new().call(failing.clone()).call(failing);
    let probe = thread_with(script, "", "request_max_retries = 2").await;
    probe.voice(by_webrtc(RealtimeVersion::V1)).await;
    assert_eq!(probe.model.others().len(), 3);
}

#[tokio::test]
async fn conversation_websocket_of_each_version_has_its_own_words() {
    let probe = thread(Script::new()).await;
    let expected = [
        (
            RealtimeVersion::V1,
            "/v1/realtime?intent=quicksilver&model=gpt-realtime-1.5",
            json!({"type": "input_audio_buffer.append", "audio": "AAAA"}),
            json!({
                "type": "conversation.item.create",
                "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "typed"}]},
            }),
            json!({"type": "conversation.handoff.append", "handoff_id": "codex", "output_text": "spoken"}),
        ),
        (
            RealtimeVersion::V2,
            "/v1/realtime?model=gpt-realtime-1.5",
            json!({"type": "input_audio_buffer.append", "audio": "AAAA"}),
            json!({
                "type": "conversation.item.create",
                "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "[USER] typed"}]},
            }),
            json!({
                "type": "conversation.item.create",
                "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "[BACKEND] spoken"}]},
            }),
        ),
        (
            RealtimeVersion::V3,
            "/v1/live?model=gpt-live-1.1-codex",
            json!({"type": "input_audio.append", "audio": "AAAA"}),
            json!({"type": "session.context.append", "content": [{"type": "input_text", "text": "typed"}]}),
            json!({
                "type": "session.context.append",
                "channel": "speakable",
                "content": [{"type": "input_text", "text": "spoken"}],
            }),
        ),
    ];
    let mut seen = 0;
    for (number, (version, path, audio, typed, spoken)) in expected.into_iter().enumerate() {
        // The one before is ended by this.
        probe.voice(by_websocket(version)).await;
        assert_eq!(probe.model.realtime_handshakes()[number].path, path);
        probe.append(sound("AAAA"));
        probe.model.wait_for_realtime_frames(seen + 2).await.unwrap();
        probe.append(text("typed"));
        probe.model.wait_for_realtime_frames(seen + 3).await.unwrap();
        probe.append(RealtimeInput::Speech("spoken".into()));
        let is_v2 = version == RealtimeVersion::V2;
        let until = seen + if is_v2 { 5 } else { 4 };
        let frames = probe.model.wait_for_realtime_frames(until).await.unwrap();
        let bodies: Vec<_> = frames[seen..].iter().map(|frame| (*frame.body).clone()).collect();
        assert_eq!(bodies[0]["type"], "session.update");
        assert_eq!(bodies[1..4], [audio, typed, spoken]);
        if is_v2 {
            assert_eq!(bodies[4], json!({"type": "response.create"}));
        }
        seen = frames.len();
    }
    probe.stop_voice();
    probe.wait(0, |line| line == "realtime/stop -> ok").await;
    let lines = probe.lines();
    let closed = lines.iter().filter(|line| line.starts_with("voice closed"));
    assert!(closed.eq(["voice closed requested"; 3].iter()), "{lines:#?}");
}

#[tokio::test]
async fn conversation_websocket_v3_waits_for_its_session() {
    let early = json!({"type": "output_audio.delta", "audio": "AAAA"});
    let script = Script::new().session(bare([RealtimeStep::Send(early)]));
    let probe = thread(script).await;
    probe.start_voice(by_websocket(RealtimeVersion::V3));
    let why = "voice error stream disconnected before completion: frameless realtime session received an event before \
               session.started";
    probe.wait(0, |line| line == why).await;
    assert_eq!(probe.lines().len(), 2);
}

#[tokio::test]
async fn conversation_websocket_needs_an_api_key() {
    let probe = Probe::start(Script::new()).await;
    probe.start_voice(by_websocket(RealtimeVersion::V2));
    let why = "voice error realtime conversation requires API key auth";
    probe.wait(0, |line| line == why).await;
    // A call needs none.
    probe.voice(by_webrtc(RealtimeVersion::V1)).await;
    let calls = probe.model.wait_for_others(1).await.unwrap();
    assert_eq!(calls[0].header("authorization"), None);
}

#[tokio::test]
async fn conversation_websocket_choices_that_do_not_go_together_are_told() {
    let probe = thread(Script::new()).await;
    let v1 = by_websocket(RealtimeVersion::V1);
    for (start, why) in [
        (
            StartRealtime {
                text_output: true,
                ..v1.clone()
            },
            "text realtime output modality requires realtime v2",
        ),
        (
            StartRealtime {
                voice: Some("alloy".into()),
                ..v1.clone()
            },
            "realtime voice `alloy` is not supported for v1; supported voices: juniper, maple, spruce, ember, vale, \
             breeze, arbor, sol, cove",
        ),
        (
            StartRealtime {
                initial_items: vec![(RealtimeRole::User, "hi".into())],
                ..v1
            },
            "initial realtime items require realtime v3",
        ),
        (
            by_webrtc(RealtimeVersion::V2),
            "AVAS realtime calls require realtime v1 or v3",
        ),
    ] {
        let from = probe.lines().len();
        probe.start_voice(start);
        let line = format!("voice error {why}");
        probe.wait(from, |told| told == line).await;
    }
    let joined = StartRealtime {
        transport: RealtimeTransport::ExistingCall {
            call_id: "rtc_1".into(),
        },
        ..by_webrtc(RealtimeVersion::V1)
    };
    let from = probe.lines().len();
    probe.start_voice(joined);
    let refused = "existingCall transport does not support prompt";
    probe
        .wait(from, |line| {
            line.contains("realtime/start -> error") && line.contains(refused)
        })
        .await;
    assert!(probe.model.realtime_handshakes().is_empty());
}

#[tokio::test]
async fn conversation_websocket_tells_what_is_heard_and_said() {
    let probe = thread(Script::new()).await;
    probe.voice(by_websocket(RealtimeVersion::V2)).await;
    let from = probe.lines().len();
    for event in [
        json!({"type": "response.output_audio.delta", "delta": "AAAA", "item_id": "it1"}),
        json!({"type": "response.output_audio_transcript.delta", "delta": "Hel"}),
        json!({"type": "response.output_audio_transcript.delta", "delta": "lo"}),
        json!({"type": "response.output_audio_transcript.done", "transcript": "Hello!"}),
        json!({"type": "conversation.item.input_audio_transcription.completed", "transcript": "only at the end"}),
        json!({"type": "conversation.item.added", "item": {"id": "x", "odd": 1}}),
        json!({"type": "unknown.event"}),
        json!({"type": "response.cancelled", "response": {"id": "r1"}}),
        json!({"type": "error", "error": {"message": "boom"}}),
    ] {
        probe.server_says(event);
    }
    probe.closed().await;
    let segment =
        |speaker: &str, text: &str| format!("TranscriptSegment {{ speaker: {speaker}, text: {text:?} }}");
    assert_eq!(
        probe.lines()[from..],
        [
            "voice sound AAAA".to_owned(),
            format!("voice item started {}", segment("Assistant", "")),
            "voice delta assistant Hel".into(),
            "voice delta assistant lo".into(),
            format!("voice item completed {}", segment("Assistant", "Hello")),
            "voice done assistant Hello!".into(),
            format!("voice item started {}", segment("User", "")),
            "voice delta - only at the end".into(),
            format!("voice item completed {}", segment("User", "only at the end")),
            "voice done user only at the end".into(),
            "voice added {\"id\":\"x\",\"odd\":1}".into(),
            "voice added {\"response_id\":\"r1\",\"type\":\"response.cancelled\"}".into(),
            "voice error boom".into(),
            "voice item started SessionClosed { is_failure: true }".into(),
            "voice item completed SessionClosed { is_failure: true }".into(),
            "voice closed error".into(),
        ]
    );
}

#[tokio::test]
async fn conversation_websocket_that_the_server_closes_ends_as_closed() {
    let open = json!({"type": "conversation.input_transcript.delta", "delta": "half"});
    let script = Script::new().session(bare([
        RealtimeStep::Expect("session.update".into()),
        RealtimeStep::Send(open),
        RealtimeStep::Close(Close::default()),
    ]));
    let probe = thread(script).await;
    probe.start_voice(by_websocket(RealtimeVersion::V1));
    probe.closed().await;
    let lines = probe.lines();
    let story = [
        "voice delta user half",
        "voice item completed TranscriptSegment { speaker: User, text: \"half\" }",
        "voice item started SessionClosed { is_failure: false }",
        "voice item completed SessionClosed { is_failure: false }",
        "voice closed transport_closed",
    ];
    assert_told(&lines, &story);
    // Nothing runs any more.
    probe.append(text("late"));
    probe
        .wait(lines.len(), |line| {
            line.starts_with("error conversation is not running")
        })
        .await;
}

#[tokio::test]
async fn conversation_websocket_hands_work_over_and_gets_the_answer_back() {
    let answers = [
        Answer::new()
            .say_as("commentary", "On it.")
            .call("c", "exec_command", json!({"cmd": "true"})),
        Answer::new().say_as("final_answer", "All done."),
        Answer::new().say_as("final_answer", "Typed."),
        Answer::new().say_as("final_answer", "Later."),
    ];
    let probe = thread(answers).await;
    probe.voice(by_websocket(RealtimeVersion::V2)).await;
    for event in [
        json!({"type": "conversation.item.input_audio_transcription.delta", "delta": "please <do> it"}),
        json!({"type": "response.created", "response": {"id": "r1"}}),
        json!({"type": "conversation.item.done", "item": {
            "id": "i1", "type": "function_call", "name": "background_agent", "call_id": "c1",
            "arguments": "{\"input\": \" \", \"prompt\": \"do it\"}"}}),
    ] {
        probe.server_says(event);
    }
    probe.until_turn_end(0).await;
    let delegation = "<realtime_delegation>\n  <input>do it</input>\n  <transcript_delta>user: please &lt;do&gt; it\n\
                      user: do it</transcript_delta>\n</realtime_delegation>";
    // Two lines of the same speaker become one: what is handed over is a line of its own.
    let lines = probe.lines();
    assert!(
        lines
            .iter()
            .any(|line| *line == format!("completed user {delegation}")),
        "{lines:#?}"
    );
    let items = probe.frames("conversation.item.create", 3).await;
    assert_eq!(said(&items[0]), "[BACKEND] On it.");
    assert_eq!(said(&items[1]), "[BACKEND] All done.");
    assert_eq!(items[2]["item"]["type"], "function_call_output");
    assert_eq!(items[2]["item"]["call_id"], "c1");
    // The voice model is at its answer: it is asked for the next one afterwards.
    assert!(probe.frames("response.create", 0).await.is_empty());
    probe.server_says(json!({"type": "response.done", "response": {"id": "r1"}}));
    probe.frames("response.create", 1).await;

    // The agent knows of the conversation, and later of its end.
    let first = probe.model.requests()[0].body.to_string();
    assert!(first.contains("<realtime_conversation>"), "{first}");
    assert!(
        probe
            .run("typed")
            .await
            .iter()
            .any(|line| line.contains("Typed."))
    );
    let items = probe.frames("conversation.item.create", 4).await;
    assert_eq!(said(&items[3]), "[BACKEND] Typed.");
    probe.stop_voice();
    probe.closed().await;
    probe.run("after").await;
    let last = probe.model.requests().pop().unwrap().body.to_string();
    assert_eq!(last.matches("<realtime_conversation>").count(), 2, "{last}");
}

#[tokio::test]
async fn conversation_websocket_says_more_to_the_turn_that_runs() {
    let answers = [Answer::new().half("Work").hang(), Answer::new().say("Second.")];
    let probe = thread(answers).await;
    probe.voice(by_websocket(RealtimeVersion::V2)).await;
    let call = |id: &str, prompt: &str| {
        json!({"type": "conversation.item.done", "item": {
            "id": "i", "type": "function_call", "name": "background_agent", "call_id": id,
            "arguments": json!({"prompt": prompt}).to_string()}})
    };
    probe.server_says(call("c1", "one"));
    probe.wait(0, |line| line.starts_with("delta")).await;
    probe.server_says(call("c2", "two"));
    let items = probe.frames("conversation.item.create", 1).await;
    assert_eq!(items[0]["item"]["call_id"], "c2", "answered at once");
    let lines = probe.until_turn_end(0).await;
    let begun = lines.iter().filter(|line| line.starts_with("turn started"));
    assert_eq!(begun.count(), 1, "{lines:#?}");
    let items = probe.frames("conversation.item.create", 3).await;
    assert_eq!(said(&items[1]), "[BACKEND] Second.");
    assert_eq!(items[2]["item"]["call_id"], "c1");
}

#[tokio::test]
async fn conversation_websocket_of_a_client_that_manages_hand_offs_gets_nothing_back() {
    let probe = thread([Answer::new().say("Done.")]).await;
    let start = StartRealtime {
        client_managed_handoffs: true,
        ..by_websocket(RealtimeVersion::V2)
    };
    probe.voice(start).await;
    probe.server_says(json!({"type": "conversation.item.done", "item": {
        "id": "i", "type": "function_call", "name": "background_agent", "call_id": "c", "arguments": "{}"}}));
    probe.until_turn_end(0).await;
    // What the client says comes right behind the session.
    probe.append(RealtimeInput::Speech("It is done.".into()));
    let items = probe.frames("conversation.item.create", 1).await;
    assert_eq!(said(&items[0]), "[BACKEND] It is done.");
}

#[tokio::test]
async fn conversation_websocket_cuts_what_was_not_heard_and_may_stay_silent() {
    let probe = thread(Script::new()).await;
    probe.voice(by_websocket(RealtimeVersion::V2)).await;
    // 4,800 digits of base64 are 3,600 bytes: 75 ms.
    let sound = json!({"type": "response.output_audio.delta", "delta": "A".repeat(4800), "item_id": "it1"});
    probe.server_says(sound);
    probe.server_says(json!({"type": "input_audio_buffer.speech_started", "item_id": "other"}));
    probe.server_says(json!({"type": "input_audio_buffer.speech_started"}));
    let cuts = probe.frames("conversation.item.truncate", 1).await;
    assert_eq!(
        cuts,
        [
            json!({"type": "conversation.item.truncate", "item_id": "it1", "content_index": 0, "audio_end_ms": 75})
        ]
    );
    probe.server_says(json!({"type": "conversation.item.done", "item": {
        "id": "i1", "type": "function_call", "name": "remain_silent", "call_id": "c9", "arguments": "{}"}}));
    let items = probe.frames("conversation.item.create", 1).await;
    assert_eq!(
        items[0]["item"],
        json!({"type": "function_call_output", "call_id": "c9", "output": ""})
    );
}

#[tokio::test]
async fn conversation_websocket_ends_with_its_thread() {
    let probe = thread(Script::new()).await;
    probe.voice(by_websocket(RealtimeVersion::V2)).await;
    let (reply, answer) = Reply::channel();
    probe.thread.submit(Op::Shutdown { reply });
    answer.await.unwrap();
    let lines = probe.lines();
    let story = [
        "voice item started SessionClosed { is_failure: false }",
        "voice item completed SessionClosed { is_failure: false }",
        "voice closed requested",
        "status NotLoaded",
    ];
    assert_told(&lines, &story);
    probe.model.wait_for_realtime_ends(1).await.unwrap();
}

#[tokio::test]
async fn conversation_websocket_of_a_slow_client_loses_sound_and_nothing_else() {
    let probe = thread(Script::new()).await;
    probe.voice(by_websocket(RealtimeVersion::V2)).await;
    let from = probe.lines().len();
    probe.congest(true);
    for n in 0..50 {
        probe.server_says(json!({"type": "response.output_audio.delta", "delta": "AAAA", "item_id": "it1"}));
        probe.server_says(json!({"type": "conversation.item.added", "item": {"n": n}}));
    }
    probe.server_says(json!({"type": "response.output_text.delta", "delta": "words"}));
    // All of it has been read when the ping behind it is answered; what the client says is passed on all the same.
    probe.model.realtime_step(0, RealtimeStep::Ping("all".into()));
    probe.frames("pong", 1).await;
    probe.append(text("still there?"));
    probe.frames("conversation.item.create", 1).await;
    probe.congest(false);
    probe
        .wait(from, |line| line == "voice delta assistant words")
        .await;
    let lines = probe.lines();
    let added = lines.iter().filter(|line| line.starts_with("voice added"));
    assert_eq!(added.count(), 50);
    let heard = lines
        .iter()
        .filter(|line| line.starts_with("voice sound"))
        .count();
    assert_eq!(heard, 0);
}
