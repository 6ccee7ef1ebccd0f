//! Changing the user's config.toml for clients (docs/contract/configuration.md#reading-and-writing).
//!
//! | question | file |
//! |---|---|
//! | which key is meant | `key_path.rs` |
//! | how the text changes | `document.rs`, `values.rs` |
//! | whether a value is of its key's kind | `kinds.rs`, `../shapes.rs` |
//! | how the file changes, while others may write it too | `replace_file.rs` |

mod document;
pub(super) mod key_path;
mod kinds;
mod replace_file;
mod values;

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value as Json};
use toml::{Table, Value};
use toml_edit::DocumentMut;

use self::document::Edit;
use super::background::within;
use super::error::{range_in, without_values};
use super::json::{at, to_json};
use super::layers::{Layer, LayerSource, Layers, Wanted, version_of};
use super::locate::key_at;
use super::masking::{MASK, mask};
use super::mcp_servers;
use super::of_layers::check_providers;
use super::overrides::merge;
use super::project_root::WorkingFolder;
use super::projects::Trust;
use super::read::{LayerVersion, version};
use super::requirement_check::{Setting, word};
use super::requirements::Requirements;
use super::schema::ConfigToml;
use super::{ConfigError, ConfigProblem, ConfigSource, TrustLevel};
use crate::external_file::READ_TIMEOUT;
use crate::{ApprovalPolicy, features};

/// What to do with one key.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigEdit {
    /// Dotted names; those with dots in quotes.
    pub key_path: String,
    /// What it is to be; null removes it.
    pub value: Json,
    /// Whether tables are merged with what is there rather than replaced.
    pub upsert: bool,
}

/// Changes that are made together or not at all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConfigEdits {
    /// In this order.
    pub edits: Vec<ConfigEdit>,
    /// The file that the client means; there is one only that it may change.
    pub file: Option<PathBuf>,
    /// The version of the user's layer that the client has seen.
    pub expected_version: Option<String>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigWritten {
    /// The version of the user's layer now.
    pub version: String,
    /// The file.
    pub file: PathBuf,
    /// Why the new value does not hold, if it does not.
    pub overridden: Option<Overridden>,
}

/// What hides a value that was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Overridden {
    /// For people.
    pub message: String,
    /// The layer that wins.
    pub layer: LayerVersion,
    /// What holds; masked.
    pub effective: Json,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ConfigWriteError {
    /// Somebody else wrote meanwhile.
    #[error("Configuration was modified since last read. Fetch latest version and retry.")]
    VersionConflict,
    /// Another file than the user's.
    #[error("Only writes to the user config are allowed")]
    LayerReadonly,
    /// An administrator has set it.
    #[error("{0}")]
    Managed(String),
    /// A key or a value is wrong.
    #[error("{0}")]
    Validation(String),
    /// There is no such thing.
    #[error("{0}")]
    PathNotFound(String),
    /// The configuration can't be read.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// The file can't be written.
    #[error("{} could not be written: {message}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        message: String,
    },
}

/// Writes changes into the user's config.toml. One writer at a time among all daemons of the home; what others write
/// meanwhile is kept.
pub async fn write(source: &ConfigSource, edits: ConfigEdits) -> Result<ConfigWritten, ConfigWriteError> {
    within(READ_TIMEOUT, source, move |source| write_blocking(source, &edits)).await?
}

