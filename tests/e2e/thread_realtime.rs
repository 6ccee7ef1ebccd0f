//! Voice in a thread (docs/contract/realtime.md).

mod agent;

use std::time::Duration;

use codex_core::mock_model::{Answer, MockModel, RealtimeRepeat, RealtimeSession, RealtimeStep, Script};
use serde_json::{Value, json};

use crate::support::{App, Config, Home, Launch};

/// A home whose provider has an API key.
fn home(model: &MockModel) -> Home {
    let config = Config {
        provider: "experimental_bearer_token = \"key\"".into(),
        ..Config::default()
    };
    Home::with(model, &config)
}

async fn start(script: Script) -> (MockModel, Home, App, String) {
    let model = MockModel::start(script);
    let home = home(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    (model, home, app, thread)
}

/// Starts a conversation over this transport, and waits until it has started.
async fn voice(app: &App, thread: &str, more: Value) -> Value {
    let mut params = json!({"threadId": thread, "outputModality": "audio"});
    params
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    assert_eq!(app.call("thread/realtime/start", params).await, json!({}));
    let mine = |params: &Value| params["threadId"] == thread;
    app.wait_where("thread/realtime/started", mine).await
}

fn webrtc() -> Value {
    json!({"transport": {"type": "webrtc", "sdp": "v=0\r\n"}})
}

fn say(model: &MockModel, event: Value) {
    let last = model.realtime_handshakes().len() - 1;
    model.realtime_step(last, RealtimeStep::Send(event));
}

/// Kinds of the items of a list, with their texts.
fn kinds(page: &Value) -> Vec<String> {
    let items = page["data"].as_array().unwrap().iter();
    items
        .map(|entry| {
            let item = &entry["item"];
            let kind = item["type"].as_str().unwrap_or("-");
            match item["channels"]["voice_transcript"]["text"].as_str() {
                Some(text) => format!("{kind} {text}"),
                None => kind.to_owned(),
            }
        })
        .collect()
}

#[tokio::test]
async fn the_voices_are_those_of_the_contract() {
    let (_model, _home, app, _) = start(Script::new()).await;
    let voices = app.call("thread/realtime/listVoices", json!({})).await["voices"].clone();
    assert_eq!(voices["v1"].as_array().unwrap().len(), 9);
    assert_eq!(voices["v2"].as_array().unwrap().len(), 10);
    assert_eq!(voices["v3"].as_array().unwrap().len(), 26);
    assert_eq!(
        (&voices["defaultV1"], &voices["defaultV2"]),
        (&json!("cove"), &json!("marin"))
    );
    app.stop().await;
}

#[tokio::test]
async fn a_call_is_answered_before_it_is_joined() {
    let session = RealtimeSession {
        handshake: codex_core::mock_model::Handshake::delayed(60_000),
        ..RealtimeSession::default()
    };
    let (model, _home, app, thread) = start(Script::new().session(session)).await;
    app.wait_for("thread/started").await;
    app.wait_for("warning").await;
    let mark = app.mark();
    let started = voice(&app, &thread, webrtc()).await;
    assert_eq!(started["version"], "v1");
    let sdp = app.wait_for("thread/realtime/sdp").await;
    assert!(sdp["sdp"].as_str().unwrap().starts_with("v=0"));
    model.wait_for_realtime_handshakes(1).await.unwrap();
    assert_eq!(
        app.notified_since(mark),
        [
            "thread/realtime/item/started",
            "thread/realtime/item/completed",
            "thread/realtime/started",
            "thread/realtime/sdp",
        ]
    );
    // Stopping does not wait for the join either.
    app.call("thread/realtime/stop", json!({"threadId": thread}))
        .await;
    let closed = app.wait_for("thread/realtime/closed").await;
    assert_eq!(closed["reason"], "requested");
    app.stop().await;
}

#[tokio::test]
async fn everything_that_is_told_of_a_conversation_reaches_the_client() {
    let (model, _home, app, thread) = start(Script::new()).await;
    voice(&app, &thread, json!({"version": "v2"})).await;
    let text = json!({"threadId": thread, "text": "typed"});
    app.call("thread/realtime/appendText", text.clone()).await;
    app.call("thread/realtime/appendSpeech", text).await;
    let audio = json!({"data": "AAAA", "sampleRate": 24000, "numChannels": 1});
    app.call(
        "thread/realtime/appendAudio",
        json!({"threadId": thread, "audio": audio}),
    )
    .await;
    model.wait_for_realtime_frames(4).await.unwrap();
    for event in [
        json!({"type": "response.output_audio.delta", "delta": "AAAA", "item_id": "it"}),
        json!({"type": "response.output_text.delta", "delta": "wor"}),
        json!({"type": "response.output_text.done", "text": "words"}),
        json!({"type": "conversation.item.added", "item": {"id": "x"}}),
        json!({"type": "error", "message": "over"}),
    ] {
        say(&model, event);
    }
    let heard = app.wait_for("thread/realtime/outputAudio/delta").await;
    let sound = json!({"data": "AAAA", "itemId": "it", "numChannels": 1, "sampleRate": 24000, "samplesPerChannel": null});
    assert_eq!(heard["audio"], sound);
    let begun = app.wait_where("thread/realtime/item/started", |params| {
        params["item"]["type"] == "transcriptSegment"
    });
    let begun = begun.await["item"].clone();
    assert_eq!(
        (&begun["role"], &begun["text"]),
        (&json!("assistant"), &json!(""))
    );
    assert!(begun["observedAtMs"].is_i64());
    let delta = app.wait_for("thread/realtime/item/transcript/delta").await;
    assert_eq!((&delta["itemId"], &delta["delta"]), (&begun["id"], &json!("wor")));
    let delta = app.wait_for("thread/realtime/transcript/delta").await;
    assert_eq!(
        (&delta["role"], &delta["delta"]),
        (&json!("assistant"), &json!("wor"))
    );
    let done = app.wait_for("thread/realtime/transcript/done").await;
    assert_eq!(done["text"], "words");
    assert_eq!(
        app.wait_for("thread/realtime/itemAdded").await["item"],
        json!({"id": "x"})
    );
    assert_eq!(app.wait_for("thread/realtime/error").await["message"], "over");
    assert_eq!(app.wait_for("thread/realtime/closed").await["reason"], "error");

    // Nothing runs any more.
    let late = json!({"threadId": thread, "text": "late"});
    assert_eq!(app.call("thread/realtime/appendText", late).await, json!({}));
    let error = app.wait_for("error").await;
    assert_eq!(error["error"]["message"], "conversation is not running");
    assert_eq!(error["error"]["codexErrorInfo"], "badRequest");
    let mark = app.mark();
    app.call("thread/realtime/stop", json!({"threadId": thread}))
        .await;
    app.wait_for("thread/realtime/closed").await;
    assert_eq!(app.notified_since(mark), ["thread/realtime/closed"]);
    app.stop().await;
}

#[tokio::test]
async fn what_was_said_is_listed_while_it_runs_afterwards_and_after_a_restart() {
    let (model, home, app, thread) = start(Script::new()).await;
    let list = |more: Value| {
        let mut params = json!({"threadId": thread});
        params
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        params
    };
    let page = app.call("thread/realtime/list", list(json!({}))).await;
    assert_eq!(page["coverage"], "unsupported");
    let started = voice(&app, &thread, json!({"version": "v1"})).await;
    let session = started["realtimeSessionId"].clone();
    let page = app.call("thread/realtime/list", list(json!({}))).await;
    assert_eq!(
        (&page["coverage"], kinds(&page)),
        (&json!("ready"), vec!["realtimeSessionStarted".to_owned()])
    );
    for text in ["one", "two"] {
        say(
            &model,
            json!({"type": "conversation.input_transcript.delta", "delta": text}),
        );
        say(
            &model,
            json!({"type": "conversation.item.input_audio_transcription.completed", "transcript": text}),
        );
        app.wait_where("thread/realtime/transcript/done", |params| params["text"] == text)
            .await;
    }
    app.start_turn(&thread, "hi").await;
    app.wait_for("turn/completed").await;
    app.call("thread/realtime/stop", json!({"threadId": thread}))
        .await;
    app.wait_for("thread/realtime/closed").await;
    app.stop().await;

    let app = App::start(&home).await;
    app.call("thread/resume", json!({"threadId": thread})).await;
    let all = app.call("thread/realtime/list", list(json!({}))).await;
    let expected = [
        "realtimeSessionStarted",
        "frame one",
        "frame two",
        "realtimeSessionClosed",
    ];
    assert_eq!(kinds(&all), expected);
    assert_eq!(all["nextCursor"], Value::Null);
    assert_eq!(all["snapshotEnd"], all["projectedThroughItemIndex"]);
    assert_eq!(
        all["data"][0]["item"]["id"],
        format!("realtime-session-start:{}", session.as_str().unwrap())
    );
    let positions: Vec<_> = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["position"].as_u64().unwrap())
        .collect();
    assert!(positions.is_sorted());

    let first = app.call("thread/realtime/list", list(json!({"limit": 1}))).await;
    let cursor = first["nextCursor"].clone();
    let rest = app
        .call(
            "thread/realtime/list",
            list(json!({"limit": 500, "cursor": cursor})),
        )
        .await;
    assert_eq!(kinds(&rest), expected[1..]);
    let behind = app
        .call(
            "thread/realtime/list",
            list(json!({"order": "position", "afterPosition": positions[1]})),
        )
        .await;
    assert_eq!(kinds(&behind), expected[2..]);
    let one = all["data"][1]["item"]["id"].clone();
    let by_id = app
        .call("thread/realtime/list", list(json!({"eventId": one})))
        .await;
    assert_eq!(kinds(&by_id), ["frame one"]);
    for (query, coverage) in [
        (json!({"eventId": "none"}), "pending"),
        (json!({"requiredThroughPosition": 100_000}), "pending"),
        (json!({"snapshotEnd": 100_000}), "pending"),
        (json!({"sessionId": "other"}), "ready"),
        (json!({"toObservedAtMs": 5}), "ready"),
    ] {
        let page = app.call("thread/realtime/list", list(query.clone())).await;
        assert_eq!(
            (page["coverage"].as_str(), kinds(&page)),
            (Some(coverage), Vec::new()),
            "{query}"
        );
    }
    for (query, message) in [
        (
            json!({"limit": 0}),
            "realtime page size must be between 1 and 500",
        ),
        (
            json!({"limit": 501}),
            "realtime page size must be between 1 and 500",
        ),
        (json!({"cursor": "x"}), "invalid realtime cursor"),
        (
            json!({"cursor": cursor, "order": "position"}),
            "realtime cursor does not match this query",
        ),
        (
            json!({"fromObservedAtMs": 5, "toObservedAtMs": 5}),
            "realtime observation time range must be nonempty",
        ),
    ] {
        let error = app.call_err("thread/realtime/list", list(query)).await;
        assert_eq!((error.code, error.message.as_str()), (-32600, message));
    }

    let page = app
        .call("thread/timeline/list", json!({"threadId": thread}))
        .await;
    let timeline: Vec<_> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        timeline.iter().filter(|kind| **kind == "realtime").count(),
        4,
        "{timeline:?}"
    );
    assert_eq!(page["data"][1]["item"]["type"], "transcriptSegment");
    assert_eq!(page["activeRealtimeSessionAtPageStart"], Value::Null);
    let last = app
        .call("thread/timeline/list", json!({"threadId": thread, "limit": 2}))
        .await;
    assert_eq!(last["activeRealtimeSessionAtPageStart"], session);
    app.stop().await;
}

