//! From a line in a file to the item.

use std::borrow::Cow;

use serde::Deserialize;

use super::calls::{Command, Dynamic, HandedIn, IMAGE_GENERATION, Image, Mcp, Web, error_text};
use super::collab::{Activity, Collab};
use super::patch::Patch;
use super::paths::from_file_url;
use super::review::{Entered, Exited, hint};
use super::text::{Agent, Hook, Plan, Reasoning, User};
use crate::history::rollout::codec::input::FileInput;
use crate::{Item, ItemBody, WebSearchAction};

/// Reads the `item` member of an `item_completed` event; `None` for kinds that we don't know and for broken ones.
pub(crate) fn decode(raw: &str) -> Option<Item> {
    let head: Head<'_> = serde_json::from_str(raw).ok()?;
    let body = match head.kind.as_ref() {
        "UserMessage" => {
            let u: User<'_> = serde_json::from_str(raw).ok()?;
            ItemBody::UserMessage {
                client_id: u.client_id.map(Cow::into_owned),
                content: u.content.into_iter().filter_map(FileInput::into_input).collect(),
            }
        }
        "AgentMessage" => {
            let a: Agent<'_> = serde_json::from_str(raw).ok()?;
            let mut parts = a.content.into_iter();
            let mut text = parts.next().map_or_else(String::new, |p| p.text.into_owned());
            parts.for_each(|p| text.push_str(&p.text));
            ItemBody::AgentMessage {
                text,
                phase: a.phase,
                delivery: a.delivery,
                memory_citation: a.memory_citation.map(Cow::into_owned),
            }
        }
        "Reasoning" => {
            let r: Reasoning<'_> = serde_json::from_str(raw).ok()?;
            ItemBody::Reasoning {
                summary: r.summary_text.into_iter().map(Cow::into_owned).collect(),
                content: r.raw_content.into_iter().map(Cow::into_owned).collect(),
            }
        }
        "Plan" => ItemBody::Plan {
            text: serde_json::from_str::<Plan<'_>>(raw).ok()?.text.into_owned(),
        },
        "CommandExecution" => {
            ItemBody::CommandExecution(serde_json::from_str::<Command<'_>>(raw).ok()?.into_body())
        }
        "FileChange" => {
            let p: Patch<'_> = serde_json::from_str(raw).ok()?;
            ItemBody::FileChange {
                changes: p.changes.into(),
                status: p.status,
                stdout: p.stdout.map(Cow::into_owned),
                stderr: p.stderr.map(Cow::into_owned),
            }
        }
        "McpToolCall" => {
            let m: Mcp<'_> = serde_json::from_str(raw).ok()?;
            ItemBody::McpToolCall {
                server: m.server.into_owned(),
                tool: m.tool.into_owned(),
                arguments: m.arguments.into_owned(),
                read_only_hint: m.read_only_hint,
                plugin_id: m.plugin_id.map(Cow::into_owned),
                status: m.status,
                result: m.result.map(Cow::into_owned),
                error: m.error.map(error_text),
                duration: m.duration.map(Into::into),
            }
        }
        "DynamicToolCall" => {
            let d: Dynamic<'_> = serde_json::from_str(raw).ok()?;
            ItemBody::DynamicToolCall {
                namespace: d.namespace.map(Cow::into_owned),
                tool: d.tool.into_owned(),
                arguments: d.arguments.into_owned(),
                status: d.status,
                content_items: d.content_items.map(Cow::into_owned),
                success: d.success,
                duration: d.duration.map(Into::into),
            }
        }
        "FunctionCallOutput" => {
            let f: HandedIn<'_> = serde_json::from_str(raw).ok()?;
            ItemBody::FunctionCallOutput {
                name: f.name.into_owned(),
                namespace: f.namespace.map(Cow::into_owned),
                output: f.output.into_owned(),
            }
        }
        "WebSearch" => {
            let w: Web<'_> = serde_json::from_str(raw).ok()?;
            ItemBody::WebSearch {
                query: w.query.into_owned(),
                action: w.action.unwrap_or(WebSearchAction::Other),
                results: w.results.map(Cow::into_owned),
            }
        }
        "ImageView" => ItemBody::ImageView {
            path: from_file_url(&serde_json::from_str::<Image<'_>>(raw).ok()?.path),
        },
        "Extension" if head.extension.as_deref() == Some(IMAGE_GENERATION) => {
            ItemBody::ImageGeneration(serde_json::from_str(raw).ok()?)
        }
        "ContextCompaction" => ItemBody::ContextCompaction,
        "EnteredReviewMode" => {
            let e: Entered<'_> = serde_json::from_str(raw).ok()?;
            ItemBody::EnteredReviewMode {
                review: e
                    .user_facing_hint
                    .map_or_else(|| hint(&e.target), Cow::into_owned),
                target: serde_json::from_value(e.target).ok(),
            }
        }
        "ExitedReviewMode" => {
            let e: Exited<'_> = serde_json::from_str(raw).ok()?;
            ItemBody::ExitedReviewMode {
                output: e.review_output,
            }
        }
        "HookPrompt" => {
            let h: Hook<'_> = serde_json::from_str(raw).ok()?;
            ItemBody::HookPrompt {
                fragments: h
                    .fragments
                    .into_iter()
                    .map(|f| (f.hook_run_id.into_owned(), f.text.into_owned()))
                    .collect(),
            }
        }
        "CollabAgentToolCall" => {
            ItemBody::CollabAgentToolCall(serde_json::from_str::<Collab<'_>>(raw).ok()?.into_body())
        }
        "SubAgentActivity" => {
            ItemBody::SubAgentActivity(serde_json::from_str::<Activity<'_>>(raw).ok()?.into_body())
        }
        _ => return None,
    };
    Some(Item {
        id: head.id.into_owned(),
        started_at_ms: None,
        completed_at_ms: None,
        body,
    })
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    /// Which one it is of the kinds that have one name.
    #[serde(rename = "kind", borrow, default)]
    extension: Option<Cow<'a, str>>,
}
