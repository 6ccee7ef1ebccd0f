//! Voice conversations: a thread, a voice server, and what passes between them.

use codex_core::mock_model::{RealtimeFrame, RealtimeSession, RealtimeStep, Script};
use codex_core::*;
use serde_json::Value;

use crate::session_probe::Probe;

/// An offer of a client.
pub(crate) const OFFER: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n";

/// What clients of a test start, over the WebSocket transport.
pub(crate) fn by_websocket(version: RealtimeVersion) -> StartRealtime {
    StartRealtime {
        text_output: false,
        transport: RealtimeTransport::WebSocket,
        version: Some(version),
        voice: None,
        model: None,
        prompt: Some(Some("Be brief.".into())),
        include_startup_context: false,
        session_id: None,
        initial_items: Vec::new(),
        client_managed_handoffs: false,
        responses_as_items: false,
        response_item_prefix: None,
        handoff_channel: HandoffChannel::Thinking,
        ack_filler: None,
        reasoning_status: false,
        start_instructions: None,
        end_instructions: None,
    }
}

/// The same over WebRTC.
pub(crate) fn by_webrtc(version: RealtimeVersion) -> StartRealtime {
    StartRealtime {
        transport: RealtimeTransport::WebRtc { sdp: OFFER.into() },
        ..by_websocket(version)
    }
}

/// A session that does this and confirms nothing by itself.
pub(crate) fn bare(steps: impl IntoIterator<Item = RealtimeStep>) -> RealtimeSession {
    RealtimeSession {
        steps: steps.into_iter().collect(),
        bare: true,
        ..RealtimeSession::default()
    }
}

/// A thread whose provider has an API key.
pub(crate) async fn thread(script: impl Into<Script>) -> Probe {
    thread_with(script, "", "").await
}

/// The same with more configuration.
pub(crate) async fn thread_with(script: impl Into<Script>, config: &str, provider: &str) -> Probe {
    let provider = format!("experimental_bearer_token = \"key\"\n{provider}");
    Probe::start_on(script, config, &provider, StartThread::default()).await
}

/// What tests do with the conversation of a thread.
pub(crate) trait Voice {
    /// Starts a conversation and waits until it has.
    async fn voice(&self, start: StartRealtime);
    /// Asks for a conversation.
    fn start_voice(&self, start: StartRealtime);
    /// Gives something to it.
    fn append(&self, input: RealtimeInput);
    /// Ends it.
    fn stop_voice(&self);
    /// Waits until it is told to be closed.
    async fn closed(&self);
    /// Has the voice server say this.
    fn server_says(&self, event: Value);
    /// Waits until so many frames of this type came to the server; gives all of that type.
    async fn frames(&self, kind: &str, count: usize) -> Vec<Value>;
}

impl Voice for Probe {
    async fn voice(&self, start: StartRealtime) {
        let from = self.lines().len();
        self.start_voice(start);
        self.wait(from, |line| line.starts_with("voice started")).await;
    }

    fn start_voice(&self, start: StartRealtime) {
        let reply = self.recorder.reply("realtime/start", |()| "ok".to_owned());
        let start = Box::new(start);
        self.thread.submit(Op::StartRealtime { start, reply });
    }

    fn append(&self, input: RealtimeInput) {
        let reply = self.recorder.reply("realtime/append", |()| "ok".to_owned());
        self.thread.submit(Op::AppendRealtime { input, reply });
    }

    fn stop_voice(&self) {
        let reply = self.recorder.reply("realtime/stop", |()| "ok".to_owned());
        self.thread.submit(Op::StopRealtime { reply });
    }

    async fn closed(&self) {
        self.wait(0, |line| line.starts_with("voice closed")).await;
    }

    fn server_says(&self, event: Value) {
        let last = self.model.realtime_handshakes().len() - 1;
        self.model.realtime_step(last, RealtimeStep::Send(event));
    }

    async fn frames(&self, kind: &str, count: usize) -> Vec<Value> {
        let of_kind = |frames: Vec<RealtimeFrame>| -> Vec<Value> {
            let bodies = frames.into_iter().map(|frame| (*frame.body).clone());
            bodies.filter(|body| body["type"] == kind).collect()
        };
        let mut all = 0;
        loop {
            let found = of_kind(self.model.realtime_frames());
            if found.len() >= count {
                return found;
            }
            all = self.model.realtime_frames().len().max(all + 1);
            self.model.wait_for_realtime_frames(all).await.unwrap();
        }
    }
}

pub(crate) fn text(text: &str) -> RealtimeInput {
    RealtimeInput::Text {
        role: RealtimeRole::User,
        text: text.into(),
    }
}

pub(crate) fn sound(data: &str) -> RealtimeInput {
    RealtimeInput::Audio(AudioFrame {
        data: data.into(),
        sample_rate: 24_000,
        num_channels: 1,
        samples_per_channel: None,
        item_id: None,
    })
}

/// The text of a message that was sent to a server.
pub(crate) fn said(frame: &Value) -> &str {
    let item = if frame["item"].is_object() {
        &frame["item"]
    } else {
        frame
    };
    item["content"][0]["text"].as_str().unwrap_or_default()
}
