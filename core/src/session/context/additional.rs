//! What clients tell the model beside what users say (docs/contract/context.md#first-request).

use std::collections::BTreeMap;

use serde_json::json;

use super::ContextTracker;
use crate::exec::cut_middle;
use crate::model::ResponseItem;
use crate::session::history::message;
use crate::{ContextEntry, new_id};

/// Longest text of an entry of the client's context that is sent whole, in bytes.
const MAX_ADDITIONAL_BYTES: usize = 4000;

/// What an entry of the client's context is called whose key has nothing that the name of a tool may have.
const UNNAMED_CONTEXT: &str = "untrusted_content";

impl ContextTracker {
    /// Messages for what is new in the client's context, or has another text. What is not among it any more counts as
    /// unknown from then on.
    pub(crate) fn additional(&mut self, entries: &BTreeMap<String, ContextEntry>) -> Vec<ResponseItem> {
        let news = entries
            .iter()
            .filter(|(key, entry)| self.additional.get(*key) != Some(entry));
        let messages = news.map(|(key, entry)| additional_message(key, entry)).collect();
        self.additional.clone_from(entries);
        messages
    }
}

/// What the model reads of an entry of the client's context.
fn additional_message(key: &str, entry: &ContextEntry) -> ResponseItem {
    let mut value = entry.value.clone();
    cut_middle(&mut value, MAX_ADDITIONAL_BYTES);
    if entry.trusted {
        return message("developer", [format!("<{key}>{value}</{key}>")]);
    }
    // As the output of a tool, so that the model takes it for data and not for orders.
    ResponseItem::Other(json!({
        "type": "function_call_output",
        "id": format!("fco_{}", new_id()),
        "name": tool_name(key),
        "namespace": "agent",
        "output": value,
    }))
}

/// A name that servers take for one of a tool; they refuse requests with others.
fn tool_name(key: &str) -> String {
    let name: String = key
        .chars()
        .map(|c| if c == ' ' { '_' } else { c })
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect();
    if name.is_empty() {
        return UNNAMED_CONTEXT.to_owned();
    }
    name
}
