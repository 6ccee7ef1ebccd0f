//! Voice conversations.

use codex_app_server_protocol as wire;
use codex_core::{
    AudioFrame, HandoffChannel, ItemPresentation, RealtimeItem, RealtimeItemBody, RealtimeRole,
    RealtimeTransport, RealtimeVersion, Speaker, StartRealtime, default_realtime_voice, realtime_voices,
};
use serde_json::Value;

/// What to start, from the client.
pub(crate) fn start_from_wire(params: wire::ThreadRealtimeStartParams) -> StartRealtime {
    let mut prefixes = params.codex_response_handoff_channel_prefixes.unwrap_or_default();
    let mut remarks = prefixes.remove("commentary").unwrap_or_default();
    remarks.extend(prefixes.remove("analysis").unwrap_or_default());
    StartRealtime {
        text_output: params.output_modality == wire::RealtimeOutputModality::Text,
        transport: match params.transport {
            None | Some(wire::ThreadRealtimeStartTransport::Websocket) => RealtimeTransport::WebSocket,
            Some(wire::ThreadRealtimeStartTransport::Webrtc { sdp }) => RealtimeTransport::WebRtc { sdp },
            Some(wire::ThreadRealtimeStartTransport::ExistingCall { call_id }) => {
                RealtimeTransport::ExistingCall { call_id }
            }
        },
        version: params.version.map(|version| match version {
            wire::RealtimeConversationVersion::V1 => RealtimeVersion::V1,
            wire::RealtimeConversationVersion::V2 => RealtimeVersion::V2,
            wire::RealtimeConversationVersion::V3 => RealtimeVersion::V3,
        }),
        voice: params.voice.and_then(name_of),
        model: params.model,
        prompt: params.prompt,
        include_startup_context: params.include_startup_context.unwrap_or(true),
        session_id: params.realtime_session_id,
        initial_items: params
            .initial_items
            .unwrap_or_default()
            .into_iter()
            .map(|item| (role_from_wire(item.role), item.text))
            .collect(),
        client_managed_handoffs: params.client_managed_handoffs.unwrap_or(false),
        responses_as_items: params.codex_responses_as_items.unwrap_or(false),
        response_item_prefix: params.codex_response_item_prefix,
        handoff_channel: match params.codex_response_handoff_mode {
            None | Some(wire::CodexResponseHandoffMode::Thinking) => HandoffChannel::Thinking,
            Some(wire::CodexResponseHandoffMode::Commentary) => HandoffChannel::Commentary,
            Some(wire::CodexResponseHandoffMode::BemTags) => HandoffChannel::Speakable { remarks },
        },
        ack_filler: params.delegation_ack_filler,
        reasoning_status: params.backend_reasoning_status,
        start_instructions: params.realtime_start_instructions,
        end_instructions: params.realtime_end_instructions,
    }
}

/// In whose name a text is given.
pub(crate) fn role_from_wire(role: wire::ConversationTextRole) -> RealtimeRole {
    match role {
        wire::ConversationTextRole::User => RealtimeRole::User,
        wire::ConversationTextRole::Developer => RealtimeRole::Developer,
        wire::ConversationTextRole::Assistant => RealtimeRole::Assistant,
    }
}

/// Sound, from the client.
pub(crate) fn audio_from_wire(audio: wire::ThreadRealtimeAudioChunk) -> AudioFrame {
    AudioFrame {
        data: audio.data,
        sample_rate: audio.sample_rate,
        num_channels: audio.num_channels,
        samples_per_channel: audio.samples_per_channel,
        item_id: audio.item_id,
    }
}

/// Sound, towards the client.
pub(crate) fn audio_to_wire(audio: AudioFrame) -> wire::ThreadRealtimeAudioChunk {
    wire::ThreadRealtimeAudioChunk {
        data: audio.data,
        sample_rate: audio.sample_rate,
        num_channels: audio.num_channels,
        samples_per_channel: audio.samples_per_channel,
        item_id: audio.item_id,
    }
}

