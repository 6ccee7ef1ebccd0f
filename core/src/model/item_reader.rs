//! Items from JSON: of a model server, of a rollout file, of a client.
//!
//! Servers, gateways and older programs write the same item in many ways. A member that can't be read costs that
//! member; an item lacks something only if it makes no sense without it, and is then kept as it came.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::items::{ContentItem, FunctionOutput, KnownItem, ReasoningContent, ResponseItem, SummaryPart};
use crate::MessagePhase;

impl<'de> Deserialize<'de> for ResponseItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
}

impl From<Value> for ResponseItem {
    fn from(value: Value) -> Self {
        match value {
            Value::Object(map) => match known(Members(map)) {
                Ok(item) => Self::Known(item),
                Err(Members(map)) => Self::Other(Value::Object(map)),
            },
            other => Self::Other(other),
        }
    }
}

/// Reads an item of a kind that the engine looks into; gives the members back if it is another one, or lacks what it
/// can't be without.
fn known(mut item: Members) -> Result<KnownItem, Members> {
    let needs: &[&str] = match item.kind() {
        "message" => &["role"],
        "function_call" | "custom_tool_call" => &["call_id", "name"],
        "function_call_output" | "custom_tool_call_output" => &["call_id"],
        "reasoning" | "web_search_call" => &[],
        _ => return Err(item),
    };
    if !needs.iter().all(|name| item.has_text(name)) {
        return Err(item);
    }
    let kind = item.0.remove("type");
    let id = item.text("id").filter(|id| !id.is_empty());
    let known = match kind.as_ref().and_then(Value::as_str).unwrap_or_default() {
        "message" => {
            let role = item.text("role").unwrap_or_default();
            KnownItem::Message {
                content: content(item.0.remove("content"), &role),
                id,
                role,
                phase: item.phase(),
                extra: item.0,
            }
        }
        "reasoning" => KnownItem::Reasoning {
            id,
            summary: list(item.0.remove("summary"), summary_part),
            content: item
                .0
                .remove("content")
                .filter(|content| !content.is_null())
                .map(|content| list(Some(content), reasoning_part)),
            encrypted_content: item.text("encrypted_content"),
            extra: item.0,
        },
        "function_call" => KnownItem::FunctionCall {
            id,
            name: item.text("name").unwrap_or_default(),
            namespace: item.text("namespace").filter(|namespace| !namespace.is_empty()),
            arguments: written(item.0.remove("arguments")).unwrap_or_else(|| "{}".to_owned()),
            call_id: item.text("call_id").unwrap_or_default(),
            extra: item.0,
        },
        "function_call_output" => KnownItem::FunctionCallOutput {
            id,
            call_id: item.text("call_id").unwrap_or_default(),
            output: output(item.0.remove("output")),
            extra: item.0,
        },
        "custom_tool_call" => KnownItem::CustomToolCall {
            id,
            name: item.text("name").unwrap_or_default(),
            input: written(item.0.remove("input")).unwrap_or_default(),
            call_id: item.text("call_id").unwrap_or_default(),
            extra: item.0,
        },
        "custom_tool_call_output" => KnownItem::CustomToolCallOutput {
            id,
            call_id: item.text("call_id").unwrap_or_default(),
            output: output(item.0.remove("output")),
            extra: item.0,
        },
        _ => KnownItem::WebSearchCall {
            id,
            status: item.text("status"),
            action: item.0.remove("action").filter(Value::is_object),
            extra: item.0,
        },
    };
    Ok(known)
}

/// The members of an item that have not been read yet.
struct Members(Map<String, Value>);

impl Members {
    fn kind(&self) -> &str {
        self.0.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    fn has_text(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Number(_)) => true,
            _ => false,
        }
    }

    /// A text, or a number as text.
    fn text(&mut self, name: &str) -> Option<String> {
        scalar(self.0.remove(name)?)
    }

    /// A phase that we don't know stays with the members that are given back.
    fn phase(&mut self) -> Option<MessagePhase> {
        let value = self.0.remove("phase")?;
        let phase = MessagePhase::deserialize(&value).ok();
        if phase.is_none() && value.is_string() {
            self.0.insert("phase".to_owned(), value);
        }
        phase
    }
}

