//! What thread/start, thread/resume and thread/fork have in common: most of their parameters, and their answers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use codex_app_server_protocol as wire;
use codex_app_server_protocol::{AbsolutePathBuf, LegacyAppPathString, MultiAgentMode};
use codex_core::config::ConfigOverride;
use codex_core::{SettingsPatch, StartThread, StartedThread};
use serde_json::Value;

use super::environment::absolute_paths;
use super::invalid_params::InvalidParams;
use super::{policy, settings, thread};

/// The parameters that the three methods share.
#[derive(Debug, Default)]
pub(crate) struct OpenThreadParams {
    pub(crate) model: Option<String>,
    pub(crate) model_provider: Option<String>,
    pub(crate) service_tier: Option<Option<String>>,
    pub(crate) cwd: Option<String>,
    pub(crate) runtime_workspace_roots: Option<Vec<AbsolutePathBuf>>,
    pub(crate) approval_policy: Option<wire::AskForApproval>,
    pub(crate) approvals_reviewer: Option<wire::ApprovalsReviewer>,
    pub(crate) sandbox: Option<wire::SandboxMode>,
    pub(crate) permissions: Option<String>,
    pub(crate) personality: Option<wire::Personality>,
    pub(crate) config: Option<BTreeMap<String, Value>>,
    pub(crate) base_instructions: Option<String>,
    pub(crate) developer_instructions: Option<String>,
}

impl OpenThreadParams {
    /// How the engine is to open the thread. `opener` says on whose behalf.
    pub(crate) fn into_start(self, opener: StartThread) -> Result<StartThread, InvalidParams> {
        if self.permissions.is_some() && self.sandbox.is_some() {
            return Err(InvalidParams::refused(
                "`permissions` cannot be combined with `sandbox`",
            ));
        }
        let config = self
            .config
            .map(|config| ConfigOverride::from_json(&config.into_iter().collect()))
            .transpose()?;
        Ok(StartThread {
            settings: SettingsPatch {
                model: self.model,
                model_provider: self.model_provider,
                service_tier: self.service_tier,
                cwd: self.cwd.map(PathBuf::from),
                workspace_roots: absolute_paths(self.runtime_workspace_roots),
                approval_policy: self.approval_policy.as_ref().map(policy::approval_from_wire),
                approvals_reviewer: self.approvals_reviewer.map(policy::reviewer_from_wire),
                sandbox_mode: self.sandbox.map(policy::sandbox_mode_from_wire),
                permissions: self.permissions,
                personality: self.personality.map(settings::personality_from_wire),
                ..SettingsPatch::default()
            },
            config: config.unwrap_or_default(),
            base_instructions: self.base_instructions,
            developer_instructions: self.developer_instructions,
            ..opener
        })
    }
}

/// A thread that has just been opened, as the three answers show it.
#[derive(Debug)]
pub(crate) struct OpenedThread {
    /// The thread. Without turns, unless [`Self::with_turns`] put them in.
    pub(crate) thread: wire::Thread,
    settings: wire::ThreadSettings,
    service_tier: Option<String>,
    workspace_roots: Vec<AbsolutePathBuf>,
    instruction_sources: Vec<LegacyAppPathString>,
}

/// What only the answer of thread/resume has.
#[derive(Debug, Default)]
pub(crate) struct ResumedPages {
    /// The page of turns that was asked for.
    pub(crate) initial_turns: Option<wire::TurnsPage>,
    /// Where pages of turns begin, newest first.
    pub(crate) turns_cursor: Option<String>,
    /// Where pages of items begin, newest first.
    pub(crate) items_cursor: Option<String>,
}

impl OpenedThread {
    /// What the engine says of the thread.
    pub(crate) fn new(started: &StartedThread) -> Self {
        Self {
            thread: thread::to_wire(&started.info),
            settings: settings::to_wire(&started.settings),
            service_tier: started.service_tier.clone(),
            workspace_roots: started
                .settings
                .workspace_roots
                .iter()
                .map(|root| AbsolutePathBuf::from_path(root))
                .collect(),
            instruction_sources: started
                .instruction_sources
                .iter()
                .map(|path| LegacyAppPathString::from(path.as_path()))
                .collect(),
        }
    }

    /// With these turns, or what stands in their place.
    pub(crate) fn with_turns(mut self, turns: Vec<wire::Turn>) -> Self {
        self.thread.turns = turns;
        self
    }

    /// The answer to thread/start.
    pub(crate) fn into_start(self) -> wire::ThreadStartResponse {
        wire::ThreadStartResponse {
            approval_policy: self.settings.approval_policy,
            approvals_reviewer: self.settings.approvals_reviewer,
            cwd: self.settings.cwd,
            model: self.settings.model,
            model_provider: self.settings.model_provider,
            sandbox: self.settings.sandbox_policy,
            thread: self.thread,
            active_permission_profile: self.settings.active_permission_profile,
            disabled_plugin_ids: self.settings.disabled_plugin_ids,
            instruction_sources: self.instruction_sources,
            multi_agent_mode: MultiAgentMode::default(),
            reasoning_effort: self.settings.effort,
            runtime_workspace_roots: self.workspace_roots,
            service_tier: self.service_tier,
        }
    }

    /// The answer to thread/resume.
    pub(crate) fn into_resume(self, pages: ResumedPages) -> wire::ThreadResumeResponse {
        wire::ThreadResumeResponse {
            approval_policy: self.settings.approval_policy,
            approvals_reviewer: self.settings.approvals_reviewer,
            cwd: self.settings.cwd,
            model: self.settings.model,
            model_provider: self.settings.model_provider,
            sandbox: self.settings.sandbox_policy,
            thread: self.thread,
            active_permission_profile: self.settings.active_permission_profile,
            collaboration_mode: Some(self.settings.collaboration_mode),
            disabled_plugin_ids: self.settings.disabled_plugin_ids,
            initial_turns_page: pages.initial_turns,
            instruction_sources: self.instruction_sources,
            items_backwards_cursor: pages.items_cursor,
            multi_agent_mode: MultiAgentMode::default(),
            reasoning_effort: self.settings.effort,
            runtime_workspace_roots: self.workspace_roots,
            service_tier: self.service_tier,
            turns_backwards_cursor: pages.turns_cursor,
        }
    }

    /// The answer to thread/fork.
    pub(crate) fn into_fork(self) -> wire::ThreadForkResponse {
        wire::ThreadForkResponse {
            approval_policy: self.settings.approval_policy,
            approvals_reviewer: self.settings.approvals_reviewer,
            cwd: self.settings.cwd,
            model: self.settings.model,
            model_provider: self.settings.model_provider,
            sandbox: self.settings.sandbox_policy,
            thread: self.thread,
            active_permission_profile: self.settings.active_permission_profile,
            disabled_plugin_ids: self.settings.disabled_plugin_ids,
            instruction_sources: self.instruction_sources,
            multi_agent_mode: MultiAgentMode::default(),
            reasoning_effort: self.settings.effort,
            runtime_workspace_roots: self.workspace_roots,
            service_tier: self.service_tier,
        }
    }
}
