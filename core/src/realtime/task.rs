//! The task of one conversation: all of its input and output. Nobody waits for it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, StatusCode};
use opentelemetry::KeyValue;
use serde_json::Value;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::call::{self, broken, words};
use super::conversation::Conversation;
use super::host::{Host, Workspace};
use super::server_event::ServerEvent;
use super::session_config::session;
use super::{address, frames, startup_context};
use crate::model::side_channel::{Credentials, SideChannel, SideError, Socket};
use crate::{RealtimeEnd, RealtimeTransport, RealtimeVersion, telemetry};

/// What is said where the WebSocket transport has no API key.
const NO_API_KEY: &str = "realtime conversation requires API key auth";
/// How often a server is pinged.
const PING_AFTER: Duration = Duration::from_secs(30);
/// A server that says nothing for so many pings is given up.
const MAX_PINGS: u32 = 3;
/// How long a server may take to read one frame.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// How long the goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long a client may take for a burst of sound before some of it is dropped. Pings are answered that late at most.
const BURST: Duration = Duration::from_millis(250);
/// Bytes of events that wait for a client which reads too slowly; beyond, the server has to wait.
const MAX_WAITING: usize = 1 << 19;
/// Where the sound of OpenAI's calls is joined.
const OPENAI_SIDEBAND: &str = "https://api.openai.com/v1";

/// How a conversation ended by itself.
enum Outcome {
    TransportClosed,
    Failed(String),
}

/// Runs a conversation to its end.
pub(super) async fn run(
    host: Host,
    conversation: Arc<Conversation>,
    transport: RealtimeTransport,
    workspace: Workspace,
) {
    let work = Task {
        host: &host,
        conversation: &conversation,
    };
    let mut socket = None;
    let outcome = tokio::select! {
        biased;
        () = conversation.ended() => None,
        outcome = work.run(transport, &workspace, &mut socket) => Some(outcome),
    };
    match outcome {
        Some(Outcome::TransportClosed) => {
            conversation.end(RealtimeEnd::TransportClosed, None);
        }
        Some(Outcome::Failed(why)) => {
            conversation.end(RealtimeEnd::Error, Some(why));
        }
        None => {}
    }
    if let Some(Halves { sink, stream }) = socket
        && let Ok(mut socket) = sink.reunite(stream)
    {
        let frame = CloseFrame {
            code: CloseCode::Normal,
            reason: "".into(),
        };
        // Whether the server hears it makes no difference.
        let _ = tokio::time::timeout(GOODBYE, socket.close(Some(frame))).await;
    }
}

/// An open connection, read and written at the same time.
struct Halves {
    sink: SplitSink<Socket, Message>,
    stream: SplitStream<Socket>,
}

struct Task<'a> {
    host: &'a Host,
    conversation: &'a Conversation,
}