fn scalar(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// A text as it is, anything else as the JSON that it should have been the text of.
fn written(value: Option<Value>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// What can be read of a list. A single thing stands for a list of one.
fn list<T>(value: Option<Value>, read: impl FnMut(Value) -> Option<T>) -> Vec<T> {
    match value {
        Some(Value::Array(all)) => all.into_iter().filter_map(read).collect(),
        Some(one) => Some(one).into_iter().filter_map(read).collect(),
        None => Vec::new(),
    }
}

fn content(value: Option<Value>, role: &str) -> Vec<ContentItem> {
    list(value, |part| content_part(part, role))
}

fn content_part(part: Value, role: &str) -> Option<ContentItem> {
    let plain = |text, extra| {
        if role == "assistant" {
            ContentItem::OutputText { text, extra }
        } else {
            ContentItem::InputText { text, extra }
        }
    };
    let mut part = match part {
        Value::Object(map) => Members(map),
        Value::String(text) => return Some(plain(text, Map::new())),
        _ => return None,
    };
    let kind = part.kind().to_owned();
    match kind.as_str() {
        "" if !part.0.contains_key("text") => Some(ContentItem::Other(Value::Object(part.0))),
        "output_text" | "input_text" | "text" | "" => {
            part.0.remove("type");
            let text = part.0.remove("text").and_then(text_of).unwrap_or_default();
            let extra = part.0;
            Some(match kind.as_str() {
                "output_text" => ContentItem::OutputText { text, extra },
                "input_text" => ContentItem::InputText { text, extra },
                _ => plain(text, extra),
            })
        }
        "input_image" => {
            part.0.remove("type");
            let url = part.0.remove("image_url");
            Some(ContentItem::InputImage {
                image_url: url.and_then(|url| match url {
                    Value::Object(mut map) => map.remove("url").and_then(scalar),
                    url => scalar(url),
                }),
                file_id: part.text("file_id"),
                detail: part.text("detail"),
                extra: part.0,
            })
        }
        _ => Some(ContentItem::Other(Value::Object(part.0))),
    }
}

/// The text of a part, which some servers wrap once more.
fn text_of(value: Value) -> Option<String> {
    match value {
        Value::Object(mut map) => map
            .remove("value")
            .or_else(|| map.remove("text"))
            .and_then(scalar),
        other => scalar(other),
    }
}

fn summary_part(part: Value) -> Option<SummaryPart> {
    match part {
        Value::String(text) => Some(SummaryPart::SummaryText { text }),
        Value::Object(mut map) => match map.get("type").and_then(Value::as_str) {
            Some("summary_text") | None if map.contains_key("text") => Some(SummaryPart::SummaryText {
                text: map.remove("text").and_then(text_of).unwrap_or_default(),
            }),
            Some(_) => Some(SummaryPart::Other(Value::Object(map))),
            None => None,
        },
        _ => None,
    }
}

fn reasoning_part(part: Value) -> Option<ReasoningContent> {
    match part {
        Value::String(text) => Some(ReasoningContent::ReasoningText { text }),
        Value::Object(mut map) => {
            let kind = map
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            let mut text = || map.remove("text").and_then(text_of).unwrap_or_default();
            match kind.as_str() {
                "reasoning_text" => Some(ReasoningContent::ReasoningText { text: text() }),
                "text" => Some(ReasoningContent::Text { text: text() }),
                "" => None,
                _ => Some(ReasoningContent::Other(Value::Object(map))),
            }
        }
        _ => None,
    }
}

fn output(value: Option<Value>) -> FunctionOutput {
    match value {
        Some(Value::Array(parts)) => FunctionOutput::Parts(content(Some(Value::Array(parts)), "user")),
        // Older programs wrote the output with whether it went well.
        Some(Value::Object(mut map)) if map.get("content").is_some_and(Value::is_string) => {
            FunctionOutput::Text(map.remove("content").and_then(scalar).unwrap_or_default())
        }
        other => FunctionOutput::Text(written(other).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(json: Value) -> (String, Vec<ContentItem>, Option<MessagePhase>) {
        match ResponseItem::from(json) {
            ResponseItem::Known(KnownItem::Message {
                role, content, phase, ..
            }) => (role, content, phase),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_message_is_read_member_by_member() {
        let said = |text: &str| vec![ContentItem::output_text(text)];
        for (content, expected) in [
            (json!("hi"), said("hi")),
            (json!(["hi"]), said("hi")),
            (json!({"type": "output_text", "text": "hi"}), said("hi")),
            (json!([{"type": "text", "text": "hi"}]), said("hi")),
            (json!([{"text": {"value": "hi"}}]), said("hi")),
            (json!([{"type": "output_text", "text": 5}]), said("5")),
            (json!([{"type": "output_text", "text": null}]), said("")),
            (
                json!([7, {"type": "output_text", "text": "hi"}, null]),
                said("hi"),
            ),
            (json!(null), Vec::new()),
        ] {
            let item =
                json!({"type": "message", "role": "assistant", "id": 7, "phase": [], "content": content});
            assert_eq!(message(item), ("assistant".into(), expected, None), "{content}");
        }
        let item = json!({"type": "message", "role": "assistant", "content": []});
        assert_eq!(message(item).1, []);
    }

    #[test]
    fn members_that_are_not_known_are_kept_and_written_again() {
        for item in [
            json!({"type": "message", "id": "m", "role": "assistant", "status": "completed", "phase": "musing",
                "content": [{"type": "output_text", "text": "hi", "annotations": [{"type": "url_citation"}],
                    "logprobs": []}, {"type": "refusal", "refusal": "no"}]}),
            json!({"type": "function_call", "id": "f", "call_id": "c", "name": "n", "arguments": "{}",
                "status": "completed"}),
            json!({"type": "web_search_call", "id": "w", "status": "completed",
                "action": {"type": "search", "query": "q", "sources": [{"url": "u"}]}}),
            json!({"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "s"}, {"type": "x"}],
                "encrypted_content": "e", "status": null}),
        ] {
            let read = ResponseItem::from(item.clone());
            assert!(matches!(read, ResponseItem::Known(_)), "{item}");
            assert_eq!(serde_json::to_value(&read).unwrap(), item);
        }
    }

    #[test]
    fn calls_are_read_whatever_form_their_arguments_have() {
        for (arguments, expected) in [
            (json!({"cmd": "ls"}), r#"{"cmd":"ls"}"#),
            (json!("{}"), "{}"),
            (json!(null), "{}"),
            (json!([1]), "[1]"),
        ] {
            let item = json!({"type": "function_call", "call_id": 3, "name": "n", "arguments": arguments});
            match ResponseItem::from(item) {
                ResponseItem::Known(KnownItem::FunctionCall {
                    arguments, call_id, ..
                }) => {
                    assert_eq!((arguments.as_str(), call_id.as_str()), (expected, "3"));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn outputs_are_read_in_all_their_forms() {
        let read = |output: Value| match ResponseItem::from(
            json!({"type": "function_call_output", "call_id": "c", "output": output}),
        ) {
            ResponseItem::Known(KnownItem::FunctionCallOutput { output, .. }) => output,
            other => panic!("{other:?}"),
        };
        let text = |text: &str| FunctionOutput::Text(text.into());
        assert_eq!(read(json!("a")), text("a"));
        assert_eq!(read(json!({"content": "a", "success": true})), text("a"));
        assert_eq!(read(json!(null)), text(""));
        assert_eq!(read(json!({"a": 1})), text(r#"{"a":1}"#));
        assert_eq!(
            read(json!([{"type": "input_text", "text": "a"}, "b"])),
            FunctionOutput::Parts(vec![ContentItem::input_text("a"), ContentItem::input_text("b")])
        );
    }

    #[test]
    fn what_makes_no_sense_is_kept_as_it_came() {
        for item in [
            json!("text"),
            json!(null),
            json!({"type": "message", "content": []}),
            json!({"type": "function_call", "name": "n"}),
            json!({"type": "function_call_output", "output": "x"}),
            json!({"type": "ghost_snapshot", "x": 1}),
            json!({"role": "user", "content": "x"}),
        ] {
            assert_eq!(ResponseItem::from(item.clone()), ResponseItem::Other(item));
        }
    }
}
