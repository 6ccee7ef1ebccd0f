//! Hooks and their runs on the wire.

use codex_app_server_protocol as wire;
use codex_app_server_protocol::{AbsolutePathBuf, HookMetadata, HookMetadataHandler, HookRunSummary};
use codex_core::{
    HookDescription, HookEntryKind, HookEvent, HookHandler, HookRun, HookRunStatus, HookSource, HookTrust,
};

/// A configured hook.
pub(crate) fn description_to_wire(hook: HookDescription) -> HookMetadata {
    let HookDescription {
        key,
        event,
        handler,
        matcher,
        timeout_s,
        status_message,
        context_limit,
        source_path,
        source,
        plugin_id,
        display_order,
        enabled,
        current_hash,
        trust,
    } = hook;
    HookMetadata {
        key,
        event_name: event_to_wire(event),
        handler: match handler {
            HookHandler::Command { command, is_async } => HookMetadataHandler::Command { command, is_async },
            HookHandler::McpTool { server, tool, .. } => HookMetadataHandler::McpTool { server, tool },
        },
        matcher,
        timeout_sec: timeout_s,
        status_message,
        additional_context_limit: context_limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
        source_path: AbsolutePathBuf::from_path(&source_path),
        source: source_to_wire(source),
        plugin_id,
        environment_id: None,
        display_order,
        enabled,
        is_managed: trust == HookTrust::Managed,
        current_hash,
        trust_status: match trust {
            HookTrust::Managed => wire::HookTrustStatus::Managed,
            HookTrust::Untrusted => wire::HookTrustStatus::Untrusted,
            HookTrust::Trusted => wire::HookTrustStatus::Trusted,
            HookTrust::Modified => wire::HookTrustStatus::Modified,
        },
    }
}

/// A run of a hook.
pub(crate) fn run_to_wire(run: HookRun) -> HookRunSummary {
    let entries = run.entries.into_iter().map(|entry| wire::HookOutputEntry {
        kind: match entry.kind {
            HookEntryKind::Warning => wire::HookOutputEntryKind::Warning,
            HookEntryKind::Stop => wire::HookOutputEntryKind::Stop,
            HookEntryKind::Feedback => wire::HookOutputEntryKind::Feedback,
            HookEntryKind::Context => wire::HookOutputEntryKind::Context,
            HookEntryKind::Error => wire::HookOutputEntryKind::Error,
        },
        text: entry.text,
    });
    HookRunSummary {
        id: run.id,
        event_name: event_to_wire(run.event),
        handler_type: if run.is_mcp_tool {
            wire::HookHandlerType::McpTool
        } else {
            wire::HookHandlerType::Command
        },
        execution_mode: wire::HookExecutionMode::Sync,
        scope: if run.event.is_of_thread() {
            wire::HookScope::Thread
        } else {
            wire::HookScope::Turn
        },
        source_path: run.source_path.as_path().into(),
        source: source_to_wire(run.source),
        display_order: run.display_order,
        status: match run.status {
            HookRunStatus::Running => wire::HookRunStatus::Running,
            HookRunStatus::Completed => wire::HookRunStatus::Completed,
            HookRunStatus::Failed => wire::HookRunStatus::Failed,
            HookRunStatus::Blocked => wire::HookRunStatus::Blocked,
            HookRunStatus::Stopped => wire::HookRunStatus::Stopped,
        },
        status_message: run.status_message,
        started_at: run.started_at_ms / 1000,
        completed_at: run.completed_at_ms.map(|at| at / 1000),
        duration_ms: run.completed_at_ms.map(|at| (at - run.started_at_ms).max(0)),
        entries: entries.collect(),
    }
}

/// When a hook runs.
pub(crate) fn event_to_wire(event: HookEvent) -> wire::HookEventName {
    match event {
        HookEvent::PreModelRequest => wire::HookEventName::PreModelRequest,
        HookEvent::PostModelRequest => wire::HookEventName::PostModelRequest,
        HookEvent::PreToolUse => wire::HookEventName::PreToolUse,
        HookEvent::PermissionRequest => wire::HookEventName::PermissionRequest,
        HookEvent::PostToolUse => wire::HookEventName::PostToolUse,
        HookEvent::PreCompact => wire::HookEventName::PreCompact,
        HookEvent::PostCompact => wire::HookEventName::PostCompact,
        HookEvent::SessionStart => wire::HookEventName::SessionStart,
        HookEvent::SessionEnd => wire::HookEventName::SessionEnd,
        HookEvent::UserPromptSubmit => wire::HookEventName::UserPromptSubmit,
        HookEvent::SubagentStart => wire::HookEventName::SubagentStart,
        HookEvent::SubagentStop => wire::HookEventName::SubagentStop,
        HookEvent::Stop => wire::HookEventName::Stop,
        HookEvent::Interrupt => wire::HookEventName::Interrupt,
    }
}

fn source_to_wire(source: HookSource) -> wire::HookSource {
    match source {
        HookSource::System => wire::HookSource::System,
        HookSource::User => wire::HookSource::User,
        HookSource::Project => wire::HookSource::Project,
        HookSource::SessionFlags => wire::HookSource::SessionFlags,
        HookSource::Plugin => wire::HookSource::Plugin,
    }
}
