//! Kinds of agents: our own, and those of the configuration (`[agents.<role>]`).

use std::time::Duration;

use super::AgentError;
use crate::config::{AgentRole, Config, ConfigOverride};
use crate::external_file::{in_background, read_text};

/// Largest file of a role, in bytes.
const MAX_FILE: usize = 1 << 20;

/// How long the file of a role may take.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// Our own roles, with what they are told.
const BUILT_IN: [(&str, &str, Option<&str>); 3] = [
    ("default", "No special role.", None),
    (
        "explorer",
        "Answers one question about the code, quickly and with places in files. Changes nothing. Several may look for \
         different things at the same time.",
        Some(
            "You answer a question about the code. Read as much as the answer needs and no more, change nothing, and \
             answer with the facts and the places (file and line) that show them.",
        ),
    ),
    (
        "worker",
        "Carries out one part of the work: a feature, a fix, tests. Say which files are its own.",
        Some(
            "You carry out one part of a larger task while others work in the same folder. Change only the files that \
             are yours, don't undo what others did, and end with the list of files that you changed.",
        ),
    ),
];

/// The roles that an agent may choose from, each with what it is for, sorted by name; ours last. Empty if the
/// configuration has none of its own: then agents don't choose.
pub(crate) fn described(config: &Config) -> Vec<(String, String)> {
    let own = &config.agents.roles;
    if own.is_empty() {
        return Vec::new();
    }
    let fixed = |role: &AgentRole| match (&role.model, &role.effort) {
        (Some(model), Some(effort)) => format!(" Its model is `{model}` with effort `{effort}`."),
        (Some(model), None) => format!(" Its model is `{model}`."),
        (None, Some(effort)) => format!(" Its effort is `{effort}`."),
        (None, None) => String::new(),
    };
    let own_ones = own.iter().map(|(name, role)| {
        let about = role.description.clone().unwrap_or_default();
        (name.clone(), format!("{about}{}", fixed(role)))
    });
    let ours = BUILT_IN
        .iter()
        .filter(|(name, ..)| !own.contains_key(*name))
        .map(|(name, about, _)| ((*name).to_owned(), (*about).to_owned()));
    own_ones.chain(ours).collect()
}

/// What a role makes different.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RoleEffect {
    /// Overrides of the configuration.
    pub(crate) overrides: Vec<ConfigOverride>,
    /// Nicknames for its agents.
    pub(crate) nicknames: Vec<String>,
}

impl RoleEffect {
    /// Whether the role decides this key.
    pub(crate) fn sets(&self, key: &str) -> bool {
        self.overrides.iter().any(|one| one.key == key)
    }
}

/// What the role of this name makes different.
pub(crate) async fn effect(config: &Config, name: Option<&str>) -> Result<RoleEffect, AgentError> {
    let Some(name) = name else {
        return Ok(RoleEffect::default());
    };
    let text = |value: &str| toml::Value::String(value.to_owned());
    let set = |key: &str, value: toml::Value| ConfigOverride {
        key: key.to_owned(),
        value,
    };
    let Some(role) = config.agents.roles.get(name) else {
        let found = BUILT_IN.iter().find(|(built_in, ..)| *built_in == name);
        let (.., words) = found.ok_or_else(|| AgentError::UnknownRole(name.to_owned()))?;
        let words = words.map(|words| set("developer_instructions", text(words)));
        return Ok(RoleEffect {
            overrides: words.into_iter().collect(),
            nicknames: Vec::new(),
        });
    };
    let mut overrides = Vec::new();
    if let Some(path) = role.config_file.clone() {
        let failed = |why: String| AgentError::Failed {
            what: "spawn",
            why: format!("the file of the role '{name}', {}, {why}", path.display()),
        };
        let file = path.clone();
        let read = in_background(READ_TIMEOUT, move || read_text(&file, MAX_FILE)).await;
        let content = read
            .flatten()
            .map_err(|error| failed(format!("can't be read: {error}")))?;
        let table: toml::Table = content
            .parse()
            .map_err(|error: toml::de::Error| failed(format!("is not TOML: {}", error.message())))?;
        let about_the_role = ["name", "description", "nickname_candidates"];
        let keys = table
            .into_iter()
            .filter(|(key, _)| !about_the_role.contains(&key.as_str()));
        overrides.extend(keys.map(|(key, value)| ConfigOverride { key, value }));
    }
    let own = [
        ("developer_instructions", &role.instructions),
        ("model", &role.model),
        ("model_reasoning_effort", &role.effort),
        ("sandbox_mode", &role.sandbox_mode),
    ];
    let own = own
        .into_iter()
        .filter_map(|(key, value)| Some(set(key, text(value.as_deref()?))));
    overrides.extend(own);
    Ok(RoleEffect {
        overrides,
        nicknames: role.nicknames.clone(),
    })
}
