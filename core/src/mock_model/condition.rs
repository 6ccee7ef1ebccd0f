//! What a script may ask of a request.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Deserialize;
use serde_json::Value;

use super::journal::{Request, Transport};

/// A condition on a model request. Every member that is given must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Condition {
    /// Texts that each occur somewhere in `input`.
    pub input_contains: Vec<String>,
    /// Texts that occur nowhere in `input`.
    pub input_lacks: Vec<String>,
    /// A part of the body: objects must have these members with these values, arrays must agree in length.
    pub body: Option<Value>,
    /// Headers with their value; null for a header that must be absent.
    pub headers: BTreeMap<String, Option<String>>,
    /// `http` or `websocket`.
    pub transport: Option<Transport>,
    /// Number of the connection, counted from 0.
    pub connection: Option<usize>,
}

impl Condition {
    /// A text occurs in the input.
    pub fn input(text: &str) -> Self {
        Self::default().and_input(text)
    }

    /// The body has this part.
    pub fn body(part: Value) -> Self {
        Self {
            body: Some(part),
            ..Self::default()
        }
    }

    /// A text occurs in the input too.
    #[must_use]
    pub fn and_input(mut self, text: &str) -> Self {
        self.input_contains.push(text.to_owned());
        self
    }

    /// A text doesn't occur in the input.
    #[must_use]
    pub fn and_not(mut self, text: &str) -> Self {
        self.input_lacks.push(text.to_owned());
        self
    }

    /// A header has this value, or is absent.
    #[must_use]
    pub fn and_header(mut self, name: &str, value: Option<&str>) -> Self {
        self.headers.insert(name.to_owned(), value.map(str::to_owned));
        self
    }

    /// The first difference between the request and this condition.
    pub fn mismatch(&self, request: &Request) -> Option<String> {
        let input = &request.body["input"];
        for text in &self.input_contains {
            if !contains(input, text) {
                return Some(format!("`input` doesn't contain {text:?}"));
            }
        }
        for text in &self.input_lacks {
            if contains(input, text) {
                return Some(format!("`input` contains {text:?}"));
            }
        }
        for (name, wanted) in &self.headers {
            let found = request.header(name);
            if found != wanted.as_deref() {
                return Some(format!("header `{name}` is {found:?}, not {wanted:?}"));
            }
        }
        if let Some(transport) = self.transport.filter(|wanted| *wanted != request.transport) {
            return Some(format!("came by {:?}, not {transport:?}", request.transport));
        }
        if let Some(connection) = self.connection.filter(|wanted| *wanted != request.connection) {
            return Some(format!(
                "came on connection {}, not {connection}",
                request.connection
            ));
        }
        let part = self.body.as_ref()?;
        difference(part, &request.body, &mut String::from("body"))
    }
}

/// Whether any string in the value contains the text.
fn contains(value: &Value, text: &str) -> bool {
    match value {
        Value::String(string) => string.contains(text),
        Value::Array(items) => items.iter().any(|item| contains(item, text)),
        Value::Object(members) => members.values().any(|member| contains(member, text)),
        _ => false,
    }
}

/// The first place where `found` lacks something of `part`.
fn difference(part: &Value, found: &Value, path: &mut String) -> Option<String> {
    let length = path.len();
    match (part, found) {
        (Value::Object(part), Value::Object(found)) => {
            for (name, wanted) in part {
                path.push('.');
                path.push_str(name);
                match found.get(name) {
                    None => return Some(format!("`{path}` is missing")),
                    Some(value) => {
                        if let Some(text) = difference(wanted, value, path) {
                            return Some(text);
                        }
                    }
                }
                path.truncate(length);
            }
            None
        }
        (Value::Array(part), Value::Array(found)) if part.len() == found.len() => {
            for (index, (wanted, value)) in part.iter().zip(found).enumerate() {
                let _ = write!(path, "[{index}]");
                if let Some(text) = difference(wanted, value, path) {
                    return Some(text);
                }
                path.truncate(length);
            }
            None
        }
        _ if part == found => None,
        _ => Some(format!("`{path}` is {found}, not {part}")),
    }
}
