//! The configuration as the engine uses it: typed, with defaults filled in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use toml::Table;

use super::agents::AgentsConfig;
use super::compaction::CompactionConfig;
use super::feature_notices::{Deprecation, FeatureNotices};
use super::home::sqlite_home_of_environment;
use super::key_warnings::unknown_settings;
use super::layers::Merged;
use super::mcp_servers::{self, McpServers};
use super::permissions::{self, ChosenProfile};
use super::project_root::{WorkingFolder, markers};
use super::projects::{self, ProjectTrust};
use super::provider::Provider;
use super::provider_problems::providers;
use super::realtime::{self, RealtimeConfig};
use super::recent::{ConfigInputs, RecentConfigs};
use super::requirements::Requirements;
use super::schema::{
    CircuitBreakAction, ConfigToml, ProcessMode, TrustLevel, WebSearchToml, WorkspaceWriteToml,
};
use super::{
    ConfigError, ConfigOverride, ConfigProblem, ConfigSource, CredentialsStore, LoginMethod, PluginsConfig,
    ShellEnvironmentPolicy, SkillsConfig, Verbosity, WebSearchMode, WebSearchSettings,
};
use crate::features::{Features, MEMORIES};
use crate::{
    ApprovalPolicy, ApprovalsReviewer, PermissionProfileRef, Personality, ProfileRules, ReasoningSummary,
    SandboxMode, SandboxPolicy,
};

/// Reasoning effort of plan mode, unless the configuration says otherwise.
pub const DEFAULT_PLAN_EFFORT: &str = "medium";

/// Ids that `[model_providers]` may not define.
pub(super) const RESERVED_PROVIDERS: [&str; 4] = ["openai", "ollama", "lmstudio", "amazon-bedrock"];

/// Whether feedback is sent, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedbackConfig {
    /// Whether it may be sent.
    pub enabled: bool,
    /// Where to; `None`: nowhere.
    pub endpoint: Option<String>,
}

