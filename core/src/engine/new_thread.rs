//! What is known of a thread at its start, and what its file begins with.

use super::StartThread;
use crate::history::{BaseInstructions, ContextWindow, SessionMeta, timestamp};
use crate::{CONTRACT_VERSION, ThreadId, ThreadInfo, ThreadSettings, ThreadStatus};

/// What is known of a thread at its start.
pub(super) fn new_info(id: ThreadId, start: &StartThread, settings: &ThreadSettings, now: i64) -> ThreadInfo {
    ThreadInfo {
        id,
        session_id: id.to_string(),
        forked_from: None,
        parent: None,
        attached_to: None,
        preview: String::new(),
        name: None,
        ephemeral: start.ephemeral,
        history_mode: start.history_mode,
        model: Some(settings.model.clone()),
        effort: settings.effort.clone(),
        model_provider: settings.model_provider.clone(),
        created_at: now,
        updated_at: now,
        recency_at: Some(now),
        status: ThreadStatus::Idle,
        path: None,
        cwd: settings.cwd.clone(),
        workspace_roots: settings.workspace_roots.clone(),
        has_environment: settings.has_environment,
        cli_version: CONTRACT_VERSION.into(),
        originator: Some(start.originator.clone()),
        source: "vscode".into(),
        thread_source: start.thread_source.clone(),
        git: None,
        agent_nickname: None,
        agent_role: None,
        archived: false,
        section: None,
        project: start.project.clone(),
        creator: None,
        daybreak: start.daybreak,
    }
}

/// The first line of a thread's file, but for the repository: the writer looks at that when it makes the file.
pub(super) fn new_meta(
    info: &ThreadInfo,
    base_instructions: Option<BaseInstructions>,
    now: chrono::DateTime<chrono::Utc>,
) -> SessionMeta {
    let creator = info.creator.clone().unwrap_or_default();
    SessionMeta {
        id: Some(info.id),
        session_id: Some(info.session_id.clone()),
        forked_from_id: info.forked_from,
        parent_thread_id: info.parent,
        agent_nickname: info.agent_nickname.clone(),
        agent_role: info.agent_role.clone(),
        attached_to_thread_id: info.attached_to,
        attached_thread: info.attached_to.is_some() && info.attached_to == info.forked_from,
        creator_user_id: creator.user_id,
        creator_account_id: creator.account_id,
        timestamp: timestamp(now),
        cwd: info.cwd.clone(),
        runtime_workspace_roots: Some(info.workspace_roots.clone()),
        originator: info.originator.clone().unwrap_or_default(),
        cli_version: info.cli_version.clone(),
        source: info.source.clone(),
        thread_source: info.thread_source.clone(),
        model_provider: Some(info.model_provider.clone()),
        base_instructions,
        history_mode: Some(info.history_mode),
        context_window: Some(ContextWindow {
            window_id: crate::new_id(),
        }),
        ..SessionMeta::default()
    }
}