/// Says in the user's configuration whether the project around a folder is trusted, if there is anything to trust: a git
/// repository, or a folder `.codex` in there or in its root, which is not the home. Gives whether it says so now.
pub async fn set_trust(
    source: &ConfigSource,
    cwd: PathBuf,
    level: TrustLevel,
) -> Result<bool, ConfigWriteError> {
    let set = move |source: &ConfigSource| {
        if !cwd.is_dir() {
            return Err(ConfigWriteError::PathNotFound(format!(
                "{} is no folder",
                cwd.display()
            )));
        }
        let layers = Layers::load(source, None, &[], Wanted::Enabled)?;
        let folder = Trust::of(&layers, &WorkingFolder::new(&cwd)).folder;
        let has_settings = |folder: &Path| {
            let settings = folder.join(".codex");
            settings.is_dir() && !source.is_home(&settings)
        };
        if !folder.join(".git").exists() && !has_settings(&folder) && !has_settings(&cwd) {
            return Ok(false);
        }
        let Some(folder) = folder.to_str() else {
            let message = format!("{} is not valid UTF-8", folder.display());
            return Err(ConfigWriteError::Validation(message));
        };
        let edit = ConfigEdit {
            key_path: format!("projects.{}.trust_level", key_path::quoted(folder)),
            value: word(&level).into(),
            upsert: false,
        };
        let edits = ConfigEdits {
            edits: vec![edit],
            ..ConfigEdits::default()
        };
        write_blocking(source, &edits).map(|_| true)
    };
    within(READ_TIMEOUT, source, set).await?
}

/// As [`write()`], on this thread.
fn write_blocking(source: &ConfigSource, edits: &ConfigEdits) -> Result<ConfigWritten, ConfigWriteError> {
    let file = source.user_file();
    if let Some(meant) = &edits.file
        && !is_same_file(meant, &file)
    {
        return Err(ConfigWriteError::LayerReadonly);
    }
    let parsed = parse(&edits.edits)?;
    let mut layers =
        Layers::load(source, None, &[], Wanted::Enabled).or_else(|error| without_user(source, error))?;
    let requirements = Requirements::load(source.system_folder.as_deref(), &layers)?;
    let mut outcome = None;
    replace_file::replace(&source.codex_home, &file, &mut |text| {
        let before: Table = text.parse().map_err(|error| {
            ConfigWriteError::Config(ConfigError::File(super::error::problem_in_file(
                &file, text, &error,
            )))
        })?;
        if let Some(expected) = &edits.expected_version
            && *expected != version_of(&before)
        {
            return Err(ConfigWriteError::VersionConflict);
        }
        let wanted = parsed.iter().filter_map(|edit| unmasked(edit, &before));
        let wanted: Vec<_> = wanted.collect::<Result<_, _>>()?;
        let refusals = wanted.iter();
        let mut refusals =
            refusals.filter_map(|edit| requirements.refusal(&edit.path, edit.value.as_ref(), edit.upsert));
        if let Some(refusal) = refusals.next() {
            return Err(ConfigWriteError::Managed(refusal));
        }
        let new = document::edited(text, &wanted).map_err(ConfigWriteError::Validation)?;
        let table = validated(&new, &file, &requirements)?;
        outcome = Some(version_of(&table));
        check_edits(&wanted, &table, &requirements).map_err(invalid)?;
        if let Some(user) = layers.user_mut() {
            user.own = Some(table);
        }
        Ok(new)
    })?;
    let Some(version) = outcome else {
        return Err(ConfigWriteError::Validation("nothing was written".to_owned()));
    };
    Ok(ConfigWritten {
        version,
        file,
        overridden: parsed.iter().find_map(|edit| overridden(&layers, edit)),
    })
}

/// Changes the config.toml of a home, which need not exist, as a document. `change` may be called more than once, and says
/// what is wrong if it can't. Blocks.
pub(crate) fn edit_user_file(
    codex_home: &Path,
    change: &dyn Fn(&mut DocumentMut) -> Result<(), String>,
) -> Result<(), ConfigWriteError> {
    edit_file(codex_home, &codex_home.join("config.toml"), change)
}

/// As [`edit_user_file`], of another config.toml: a project's.
pub(crate) fn edit_file(
    codex_home: &Path,
    file: &Path,
    change: &dyn Fn(&mut DocumentMut) -> Result<(), String>,
) -> Result<(), ConfigWriteError> {
    replace_file::replace(codex_home, file, &mut |text| {
        document::changed(text, change).map_err(ConfigWriteError::Validation)
    })
}

