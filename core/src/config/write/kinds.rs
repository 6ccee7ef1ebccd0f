//! Whether what is written is of the kind that its key holds. Tables that are read member by member pass over what is
//! of another kind: a value that was written there would be lost without a word.

use serde_json::Value as Json;

use super::super::keys::{self, Key, Kind};
use super::super::shapes;

/// Checks the value of a key, and of all known keys below it. What nobody knows is nobody's mistake.
pub(super) fn check(path: &[String], value: &Json) -> Result<(), String> {
    check_listed(path, value)?;
    shapes::check(path, value)
        .map_err(|(place, expected)| format!("invalid value, expected {expected}\nin `{place}`\n"))
}

fn check_listed(path: &[String], value: &Json) -> Result<(), String> {
    let mut prefix = String::new();
    let mut rest = path;
    while let Some((name, below)) = rest.split_first() {
        let Some(key) = keys::find(&prefix, name) else {
            return Ok(());
        };
        if below.is_empty() {
            return check_key(key, value, &mut path.to_vec());
        }
        if !may_be_table(key.kind) {
            return Err(wrong("map", key, &path[..path.len() - below.len()]));
        }
        prefix = format!("{}.", key.path);
        rest = below;
    }
    Ok(())
}

impl Kind {
    /// Whether a value is of this kind.
    pub(in crate::config) fn holds(self, value: &Json) -> bool {
        let is_text = value.is_string();
        let is_list_of =
            |is_item: fn(&Json) -> bool| value.as_array().is_some_and(|items| items.iter().all(is_item));
        match self {
            Self::Boolean => value.is_boolean(),
            Self::Integer => value.is_i64(),
            // What words say is for the reader to judge: some keys take more than they show, or a table.
            Self::Text | Self::Path => is_text,
            Self::List => is_list_of(Json::is_string),
            Self::Tables => is_list_of(Json::is_object),
            Self::TextOrList => is_text || is_list_of(Json::is_string),
            Self::Words(_) | Self::TextOrTable => is_text || value.is_object(),
            Self::BooleanOrTable => value.is_boolean() || value.is_object(),
            Self::Map | Self::Table | Self::CheckedTable | Self::Features => value.is_object(),
            Self::Any => true,
        }
    }
}

fn check_key(key: &Key, value: &Json, path: &mut Vec<String>) -> Result<(), String> {
    // Its own reader knows more; see `mcp_servers.rs`.
    if key.path.starts_with("mcp_servers.") {
        return Ok(());
    }
    if value.is_null() {
        return Ok(());
    }
    if !key.kind.holds(value) {
        return Err(wrong(kind_of(value), key, path));
    }
    let Json::Object(members) = value else {
        return Ok(());
    };
    let prefix = format!("{}.", key.path);
    for (name, value) in members {
        if let Some(key) = keys::find(&prefix, name) {
            path.push(name.clone());
            check_key(key, value, path)?;
            path.pop();
        }
    }
    Ok(())
}

fn may_be_table(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Table
            | Kind::CheckedTable
            | Kind::Features
            | Kind::Map
            | Kind::BooleanOrTable
            | Kind::TextOrTable
            // Of a word that has details.
            | Kind::Words(_)
    )
}

fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(number) if number.is_f64() => "floating point",
        Json::Number(_) => "integer",
        Json::String(_) => "string",
        Json::Array(_) => "sequence",
        Json::Object(_) => "map",
    }
}

/// The value itself is not quoted: it may be a secret.
fn wrong(found: &str, key: &Key, path: &[String]) -> String {
    let expected = key.kind.in_words();
    format!(
        "invalid type: {found}, expected {expected}\nin `{}`\n",
        path.join(".")
    )
}
