//! Feature flags: `[features]`, `--enable`, `--disable` (docs/contract/services.md#features).
//!
//! The registry holds every key of the contract release with its stage and default, because clients list them and
//! users have them in their files. Only the keys that have a constant here are looked at by our code.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// Tell of patches while the model writes them.
pub const APPLY_PATCH_STREAMING_EVENTS: &str = "apply_patch_streaming_events";
/// Compress request bodies where the server takes it.
pub const ENABLE_REQUEST_COMPRESSION: &str = "enable_request_compression";
/// The model may ask the user questions in every mode, not only in plan mode.
pub const DEFAULT_MODE_REQUEST_USER_INPUT: &str = "default_mode_request_user_input";
/// Tell the model of the repositories of its folders. A key of ours: the contract release has none for it.
pub const GIT_CONTEXT: &str = "git_context";
/// Threads have goals, and work for them by themselves.
pub const GOALS: &str = "goals";
/// Run the hooks that are configured.
pub const HOOKS: &str = "hooks";
/// Let commands ask for more than their sandbox allows, piece by piece.
pub const EXEC_PERMISSION_APPROVALS: &str = "exec_permission_approvals";
/// Offer tools that start agents.
pub const MULTI_AGENT: &str = "multi_agent";
/// Agents have paths and write to each other, whatever the model.
pub const MULTI_AGENT_V2: &str = "multi_agent_v2";
/// Let clients change the model and its settings for the rest of a running turn.
pub const STEP_MODEL_SWITCHING: &str = "step_model_switching";
/// Take notes of threads at rest, and tell them to later ones.
pub const MEMORIES: &str = "memories";
/// Let installed plugins add skills, hooks and MCP servers.
pub const PLUGINS: &str = "plugins";
/// Offer a tool that asks for permissions.
pub const REQUEST_PERMISSIONS_TOOL: &str = "request_permissions_tool";
/// Offer every model a tool that tells the user something in the middle of a turn.
pub const SEND_MESSAGE_TO_USER_ASYNC: &str = "send_message_to_user_async";
/// Offer tools that run commands.
pub const SHELL_TOOL: &str = "shell_tool";
/// Offer a tool that makes images, where requests go in the name of a ChatGPT account.
pub const IMAGE_GENERATION: &str = "image_generation";
/// Offer a tool that shows the model image files.
pub const VIEW_IMAGE: &str = "view_image";

/// How far a feature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Not for use yet.
    UnderDevelopment,
    /// For those who like to try.
    Beta,
    /// For everybody.
    Stable,
    /// On its way out.
    Deprecated,
    /// Without effect; the key is still accepted.
    Removed,
}

/// A key of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feature {
    /// Its name in `[features]`.
    pub key: &'static str,
    /// How far it is.
    pub stage: Stage,
    /// Whether it is on when nobody says otherwise.
    pub default_enabled: bool,
}

/// All features of the contract release, by stage.
pub fn all() -> impl Iterator<Item = Feature> {
    REGISTRY.iter().flat_map(|group| {
        group.keys.split_ascii_whitespace().map(|key| Feature {
            key,
            stage: group.stage,
            default_enabled: group.on,
        })
    })
}

/// The feature with this name, or former name.
pub fn find(name: &str) -> Option<Feature> {
    // Every start of a thread asks for a dozen.
    static BY_NAME: LazyLock<Vec<Feature>> = LazyLock::new(|| {
        let mut features: Vec<_> = OWN.into_iter().chain(all()).collect();
        features.sort_unstable_by_key(|feature| feature.key);
        features
    });
    let name = renamed(name).unwrap_or(name);
    let place = BY_NAME.binary_search_by_key(&name, |feature| feature.key);
    BY_NAME.get(place.ok()?).copied()
}

/// The name that a feature has now which is called by a former one.
pub fn renamed(name: &str) -> Option<&'static str> {
    let mut names = FORMER_NAMES.iter();
    names.find_map(|(former, key)| (*former == name).then_some(*key))
}

/// Features that the contract release doesn't have. Clients are not told of them.
const OWN: [Feature; 1] = [Feature {
    key: GIT_CONTEXT,
    stage: Stage::Stable,
    default_enabled: true,
}];

/// Features that a client may switch while the process runs; what is configured outranks it.
pub const SWITCHABLE: [&str; 16] = [
    "api_key_cyber_access_programs",
    "api_key_model_discovery",
    "auth_elicitation",
    "background_paginated_rollout_migration",
    "codex_apps_mcp_2026_07_28",
    "daybreak_program_propagation",
    "mcp_2026_07_28",
    "mcp_connection_sharing",
    "mcp_lazy_stdio_startup",
    "mcp_shared_repl_cwd",
    "memories",
    "mentions_v2",
    "remote_control",
    "remote_plugin",
    "tool_suggest",
    "windows_sandbox_service",
];

