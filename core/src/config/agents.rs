//! `[agents]`: agents that threads start, and their roles (docs/contract/agents.md#roles-and-limits).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::home::expand_tilde;

/// Most agents of one session that may work at the same time, unless the configuration says how many.
const MAX_THREADS: usize = 6;

/// Names of `[agents]` that are no roles.
const KEYS: [&str; 8] = [
    "enabled",
    "max_threads",
    "max_concurrent_threads_per_session",
    "max_depth",
    "default_subagent_model",
    "default_subagent_reasoning_effort",
    "job_max_runtime_seconds",
    "interrupt_message",
];

/// `[agents]` as the engine uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentsConfig {
    /// Whether models may start agents.
    pub enabled: bool,
    /// How many agents of one session may work at the same time.
    pub max_threads: usize,
    /// How deep agents may nest; `None` depends on their tools.
    pub max_depth: Option<u32>,
    /// Model of agents, unless it is that of the thread.
    pub default_model: Option<String>,
    /// Reasoning effort of agents.
    pub default_effort: Option<String>,
    /// Whether models are told that their last turn was interrupted.
    pub interrupt_message: bool,
    /// Roles, by name.
    pub roles: BTreeMap<String, AgentRole>,
}

/// `[agents.<role>]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentRole {
    /// What it is for; models choose by it.
    pub description: Option<String>,
    /// A file with more keys of a configuration, which hold for its agents.
    pub config_file: Option<PathBuf>,
    /// Nicknames of its agents.
    pub nicknames: Vec<String>,
    /// Developer instructions of its agents.
    pub instructions: Option<String>,
    /// Their model.
    pub model: Option<String>,
    /// Their reasoning effort.
    pub effort: Option<String>,
    /// Their sandbox, where it is narrower than that of the thread.
    pub sandbox_mode: Option<String>,
}

impl Default for AgentsConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            max_threads: MAX_THREADS,
            max_depth: None,
            default_model: None,
            default_effort: None,
            interrupt_message: true,
            roles: BTreeMap::new(),
        }
    }
}

impl AgentsConfig {
    /// Reads the table. Relative paths count from `folder`. The error says what is wrong, and with which key.
    pub(super) fn read(table: Option<&Table>, folder: &Path) -> Result<Self, (String, Vec<String>)> {
        let mut config = Self::default();
        let Some(table) = table else { return Ok(config) };
        let agents = Reader {
            table,
            path: vec!["agents".to_owned()],
        };
        let switch = |key| agents.get(key, "true or false", Value::as_bool);
        config.enabled = switch("enabled")?.unwrap_or(true);
        config.interrupt_message = switch("interrupt_message")?.unwrap_or(true);
        let count = |value: &Value| value.as_integer().and_then(|count| usize::try_from(count).ok());
        let former = agents.get("max_threads", "a number", count)?;
        let threads = agents.get("max_concurrent_threads_per_session", "a number", count)?;
        config.max_threads = threads.or(former).unwrap_or(MAX_THREADS);
        let depth = |value: &Value| value.as_integer().and_then(|depth| u32::try_from(depth).ok());
        config.max_depth = agents.get("max_depth", "a number", depth)?;
        config.default_model = agents.text("default_subagent_model")?;
        config.default_effort = agents.text("default_subagent_reasoning_effort")?;
        for (name, value) in table {
            if KEYS.contains(&name.as_str()) {
                continue;
            }
            let Value::Table(table) = value else {
                return Err(agents.wrong(name, "a table: `[agents.<role>]`"));
            };
            let path = vec!["agents".to_owned(), name.clone()];
            config
                .roles
                .insert(name.clone(), Reader { table, path }.role(folder)?);
        }
        Ok(config)
    }
}

/// A table that is being read.
struct Reader<'a> {
    table: &'a Table,
    path: Vec<String>,
}

impl Reader<'_> {
    fn role(&self, folder: &Path) -> Result<AgentRole, (String, Vec<String>)> {
        let names = |value: &Value| {
            let names = value.as_array()?.iter();
            names.map(|name| name.as_str().map(str::to_owned)).collect()
        };
        let file = self.text("config_file")?;
        let own = self.text("instructions")?;
        Ok(AgentRole {
            description: self.text("description")?,
            config_file: file.map(|file| folder.join(expand_tilde(Path::new(&file)))),
            nicknames: self
                .get::<Vec<String>>("nickname_candidates", "a list of texts", names)?
                .unwrap_or_default(),
            instructions: own.or(self.text("developer_instructions")?),
            model: self.text("model")?,
            effort: self.text("model_reasoning_effort")?,
            sandbox_mode: self.text("sandbox_mode")?,
        })
    }

    fn text(&self, key: &str) -> Result<Option<String>, (String, Vec<String>)> {
        self.get(key, "a text", |value| value.as_str().map(str::to_owned))
    }

    fn get<T>(
        &self,
        key: &str,
        kind: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, (String, Vec<String>)> {
        let Some(value) = self.table.get(key) else {
            return Ok(None);
        };
        read(value).map(Some).ok_or_else(|| self.wrong(key, kind))
    }

    fn wrong(&self, key: &str, kind: &str) -> (String, Vec<String>) {
        let path: Vec<String> = self.path.iter().cloned().chain([key.to_owned()]).collect();
        (format!("`{}` must be {kind}", path.join(".")), path)
    }
}
