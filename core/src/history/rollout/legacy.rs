//! Events of files from before there was a line for every item (docs/contract/storage.md#lines, "legacy").

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::line::{EventKind, Line};
use super::meta::lenient;
use crate::history::rollout::codec::input::FileTextElement;
use crate::history::rollout::codec::item;
use crate::history::rollout::codec::item::FileChanges;
use crate::{CallStatus, ItemBody, MemoryCitation, MessagePhase, UserInput, WebSearchAction};

/// What a legacy event tells.
pub(crate) enum LegacyItem {
    /// An item with an identifier of its own.
    Named(String, ItemBody),
    /// An item that is numbered.
    Numbered(ItemBody),
    /// A reasoning section: consecutive ones make one item.
    Summary(String),
    /// Raw reasoning, likewise.
    Content(String),
}

/// Reads an event that stands for an item; `None` for all others.
pub(crate) fn item(kind: EventKind, line: &Line<'_>) -> Option<LegacyItem> {
    #[derive(Deserialize)]
    struct Text {
        text: String,
    }
    Some(match kind {
        EventKind::UserMessage => LegacyItem::Numbered(user(line.payload()?)),
        EventKind::AgentMessage => {
            #[derive(Deserialize)]
            struct Agent {
                message: String,
                #[serde(default)]
                phase: Option<MessagePhase>,
                #[serde(default, deserialize_with = "lenient")]
                memory_citation: Option<MemoryCitation>,
            }
            let agent: Agent = line.payload()?;
            LegacyItem::Numbered(ItemBody::AgentMessage {
                text: agent.message,
                phase: agent.phase,
                delivery: None,
                memory_citation: agent.memory_citation,
            })
        }
        EventKind::AgentReasoning => LegacyItem::Summary(line.payload::<Text>()?.text),
        EventKind::AgentReasoningRaw => LegacyItem::Content(line.payload::<Text>()?.text),
        EventKind::PatchEnd => patch(line.payload()?),
        EventKind::McpEnd => mcp(line.payload()?)?,
        EventKind::WebSearchEnd => {
            #[derive(Deserialize)]
            struct Web {
                call_id: String,
                #[serde(default)]
                query: String,
                #[serde(default)]
                action: Option<WebSearchAction>,
            }
            let web: Web = line.payload()?;
            LegacyItem::Named(
                web.call_id,
                ItemBody::WebSearch {
                    query: web.query,
                    action: web.action.unwrap_or(WebSearchAction::Other),
                    results: None,
                },
            )
        }
        EventKind::ViewImage => {
            #[derive(Deserialize)]
            struct View {
                call_id: String,
                path: String,
            }
            let view: View = line.payload()?;
            LegacyItem::Named(
                view.call_id,
                ItemBody::ImageView {
                    path: item::from_file_url(&view.path),
                },
            )
        }
        EventKind::ContextCompacted => LegacyItem::Numbered(ItemBody::ContextCompaction),
        EventKind::EnteredReview => {
            let event: Value = line.payload()?;
            LegacyItem::Numbered(item::entered_review(&event))
        }
        EventKind::ExitedReview => {
            let event: Value = line.payload()?;
            LegacyItem::Numbered(item::exited_review(event))
        }
        _ => return None,
    })
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    message: String,
    #[serde(default)]
    images: Option<Vec<String>>,
    #[serde(default)]
    local_images: Vec<PathBuf>,
    #[serde(default)]
    text_elements: Vec<FileTextElement>,
}

fn user(event: User) -> ItemBody {
    ItemBody::UserMessage {
        client_id: None,
        content: said(event),
    }
}

fn said(event: User) -> Vec<UserInput> {
    let mut content = Vec::new();
    if !event.message.is_empty() {
        content.push(UserInput::Text {
            text: event.message,
            elements: event
                .text_elements
                .into_iter()
                .map(FileTextElement::into_element)
                .collect(),
        });
    }
    let images = event.images.unwrap_or_default().into_iter();
    content.extend(images.map(|url| UserInput::Image { url, detail: None }));
    let files = event.local_images.into_iter();
    content.extend(files.map(|path| UserInput::LocalImage { path, detail: None }));
    content
}

/// What lists show of a `user_message` event.
pub(crate) fn preview(line: &Line<'_>) -> Option<String> {
    UserInput::preview(&said(line.payload()?))
}

#[derive(Deserialize)]
struct Patch {
    call_id: String,
    #[serde(default)]
    success: bool,
    #[serde(default)]
    stdout: Option<String>,
    #[serde(default)]
    stderr: Option<String>,
    /// The oldest files tell only of success.
    #[serde(default)]
    status: Option<CallStatus>,
    #[serde(default)]
    changes: FileChanges,
}

fn patch(event: Patch) -> LegacyItem {
    let ended = if event.success {
        CallStatus::Completed
    } else {
        CallStatus::Failed
    };
    LegacyItem::Named(
        event.call_id,
        ItemBody::FileChange {
            changes: event.changes.into(),
            status: event.status.unwrap_or(ended),
            stdout: event.stdout,
            stderr: event.stderr,
        },
    )
}

#[derive(Deserialize)]
struct Mcp {
    call_id: String,
    invocation: Invocation,
    #[serde(default)]
    duration: Option<Span>,
    result: Value,
}

#[derive(Deserialize)]
struct Invocation {
    server: String,
    tool: String,
    #[serde(default)]
    arguments: Value,
}

#[derive(Deserialize)]
struct Span {
    secs: u64,
    #[serde(default)]
    nanos: u32,
}

fn mcp(event: Mcp) -> Option<LegacyItem> {
    let Value::Object(mut result) = event.result else {
        return None;
    };
    let (result, error) = match (result.remove("Ok"), result.remove("Err")) {
        (Some(ok), _) => (Some(ok), None),
        (None, Some(error)) => (
            None,
            Some(error.as_str().map_or_else(|| error.to_string(), str::to_owned)),
        ),
        (None, None) => return None,
    };
    let failed = error.is_some()
        || result.as_ref().is_some_and(|ok| {
            ["isError", "is_error"]
                .iter()
                .any(|key| ok.get(key).and_then(Value::as_bool) == Some(true))
        });
    Some(LegacyItem::Named(
        event.call_id,
        ItemBody::McpToolCall {
            server: event.invocation.server,
            tool: event.invocation.tool,
            arguments: event.invocation.arguments,
            read_only_hint: None,
            plugin_id: None,
            status: if failed {
                CallStatus::Failed
            } else {
                CallStatus::Completed
            },
            result,
            error,
            duration: event
                .duration
                .map(|d| Duration::from_secs(d.secs).saturating_add(Duration::from_nanos(d.nanos.into()))),
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_says_how_it_ended_or_whether_it_succeeded() {
        let status = |members: &str| {
            let text = format!(
                r#"{{"type":"event_msg","payload":{{"type":"patch_apply_end","call_id":"p",{members}"changes":{{}}}}}}"#
            );
            let line = Line::parse(text.as_bytes()).expect("a line");
            match item(EventKind::PatchEnd, &line) {
                Some(LegacyItem::Named(id, ItemBody::FileChange { status, .. })) if id == "p" => status,
                _ => panic!("{text} is a patch"),
            }
        };
        assert_eq!(status(r#""success":true,"#), CallStatus::Completed);
        assert_eq!(status(r#""success":false,"#), CallStatus::Failed);
        assert_eq!(
            status(r#""success":false,"status":"declined","#),
            CallStatus::Declined
        );
    }
}
