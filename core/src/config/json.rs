//! TOML values: as JSON, and by their paths.

use serde_json::Value as Json;
use toml::{Table, Value};

/// A TOML value as JSON: dates are texts, numbers that JSON doesn't have are null.
pub(crate) fn to_json(value: &Value) -> Json {
    match value {
        Value::String(text) => Json::String(text.clone()),
        Value::Integer(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
        Value::Boolean(switch) => Json::Bool(*switch),
        Value::Datetime(time) => Json::String(time.to_string()),
        Value::Array(items) => items.iter().map(to_json).collect(),
        Value::Table(table) => table
            .iter()
            .map(|(key, value)| (key.clone(), to_json(value)))
            .collect(),
    }
}

/// The value at a path of names.
pub(super) fn at<'a>(table: &'a Table, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let mut value = table.get(first)?;
    for name in rest {
        value = value.as_table()?.get(name)?;
    }
    Some(value)
}

/// Whether a path of names fits a pattern, in which `*` is any name.
pub(super) fn fits<'a>(pattern: impl ExactSizeIterator<Item = &'a str>, path: &[String]) -> bool {
    pattern.len() == path.len() && pattern.zip(path).all(|(want, name)| want == "*" || want == name)
}
