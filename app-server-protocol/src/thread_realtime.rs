//! Voice in a thread (docs/contract/realtime.md).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::realtime_item::{ThreadRealtimeEntry, ThreadRealtimeItem};
use crate::shape::double_option;

crate::rpc::methods! {
    client ThreadRealtimeStart "thread/realtime/start" (ThreadRealtimeStartParams) -> ThreadRealtimeStartResponse, experimental, in Thread, "Starts a voice conversation in a thread.";
    client ThreadRealtimeAppendAudio "thread/realtime/appendAudio" (ThreadRealtimeAppendAudioParams) -> ThreadRealtimeAppendAudioResponse, experimental, in Thread, "Sends what the microphone hears to the conversation.";
    client ThreadRealtimeAppendText "thread/realtime/appendText" (ThreadRealtimeAppendTextParams) -> ThreadRealtimeAppendTextResponse, experimental, in Thread, "Sends text to the conversation.";
    client ThreadRealtimeAppendSpeech "thread/realtime/appendSpeech" (ThreadRealtimeAppendSpeechParams) -> ThreadRealtimeAppendSpeechResponse, experimental, in Thread, "Has the conversation say something.";
    client ThreadRealtimeStop "thread/realtime/stop" (ThreadRealtimeStopParams) -> ThreadRealtimeStopResponse, experimental, in Thread, "Ends the conversation.";
    client ThreadRealtimeList "thread/realtime/list" (ThreadRealtimeListParams) -> ThreadRealtimeListResponse, experimental, in None, "Lists what happened in the conversations of a thread.";
    client ThreadRealtimeListVoices "thread/realtime/listVoices" (ThreadRealtimeListVoicesParams) -> ThreadRealtimeListVoicesResponse, experimental, in None, "Lists the voices.";
    notify ThreadRealtimeStarted "thread/realtime/started" (ThreadRealtimeStartedNotification), stable, "A voice conversation has started.";
    notify ThreadRealtimeItemAdded "thread/realtime/itemAdded" (ThreadRealtimeItemAddedNotification), stable, "Something that the voice server has told, as it came.";
    notify ThreadRealtimeItemStarted "thread/realtime/item/started" (ThreadRealtimeItemStartedNotification), stable, "An item of the conversation has begun.";
    notify ThreadRealtimeItemTranscriptDelta "thread/realtime/item/transcript/delta" (ThreadRealtimeItemTranscriptDeltaNotification), stable, "More of what is said in an item.";
    notify ThreadRealtimeItemCompleted "thread/realtime/item/completed" (ThreadRealtimeItemCompletedNotification), stable, "An item of the conversation is complete.";
    notify ThreadRealtimeTranscriptDelta "thread/realtime/transcript/delta" (ThreadRealtimeTranscriptDeltaNotification), stable, "More of what is said.";
    notify ThreadRealtimeTranscriptDone "thread/realtime/transcript/done" (ThreadRealtimeTranscriptDoneNotification), stable, "What somebody has said, in full.";
    notify ThreadRealtimeOutputAudioDelta "thread/realtime/outputAudio/delta" (ThreadRealtimeOutputAudioDeltaNotification), stable, "Sound to play.";
    notify ThreadRealtimeSdp "thread/realtime/sdp" (ThreadRealtimeSdpNotification), stable, "The server's answer to a WebRTC offer.";
    notify ThreadRealtimeError "thread/realtime/error" (ThreadRealtimeErrorNotification), stable, "The conversation could not start, or has failed.";
    notify ThreadRealtimeClosed "thread/realtime/closed" (ThreadRealtimeClosedNotification), stable, "The conversation has ended.";
}

/// What the server of a voice conversation speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RealtimeConversationVersion {
    /// The first protocol.
    V1,
    /// The public realtime protocol.
    V2,
    /// The live protocol.
    V3,
}

/// What the voice model answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RealtimeOutputModality {
    /// Text only; v2 only.
    Text,
    /// Sound, with its transcript.
    Audio,
}

/// Who speaks, or in whose name a text is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ConversationTextRole {
    /// The user.
    #[default]
    User,
    /// The application.
    Developer,
    /// The agent.
    Assistant,
}

/// How the agent's messages reach the voice model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CodexResponseHandoffMode {
    /// As thoughts.
    Thinking,
    /// As remarks.
    Commentary,
    /// As marked up text.
    BemTags,
}

