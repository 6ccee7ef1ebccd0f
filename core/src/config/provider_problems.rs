//! The providers of `[model_providers]`, and what is wrong with those that can't be used, and where.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::Table;

use super::ConfigProblem;
use super::error::range_in;
use super::file::File;
use super::layers::Layers;
use super::locate::{key_at, range_of};
use super::provider::Provider;

/// The providers that can be used, by id, and what is wrong with each other one. Such a provider keeps nobody from using
/// another one.
pub(super) fn providers(
    layers: &Layers,
    tables: &BTreeMap<String, Table>,
) -> (BTreeMap<String, Arc<Provider>>, BTreeMap<String, ConfigProblem>) {
    let (mut usable, mut problems) = (BTreeMap::new(), BTreeMap::new());
    for (id, table) in tables {
        match Provider::from_config(id, table) {
            Ok(provider) => drop(usable.insert(id.clone(), Arc::new(provider))),
            Err(message) => drop(problems.insert(id.clone(), problem(layers, id, message))),
        }
    }
    (usable, problems)
}

fn problem(layers: &Layers, id: &str, message: String) -> ConfigProblem {
    let mut files = layers.files();
    let in_file = files.find(|file| is_wrong_in(file, id, &message));
    in_file
        .and_then(|file| located(file, id, &message))
        .unwrap_or(ConfigProblem {
            path: None,
            range: None,
            message,
        })
}

/// Whether the file alone has the same mistake.
fn is_wrong_in(file: &File, id: &str, message: &str) -> bool {
    let table = file
        .table
        .get("model_providers")
        .and_then(|providers| providers.get(id)?.as_table());
    table.is_some_and(|table| Provider::from_config(id, table).is_err_and(|error| error == message))
}

fn located(file: &File, id: &str, message: &str) -> Option<ConfigProblem> {
    let prefix = format!("model_providers.{id}");
    let wrong_type = Provider::type_error_in(&file.text)
        .and_then(|error| error.span())
        .and_then(|span| Some((key_at(&file.text, span.start)?, span)))
        .filter(|(key, _)| key.get(1).is_some_and(|found| found == id));
    let (key, span) = match wrong_type {
        Some(found) => found,
        None => {
            let key = vec!["model_providers".to_owned(), id.to_owned()];
            let named = named_key(file, id, message.strip_prefix(&prefix).unwrap_or(message));
            let key: Vec<_> = key.into_iter().chain(named).collect();
            let span = range_of(&file.text, &key)?;
            (key, span)
        }
    };
    let full = key.join(".");
    let message = match message.strip_prefix(&format!("{prefix}: ")) {
        Some(reason) if key.len() > 2 => format!("{full}: {reason}"),
        _ => message.to_owned(),
    };
    Some(ConfigProblem {
        path: Some(file.path.clone()),
        range: Some(range_in(&file.text, span)),
        message,
    })
}

/// The key of a provider's table that a message names first.
fn named_key(file: &File, id: &str, message: &str) -> Option<String> {
    let table = file.table.get("model_providers")?.get(id)?.as_table()?;
    let place = |key: &String| {
        let words = message.match_indices(key.as_str());
        let whole = |at: usize| {
            let is_part = |c: char| c.is_alphanumeric() || c == '_';
            let before = message[..at].chars().next_back();
            let after = message[at + key.len()..].chars().next();
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        };
        words.map(|(at, _)| at).find(|at| whole(*at))
    };
    let named = table.keys().filter_map(|key| Some((place(key)?, key)));
    named.min().map(|(_, key)| key.clone())
}
