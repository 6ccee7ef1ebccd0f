//! Settings of a thread.

use codex_app_server_protocol as wire;
use codex_app_server_protocol::AbsolutePathBuf;
use codex_core::{
    CollaborationMode, CollaborationSettings, ModeKind, Personality, ReasoningSummary, ThreadSettings,
};

use super::policy;
use super::thread::environments;

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
        sandbox_policy: policy::sandbox_to_wire(&settings.sandbox_policy),
        active_permission_profile: settings.permission_profile.as_ref().map(policy::profile_to_wire),
        disabled_plugin_ids: settings.disabled_plugin_ids.clone(),
        effort: settings.effort.clone().map(wire::ReasoningEffort),
        environments: Some(environments(&settings.cwd, &settings.workspace_roots)),
        multi_agent_mode: wire::MultiAgentMode::default(),
        personality: settings.personality.map(personality_to_wire),
        service_tier: settings.service_tier.clone(),
        summary: settings.summary.map(summary_to_wire),
    }
}

/// From the client.
pub(crate) fn collaboration_mode_from_wire(mode: wire::CollaborationMode) -> CollaborationMode {
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

/// From the client.
pub(crate) fn summary_from_wire(summary: wire::ReasoningSummary) -> ReasoningSummary {
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
