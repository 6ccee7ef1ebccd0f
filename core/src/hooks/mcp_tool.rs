//! Hooks that are tools of MCP servers: what one gives counts as what a command prints.

use std::time::Duration;

use serde_json::Value;

use super::command::{Ended, Ending};
use crate::mcp::ThreadMcp;

/// Longest text of a tool that counts, in bytes.
const MAX_OUTPUT: usize = 1 << 20;

/// Calls a tool with this input, in which `${a.b}` stands for the member `b` of the member `a` of what hooks are told.
pub(super) async fn run(
    mcp: &ThreadMcp,
    (server, tool): (&str, &str),
    input: &Value,
    told: &str,
    timeout: Duration,
) -> Ended {
    let told: Value = serde_json::from_str(told).unwrap_or_default();
    let called = mcp.call_for_client(server, tool, filled(input, &told), None);
    let (ending, output) = match tokio::time::timeout(timeout, called).await {
        Err(_) => (Ending::TimedOut(timeout.as_secs()), String::new()),
        Ok(Err(error)) => (Ending::Broken(error.to_string()), String::new()),
        Ok(Ok(result)) => {
            let text = text_of(&result);
            if text.len() > MAX_OUTPUT {
                (
                    Ending::Broken(format!("hook printed more than {MAX_OUTPUT} bytes")),
                    String::new(),
                )
            } else if result["isError"] == true {
                (Ending::Broken(format!("hook tool failed: {text}")), String::new())
            } else {
                (Ending::Exited(0), text)
            }
        }
    };
    Ended {
        ending,
        output,
        errors: String::new(),
    }
}

/// The texts of a result, one after the other.
fn text_of(result: &Value) -> String {
    let content = result["content"].as_array().into_iter().flatten();
    let texts: Vec<_> = content.filter_map(|block| block["text"].as_str()).collect();
    texts.join("\n")
}

/// An input with what is told in place of its references. A text that is nothing but one becomes the value itself.
fn filled(input: &Value, told: &Value) -> Value {
    match input {
        Value::String(text) => filled_text(text, told),
        Value::Array(values) => values.iter().map(|value| filled(value, told)).collect(),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| (name.clone(), filled(value, told)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

fn filled_text(text: &str, told: &Value) -> Value {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        let value = value_at(&rest[start + 2..start + length], told);
        if start == 0 && length + 1 == text.len() {
            return value.clone();
        }
        filled.push_str(&rest[..start]);
        match value {
            Value::String(value) => filled.push_str(value),
            Value::Null => {}
            value => filled.push_str(&value.to_string()),
        }
        rest = &rest[start + length + 1..];
    }
    filled.push_str(rest);
    Value::String(filled)
}

fn value_at<'a>(path: &str, told: &'a Value) -> &'a Value {
    path.split('.').fold(told, |value, name| &value[name])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_become_what_hooks_are_told() {
        let told = json!({"tool_input": {"path": "/a", "n": 3}, "event": "E"});
        let input = json!({"p": "${tool_input.path}", "n": "${tool_input.n}", "t": ["a ${event}, ${tool_input.n}; ${no}"],
                           "x": "${open", "y": 1});
        assert_eq!(
            filled(&input, &told),
            json!({"p": "/a", "n": 3, "t": ["a E, 3; "], "x": "${open", "y": 1})
        );
    }
}