#[tokio::test]
async fn what_other_programs_have_written_of_conversations_is_read_in_both_its_forms() {
    let model = MockModel::start(Script::new());
    let home = home(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.start_turn(&thread, "hi").await;
    app.wait_for("turn/completed").await;
    let stored = app.call("thread/read", json!({"threadId": thread})).await;
    let path = stored["thread"]["path"].as_str().unwrap().to_owned();
    app.stop().await;
    let text = std::fs::read_to_string(&path).unwrap();
    let next = text.lines().count();
    let lines = [
        json!({"id": "a", "realtime_session_id": "s", "type": "realtime_session_started"}),
        json!({"id": "b", "realtime_session_id": "s", "type": "transcript_segment", "role": "user", "text": "old"}),
        json!({"id": "c", "realtime_session_id": "s", "observed_at_ms": 5, "type": "frame",
            "channels": {"voice_transcript": {"role": "assistant", "text": "new"}}}),
        json!({"id": "d", "realtime_session_id": "s", "type": "of_a_later_release"}),
    ];
    let lines: String = lines
        .iter()
        .enumerate()
        .map(|(n, payload)| {
            let ordinal = next + n;
            let time = "2026-11-01T00:00:00.000Z";
            json!({"timestamp": time, "ordinal": ordinal, "type": "realtime_item", "payload": payload})
                .to_string()
                + "\n"
        })
        .collect();
    std::fs::write(&path, text + &lines).unwrap();
    let app = App::start(&home).await;
    let page = app
        .call("thread/realtime/list", json!({"threadId": thread}))
        .await;
    assert_eq!(kinds(&page), ["realtimeSessionStarted", "frame old", "frame new"]);
    assert_eq!(page["data"][0]["item"]["observedAtMs"], Value::Null);
    app.call("thread/resume", json!({"threadId": thread})).await;
    app.stop().await;
}

#[tokio::test]
async fn leaving_a_thread_ends_its_conversation_and_says_so() {
    let (model, _home, app, thread) = start(Script::new()).await;
    let mine = |thread: String| move |params: &Value| params["threadId"] == thread;
    for (number, method) in ["thread/archive", "thread/delete"].into_iter().enumerate() {
        let thread = app.start_thread(json!({})).await;
        voice(&app, &thread, json!({})).await;
        app.call(method, json!({"threadId": thread})).await;
        let closed = app.wait_where("thread/realtime/closed", mine(thread)).await;
        assert_eq!(closed["reason"], "requested");
        model.wait_for_realtime_ends(number + 1).await.unwrap();
    }
    // The end of the daemon is the end of all conversations.
    voice(&app, &thread, webrtc()).await;
    app.close_stdin().await;
    app.wait_where("thread/realtime/closed", mine(thread)).await;
    assert!(app.exit().await.0.success());
}

#[tokio::test]
async fn unknown_threads_have_no_conversation() {
    let (_model, _home, app, _) = start(Script::new()).await;
    let unknown = "01999999-0000-7000-8000-000000000000";
    let params = json!({"threadId": unknown, "outputModality": "audio"});
    let error = app.call_err("thread/realtime/start", params).await;
    assert_eq!(
        (error.code, error.message),
        (-32600, format!("thread not found: {unknown}"))
    );
    let page = app
        .call("thread/realtime/list", json!({"threadId": unknown}))
        .await;
    assert_eq!(page["coverage"], "unsupported");
    app.stop().await;
}

#[tokio::test]
async fn the_configuration_chooses_what_the_client_does_not() {
    let model = MockModel::start(Script::new());
    let config = Config {
        provider: "experimental_bearer_token = \"key\"".into(),
        top: "experimental_realtime_ws_model = \"my-voice\"\nexperimental_realtime_ws_backend_prompt = \"Be kind.\"\n\
              experimental_realtime_ws_startup_context = \"It rains.\"\n\
              experimental_realtime_start_instructions = \"Voice is on.\""
            .into(),
        extra: "[realtime]\nversion = \"v1\"\nvoice = \"sol\"".into(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let started = voice(&app, &thread, json!({})).await;
    assert_eq!(started["version"], "v1");
    let joins = model.realtime_handshakes();
    assert_eq!(joins[0].path, "/v1/realtime?intent=quicksilver&model=my-voice");
    let frames = model.wait_for_realtime_frames(1).await.unwrap();
    let session = &frames[0].body["session"];
    assert_eq!(session["audio"]["output"]["voice"], "sol");
    assert_eq!(session["instructions"], "Be kind.\n\nIt rains.");
    app.start_turn(&thread, "hi").await;
    app.wait_for("turn/completed").await;
    assert!(model.requests()[0].body.to_string().contains("Voice is on."));
    app.stop().await;
}

#[tokio::test]
async fn the_voice_model_is_told_of_recent_turns_and_of_no_secrets() {
    let script =
        Script::from([Answer::new().say("I wrote foo.rs; the key is sk-abcdefghijklmnopqrstuvwxyz012345.")]);
    let (model, home, app, thread) = start(script).await;
    std::fs::write(home.work().join("notes.txt"), "x").unwrap();
    app.start_turn(&thread, "write foo").await;
    app.wait_for("turn/completed").await;
    voice(&app, &thread, json!({"prompt": null})).await;
    let frames = model.wait_for_realtime_frames(1).await.unwrap();
    let told = frames[0].body["session"]["instructions"]
        .as_str()
        .unwrap()
        .to_owned();
    for part in [
        "<startup_context>",
        "User: write foo",
        "Agent: I wrote foo.rs",
        "- notes.txt",
        "Working folder",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(!told.contains("sk-abc"), "{told}");
    app.stop().await;
}

#[tokio::test]
async fn the_example_script_is_a_whole_conversation() {
    let script = include_str!("../../examples/realtime.json");
    let model = MockModel::start(Script::from_json(script).unwrap());
    let home = home(&model);
    let app = Launch::new(&home).env("RUST_LOG", "info").start().await;
    let thread = app.start_thread(json!({})).await;
    voice(&app, &thread, webrtc()).await;
    app.wait_for("thread/realtime/sdp").await;
    for line in [
        "realtime call created",
        "realtime sideband task started",
        "realtime sideband connected",
    ] {
        app.stderr_contains(line).await;
    }
    let turn = app.wait_for("turn/completed").await;
    assert_eq!(turn["turn"]["items"][0]["text"], "It is noon.");
    app.wait_for("thread/realtime/outputAudio/delta").await;
    let closed = app.wait_for("thread/realtime/closed").await;
    assert_eq!(closed["reason"], "transport_closed");
    app.stop().await;
}

/// Frames each way at 50 a second, in conversations at once. The bench `realtime` has the whole load: programs that are not
/// optimised are too slow for it.
#[tokio::test]
async fn no_frame_is_lost_in_either_direction() {
    let number = |name: &str, default: u32| {
        std::env::var(name)
            .ok()
            .and_then(|n| n.parse().ok())
            .unwrap_or(default)
    };
    let (voices, frames) = (number("CODEX_TEST_VOICES", 3), number("CODEX_TEST_FRAMES", 100));
    let sound = "A".repeat(1280);
    let repeat = RealtimeRepeat {
        times: frames,
        every_ms: 20,
        event: json!({"type": "response.output_audio.delta", "delta": sound, "item_id": "it"}),
    };
    let mut script = Script::new();
    let last = json!({"type": "conversation.item.added", "item": {"id": "last"}});
    script.realtime.default_session.steps = vec![RealtimeStep::Repeat(repeat), RealtimeStep::Send(last)];
    let model = MockModel::start(script);
    let home = home(&model);
    let app = Launch::new(&home).start().await;
    let mut threads = Vec::new();
    for _ in 0..voices {
        let thread = app.start_thread(json!({})).await;
        voice(&app, &thread, json!({"includeStartupContext": false})).await;
        threads.push(thread);
    }
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..frames {
        pace.tick().await;
        for thread in &threads {
            let audio = json!({"data": sound, "sampleRate": 24000, "numChannels": 1});
            let params = json!({"threadId": thread, "audio": audio});
            app.request("thread/realtime/appendAudio", params).await;
        }
    }
    let wanted = (voices * frames + voices) as usize;
    let mut before = 0;
    while model.realtime_frames().len() < wanted {
        let now = model.realtime_frames().len();
        assert!(now > before || now == 0, "{now} of {wanted} frames came");
        before = now;
        let _ = model.wait_for_realtime_frames(wanted).await;
    }
    for thread in &threads {
        let mine = |params: &Value| params["threadId"] == *thread;
        app.wait_where("thread/realtime/itemAdded", mine).await;
        app.call("thread/realtime/stop", json!({"threadId": thread}))
            .await;
        app.wait_where("thread/realtime/closed", |params| params["threadId"] == *thread)
            .await;
    }
    let heard = app
        .frames()
        .iter()
        .filter(|frame| frame.method() == "thread/realtime/outputAudio/delta")
        .count();
    assert_eq!(heard, (voices * frames) as usize);
    app.stop().await;
}
