//! Environment variables that commands get.

use serde_json::Value;
use toml_edit::{DocumentMut, Item, Table, TableLike, value};

use super::place::Place;
use super::{ImportOutcome, Imported};
use crate::external_file::read_text;

/// Largest config.toml, in bytes.
const MAX_CONFIG: usize = 1 << 20;

/// Whether there are variables that our configuration does not set.
pub(super) fn is_new(place: &Place) -> bool {
    let config = current_config(place);
    variables(place).iter().any(|(name, _)| !is_set(&config, name))
}

/// Our configuration as it is; empty if there is none or it can't be read.
pub(super) fn current_config(place: &Place) -> toml::Table {
    let text = read_text(&place.codex.join("config.toml"), MAX_CONFIG).unwrap_or_default();
    text.parse().unwrap_or_default()
}

fn is_set(config: &toml::Table, name: &str) -> bool {
    let set = config
        .get("shell_environment_policy")
        .and_then(|policy| policy.get("set"));
    set.is_some_and(|set| set.get(name).is_some())
}

fn variables(place: &Place) -> Vec<(String, String)> {
    let mut variables: Vec<(String, String)> = Vec::new();
    for settings in place.all_settings() {
        let Some(Value::Object(env)) = settings.get("env") else {
            continue;
        };
        for (name, value) in env {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(on) => on.to_string(),
                _ => continue,
            };
            if name.is_empty() || name.contains(['=', '\0']) || text.contains('\0') {
                continue;
            }
            match variables.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known = text,
                None => variables.push((name.clone(), text)),
            }
        }
    }
    variables
}

/// Sets the variables that are not set yet.
pub(super) fn import(place: &Place, outcome: &mut ImportOutcome) {
    let config = current_config(place);
    let mut new = variables(place);
    new.retain(|(name, _)| !is_set(&config, name));
    if new.is_empty() {
        return;
    }
    let target = place.codex.join("config.toml");
    let source = place.settings().display().to_string();
    match place.edit_config(&|document| set(document, &new)) {
        Ok(()) => outcome.imported.push(Imported {
            source,
            target: target.display().to_string(),
        }),
        Err(error) => outcome.fail(Some(&source), &error),
    }
}

fn set(document: &mut DocumentMut, variables: &[(String, String)]) -> Result<(), String> {
    let is_known = document.contains_key("shell_environment_policy");
    let policy = table(document.as_table_mut(), "shell_environment_policy")?;
    if !is_known {
        policy.insert("inherit", value("core"));
    }
    let set = table(policy, "set")?;
    for (name, text) in variables {
        if set.get(name).is_none() {
            set.insert(name, value(text.as_str()));
        }
    }
    Ok(())
}

/// A table in a table, made if there is none.
pub(super) fn table<'a>(of: &'a mut dyn TableLike, name: &str) -> Result<&'a mut dyn TableLike, String> {
    if of.get(name).is_none() {
        let mut new = Table::new();
        new.set_implicit(name == "mcp_servers");
        of.insert(name, Item::Table(new));
    }
    of.get_mut(name)
        .and_then(Item::as_table_like_mut)
        .ok_or_else(|| format!("`{name}` is no table"))
}
