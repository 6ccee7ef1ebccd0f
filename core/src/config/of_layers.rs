//! From the merged layers to the configuration, with defaults filled in.

use std::collections::BTreeMap;
use std::time::Duration;

use super::agents::AgentsConfig;
use super::compaction::CompactionConfig;
use super::feature_notices::FeatureNotices;
use super::home::sqlite_home_of_environment;
use super::key_warnings::unknown_settings;
use super::layers::Merged;
use super::project_root::markers;
use super::projects::{self, ProjectTrust};
use super::provider_problems::providers;
use super::realtime::RealtimeConfig;
use super::schema::{CircuitBreakAction, ConfigToml, ToolToml, WebSearchToml};
use super::view::{Config, FeedbackConfig, RESERVED_PROVIDERS};
use super::{
    ConfigError, ConfigSource, CredentialsStore, PluginsConfig, SkillsConfig, WebSearchMode,
    WebSearchSettings, mcp_servers, permissions, realtime,
};
use crate::features::{Features, MEMORIES};

impl Config {
    /// Makes sense of merged layers.
    pub(super) fn of_merged(
        merged: Merged,
        source: &ConfigSource,
        trust: ProjectTrust,
    ) -> Result<Self, ConfigError> {
        let problem_of = |toml: &ConfigToml| {
            check_providers(toml)?;
            let agents = AgentsConfig::read(toml.agents.as_ref(), &source.codex_home)?;
            let defaults = permissions::defaults(toml, trust.level, &merged.requirements)
                .map_err(|message| (message, Vec::new()))?;
            Ok::<_, (String, Vec<String>)>((agents, defaults))
        };
        match problem_of(&merged.toml) {
            Ok((agents, defaults)) => {
                let checked = Checked {
                    trust,
                    agents,
                    defaults,
                };
                let mut warnings = merged.overridden.clone();
                let ignored_settings = projects::ignored_keys(&merged.layers);
                warnings.extend(ignored_settings.clone());
                let is_silent = merged.toml.suppress_unstable_features_warning.unwrap_or(false);
                let notices = FeatureNotices::of(&merged.table, is_silent);
                warnings.extend(notices.warning);
                let mut config = Self {
                    unknown_settings: unknown_settings(&merged.layers),
                    warnings,
                    ignored_settings,
                    unstable_features: notices.unstable,
                    deprecations: notices.deprecations,
                    ..Self::of(merged, source, checked)
                };
                config.fall_back();
                Ok(config)
            }
            Err((message, at)) => Err(merged.fault(message, &at, |toml| problem_of(toml).is_err())),
        }
    }

