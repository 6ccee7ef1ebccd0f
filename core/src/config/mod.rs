//! Configuration: config.toml, command-line overrides and the typed view of what the engine uses.

use std::path::PathBuf;

/// An override from the command line or from thread/start: a dotted key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigOverride {
    /// Dotted key.
    pub key: String,
    /// Value.
    pub value: toml::Value,
}

/// Where the configuration of a process comes from. Files are read when asked for, not at start.
#[derive(Debug, Clone, Default)]
pub struct ConfigSource {
    /// `CODEX_HOME`.
    pub codex_home: PathBuf,
    /// `-c`, `--enable`, `--disable`, in order.
    pub overrides: Vec<ConfigOverride>,
}
