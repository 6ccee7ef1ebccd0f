//! Every key of config.toml, once: what it holds, its default, whether it has an effect here, and what it does.
//!
//! The warnings of `key_warnings.rs` and the tables of the README and of docs/contract/configuration.md come from
//! [`KEYS`]; a test compares it with what `schema.rs` and `provider.rs` read. To add a key: a line here, a field there.

#[cfg(test)]
mod documents;
#[cfg(test)]
pub(crate) mod recorder;
#[cfg(test)]
mod tests;

use self::Effect::{Moot, NotYet, Refused};
use self::Kind::{
    Boolean, BooleanOrTable, CheckedTable, Features, Integer, List, Map, Path, Table, Tables, Text,
    TextOrList, TextOrTable, Words,
};

/// A key of config.toml.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Dotted path; `*` stands for a name that the user chooses.
    pub path: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What holds without it: a TOML value, or words where it depends; empty if there is nothing.
    pub default: &'static str,
    /// Whether this release acts on it.
    pub effect: Effect,
    /// What it does, in one sentence of Markdown.
    pub about: &'static str,
}

/// The type of a key's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A text.
    Text,
    /// The path of a file or folder.
    Path,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A list of texts.
    List,
    /// A list of tables.
    Tables,
    /// A text, or a list of texts.
    TextOrList,
    /// A text, or a table with details.
    TextOrTable,
    /// A table from names to texts.
    Map,
    /// A switch, or a table with details.
    BooleanOrTable,
    /// A table. Members that have no entry here are accepted silently.
    Table,
    /// A table. Members that have no entry here or in `shapes.rs` are reported.
    CheckedTable,
    /// A table of feature switches. Names that `features.rs` doesn't know are reported.
    Features,
    /// Whatever its reader takes.
    Any,
}

impl Kind {
    /// In words, as errors say it.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Text | Self::Path | Self::Words(_) => "a string",
            Self::List => "a list of strings",
            Self::Tables => "a list of tables",
            Self::TextOrList => "a string or a list of strings",
            Self::TextOrTable => "a string or a table",
            Self::BooleanOrTable => "a boolean or a table",
            Self::Map | Self::Table | Self::CheckedTable | Self::Features => "a table",
            Self::Any => "a value",
        }
    }
}

/// Whether this release acts on a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Yes, since this version.
    Since(&'static str),
    /// Not yet: it is accepted, and whoever sets it is told so.
    NotYet,
    /// It is accepted silently: it is for other programs that share the file, or asks for what is the case anyway.
    Moot,
    /// The configuration is refused, with what to do instead.
    Refused,
}

/// The key named `name` in the table at `prefix`: an empty text for the top level, else a path of [`KEYS`] with a dot
/// at its end.
pub(super) fn find(prefix: &str, name: &str) -> Option<&'static Key> {
    let is_it = |rest: &str| rest == name && !name.contains('.') || rest == "*" && !prefix.is_empty();
    KEYS.iter()
        .find(|key| key.path.strip_prefix(prefix).is_some_and(is_it))
}

/// The first release.
const V0_1: Effect = Effect::Since("0.1.0");

const LEVELS: Kind = Words(&["low", "medium", "high"]);

macro_rules! keys {
    ($($path:literal: $kind:expr, $default:literal, $effect:expr, $about:literal;)*) => {
        &[$(Key { path: $path, kind: $kind, default: $default, effect: $effect, about: $about }),*]
    };
}