    fn of(
        merged: Merged,
        source: &ConfigSource,
        Checked {
            trust,
            agents,
            defaults,
        }: Checked,
    ) -> Self {
        let Merged {
            mut table,
            toml,
            layers,
            requirements,
            overridden: _,
        } = merged;
        let configured_features = toml
            .features
            .iter()
            .filter_map(|(key, value)| Some((key.as_str(), value.enabled?)));
        let pinned = requirements
            .features()
            .iter()
            .map(|(key, on)| (key.as_str(), *on));
        let features = Features::new(
            source
                .switches
                .all()
                .into_iter()
                .chain(configured_features)
                .chain(pinned),
        );
        let has_memories = features.enabled(MEMORIES);
        let use_memories = has_memories && toml.memories.use_memories.unwrap_or(true);
        let generates = has_memories && toml.memories.generate_memories.unwrap_or(true);
        let hours = toml.memories.min_rollout_idle_hours.unwrap_or(6);
        let notes_after = generates.then(|| Duration::from_secs(hours.saturating_mul(3600)));
        let model_providers = match table.remove("model_providers") {
            Some(toml::Value::Table(all)) => all
                .into_iter()
                .filter_map(|(id, table)| Some((id, table.try_into().ok()?)))
                .collect(),
            _ => BTreeMap::new(),
        };
        let compaction = CompactionConfig::new(&toml);
        let (providers, provider_problems) = providers(&layers, &model_providers);
        let (web_search_switch, web_search_settings) = match toml.tools.web_search {
            None => (None, WebSearchSettings::default()),
            Some(WebSearchToml::Switch(on)) => (Some(on), WebSearchSettings::default()),
            Some(WebSearchToml::Settings(settings)) => (None, settings),
        };
        Self {
            codex_home: source.codex_home.clone(),
            model: toml.model,
            review_model: toml.review_model,
            auto_review_policy: toml.auto_review.policy,
            auto_review_strict: toml.auto_review.circuit_break_action == CircuitBreakAction::Strict,
            auto_review_timeout: Duration::from_millis(toml.auto_review.timeout_ms.unwrap_or(90_000).max(1)),
            model_provider: toml.model_provider.unwrap_or_else(|| "openai".to_owned()),
            model_providers,
            providers,
            model_reasoning_effort: toml.model_reasoning_effort,
            plan_mode_reasoning_effort: toml.plan_mode_reasoning_effort,
            model_reasoning_summary: toml.model_reasoning_summary,
            model_verbosity: toml.model_verbosity,
            model_context_window: toml.model_context_window,
            compaction,
            service_tier: toml.service_tier,
            personality: toml.personality,
            instructions: toml.instructions,
            developer_instructions: toml.developer_instructions,
            compact_prompt: toml.compact_prompt,
            compact_prompt_file: toml.experimental_compact_prompt_file,
            model_instructions_file: toml.model_instructions_file,
            project_doc_max_bytes: toml.project_doc_max_bytes.unwrap_or(32 * 1024),
            project_doc_fallback_filenames: toml.project_doc_fallback_filenames.unwrap_or_default(),
            project_root_markers: markers(toml.project_root_markers),
            approval_policy: defaults.approval_policy,
            approvals_reviewer: toml.approvals_reviewer.unwrap_or_default(),
            sandbox_policy: defaults.sandbox_policy,
            permission_profile: defaults.profile,
            profile_rules: defaults.rules,
            permissions_undecided: defaults.is_undecided,
            trust: trust.level,
            trusted_folders: trust.folders,
            permission_profiles: permissions::all(toml.permissions, &requirements),
            workspace_write: toml.sandbox_workspace_write,
            shell_environment_policy: toml.shell_environment_policy,
            allow_login_shell: toml.allow_login_shell.unwrap_or(true),
            tool_output_token_limit: toml.tool_output_token_limit,
            rollout_compress_after: toml
                .history
                .as_ref()
                .and_then(|history| history.get("compress_after_days")?.as_integer())
                .map(|days| Duration::from_secs(days.clamp(1, 36_500).unsigned_abs() * 24 * 60 * 60)),
            background_terminal_max_timeout: Duration::from_millis(
                toml.background_terminal_max_timeout.unwrap_or(300_000),
            ),
            web_search: toml.web_search.or(match web_search_switch {
                Some(true) => Some(WebSearchMode::Live),
                Some(false) => Some(WebSearchMode::Disabled),
                None => None,
            }),
            web_search_settings,
            update_plan_tool: is_on(toml.tools.update_plan).unwrap_or(false),
            ask_user_tool: is_on(toml.tools.experimental_request_user_input).unwrap_or(true),
            features,
            process_mode: toml.responses.process_mode,
            thread_unload_delay: Duration::from_secs(toml.thread_unload_delay_secs.unwrap_or(1800)),
            notes_after,
            use_memories,
            notes_model: toml.memories.extract_model,
            max_goal_token_budget: toml.goals.max_goal_token_budget.map(i64::from),
            model_catalog: toml.model_catalog_json,
            sqlite_home: toml.sqlite_home.or_else(sqlite_home_of_environment),
            openai_base_url: toml.openai_base_url,
            chatgpt_base_url: toml
                .chatgpt_base_url
                .unwrap_or_else(|| "https://chatgpt.com/backend-api/".to_owned()),
            cli_auth_credentials_store: toml.cli_auth_credentials_store.unwrap_or_default(),
            forced_login_method: toml.forced_login_method,
            forced_chatgpt_workspace_id: toml
                .forced_chatgpt_workspace_id
                .map(|ids| ids.0)
                .unwrap_or_default(),
            agents,
            skills: SkillsConfig::read(toml.skills.as_ref()),
            plugins: PluginsConfig::read(toml.plugins.as_ref(), toml.marketplaces.as_ref()),
            feedback: FeedbackConfig {
                enabled: toml.feedback.enabled.unwrap_or(true),
                endpoint: toml
                    .feedback
                    .endpoint
                    .filter(|endpoint| !endpoint.trim().is_empty()),
            },
            otel: toml.otel,
            realtime: RealtimeConfig {
                version: toml.realtime.version.map(Into::into),
                is_transcription: toml.realtime.kind.as_deref() == Some("transcription"),
                voice: realtime::set(toml.realtime.voice),
                model: realtime::set(toml.experimental_realtime_ws_model),
                prompt: toml.experimental_realtime_ws_backend_prompt,
                startup_context: toml.experimental_realtime_ws_startup_context,
                start_instructions: toml.experimental_realtime_start_instructions,
                ws_base_url: realtime::set(toml.experimental_realtime_ws_base_url),
                call_base_url: realtime::set(toml.experimental_realtime_webrtc_call_base_url),
            },
            notify: toml.notify.filter(|argv| !argv.is_empty()),
            mcp_servers: mcp_servers::read(toml.mcp_servers.as_ref(), &requirements),
            mcp_startup_grace: Duration::from_millis(toml.mcp_optional_startup_grace_ms.unwrap_or(1000)),
            mcp_credentials_store: toml.mcp_oauth_credentials_store.unwrap_or(CredentialsStore::Auto),
            mcp_callback_port: toml.mcp_oauth_callback_port,
            mcp_callback_url: toml.mcp_oauth_callback_url,
            hide_agent_reasoning: toml.hide_agent_reasoning.unwrap_or(false),
            show_raw_agent_reasoning: toml.show_raw_agent_reasoning.unwrap_or(false),
            include_permissions_instructions: toml.include_permissions_instructions.unwrap_or(true),
            include_apps_instructions: toml.include_apps_instructions.unwrap_or(true),
            include_collaboration_mode_instructions: toml
                .include_collaboration_mode_instructions
                .unwrap_or(true),
            include_environment_context: toml.include_environment_context.unwrap_or(true),
            include_environment_context_time: toml.include_environment_context_time.unwrap_or(true),
            provider_problems,
            requirements,
            unknown_settings: None,
            unstable_features: None,
            deprecations: Vec::new(),
            warnings: Vec::new(),
            ignored_settings: None,
        }
    }
}

