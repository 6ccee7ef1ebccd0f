//! What a voice server tells. Whatever can't be read is nothing; a member that can't be read costs that member.

use serde_json::{Map, Value};

use crate::net::server_message;
use crate::{AudioFrame, RealtimeVersion, Speaker};

/// Samples per second where the server does not say.
const SAMPLE_RATE: u32 = 24_000;

/// Something that a voice server told.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ServerEvent {
    /// The session is as it is to be.
    SessionReady,
    Audio(AudioFrame),
    TranscriptDelta {
        speaker: Speaker,
        delta: String,
    },
    TranscriptDone {
        speaker: Speaker,
        text: String,
    },
    /// To be passed on as it is.
    ItemAdded(Value),
    /// The user began to speak.
    SpeechStarted {
        item_id: Option<String>,
    },
    ResponseStarted,
    ResponseEnded,
    ResponseCancelled {
        response_id: Option<String>,
    },
    /// The agent is to do something.
    Handoff {
        handoff_id: String,
        item_id: String,
        input: String,
    },
    /// The voice model has called `remain_silent`.
    Silent {
        call_id: String,
    },
    Failed(String),
}

impl ServerEvent {
    /// Reads a frame; `None` for those that mean nothing to us.
    pub(super) fn read(version: RealtimeVersion, text: &str) -> Option<Self> {
        let Value::Object(mut event) = serde_json::from_str(text).ok()? else {
            return None;
        };
        let kind = event.get("type")?.as_str()?.to_owned();
        match kind.as_str() {
            "error" => return error_message(&event).map(Self::Failed),
            "session.started" | "session.updated" => return Some(Self::SessionReady),
            "conversation.item.added" | "conversation.item.created" if version != RealtimeVersion::V3 => {
                return event.remove("item").map(Self::ItemAdded);
            }
            _ => {}
        }
        match version {
            RealtimeVersion::V1 => v1(&kind, &mut event).or_else(|| transcript(&kind, &mut event)),
            RealtimeVersion::V2 => v2(&kind, &mut event).or_else(|| transcript(&kind, &mut event)),
            RealtimeVersion::V3 => v3(&kind, &mut event),
        }
    }
}

/// Transcripts as v1 and v2 tell them.
fn transcript(kind: &str, event: &mut Map<String, Value>) -> Option<ServerEvent> {
    let delta = |speaker, event: &mut Map<String, Value>| {
        let delta = take_text(event, "delta")?;
        Some(ServerEvent::TranscriptDelta { speaker, delta })
    };
    let done = |speaker, event: &mut Map<String, Value>, name| {
        let text = take_text(event, name)?;
        Some(ServerEvent::TranscriptDone { speaker, text })
    };
    match kind {
        "conversation.item.input_audio_transcription.delta" | "conversation.input_transcript.delta" => {
            delta(Speaker::User, event)
        }
        "conversation.item.input_audio_transcription.completed" => done(Speaker::User, event, "transcript"),
        "response.output_audio_transcript.delta"
        | "response.output_text.delta"
        | "conversation.output_transcript.delta" => delta(Speaker::Assistant, event),
        "response.output_audio_transcript.done" => done(Speaker::Assistant, event, "transcript"),
        "response.output_text.done" => done(Speaker::Assistant, event, "text"),
        _ => None,
    }
}

fn v1(kind: &str, event: &mut Map<String, Value>) -> Option<ServerEvent> {
    match kind {
        "conversation.output_audio.delta" => {
            let data = take_text(event, "delta").or_else(|| take_text(event, "data"))?;
            // What it sounds like is not known without them.
            let sample_rate = number(event, "sample_rate")?;
            let channels = number(event, "channels").or_else(|| number(event, "num_channels"))?;
            Some(ServerEvent::Audio(AudioFrame {
                data,
                sample_rate,
                num_channels: u16::try_from(channels).ok()?,
                samples_per_channel: number(event, "samples_per_channel"),
                item_id: None,
            }))
        }
        "conversation.handoff.requested" => Some(ServerEvent::Handoff {
            handoff_id: take_text(event, "handoff_id")?,
            item_id: take_text(event, "item_id").unwrap_or_default(),
            input: take_text(event, "input_transcript").unwrap_or_default(),
        }),
        _ => None,
    }
}