/// All keys, in the order in which they are shown.
pub static KEYS: &[Key] = keys! {
    // The model.
    "model": Text, "the list's first", V0_1, "Model of new threads.";
    "review_model": Text, "the thread's", V0_1, "Model of reviews of changes.";
    "model_provider": Text, "\"openai\"", V0_1, "`openai`, or a key of `model_providers`.";
    "model_reasoning_effort": Text, "the model's", V0_1, "Reasoning effort, any word that the model knows.";
    "model_reasoning_summary": Words(&["auto", "concise", "detailed", "none"]), "the model's", V0_1, "Reasoning summaries.";
    "model_verbosity": LEVELS, "the model's", V0_1, "Length of answers, for models that can be told.";
    "model_context_window": Integer, "the model's", V0_1, "Size of the context window, in tokens.";
    "model_auto_compact_token_limit": Integer, "the model's, or nine tenths of the window", V0_1, "Tokens at which the history of a thread is summed up, at most nine tenths of the window.";
    "model_auto_compact_token_limit_scope": Words(&["total", "body_after_prefix"]), "\"total\"", V0_1, "Which tokens count for that limit: all, or only those that have come since the first request of the window.";
    "model_post_turn_compact_threshold_percent": Integer, "0", V0_1, "Part of the window from which the history is summed up at the end of a turn already, in percent; 0 is never.";
    "compact_prompt": Text, "our own", V0_1, "Asks a model for that summary; servers of OpenAI need no prompt.";
    "experimental_compact_prompt_file": Path, "", V0_1, "File with that prompt.";
    "service_tier": Text, "", V0_1, "Service tier, any word that the server knows.";
    "personality": Words(&["none", "friendly", "pragmatic"]), "", V0_1, "Kept with the thread; instructions do not depend on it yet.";
    "plan_mode_reasoning_effort": Text, "`medium`", V0_1, "Reasoning effort that clients are offered for plan mode.";
    "openai_base_url": Text, "OpenAI's", V0_1, "Root of the API of the provider `openai`.";
    "instructions": Text, "", V0_1, "Replaces the base instructions, unless a file does.";
    "sqlite_home": Path, "the home", V0_1, "Folder of the databases `app-server-*.sqlite`; what is in the former one stays there.";
    "model_catalog_json": Path, "", V0_1, "File with models, as the models endpoint lists them, in place of the built-in list.";
    "notify": List, "", V0_1, "Program, with its arguments, that runs after each turn; it is told of the turn in one more argument, as JSON.";
    "developer_instructions": Text, "", V0_1, "Told to the model beside its base instructions.";
    "model_instructions_file": Path, "", V0_1, "File that replaces the base instructions.";
    "project_doc_max_bytes": Integer, "32768", V0_1, "How much of `AGENTS.md` files is read; 0 is nothing.";
    "project_doc_fallback_filenames": List, "[]", V0_1, "Names to try in folders without an `AGENTS.md`.";
    "project_root_markers": List, "[\".git\"]", V0_1, "What the root folder of a project holds.";
    "responses": Table, "", V0_1, "How responses are processed.";
    "responses.process_mode": Words(&["streaming", "after_complete_response"]), "\"streaming\"", V0_1, "With `after_complete_response` nothing of a response is shown or run before it is complete.";
    "web_search": Words(&["disabled", "cached", "indexed", "live"]), "`cached`", V0_1, "Whether and where the model's server may search the web; always live with full access.";

    // What commands may do.
    "approval_policy": Words(&["on-request", "never"]), "`on-request`; every command is asked for in untrusted folders", V0_1, "When to ask before a command runs; `{ granular = { … } }` switches each kind of question.";
    "approvals_reviewer": Words(&["user", "auto_review"]), "\"user\"", V0_1, "Who answers questions: the user, or a model in their place (under the policy `on-request`).";
    "auto_review": CheckedTable, "", V0_1, "How a model answers in the user's place.";
    "auto_review.policy": Text, "", V0_1, "Rules of yours for it; they come before its own.";
    "auto_review.circuit_break_action": Words(&["default", "strict"]), "\"default\"", V0_1, "What becomes of a turn with too many denials: it is interrupted; `strict`: and has the error `tooManyDenials`.";
    "auto_review.timeout_ms": Integer, "90000", V0_1, "How long it may take, in milliseconds.";
    "sandbox_mode": Words(&["read-only", "workspace-write", "danger-full-access"]), "`read-only`; `workspace-write` in folders with a `trust_level`", V0_1, "What commands may touch.";
    "sandbox_workspace_write": CheckedTable, "", V0_1, "Details of `workspace-write`.";
    "sandbox_workspace_write.writable_roots": List, "[]", V0_1, "More folders that may be written to.";
    "sandbox_workspace_write.network_access": Boolean, "false", V0_1, "Whether the network may be used.";
    "sandbox_workspace_write.exclude_tmpdir_env_var": Boolean, "false", V0_1, "Whether the folder of `TMPDIR` may not be written to.";
    "sandbox_workspace_write.exclude_slash_tmp": Boolean, "false", V0_1, "Whether `/tmp` may not be written to.";
    "default_permissions": Text, "", V0_1, "A permission profile in place of `sandbox_mode`: `:read-only`, `:workspace`, `:danger-full-access`, or one of `permissions`.";
    "permissions": Table, "", V0_1, "Permission profiles of the user's own, by name; see docs/contract/safety.md.";
    "permissions.*": Table, "", V0_1, "A permission profile of the user's own; see docs/contract/safety.md.";
    "projects": Table, "", V0_1, "Folders, by absolute path.";
    "projects.*": CheckedTable, "", V0_1, "A folder.";
    "projects.*.trust_level": Words(&["trusted", "untrusted"]), "", V0_1, "Whether the user trusts the folder: decides the defaults of `sandbox_mode` and `approval_policy`.";
    "allow_login_shell": Boolean, "true", V0_1, "Whether commands may run in a login shell.";
    "tool_output_token_limit": Integer, "the model's", V0_1, "Tokens of a command's output that go to the model.";
    "background_terminal_max_timeout": Integer, "300000", V0_1, "How long the model may wait for a running command at once, in milliseconds.";
    "shell_environment_policy": CheckedTable, "", V0_1, "Environment variables of commands.";
    "shell_environment_policy.inherit": Words(&["all", "core", "none"]), "\"all\"", V0_1, "Which of the daemon's variables to begin with.";
    "shell_environment_policy.ignore_default_excludes": Boolean, "`true`", V0_1, "`false` drops names that match `*KEY*`, `*SECRET*` or `*TOKEN*`.";
    "shell_environment_policy.exclude": List, "[]", V0_1, "Drops names that match one of these globs.";
    "shell_environment_policy.set": Map, "{}", V0_1, "Sets variables.";
    "shell_environment_policy.include_only": List, "[]", V0_1, "Unless empty: keeps only names that match one of these globs.";
    "shell_environment_policy.filters": Map, "{}", V0_1, "Globs with `include` or `exclude`: the two lists above in one table.";
    "shell_environment_policy.experimental_use_profile": Boolean, "false", NotYet, "Takes variables from the user's profile.";
    "tools": CheckedTable, "", V0_1, "Details of tools.";
    "tools.web_search": BooleanOrTable, "", V0_1, "`true` is `web_search = \"live\"`, `false` is `\"disabled\"`; a table holds details of searches.";
    "tools.web_search.context_size": LEVELS, "the server's", V0_1, "How much of what is found goes to the model.";
    "tools.web_search.allowed_domains": List, "all", V0_1, "Domains to search in.";
    "tools.web_search.location": Table, "", V0_1, "Where the user is.";
    "tools.web_search.location.country": Text, "", V0_1, "Country, two letters.";
    "tools.web_search.location.region": Text, "", V0_1, "Region.";
    "tools.web_search.location.city": Text, "", V0_1, "City.";
    "tools.web_search.location.timezone": Text, "", V0_1, "Time zone, an IANA name.";
    "tools.update_plan": Table, "", V0_1, "The `update_plan` tool.";
    "tools.update_plan.enabled": Boolean, "false", V0_1, "Whether there is such a tool.";
    "tools.experimental_request_user_input": Table, "", V0_1, "The `request_user_input` tool.";
    "tools.experimental_request_user_input.enabled": Boolean, "true", V0_1, "Whether there is such a tool.";
    "features": Features, "", V0_1, "Switches, as `--enable` and `--disable`.";
    "features.*": BooleanOrTable, "the feature's", V0_1, "Switches a feature on or off; `shell_tool`, `apply_patch_streaming_events`, `default_mode_request_user_input`, `enable_request_compression`, `goals`, `git_context`, `memories` and `step_model_switching` have an effect.";
    "suppress_unstable_features_warning": Boolean, "false", V0_1, "Don't warn of features under development that are on.";

    // What the model is told, and threads.
    "include_permissions_instructions": Boolean, "true", V0_1, "Whether the model is told what it may do.";
    "include_collaboration_mode_instructions": Boolean, "true", V0_1, "Whether the model is told of its collaboration mode.";
    "include_environment_context": Boolean, "true", V0_1, "Whether the model is told of its surroundings.";
    "include_environment_context_time": Boolean, "true", V0_1, "Whether that includes the date and the time zone.";
    "memories": CheckedTable, "", V0_1, "Memories, with the feature `memories`.";
    "memories.generate_memories": Boolean, "true", V0_1, "Whether notes are taken of threads at rest.";
    "memories.use_memories": Boolean, "true", V0_1, "Whether new threads are told what was noted.";
    "memories.min_rollout_idle_hours": Integer, "6", V0_1, "How long a thread rests before notes are taken, in hours; earlier if it is unloaded.";
    "memories.extract_model": Text, "the thread's", V0_1, "Model that takes notes.";
    "goals": Table, "", V0_1, "Goals of threads.";
    "goals.max_goal_token_budget": Integer, "", V0_1, "Most tokens that a goal may be given; goals without a budget get that.";
    "thread_unload_delay_secs": Integer, "1800", V0_1, "How long a thread that nobody watches stays loaded, in seconds.";

    // Agents that threads start.
    "agents": Table, "", V0_1, "Agents that threads start. Other members than these are roles.";
    "agents.enabled": Boolean, "true", V0_1, "Whether models may start agents.";
    "agents.max_threads": Integer, "6", V0_1, "How many agents of one session may work at the same time.";
    "agents.max_concurrent_threads_per_session": Integer, "6", V0_1, "The same; wins over `max_threads`.";
    "agents.max_depth": Integer, "`1`; 8 for models whose agents have paths", V0_1, "How deep agents may nest.";
    "agents.default_subagent_model": Text, "the thread's", V0_1, "Model of agents.";
    "agents.default_subagent_reasoning_effort": Text, "the thread's", V0_1, "Reasoning effort of agents.";
    "agents.job_max_runtime_seconds": Integer, "", NotYet, "How long jobs may run.";
    "agents.interrupt_message": Boolean, "true", V0_1, "Whether models, also those of agents, are told that their last turn was interrupted.";
    "agents.*": Table, "", V0_1, "A role: what agents are started as.";
    "agents.*.description": Text, "", V0_1, "What the role is for; models choose by it.";
    "agents.*.config_file": Path, "", V0_1, "File with keys of a configuration that hold for agents of the role.";
    "agents.*.nickname_candidates": List, "ours", V0_1, "Nicknames of agents of the role.";
    "agents.*.instructions": Text, "", V0_1, "Developer instructions of agents of the role.";
    "agents.*.model": Text, "the thread's", V0_1, "Model of agents of the role.";
    "agents.*.model_reasoning_effort": Text, "the thread's", V0_1, "Reasoning effort of agents of the role.";
    "agents.*.sandbox_mode": Words(&["read-only", "workspace-write", "danger-full-access"]), "the thread's", V0_1, "Sandbox of agents of the role, where it is narrower than the thread's.";

    // Skills.
    "skills": Table, "", V0_1, "Skills.";
    "skills.include_instructions": Boolean, "true", V0_1, "Whether the model is told which skills there are.";
    "skills.bundled": Table, "", V0_1, "Skills that come with the program.";
    "skills.bundled.enabled": Boolean, "true", V0_1, "Whether skills that come with the program count (`skills/.system` of the home).";
    "skills.config": Tables, "", V0_1, "`path` or `name` of a skill, and `enabled`: switches skills off and on.";
    "history": CheckedTable, "", V0_1, "Histories of threads. Its other members are for terminal interfaces.";
    "history.compress_after_days": Integer, "never", V0_1, "After how many days without a change the files of threads are compressed, in the background, a minute after the first thread of a process began; `rollout/compress` does it at once. At least 1.";
    "plugins": Table, "", V0_1, "Installed plugins, by `plugin@marketplace`. Not in the configuration of projects.";
    "plugins.*": Table, "", V0_1, "One of them; `plugin/install` writes it.";
    "plugins.*.enabled": Boolean, "true", V0_1, "Whether it is on.";
    "plugins.*.mcp_servers": Table, "", V0_1, "Its MCP servers, by name.";
    "plugins.*.mcp_servers.*": Table, "", V0_1, "One of them.";
    "plugins.*.mcp_servers.*.enabled": Boolean, "true", V0_1, "Whether it is used.";
    "plugins.*.mcp_servers.*.enabled_tools": List, "all", V0_1, "The only tools to use.";
    "plugins.*.mcp_servers.*.disabled_tools": List, "[]", V0_1, "Tools not to use.";
    "plugins.*.mcp_servers.*.default_tools_approval_mode": Text, "\"auto\"", V0_1, "When to ask before a tool runs, as in `mcp_servers`.";
    "plugins.*.mcp_servers.*.tools": Table, "", V0_1, "`approval_mode` and `output_token_limit` of single tools.";
    "marketplaces": Table, "", V0_1, "Where plugins come from, by name. Not in the configuration of projects.";
    "marketplaces.*": CheckedTable, "", V0_1, "One of them; `marketplace/add` writes it.";
    "marketplaces.*.source_type": Words(&["local", "git"]), "", V0_1, "A folder or a repository.";
    "marketplaces.*.source": Text, "", V0_1, "The folder, or the address of the repository.";
    "marketplaces.*.ref": Text, "the repository's", V0_1, "Branch, tag or commit.";
    "marketplaces.*.sparse_paths": List, "", V0_1, "Folders of the repository that are wanted; none: all.";

    // Accounts.
    "cli_auth_credentials_store": Words(&["file", "keyring", "auto", "ephemeral"]), "\"file\"", V0_1, "Where credentials are kept: `auth.json`, the keyring, the keyring if there is one, memory.";
    "forced_login_method": Words(&["chatgpt", "api"]), "", V0_1, "The only way to sign in.";
    "forced_chatgpt_workspace_id": TextOrList, "", V0_1, "The only workspaces to sign in to.";
    "chatgpt_base_url": Text, "\"https://chatgpt.com/backend-api/\"", V0_1, "The account backend.";

    // Voice conversations.
    "realtime": CheckedTable, "", V0_1, "Voice conversations.";
    "realtime.version": Words(&["v1", "v2", "v3"]), "`v2`, for calls `v1`", V0_1, "What the voice server speaks.";
    "realtime.type": Text, "\"conversational\"", V0_1, "With `transcription`, a v2 session only writes down what it hears.";
    "realtime.voice": Text, "`cove`, `marin`", V0_1, "The voice.";
    "experimental_realtime_start_instructions": Text, "", V0_1, "What the agent is told when a voice conversation starts.";
    "experimental_realtime_webrtc_call_base_url": Text, "", V0_1, "Where voice calls are created; the provider where it is not set.";
    "experimental_realtime_ws_backend_prompt": Text, "", V0_1, "Instructions of the voice model.";
    "experimental_realtime_ws_base_url": Text, "", V0_1, "Where WebSockets of voice conversations are opened.";
    "experimental_realtime_ws_model": Text, "", V0_1, "The voice model.";
    "experimental_realtime_ws_startup_context": Text, "", V0_1, "What the voice model is told at the start instead of recent turns and the workspace; empty for nothing.";

    // Feedback.
    "feedback": CheckedTable, "", V0_1, "Feedback of the user.";
    "feedback.enabled": Boolean, "true", V0_1, "Whether `feedback/upload` may send it.";
    "feedback.endpoint": Text, "", V0_1, "Where `feedback/upload` sends it, by POST; nothing is sent without one.";

    // Telemetry.
    "otel": CheckedTable, "", V0_1, "Telemetry.";
    "otel.environment": Text, "\"dev\"", V0_1, "Reported with all telemetry.";
    "otel.trace_exporter": TextOrTable, "\"none\"", V0_1, "Where spans go: `{ otlp-http = { endpoint, protocol, headers } }`.";
    "otel.metrics_exporter": TextOrTable, "\"none\"", V0_1, "Where metrics go, likewise.";
    "otel.exporter": TextOrTable, "\"none\"", V0_1, "Where log records would go; only `none` is supported.";
    "otel.log_user_prompt": Boolean, "false", NotYet, "Exports prompts.";
    "otel.log_agent_responses": Boolean, "false", NotYet, "Exports answers.";
    "otel.log_sse_deltas": Boolean, "false", NotYet, "Exports stream events.";
    "otel.log_guardian_assessments": Boolean, "false", NotYet, "Exports reviews of approvals.";
    "otel.tool_result": Table, "", NotYet, "Exports results of tools.";
    "otel.span_attributes": Map, "", NotYet, "Attributes of all spans.";
    "otel.tracestate": Map, "", NotYet, "Members of `tracestate`.";
    "otel.headers_helper": Text, "", NotYet, "Program that prints headers.";
    "otel.headers_helper_refresh_interval_ms": Integer, "", NotYet, "How often it runs.";

    // Model providers.
    "model_providers": Table, "", V0_1, "Providers, by id.";
    "model_providers.*": CheckedTable, "", V0_1, "A provider. `openai`, `ollama`, `lmstudio` and `amazon-bedrock` are reserved.";
    "model_providers.*.name": Text, "required", V0_1, "Its name for people.";
    "model_providers.*.base_url": Text, "", V0_1, "Root of its API: `/responses` is below.";
    "model_providers.*.env_key": Text, "", V0_1, "Environment variable with the API key.";
    "model_providers.*.env_key_instructions": Text, "", V0_1, "What to tell a user who has not set it.";
    "model_providers.*.experimental_bearer_token": Text, "", V0_1, "The key itself.";
    "model_providers.*.auth": Table, "", V0_1, "A program that prints the key; not together with other credentials.";
    "model_providers.*.auth.command": Text, "required", V0_1, "The program.";
    "model_providers.*.auth.args": List, "[]", V0_1, "Its arguments.";
    "model_providers.*.auth.timeout_ms": Integer, "5000", V0_1, "How long it may run, in milliseconds.";
    "model_providers.*.auth.refresh_interval_ms": Integer, "300000", V0_1, "How long a key is used, in milliseconds; 0 is forever.";
    "model_providers.*.auth.cwd": Path, "the daemon's", V0_1, "Folder to run it in.";
    "model_providers.*.wire_api": Text, "\"responses\"", V0_1, "The protocol; there is only this one.";
    "model_providers.*.query_params": Map, "{}", V0_1, "Added to every URL.";
    "model_providers.*.http_headers": Map, "{}", V0_1, "Headers of every request.";
    "model_providers.*.env_http_headers": Map, "{}", V0_1, "Headers whose values are in environment variables.";
    "model_providers.*.request_max_retries": Integer, "4", V0_1, "How often a failed request is tried again; at most 100.";
    "model_providers.*.stream_max_retries": Integer, "5", V0_1, "How often a broken stream is tried again; at most 100.";
    "model_providers.*.stream_idle_timeout_ms": Integer, "300000", V0_1, "Silence after which a stream counts as broken, in milliseconds.";
    "model_providers.*.websocket_connect_timeout_ms": Integer, "15000", V0_1, "How long a WebSocket handshake may take, in milliseconds.";
    "model_providers.*.requires_openai_auth": Boolean, "false", V0_1, "Whether requests carry the credentials of the signed-in account.";
    "model_providers.*.supports_websockets": Boolean, "false", V0_1, "Whether the server speaks the Responses API over WebSocket.";
    "model_providers.*.model_catalog_url": Text, "", NotYet, "Where its models are listed.";
    "model_providers.*.gateway_oauth": Table, "", NotYet, "Signing in at a gateway.";
    "model_providers.*.aws": Table, "", NotYet, "Signing requests for AWS.";
    "model_providers.*.project_id": Text, "", NotYet, "Project at a cloud provider.";
    "model_providers.*.location": Text, "", NotYet, "Region at a cloud provider.";
    "model_providers.*.credential_file": Path, "", NotYet, "Credentials of a cloud provider.";
    "model_providers.*.capabilities": Table, "", NotYet, "What the server can do.";
    "model_providers.*.supports_standalone_web_search": Boolean, "false", NotYet, "Whether the server has a search of its own.";

    // Servers of the Model Context Protocol.
    "mcp_servers": Table, "", V0_1, "MCP servers, by name (docs/contract/mcp.md).";
    "mcp_servers.*": CheckedTable, "", V0_1, "A server; with `command` or `url`.";
    "mcp_servers.*.command": Text, "", V0_1, "Program that speaks over its standard input and output.";
    "mcp_servers.*.args": List, "[]", V0_1, "Its arguments.";
    "mcp_servers.*.env": Map, "{}", V0_1, "Variables that it gets.";
    "mcp_servers.*.env_vars": List, "[]", V0_1, "Variables of the daemon that it gets, beside `HOME`, `PATH` and a few others.";
    "mcp_servers.*.cwd": Path, "the thread's", V0_1, "Folder to run it in.";
    "mcp_servers.*.url": Text, "", V0_1, "Address of a server that speaks streamable HTTP.";
    "mcp_servers.*.bearer_token_env_var": Text, "", V0_1, "Environment variable with its token.";
    "mcp_servers.*.http_headers": Map, "{}", V0_1, "Headers of every request.";
    "mcp_servers.*.env_http_headers": Map, "{}", V0_1, "Headers whose values are in environment variables.";
    "mcp_servers.*.http_headers_helper": Text, "", V0_1, "Command that prints headers, as a JSON object.";
    "mcp_servers.*.auth": Text, "\"oauth\"", V0_1, "How to sign in; there is only this way.";
    "mcp_servers.*.scopes": List, "the server's", V0_1, "Scopes to ask for when signing in.";
    "mcp_servers.*.oauth_resource": Text, "the address", V0_1, "`resource` of the sign-in.";
    "mcp_servers.*.oauth": Table, "", V0_1, "A client that is registered already, and where the browser comes back to.";
    "mcp_servers.*.enabled": Boolean, "true", V0_1, "Whether it is used.";
    "mcp_servers.*.required": Boolean, "false", V0_1, "Whether threads fail to start without it.";
    "mcp_servers.*.startup_timeout_sec": Integer, "30", V0_1, "How long it may take to start, in seconds.";
    "mcp_servers.*.startup_timeout_ms": Integer, "", V0_1, "The same in milliseconds.";
    "mcp_servers.*.startup_readiness": Text, "\"catalog\"", V0_1, "Accepted: a server is ready once its tools are known.";
    "mcp_servers.*.tool_timeout_sec": Integer, "120", V0_1, "How long a call may take, in seconds.";
    "mcp_servers.*.enabled_tools": List, "all", V0_1, "The only tools to use.";
    "mcp_servers.*.disabled_tools": List, "[]", V0_1, "Tools not to use.";
    "mcp_servers.*.default_tools_approval_mode": Text, "\"auto\"", V0_1, "When to ask before a tool runs: `auto`, `prompt`, `writes`, `approve`.";
    "mcp_servers.*.tools": Table, "", V0_1, "`approval_mode` and `output_token_limit` of single tools.";
    "mcp_servers.*.supports_parallel_tool_calls": Boolean, "false", V0_1, "Whether calls of a thread may run side by side.";
    "mcp_servers.*.tool_input_schema_max_bytes": Integer, "", V0_1, "Longest schema of a tool's input; tools with a longer one are left out.";
    "mcp_servers.*.environment_id": Text, "\"local\"", V0_1, "Where it runs; there is only this place.";
    "mcp_servers.*.name": Text, "", Moot, "The table's name counts.";
    "mcp_optional_startup_grace_ms": Integer, "1000", V0_1, "How long the first turn of a thread waits for MCP servers, in milliseconds.";
    "mcp_oauth_credentials_store": Words(&["file", "keyring", "auto", "ephemeral"]), "\"auto\"", V0_1, "Where tokens for MCP servers are kept: `auto`, `file`, `keyring`.";
    "mcp_oauth_callback_port": Integer, "any", V0_1, "Port that the browser comes back to after signing in to an MCP server.";
    "mcp_oauth_callback_url": Text, "", V0_1, "And the address, if it is another one than that of this machine.";

    // Keys of the contract release that are accepted, but have no effect yet.
    "apps": Table, "", NotYet, "Apps.";
    "apps_mcp_product_sku": Text, "", NotYet, "Product that apps are told of.";
    "audio": CheckedTable, "", NotYet, "Audio devices.";
    "browser_use": Table, "", NotYet, "Use of a browser.";
    "client_search_provider": Text, "", NotYet, "Search by the client.";
    "cloud": Table, "", NotYet, "What is taken from the cloud.";
    "code_mode": Table, "", NotYet, "Code mode.";
    "computer_use": Table, "", NotYet, "Use of the desktop.";
    "daybreak": Boolean, "false", NotYet, "Daybreak.";
    "experimental_thread_store": Table, "", NotYet, "Where threads are stored.";
    "experimental_thread_store_endpoint": Text, "", NotYet, "Where threads are stored.";
    "hooks": Table, "", V0_1, "Commands that run at events, and which of them the user trusts (docs/contract/hooks.md).";
    "include_apps_instructions": Boolean, "true", NotYet, "Whether the model is told of apps.";
    "mcp_enterprise_managed_auth": Table, "", NotYet, "Signing in to MCP servers.";
    "orchestrator": Table, "", NotYet, "What the orchestrator offers.";
    "responses_api_metadata": Table, "", NotYet, "Metadata of requests.";
    "rollout_trace": Table, "", NotYet, "Traces of rollouts.";
    "tool_suggest": Table, "", NotYet, "Tools that the model may suggest.";

    // Keys for other programs, and for what is the case anyway.
    "allow_symlinked_codex_home": Boolean, "", Moot, "A home that is a symbolic link is always accepted.";
    "analytics": CheckedTable, "", Moot, "Nothing is collected.";
    "check_for_update_on_startup": Boolean, "", Moot, "There is no such check.";
    "desktop": Table, "", Moot, "For desktop applications.";
    "disable_paste_burst": Boolean, "", Moot, "For terminal interfaces.";
    "experimental_use_unified_exec_tool": Boolean, "", Moot, "There is no other tool.";
    "file_opener": Text, "", Moot, "For terminal interfaces.";
    "ghost_snapshot": CheckedTable, "", Moot, "Former releases.";
    "hide_agent_reasoning": Boolean, "false", Moot, "Clients get all reasoning and decide themselves.";
    "js_repl_node_module_dirs": List, "", Moot, "Former releases.";
    "js_repl_node_path": Path, "", Moot, "Former releases.";
    "log_dir": Path, "", Moot, "Logs go to standard error.";
    "notice": CheckedTable, "", Moot, "For terminal interfaces.";
    "oss_provider": Text, "", Moot, "For terminal interfaces.";
    "profile": Text, "", Refused, "No longer supported.";
    "profiles": Table, "", Moot, "Former releases.";
    "show_raw_agent_reasoning": Boolean, "false", Moot, "Clients get all reasoning and decide themselves.";
    "tui": CheckedTable, "", Moot, "For terminal interfaces.";
    "windows": CheckedTable, "", Moot, "For Windows.";
};
