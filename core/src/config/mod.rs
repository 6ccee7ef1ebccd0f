//! Configuration: config.toml, command-line overrides and the typed view of what the engine uses
//! (docs/contract/configuration.md#command-line, docs/contract/configuration.md).
//!
//! Nothing is read at start. [`Config::load`] looks at the file each time and parses it again only when it changed.

mod error;
mod home;
mod layers;
mod locate;
mod overrides;
mod permissions;
mod provider;
mod provider_problems;
mod schema;
mod shell_environment;
mod unknown;
mod view;

pub(crate) use error::without_values;
pub use error::{ConfigError, ConfigProblem, TextPosition, TextRange};
pub use home::{HomeError, expand_tilde, find_codex_home, installation_id};
pub use layers::{ConfigSource, check};
pub use overrides::{ConfigOverride, OverrideError};
pub use permissions::BUILT_IN_PROFILES;
pub(crate) use permissions::project_root;
pub use provider::{AuthCommand, OPENAI_BASE_URL, Provider};
pub use schema::{
    CredentialsStore, LoginMethod, ProcessMode, SearchContextSize, TrustLevel, Verbosity, WebSearchLocation,
    WebSearchMode, WebSearchSettings,
};
pub use shell_environment::{FilterMode, InheritEnvironment, ShellEnvironmentPolicy};
pub use unknown::unknown_settings;
pub use view::Config;
