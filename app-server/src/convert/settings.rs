//! Settings of a thread.

use std::path::PathBuf;

use codex_app_server_protocol as wire;
use codex_app_server_protocol::AbsolutePathBuf;
use codex_core::{
    CollaborationMode, CollaborationSettings, ModeKind, Personality, ReasoningSummary, SettingsPatch,
    ThreadSettings,
};

use super::invalid_params::InvalidParams;
use super::thread::environments;
use super::{environment, policy};

/// What turn/start and thread/settings/update change in the same words.
#[derive(Debug, Default)]
pub(crate) struct SettingsParams {
    pub(crate) model: Option<String>,
    pub(crate) effort: Option<wire::ReasoningEffort>,
    pub(crate) summary: Option<wire::ReasoningSummary>,
    pub(crate) service_tier: Option<Option<String>>,
    pub(crate) environments: Option<Vec<wire::TurnEnvironmentParams>>,
    pub(crate) cwd: Option<String>,
    pub(crate) approval_policy: Option<wire::AskForApproval>,
    pub(crate) approvals_reviewer: Option<wire::ApprovalsReviewer>,
    pub(crate) sandbox_policy: Option<wire::SandboxPolicy>,
    pub(crate) permissions: Option<String>,
    pub(crate) personality: Option<wire::Personality>,
    pub(crate) collaboration_mode: Option<wire::CollaborationMode>,
    pub(crate) disabled_plugin_ids: Option<Vec<String>>,
}

impl SettingsParams {
    /// What is to be changed. An environment's folder counts before `cwd`.
    pub(crate) fn into_patch(self) -> Result<SettingsPatch, InvalidParams> {
        if self.permissions.is_some() && self.sandbox_policy.is_some() {
            return Err(InvalidParams::refused(
                "`permissions` cannot be combined with `sandboxPolicy`",
            ));
        }
        let environment = environment::from_wire(self.environments)?;
        Ok(SettingsPatch {
            model: self.model,
            effort: self.effort.map(|effort| effort.0),
            summary: self.summary.map(summary_from_wire),
            service_tier: self.service_tier,
            cwd: environment.cwd.or(self.cwd.map(PathBuf::from)),
            workspace_roots: environment.roots,
            has_environment: environment.is_chosen,
            approval_policy: self.approval_policy.as_ref().map(policy::approval_from_wire),
            approvals_reviewer: self.approvals_reviewer.map(policy::reviewer_from_wire),
            sandbox_policy: self.sandbox_policy.map(policy::sandbox_from_wire),
            permissions: self.permissions,
            personality: self.personality.map(personality_from_wire),
            collaboration_mode: self.collaboration_mode.map(collaboration_mode_from_wire),
            disabled_plugin_ids: self.disabled_plugin_ids,
            ..SettingsPatch::default()
        })
    }
}

/// Towards the client.
pub(crate) fn to_wire(settings: &ThreadSettings) -> wire::ThreadSettings {
    wire::ThreadSettings {
        approval_policy: policy::approval_to_wire(&settings.approval_policy),
        approvals_reviewer: policy::reviewer_to_wire(settings.approvals_reviewer),
        collaboration_mode: wire::CollaborationMode {
            mode: match settings.collaboration_mode {
                ModeKind::Plan => wire::ModeKind::Plan,
                ModeKind::Default => wire::ModeKind::Default,
            },
            settings: wire::Settings {
                model: settings.model.clone(),
                developer_instructions: settings.mode_instructions.clone(),
                reasoning_effort: settings.effort.clone().map(wire::ReasoningEffort),
            },
        },
        cwd: AbsolutePathBuf::from_path(&settings.cwd),
        model: settings.model.clone(),
        model_provider: settings.model_provider.clone(),
        sandbox_policy: policy::sandbox_to_wire(&settings.nearest_policy()),
        active_permission_profile: settings.permission_profile.as_ref().map(policy::profile_to_wire),
        disabled_plugin_ids: settings.disabled_plugin_ids.clone(),
        effort: settings.effort.clone().map(wire::ReasoningEffort),
        environments: Some(environments(
            settings.has_environment,
            &settings.cwd,
            &settings.workspace_roots,
        )),
        multi_agent_mode: wire::MultiAgentMode::default(),
        personality: settings.personality.map(personality_to_wire),
        service_tier: settings.service_tier.clone(),
        summary: settings.summary.map(summary_to_wire),
    }
}

fn collaboration_mode_from_wire(mode: wire::CollaborationMode) -> CollaborationMode {
    CollaborationMode {
        mode: match mode.mode {
            wire::ModeKind::Plan => ModeKind::Plan,
            wire::ModeKind::Default => ModeKind::Default,
        },
        settings: CollaborationSettings {
            model: mode.settings.model,
            reasoning_effort: mode.settings.reasoning_effort.map(|effort| effort.0),
            developer_instructions: mode.settings.developer_instructions,
        },
    }
}

/// From the client.
pub(crate) fn personality_from_wire(personality: wire::Personality) -> Personality {
    match personality {
        wire::Personality::None => Personality::None,
        wire::Personality::Friendly => Personality::Friendly,
        wire::Personality::Pragmatic => Personality::Pragmatic,
    }
}

fn summary_from_wire(summary: wire::ReasoningSummary) -> ReasoningSummary {
    match summary {
        wire::ReasoningSummary::Auto => ReasoningSummary::Auto,
        wire::ReasoningSummary::Concise => ReasoningSummary::Concise,
        wire::ReasoningSummary::Detailed => ReasoningSummary::Detailed,
        wire::ReasoningSummary::None => ReasoningSummary::None,
    }
}

fn personality_to_wire(personality: Personality) -> wire::Personality {
    match personality {
        Personality::None => wire::Personality::None,
        Personality::Friendly => wire::Personality::Friendly,
        Personality::Pragmatic => wire::Personality::Pragmatic,
    }
}

fn summary_to_wire(summary: ReasoningSummary) -> wire::ReasoningSummary {
    match summary {
        ReasoningSummary::Auto => wire::ReasoningSummary::Auto,
        ReasoningSummary::Concise => wire::ReasoningSummary::Concise,
        ReasoningSummary::Detailed => wire::ReasoningSummary::Detailed,
        ReasoningSummary::None => wire::ReasoningSummary::None,
    }
}
