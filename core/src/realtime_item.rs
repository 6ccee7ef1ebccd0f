//! Voice conversations at the boundary: what starts one, what it is given, what happens in it
//! (docs/contract/realtime.md).

use serde_json::Value;

/// What a voice server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RealtimeVersion {
    /// The first protocol.
    V1,
    /// The public realtime protocol.
    V2,
    /// The live protocol.
    V3,
}

impl RealtimeVersion {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::V3 => "v3",
        }
    }
}

/// How a voice server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RealtimeTransport {
    /// A WebSocket carries everything.
    WebSocket,
    /// The client talks to the server by WebRTC; this is its offer. We create the call and join it.
    WebRtc {
        /// Session description.
        sdp: String,
    },
    /// A call that exists: we join it.
    ExistingCall {
        /// Its name.
        call_id: String,
    },
}

/// In whose name a text is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RealtimeRole {
    /// The user's.
    User,
    /// The application's.
    Developer,
    /// The agent's.
    Assistant,
}

impl RealtimeRole {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Developer => "developer",
            Self::Assistant => "assistant",
        }
    }
}

/// How messages of the agent are given to a v3 server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum HandoffChannel {
    /// On no channel: the voice model makes of them what it likes.
    #[default]
    Thinking,
    /// As remarks.
    Commentary,
    /// To be spoken; remarks as remarks.
    Speakable {
        /// How remarks begin.
        remarks: Vec<String>,
    },
}

/// What thread/realtime/start asks for. Choices that are `None` come from the configuration, or are defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartRealtime {
    /// The voice model answers with text, not with sound.
    pub text_output: bool,
    /// How the server is reached.
    pub transport: RealtimeTransport,
    /// What it speaks.
    pub version: Option<RealtimeVersion>,
    /// The voice, by name.
    pub voice: Option<String>,
    /// The voice model.
    pub model: Option<String>,
    /// Its instructions; `Some(None)`: none at all.
    pub prompt: Option<Option<String>>,
    /// Whether recent turns and the workspace are told.
    pub include_startup_context: bool,
    /// Name of the session.
    pub session_id: Option<String>,
    /// What was said before.
    pub initial_items: Vec<(RealtimeRole, String)>,
    /// Hand-offs become turns, but nothing of the agent is passed on: the client does that.
    pub client_managed_handoffs: bool,
    /// Messages of the agent become items of the conversation.
    pub responses_as_items: bool,
    /// In front of such items.
    pub response_item_prefix: Option<String>,
    /// How messages of the agent are given.
    pub handoff_channel: HandoffChannel,
    /// Whether a v3 server acknowledges hand-offs in words; `None`: as it likes.
    pub ack_filler: Option<bool>,
    /// What the agent thinks while it works on a hand-off is told to a v3 server.
    pub reasoning_status: bool,
    /// What the agent is told at the start.
    pub start_instructions: Option<String>,
    /// What it is told after the end.
    pub end_instructions: Option<String>,
}

/// A piece of sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioFrame {
    /// Samples, base64.
    pub data: String,
    /// Samples per second.
    pub sample_rate: u32,
    /// Channels.
    pub num_channels: u16,
    /// Samples of each channel.
    pub samples_per_channel: Option<u32>,
    /// The server's item that it is part of.
    pub item_id: Option<String>,
}

/// Something for the conversation that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RealtimeInput {
    /// What a microphone hears.
    Audio(AudioFrame),
    /// A text.
    Text {
        /// In whose name.
        role: RealtimeRole,
        /// The text.
        text: String,
    },
    /// Something to say.
    Speech(String),
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Speaker {
    /// The user.
    User,
    /// The voice model.
    Assistant,
}

impl Speaker {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// Something that happened in a voice conversation, as the history keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealtimeItem {
    /// Its name.
    pub id: String,
    /// Its conversation.
    pub session_id: String,
    /// When it began, in Unix milliseconds. Files of older programs don't say.
    pub observed_at_ms: Option<i64>,
    /// What it is.
    pub body: RealtimeItemBody,
}

/// What a [`RealtimeItem`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RealtimeItemBody {
    /// The conversation began.
    SessionStarted,
    /// Somebody spoke.
    TranscriptSegment {
        /// Who.
        speaker: Speaker,
        /// What was said.
        text: String,
    },
    /// A hand-off became input of a turn. Only other programs write it.
    TurnInputAccepted {
        /// The hand-off.
        handoff_id: String,
        /// What was handed over.
        input: String,
        /// The item that it became.
        input_item_id: String,
        /// It went to a turn that ran; else it began one.
        is_steer: bool,
        /// The items that it comes from.
        source_event_ids: Vec<String>,
        /// The turn.
        turn_id: String,
    },
    /// What was said last was kept as input. Only other programs write it.
    SessionEndInputSaved {
        /// What was said.
        input: String,
        /// The item that it became.
        input_item_id: String,
        /// The items that it comes from.
        source_event_ids: Vec<String>,
    },
    /// An item of the thread was shown in the conversation. Only other programs write it.
    ItemPromoted {
        /// The item.
        item_id: String,
        /// Its turn.
        turn_id: String,
        /// How it was shown.
        presentation: ItemPresentation,
    },
    /// The conversation ended.
    SessionClosed {
        /// With an error.
        is_failure: bool,
    },
}

/// How an item of the thread is shown in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemPresentation {
    /// As a whole.
    Whole,
    /// As text.
    InlineMarkdown,
    /// One of its pictures.
    InlineVisualization {
        /// Which one, from 0.
        index: u32,
    },
}

/// Why a conversation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RealtimeEnd {
    /// Somebody asked for it, or its thread is left.
    Requested,
    /// The server closed the connection.
    TransportClosed,
    /// It failed.
    Error,
}

impl RealtimeEnd {
    /// As clients know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::TransportClosed => "transport_closed",
            Self::Error => "error",
        }
    }
}

/// What a thread tells of its voice conversation.
#[derive(Debug)]
pub enum RealtimeEvent {
    /// It has started.
    Started {
        /// Name of the session.
        session_id: String,
        /// What the server speaks.
        version: RealtimeVersion,
    },
    /// The server's answer to the client's offer.
    Sdp(String),
    /// An item began.
    ItemStarted(RealtimeItem),
    /// An item is complete.
    ItemCompleted(RealtimeItem),
    /// Somebody says more.
    TranscriptDelta {
        /// The item.
        item_id: String,
        /// Who. `None`: the item alone has more words, which are told as a whole afterwards.
        speaker: Option<Speaker>,
        /// What comes next.
        delta: String,
    },
    /// Somebody has finished.
    TranscriptDone {
        /// Who.
        speaker: Speaker,
        /// All of it, as the server sums it up.
        text: String,
    },
    /// Something that the server told, as it came.
    ItemAdded(Value),
    /// Sound to play.
    Audio(AudioFrame),
    /// It can't start, or has failed.
    Error(String),
    /// It has ended.
    Closed(RealtimeEnd),
}
