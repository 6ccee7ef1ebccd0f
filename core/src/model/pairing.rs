//! Calls and their outputs: servers refuse a history in which a call has no output, or more than one, or an output no
//! call. Identifiers may recur: an output belongs to the last call with its identifier that has none.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::item_size::ItemSize;
use super::{Extra, FunctionOutput, KnownItem, ResponseItem};

/// What stands for the output of a call that was not finished, or of which nothing is known.
const ABORTED: &str = "aborted";

/// What has no counterpart, by its place in the history, in order.
#[derive(Debug, Default, PartialEq)]
struct Unpaired {
    calls: Vec<usize>,
    outputs: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Family {
    Function,
    Custom,
    Search,
}

enum Part<'a> {
    Call(Family, &'a str),
    Output(Family, &'a str),
}

/// Finds the calls without output and the outputs without a call before them.
fn unpaired(items: &[ResponseItem]) -> Unpaired {
    let mut open: HashMap<(Family, &str), Vec<usize>> = HashMap::new();
    let mut outputs = Vec::new();
    for (place, item) in items.iter().enumerate() {
        match part(item) {
            Some(Part::Call(family, id)) => open.entry((family, id)).or_default().push(place),
            Some(Part::Output(family, id)) if open.get_mut(&(family, id)).and_then(Vec::pop).is_none() => {
                outputs.push(place);
            }
            Some(Part::Output(..)) | None => {}
        }
    }
    let mut calls: Vec<usize> = open.into_values().flatten().collect();
    calls.sort_unstable();
    Unpaired { calls, outputs }
}

/// The places where a history can be cut without separating a call from its output, or a thought from what came of it:
/// before the item with this index.
pub(crate) fn clean_cuts(items: &[ResponseItem]) -> Vec<usize> {
    let mut open: HashMap<(Family, &str), usize> = HashMap::new();
    let mut waiting = 0usize;
    let mut thought = false;
    let mut cuts = Vec::new();
    for (place, item) in items.iter().enumerate() {
        if waiting == 0 && !thought {
            cuts.push(place);
        }
        thought = matches!(item, ResponseItem::Known(KnownItem::Reasoning { .. }));
        match part(item) {
            Some(Part::Call(family, id)) => {
                *open.entry((family, id)).or_default() += 1;
                waiting += 1;
            }
            Some(Part::Output(family, id)) => {
                if let Some(count) = open.get_mut(&(family, id)).filter(|count| **count > 0) {
                    *count -= 1;
                    waiting -= 1;
                }
            }
            None => {}
        }
    }
    cuts
}

/// Answers each call from this place on that has no output with `aborted`, right behind it, and drops outputs of no call:
/// a server refuses a history with either. The same items give the same history whenever that is done, so that what was
/// sent once is sent again as it was. Gives the size of what has been put in.
pub(crate) fn close_calls(items: &mut Vec<ResponseItem>, from: usize) -> ItemSize {
    let mut added = ItemSize::default();
    let unpaired = unpaired(items.get(from..).unwrap_or_default());
    if unpaired == Unpaired::default() {
        return added;
    }
    let new = items.split_off(from);
    items.reserve(new.len() + unpaired.calls.len());
    for (place, item) in new.into_iter().enumerate() {
        if unpaired.outputs.binary_search(&place).is_ok() {
            continue;
        }
        let is_open = unpaired.calls.binary_search(&place).is_ok();
        let output = if is_open { aborted(&item) } else { None };
        items.push(item);
        if let Some(output) = output {
            added += ItemSize::of(&output);
            items.push(output);
        }
    }
    added
}

/// The output of a call that has none.
fn aborted(call: &ResponseItem) -> Option<ResponseItem> {
    let Some(Part::Call(family, call_id)) = part(call) else {
        return None;
    };
    let call_id = call_id.to_owned();
    Some(match family {
        Family::Function => output(call_id, false, FunctionOutput::Text(ABORTED.into())),
        Family::Custom => output(call_id, true, FunctionOutput::Text(ABORTED.into())),
        Family::Search => search_output(&call_id, &[]),
    })
}

/// The identifier and the arguments of a search for tools that is left to us.
pub(crate) fn search_call(item: &ResponseItem) -> Option<(&str, &Value)> {
    match item {
        ResponseItem::Other(value)
            if value["type"] == "tool_search_call" && value["execution"] != "server" =>
        {
            Some((text(value, "call_id")?, value.get("arguments")?))
        }
        _ => None,
    }
}

/// The output of a search for tools.
pub(crate) fn search_output(call_id: &str, tools: &[Value]) -> ResponseItem {
    ResponseItem::Other(json!({
        "type": "tool_search_output",
        "id": format!("tso_{}", crate::new_id()),
        "call_id": call_id,
        "status": "completed",
        "execution": "client",
        "tools": tools,
    }))
}

/// The output of a call.
pub(crate) fn output(call_id: String, custom: bool, output: FunctionOutput) -> ResponseItem {
    let id = None;
    let extra = Extra::new();
    ResponseItem::Known(if custom {
        KnownItem::CustomToolCallOutput {
            id,
            call_id,
            output,
            extra,
        }
    } else {
        KnownItem::FunctionCallOutput {
            id,
            call_id,
            output,
            extra,
        }
    })
}

fn part(item: &ResponseItem) -> Option<Part<'_>> {
    match item {
        ResponseItem::Known(known) => match known {
            KnownItem::FunctionCall { call_id, .. } => Some(Part::Call(Family::Function, call_id)),
            KnownItem::FunctionCallOutput { call_id, .. } => Some(Part::Output(Family::Function, call_id)),
            KnownItem::CustomToolCall { call_id, .. } => Some(Part::Call(Family::Custom, call_id)),
            KnownItem::CustomToolCallOutput { call_id, .. } => Some(Part::Output(Family::Custom, call_id)),
            KnownItem::Message { .. } | KnownItem::Reasoning { .. } | KnownItem::WebSearchCall { .. } => None,
        },
        ResponseItem::Other(value) => {
            let id = || ["call_id", "id"].iter().find_map(|name| text(value, name));
            match value["type"].as_str()? {
                "local_shell_call" if is_sent(item) => Some(Part::Call(Family::Function, id()?)),
                "local_shell_call_output" => Some(Part::Output(Family::Function, id()?)),
                "tool_search_call" if is_sent(item) => {
                    Some(Part::Call(Family::Search, text(value, "call_id")?))
                }
                "tool_search_output" => Some(Part::Output(Family::Search, text(value, "call_id")?)),
                _ => None,
            }
        }
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value[name].as_str().filter(|text| !text.is_empty())
}

/// Whether an item goes to the model. What we keep because we don't know it is not what we send; nor are most items of
/// work that the server does itself, which it takes for mistakes.
pub(crate) fn is_sent(item: &ResponseItem) -> bool {
    match item {
        ResponseItem::Known(KnownItem::Message { content, role, .. }) => {
            !content.is_empty() || role != "assistant"
        }
        ResponseItem::Known(KnownItem::Reasoning {
            summary,
            content,
            encrypted_content,
            ..
        }) => {
            let thought = content.as_ref().is_some_and(|content| !content.is_empty());
            encrypted_content.is_some() || thought || !summary.is_empty()
        }
        ResponseItem::Known(_) => true,
        ResponseItem::Other(value) => match value["type"].as_str().unwrap_or_default() {
            "compaction" | "compaction_summary" | "context_compaction" => {
                text(value, "encrypted_content").is_some()
            }
            "compaction_trigger" => true,
            "additional_tools" | "tool_search_output" => value["tools"].is_array(),
            "agent_message" => value["content"].is_array() || value["content"].is_string(),
            // Context that the client gives, as the output of no call.
            "function_call_output" => {
                value.get("call_id").is_none() && text(value, "name").is_some() && !value["output"].is_null()
            }
            "local_shell_call" => {
                value["action"].is_object()
                    && (text(value, "call_id").is_some() || text(value, "id").is_some())
            }
            "local_shell_call_output" => !value["output"].is_null(),
            "tool_search_call" => value.get("arguments").is_some(),
            // A picture that the model has made: without it, it does not know what it is asked to change.
            "image_generation_call" => text(value, "result").is_some(),
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(list: &[Value]) -> Vec<ResponseItem> {
        list.iter().cloned().map(ResponseItem::from).collect()
    }

    fn call(id: &str) -> Value {
        json!({"type": "function_call", "call_id": id, "name": "n", "arguments": "{}"})
    }

    fn done(id: &str) -> Value {
        json!({"type": "function_call_output", "call_id": id, "output": "x"})
    }

    #[test]
    fn an_output_belongs_to_the_last_call_with_its_identifier() {
        let list = items(&[
            call("c"),
            done("c"),
            done("c"),
            call("c"),
            done("d"),
            call("c"),
            done("c"),
        ]);
        let expected = Unpaired {
            calls: vec![3],
            outputs: vec![2, 4],
        };
        assert_eq!(unpaired(&list), expected);
    }

    #[test]
    fn an_output_of_another_family_is_none() {
        let list = items(&[
            call("c"),
            json!({"type": "custom_tool_call_output", "call_id": "c", "output": "x"}),
            json!({"type": "custom_tool_call", "call_id": "c", "name": "n", "input": ""}),
        ]);
        let expected = Unpaired {
            calls: vec![0, 2],
            outputs: vec![1],
        };
        assert_eq!(unpaired(&list), expected);
    }

    #[test]
    fn an_open_call_is_answered_right_behind_it() {
        let said = json!({"type": "message", "role": "user", "content": []});
        let answer = |id: &str| json!({"type": "function_call_output", "call_id": id, "output": "aborted"});
        let mut list = items(&[
            call("before"),
            call("a"),
            call("b"),
            said.clone(),
            done("a"),
            done("stray"),
        ]);
        let added = close_calls(&mut list, 1);
        let mut expected = items(&[call("before"), call("a"), call("b"), answer("b"), said, done("a")]);
        assert_eq!(list, expected, "what is before has been looked at");
        assert_eq!(added, ItemSize::of(&expected[3]));
        close_calls(&mut list, 0);
        expected.insert(1, answer("before").into());
        assert_eq!(list, expected);
        assert_eq!(close_calls(&mut list, 0), ItemSize::default());
        assert_eq!(close_calls(&mut list, 100), ItemSize::default());
    }

    #[test]
    fn a_local_shell_call_is_a_call() {
        let shell = json!({"type": "local_shell_call", "call_id": "s", "status": "completed",
            "action": {"type": "exec", "command": ["ls"]}});
        assert_eq!(unpaired(&items(&[shell.clone(), done("s")])), Unpaired::default());
        let open = items(&[shell]);
        assert_eq!(unpaired(&open).calls, [0]);
        assert_eq!(
            aborted(&open[0]),
            Some(ResponseItem::from(json!(
            {"type": "function_call_output", "call_id": "s", "output": "aborted"})))
        );
        let malformed = items(&[json!({"type": "local_shell_call", "call_id": "s"}), done("s")]);
        assert_eq!(
            unpaired(&malformed).outputs,
            [1],
            "the call isn't sent, nor is its output"
        );
    }

    #[test]
    fn cuts_separate_no_call_from_its_output_and_no_thought_from_its_deed() {
        let said = json!({"type": "message", "role": "user", "content": []});
        let thought = json!({"type": "reasoning", "summary": [], "encrypted_content": "x"});
        let list = [
            said.clone(),
            thought.clone(),
            call("a"),
            call("b"),
            done("b"),
            done("a"),
            call("a"),
            done("a"),
            done("stray"),
            thought,
        ];
        assert_eq!(clean_cuts(&items(&list)), [0, 1, 6, 8, 9]);
        assert_eq!(clean_cuts(&items(&[call("open"), said])), [0]);
    }

    #[test]
    fn what_is_not_known_is_not_sent() {
        for item in [
            json!("text"),
            json!(null),
            json!(["x"]),
            json!({"type": "ghost_snapshot", "ghost_commit": {}}),
            json!({"type": "image_generation_call", "id": "i", "status": "failed", "result": null}),
            json!({"type": "image_generation_call", "id": "i", "status": "generating", "result": ""}),
            json!({"type": "code_interpreter_call", "id": "i"}),
            json!({"type": "mcp_list_tools", "id": "i"}),
            json!({"type": "something_new"}),
            json!({"type": "message", "content": "nobody said it"}),
            json!({"type": "function_call", "name": "n"}),
            json!({"type": "function_call_output", "output": "x"}),
            json!({"type": "message", "role": "assistant", "content": []}),
            json!({"type": "reasoning", "summary": []}),
            json!({"type": "compaction"}),
            json!({"role": "user"}),
        ] {
            assert!(!is_sent(&ResponseItem::from(item.clone())), "{item}");
        }
        for item in [
            json!({"type": "compaction", "encrypted_content": "x"}),
            json!({"type": "function_call_output", "name": "key", "namespace": "agent", "output": "x"}),
            json!({"type": "web_search_call", "status": "completed"}),
            json!({"type": "image_generation_call", "id": "i", "result": "…"}),
            json!({"type": "reasoning", "summary": [], "encrypted_content": "x"}),
            call("c"),
        ] {
            assert!(is_sent(&ResponseItem::from(item.clone())), "{item}");
        }
    }
}
