//! What holds of a key and where that comes from, for people (docs/contract/configuration.md#explain).

use std::fmt::Write;
use std::path::Path;

use serde_json::Value as Json;
use toml::Value;

use super::error::range_in;
use super::json::{at, fits, to_json};
use super::keys::{Effect, KEYS, Key};
use super::layers::{Layer, LayerSource, Layers, Merged, Wanted};
use super::locate::range_of;
use super::masking::mask;
use super::project_root::WorkingFolder;
use super::projects::ProjectTrust;
use super::requirements::Requirements;
use super::write::key_path;
use super::{Config, ConfigError, ConfigSource};

/// Explains a key, or a table of keys. Secrets are masked.
pub fn explain(source: &ConfigSource, cwd: &Path, key: &str) -> Result<String, ConfigError> {
    let path = key_path::parse(key).map_err(ConfigError::Override)?;
    let folder = WorkingFolder::new(cwd);
    let layers = Layers::load(source, Some(&folder), &[], Wanted::All)?;
    let trust = ProjectTrust::of(&layers, &folder);
    let requirements = Requirements::load(source.system_folder.as_deref(), &layers)?;
    let all = layers.clone();
    let merged = Merged::of(layers, requirements)?;
    let table = merged.table.clone();
    let config = Config::of_merged(merged, source, trust)?;
    let mut text = String::new();
    let known = known(&path);
    let effective = at(&table, &path);
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
    let _ = match known {
        Some(known) => writeln!(text, "  {}{}", known.about, effect(known.effect)),
        None => writeln!(text, "  This key is not known; it has no effect."),
    };
    let mut is_first = true;
    for layer in all.from_the_top() {
        let Some(value) = at(layer.table(), &path) else {
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
    let line = range_of(&file.text, path).map(|range| range_in(&file.text, range).start.line);
    match line {
        Some(line) => format!("{kind}, {}:{line}", file.path.display()),
        None => format!("{kind}, {}", file.path.display()),
    }
}

fn shown(value: &Value, path: &[String]) -> Json {
    let mut json = to_json(value);
    mask(&mut json, &mut path.to_vec());
    json
}