/// The voices, towards the client.
pub(crate) fn voices() -> wire::RealtimeVoicesList {
    let of = |version| {
        realtime_voices(version)
            .iter()
            .filter_map(|name| voice(name))
            .collect()
    };
    let default = |version| voice(default_realtime_voice(version)).unwrap_or(wire::RealtimeVoice::Marin);
    wire::RealtimeVoicesList {
        v1: of(RealtimeVersion::V1),
        v2: of(RealtimeVersion::V2),
        v3: of(RealtimeVersion::V3),
        default_v1: default(RealtimeVersion::V1),
        default_v2: default(RealtimeVersion::V2),
    }
}

fn voice(name: &str) -> Option<wire::RealtimeVoice> {
    serde_json::from_value(Value::from(name)).ok()
}

fn name_of(voice: wire::RealtimeVoice) -> Option<String> {
    match serde_json::to_value(voice) {
        Ok(Value::String(name)) => Some(name),
        _ => None,
    }
}

/// What a server speaks, towards the client.
pub(crate) fn version_to_wire(version: RealtimeVersion) -> wire::RealtimeConversationVersion {
    match version {
        RealtimeVersion::V1 => wire::RealtimeConversationVersion::V1,
        RealtimeVersion::V2 => wire::RealtimeConversationVersion::V2,
        RealtimeVersion::V3 => wire::RealtimeConversationVersion::V3,
    }
}

fn role(speaker: Speaker) -> wire::ThreadRealtimeTranscriptRole {
    match speaker {
        Speaker::User => wire::ThreadRealtimeTranscriptRole::User,
        Speaker::Assistant => wire::ThreadRealtimeTranscriptRole::Assistant,
    }
}

/// An item, towards the client, as events and timelines tell it.
pub(crate) fn item(item: RealtimeItem) -> wire::ThreadRealtimeItem {
    use wire::ThreadRealtimeItemKind as Kind;
    let kind = match item.body {
        RealtimeItemBody::SessionStarted => Kind::RealtimeSessionStarted,
        RealtimeItemBody::TranscriptSegment { speaker, text } => Kind::TranscriptSegment {
            role: role(speaker),
            text,
        },
        RealtimeItemBody::TurnInputAccepted {
            handoff_id,
            input,
            input_item_id,
            is_steer,
            source_event_ids,
            turn_id,
        } => Kind::TurnInputAccepted {
            handoff_id,
            input,
            input_item_id,
            mode: if is_steer {
                wire::ThreadRealtimeHandoffMode::Steer
            } else {
                wire::ThreadRealtimeHandoffMode::Start
            },
            source_event_ids,
            turn_id,
        },
        RealtimeItemBody::SessionEndInputSaved {
            input,
            input_item_id,
            source_event_ids,
        } => Kind::SessionEndInputSaved {
            input,
            input_item_id,
            source_event_ids,
        },
        RealtimeItemBody::ItemPromoted {
            item_id,
            turn_id,
            presentation,
        } => Kind::BemItemPromoted {
            item_id,
            presentation: match presentation {
                ItemPresentation::Whole => wire::ThreadRealtimeBemItemPresentation::WholeItem,
                ItemPresentation::InlineMarkdown => wire::ThreadRealtimeBemItemPresentation::InlineMarkdown,
                ItemPresentation::InlineVisualization { index } => {
                    wire::ThreadRealtimeBemItemPresentation::InlineVisualization { index }
                }
            },
            turn_id,
        },
        RealtimeItemBody::SessionClosed { is_failure } => Kind::RealtimeSessionClosed {
            outcome: if is_failure {
                wire::ThreadRealtimeSessionOutcome::Failed
            } else {
                wire::ThreadRealtimeSessionOutcome::Ended
            },
        },
    };
    wire::ThreadRealtimeItem {
        id: item.id,
        realtime_session_id: item.session_id,
        observed_at_ms: item.observed_at_ms,
        kind,
    }
}

/// An item as the history keeps it, which is how lists tell it.
pub(crate) fn kept_item(kept: RealtimeItem) -> wire::ThreadRealtimeItem {
    let mut kept = item(kept);
    if let wire::ThreadRealtimeItemKind::TranscriptSegment { role, text } = kept.kind {
        kept.kind = wire::ThreadRealtimeItemKind::Frame {
            channels: wire::ThreadRealtimeFrameChannels {
                voice_transcript: wire::ThreadRealtimeVoiceTranscript { role, text },
            },
        };
    }
    kept
}