/// A voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "they are names")]
pub enum RealtimeVoice {
    Alloy,
    Arbor,
    Ash,
    Aube,
    Ballad,
    Breeze,
    Bubbie,
    Cedar,
    Coral,
    Cove,
    Echo,
    Ember,
    Haetsal,
    Hanul,
    Himari,
    Juniper,
    Leher,
    Maple,
    Marin,
    Miko,
    Neer,
    Porto,
    Rindo,
    Rio,
    Rivage,
    Sage,
    Selva,
    Shimmer,
    Sol,
    Sonna,
    Spruce,
    Tinta,
    Vale,
    Verse,
    Viola,
}

/// The voices of each version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RealtimeVoicesList {
    /// Of v1.
    pub v1: Vec<RealtimeVoice>,
    /// Of v2.
    pub v2: Vec<RealtimeVoice>,
    /// Of v3.
    #[serde(default)]
    pub v3: Vec<RealtimeVoice>,
    /// Taken by v1 where none is named.
    pub default_v1: RealtimeVoice,
    /// Taken by v2 where none is named.
    pub default_v2: RealtimeVoice,
}

/// Starts a voice conversation. One that runs in the thread is ended first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeStartParams {
    /// The thread.
    pub thread_id: String,
    /// What the voice model answers with.
    pub output_modality: RealtimeOutputModality,
    /// How it is reached; null for `websocket`.
    pub transport: Option<ThreadRealtimeStartTransport>,
    /// What it speaks; null for v2 over `websocket` and v1 else.
    pub version: Option<RealtimeConversationVersion>,
    /// The voice; null for the version's default.
    pub voice: Option<RealtimeVoice>,
    /// The voice model; null for the version's default.
    pub model: Option<String>,
    /// Instructions of the voice model; absent for ours, null for none.
    #[serde(default, with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub prompt: Option<Option<String>>,
    /// Whether recent turns and the workspace are told to the voice model; null for yes.
    pub include_startup_context: Option<bool>,
    /// Name of the session; null for a new one.
    pub realtime_session_id: Option<String>,
    /// What was said before; v3 only.
    pub initial_items: Option<Vec<ThreadRealtimeInitialItem>>,
    /// The client passes on what comes of hand-offs: nothing of the agent is sent to the voice model.
    pub client_managed_handoffs: Option<bool>,
    /// The agent's messages are given as items of the conversation, not as answers to a hand-off.
    pub codex_responses_as_items: Option<bool>,
    /// Put in front of such items.
    pub codex_response_item_prefix: Option<String>,
    /// How the agent's messages are given to v3.
    pub codex_response_handoff_mode: Option<CodexResponseHandoffMode>,
    /// How messages of each channel begin: with `bemTags`, those of `commentary` and `analysis` are given as remarks.
    pub codex_response_handoff_channel_prefixes: Option<BTreeMap<String, Vec<String>>>,
    /// Whether the voice model of v3 acknowledges hand-offs in words; null: as its server likes.
    pub delegation_ack_filler: Option<bool>,
    /// Has what the agent thinks while it works on a hand-off told to the voice model of v3.
    #[serde(default)]
    pub backend_reasoning_status: bool,
    /// Keeps what was said last as input of the thread. Taken, without effect.
    pub flush_transcript_tail_on_session_end: Option<bool>,
    /// What the agent is told when the conversation starts; null for ours.
    pub realtime_start_instructions: Option<String>,
    /// What the agent is told when it has ended; null for ours.
    pub realtime_end_instructions: Option<String>,
    /// The client's own name of the session. Taken, without effect.
    pub voice_session_id: Option<String>,
}

/// How a voice server is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ThreadRealtimeStartTransport {
    /// By a WebSocket that carries everything.
    Websocket,
    /// The client sends and plays sound by WebRTC; we join the call.
    Webrtc {
        /// The client's offer.
        sdp: String,
    },
    /// A call that exists already.
    ExistingCall {
        /// The call.
        call_id: String,
    },
}

/// Something that was said before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeInitialItem {
    /// Who said it.
    pub role: ConversationTextRole,
    /// What.
    pub text: String,
}

/// It starts; what becomes of it is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadRealtimeStartResponse {}

/// A piece of sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeAudioChunk {
    /// The samples, base64.
    pub data: String,
    /// Samples per second.
    pub sample_rate: u32,
    /// Channels.
    pub num_channels: u16,
    /// Samples of each channel.
    pub samples_per_channel: Option<u32>,
    /// The item that it belongs to.
    pub item_id: Option<String>,
}

/// Sends sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeAppendAudioParams {
    /// The thread.
    pub thread_id: String,
    /// The sound.
    pub audio: ThreadRealtimeAudioChunk,
}

/// It was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadRealtimeAppendAudioResponse {}

/// Sends text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeAppendTextParams {
    /// The thread.
    pub thread_id: String,
    /// The text.
    pub text: String,
    /// In whose name.
    #[serde(default)]
    pub role: ConversationTextRole,
}

/// It was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadRealtimeAppendTextResponse {}

/// Has something said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeAppendSpeechParams {
    /// The thread.
    pub thread_id: String,
    /// What to say.
    pub text: String,
}

/// It was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadRealtimeAppendSpeechResponse {}

/// Ends the conversation of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeStopParams {
    /// The thread.
    pub thread_id: String,
}

/// It ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadRealtimeStopResponse {}

/// Which page of what happened in the conversations of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeListParams {
    /// The thread.
    pub thread_id: String,
    /// Of this conversation only.
    pub session_id: Option<String>,
    /// The order; null for `observedAt`.
    pub order: Option<ThreadRealtimeOrder>,
    /// Most entries of a page, 1 to 500.
    pub limit: Option<u32>,
    /// Where the last page ended (`nextCursor`).
    pub cursor: Option<String>,
    /// Only what lies behind this position.
    pub after_position: Option<u64>,
    /// Only what was observed then or later, in Unix milliseconds.
    pub from_observed_at_ms: Option<i64>,
    /// Only what was observed before, in Unix milliseconds.
    pub to_observed_at_ms: Option<i64>,
    /// The item of this id only.
    pub event_id: Option<String>,
    /// The history must reach this far; else the page is `pending`.
    pub required_through_position: Option<u64>,
    /// Only what lies before this position.
    pub snapshot_end: Option<u64>,
}

/// The order of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ThreadRealtimeOrder {
    /// By when it happened.
    ObservedAt,
    /// As in the history.
    Position,
}

/// A page of what happened, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeListResponse {
    /// The page.
    pub data: Vec<ThreadRealtimeEntry>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
    /// Where the history ends for this list.
    pub snapshot_end: u64,
    /// How far the history was read.
    pub projected_through_item_index: u64,
    /// What the page is worth.
    pub coverage: ThreadRealtimeCoverage,
}

/// What a page is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ThreadRealtimeCoverage {
    /// The thread has no history that could tell.
    Unsupported,
    /// What was asked for is not there yet.
    Pending,
    /// All of it.
    Ready,
}

/// Asks for the voices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadRealtimeListVoicesParams {}

/// The voices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeListVoicesResponse {
    /// The voices.
    pub voices: RealtimeVoicesList,
}

/// A voice conversation has started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeStartedNotification {
    /// The thread.
    pub thread_id: String,
    /// Name of the session.
    pub realtime_session_id: Option<String>,
    /// What it speaks.
    pub version: RealtimeConversationVersion,
}

/// Something that the voice server has told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeItemAddedNotification {
    /// The thread.
    pub thread_id: String,
    /// As it came.
    pub item: Value,
}

/// An item of the conversation has begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeItemStartedNotification {
    /// The thread.
    pub thread_id: String,
    /// The item.
    pub item: ThreadRealtimeItem,
}

/// More of what is said in an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeItemTranscriptDeltaNotification {
    /// The thread.
    pub thread_id: String,
    /// The item.
    pub item_id: String,
    /// What comes next.
    pub delta: String,
}

/// An item of the conversation is complete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeItemCompletedNotification {
    /// The thread.
    pub thread_id: String,
    /// The item.
    pub item: ThreadRealtimeItem,
}

/// More of what is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeTranscriptDeltaNotification {
    /// The thread.
    pub thread_id: String,
    /// Who speaks: `user` or `assistant`.
    pub role: String,
    /// What comes next.
    pub delta: String,
}

/// What somebody has said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeTranscriptDoneNotification {
    /// The thread.
    pub thread_id: String,
    /// Who spoke: `user` or `assistant`.
    pub role: String,
    /// All of it.
    pub text: String,
}

/// Sound to play.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeOutputAudioDeltaNotification {
    /// The thread.
    pub thread_id: String,
    /// The sound.
    pub audio: ThreadRealtimeAudioChunk,
}

/// The answer to a WebRTC offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeSdpNotification {
    /// The thread.
    pub thread_id: String,
    /// The answer.
    pub sdp: String,
}

/// The conversation could not start, or has failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeErrorNotification {
    /// The thread.
    pub thread_id: String,
    /// Why.
    pub message: String,
}

/// The conversation has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeClosedNotification {
    /// The thread.
    pub thread_id: String,
    /// `requested`, `transport_closed` or `error`.
    pub reason: Option<String>,
}
