//! Keys that are set in vain: unknown ones, which are mostly typos, and those that this release does not act on yet
//! (docs/contract/configuration.md#mistakes).

use toml::{Table, Value};

use super::keys::{self, Effect, Kind};
use super::layers::{Layer, LayerSource, Layers, Wanted};
use super::{ConfigOverride, ConfigSource, shapes};
use crate::features;

/// Keys that are read for the daemon as a whole: where its databases are, and its account.
const OF_DAEMON: [&str; 5] = [
    "chatgpt_base_url",
    "cli_auth_credentials_store",
    "forced_chatgpt_workspace_id",
    "forced_login_method",
    "sqlite_home",
];
/// How many keys are named.
const NAMED: usize = 3;

/// Says which keys of these layers are unknown. `None`: all are known.
pub(super) fn unknown_settings(layers: &Layers) -> Option<String> {
    VainKeys::find(layers).unknown()
}

/// Says which keys of the files and of the overrides (`extra`: those of one thread) are unknown, and which are known but
/// have no effect: yet, or in a thread. `None`: there are none, or a file can't be read, which others report.
pub fn key_warnings(source: &ConfigSource, extra: &[ConfigOverride]) -> Option<String> {
    let vain = VainKeys::find(&Layers::load(source, None, extra, Wanted::Enabled).ok()?);
    let all = [vain.unknown(), vain.ineffective(), of_daemon(extra)];
    let all: Vec<_> = all.into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

/// Says which overrides of one thread are for the daemon as a whole.
fn of_daemon(extra: &[ConfigOverride]) -> Option<String> {
    let keys = OF_DAEMON
        .iter()
        .filter(|key| extra.iter().any(|one| one.is_of(key)));
    let layer = LayerSource::SessionFlags.to_string();
    let keys: Vec<_> = keys.map(|key| (layer.clone(), (*key).to_owned())).collect();
    let head = match keys.len() {
        0 => return None,
        1 => "1 setting has no effect in a thread.".to_owned(),
        count => format!("{count} settings have no effect in a thread."),
    };
    Some(list(
        head,
        &keys,
        "holds for all threads: set it in the user's config.toml",
    ))
}

/// Full keys with the layer that they are in, as users are told of it.
#[derive(Default)]
struct VainKeys {
    unknown: Vec<(String, String)>,
    ineffective: Vec<(String, String)>,
}

impl VainKeys {
    /// The highest layer comes first.
    fn find(layers: &Layers) -> Self {
        let mut found = Self::default();
        for layer in layers.enabled().rev() {
            found.add_layer(layer);
        }
        found
    }

    /// Adds the keys of a layer.
    fn add_layer(&mut self, layer: &Layer) {
        let mut add = |vain: &VainKeysOfTable| {
            for (keys, all) in [
                (&vain.unknown, &mut self.unknown),
                (&vain.ineffective, &mut self.ineffective),
            ] {
                all.extend(keys.iter().map(|key| (layer.source.to_string(), key.clone())));
            }
        };
        match (&layer.own, &layer.file) {
            (None, Some(file)) => add(file.vain_keys()),
            _ => add(&VainKeysOfTable::find(layer.table())),
        }
    }

    fn unknown(&self) -> Option<String> {
        let what = match self.unknown.len() {
            0 => return None,
            1 => "1 setting is not known and has no effect.".to_owned(),
            count => format!("{count} settings are not known and have no effect."),
        };
        let head = format!("{what} Check for typos and for names from other releases.");
        Some(list(head, &self.unknown, "is ignored"))
    }

    fn ineffective(&self) -> Option<String> {
        let head = match self.ineffective.len() {
            0 => return None,
            1 => "1 setting has no effect.".to_owned(),
            count => format!("{count} settings have no effect."),
        };
        let why = "is known but has no effect in this release";
        Some(list(head, &self.ineffective, why))
    }
}

fn list(head: String, keys: &[(String, String)], what: &str) -> String {
    let mut lines = vec![head];
    let named = keys.iter().take(NAMED);
    lines.extend(named.map(|(layer, key)| format!("  {layer}: `{key}` {what}.")));
    if keys.len() > NAMED {
        lines.push(format!("  ... and {} more", keys.len() - NAMED));
    }
    lines.join("\n")
}

/// What one table sets in vain, in order.
#[derive(Debug, Default)]
pub(super) struct VainKeysOfTable {
    unknown: Vec<String>,
    ineffective: Vec<String>,
}

impl VainKeysOfTable {
    /// Looks at the table of a whole layer.
    pub(super) fn find(table: &Table) -> Self {
        let mut found = Self::default();
        found.look_at("", "", table, true);
        found.unknown.sort_unstable();
        found.ineffective.sort_unstable();
        found
    }

    /// Looks at a table and what is below. `known`: its path in the table of keys, `shown`: as the user wrote it, both
    /// empty or with a dot at the end; `checked`: whether members that are unknown count.
    fn look_at(&mut self, known: &str, shown: &str, table: &Table, checked: bool) {
        for (name, value) in table {
            let Some(key) = keys::find(known, name) else {
                if checked && !shapes::is_member(known, name) {
                    self.unknown.push(format!("{shown}{name}"));
                }
                continue;
            };
            if key.effect == Effect::NotYet {
                // Whoever asks for what is the case anyway misses nothing.
                if value.as_bool().is_none_or(|on| on.to_string() != key.default) {
                    self.ineffective.push(format!("{shown}{name}"));
                }
                if key.kind != Kind::CheckedTable {
                    continue;
                }
            }
            let Value::Table(below) = value else { continue };
            let (known, shown) = (format!("{}.", key.path), format!("{shown}{name}."));
            match key.kind {
                Kind::Features => {
                    let names = below.keys().filter(|name| features::find(name).is_none());
                    self.unknown.extend(names.map(|name| format!("{shown}{name}")));
                }
                Kind::CheckedTable => self.look_at(&known, &shown, below, true),
                Kind::Table | Kind::BooleanOrTable => self.look_at(&known, &shown, below, false),
                _ => {}
            }
        }
    }
}
