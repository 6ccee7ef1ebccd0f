//! Voice conversations: how soon the answer to an offer is there while the call can't be joined, what many conversations
//! cost, and what a client costs that stops reading.
//!
//! `cargo bench -p codex-app-server --bench realtime`. `VOICES=5 FRAMES=500` makes it shorter (20 and 10,000).
//!
//! Fails if the answer takes more than 5 ms after the server's, if a frame is lost, or if a client that stops reading
//! costs more than 4 MiB beside what a reading one does.

#![expect(clippy::unwrap_used, reason = "what can't be set up can't be measured")]
#![expect(clippy::print_stdout, reason = "that is what it is for")]

#[expect(dead_code, unreachable_pub, reason = "shared with other benches")]
mod common;

use std::process::Stdio;
use std::time::{Duration, Instant};

use codex_core::mock_model::{
    Handshake, MockModel, RealtimeCall, RealtimeRepeat, RealtimeSession, RealtimeStep, Script,
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use common::support::{App, Config, Home, Launch};
use common::{memory, number, processor_time};

/// Milliseconds that the server takes for its answer.
const CALL_MS: u64 = 30;
/// What a client that stops reading may cost, in KiB.
const SLOW: u64 = 4 << 10;

fn home(model: &MockModel) -> Home {
    let config = Config {
        provider: "experimental_bearer_token = \"key\"".into(),
        ..Config::default()
    };
    Home::with(model, &config)
}

fn start(thread: &str, more: &Value) -> Value {
    let mut params = json!({"threadId": thread, "outputModality": "audio", "includeStartupContext": false});
    params
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    params
}

/// The time from the server's answer to the client's, in the worst of many calls.
async fn answers() {
    let mut script = Script::new();
    for _ in 0..50 {
        script = script.call(RealtimeCall {
            delay_ms: CALL_MS,
            ..RealtimeCall::default()
        });
    }
    script.realtime.default_session.handshake = Handshake::delayed(5000);
    let model = MockModel::start(script);
    let home = home(&model);
    let app = App::start(&home).await;
    let mut times = Vec::new();
    for call in 0..50 {
        let thread = app.start_thread(json!({})).await;
        let offer = json!({"transport": {"type": "webrtc", "sdp": "v=0\r\n"}});
        app.request("thread/realtime/start", start(&thread, &offer)).await;
        app.wait_where("thread/realtime/sdp", |params| params["threadId"] == *thread)
            .await;
        let seen = Instant::now();
        let asked = model.others()[call].at;
        times.push(seen.saturating_duration_since(asked + Duration::from_millis(CALL_MS)));
        app.call("thread/realtime/stop", json!({"threadId": thread}))
            .await;
    }
    times.sort_unstable();
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    println!(
        "answer to an offer after the server's, while the join hangs: median {median:?}, worst {worst:?}"
    );
    assert!(median < Duration::from_millis(5), "the answer comes too late");
    app.stop().await;
}

/// Many conversations at once, in both directions.
async fn load() {
    let (voices, frames) = (number("VOICES", 20), number("FRAMES", 10_000));
    let sound = "A".repeat(1280);
    let repeat = RealtimeRepeat {
        times: u32::try_from(frames).unwrap(),
        every_ms: 20,
        event: json!({"type": "response.output_audio.delta", "delta": sound, "item_id": "it"}),
    };
    let mut script = Script::new();
    let last = json!({"type": "conversation.item.added", "item": {"id": "last"}});
    script.realtime.default_session.steps = vec![RealtimeStep::Repeat(repeat), RealtimeStep::Send(last)];
    let model = MockModel::start(script);
    let home = home(&model);
    let app = Launch::new(&home).start().await;
    let pid = u32::try_from(app.pid()).unwrap();
    let mut threads = Vec::new();
    for _ in 0..voices {
        threads.push(app.start_thread(json!({})).await);
    }
    let (idle, before) = (memory(pid), processor_time(pid));
    for thread in &threads {
        app.call("thread/realtime/start", start(thread, &json!({}))).await;
    }
    let began = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    let mut largest = idle;
    for frame in 0..frames {
        pace.tick().await;
        for thread in &threads {
            let audio = json!({"data": sound, "sampleRate": 24000, "numChannels": 1});
            let params = json!({"threadId": thread, "audio": audio});
            app.request("thread/realtime/appendAudio", params).await;
        }
        if frame % 50 == 0 {
            largest = largest.max(memory(pid));
        }
    }
    let wanted = voices * frames + voices;
    while model.realtime_frames().len() < wanted && began.elapsed() < Duration::from_secs(600) {
        let _ = model.wait_for_realtime_frames(wanted).await;
    }
    let took = began.elapsed();
    let used = processor_time(pid).saturating_sub(before);
    for thread in &threads {
        app.wait_where("thread/realtime/itemAdded", |params| {
            params["threadId"] == **thread
        })
        .await;
        app.call("thread/realtime/stop", json!({"threadId": thread}))
            .await;
        app.wait_where("thread/realtime/closed", |params| params["threadId"] == **thread)
            .await;
    }
    let heard = app
        .frames()
        .iter()
        .filter(|frame| frame.method() == "thread/realtime/outputAudio/delta")
        .count();
    let sent = model.realtime_frames().len() - voices;
    println!(
        "{voices} conversations, {frames} frames each way in {took:?}: {sent} sent, {heard} heard, {used:?} of processor \
         time, memory {idle} KiB and at most {} KiB more",
        largest.saturating_sub(idle)
    );
    assert_eq!(
        (sent, heard),
        (voices * frames, voices * frames),
        "frames are lost"
    );
    app.stop().await;
}

/// A client that stops reading while its conversation goes on.
async fn slow_client() {
    let repeat = RealtimeRepeat {
        times: 20_000,
        every_ms: 0,
        event: json!({"type": "response.output_audio.delta", "delta": "A".repeat(1280), "item_id": "it"}),
    };
    let session = RealtimeSession {
        steps: vec![
            RealtimeStep::Expect("input_audio_buffer.append".into()),
            RealtimeStep::Repeat(repeat),
        ],
        ..RealtimeSession::default()
    };
    let model = MockModel::start(Script::new().session(session));
    let home = home(&model);
    let mut child = Launch::new(&home)
        .into_command()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = child.id().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut send = async |frame: Value| input.write_all(format!("{frame}\n").as_bytes()).await.unwrap();
    send(json!({"id": 1, "method": "initialize", "params": {
        "clientInfo": {"name": "bench", "version": "1"}, "capabilities": {"experimentalApi": true}}}))
    .await;
    send(json!({"method": "initialized"})).await;
    send(json!({"id": 2, "method": "thread/start", "params": {}})).await;
    let mut thread = String::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        let frame: Value = serde_json::from_str(&line).unwrap();
        if frame["id"] == 2 {
            frame["result"]["thread"]["id"]
                .as_str()
                .unwrap()
                .clone_into(&mut thread);
            send(json!({"id": 3, "method": "thread/realtime/start", "params": start(&thread, &json!({}))}))
                .await;
        }
        if frame["method"] == "thread/realtime/started" {
            break;
        }
    }
    let idle = memory(pid);
    let audio = json!({"data": "AAAA", "sampleRate": 24000, "numChannels": 1});
    send(json!({"id": 4, "method": "thread/realtime/appendAudio", "params": {"threadId": thread, "audio": audio}}))
        .await;
    let mut largest = idle;
    let end = Instant::now() + Duration::from_secs(10);
    while Instant::now() < end {
        largest = largest.max(memory(pid));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let cost = largest.saturating_sub(idle);
    println!("a client that stops reading costs {cost} KiB");
    assert!(cost <= SLOW, "too much waits for a client that does not read");
    child.start_kill().unwrap();
    child.wait().await.unwrap();
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        answers().await;
        slow_client().await;
        load().await;
    });
}
