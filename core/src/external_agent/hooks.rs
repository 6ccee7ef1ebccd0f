//! Hooks: commands that run on events.

use serde_json::{Map, Value, json};

use super::ImportOutcome;
use super::files::{self, MAX_TEXT};
use super::place::{Place, json_table};
use crate::external_file::read_text;

/// Events that both agents have.
const EVENTS: [&str; 10] = [
    "PermissionRequest",
    "PostToolUse",
    "PreCompact",
    "PreToolUse",
    "SessionEnd",
    "SessionStart",
    "Stop",
    "SubagentStart",
    "SubagentStop",
    "UserPromptSubmit",
];

/// Events whose hooks our file does not have.
pub(super) fn new_names(place: &Place) -> Vec<String> {
    let Some(current) = current(place) else {
        return Vec::new();
    };
    let mut hooks = hooks(place);
    hooks.retain(|(event, _)| !has_event(&current, event));
    hooks.into_iter().map(|(event, _)| event).collect()
}

/// Our file as it is; empty if there is none. `None`: it can't be read, so it can't be changed either.
fn current(place: &Place) -> Option<Map<String, Value>> {
    let path = place.codex.join("hooks.json");
    match read_text(&path, MAX_TEXT) {
        Ok(text) if text.trim().is_empty() => Some(Map::new()),
        Ok(_) => json_table(&path, MAX_TEXT),
        Err(error) => error.is_missing().then(Map::new),
    }
}

fn has_event(current: &Map<String, Value>, event: &str) -> bool {
    current
        .get("hooks")
        .is_some_and(|hooks| hooks.get(event).is_some())
}

/// The hooks of each event, as our file writes them.
fn hooks(place: &Place) -> Vec<(String, Vec<Value>)> {
    let mut all: Vec<(String, Vec<Value>)> = Vec::new();
    for settings in place.all_settings() {
        if settings.get("disableAllHooks").and_then(Value::as_bool) == Some(true) {
            return Vec::new();
        }
        let Some(Value::Object(hooks)) = settings.get("hooks") else {
            continue;
        };
        for (event, groups) in hooks {
            let groups = groups.as_array().into_iter().flatten().filter_map(group);
            let groups: Vec<_> = groups.collect();
            if groups.is_empty() || !EVENTS.contains(&event.as_str()) {
                continue;
            }
            match all.iter_mut().find(|(known, _)| known == event) {
                Some((_, known)) => known.extend(groups),
                None => all.push((event.clone(), groups)),
            }
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn group(group: &Value) -> Option<Value> {
    let commands = group.get("hooks")?.as_array()?.iter().filter_map(|hook| {
        let is_command = hook.get("type").and_then(Value::as_str) == Some("command");
        let command = hook.get("command")?.as_str()?;
        (is_command && !command.trim().is_empty()).then(|| {
            let mut ours = json!({"type": "command", "command": command});
            if let Some(timeout) = hook.get("timeout").and_then(Value::as_u64) {
                ours["timeout"] = timeout.into();
            }
            ours
        })
    });
    let commands: Vec<_> = commands.collect();
    if commands.is_empty() {
        return None;
    }
    Some(match group.get("matcher").and_then(Value::as_str) {
        Some(matcher) if !matcher.is_empty() => json!({"matcher": matcher, "hooks": commands}),
        _ => json!({"hooks": commands}),
    })
}

/// Adds the hooks of events that our file does not have.
pub(super) fn import(place: &Place, wanted: &dyn Fn(&str) -> bool, outcome: &mut ImportOutcome) {
    let Some(mut file) = current(place) else {
        return outcome.fail(None, &"hooks.json can't be read, so nothing can be added to it");
    };
    let mut new = hooks(place);
    new.retain(|(event, _)| wanted(event) && !has_event(&file, event));
    if new.is_empty() {
        return;
    }
    let Some(hooks) = file.entry("hooks").or_insert_with(|| json!({})).as_object_mut() else {
        return outcome.fail(
            None,
            &"`hooks` in hooks.json is no table, so nothing can be added to it",
        );
    };
    for (event, groups) in &new {
        hooks.insert(event.clone(), groups.clone().into());
    }
    let text = format!("{:#}\n", Value::Object(file));
    match files::replace(&place.codex.join("hooks.json"), text.as_bytes()) {
        Ok(()) => new.iter().for_each(|(event, _)| outcome.add(event, Ok(()))),
        Err(error) => new
            .iter()
            .for_each(|(event, _)| outcome.fail(Some(event), &error)),
    }
}
