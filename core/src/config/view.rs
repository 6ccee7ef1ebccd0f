//! The configuration as the engine uses it: typed, with defaults filled in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use toml::Table;

use super::agents::AgentsConfig;
use super::compaction::CompactionConfig;
use super::feature_notices::Deprecation;
use super::mcp_servers::McpServers;
use super::permissions::{self, ChosenProfile};
use super::project_root::WorkingFolder;
use super::provider::Provider;
use super::realtime::RealtimeConfig;
use super::recent::{ConfigInputs, RecentConfigs};
use super::requirements::Requirements;
use super::schema::{ProcessMode, TrustLevel, WorkspaceWriteToml};
use super::{
    ConfigError, ConfigOverride, ConfigProblem, ConfigSource, CredentialsStore, LoginMethod, PluginsConfig,
    ShellEnvironmentPolicy, SkillsConfig, Verbosity, WebSearchMode, WebSearchSettings,
};
use crate::features::Features;
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
    pub(super) workspace_write: WorkspaceWriteToml,

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
    /// Whether there is a `request_user_input` tool.
    pub ask_user_tool: bool,
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
    /// The one of these about keys of projects.
    pub ignored_settings: Option<String>,
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
}
