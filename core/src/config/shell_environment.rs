//! `[shell_environment_policy]`: which variables reach commands (docs/contract/configuration.md#shell-environment).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Which of our variables a command gets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShellEnvironmentPolicy {
    /// What to begin with.
    pub inherit: InheritEnvironment,
    /// Keep names that look like secrets (`*KEY*`, `*SECRET*`, `*TOKEN*`); unset counts as true.
    pub ignore_default_excludes: Option<bool>,
    /// Leave out names that match one of these globs, whatever their case.
    pub exclude: Vec<String>,
    /// Set these.
    pub set: BTreeMap<String, String>,
    /// If not empty: keep only names that match one of these globs.
    pub include_only: Vec<String>,
    /// The same as `exclude` and `include_only`, in one table.
    pub filters: BTreeMap<String, FilterMode>,
}

/// What to begin with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InheritEnvironment {
    /// Everything that we have.
    #[default]
    All,
    /// What a shell needs: `HOME`, `PATH`, `SHELL`, `USER` and the like.
    Core,
    /// Nothing.
    None,
}

/// What happens to names that match a glob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FilterMode {
    /// Keep only these.
    Include,
    /// Leave these out.
    Exclude,
}
