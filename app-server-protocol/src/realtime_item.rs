//! What happened in a voice session.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that happened in a voice session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeItem {
    /// Its id.
    pub id: String,
    /// The session.
    pub realtime_session_id: String,
    /// When it happened, in Unix milliseconds. Histories of older programs don't say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_at_ms: Option<i64>,
    /// What it was.
    #[serde(flatten)]
    pub kind: ThreadRealtimeItemKind,
}

/// What happened in a voice session. The contract's schema names members in snake case that are in camel case on the wire;
/// so does ours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[schemars(rename_all_fields = "snake_case")]
pub enum ThreadRealtimeItemKind {
    /// It began.
    RealtimeSessionStarted,
    /// Somebody spoke.
    TranscriptSegment {
        /// Who speaks.
        role: ThreadRealtimeTranscriptRole,
        /// The text.
        text: String,
    },
    /// Somebody spoke, as the history keeps it.
    Frame {
        /// What was said.
        channels: ThreadRealtimeFrameChannels,
    },
    /// A hand-off became input of a turn.
    TurnInputAccepted {
        /// The hand-off.
        handoff_id: String,
        /// What was handed over.
        input: String,
        /// The item that it became.
        input_item_id: String,
        /// Whether it began the turn.
        mode: ThreadRealtimeHandoffMode,
        /// The items that it comes from.
        source_event_ids: Vec<String>,
        /// The turn.
        turn_id: String,
    },
    /// What was said last was kept as input of the thread.
    SessionEndInputSaved {
        /// What was said.
        input: String,
        /// The item that it became.
        input_item_id: String,
        /// The items that it comes from.
        source_event_ids: Vec<String>,
    },
    /// An item of the thread was shown in the session.
    BemItemPromoted {
        /// The item.
        item_id: String,
        /// How it was shown.
        presentation: ThreadRealtimeBemItemPresentation,
        /// Its turn.
        turn_id: String,
    },
    /// It ended.
    RealtimeSessionClosed {
        /// How it ended.
        outcome: ThreadRealtimeSessionOutcome,
    },
}

/// Who spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ThreadRealtimeTranscriptRole {
    /// The user.
    User,
    /// The agent.
    Assistant,
}

/// How an item is shown in a voice session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ThreadRealtimeBemItemPresentation {
    /// As a whole.
    WholeItem,
    /// As text.
    InlineMarkdown,
    /// One of its pictures.
    InlineVisualization {
        /// Which one, from 0.
        index: u32,
    },
}

/// How a voice session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ThreadRealtimeSessionOutcome {
    /// As it should.
    Ended,
    /// With an error.
    Failed,
}

/// An item of a voice session, with its place in the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRealtimeEntry {
    /// Place in the history; grows.
    pub position: u64,
    /// The item.
    pub item: ThreadRealtimeItem,
}

/// What was said, by channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadRealtimeFrameChannels {
    /// The voice.
    pub voice_transcript: ThreadRealtimeVoiceTranscript,
}

/// Words of a voice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadRealtimeVoiceTranscript {
    /// Who spoke.
    pub role: ThreadRealtimeTranscriptRole,
    /// The words.
    pub text: String,
}

/// What a hand-off does to a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ThreadRealtimeHandoffMode {
    /// It begins one.
    Start,
    /// It says more to the one that runs.
    Steer,
}
