//! What requests tell of a tool.

use std::ops::Deref;
use std::sync::OnceLock;

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// A tool as the API takes it. Its JSON is written once, whatever the number of requests: the tools are most of the bytes
/// of a short one.
#[derive(Debug)]
pub struct ToolSpec {
    value: Value,
    json: OnceLock<Option<Box<RawValue>>>,
}

impl From<Value> for ToolSpec {
    fn from(value: Value) -> Self {
        Self {
            value,
            json: OnceLock::new(),
        }
    }
}

impl Deref for ToolSpec {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.value
    }
}

impl PartialEq for ToolSpec {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Serialize for ToolSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = self
            .json
            .get_or_init(|| serde_json::value::to_raw_value(&self.value).ok());
        match json {
            Some(json) => json.serialize(serializer),
            None => self.value.serialize(serializer),
        }
    }
}
