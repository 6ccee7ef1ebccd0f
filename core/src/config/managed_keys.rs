//! Keys that an administrator sets: what `requirements.toml` says of them holds, whatever is configured, and nobody can
//! write them (docs/contract/configuration.md#requirements).

use serde_json::Value as Json;
use toml::{Table, Value};

use super::json::{at, to_json};
use super::masking::mask;
use super::overrides::merge;
use super::requirements::Requirements;

/// Keys that are set as a whole.
const WHOLE: [&str; 8] = [
    "allow_login_shell",
    "chatgpt_base_url",
    "check_for_update_on_startup",
    "cli_auth_credentials_store",
    "log_dir",
    "model_catalog_json",
    "model_provider",
    "sqlite_home",
];

/// Tables of which each member is set by itself.
const BY_MEMBER: [&str; 3] = ["feedback", "model_providers", "otel"];

/// What the file of an administrator sets.
pub(super) fn managed_keys(file: &Table) -> Table {
    let is_set = |(key, value): &(&String, &Value)| {
        WHOLE.contains(&key.as_str()) || BY_MEMBER.contains(&key.as_str()) && value.is_table()
    };
    let set = file.iter().filter(is_set);
    set.map(|(key, value)| (key.clone(), value.clone())).collect()
}

impl Requirements {
    /// The keys that are set, one by one.
    fn managed_leaves(&self) -> impl Iterator<Item = (Vec<&str>, &Value)> {
        self.managed_keys.iter().flat_map(|(key, value)| {
            let members = value
                .as_table()
                .filter(|_| BY_MEMBER.contains(&key.as_str()))
                .into_iter()
                .flatten()
                .map(|(name, value)| (vec![key.as_str(), name], value));
            let whole = (!BY_MEMBER.contains(&key.as_str())).then(|| (vec![key.as_str()], value));
            members.chain(whole)
        })
    }

    /// What is set.
    pub(super) fn managed_keys(&self) -> &Table {
        &self.managed_keys
    }

    /// Whether the value at a path is set by the administrator.
    pub(super) fn manages(&self, path: &[String]) -> bool {
        self.managed_leaves().any(|(leaf, _)| is_below(path, &leaf))
    }

    /// Lays what is set over a merged configuration. Gives, for people, what was configured in vain.
    pub(super) fn apply(&self, table: &mut Table) -> Vec<String> {
        let mut told = Vec::new();
        for (leaf, value) in self.managed_leaves() {
            let path: Vec<_> = leaf.iter().map(|name| (*name).to_owned()).collect();
            let configured = at(table, &path);
            if configured.is_some() && configured != Some(value) {
                told.push(self.overridden(&path, value));
            }
            let over = path.iter().rev().fold(value.clone(), |below, name| {
                Value::Table(Table::from_iter([(name.clone(), below)]))
            });
            remove(table, &path);
            if let Value::Table(over) = over {
                merge(table, over);
            }
        }
        told
    }

    fn overridden(&self, path: &[String], value: &Value) -> String {
        let key = path.join(".");
        let mut shown = to_json(value);
        mask(&mut shown, &mut path.to_vec());
        let value = match shown {
            Json::Object(_) => String::new(),
            shown => format!(" {shown}"),
        };
        format!(
            "Configured value for `{key}` is overridden by the required value{value} (set by `{key}` in {})",
            self.file.clone().unwrap_or_default().display()
        )
    }

    /// Why an edit is refused, if it would change what is set. `value`: what is to be written; `upsert`: merged with
    /// what is there.
    pub(super) fn refusal(&self, path: &[String], value: Option<&Json>, upsert: bool) -> Option<String> {
        let is_touched = |leaf: &[&str]| {
            let below = || leaf.get(path.len()..).unwrap_or_default();
            is_below(path, leaf)
                || starts_with(leaf, path)
                    && match value.filter(|value| upsert && value.is_object()) {
                        Some(value) => has(value, below()),
                        None => true,
                    }
        };
        let (leaf, _) = self.managed_leaves().find(|(leaf, _)| is_touched(leaf))?;
        let key = leaf.join(".");
        Some(format!(
            "`{key}` is managed by requirements and cannot be changed (set by `{key}` in {})",
            self.file.clone().unwrap_or_default().display()
        ))
    }
}

