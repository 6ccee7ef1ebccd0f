//! Settings of a thread.

use codex_app_server_protocol as wire;
use codex_app_server_protocol::AbsolutePathBuf;
use codex_core::{
    CollaborationMode, CollaborationSettings, ModeKind, Personality, ReasoningSummary, ThreadSettings,
};

use super::policy;
use super::thread::environments;

/// What thread/start, thread/resume and thread/fork ask for in the same words. A macro, because their parameters are
/// three types with these members. `opener` says who opens the thread.
macro_rules! opening {
    ($opener:expr, $params:ident) => {
        if $params.permissions.is_some() && $params.sandbox.is_some() {
            Err($crate::rpc::error::RpcError::invalid(
                "`permissions` cannot be combined with `sandbox`",
            ))
        } else {
            Ok(::codex_core::StartThread {
                settings: ::codex_core::SettingsPatch {
                    model: $params.model,
                    model_provider: $params.model_provider,
                    service_tier: $params.service_tier,
                    cwd: $params.cwd.map(::std::path::PathBuf::from),
                    workspace_roots: $crate::convert::environment::absolute_paths(
                        $params.runtime_workspace_roots,
                    ),
                    approval_policy: $params
                        .approval_policy
                        .as_ref()
                        .map($crate::convert::policy::approval_from_wire),
                    approvals_reviewer: $params
                        .approvals_reviewer
                        .map($crate::convert::policy::reviewer_from_wire),
                    sandbox_mode: $params
                        .sandbox
                        .map($crate::convert::policy::sandbox_mode_from_wire),
                    permissions: $params.permissions,
                    ..::codex_core::SettingsPatch::default()
                },
                config: match $params.config {
                    Some(config) => {
                        ::codex_core::config::ConfigOverride::from_json(&config.into_iter().collect())
                            .map_err(::codex_core::Error::from)?
                    }
                    None => ::std::vec::Vec::new(),
                },
                base_instructions: $params.base_instructions,
                developer_instructions: $params.developer_instructions,
                ..$opener
            })
        }
    };
}

/// What turn/start and thread/settings/update change in the same words.
macro_rules! changing {
    ($params:ident) => {
        if $params.permissions.is_some() && $params.sandbox_policy.is_some() {
            Err($crate::rpc::error::RpcError::invalid(
                "`permissions` cannot be combined with `sandboxPolicy`",
            ))
        } else {
            $crate::convert::environment::from_wire($params.environments).map(|environment| {
                ::codex_core::SettingsPatch {
                    model: $params.model,
                    effort: $params.effort.map(|effort| effort.0),
                    summary: $params.summary.map($crate::convert::settings::summary_from_wire),
                    service_tier: $params.service_tier,
                    cwd: environment.cwd.or($params.cwd.map(::std::path::PathBuf::from)),
                    workspace_roots: environment.roots,
                    approval_policy: $params
                        .approval_policy
                        .as_ref()
                        .map($crate::convert::policy::approval_from_wire),
                    approvals_reviewer: $params
                        .approvals_reviewer
                        .map($crate::convert::policy::reviewer_from_wire),
                    sandbox_policy: $params
                        .sandbox_policy
                        .map($crate::convert::policy::sandbox_from_wire),
                    permissions: $params.permissions,
                    personality: $params
                        .personality
                        .map($crate::convert::settings::personality_from_wire),
                    collaboration_mode: $params
                        .collaboration_mode
                        .map($crate::convert::settings::collaboration_mode_from_wire),
                    disabled_plugin_ids: $params.disabled_plugin_ids,
                    ..::codex_core::SettingsPatch::default()
                }
            })
        }
    };
}

pub(crate) use {changing, opening};

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