/// The configuration that holds for one thread (docs/contract/configuration.md#keys).
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `CODEX_HOME`.
    pub codex_home: PathBuf,
    /// Model slug; `None` is the catalogue's default.
    pub model: Option<String>,
    /// Model slug of reviews.
    pub review_model: Option<String>,
    /// The user's own rules for the model that reviews approvals.
    pub auto_review_policy: Option<String>,
    /// How long such a review may take.
    pub auto_review_timeout: Duration,
    /// Whether a turn that it has stopped says so as its error.
    pub auto_review_strict: bool,
    /// Provider id: `openai` or a key of [`Config::model_providers`].
    pub model_provider: String,
    /// Tables of `[model_providers.<id>]`, as written.
    pub model_providers: BTreeMap<String, Table>,
    /// Those of them that can be used, by id. What is wrong with the others: [`Config::provider_problems`].
    pub providers: BTreeMap<String, Arc<Provider>>,
    /// Reasoning effort, any word.
    pub model_reasoning_effort: Option<String>,
    /// Reasoning effort of plan mode, any word.
    pub plan_mode_reasoning_effort: Option<String>,
    /// Reasoning summary.
    pub model_reasoning_summary: Option<ReasoningSummary>,
    /// Verbosity.
    pub model_verbosity: Option<Verbosity>,
    /// Tokens of the model's window.
    pub model_context_window: Option<i64>,
    /// When histories are summed up.
    pub compaction: CompactionConfig,
    /// Service tier, any word.
    pub service_tier: Option<String>,
    /// Personality.
    pub personality: Option<Personality>,
    /// The user's instructions.
    pub instructions: Option<String>,
    /// Goes into the developer message.
    pub developer_instructions: Option<String>,
    /// Replaces the prompt that sums up a history.
    pub compact_prompt: Option<String>,
    /// File with that prompt, absolute; counts where there is none.
    pub compact_prompt_file: Option<PathBuf>,
    /// File that replaces the base instructions, absolute.
    pub model_instructions_file: Option<PathBuf>,
    /// How much of AGENTS.md is read, bytes.
    pub project_doc_max_bytes: usize,
    /// Names to try where there is no AGENTS.md.
    pub project_doc_fallback_filenames: Vec<String>,
    /// What a project's root folder holds.
    pub project_root_markers: Vec<String>,

    /// When to ask.
    pub approval_policy: ApprovalPolicy,
    /// Whom to ask.
    pub approvals_reviewer: ApprovalsReviewer,
    /// What commands may touch.
    pub sandbox_policy: SandboxPolicy,
    /// The profile that `sandbox_policy` comes from; `None` when it was set by `sandbox_mode`.
    pub permission_profile: Option<PermissionProfileRef>,
    /// What that profile says beyond the policy.
    pub profile_rules: Option<Arc<ProfileRules>>,
    /// There are permission profiles to choose from, and nothing says which: `sandbox_policy` is not to be relied on.
    pub permissions_undecided: bool,
    /// Whether the user trusts the project.
    pub trust: Option<TrustLevel>,
    /// The folders around the working folder that the user trusts by name, the outermost first.
    pub trusted_folders: Vec<PathBuf>,
    workspace_write: WorkspaceWriteToml,

    /// Which variables reach commands.
    pub shell_environment_policy: ShellEnvironmentPolicy,
    /// `[permissions]` as written: profiles of the user's own.
    pub(super) permission_profiles: Table,
    /// Whether commands may run in a login shell.
    pub allow_login_shell: bool,
    /// Tokens of a tool's output that go to the model; `None` is the model's default.
    pub tool_output_token_limit: Option<u64>,
    /// How long an empty poll of a running command may wait.
    pub background_terminal_max_timeout: Duration,
    /// How long a thread rests before its files are compressed; `None`: they are not.
    pub rollout_compress_after: Option<Duration>,
    /// Whether and where the model may search the web; `None` is the default.
    pub web_search: Option<WebSearchMode>,
    /// Details of web searches.
    pub web_search_settings: WebSearchSettings,
    /// Whether there is an `update_plan` tool.
    pub update_plan_tool: bool,
    /// Switches.
    pub features: Features,
    /// When the parts of a model's response count.
    pub process_mode: ProcessMode,

    /// How long a thread that nobody watches stays loaded.
    pub thread_unload_delay: Duration,
    /// Whether notes are taken of threads that have rested for so long; `None`: none are.
    pub notes_after: Option<Duration>,
    /// Whether new threads are told what was noted.
    pub use_memories: bool,
    /// Most tokens that a goal may be given.
    pub max_goal_token_budget: Option<i64>,
    /// File with models that take the place of the built-in list, absolute.
    pub model_catalog: Option<PathBuf>,
    /// Folder of our databases, if it is not the home: what is configured, else `CODEX_SQLITE_HOME`. Absolute.
    pub sqlite_home: Option<PathBuf>,
    /// Model that takes notes; `None` is the thread's.
    pub notes_model: Option<String>,
    /// Address of the OpenAI API.
    pub openai_base_url: Option<String>,
    /// Address of the ChatGPT backend.
    pub chatgpt_base_url: String,
    /// Where credentials are kept.
    pub cli_auth_credentials_store: CredentialsStore,
    /// The only way to sign in.
    pub forced_login_method: Option<LoginMethod>,
    /// The only workspaces to sign in to; empty is any.
    pub forced_chatgpt_workspace_id: Vec<String>,
    /// Agents that threads start.
    pub agents: AgentsConfig,
    /// Which skills are on.
    pub skills: SkillsConfig,
    /// Which plugins are on.
    pub plugins: PluginsConfig,
    /// Feedback of the user.
    pub feedback: FeedbackConfig,
    /// `[otel]` as written.
    pub otel: Option<Table>,
    /// Voice conversations.
    pub realtime: RealtimeConfig,
    /// Program to run after each turn.
    pub notify: Option<Vec<String>>,
    /// Servers of the Model Context Protocol.
    pub mcp_servers: McpServers,
    /// How long the first request of a thread waits for them.
    pub mcp_startup_grace: Duration,
    /// Where the tokens for them are kept.
    pub mcp_credentials_store: CredentialsStore,
    /// The port that browsers come back to after signing in to them.
    pub mcp_callback_port: Option<u16>,
    /// And the address.
    pub mcp_callback_url: Option<String>,

    /// Keep reasoning from clients.
    pub hide_agent_reasoning: bool,
    /// Show raw reasoning to clients.
    pub show_raw_agent_reasoning: bool,
    /// Tell the model what it may do.
    pub include_permissions_instructions: bool,
    /// Tell the model of its apps.
    pub include_apps_instructions: bool,
    /// Tell the model of its collaboration mode.
    pub include_collaboration_mode_instructions: bool,
    /// Tell the model of its environment.
    pub include_environment_context: bool,
    /// And what time it is.
    pub include_environment_context_time: bool,
    /// What is wrong with each provider that can't be used, by its id.
    pub provider_problems: BTreeMap<String, ConfigProblem>,
    /// What the administrator demands.
    pub requirements: Arc<Requirements>,
    /// Says which keys are unknown, for a `warning` of the thread.
    pub unknown_settings: Option<String>,
    /// Says which features are on that are not for use yet, for a `warning` of the thread.
    pub unstable_features: Option<String>,
    /// Features that are on their way out, for a `deprecationNotice` each.
    pub deprecations: Vec<Deprecation>,
    /// What else the user should know: values that are not allowed, keys of projects that don't count.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads config.toml, if it changed since the last call, and lays the overrides of the process and then `extra`
    /// over it. `cwd` decides which project's trust counts, and what relative paths in overrides mean.
    pub fn load(
        source: &ConfigSource,
        cwd: &Path,
        extra: &[ConfigOverride],
    ) -> Result<Arc<Self>, ConfigError> {
        let config = Self::load_in(source, &WorkingFolder::new(cwd), extra)?;
        source.last.keep(&config, cwd, extra);
        Ok(config)
    }

    /// As [`Self::load`].
    pub(crate) fn load_in(
        source: &ConfigSource,
        folder: &WorkingFolder,
        extra: &[ConfigOverride],
    ) -> Result<Arc<Self>, ConfigError> {
        static RECENT: RecentConfigs = RecentConfigs::new();

        let inputs = ConfigInputs::read(source, folder, extra)?;
        RECENT.config_of(inputs, source)
    }

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
                warnings.extend(projects::ignored_keys(&merged.layers));
                let is_silent = merged.toml.suppress_unstable_features_warning.unwrap_or(false);
                let notices = FeatureNotices::of(&merged.table, is_silent);
                warnings.extend(notices.warning);
                let mut config = Self {
                    unknown_settings: unknown_settings(&merged.layers),
                    warnings,
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

    /// The sandbox that a mode stands for, with the details of `[sandbox_workspace_write]`.
    pub fn sandbox_of_mode(&self, mode: SandboxMode) -> SandboxPolicy {
        permissions::policy(mode, &self.workspace_write)
    }

    /// The sandbox of a permission profile, by name.
    pub fn sandbox_of_profile(&self, name: &str) -> Result<ChosenProfile, ConfigError> {
        permissions::named(name, Some(&self.permission_profiles))
            .map_err(|reason| ConfigError::Override(format!("default_permissions refers to {reason}")))
    }

    /// Permission profiles to choose from, the built-in ones first, with what they are for.
    pub fn permission_profiles(&self) -> Vec<(String, Option<String>)> {
        let built_in = permissions::BUILT_IN_PROFILES
            .iter()
            .map(|(id, _)| ((*id).to_owned(), None));
        let own = self.permission_profiles.iter().map(|(id, profile)| {
            let description = profile.get("description").and_then(|text| text.as_str());
            (id.clone(), description.map(str::to_owned))
        });
        built_in.chain(own).collect()
    }

    /// Whether requests can go to this provider; otherwise the error to answer with.
    pub fn check_provider(&self, id: &str) -> Result<(), ConfigError> {
        if id == "openai" || self.model_providers.contains_key(id) {
            Ok(())
        } else {
            Err(ConfigError::Override(format!("Model provider `{id}` not found")))
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
            update_plan_tool: toml.tools.update_plan.is_some_and(|plan| plan.enabled),
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
