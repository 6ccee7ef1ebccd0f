//! Entries as lines of a rollout (docs/contract/storage.md#lines).

mod compaction;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::error::FileError;
use super::item::FileItem;
use super::realtime::FileRealtimeItem;
use super::settings;
use crate::history::rollout::meta::SessionMeta;
use crate::history::{Entry, LogPosition};
use crate::model::{KnownItem, ResponseItem, message_origin};
use crate::{Item, ItemBody, ThreadId, UserInput};

/// Turns entries into lines, counting ordinals and places in the model's history.
#[derive(Debug, Clone)]
pub(crate) struct Encoder {
    thread_id: ThreadId,
    session_id: String,
    /// `false`: legacy files have no ordinals.
    pub(crate) ordinals: bool,
    at: LogPosition,
    /// Items of a response are coming in.
    in_response: bool,
    turn_id: String,
    root_turn_id: String,
    turn_trigger: Option<String>,
    parent_turn_id: Option<String>,
}

impl Encoder {
    /// Goes on from `at`.
    pub(crate) fn new(thread_id: ThreadId, session_id: String, at: LogPosition) -> Self {
        Self {
            thread_id,
            session_id,
            ordinals: true,
            at,
            in_response: false,
            turn_id: String::new(),
            root_turn_id: String::new(),
            turn_trigger: None,
            parent_turn_id: None,
        }
    }

    /// The thread.
    pub(crate) fn thread_id(&self) -> ThreadId {
        self.thread_id
    }

    /// How far it has got.
    pub(crate) fn position(&self) -> LogPosition {
        self.at
    }

