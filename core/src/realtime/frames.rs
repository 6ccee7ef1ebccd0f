//! What is sent to a voice server, in the words of each version.

use serde_json::{Value, json};

use super::options::Options;
use crate::{HandoffChannel, RealtimeRole, RealtimeVersion};

/// The hand-off that messages belong to which no hand-off has asked for.
const NO_HANDOFF: &str = "codex";

/// Something of the agent's side for the voice model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AgentOutput {
    /// Something to say.
    Speech(String),
    /// The agent has said something.
    Message {
        text: String,
        /// It is the answer, not a remark on the way.
        is_final: bool,
        /// The hand-off that it belongs to.
        handoff_id: Option<String>,
    },
    /// What the agent thinks while it works on a hand-off; v3 only.
    Status { text: String, handoff_id: String },
    /// The agent has done what a hand-off asked for.
    Finished { handoff_id: String },
    /// A hand-off went to the turn that runs.
    Steered { handoff_id: String },
    /// A call of `remain_silent` is answered.
    Silent { call_id: String },
    /// What of an item has been heard, when the user began to speak.
    Truncate { item_id: String, heard_ms: u64 },
}

/// A frame, and whether the voice model is to answer it.
#[derive(Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) json: Value,
    pub(super) wants_response: bool,
}

impl Frame {
    fn new(json: Value) -> Self {
        Self {
            json,
            wants_response: false,
        }
    }
}

/// A message item.
pub(super) fn message(role: RealtimeRole, text: &str) -> Value {
    let kind = if role == RealtimeRole::Assistant {
        "output_text"
    } else {
        "input_text"
    };
    json!({"type": "message", "role": role.name(), "content": [{"type": kind, "text": text}]})
}

/// The first frame: what the session is to be.
pub(super) fn session_update(session: &Value) -> Value {
    json!({"type": "session.update", "session": session})
}

/// Has a v2 server answer.
pub(super) fn response_create() -> Value {
    json!({"type": "response.create"})
}

/// Sound from the microphone.
pub(super) fn audio(version: RealtimeVersion, data: &str) -> Value {
    let kind = match version {
        RealtimeVersion::V1 | RealtimeVersion::V2 => "input_audio_buffer.append",
        RealtimeVersion::V3 => "input_audio.append",
    };
    json!({"type": kind, "audio": data})
}

/// A text of the client.
pub(super) fn text(version: RealtimeVersion, role: RealtimeRole, text: &str) -> Value {
    match version {
        RealtimeVersion::V3 => context(None, text),
        RealtimeVersion::V2 if role == RealtimeRole::User => item(&message(role, &format!("[USER] {text}"))),
        RealtimeVersion::V1 | RealtimeVersion::V2 => item(&message(role, text)),
    }
}

/// The answer to a hand-off of v2; without words where those go as items.
fn answered(options: &Options, handoff_id: &str, text: &str) -> Option<Frame> {
    let silent = options.responses_as_items;
    (options.version == RealtimeVersion::V2).then(|| Frame {
        json: call_output(handoff_id, if silent { "" } else { text }),
        wants_response: !silent,
    })
}

/// What the agent's side has for the voice model. `None`: this version has no word for it.
pub(super) fn agent_output(options: &Options, output: AgentOutput) -> Option<Frame> {
    let version = options.version;
    Some(match output {
        AgentOutput::Speech(text) => match version {
            RealtimeVersion::V1 => Frame::new(handoff(NO_HANDOFF, &text)),
            RealtimeVersion::V2 => Frame {
                json: item(&message(RealtimeRole::User, &format!("[BACKEND] {text}"))),
                wants_response: true,
            },
            RealtimeVersion::V3 => Frame::new(context(Some("speakable"), &text)),
        },
        AgentOutput::Message {
            text,
            is_final,
            handoff_id,
        } => Frame {
            // Nobody but us asks for an answer to what no hand-off has asked for.
            wants_response: version == RealtimeVersion::V2
                && handoff_id.is_none()
                && !options.responses_as_items,
            json: agent_message(options, &text, is_final, handoff_id),
        },
        AgentOutput::Status { text, handoff_id } => {
            let text = format!("[STATUS] {text}");
            Frame::new(delegation_context(Some("commentary"), &text, handoff_id))
        }
        AgentOutput::Finished { handoff_id } => return answered(options, &handoff_id, FINISHED),
        AgentOutput::Steered { handoff_id } => return answered(options, &handoff_id, STEERED),
        AgentOutput::Silent { call_id } => Frame::new(call_output(&call_id, "")),
        AgentOutput::Truncate { item_id, heard_ms } => Frame::new(json!({
            "type": "conversation.item.truncate",
            "item_id": item_id,
            "content_index": 0,
            "audio_end_ms": heard_ms,
        })),
    })
}

const FINISHED: &str = "The agent is done; its [BACKEND] messages above are the result.";
const STEERED: &str = "The agent that is at work has been told.";

fn agent_message(options: &Options, text: &str, is_final: bool, handoff_id: Option<String>) -> Value {
    if options.responses_as_items {
        let prefix = options.response_item_prefix.as_deref();
        let prefix = prefix.map(|prefix| format!("{prefix}\n\n")).unwrap_or_default();
        return match options.version {
            RealtimeVersion::V1 => item(&message(RealtimeRole::Developer, &format!("{prefix}{text}"))),
            RealtimeVersion::V2 => item(&message(
                RealtimeRole::Developer,
                &format!("{prefix}[BACKEND] {text}"),
            )),
            RealtimeVersion::V3 => context(None, &format!("{prefix}{text}")),
        };
    }
    match options.version {
        RealtimeVersion::V1 => {
            let id = handoff_id.as_deref().unwrap_or(NO_HANDOFF);
            if is_final {
                handoff(id, &format!("\"Agent Final Message\":\n\n{text}"))
            } else {
                handoff(id, text)
            }
        }
        RealtimeVersion::V2 => item(&message(RealtimeRole::User, &format!("[BACKEND] {text}"))),
        RealtimeVersion::V3 => {
            let channel = match &options.handoff_channel {
                HandoffChannel::Thinking => None,
                HandoffChannel::Commentary => Some("commentary"),
                HandoffChannel::Speakable { remarks } => {
                    let is_remark = remarks.iter().any(|begin| text.starts_with(begin.as_str()));
                    Some(if is_remark { "commentary" } else { "speakable" })
                }
            };
            match handoff_id {
                Some(id) => delegation_context(channel, text, id),
                None => context(channel, text),
            }
        }
    }
}

fn item(item: &Value) -> Value {
    json!({"type": "conversation.item.create", "item": item})
}

fn call_output(call_id: &str, output: &str) -> Value {
    item(&json!({"type": "function_call_output", "call_id": call_id, "output": output}))
}

fn handoff(id: &str, text: &str) -> Value {
    json!({"type": "conversation.handoff.append", "handoff_id": id, "output_text": text})
}

fn delegation_context(channel: Option<&str>, text: &str, handoff_id: String) -> Value {
    let mut frame = context(channel, text);
    frame["type"] = "delegation.context.append".into();
    frame["delegation_item_id"] = handoff_id.into();
    frame
}

fn context(channel: Option<&str>, text: &str) -> Value {
    let mut frame = json!({
        "type": "session.context.append",
        "content": [{"type": "input_text", "text": text}],
    });
    if let Some(channel) = channel {
        frame["channel"] = channel.into();
    }
    frame
}
