//! Threads: their metadata, status and token counts.

use std::path::{Path, PathBuf};

use codex_app_server_protocol as wire;
use codex_app_server_protocol::{
    AbsolutePathBuf, LegacyAppPathString, ReasoningEffort, SessionSource, ThreadSource,
};
use codex_core::history::{ReadState, Unread};
use codex_core::url_redaction::redact_url;
use codex_core::{
    GitInfo, HistoryMode, LOCAL_ENVIRONMENT, ThreadInfo, ThreadStatus, ThreadTokenUsage, TokenUsage,
    is_path_agent,
};
use serde_json::Value;

/// As [`to_wire`], of a thread in a list: whether it takes input is not looked at.
pub(crate) fn to_list_row(info: &ThreadInfo) -> wire::Thread {
    wire::Thread {
        can_accept_direct_input: None,
        ..to_wire(info)
    }
}

/// Towards the client. Without turns.
pub(crate) fn to_wire(info: &ThreadInfo) -> wire::Thread {
    let loaded = info.status != ThreadStatus::NotLoaded;
    wire::Thread {
        cli_version: info.cli_version.clone(),
        created_at: info.created_at,
        cwd: AbsolutePathBuf::from_path(&info.cwd),
        ephemeral: info.ephemeral,
        id: info.id.to_string(),
        model_provider: info.model_provider.clone(),
        preview: info.preview.clone(),
        project_id: info.project.clone(),
        session_id: info.session_id.clone(),
        source: source_to_wire(&info.source),
        status: status_to_wire(&info.status),
        turns: Vec::new(),
        updated_at: info.updated_at,
        agent_nickname: info.agent_nickname.clone(),
        agent_role: info.agent_role.clone(),
        attached_to_thread_id: info.attached_to.map(|id| id.to_string()),
        can_accept_direct_input: loaded.then(|| !is_path_agent(&info.source)),
        daybreak_enabled: info.daybreak,
        environments: loaded.then(|| environments(info.has_environment, &info.cwd, &info.workspace_roots)),
        extra: None,
        forked_from_id: info.forked_from.map(|id| id.to_string()),
        git_info: info.git.as_ref().map(git_to_wire),
        history_mode: match info.history_mode {
            HistoryMode::Legacy => wire::ThreadHistoryMode::Legacy,
            HistoryMode::Paginated => wire::ThreadHistoryMode::Paginated,
        },
        model: info.model.clone(),
        name: info.name.clone(),
        originator: info.originator.clone(),
        parent_thread_id: info.parent.map(|id| id.to_string()),
        path: info.path.as_ref().map(|path| path.to_string_lossy().into_owned()),
        reasoning_effort: info.effort.clone().map(ReasoningEffort),
        recency_at: info.recency_at,
        section: info
            .section
            .as_ref()
            .map(|place| section_to_wire(&place.id, &place.name, place.appearance.clone())),
        section_entered_at: info.section.as_ref().map(|place| place.entered_at),
        thread_source: info.thread_source.clone().map(ThreadSource),
    }
}

/// Towards the client, who writes `subAgent` where files have `subagent`.
fn source_to_wire(source: &Value) -> SessionSource {
    let read = match source.get("subagent") {
        Some(agent) => serde_json::from_value(agent.clone()).map(SessionSource::SubAgent),
        None => serde_json::from_value(source.clone()),
    };
    read.unwrap_or(SessionSource::Unknown)
}

/// Towards the client.
pub(crate) fn status_to_wire(status: &ThreadStatus) -> wire::ThreadStatus {
    match status {
        ThreadStatus::NotLoaded => wire::ThreadStatus::NotLoaded,
        ThreadStatus::Idle => wire::ThreadStatus::Idle,
        ThreadStatus::SystemError => wire::ThreadStatus::SystemError,
        ThreadStatus::Active {
            waiting_on_approval,
            waiting_on_user_input,
        } => {
            let approval = waiting_on_approval.then_some(wire::ThreadActiveFlag::WaitingOnApproval);
            let user_input = waiting_on_user_input.then_some(wire::ThreadActiveFlag::WaitingOnUserInput);
            wire::ThreadStatus::Active {
                active_flags: approval.into_iter().chain(user_input).collect(),
            }
        }
    }
}

/// Towards the client. An appearance in an unknown shape counts as none.
pub(crate) fn section_to_wire(id: &str, name: &str, appearance: Option<Value>) -> wire::ThreadSection {
    wire::ThreadSection {
        id: id.to_owned(),
        name: name.to_owned(),
        appearance: appearance.and_then(|looks| serde_json::from_value(looks).ok()),
    }
}

/// The environments of a thread with this folder and these roots, if it has one.
pub(crate) fn environments(
    has_environment: bool,
    cwd: &Path,
    workspace_roots: &[PathBuf],
) -> Vec<wire::ThreadEnvironment> {
    if !has_environment {
        return Vec::new();
    }
    vec![wire::ThreadEnvironment {
        cwd: LegacyAppPathString::from(cwd),
        environment_id: LOCAL_ENVIRONMENT.to_owned(),
        runtime_workspace_roots: workspace_roots
            .iter()
            .map(|root| LegacyAppPathString::from(root.as_path()))
            .collect(),
    }]
}

/// Towards the client.
pub(crate) fn token_usage_to_wire(usage: &ThreadTokenUsage) -> wire::ThreadTokenUsage {
    wire::ThreadTokenUsage {
        last: breakdown(&usage.last),
        total: breakdown(&usage.total),
        model_context_window: usage.model_context_window,
    }
}

/// Towards the client.
pub(crate) fn read_state_to_wire(state: ReadState) -> wire::ThreadReadState {
    wire::ThreadReadState {
        revision: state.revision,
        first_unread: state.first_unread.map(|unread| match unread {
            Unread::ThreadStart => wire::ThreadUnreadPosition::ThreadStart,
            Unread::Turn(turn_id) => wire::ThreadUnreadPosition::Turn { turn_id },
        }),
    }
}

/// Towards the client.
pub(crate) fn breakdown(usage: &TokenUsage) -> wire::TokenUsageBreakdown {
    wire::TokenUsageBreakdown {
        cached_input_tokens: usage.cached_input_tokens,
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        reasoning_output_tokens: usage.reasoning_output_tokens,
        total_tokens: usage.total_tokens,
        cache_write_input_tokens: usage.cache_write_input_tokens,
    }
}

fn git_to_wire(git: &GitInfo) -> wire::GitInfo {
    wire::GitInfo {
        branch: git.branch.clone(),
        origin_url: git.origin_url.as_deref().map(redact_url),
        sha: git.sha.clone(),
    }
}
