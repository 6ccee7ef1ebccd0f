//! Configuration: config.toml, command-line overrides and the typed view of what the engine uses
//! (docs/contract/configuration.md#command-line, docs/contract/configuration.md).
//!
//! Nothing is read at start. [`Config::load`] looks at the file each time and parses it again only when it changed; on
//! the runtime's thread, [`Config::load_in_background`] does so with a deadline.
//!
//! # Where to look
//!
//! | question | file |
//! |---|---|
//! | which keys there are, and what each does | `keys.rs` |
//! | keys of tables of other programs | `shapes.rs` |
//! | their types in Rust | `schema.rs`, `shell_environment.rs`, `provider.rs` |
//! | what the engine gets | `view.rs`, made by `of_layers.rs`, with `permissions.rs` and `permission_profiles.rs` |
//! | the last ones that were made | `recent.rs`, `last.rs` (that of the home) |
//! | the layers, and what lies on top of files | `layers.rs`, `file.rs`, `projects.rs`, `project_root.rs`, `overrides.rs` |
//! | what administrators demand, and what follows | `requirements.rs`, `required_rules.rs`, `requirement_check.rs`, `constraints.rs` |
//! | what clients read and write | `read.rs`, `read_shape.rs`, `masking.rs`, `write/`, `providers.rs` |
//! | what people are told | `explain.rs` |
//! | agents that threads start | `agents.rs`, `agent_files.rs` |
//! | when histories are summed up | `compaction.rs` |
//! | skills | `skills.rs` |
//! | voice conversations | `realtime.rs` |
//! | MCP servers | `mcp_servers.rs` |
//! | loading off the runtime's thread, with a deadline | `background.rs` |
//! | keys without effect, and features on their way in or out | `key_warnings.rs`, `feature_notices.rs` |
//! | what is wrong, and where | `error.rs`, `locate.rs`, `provider_problems.rs` |
//! | the home folder | `home.rs` |

mod agent_files;
mod agents;
mod background;
mod compaction;
mod constraints;
mod error;
mod explain;
mod feature_notices;
mod file;
mod home;
mod json;
mod key_warnings;
pub mod keys;
mod last;
mod layers;
mod locate;
mod managed_keys;
mod masking;
mod mcp_servers;
mod of_layers;
mod overrides;
mod permission_profiles;
mod permissions;
mod plugins;
mod project_root;
mod projects;
mod provider;
mod provider_problems;
mod providers;
mod read;
mod read_shape;
mod realtime;
mod recent;
mod required_rules;
mod requirement_check;
mod requirements;
mod schema;
mod shapes;
mod shell_environment;
mod skills;
mod view;
mod write;

pub use agents::{AgentRole, AgentsConfig};
pub use background::{ConfigReport, key_warnings_of_thread, report, strict_problem};
pub use compaction::{CompactionConfig, CompactionScope, Percent};
pub(crate) use error::without_values;
pub use error::{ConfigError, ConfigProblem, TextPosition, TextRange};
pub use explain::explain;
pub use feature_notices::Deprecation;
pub(crate) use file::{File, read_cached};
pub use home::{HomeError, expand_tilde, find_codex_home, installation_id};
pub(crate) use json::to_json;
pub use key_warnings::key_warnings;
pub use last::LastConfig;
pub use layers::{ConfigSource, Layer, LayerSource, Layers, check};
pub use masking::MASK;
pub use mcp_servers::{
    McpApprovalMode, McpHttp, McpOauth, McpServerConfig, McpServers, McpStdio, McpToolConfig, McpTransport,
};
pub(crate) use overrides::layer as override_table;
pub(crate) use overrides::value_from_json as json_to_toml;
pub use overrides::{ConfigOverride, OverrideError};
pub use permissions::{BUILT_IN_PROFILES, ChosenProfile};
pub use plugins::{MarketplaceSource, PluginConfig, PluginOfServer, PluginsConfig};
pub(crate) use project_root::{WorkingFolder, project_folders, project_root};
pub use provider::{AuthCommand, OPENAI_BASE_URL, Provider};
pub use providers::{ProviderAuthKind, ProviderPatch, ProviderSummary};
pub use read::{ConfigReading, LayerReading, LayerVersion, read};
pub use realtime::RealtimeConfig;
pub use required_rules::{RequiredDecision, RequiredRule};
pub use requirement_check::{Setting, Violation};
pub use requirements::Requirements;
pub use schema::{
    CredentialsStore, LoginMethod, ProcessMode, SearchContextSize, TrustLevel, Verbosity, WebSearchLocation,
    WebSearchMode, WebSearchSettings,
};
pub use shell_environment::{FilterMode, InheritEnvironment, ShellEnvironmentPolicy};
pub use skills::SkillsConfig;
pub use view::{Config, DEFAULT_PLAN_EFFORT};
pub(crate) use write::key_path::quoted as quoted_key;
pub use write::{ConfigEdit, ConfigEdits, ConfigWriteError, ConfigWritten, Overridden, set_trust, write};
pub(crate) use write::{edit_file, edit_user_file};