impl Task<'_> {
    async fn run(
        &self,
        transport: RealtimeTransport,
        workspace: &Workspace,
        socket: &mut Option<Halves>,
    ) -> Outcome {
        let opened = match transport {
            RealtimeTransport::WebSocket => self.open_conversation(workspace).await,
            RealtimeTransport::WebRtc { sdp } => self.create_and_join(workspace, &sdp).await,
            RealtimeTransport::ExistingCall { call_id } => self.join_existing(&call_id).await,
        };
        let opened = match opened {
            Ok(opened) => opened,
            Err(why) => return Outcome::Failed(why),
        };
        let (sink, stream) = opened.split();
        let halves = socket.insert(Halves { sink, stream });
        self.talk(halves).await
    }

    /// The WebSocket that carries everything.
    async fn open_conversation(&self, workspace: &Workspace) -> Result<Socket, String> {
        let options = &self.conversation.options;
        let configured = options.ws_base_url.clone();
        let base = configured.unwrap_or_else(|| self.host.channel.api_url(""));
        let url = address::conversation(&base, options)?;
        let context = startup_context::gather(self.host, options, workspace).await;
        let first = frames::session_update(&session(options, context.as_deref()));
        let headers = address::headers(options);
        let opened = self
            .host
            .channel
            .open(&url, &headers, Credentials::ApiKey(NO_API_KEY));
        let mut socket = opened.await.map_err(refused)?;
        send(&mut socket, &first).await?;
        if options.version == RealtimeVersion::V3 {
            ready(&mut socket).await?;
        }
        self.conversation.started(None);
        Ok(socket)
    }

    /// Creates a call, hands the answer over, and joins it.
    async fn create_and_join(&self, workspace: &Workspace, offer: &str) -> Result<Socket, String> {
        let options = &self.conversation.options;
        let context = startup_context::gather(self.host, options, workspace).await;
        let call = call::create(self.host, options, context.as_deref(), offer).await?;
        self.conversation.started(Some(call.sdp));
        // The session of a v3 call went with the offer.
        let first = (options.version != RealtimeVersion::V3)
            .then(|| frames::session_update(&session(options, context.as_deref())));
        self.join(&call.id, first, false).await
    }

    /// Joins a call that somebody else has created. Nothing is told before: the call may not be there.
    async fn join_existing(&self, call_id: &str) -> Result<Socket, String> {
        let joined = self.join(call_id, None, true).await?;
        self.conversation.started(None);
        Ok(joined)
    }

    /// Joins a call, trying again within the provider's budget. `may_come`: also while the server does not know the call.
    async fn join(&self, call_id: &str, first: Option<Value>, may_come: bool) -> Result<Socket, String> {
        let options = &self.conversation.options;
        let url = address::sideband(&self.sideband_base(), options.version, call_id)?;
        let headers = address::headers(options);
        let began = Instant::now();
        tracing::info!(call = call_id, "realtime sideband task started");
        let joined = self.join_within_budget(&url, &headers, may_come).await;
        let success = [KeyValue::new("success", joined.is_ok())];
        telemetry::count("codex.realtime.sideband", &success);
        telemetry::duration("codex.realtime.sideband.duration_ms", began.elapsed(), &success);
        let (mut socket, elapsed) = joined.inspect_err(|why| {
            let total_ms = began.elapsed().as_millis();
            tracing::warn!(
                call = call_id,
                total_ms,
                why,
                "realtime sideband could not be joined"
            );
        })?;
        tracing::info!(
            call = call_id,
            elapsed_ms = elapsed.as_millis(),
            total_ms = began.elapsed().as_millis(),
            "realtime sideband connected"
        );
        if let Some(first) = first {
            send(&mut socket, &first).await?;
        }
        Ok(socket)
    }

    async fn join_within_budget(
        &self,
        url: &str,
        headers: &HeaderMap,
        may_come: bool,
    ) -> Result<(Socket, Duration), String> {
        let mut retries = 0;
        loop {
            let began = Instant::now();
            match self.host.channel.open(url, headers, Credentials::Any).await {
                Ok(socket) => return Ok((socket, began.elapsed())),
                Err(failed) if may_pass(&failed, may_come) && retries < self.host.channel.max_retries() => {
                    retries += 1;
                    tracing::info!(
                        retry = retries,
                        elapsed_ms = began.elapsed().as_millis(),
                        status = failed.status.map(|status| status.as_u16()),
                        "realtime sideband is tried again"
                    );
                    tokio::time::sleep(SideChannel::backoff(retries)).await;
                }
                Err(failed) => return Err(refused(failed)),
            }
        }
    }

    /// Where calls are joined: where the user says, else with the provider. Credentials of another provider are not taken
    /// to OpenAI.
    fn sideband_base(&self) -> String {
        let channel = &self.host.channel;
        match &self.conversation.options.ws_base_url {
            Some(base) => base.clone(),
            None if channel.is_openai() => OPENAI_SIDEBAND.to_owned(),
            None => channel.api_url(""),
        }
    }

    /// Passes on what is said, in both directions, until the server ends it.
    async fn talk(&self, halves: &mut Halves) -> Outcome {
        let Halves { sink, stream } = halves;
        let writing = self.write(sink);
        let reading = self.read(stream);
        tokio::select! {
            outcome = reading => outcome,
            why = writing => Outcome::Failed(why),
        }
    }

    /// Sends what waits, without end, and asks from time to time whether the server is there. Gives why it can't.
    async fn write(&self, sink: &mut SplitSink<Socket, Message>) -> String {
        let mut ping_at = Instant::now() + PING_AFTER;
        loop {
            let next = tokio::time::timeout_at(ping_at.into(), self.conversation.next_frames()).await;
            let frames = next.unwrap_or_default();
            let mut messages: Vec<_> = frames
                .iter()
                .map(|frame| Message::text(frame.to_string()))
                .collect();
            if ping_at <= Instant::now() {
                ping_at = Instant::now() + PING_AFTER;
                messages.push(Message::Ping(bytes::Bytes::new()));
            }
            for message in messages {
                match tokio::time::timeout(WRITE_LIMIT, sink.send(message)).await {
                    Ok(Ok(())) => {}
                    // The reader sees it, too, and knows better.
                    Ok(Err(_)) => std::future::pending().await,
                    Err(_) => return unread(),
                }
            }
        }
    }

    /// Takes what the server says, without end. While a client reads too slowly, sound is dropped, and all else waits, within
    /// bounds, so that pings are answered.
    async fn read(&self, stream: &mut SplitStream<Socket>) -> Outcome {
        let mut waiting = VecDeque::new();
        let outcome = self.read_on(stream, &mut waiting).await;
        // What was said before the end still counts.
        for (event, _) in waiting {
            if self.conversation.take(event).is_err() {
                break;
            }
        }
        outcome
    }

    /// Reads to the end. Leaves what waits for the client, with its length.
    async fn read_on(
        &self,
        stream: &mut SplitStream<Socket>,
        waiting: &mut VecDeque<(ServerEvent, usize)>,
    ) -> Outcome {
        let version = self.conversation.options.version;
        let mut waiting_bytes = 0;
        let mut lags = false;
        let limit = PING_AFTER * MAX_PINGS;
        loop {
            let is_behind = !waiting.is_empty();
            let next = tokio::select! {
                biased;
                () = self.conversation.drained(), if is_behind => {
                    self.conversation.tell_held();
                    if let Some((event, bytes)) = waiting.pop_front() {
                        waiting_bytes -= bytes;
                        if let Err(why) = self.conversation.take(event) {
                            return Outcome::Failed(why);
                        }
                    }
                    // Others have their turn, too.
                    tokio::task::yield_now().await;
                    continue;
                }
                next = tokio::time::timeout(limit, stream.next()), if waiting_bytes < MAX_WAITING => next,
            };
            let text = match next {
                Ok(Some(Ok(Message::Text(text)))) => text,
                Ok(Some(Ok(Message::Close(_))) | None) => return Outcome::TransportClosed,
                Ok(Some(Ok(_))) => continue,
                Ok(Some(Err(error))) => return ended(error),
                Err(_) => return Outcome::Failed("the voice server no longer answers".into()),
            };
            let Some(event) = ServerEvent::read(version, &text) else {
                continue;
            };
            let is_sound = matches!(event, ServerEvent::Audio(_));
            if !is_sound && (is_behind || self.conversation.is_congested()) {
                waiting_bytes += text.len();
                waiting.push_back((event, text.len()));
                continue;
            }
            if is_sound {
                self.wait_for_listener(&mut lags).await;
            }
            if let Err(why) = self.conversation.take(event) {
                return Outcome::Failed(why);
            }
        }
    }

    /// Gives a client the time to take what came in a burst, once: one that lags after that loses sound until it has caught
    /// up.
    async fn wait_for_listener(&self, lags: &mut bool) {
        if !self.conversation.is_behind_with_sound() {
            *lags = false;
        } else if !*lags {
            let caught_up = tokio::time::timeout(BURST, self.conversation.sound_taken()).await;
            *lags = caught_up.is_err();
        }
    }
}

