//! Items of voice conversations as lines of a rollout: `realtime_item`.

use serde::{Deserialize, Serialize};

use crate::{ItemPresentation, RealtimeItem, RealtimeItemBody, Speaker};

/// A line's payload.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FileRealtimeItem {
    id: String,
    realtime_session_id: String,
    /// Missing in files of older programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    observed_at_ms: Option<i64>,
    #[serde(flatten)]
    body: Body,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Body {
    RealtimeSessionStarted,
    /// As older programs write what was said.
    TranscriptSegment {
        role: Role,
        #[serde(default)]
        text: String,
    },
    Frame {
        channels: Channels,
    },
    TurnInputAccepted {
        handoff_id: String,
        input: String,
        input_item_id: String,
        mode: Mode,
        #[serde(default)]
        source_event_ids: Vec<String>,
        turn_id: String,
    },
    SessionEndInputSaved {
        input: String,
        input_item_id: String,
        #[serde(default)]
        source_event_ids: Vec<String>,
    },
    BemItemPromoted {
        item_id: String,
        turn_id: String,
        presentation: Presentation,
    },
    RealtimeSessionClosed {
        #[serde(default)]
        outcome: FileOutcome,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct Channels {
    voice_transcript: Words,
}

#[derive(Debug, Serialize, Deserialize)]
struct Words {
    role: Role,
    #[serde(default)]
    text: String,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Role {
    User,
    Assistant,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Start,
    Steer,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FileOutcome {
    #[default]
    Ended,
    Failed,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Presentation {
    #[serde(alias = "wholeItem")]
    WholeItem,
    #[serde(alias = "inlineMarkdown")]
    InlineMarkdown,
    #[serde(alias = "inlineVisualization")]
    InlineVisualization { index: u32 },
}

impl From<Role> for Speaker {
    fn from(role: Role) -> Self {
        match role {
            Role::User => Self::User,
            Role::Assistant => Self::Assistant,
        }
    }
}

impl From<&RealtimeItem> for FileRealtimeItem {
    fn from(item: &RealtimeItem) -> Self {
        let body = match &item.body {
            RealtimeItemBody::SessionStarted => Body::RealtimeSessionStarted,
            RealtimeItemBody::TranscriptSegment { speaker, text } => Body::Frame {
                channels: Channels {
                    voice_transcript: Words {
                        role: match speaker {
                            Speaker::User => Role::User,
                            Speaker::Assistant => Role::Assistant,
                        },
                        text: text.clone(),
                    },
                },
            },
            RealtimeItemBody::TurnInputAccepted {
                handoff_id,
                input,
                input_item_id,
                is_steer,
                source_event_ids,
                turn_id,
            } => Body::TurnInputAccepted {
                handoff_id: handoff_id.clone(),
                input: input.clone(),
                input_item_id: input_item_id.clone(),
                mode: if *is_steer { Mode::Steer } else { Mode::Start },
                source_event_ids: source_event_ids.clone(),
                turn_id: turn_id.clone(),
            },
            RealtimeItemBody::SessionEndInputSaved {
                input,
                input_item_id,
                source_event_ids,
            } => Body::SessionEndInputSaved {
                input: input.clone(),
                input_item_id: input_item_id.clone(),
                source_event_ids: source_event_ids.clone(),
            },
            RealtimeItemBody::ItemPromoted {
                item_id,
                turn_id,
                presentation,
            } => Body::BemItemPromoted {
                item_id: item_id.clone(),
                turn_id: turn_id.clone(),
                presentation: match presentation {
                    ItemPresentation::Whole => Presentation::WholeItem,
                    ItemPresentation::InlineMarkdown => Presentation::InlineMarkdown,
                    ItemPresentation::InlineVisualization { index } => {
                        Presentation::InlineVisualization { index: *index }
                    }
                },
            },
            RealtimeItemBody::SessionClosed { is_failure } => Body::RealtimeSessionClosed {
                outcome: if *is_failure {
                    FileOutcome::Failed
                } else {
                    FileOutcome::Ended
                },
            },
        };
        Self {
            id: item.id.clone(),
            realtime_session_id: item.session_id.clone(),
            observed_at_ms: item.observed_at_ms,
            body,
        }
    }
}

impl From<FileRealtimeItem> for RealtimeItem {
    fn from(item: FileRealtimeItem) -> Self {
        let body = match item.body {
            Body::RealtimeSessionStarted => RealtimeItemBody::SessionStarted,
            Body::TranscriptSegment { role, text }
            | Body::Frame {
                channels:
                    Channels {
                        voice_transcript: Words { role, text },
                    },
            } => RealtimeItemBody::TranscriptSegment {
                speaker: role.into(),
                text,
            },
            Body::TurnInputAccepted {
                handoff_id,
                input,
                input_item_id,
                mode,
                source_event_ids,
                turn_id,
            } => RealtimeItemBody::TurnInputAccepted {
                handoff_id,
                input,
                input_item_id,
                is_steer: matches!(mode, Mode::Steer),
                source_event_ids,
                turn_id,
            },
            Body::SessionEndInputSaved {
                input,
                input_item_id,
                source_event_ids,
            } => RealtimeItemBody::SessionEndInputSaved {
                input,
                input_item_id,
                source_event_ids,
            },
            Body::BemItemPromoted {
                item_id,
                turn_id,
                presentation,
            } => RealtimeItemBody::ItemPromoted {
                item_id,
                turn_id,
                presentation: match presentation {
                    Presentation::WholeItem => ItemPresentation::Whole,
                    Presentation::InlineMarkdown => ItemPresentation::InlineMarkdown,
                    Presentation::InlineVisualization { index } => {
                        ItemPresentation::InlineVisualization { index }
                    }
                },
            },
            Body::RealtimeSessionClosed { outcome } => RealtimeItemBody::SessionClosed {
                is_failure: matches!(outcome, FileOutcome::Failed),
            },
        };
        Self {
            id: item.id,
            session_id: item.realtime_session_id,
            observed_at_ms: item.observed_at_ms,
            body,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(payload: serde_json::Value) -> RealtimeItem {
        serde_json::from_value::<FileRealtimeItem>(payload)
            .unwrap()
            .into()
    }

    #[test]
    fn what_was_said_is_read_in_its_old_and_its_new_form() {
        let old = json!({"id": "i", "realtime_session_id": "s", "type": "transcript_segment", "role": "user", "text": "hi"});
        let new = json!({
            "id": "i",
            "realtime_session_id": "s",
            "observed_at_ms": 7,
            "type": "frame",
            "channels": {"voice_transcript": {"role": "user", "text": "hi"}},
        });
        let said = RealtimeItemBody::TranscriptSegment {
            speaker: Speaker::User,
            text: "hi".into(),
        };
        assert_eq!(read(old).body, said);
        let item = read(new.clone());
        assert_eq!((item.observed_at_ms, &item.body), (Some(7), &said));
        assert_eq!(serde_json::to_value(FileRealtimeItem::from(&item)).unwrap(), new);
    }

    #[test]
    fn items_of_other_programs_come_back_as_they_were() {
        for body in [
            json!({"type": "realtime_session_started"}),
            json!({"type": "realtime_session_closed", "outcome": "failed"}),
            json!({"type": "bem_item_promoted", "item_id": "a", "turn_id": "t", "presentation": {"type": "inline_visualization", "index": 2}}),
            json!({"type": "session_end_input_saved", "input": "x", "input_item_id": "a", "source_event_ids": ["e"]}),
            json!({"type": "turn_input_accepted", "handoff_id": "h", "input": "x", "input_item_id": "a", "mode": "steer", "source_event_ids": [], "turn_id": "t"}),
        ] {
            let mut payload = json!({"id": "i", "realtime_session_id": "s", "observed_at_ms": 1});
            payload
                .as_object_mut()
                .unwrap()
                .extend(body.as_object().unwrap().clone());
            let again = serde_json::to_value(FileRealtimeItem::from(&read(payload.clone()))).unwrap();
            assert_eq!(again, payload);
        }
    }
}
