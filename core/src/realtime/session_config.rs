//! The session as a voice server wants to have it described.

use serde_json::{Map, Value, json};

use super::frames::message;
use super::options::Options;
use crate::RealtimeVersion;

/// Writes down what the user says.
const TRANSCRIBER: &str = "gpt-4o-mini-transcribe";

/// The `session` of a `session.update` frame. `context` is put behind the instructions.
pub(super) fn session(options: &Options, context: Option<&str>) -> Value {
    let instructions = match context {
        Some(context) if options.instructions.is_empty() => context.to_owned(),
        Some(context) => format!("{}\n\n{context}", options.instructions),
        None => options.instructions.clone(),
    };
    let format = json!({"type": "audio/pcm", "rate": 24_000});
    match options.version {
        RealtimeVersion::V1 => json!({
            "type": "quicksilver",
            "instructions": instructions,
            "audio": {"input": {"format": format}, "output": {"voice": options.voice}},
        }),
        RealtimeVersion::V2 if options.transcription => json!({
            "type": "transcription",
            "audio": {"input": {"format": format, "transcription": {"model": TRANSCRIBER}}},
        }),
        RealtimeVersion::V2 => json!({
            "type": "realtime",
            "instructions": instructions,
            "output_modalities": [if options.text_output { "text" } else { "audio" }],
            "audio": {
                "input": {
                    "format": format,
                    "noise_reduction": {"type": "near_field"},
                    "transcription": {"model": TRANSCRIBER},
                    "turn_detection": {
                        "type": "server_vad",
                        "interrupt_response": true,
                        "create_response": true,
                        "silence_duration_ms": 500,
                    },
                },
                "output": {"format": format, "voice": options.voice},
            },
            "tools": tools(),
            "tool_choice": "auto",
        }),
        RealtimeVersion::V3 => {
            let mut session = json!({
                "instructions": instructions,
                "audio": {"output": {"voice": options.voice}},
                "delegation": {"type": "client"},
            });
            if let Some(ack_filler) = options.ack_filler {
                session["delegation"]["ack_filler"] = ack_filler.into();
            }
            if !options.initial_items.is_empty() {
                let items = options.initial_items.iter();
                session["initial_items"] = items.map(|(role, text)| message(*role, text)).collect();
            }
            session
        }
    }
}

/// The same for the creation of a call, which names the model.
pub(super) fn call_session(options: &Options, context: Option<&str>) -> Value {
    let mut session = session(options, context);
    session["model"] = options.model.clone().into();
    session
}

/// What the voice model can do besides speaking.
fn tools() -> Value {
    let tool = |name: &str, description: &str, properties: Map<String, Value>| {
        let required: Vec<&String> = properties.keys().collect();
        let mut parameters =
            json!({"type": "object", "properties": properties, "additionalProperties": false});
        if !required.is_empty() {
            parameters["required"] = json!(required);
        }
        json!({"type": "function", "name": name, "description": description, "parameters": parameters})
    };
    let prompt = json!({"type": "string", "description": "What the user wants, in the user's own words."});
    json!([
        tool(
            "background_agent",
            "Hands what the user wants over to the coding agent, which reads files, runs commands and changes code. \
             Use it for everything that is more than small talk. While the agent works, another call tells it more \
             about the same task.",
            Map::from_iter([("prompt".to_owned(), prompt)]),
        ),
        tool(
            "remain_silent",
            "Says nothing. Use it where an answer would only disturb, for instance after a message that needs none.",
            Map::new(),
        ),
    ])
}