/// What the parts of a configuration that can be wrong together say.
struct Checked {
    trust: ProjectTrust,
    agents: AgentsConfig,
    defaults: permissions::Defaults,
}

/// What is wrong, and with which key.
pub(super) fn check_providers(toml: &ConfigToml) -> Result<(), (String, Vec<String>)> {
    let at = |path: &[&str]| path.iter().map(|key| (*key).to_owned()).collect();
    if toml.profile.is_some() {
        return Err((
            "`profile` is no longer supported; move the profile's settings to the top level of config.toml"
                .to_owned(),
            at(&["profile"]),
        ));
    }
    let reserved: Vec<_> = RESERVED_PROVIDERS
        .into_iter()
        .filter(|id| toml.model_providers.contains_key(*id))
        .collect();
    if !reserved.is_empty() {
        let message = format!(
            "model_providers contains reserved built-in provider IDs: {}",
            reserved
                .iter()
                .map(|id| format!("`{id}`"))
                .collect::<Vec<_>>()
                .join(", ")
        );
        return Err((message, at(&["model_providers", reserved[0]])));
    }
    for (id, provider) in &toml.model_providers {
        if provider.auth.is_some() && provider.env_key.is_some() {
            let message = format!("model_providers.{id}: `auth` cannot be combined with `env_key`");
            return Err((message, at(&["model_providers", id, "auth"])));
        }
    }
    match toml.model_provider.as_deref() {
        None | Some("openai") => Ok(()),
        Some(id) if toml.model_providers.contains_key(id) => Ok(()),
        Some(id) => Err((
            format!("Model provider `{id}` not found"),
            at(&["model_provider"]),
        )),
    }
}

fn is_on(tool: Option<ToolToml>) -> Option<bool> {
    tool?.enabled
}