/// The layers of a home whose config.toml can't be read: perhaps this very write puts it right.
fn without_user(source: &ConfigSource, error: ConfigError) -> Result<Layers, ConfigError> {
    let is_user =
        matches!(&error, ConfigError::File(problem) if problem.path.as_ref() == Some(&source.user_file()));
    if !is_user {
        return Err(error);
    }
    let elsewhere = ConfigSource {
        codex_home: source.codex_home.join("none"),
        profile: None,
        ..source.clone()
    };
    Layers::load(&elsewhere, None, &[], Wanted::Enabled)
}

fn is_same_file(meant: &Path, file: &Path) -> bool {
    // There is no folder that a relative path counts from.
    meant == file
        || meant.is_absolute()
            && match (meant.canonicalize(), file.canonicalize()) {
                (Ok(meant), Ok(file)) => meant == file,
                _ => false,
            }
}

fn parse(edits: &[ConfigEdit]) -> Result<Vec<Edit>, ConfigWriteError> {
    let parse = |edit: &ConfigEdit| {
        let path = key_path::parse(&edit.key_path)?;
        if path == ["profile"] && !edit.value.is_null() {
            return Err(
                "`profile` is a legacy config selector and can no longer be written; use `--profile <name>` with \
                 `<name>.config.toml` instead"
                    .to_owned(),
            );
        }
        if path.first().is_some_and(|first| first == "profiles") && !edit.value.is_null() {
            return Err(
                "`profiles` holds legacy config profile tables and can no longer be written; use `--profile <name>` with \
                 `<name>.config.toml` instead"
                    .to_owned(),
            );
        }
        Ok(Edit {
            path,
            value: Some(&edit.value).filter(|value| !value.is_null()).cloned(),
            upsert: edit.upsert,
        })
    };
    edits
        .iter()
        .map(parse)
        .collect::<Result<_, String>>()
        .map_err(ConfigWriteError::Validation)
}

/// The edit with the present secrets in place of masks. `None`: there is nothing left to do.
fn unmasked(edit: &Edit, before: &Table) -> Option<Result<Edit, ConfigWriteError>> {
    let mut value = edit.value.clone();
    if let Some(new) = &mut value {
        let present = at(before, &edit.path).map(to_json);
        match unmask(new, present.as_ref()) {
            Unmasked::Done => {}
            Unmasked::Nothing => return None,
            Unmasked::Unknown => {
                let message = format!(
                    "invalid value for `{}`: `{MASK}` stands for a secret that is not in this list any more; write the \
                     secret itself",
                    edit.path.join(".")
                );
                return Some(Err(ConfigWriteError::Validation(message)));
            }
        }
    }
    Some(Ok(Edit {
        value,
        ..edit.clone()
    }))
}

/// What became of a value with masks.
enum Unmasked {
    /// It has none any more.
    Done,
    /// It is a mask, and nothing is there that it could stand for.
    Nothing,
    /// A list has a mask in a place that has nothing.
    Unknown,
}

fn unmask(new: &mut Json, present: Option<&Json>) -> Unmasked {
    match new {
        Json::String(text) if text == MASK => match present {
            Some(present) => {
                *new = present.clone();
                Unmasked::Done
            }
            None => Unmasked::Nothing,
        },
        Json::Object(members) => {
            let mut all = Map::new();
            for (name, mut value) in std::mem::take(members) {
                match unmask(&mut value, present.and_then(|present| present.get(&name))) {
                    Unmasked::Done => drop(all.insert(name, value)),
                    Unmasked::Nothing => {}
                    Unmasked::Unknown => return Unmasked::Unknown,
                }
            }
            *members = all;
            Unmasked::Done
        }
        Json::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                match unmask(item, present.and_then(|present| present.get(index))) {
                    Unmasked::Done => {}
                    Unmasked::Nothing | Unmasked::Unknown => return Unmasked::Unknown,
                }
            }
            Unmasked::Done
        }
        _ => Unmasked::Done,
    }
}

fn invalid(message: impl Display) -> ConfigWriteError {
    ConfigWriteError::Validation(format!("Invalid configuration: {message}"))
}

