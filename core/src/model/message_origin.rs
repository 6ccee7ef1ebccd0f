//! Who wrote a message with the role of the user: the user, or a program in their place. And which outputs of the client's
//! tools stay when a history is summed up.

use serde_json::{Value, json};

use super::{ContentItem, Extra, KnownItem, ResponseItem};

/// Where programs note what the parts of a message are. Never sent to a server.
const NOTES: &str = "internal_chat_message_metadata_passthrough";
/// The note of a summary.
const SUMMARY: &str = "compaction.summary";
/// The note of an item that stays when the history is summed up.
pub(crate) const RETAINED: &str = "retain_across_windows";
/// How the notes of parts begin that the user wrote.
const BY_USER: &str = "user.";
/// The note of a part of which nobody knew who wrote it.
const UNKNOWN: &str = "unknown";

/// Where messages come from that programs write in the user's place: each is wrapped in a tag of its own.
const TAGS: [&str; 10] = [
    "<environment_context",
    "<user_instructions",
    "<turn_aborted",
    "<user_shell_command",
    "<codex_internal_context",
    "<subagent_notification",
    "<user_action",
    "<skill>",
    "<git_context",
    "# AGENTS.md instructions",
];

/// Whether the item is a message that the user wrote, not context or a summary put in by a program.
pub(crate) fn is_of_user(item: &ResponseItem) -> bool {
    let ResponseItem::Known(KnownItem::Message {
        role, content, extra, ..
    }) = item
    else {
        return false;
    };
    if role != "user" {
        return false;
    }
    let kinds = kinds(extra).map_or(&[][..], Vec::as_slice);
    let is_by_user = |kind: &Value| kind.as_str().is_some_and(|kind| kind.starts_with(BY_USER));
    if !kinds.is_empty() && kinds.iter().all(is_by_user) {
        return true;
    }
    let is_open = |kind: &Value| kind == UNKNOWN || is_by_user(kind);
    kinds.iter().all(is_open) && !content.iter().any(is_context)
}

/// A summary of what came before, as a message in the user's place.
pub(crate) fn summary(text: String) -> ResponseItem {
    let mut extra = Extra::new();
    extra.insert(NOTES.into(), json!({"content_item_kinds": [SUMMARY]}));
    ResponseItem::Known(KnownItem::Message {
        id: None,
        role: "user".into(),
        content: vec![ContentItem::input_text(text)],
        phase: None,
        extra,
    })
}

/// Whether the item is the output of a tool that the client ran by itself: there is no call that it belongs to.
pub(crate) fn is_handed_in(item: &ResponseItem) -> bool {
    match item {
        ResponseItem::Other(value) => {
            value["type"] == "function_call_output" && value.get("call_id").is_none()
        }
        ResponseItem::Known(_) => false,
    }
}

/// Notes that an output which the client handed in stays when the history is summed up.
pub(crate) fn retain(item: &mut ResponseItem) {
    if let ResponseItem::Other(Value::Object(output)) = item {
        let notes = output.entry(NOTES).or_insert_with(|| json!({}));
        if let Value::Object(notes) = notes {
            notes.insert(RETAINED.into(), true.into());
        }
    }
}

/// Whether the item is an output that the client handed in to stay.
pub(crate) fn is_retained(item: &ResponseItem) -> bool {
    match item {
        ResponseItem::Other(value) => is_handed_in(item) && value[NOTES][RETAINED] == true,
        ResponseItem::Known(_) => false,
    }
}

fn kinds(extra: &Extra) -> Option<&Vec<Value>> {
    extra.get(NOTES)?.get("content_item_kinds")?.as_array()
}

/// Context is wrapped in a tag of its own.
fn is_context(part: &ContentItem) -> bool {
    match part {
        ContentItem::InputText { text, .. } => TAGS.iter().any(|tag| text.trim_start().starts_with(tag)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(role: &str, text: &str, kinds: &Value) -> ResponseItem {
        let mut value = json!({
            "type": "message", "role": role, "content": [{"type": "input_text", "text": text}],
        });
        if !kinds.is_null() {
            value[NOTES] = json!({"content_item_kinds": kinds});
        }
        value.into()
    }

    #[test]
    fn only_what_users_wrote_is_theirs() {
        for (role, text, kinds, theirs) in [
            ("user", "fix the bug", Value::Null, true),
            ("user", "fix the bug", json!([]), true),
            ("user", "fix the bug", json!(["user.text", "user.image"]), true),
            ("assistant", "done", Value::Null, false),
            ("developer", "be brief", Value::Null, false),
            ("user", "<environment_context>…", Value::Null, false),
            ("user", "  <turn_aborted>…", Value::Null, false),
            (
                "user",
                "looks like the user",
                json!(["environments.environment_context"]),
                false,
            ),
            ("user", "<turn_aborted> is what I see", json!(["user.text"]), true),
            ("user", "odd", json!([1]), false),
            ("user", "fix the bug", json!(["unknown"]), true),
            ("user", "fix the bug", json!(["user.text", "unknown"]), true),
            ("user", "<environment_context>…", json!(["unknown"]), false),
            ("user", "so far", json!(["unknown", SUMMARY]), false),
        ] {
            assert_eq!(is_of_user(&message(role, text, &kinds)), theirs, "{role}: {text}");
        }
        assert!(!is_of_user(&summary("so far".into())));
    }
}