async fn send(socket: &mut Socket, frame: &Value) -> Result<(), String> {
    let text = Message::text(frame.to_string());
    match tokio::time::timeout(WRITE_LIMIT, socket.send(text)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(broken(&error.to_string())),
        Err(_) => Err(unread()),
    }
}

/// Waits until a v3 server says that the session is there.
async fn ready(socket: &mut Socket) -> Result<(), String> {
    let wait = async {
        loop {
            let text = match socket.next().await {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Close(_))) | None => {
                    return Err(broken("realtime session closed before session.started"));
                }
                Some(Ok(_)) => continue,
                Some(Err(error)) => return Err(broken(&error.to_string())),
            };
            match ServerEvent::read(RealtimeVersion::V3, &text) {
                // What means nothing to us does so before the start, too.
                None => {}
                Some(ServerEvent::SessionReady) => return Ok(()),
                Some(ServerEvent::Failed(why)) => return Err(why),
                Some(_) => {
                    return Err(broken(
                        "frameless realtime session received an event before session.started",
                    ));
                }
            }
        }
    };
    let limit = PING_AFTER * MAX_PINGS;
    tokio::time::timeout(limit, wait)
        .await
        .unwrap_or_else(|_| Err(broken("realtime session was not started in time")))
}

/// Whether the next attempt to join may go better.
fn may_pass(failed: &SideError, may_come: bool) -> bool {
    match failed.status {
        None => failed.error.retryable,
        Some(StatusCode::NOT_FOUND) => may_come,
        Some(status) => {
            status.is_server_error()
                || matches!(status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS)
        }
    }
}

fn refused(failed: SideError) -> String {
    match failed.status {
        Some(status) => format!("unexpected status {status}: realtime websocket handshake failed"),
        None => words(failed.error),
    }
}

fn ended(error: WsError) -> Outcome {
    match error {
        WsError::ConnectionClosed
        | WsError::AlreadyClosed
        | WsError::Io(_)
        | WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Outcome::TransportClosed,
        other => Outcome::Failed(broken(&other.to_string())),
    }
}

fn unread() -> String {
    "the voice server no longer reads".to_owned()
}