fn v2(kind: &str, event: &mut Map<String, Value>) -> Option<ServerEvent> {
    match kind {
        "response.output_audio.delta" | "response.audio.delta" => Some(ServerEvent::Audio(AudioFrame {
            data: take_text(event, "delta")?,
            sample_rate: number(event, "sample_rate").unwrap_or(SAMPLE_RATE),
            num_channels: number(event, "channels")
                .and_then(|channels| u16::try_from(channels).ok())
                .unwrap_or(1),
            samples_per_channel: number(event, "samples_per_channel"),
            item_id: take_text(event, "item_id"),
        })),
        "input_audio_buffer.speech_started" => Some(ServerEvent::SpeechStarted {
            item_id: take_text(event, "item_id"),
        }),
        "response.created" => Some(ServerEvent::ResponseStarted),
        "response.done" => Some(ServerEvent::ResponseEnded),
        "response.cancelled" => {
            let Some(Value::Object(response)) = event.get_mut("response") else {
                return Some(ServerEvent::ResponseCancelled {
                    response_id: take_text(event, "response_id"),
                });
            };
            Some(ServerEvent::ResponseCancelled {
                response_id: take_text(response, "id"),
            })
        }
        "conversation.item.done" => {
            let Some(Value::Object(item)) = event.get_mut("item") else {
                return None;
            };
            if item.get("type")?.as_str()? != "function_call" {
                return None;
            }
            let name = take_text(item, "name")?;
            let item_id = take_text(item, "id").unwrap_or_default();
            let call_id =
                take_text(item, "call_id").or_else(|| Some(item_id.clone()).filter(|id| !id.is_empty()))?;
            match name.as_str() {
                "background_agent" => Some(ServerEvent::Handoff {
                    handoff_id: call_id,
                    item_id,
                    input: prompt(&take_text(item, "arguments").unwrap_or_default()),
                }),
                "remain_silent" => Some(ServerEvent::Silent { call_id }),
                _ => None,
            }
        }
        _ => None,
    }
}

fn v3(kind: &str, event: &mut Map<String, Value>) -> Option<ServerEvent> {
    let speaker = |name: &str| match name {
        "user" => Some(Speaker::User),
        "assistant" => Some(Speaker::Assistant),
        _ => None,
    };
    match kind {
        "output_audio.delta" => Some(ServerEvent::Audio(AudioFrame {
            data: take_text(event, "audio")?,
            sample_rate: SAMPLE_RATE,
            num_channels: 1,
            samples_per_channel: None,
            item_id: None,
        })),
        "input_transcript.added" | "output_transcript.added" => {
            let Some(Value::Object(item)) = event.get_mut("item") else {
                return None;
            };
            Some(ServerEvent::TranscriptDelta {
                speaker: if kind == "input_transcript.added" {
                    Speaker::User
                } else {
                    Speaker::Assistant
                },
                delta: take_text(item, "text")?,
            })
        }
        "turn.done" => {
            let Some(Value::Object(turn)) = event.get_mut("turn") else {
                return None;
            };
            Some(ServerEvent::TranscriptDone {
                speaker: speaker(turn.get("role")?.as_str()?)?,
                text: take_text(turn, "transcript")?,
            })
        }
        "delegation.created" => {
            let Some(Value::Object(item)) = event.get_mut("item") else {
                return None;
            };
            let is_for_us = item.get("type")?.as_str()? == "delegation"
                && item
                    .get("target")
                    .and_then(Value::as_str)
                    .is_none_or(|target| target == "client");
            if !is_for_us {
                return None;
            }
            let id = take_text(item, "id")?;
            let parts = item.get("content").and_then(Value::as_array);
            let texts = parts
                .into_iter()
                .flatten()
                .filter_map(|part| part.get("text")?.as_str());
            Some(ServerEvent::Handoff {
                handoff_id: id.clone(),
                item_id: id,
                input: texts.collect::<Vec<_>>().join("\n"),
            })
        }
        _ => None,
    }
}

/// What a call hands over: the first member that says something, else the arguments as they are.
fn prompt(arguments: &str) -> String {
    let parsed: Option<Map<String, Value>> = serde_json::from_str(arguments).ok();
    let said = parsed.as_ref().and_then(|members| {
        ["input_transcript", "input", "text", "prompt", "query"]
            .iter()
            .filter_map(|name| members.get(*name)?.as_str())
            .find(|text| !text.trim().is_empty())
    });
    said.unwrap_or(arguments).to_owned()
}

/// `None`: it says nothing of what is wrong, so there is nothing to end for.
fn error_message(event: &Map<String, Value>) -> Option<String> {
    let text = |value: Option<&Value>| {
        let words = server_message::clean(value?.as_str()?);
        (!words.is_empty()).then_some(words)
    };
    let error = event.get("error");
    text(event.get("message"))
        .or_else(|| text(error.and_then(|error| error.get("message"))))
        .or_else(|| text(error))
}

fn take_text(from: &mut Map<String, Value>, name: &str) -> Option<String> {
    match from.get_mut(name)? {
        Value::String(text) => Some(std::mem::take(text)),
        _ => None,
    }
}

fn number(from: &Map<String, Value>, name: &str) -> Option<u32> {
    u32::try_from(from.get(name)?.as_u64()?).ok()
}

#[cfg(test)]
mod tests;
