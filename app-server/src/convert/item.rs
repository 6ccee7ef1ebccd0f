//! Items.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use codex_app_server_protocol as wire;
use codex_app_server_protocol::{AbsolutePathBuf, LegacyAppPathString, ThreadItemKind};
use codex_core::{
    CallStatus, CommandExecution, FileChange, FileChangeKind, InputImage, Item, ItemBody, MemoryCitation,
    MessageDelivery, MessagePhase, ReviewOutput, WebSearchAction,
};
use serde_json::Value;

use super::{collab, command, input, mcp};

/// Towards the client.
pub(crate) fn to_wire(item: Item) -> wire::ThreadItem {
    wire::ThreadItem {
        kind: kind(item.id, item.body),
        started_at_ms: item.started_at_ms,
        completed_at_ms: item.completed_at_ms,
    }
}

fn kind(id: String, body: ItemBody) -> ThreadItemKind {
    match body {
        ItemBody::UserMessage { client_id, content } => ThreadItemKind::UserMessage {
            id,
            content: content.into_iter().map(input::to_wire).collect(),
            client_id,
        },
        ItemBody::AgentMessage {
            text,
            phase,
            delivery,
            memory_citation,
        } => ThreadItemKind::AgentMessage {
            id,
            text,
            delivery: delivery.map(|MessageDelivery::Async| wire::AgentMessageDelivery::Async),
            memory_citation: memory_citation.map(memory_citation_to_wire),
            moderation: None,
            phase: phase.map(phase_to_wire),
            questions: None,
        },
        ItemBody::Reasoning { summary, content } => ThreadItemKind::Reasoning { id, content, summary },
        ItemBody::Plan { text } => ThreadItemKind::Plan { id, text },
        ItemBody::CommandExecution(execution) => command_execution(id, execution),
        ItemBody::FileChange { changes, status, .. } => ThreadItemKind::FileChange {
            id,
            changes: changes.into_iter().map(file_change).collect(),
            status: match status {
                CallStatus::InProgress => wire::PatchApplyStatus::InProgress,
                CallStatus::Completed => wire::PatchApplyStatus::Completed,
                CallStatus::Failed => wire::PatchApplyStatus::Failed,
                CallStatus::Declined => wire::PatchApplyStatus::Declined,
            },
        },
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
        } => ThreadItemKind::McpToolCall {
            id,
            arguments,
            server,
            status: match status {
                CallStatus::InProgress => wire::McpToolCallStatus::InProgress,
                CallStatus::Completed => wire::McpToolCallStatus::Completed,
                CallStatus::Failed | CallStatus::Declined => wire::McpToolCallStatus::Failed,
            },
            tool,
            app_context: None,
            duration_ms: duration.map(milliseconds),
            environment_id: mcp::environment_of(plugin_id.is_some()),
            error: error.map(|message| wire::McpToolCallError { message }),
            mcp_app_resource_uri: None,
            mcp_app_ui: None,
            plugin_id,
            read_only_hint,
            result: result.and_then(as_wire),
        },
        ItemBody::DynamicToolCall {
            namespace,
            tool,
            arguments,
            status,
            content_items,
            success,
            duration,
        } => ThreadItemKind::DynamicToolCall {
            id,
            arguments,
            status: match status {
                CallStatus::InProgress => wire::DynamicToolCallStatus::InProgress,
                CallStatus::Completed => wire::DynamicToolCallStatus::Completed,
                CallStatus::Failed | CallStatus::Declined => wire::DynamicToolCallStatus::Failed,
            },
            tool,
            content_items: content_items.map(|items| items.into_iter().filter_map(as_wire).collect()),
            duration_ms: duration.map(milliseconds),
            namespace,
            success,
        },
        ItemBody::FunctionCallOutput {
            name,
            namespace,
            output,
        } => ThreadItemKind::FunctionCallOutput {
            id,
            name,
            // What can't be shown as it is stored is shown as text.
            output: as_wire(output.clone())
                .unwrap_or_else(|| wire::FunctionCallOutputBody::Text(output.to_string())),
            namespace,
        },
        ItemBody::WebSearch {
            query,
            action,
            results,
        } => ThreadItemKind::WebSearch {
            id,
            query,
            action: Some(web_search(action)),
            results,
        },
        ItemBody::ImageView { path } => ThreadItemKind::ImageView {
            id,
            path: legacy(&path),
        },
        ItemBody::ImageGeneration(image) => ThreadItemKind::ImageGeneration {
            id,
            status: image.status,
            failure: image.failure.and_then(as_wire),
            generation_id: image.generation_id,
            input_images: image.input_images.into_iter().map(input_image).collect(),
            revised_prompt: image.revised_prompt,
            saved_path: image.saved_path.as_deref().map(AbsolutePathBuf::from_path),
            transparent_background: image.transparent_background,
            file_id: None,
            result: Some(image.result),
        },
        ItemBody::ContextCompaction => ThreadItemKind::ContextCompaction { id },
        ItemBody::EnteredReviewMode { review, .. } => ThreadItemKind::EnteredReviewMode { id, review },
        ItemBody::ExitedReviewMode { output } => ThreadItemKind::ExitedReviewMode {
            id,
            review: ReviewOutput::text_of(output.as_ref()),
        },
        ItemBody::HookPrompt { fragments } => ThreadItemKind::HookPrompt {
            id,
            fragments: fragments
                .into_iter()
                .map(|(hook_run_id, text)| wire::HookPromptFragment { hook_run_id, text })
                .collect(),
        },
        ItemBody::CollabAgentToolCall(call) => collab::call_to_wire(id, call),
        ItemBody::SubAgentActivity(news) => collab::activity_to_wire(id, news),
    }
}