/// What clients have switched in this process, of [`SWITCHABLE`]. Clones share it. Gone when the process ends.
#[derive(Debug, Clone, Default)]
pub struct Switches {
    /// A lock, because connections write and every load of a configuration reads. Held for a few instructions.
    set: Arc<Mutex<BTreeMap<&'static str, bool>>>,
}

impl Switches {
    /// Switches a feature, by name or former name. False: it is none of those that can be switched.
    pub fn set(&self, name: &str, on: bool) -> bool {
        let feature = find(name).filter(|feature| SWITCHABLE.contains(&feature.key));
        if let Some(feature) = feature {
            self.lock().insert(feature.key, on);
        }
        feature.is_some()
    }

    /// All that was switched.
    pub fn all(&self) -> BTreeMap<&'static str, bool> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, bool>> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The features that are on, for one configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Features {
    set: BTreeMap<&'static str, bool>,
}

impl Features {
    /// Switches that were set, by name or former name; later ones win. Names that nobody knows are left out.
    pub fn new<'a>(set: impl IntoIterator<Item = (&'a str, bool)>) -> Self {
        let set = set
            .into_iter()
            .filter_map(|(name, on)| Some((find(name)?.key, on)))
            .collect();
        Self { set }
    }

    /// Whether a feature is on.
    pub fn enabled(&self, key: &str) -> bool {
        match self.set.get(key) {
            Some(on) => *on,
            None => find(key).is_some_and(|feature| feature.default_enabled),
        }
    }
}

/// Features of one stage and default, names separated by blanks.
struct Group {
    stage: Stage,
    on: bool,
    keys: &'static str,
}

const FORMER_NAMES: [(&str, &str); 6] = [
    ("codex_hooks", "hooks"),
    ("collab", "multi_agent"),
    ("connectors", "apps"),
    ("memory_tool", "memories"),
    ("telepathy", "chronicle"),
    ("web_search", "web_search_request"),
];

