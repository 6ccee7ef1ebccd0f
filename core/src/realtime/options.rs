//! What a conversation is to be: the client's choices, then the configuration's, then defaults; checked.

use super::voices::{default_realtime_voice, realtime_voices};
use crate::config::RealtimeConfig;
use crate::instructions;
use crate::{HandoffChannel, RealtimeRole, RealtimeTransport, RealtimeVersion, StartRealtime, new_id};

/// Bytes of an offer at most.
const MAX_OFFER: usize = 1 << 20;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) version: RealtimeVersion,
    pub(super) text_output: bool,
    /// The session only writes down what it hears.
    pub(super) transcription: bool,
    pub(super) voice: String,
    pub(super) model: String,
    pub(super) instructions: String,
    /// The context that is told; `None`: it is to be gathered, if it is to be told.
    pub(super) startup_context: Option<String>,
    pub(super) include_startup_context: bool,
    pub(super) session_id: String,
    pub(super) initial_items: Vec<(RealtimeRole, String)>,
    pub(super) client_managed_handoffs: bool,
    pub(super) responses_as_items: bool,
    pub(super) response_item_prefix: Option<String>,
    pub(super) handoff_channel: HandoffChannel,
    pub(super) ack_filler: Option<bool>,
    pub(super) reasoning_status: bool,
    pub(super) start_instructions: String,
    pub(super) end_instructions: String,
    /// Where conversations take place, instead of the provider.
    pub(super) ws_base_url: Option<String>,
    /// Where calls are created, instead of the provider.
    pub(super) call_base_url: Option<String>,
}

impl Options {
    /// Works the choices out. The error is for the client.
    pub(super) fn new(start: &StartRealtime, config: &RealtimeConfig) -> Result<Self, String> {
        let is_call = !matches!(start.transport, RealtimeTransport::WebSocket);
        let version = start.version.or(config.version).unwrap_or(if is_call {
            RealtimeVersion::V1
        } else {
            RealtimeVersion::V2
        });
        if is_call && version == RealtimeVersion::V2 {
            return Err("AVAS realtime calls require realtime v1 or v3".into());
        }
        if start.text_output && version != RealtimeVersion::V2 {
            return Err("text realtime output modality requires realtime v2".into());
        }
        if !start.initial_items.is_empty() && version != RealtimeVersion::V3 {
            return Err("initial realtime items require realtime v3".into());
        }
        if let RealtimeTransport::WebRtc { sdp } = &start.transport
            && sdp.len() > MAX_OFFER
        {
            return Err(format!("the offer is longer than {MAX_OFFER} bytes"));
        }
        let voice = start.voice.as_deref().or(config.voice.as_deref());
        let voice = voice.unwrap_or_else(|| default_realtime_voice(version));
        let voices = realtime_voices(version);
        if !voices.contains(&voice) {
            return Err(format!(
                "realtime voice `{voice}` is not supported for {}; supported voices: {}",
                version.name(),
                voices.join(", ")
            ));
        }
        let default_model = match version {
            RealtimeVersion::V1 | RealtimeVersion::V2 => "gpt-realtime-1.5",
            RealtimeVersion::V3 => "gpt-live-1.1-codex",
        };
        let model = start.model.as_deref().or(config.model.as_deref());
        let session_id = match &start.transport {
            RealtimeTransport::ExistingCall { call_id } => call_id.clone(),
            _ => start.session_id.clone().unwrap_or_else(new_id),
        };
        Ok(Self {
            version,
            text_output: start.text_output,
            transcription: config.is_transcription && version == RealtimeVersion::V2,
            voice: voice.to_owned(),
            model: model.unwrap_or(default_model).to_owned(),
            instructions: match &start.prompt {
                Some(prompt) => prompt.clone().unwrap_or_default(),
                None => config
                    .prompt
                    .clone()
                    .unwrap_or_else(|| instructions::REALTIME_VOICE.to_owned()),
            },
            startup_context: config.startup_context.clone(),
            include_startup_context: start.include_startup_context,
            session_id,
            initial_items: start.initial_items.clone(),
            client_managed_handoffs: start.client_managed_handoffs,
            responses_as_items: start.responses_as_items,
            response_item_prefix: start.response_item_prefix.clone(),
            handoff_channel: start.handoff_channel.clone(),
            ack_filler: start.ack_filler,
            reasoning_status: start.reasoning_status && version == RealtimeVersion::V3,
            start_instructions: start
                .start_instructions
                .clone()
                .or_else(|| config.start_instructions.clone())
                .unwrap_or_else(|| instructions::REALTIME_STARTED.to_owned()),
            end_instructions: start
                .end_instructions
                .clone()
                .unwrap_or_else(|| instructions::REALTIME_ENDED.to_owned()),
            ws_base_url: config.ws_base_url.clone(),
            call_base_url: config.call_base_url.clone(),
        })
    }
}
