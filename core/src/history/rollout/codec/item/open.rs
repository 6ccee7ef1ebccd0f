//! Items whose fields we hand through.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Items whose fields we hand through: camelCase towards clients, snake_case in files.
#[derive(Serialize)]
pub(crate) struct Open<'a> {
    pub(crate) id: Cow<'a, str>,
    #[serde(flatten)]
    pub(crate) fields: Map<String, Value>,
}

impl<'a> Open<'a> {
    pub(crate) fn new(id: Cow<'a, str>, fields: &BTreeMap<String, Value>) -> Self {
        let fields = fields.iter().map(|(k, v)| (snake(k), v.clone())).collect();
        Self { id, fields }
    }
}

pub(crate) fn open_fields(raw: &str) -> Option<BTreeMap<String, Value>> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(raw).ok()?;
    let fields = fields.into_iter().filter(|(k, _)| k != "id" && k != "type");
    Some(
        fields
            .filter_map(|(k, v)| Some((camel(&k), serde_json::from_str(v.get()).ok()?)))
            .collect(),
    )
}

fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut up = false;
    for c in name.chars() {
        if c == '_' {
            up = true;
        } else {
            out.push(if up { c.to_ascii_uppercase() } else { c });
            up = false;
        }
    }
    out
}