const REGISTRY: [Group; 9] = [
    Group {
        stage: Stage::Stable,
        on: true,
        keys: "api_key_cyber_access_programs api_key_model_discovery apps auth_elicitation bedrock_setup_wizard \
               browser_annotation_api browser_use browser_use_external browser_use_full_cdp_access cli_daybreak \
               code_mode_host code_mode_host_grpc code_mode_host_output_truncation code_mode_interrupt \
               compaction_image_budget computer_use content_item_kinds daemon_auto_start \
               deferred_tool_world_state enable_request_compression fast_mode goals guardian_approval \
               guardian_include_additional_context guardian_reuse_parent_compaction hooks image_generation \
               in_app_browser in_app_chat in_app_dictation in_app_local_automation in_app_updates in_app_voice \
               incremental_tools incremental_tools_legacy incremental_tools_legacy_gcp \
               mcp_oauth_refresh_coordination mentions_v2 plugin_sharing plugins prediction_preserve_parent_tools \
               reasoning_effort_override remote_plugin retain_client_tool_outputs shell_snapshot shell_tool \
               skill_mcp_dependency_install skill_search sleep_tool system_proxy_fallback \
               tool_call_mcp_elicitation tool_suggest tui_workspace ultrafast_mode unbounded_connection_retries \
               unified_exec unified_exec_tty unified_image_budget untrusted_as_tool_output view_image \
               workspace_dependencies write_stdin_approval",
    },
    Group {
        stage: Stage::Stable,
        on: false,
        keys: "gateway_setup_wizard gcp_setup_wizard memories multi_agent_v2 recommended_plugins \
               secret_auth_storage suppress_model_change_announcements",
    },
    Group {
        stage: Stage::Beta,
        on: false,
        keys: "analytics_plan_history login_shell_package_path network_proxy prevent_idle_sleep \
               respect_system_proxy tui_extensions_statusline",
    },
    Group {
        stage: Stage::Deprecated,
        on: true,
        keys: "multi_agent",
    },
    Group {
        stage: Stage::Deprecated,
        on: false,
        keys: "use_legacy_landlock web_search_cached web_search_request",
    },
    Group {
        stage: Stage::Removed,
        on: true,
        keys: "collaboration_modes item_ids realtime_conversation resize_all_images sqlite steer \
               terminal_resize_reflow tool_search_always_defer_mcp_tools tui_app_server worktrees",
    },
    Group {
        stage: Stage::Removed,
        on: false,
        keys: "apply_patch_freeform apply_patch_preserve_line_endings apps_mcp_path_override \
               code_mode_buffered_exec code_mode_tool_description_first codex_git_commit elevated_windows_sandbox \
               enable_fanout experimental_windows_sandbox external_migration guardian_ext \
               guardianv2.thread_context image_detail_original js_repl js_repl_tools_only \
               local_thread_store_shared_compression multi_agent_mode personality plugin_discovery_prefetch \
               plugin_hooks remote_compaction_v2 remote_control remote_models request_rule responses_websockets \
               responses_websockets_v2 search_tool send_async_message shell_zsh_fork \
               skill_env_var_dependency_prompt stable_environment_tools tool_search transcript_v2 \
               unavailable_dummy_tools undo unified_exec_zsh_fork use_linux_sandbox_bwrap \
               workspace_owner_usage_nudge",
    },
    Group {
        stage: Stage::UnderDevelopment,
        on: true,
        keys: "instant_interrupt",
    },
    Group {
        stage: Stage::UnderDevelopment,
        on: false,
        keys: "agent_message_board agent_message_board_mcp app_server_websocket_compression \
               apply_patch_streaming_events apps_early_resource_discovery artifact async_compaction \
               async_compaction_root_only background_paginated_rollout_migration catalog_apps_instructions \
               chronicle cli_resume_account_check code_mode code_mode_only code_mode_only_strict_3p_tools \
               code_mode_prewarm code_mode_tool_search codex_apps_mcp_2026_07_28 command_sessions_world_state \
               concurrent_reasoning_summaries context_management credential_masking critical_path_timing \
               current_time_reminder cwd_relative_turn_diffs daybreak_program_propagation \
               default_mode_request_user_input defer_mailbox_preemption deferred_executor enable_mcp_apps \
               exec_permission_approvals executed_tool_call_metadata executor_capability_discovery \
               executor_capability_discovery_v2 external_agent_memory_import file_backed_tool_audio \
               guardian_conversation_history_tools guardian_denial_reconsideration \
               guardian_enhanced_node_repl_transcripts guardian_native_multi_agent_history \
               guardian_nested_approval_context guardian_node_repl_transcript_images guardian_recorded_items \
               guardian_root_handoff_context guardian_trust_orchestrator_connectors guardianv2 \
               guardianv2_decisions_comparison guardianv3 hosted_search_policy image_generation_animation \
               image_resize_notice incremental_exec_tools interrupt_on_cancel local_thread_store_compression \
               mcp_2026_07_28 mcp_connection_sharing mcp_lazy_stdio_startup mcp_shared_repl_cwd \
               mcp_tool_list_changed model_catalog_in_context multi_agent_v2_dynamic_tools multi_env_copy_file \
               multi_environment_mcp non_prefixed_mcp_tool_names nonfatal_clock_read_errors \
               omit_app_server_notification_media omit_skill_descriptions output_token_replay \
               per_environment_context powershell_shell_version prefer_mxc psp request_permissions_tool \
               restored_history_prewarm retain_client_developer_messages rollout_budget runtime_agent_instances \
               runtime_metrics safe_image_decoder send_message_to_user_async shell_snapshot_v2 \
               simplified_selection_hints skill_catalog_deltas skip_host_skill_discovery standalone_web_search \
               step_model_switching subagent_default_context_limits subagent_thread_environments \
               terminal_visualization_instructions token_budget tui_multi_backend use_agent_identity use_xaa \
               utc_environment_date wake_on_agent_messages windows_sandbox_service",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_there_once() {
        let mut keys: Vec<_> = all().map(|feature| feature.key).collect();
        assert_eq!(keys.len(), 224);
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 224);
        for feature in all() {
            assert_eq!(find(feature.key), Some(feature));
        }
        for no_key in ["", " ", "s", "memories mentions_v2", "app", "hook"] {
            assert_eq!(find(no_key), None, "{no_key:?}");
        }
    }

    #[test]
    fn our_own_keys_are_in_the_registry() {
        for key in [
            ENABLE_REQUEST_COMPRESSION,
            EXEC_PERMISSION_APPROVALS,
            IMAGE_GENERATION,
            REQUEST_PERMISSIONS_TOOL,
            SEND_MESSAGE_TO_USER_ASYNC,
            SHELL_TOOL,
            VIEW_IMAGE,
        ] {
            assert!(find(key).is_some(), "{key}");
        }
    }

    #[test]
    fn some_features_can_be_switched_while_running() {
        for key in SWITCHABLE {
            assert!(find(key).is_some(), "{key}");
        }
        let switches = Switches::default();
        let shared = switches.clone();
        assert!(switches.set("memory_tool", true));
        assert!(!switches.set("shell_tool", false) && !switches.set("nonesuch", true));
        assert_eq!(shared.all(), BTreeMap::from([("memories", true)]));
    }

    #[test]
    fn former_names_stand_for_the_new_ones() {
        for (former, key) in FORMER_NAMES {
            assert_eq!(find(former).map(|feature| feature.key), Some(key));
        }
        let features = Features::new([("multi_agent", true), ("collab", false), ("nonesuch", true)]);
        assert!(!features.enabled("multi_agent"));
        assert!(!features.enabled("nonesuch"));
    }
}