/// Whether a path is a leaf, or leads below it.
fn is_below(path: &[String], leaf: &[&str]) -> bool {
    path.len() >= leaf.len() && leaf.iter().zip(path).all(|(name, found)| name == found)
}

/// Whether a leaf is below a path.
fn starts_with(leaf: &[&str], path: &[String]) -> bool {
    leaf.len() > path.len() && leaf.iter().zip(path).all(|(name, found)| name == found)
}

fn has(value: &Json, path: &[&str]) -> bool {
    let mut value = Some(value);
    for name in path {
        value = value.and_then(|value| value.get(name));
    }
    value.is_some()
}

fn remove(table: &mut Table, path: &[String]) {
    match path {
        [] => {}
        [last] => drop(table.remove(last)),
        [first, rest @ ..] => {
            if let Some(Value::Table(below)) = table.get_mut(first) {
                remove(below, rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::super::layers::Layers;
    use super::*;

    fn requirements(text: &str) -> Arc<Requirements> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("requirements.toml"), text).expect("written");
        Requirements::load(Some(folder.path()), &Layers::default()).expect("requirements")
    }

    #[test]
    fn an_edit_is_refused_exactly_if_it_would_change_what_is_set() {
        let all = requirements(
            "sqlite_home = '/db'\n[otel]\nenvironment = 'corp'\n[model_providers.corp]\nname = 'Corp'\n[tui]\ntheme = 'x'\n",
        );
        let refused = |path: &str, value: Json, upsert: bool| {
            let path: Vec<_> = path.split('.').map(str::to_owned).collect();
            let value = Some(&value).filter(|value| !value.is_null());
            let refusal = all.refusal(&path, value, upsert);
            refusal.map(|text| text.split('`').nth(1).unwrap_or_default().to_owned())
        };
        for (path, value, upsert, expected) in [
            ("sqlite_home", json!("/other"), false, Some("sqlite_home")),
            ("sqlite_home", json!(null), false, Some("sqlite_home")),
            (
                "otel",
                json!({"environment": "mine"}),
                true,
                Some("otel.environment"),
            ),
            ("otel", json!({"exporter": "none"}), true, None),
            (
                "otel",
                json!({"exporter": "none"}),
                false,
                Some("otel.environment"),
            ),
            ("otel", json!(null), true, Some("otel.environment")),
            ("otel.exporter", json!("none"), false, None),
            ("otel.environment.deep", json!(1), false, Some("otel.environment")),
            (
                "model_providers.corp.name",
                json!("x"),
                false,
                Some("model_providers.corp"),
            ),
            ("model_providers.mine", json!({"name": "x"}), false, None),
            ("model_providers", json!({}), true, None),
            ("model_providers", json!({}), false, Some("model_providers.corp")),
            ("tui.theme", json!("y"), false, None),
        ] {
            assert_eq!(refused(path, value, upsert).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn what_is_set_takes_the_place_of_what_is_configured_and_that_is_told() {
        let all = requirements(
            "sqlite_home = '/db'\nallow_login_shell = false\n[model_providers.corp]\nname = 'Corp'\n",
        );
        let mut table: Table =
            "sqlite_home = '/mine'\nallow_login_shell = false\n[model_providers.corp]\nname = 'Corp'\n\
             base_url = 'http://elsewhere'\n[model_providers.mine]\nname = 'Mine'\n"
                .parse()
                .expect("TOML");
        let told = all.apply(&mut table);
        let told: Vec<_> = told.iter().filter_map(|text| text.split('`').nth(1)).collect();
        assert_eq!(told, ["model_providers.corp", "sqlite_home"]);
        let expected: Table =
            "sqlite_home = '/db'\nallow_login_shell = false\n[model_providers.corp]\nname = 'Corp'\n\
             [model_providers.mine]\nname = 'Mine'\n"
                .parse()
                .expect("TOML");
        assert_eq!(table, expected);
    }
}