    /// Appends the meta line.
    pub(crate) fn meta(&mut self, out: &mut Vec<u8>, at: DateTime<Utc>, meta: &SessionMeta) {
        #[derive(Serialize)]
        struct Payload<'a> {
            account_scoped: bool,
            #[serde(flatten)]
            meta: &'a SessionMeta,
        }
        self.line(
            out,
            at,
            "session_meta",
            &Payload {
                account_scoped: true,
                meta,
            },
            None,
        );
    }

    /// Appends the lines of an entry.
    pub(crate) fn entry(&mut self, out: &mut Vec<u8>, at: DateTime<Utc>, entry: &Entry) {
        match entry {
            Entry::Response(item) => {
                if let Some(trigger_turn) = begins_turn(item).filter(|_| self.ordinals) {
                    let payload = json!({ "trigger_turn": trigger_turn });
                    self.line(out, at, "inter_agent_communication_metadata", &payload, None);
                }
                let metadata = self.place(item);
                self.line(out, at, "response_item", item, Some(metadata));
            }
            Entry::Injected(item) => {
                self.at.sequence += 1;
                let metadata = self.metadata(item);
                self.line(out, at, "response_item", item, Some(metadata));
            }
            Entry::TurnStarted {
                turn_id,
                root_turn_id,
                started_at,
                model_context_window,
                mode,
                trigger,
                parent_turn_id,
            } => {
                self.turn_id.clone_from(turn_id);
                self.root_turn_id.clone_from(root_turn_id);
                self.turn_trigger.clone_from(trigger);
                self.parent_turn_id.clone_from(parent_turn_id);
                self.in_response = false;
                let payload = json!({
                    "turn_id": turn_id,
                    "root_turn_id": root_turn_id,
                    "turn_attribution": self.turn_attribution(),
                    "started_at": started_at,
                    "model_context_window": model_context_window,
                    "collaboration_mode_kind": mode,
                });
                self.event(out, at, "task_started", &payload);
            }
            Entry::TurnContext {
                turn_id,
                settings,
                multi_agent_version,
            } => {
                let root = if self.turn_id == *turn_id {
                    &self.root_turn_id
                } else {
                    turn_id
                };
                let payload = settings::turn_context(turn_id, root, settings, multi_agent_version);
                self.line(out, at, "turn_context", &payload, None);
            }
            Entry::SettingsApplied(settings) => {
                let payload = json!({
                    "thread_id": self.thread_id,
                    "thread_settings": settings::thread_settings(settings),
                });
                self.event(out, at, "thread_settings_applied", &payload);
            }
            Entry::WorldState { full, state } => {
                #[derive(Serialize)]
                struct World<'a> {
                    full: bool,
                    state: &'a Value,
                }
                self.line(out, at, "world_state", &World { full: *full, state }, None);
            }
            Entry::ItemCompleted { turn_id, item } => {
                if self.ordinals || !self.legacy_item(out, at, item) {
                    self.item(out, at, turn_id, item);
                }
            }
            Entry::TokenUsage {
                response_id,
                usage,
                turn_usage,
                thread_usage,
            } => self.usage(out, at, response_id, *usage, *turn_usage, *thread_usage),
            Entry::TurnCompleted {
                turn_id,
                last_agent_message,
                error,
                started_at,
                completed_at,
                duration_ms,
                time_to_first_token_ms,
            } => {
                #[derive(Serialize)]
                struct Complete<'a> {
                    root_turn_id: &'a str,
                    turn_id: &'a str,
                    last_agent_message: Option<&'a str>,
                    #[serde(skip_serializing_if = "Option::is_none")]
                    error: Option<FileError>,
                    started_at: i64,
                    completed_at: i64,
                    duration_ms: i64,
                    #[serde(skip_serializing_if = "Option::is_none")]
                    time_to_first_token_ms: Option<i64>,
                }
                self.in_response = false;
                let root = self.root_of(turn_id);
                let payload = Complete {
                    root_turn_id: &root,
                    turn_id,
                    last_agent_message: last_agent_message.as_deref(),
                    error: error.as_ref().map(FileError::from),
                    started_at: *started_at,
                    completed_at: *completed_at,
                    duration_ms: *duration_ms,
                    time_to_first_token_ms: *time_to_first_token_ms,
                };
                self.event(out, at, "task_complete", &payload);
            }
            Entry::TurnAborted {
                turn_id,
                started_at,
                completed_at,
                duration_ms,
            } => {
                self.in_response = false;
                let payload = json!({
                    "root_turn_id": self.root_of(turn_id),
                    "turn_id": turn_id,
                    "reason": "interrupted",
                    "started_at": started_at,
                    "completed_at": completed_at,
                    "duration_ms": duration_ms,
                });
                self.event(out, at, "turn_aborted", &payload);
            }
            Entry::TokenCount(usage) => self.token_count(out, at, *usage),
            Entry::Compacted(compaction) => self.compacted(out, at, compaction),
            Entry::Realtime(item) => {
                let payload = FileRealtimeItem::from(&**item);
                self.line(out, at, "realtime_item", &payload, None);
            }
            Entry::Goal(goal) => {
                let payload = json!({ "threadId": self.thread_id, "goal": goal });
                self.event(out, at, "thread_goal_updated", &payload);
            }
        }
    }

    fn item(&mut self, out: &mut Vec<u8>, at: DateTime<Utc>, turn_id: &str, item: &Item) {
        #[derive(Serialize)]
        #[expect(clippy::struct_field_names, reason = "names of the format")]
        struct Completed<'a> {
            thread_id: ThreadId,
            turn_id: &'a str,
            item: FileItem<'a>,
            #[serde(skip_serializing_if = "Option::is_none")]
            started_at_ms: Option<i64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            completed_at_ms: Option<i64>,
        }
        let payload = Completed {
            thread_id: self.thread_id,
            turn_id,
            item: FileItem(item),
            started_at_ms: item.started_at_ms.or(item.completed_at_ms),
            completed_at_ms: item.completed_at_ms,
        };
        self.event(out, at, "item_completed", &payload);
    }

    /// What was said, as legacy files tell it; `false` for all else, which they would not tell.
    fn legacy_item(&mut self, out: &mut Vec<u8>, at: DateTime<Utc>, item: &Item) -> bool {
        match &item.body {
            ItemBody::UserMessage { content, .. } => {
                self.event(out, at, "user_message", &legacy_user(content));
            }
            ItemBody::AgentMessage {
                text,
                phase,
                memory_citation,
                ..
            } => {
                let payload = json!({"message": text, "phase": phase, "memory_citation": memory_citation});
                self.event(out, at, "agent_message", &payload);
            }
            ItemBody::Reasoning { summary, content } => {
                for text in summary {
                    self.event(out, at, "agent_reasoning", &json!({ "text": text }));
                }
                for text in content {
                    self.event(out, at, "agent_reasoning_raw_content", &json!({ "text": text }));
                }
            }
            _ => return false,
        }
        true
    }

    /// Where the running turn comes from.
    fn turn_attribution(&self) -> Value {
        json!({
            "turn_id": self.turn_id,
            "turn_trigger": self.turn_trigger,
            "parent_turn_id": self.parent_turn_id,
            "initiating_agent_path": null,
            "root_turn_id": self.root_turn_id,
        })
    }

    fn root_of(&self, turn_id: &str) -> String {
        if self.turn_id == turn_id {
            self.root_turn_id.clone()
        } else {
            turn_id.to_owned()
        }
    }

    /// Counts a response item. What the model sends was made after it had seen everything up to the item before the
    /// first one of that response.
    fn place(&mut self, item: &ResponseItem) -> Value {
        let by_model = match item {
            ResponseItem::Known(KnownItem::Message { role, .. }) => role == "assistant",
            ResponseItem::Known(
                KnownItem::Reasoning { .. }
                | KnownItem::FunctionCall { .. }
                | KnownItem::CustomToolCall { .. }
                | KnownItem::WebSearchCall { .. },
            ) => true,
            ResponseItem::Known(
                KnownItem::FunctionCallOutput { .. } | KnownItem::CustomToolCallOutput { .. },
            ) => false,
            ResponseItem::Other(value) => value
                .get("type")
                .and_then(Value::as_str)
                .is_some_and(|kind| kind.ends_with("_call")),
        };
        if by_model && !self.in_response {
            self.in_response = true;
            self.at.sampled_through = self.at.sequence;
        }
        self.at.sequence += 1;
        self.metadata(item)
    }

    fn metadata(&self, item: &ResponseItem) -> Value {
        let mut metadata = json!({
            "history_sequence": self.at.sequence,
            "sampled_through_sequence": self.at.sampled_through,
            "client_authored": false,
        });
        if message_origin::is_retained(item) {
            metadata[message_origin::RETAINED] = true.into();
        }
        metadata
    }

    /// An `event_msg` line. The kind is the first member of the payload, so that readers find it at once.
    fn event<T: Serialize>(&mut self, out: &mut Vec<u8>, at: DateTime<Utc>, kind: &'static str, payload: &T) {
        #[derive(Serialize)]
        struct Event<'a, T> {
            #[serde(rename = "type")]
            kind: &'static str,
            #[serde(flatten)]
            payload: &'a T,
        }
        self.line(out, at, "event_msg", &Event { kind, payload }, None);
    }

    fn line<T: Serialize>(
        &mut self,
        out: &mut Vec<u8>,
        at: DateTime<Utc>,
        kind: &'static str,
        payload: &T,
        metadata: Option<Value>,
    ) {
        #[derive(Serialize)]
        struct Line<'a, T> {
            timestamp: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            ordinal: Option<u64>,
            #[serde(rename = "type")]
            kind: &'static str,
            payload: &'a T,
            #[serde(skip_serializing_if = "Option::is_none")]
            metadata: Option<Value>,
        }
        let start = out.len();
        let line = Line {
            timestamp: timestamp(at),
            ordinal: self.ordinals.then_some(self.at.ordinal),
            kind,
            payload,
            metadata,
        };
        match serde_json::to_writer(&mut *out, &line) {
            Ok(()) => {
                out.push(b'\n');
                self.at.ordinal += 1;
            }
            // Only a path that is not UTF-8 can't be written as JSON.
            Err(error) => {
                tracing::warn!(kind, %error, "a line of history could not be encoded");
                out.truncate(start);
            }
        }
    }
}

