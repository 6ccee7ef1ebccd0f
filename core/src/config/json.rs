//! TOML as JSON.

use serde_json::Value as Json;
use toml::Value;

/// A TOML value as JSON: dates are texts, numbers that JSON doesn't have are null.
pub(super) fn to_json(value: &Value) -> Json {
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
