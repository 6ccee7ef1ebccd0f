//! Output items of a model, read as they are meant: what a gateway leaves out is filled in where there is one meaning.

use serde_json::{Map, Value};

use super::{ResponseItem, lenient};
use crate::new_id;

/// Name of a tool that was called without one: the model is told that there is no such tool.
const UNNAMED: &str = "unnamed_tool";

/// Reads an output item. `None` if nothing tells what it is.
pub(super) fn read(raw: &str) -> Option<ResponseItem> {
    let mut map = lenient::object(raw.as_bytes())?;
    let kind = match map.get("type") {
        Some(Value::String(kind)) if !kind.is_empty() => kind.clone(),
        _ => {
            let kind = kind_of(&map)?;
            map.insert("type".to_owned(), kind.into());
            kind.to_owned()
        }
    };
    match kind.as_str() {
        "message" => complete_message(&mut map),
        "function_call" | "custom_tool_call" => complete_call(&mut map),
        _ => {}
    }
    Some(ResponseItem::from(Value::Object(map)))
}

/// What an item that doesn't say so must be.
fn kind_of(map: &Map<String, Value>) -> Option<&'static str> {
    let has = |names: &[&str]| names.iter().any(|name| map.contains_key(*name));
    if has(&["arguments", "function"]) {
        Some("function_call")
    } else if has(&["call_id"]) && has(&["input"]) {
        Some("custom_tool_call")
    } else if has(&["encrypted_content", "summary"]) {
        Some("reasoning")
    } else if has(&["content", "role"]) {
        Some("message")
    } else {
        None
    }
}

fn complete_message(map: &mut Map<String, Value>) {
    if !is_said(map.get("role")) {
        map.insert("role".to_owned(), "assistant".into());
    }
    let content = map.get("content").is_some_and(|content| !content.is_null());
    if !content && let Some(text) = map.remove("text") {
        map.insert("content".to_owned(), text);
    }
}

fn complete_call(map: &mut Map<String, Value>) {
    // As in chat completions.
    if let Some(Value::Object(mut function)) = map.remove("function") {
        for name in ["name", "arguments"] {
            if let Some(value) = function.remove(name)
                && map.get(name).is_none_or(Value::is_null)
            {
                map.insert(name.to_owned(), value);
            }
        }
    }
    if !is_said(map.get("name")) {
        map.insert("name".to_owned(), UNNAMED.into());
    }
    if !is_said(map.get("call_id")) {
        let id = match map.get("id") {
            Some(Value::String(id)) if !id.is_empty() => id.clone(),
            _ => format!("call_{}", new_id()),
        };
        map.insert("call_id".to_owned(), id.into());
    }
}

fn is_said(value: Option<&Value>) -> bool {
    match value {
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Number(_)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{ContentItem, KnownItem};
    use super::*;

    fn call(item: &Value) -> (String, String, String) {
        match read(&item.to_string()) {
            Some(ResponseItem::Known(KnownItem::FunctionCall {
                name,
                arguments,
                call_id,
                ..
            })) => (name, arguments, call_id),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_message_without_a_role_is_the_models() {
        for item in [
            json!({"type": "message", "content": "hi"}),
            json!({"type": "message", "role": null, "content": [{"type": "output_text", "text": "hi"}]}),
            json!({"type": "message", "content": null, "text": "hi"}),
            json!({"role": "assistant", "content": "hi"}),
        ] {
            match read(&item.to_string()) {
                Some(ResponseItem::Known(KnownItem::Message { role, content, .. })) => {
                    assert_eq!(
                        (role.as_str(), content),
                        ("assistant", vec![ContentItem::output_text("hi")])
                    );
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_call_gets_what_it_lacks() {
        let own =
            |name: &str, arguments: &str, id: &str| (name.to_owned(), arguments.to_owned(), id.to_owned());
        assert_eq!(
            call(&json!({"type": "function_call", "id": "fc_1", "name": "n", "arguments": {"a": 1}})),
            own("n", r#"{"a":1}"#, "fc_1")
        );
        assert_eq!(
            call(&json!({"type": "function_call", "call_id": "c", "name": null})),
            own(UNNAMED, "{}", "c")
        );
        assert_eq!(
            call(&json!({"id": "c", "function": {"name": "n", "arguments": "{}"}})),
            own("n", "{}", "c")
        );
        let (_, _, made) = call(&json!({"type": "function_call", "call_id": "", "name": "n"}));
        assert!(made.starts_with("call_"), "{made}");
    }

    #[test]
    fn what_says_nothing_is_none() {
        for raw in ["null", "7", "[]", "{}", r#"{"type":7,"x":1}"#, r#"{"id":"x"}"#] {
            assert_eq!(read(raw), None, "{raw}");
        }
    }
}
