//! What holds of a key and where that comes from, for people (docs/contract/configuration.md#explain).

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;
use toml::{Table, Value};

use super::error::range_in;
use super::file::File;
use super::json::{fits, to_json};
use super::keys::{Effect, KEYS, Key, Kind};
use super::layers::{Layer, LayerSource, Layers, Merged, Wanted};
use super::locate::range_of;
use super::masking::mask;
use super::project_root::WorkingFolder;
use super::projects::ProjectTrust;
use super::requirements::Requirements;
use super::shapes;
use super::write::key_path;
use super::{Config, ConfigError, ConfigSource};
use crate::features;

/// Explains a key, or a table of keys. Secrets are masked.
pub fn explain(source: &ConfigSource, cwd: &Path, key: &str) -> Result<String, ConfigError> {
    let path = key_path::parse(key).map_err(ConfigError::Override)?;
    let folder = WorkingFolder::new(cwd);
    let layers = Layers::load(source, Some(&folder), &[], Wanted::All)?;
    let trust = ProjectTrust::of(&layers, &folder);
    let file = Requirements::read(source.system_folder.as_deref())?;
    let requirements = Requirements::of(file.as_deref(), &layers)?;
    let all = layers.clone();
    let merged = Merged::of(layers, Arc::clone(&requirements))?;
    let table = merged.table.clone();
    let config = Config::of_merged(merged, source, trust)?;
    let mut text = String::new();
    let known = known(&path);
    let pinned = match &*path {
        [features, name] if features == "features" => {
            let name = features::find(name).map_or(name.as_str(), |feature| feature.key);
            requirements.pinned(name).map(Value::Boolean)
        }
        _ => None,
    };
    let demanded = pinned
        .as_ref()
        .or_else(|| found(requirements.managed_keys(), &path));
    let effective = pinned.as_ref().or_else(|| found(&table, &path));
    // Writing to a text cannot fail.
    let _ = match (effective, known) {
        (Some(value), _) => writeln!(text, "{key} = {}", shown(value, &path)),
        (None, Some(Key { default, .. })) if !default.is_empty() => {
            writeln!(
                text,
                "{key} is not set; the default is {}",
                default.trim_matches('`')
            )
        }
        (None, _) => writeln!(text, "{key} is not set"),
    };
    let _ = match (known, holder(&path)) {
        _ if is_unknown_feature(&path) => writeln!(text, "  This feature is not known; it has no effect."),
        (Some(known), _) => writeln!(text, "  {}{}", known.about, effect(known.effect)),
        (
            None,
            Some(Key {
                path, about, effect, ..
            }),
        ) => {
            writeln!(text, "  Part of `{path}`: {about}{}", self::effect(*effect))
        }
        (None, None) => writeln!(text, "  This key is not known; it has no effect."),
    };
    let mut is_first = true;
    if let (Some(value), Some(file)) = (demanded, &file) {
        is_first = matches!(value, Value::Table(_));
        let place = with_line("requirements", file, &path);
        let _ = writeln!(text, "  {place} = {}", shown(value, &path));
    }
    for layer in all.from_the_top() {
        let Some(value) = found(layer.table(), &path) else {
            continue;
        };
        let state = match &layer.disabled_reason {
            Some(reason) => format!("  (does not count: {reason})"),
            None if std::mem::take(&mut is_first) || matches!(value, Value::Table(_)) => String::new(),
            None => "  (overridden)".to_owned(),
        };
        let _ = writeln!(text, "  {} = {}{state}", place(layer, &path), shown(value, &path));
    }
    for layer in all
        .from_the_top()
        .filter(|layer| layer.ignored.contains(&path[0]))
    {
        let _ = writeln!(
            text,
            "  {}: ignored, projects cannot choose it",
            place(layer, &path)
        );
    }
    for warning in &config.warnings {
        if warning.contains(&format!("`{}`", path[0])) {
            let _ = writeln!(text, "  {warning}");
        }
    }
    Ok(text)
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Since(_) => "",
        Effect::NotYet => " It has no effect in this release.",
        Effect::Moot => " It is for other programs.",
        Effect::Refused => " It is refused.",
    }
}

/// The entry of a key in the table of keys; names that users choose stand for themselves.
fn known(path: &[String]) -> Option<&'static Key> {
    KEYS.iter().find(|key| {
        let names: Vec<_> = key.path.split('.').collect();
        fits(names.into_iter(), path)
    })
}

/// The key that holds one that has no entry: a table with any members, or a list.
fn holder(path: &[String]) -> Option<&'static Key> {
    let (above, name) = (1..path.len())
        .rev()
        .find_map(|length| Some((known(&path[..length])?, &path[length])))?;
    let holds = match above.kind {
        Kind::Map | Kind::Table | Kind::List | Kind::Tables | Kind::TextOrList | Kind::TextOrTable => true,
        Kind::CheckedTable => shapes::is_member(&format!("{}.", above.path), name),
        _ => false,
    };
    holds.then_some(above)
}

fn is_unknown_feature(path: &[String]) -> bool {
    matches!(path, [table, name] if table == "features" && features::find(name).is_none())
}

/// The value at a path of names, and of places in lists, as `config/read` tells origins.
fn found<'a>(table: &'a Table, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let mut value = table.get(first)?;
    for name in rest {
        value = match value {
            Value::Table(below) => below.get(name)?,
            Value::Array(items) => items.get(name.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

/// The layer, with file, line and column of the key if it has them.
fn place(layer: &Layer, path: &[String]) -> String {
    let Some(file) = &layer.file else {
        return match &layer.source {
            LayerSource::SessionFlags => "command line".to_owned(),
            other => other.to_string(),
        };
    };
    let kind = match &layer.source {
        LayerSource::System { .. } => "system".to_owned(),
        LayerSource::User { profile: None, .. } => "user".to_owned(),
        LayerSource::User {
            profile: Some(name), ..
        } => format!("profile {name}"),
        LayerSource::Project { .. } => "project".to_owned(),
        LayerSource::SessionFlags => "command line".to_owned(),
        LayerSource::Managed { .. } => "managed".to_owned(),
    };
    with_line(&kind, file, path)
}

fn with_line(kind: &str, file: &File, path: &[String]) -> String {
    // Items of lists are where the list is.
    let mut above = (1..=path.len()).rev();
    let range = above.find_map(|length| range_of(&file.text, &path[..length]));
    match range.map(|range| range_in(&file.text, range).start.line) {
        Some(line) => format!("{kind}, {}:{line}", file.path.display()),
        None => format!("{kind}, {}", file.path.display()),
    }
}

fn shown(value: &Value, path: &[String]) -> Json {
    let mut json = to_json(value);
    mask(&mut json, &mut path.to_vec());
    json
}
