//! `[realtime]` and the keys `experimental_realtime_*`: voice conversations (docs/contract/realtime.md).

use serde::Deserialize;

use crate::RealtimeVersion;

/// `[realtime]` as users write it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct RealtimeToml {
    pub(super) version: Option<VersionToml>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) voice: Option<String>,
}

/// What a voice server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum VersionToml {
    V1,
    V2,
    V3,
}

/// What holds for voice conversations where the client chooses nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RealtimeConfig {
    /// What the server speaks.
    pub version: Option<RealtimeVersion>,
    /// v2 sessions only write down what they hear.
    pub is_transcription: bool,
    /// The voice, by name.
    pub voice: Option<String>,
    /// The voice model.
    pub model: Option<String>,
    /// Its instructions.
    pub prompt: Option<String>,
    /// What it is told at the start of what has been going on, instead of what we would gather.
    pub startup_context: Option<String>,
    /// What the agent is told when a conversation starts.
    pub start_instructions: Option<String>,
    /// Where WebSockets are opened.
    pub ws_base_url: Option<String>,
    /// Where calls are created.
    pub call_base_url: Option<String>,
}

/// An address or a text that is set.
pub(super) fn set(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

impl From<VersionToml> for RealtimeVersion {
    fn from(version: VersionToml) -> Self {
        match version {
            VersionToml::V1 => Self::V1,
            VersionToml::V2 => Self::V2,
            VersionToml::V3 => Self::V3,
        }
    }
}