/// Whether a message of another agent begins a turn, as a task does; `None`: it is something else.
fn begins_turn(item: &ResponseItem) -> Option<bool> {
    let ResponseItem::Other(value) = item else {
        return None;
    };
    let head = value.pointer("/content/0/text").and_then(Value::as_str);
    let is_task = head.is_some_and(|head| head.starts_with("Message Type: NEW_TASK\n"));
    (value["type"] == "agent_message").then_some(is_task)
}

/// The payload of a legacy `user_message` event.
fn legacy_user(content: &[UserInput]) -> Value {
    let mut texts: Vec<&str> = Vec::new();
    let (mut images, mut local_images, mut elements) = (Vec::new(), Vec::new(), Vec::new());
    for input in content {
        match input {
            UserInput::Text {
                text,
                elements: marked,
            } => {
                let before = texts.iter().map(|text| text.len() as u64 + 1).sum::<u64>();
                elements.extend(marked.iter().map(|element| {
                    json!({
                        "byte_range": {"start": element.start + before, "end": element.end + before},
                        "placeholder": element.placeholder,
                    })
                }));
                texts.push(text);
            }
            UserInput::Image { url, .. } => images.push(url),
            UserInput::LocalImage { path, .. } => local_images.push(path),
            _ => {}
        }
    }
    json!({
        "message": texts.join("\n"),
        "images": images,
        "local_images": local_images,
        "audio": [],
        "local_audio": [],
        "text_elements": elements,
    })
}

/// The meta line of a file without ordinals.
pub(crate) fn first_line(id: ThreadId, meta: &SessionMeta) -> Vec<u8> {
    let mut encoder = Encoder::new(id, id.to_string(), LogPosition::default());
    encoder.ordinals = false;
    let mut line = Vec::new();
    encoder.meta(&mut line, Utc::now(), meta);
    line
}

/// RFC 3339 with milliseconds, as in every line.
pub(crate) fn timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
