//! JSON for the model in the order in which servers write it.

use serde::{Serialize, Serializer};
use serde_json::Value;

/// Members that come first, in this order: what a thing is, before what it holds. The others follow by name.
const FIRST: [&str; 15] = [
    "server",
    "type",
    "resource",
    "resources",
    "resourceTemplates",
    "uri",
    "uriTemplate",
    "name",
    "title",
    "description",
    "mimeType",
    "size",
    "text",
    "blob",
    "contents",
];

/// Blocks of results, resources and lists of them as text.
pub(super) fn to_text(value: &Value) -> String {
    serde_json::to_string(&Ordered(value)).unwrap_or_default()
}

struct Ordered<'a>(&'a Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(entries) => serializer.collect_seq(entries.iter().map(Ordered)),
            Value::Object(members) => {
                let first = FIRST.iter().filter_map(|name| members.get_key_value(*name));
                let others = members.iter().filter(|(name, _)| !FIRST.contains(&name.as_str()));
                serializer.collect_map(first.chain(others).map(|(name, value)| (name, Ordered(value))))
            }
            plain => plain.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_thing_is_comes_before_what_it_holds() {
        let list = json!({"nextCursor": "2", "resources": [{"name": "n", "uri": "u", "server": "s", "_meta": {}}],
            "server": "s"});
        assert_eq!(
            to_text(&list),
            r#"{"server":"s","resources":[{"server":"s","uri":"u","name":"n","_meta":{}}],"nextCursor":"2"}"#
        );
        let block = json!({"annotations": null, "type": "resource", "resource": {"text": "t", "mimeType": "m", "uri": "u"}});
        assert_eq!(
            to_text(&block),
            r#"{"type":"resource","resource":{"uri":"u","mimeType":"m","text":"t"},"annotations":null}"#
        );
    }
}