/// Checks what these edits say, and the servers that come of it: they must make sense without other layers, which may go.
/// What else is wrong with the file keeps nobody from writing. `user`: the file as it is then.
fn check_edits(edits: &[Edit], user: &Table, requirements: &Requirements) -> Result<(), String> {
    for edit in edits {
        let Some(value) = &edit.value else { continue };
        kinds::check(&edit.path, value)?;
        let [first, rest @ ..] = &*edit.path else { continue };
        if first != "mcp_servers" {
            continue;
        }
        let named = rest.first().cloned().into_iter();
        let all = value.as_object().filter(|_| rest.is_empty());
        for name in named.chain(all.into_iter().flat_map(|all| all.keys().cloned())) {
            mcp_servers::check(&name, user, requirements)?;
        }
    }
    Ok(())
}

/// What the file would say, if it may say that.
fn validated(text: &str, file: &Path, requirements: &Arc<Requirements>) -> Result<Table, ConfigWriteError> {
    if text.len() > super::file::MAX_FILE {
        return Err(invalid(format!(
            "{} would be larger than {} bytes",
            file.display(),
            super::file::MAX_FILE
        )));
    }
    let toml: ConfigToml = toml::from_str(text).map_err(|error| {
        let at = error.span().and_then(|span| key_at(text, span.start));
        let place = at
            .map(|key| format!("\nin `{}`\n", key.join(".")))
            .unwrap_or_default();
        invalid(format!("{}{place}", without_values(error.message().trim())))
    })?;
    if toml.approval_policy == Some(ApprovalPolicy::Untrusted) {
        return Err(invalid(
            "approval_policy = \"untrusted\" is no longer supported; use \"on-request\"".to_owned(),
        ));
    }
    if let Err((message, at)) = check_providers(&toml)
        // The provider may be defined by another layer, or by the next write.
        && at != ["model_provider"]
    {
        return Err(invalid(message));
    }
    for (name, value) in &toml.features {
        if let (Some(feature), Some(on)) = (features::find(name), value.enabled) {
            requirements
                .check(Setting::Feature(feature.key, on))
                .map_err(|violation| invalid(violation.to_string()))?;
        }
    }
    text.parse().map_err(|error: toml::de::Error| {
        let range = error.span().map(|span| range_in(text, span));
        ConfigWriteError::Config(ConfigError::File(ConfigProblem {
            path: Some(file.to_owned()),
            range,
            message: error.message().to_owned(),
        }))
    })
}

/// What keeps a value that was written from holding.
fn overridden(layers: &Layers, edit: &Edit) -> Option<Overridden> {
    let user = layers.user()?;
    let written = at(user.table(), &edit.path)?;
    let mut merged = Table::new();
    for layer in layers.enabled() {
        merge(&mut merged, layer.table().clone());
    }
    let effective = at(&merged, &edit.path);
    if effective == Some(written) {
        return None;
    }
    let above = layers
        .from_the_top()
        .take_while(|layer| layer.source != user.source);
    let winner = above
        .into_iter()
        .find(|layer| says_something_of(layer, &edit.path))?;
    let mut effective = effective.map(to_json).unwrap_or_default();
    mask(&mut effective, &mut edit.path.clone());
    Some(Overridden {
        message: match &winner.source {
            LayerSource::SessionFlags => "Overridden by session flags".to_owned(),
            LayerSource::Managed { file } => {
                format!("Overridden by legacy managed_config.toml: {}", file.display())
            }
            other => format!("Overridden by {other}"),
        },
        layer: version(winner),
        effective,
    })
}

/// Whether a layer has the key, something below it, or a value in place of a table above it.
fn says_something_of(layer: &Layer, path: &[String]) -> bool {
    let mut value = None;
    let mut table = layer.table();
    for name in path {
        value = table.get(name);
        match value {
            Some(Value::Table(below)) => table = below,
            Some(_) => return true,
            None => return false,
        }
    }
    value.is_some()
}

#[cfg(test)]
mod tests;