fn input_image(image: InputImage) -> wire::ImageGenerationInputImage {
    wire::ImageGenerationInputImage {
        path: AbsolutePathBuf::from_path(&image.path),
        sha256: image.sha256,
    }
}

fn command_execution(id: String, execution: CommandExecution) -> ThreadItemKind {
    ThreadItemKind::CommandExecution {
        id,
        command: command::line(&execution.command),
        command_actions: execution
            .actions
            .into_iter()
            .map(command::action_to_wire)
            .collect(),
        cwd: legacy(&execution.cwd),
        status: command::status_to_wire(execution.status),
        aggregated_output: execution.aggregated_output,
        duration_ms: execution.duration.map(milliseconds),
        exit_code: execution.exit_code,
        plugin_id: None,
        process_id: execution.process_id,
        script_path: None,
        source: command::source_to_wire(execution.source),
    }
}

/// Clients learn from the end of the diff that a file was moved (docs/contract/items-and-approvals.md#file-changes).
pub(crate) fn file_change(change: FileChange) -> wire::FileUpdateChange {
    let mut diff = change.diff;
    if let FileChangeKind::Update {
        move_path: Some(path),
    } = &change.kind
    {
        // Writing to a String can't fail.
        let _ = write!(diff, "\n\nMoved to: {}", path.display());
    }
    wire::FileUpdateChange {
        diff,
        kind: match change.kind {
            FileChangeKind::Add => wire::PatchChangeKind::Add,
            FileChangeKind::Delete => wire::PatchChangeKind::Delete,
            FileChangeKind::Update { move_path } => wire::PatchChangeKind::Update {
                move_path: move_path.map(|path| path.to_string_lossy().into_owned()),
            },
        },
        path: change.path.to_string_lossy().into_owned(),
    }
}

fn phase_to_wire(phase: MessagePhase) -> wire::MessagePhase {
    match phase {
        MessagePhase::Commentary => wire::MessagePhase::Commentary,
        MessagePhase::PartialAnswer => wire::MessagePhase::PartialAnswer,
        MessagePhase::FinalAnswer => wire::MessagePhase::FinalAnswer,
    }
}

fn memory_citation_to_wire(citation: MemoryCitation) -> wire::MemoryCitation {
    let entries = citation
        .entries
        .into_iter()
        .map(|entry| wire::MemoryCitationEntry {
            line_start: entry.line_start,
            line_end: entry.line_end,
            note: entry.note,
            path: entry.path,
        });
    wire::MemoryCitation {
        entries: entries.collect(),
        thread_ids: citation.rollout_ids,
    }
}

fn web_search(action: WebSearchAction) -> wire::WebSearchAction {
    match action {
        WebSearchAction::Search { query, queries } => wire::WebSearchAction::Search { queries, query },
        WebSearchAction::OpenPage { url } => wire::WebSearchAction::OpenPage { url },
        WebSearchAction::FindInPage { url, pattern } => wire::WebSearchAction::FindInPage { pattern, url },
        WebSearchAction::Other => wire::WebSearchAction::Other,
    }
}

/// Something that the engine keeps in the shape of the wire.
fn as_wire<T: serde::de::DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value)
        .inspect_err(|e| tracing::warn!(error = %e, "a part of an item cannot be shown"))
        .ok()
}

fn legacy(path: &Path) -> LegacyAppPathString {
    LegacyAppPathString::from(path)
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_diff_of_a_moved_file_says_where_it_went() {
        let change = |move_path: Option<&str>| {
            file_change(FileChange {
                path: "/w/a".into(),
                kind: FileChangeKind::Update {
                    move_path: move_path.map(Into::into),
                },
                diff: "@@ -1 +1 @@\n-x\n+y\n".into(),
            })
        };
        assert_eq!(change(None).diff, "@@ -1 +1 @@\n-x\n+y\n");
        assert_eq!(
            change(Some("/w/b")).diff,
            "@@ -1 +1 @@\n-x\n+y\n\n\nMoved to: /w/b"
        );
    }
}
