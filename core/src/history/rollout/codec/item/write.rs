//! From an item to its line in a file.

use std::borrow::Cow;

use serde::Serialize;

use super::calls::{Command, Dynamic, Extension, FileDuration, HandedIn, IMAGE_GENERATION, Image, Mcp, Web};
use super::collab::{Activity, Collab};
use super::patch::Patch;
use super::paths::to_file_url;
use super::review::{Entered, Exited};
use super::text::{Agent, AgentPart, Bare, Hook, HookFragment, Plan, Reasoning, User};
use crate::history::rollout::codec::input::FileInput;
use crate::{Item, ItemBody, LOCAL_ENVIRONMENT};

/// An item ready to be written as the `item` member of an `item_completed` event.
pub(crate) struct FileItem<'a>(pub(crate) &'a Item);

impl Serialize for FileItem<'_> {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let id = Cow::Borrowed(self.0.id.as_str());
        match &self.0.body {
            ItemBody::UserMessage { client_id, content } => User {
                id,
                client_id: client_id.as_deref().map(Cow::Borrowed),
                content: content.iter().map(FileInput::from).collect(),
            }
            .tagged("UserMessage", s),
            ItemBody::AgentMessage {
                text,
                phase,
                delivery,
                memory_citation,
            } => Agent {
                id,
                content: vec![AgentPart {
                    kind: "Text".into(),
                    text: text.as_str().into(),
                }],
                phase: *phase,
                delivery: *delivery,
                memory_citation: memory_citation.as_ref().map(Cow::Borrowed),
            }
            .tagged("AgentMessage", s),
            ItemBody::Reasoning { summary, content } => Reasoning {
                id,
                summary_text: summary.iter().map(|t| Cow::Borrowed(t.as_str())).collect(),
                raw_content: content.iter().map(|t| Cow::Borrowed(t.as_str())).collect(),
            }
            .tagged("Reasoning", s),
            ItemBody::Plan { text } => Plan {
                id,
                text: text.as_str().into(),
            }
            .tagged("Plan", s),
            ItemBody::CommandExecution(c) => Command::new(id, c).tagged("CommandExecution", s),
            ItemBody::FileChange {
                changes,
                status,
                stdout,
                stderr,
            } => Patch {
                id,
                changes: changes.into(),
                status: *status,
                stdout: stdout.as_deref().map(Cow::Borrowed),
                stderr: stderr.as_deref().map(Cow::Borrowed),
            }
            .tagged("FileChange", s),
            ItemBody::McpToolCall {
                server,
                tool,
                arguments,
                read_only_hint,
                plugin_id,
                status,
                result,
                error,
                duration,
            } => Mcp {
                id,
                server: server.as_str().into(),
                tool: tool.as_str().into(),
                arguments: Cow::Borrowed(arguments),
                read_only_hint: *read_only_hint,
                plugin_id: plugin_id.as_deref().map(Cow::Borrowed),
                environment_id: plugin_id.as_ref().map(|_| LOCAL_ENVIRONMENT.into()),
                status: *status,
                result: result.as_ref().map(Cow::Borrowed),
                error: error
                    .as_ref()
                    .map(|message| serde_json::json!({ "message": message })),
                duration: duration.map(FileDuration::from),
            }
            .tagged("McpToolCall", s),
            ItemBody::DynamicToolCall {
                namespace,
                tool,
                arguments,
                status,
                content_items,
                success,
                duration,
            } => Dynamic {
                id,
                namespace: namespace.as_deref().map(Cow::Borrowed),
                tool: tool.as_str().into(),
                arguments: Cow::Borrowed(arguments),
                status: *status,
                content_items: content_items.as_deref().map(Cow::Borrowed),
                success: *success,
                duration: duration.map(FileDuration::from),
            }
            .tagged("DynamicToolCall", s),
            ItemBody::FunctionCallOutput {
                name,
                namespace,
                output,
            } => HandedIn {
                id,
                name: name.as_str().into(),
                namespace: namespace.as_deref().map(Cow::Borrowed),
                output: Cow::Borrowed(output),
            }
            .tagged("FunctionCallOutput", s),
            ItemBody::WebSearch {
                query,
                action,
                results,
            } => Web {
                id,
                query: query.as_str().into(),
                action: Some(action.clone()),
                results: results.as_deref().map(Cow::Borrowed),
            }
            .tagged("WebSearch", s),
            ItemBody::ImageView { path } => Image {
                id,
                path: to_file_url(path),
            }
            .tagged("ImageView", s),
            ItemBody::ImageGeneration(image) => Extension {
                kind: IMAGE_GENERATION,
                id,
                body: image,
            }
            .tagged("Extension", s),
            ItemBody::ContextCompaction => Bare { id }.tagged("ContextCompaction", s),
            ItemBody::EnteredReviewMode { target, review } => Entered {
                id,
                target: match target {
                    Some(target) => serde_json::to_value(target).unwrap_or_default(),
                    None => serde_json::json!({"type": "custom", "instructions": review}),
                },
                user_facing_hint: Some(review.as_str().into()),
            }
            .tagged("EnteredReviewMode", s),
            ItemBody::ExitedReviewMode { output } => Exited {
                id,
                review_output: output.clone(),
            }
            .tagged("ExitedReviewMode", s),
            ItemBody::HookPrompt { fragments } => Hook {
                id,
                fragments: fragments
                    .iter()
                    .map(|(run, text)| HookFragment {
                        hook_run_id: run.as_str().into(),
                        text: text.as_str().into(),
                    })
                    .collect(),
            }
            .tagged("HookPrompt", s),
            ItemBody::CollabAgentToolCall(call) => Collab::new(id, call).tagged("CollabAgentToolCall", s),
            ItemBody::SubAgentActivity(news) => Activity::new(id, news).tagged("SubAgentActivity", s),
        }
    }
}

/// A struct written with a `type` member in front.
trait Tagged: Serialize + Sized {
    fn tagged<S: serde::Serializer>(self, kind: &'static str, s: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Line<T> {
            #[serde(rename = "type")]
            kind: &'static str,
            #[serde(flatten)]
            body: T,
        }
        Line { kind, body: self }.serialize(s)
    }
}

impl<T: Serialize> Tagged for T {}
