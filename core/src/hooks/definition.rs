//! Reading the hooks of one file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::matcher::Matcher;
use super::trust::hash;
use crate::plugins::PluginHooks;
use crate::{HookDescription, HookEvent, HookHandler, HookSource, HookTrust};

/// Warnings about the hooks of a folder.
const MAX_WARNINGS: usize = 100;

/// Hooks of all files together; a thread with more than that has got something wrong.
pub(super) const MAX_HOOKS: usize = 256;

/// Seconds that a hook may take, unless it says how long.
const TIMEOUT: u64 = 600;

/// The same of those that somebody who leaves waits for.
const SHORT_TIMEOUT: u64 = 1;

/// The most that those may ask for.
const MAX_SHORT_TIMEOUT: u64 = 3;

/// A hook that can be run.
#[derive(Debug)]
pub(crate) struct Hook {
    /// As clients see it. Whether it may run is decided when all files have been read.
    pub(crate) description: HookDescription,
    /// What it is limited to.
    pub(crate) matcher: Matcher,
    /// What its command has in its environment besides.
    pub(crate) variables: Vec<(String, PathBuf)>,
}

impl Hook {
    /// How long it may take.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.description.timeout_s)
    }

    /// Whether nobody waits for it.
    pub(crate) fn is_async(&self) -> bool {
        matches!(
            self.description.handler,
            HookHandler::Command { is_async: true, .. }
        )
    }
}

/// Reads hooks, one file after the other.
#[derive(Debug, Default)]
pub(super) struct HookReader {
    /// In the order in which they run.
    pub(super) hooks: Vec<Hook>,
    /// What is wrong with those that are left out.
    pub(super) warnings: Vec<String>,
}

/// The file that is being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct HookFile<'a> {
    /// Its path.
    pub(super) path: &'a Path,
    /// Its layer.
    pub(super) source: HookSource,
    /// The plugin that it belongs to.
    pub(super) plugin: Option<&'a PluginHooks>,
}

impl<'a> HookFile<'a> {
    /// A file of a layer.
    pub(super) fn new(path: &'a Path, source: HookSource) -> Self {
        Self {
            path,
            source,
            plugin: None,
        }
    }

    /// A file of a plugin.
    pub(super) fn of_plugin(plugin: &'a PluginHooks) -> Self {
        Self {
            path: &plugin.path,
            source: HookSource::Plugin,
            plugin: Some(plugin),
        }
    }
}

impl HookReader {
    /// Takes the hooks of a table from events to groups. What can't be read costs that hook.
    pub(super) fn read(&mut self, file: HookFile<'_>, events: &Map<String, Value>) {
        for event in HookEvent::ALL {
            let groups = match events.get(event.name()) {
                None | Some(Value::Null) => continue,
                Some(Value::Array(groups)) => groups,
                Some(_) => {
                    self.warn(
                        file,
                        &format!("skipping the {} hooks", event.name()),
                        "a list of groups is expected",
                    );
                    continue;
                }
            };
            for (number, group) in groups.iter().enumerate() {
                self.group(file, event, number, group);
            }
        }
    }

    fn group(&mut self, file: HookFile<'_>, event: HookEvent, number: usize, group: &Value) {
        let pattern = match group.get("matcher") {
            _ if !has_matcher(event) => None,
            None | Some(Value::Null) => None,
            Some(Value::String(pattern)) => Some(pattern.as_str()),
            Some(_) => {
                self.warn(
                    file,
                    &format!("skipping a group of {} hooks", event.name()),
                    "its matcher is no text",
                );
                return;
            }
        };
        let handlers = match group.get("hooks") {
            None => return,
            Some(Value::Array(handlers)) => handlers,
            Some(_) => {
                self.warn(
                    file,
                    &format!("skipping a group of {} hooks", event.name()),
                    "`hooks` is no list",
                );
                return;
            }
        };
        let matcher = match Matcher::new(pattern) {
            Ok(matcher) => matcher,
            Err(error) => {
                let (pattern, path) = (pattern.unwrap_or_default(), file.path.display());
                self.tell(format!("invalid matcher {pattern:?} in {path}: {error}"));
                return;
            }
        };
        for (position, handler) in handlers.iter().enumerate() {
            if self.hooks.len() >= MAX_HOOKS {
                let text = format!("only the first {MAX_HOOKS} hooks are used");
                if self.warnings.last() != Some(&text) {
                    self.tell(text);
                }
                return;
            }
            match self.handler(file, event, pattern, handler) {
                Ok(Some(mut description)) => {
                    let mut key = file.path.display().to_string();
                    let mut variables = Vec::new();
                    if let Some(plugin) = file.plugin {
                        plugin.describe(&mut description);
                        key.clone_from(&plugin.key);
                        variables.clone_from(&plugin.variables);
                    }
                    description.key = format!("{key}:{}:{number}:{position}", event.snake_name());
                    self.hooks.push(Hook {
                        description,
                        matcher: matcher.clone(),
                        variables,
                    });
                }
                Ok(None) => {}
                Err(why) => self.warn(file, &format!("skipping a {} hook", event.name()), why),
            }
        }
    }

    /// A handler as it is listed, but for its key. `None`: it is left out, which has been told.
    fn handler(
        &mut self,
        file: HookFile<'_>,
        event: HookEvent,
        matcher: Option<&str>,
        handler: &Value,
    ) -> Result<Option<HookDescription>, &'static str> {
        let path = file.path.display();
        let Value::Object(members) = handler else {
            return Err("a table is expected");
        };
        let kind = text(members, "type")?.ok_or("it has no `type`")?;
        if matches!(kind, "prompt" | "agent") {
            let text = format!("skipping {kind} hook in {path}: {kind} hooks are not supported yet");
            self.tell(text);
            return Ok(None);
        }
        let status_message = text(members, "statusMessage")?.map(str::to_owned);
        let timeout_s = self.timeout(file, event, number(members, "timeout")?);
        let context_limit = number(members, "additionalContextLimit")?;
        let (does, mut hashed) = match kind {
            "command" => {
                let command = command(members)?;
                if command.trim().is_empty() {
                    self.tell(format!("skipping empty hook command in {path}"));
                    return Ok(None);
                }
                let is_async = match members.get("async") {
                    None | Some(Value::Null) => false,
                    Some(Value::Bool(is_async)) => *is_async,
                    Some(_) => return Err("`async` is neither true nor false"),
                };
                let hashed = json!({
                    "type": "command",
                    "command": command,
                    "timeout": timeout_s,
                    "async": is_async,
                });
                let command = command.to_owned();
                (HookHandler::Command { command, is_async }, hashed)
            }
            "mcp_tool" => {
                let named =
                    |name| text(members, name).and_then(|text| text.ok_or("it needs `server` and `tool`"));
                let (server, tool) = (named("server")?.to_owned(), named("tool")?.to_owned());
                let input = members.get("input").cloned().unwrap_or_else(|| json!({}));
                let hashed = json!({
                    "type": "mcp_tool",
                    "server": server,
                    "tool": tool,
                    "input": input,
                    "timeout": timeout_s,
                });
                (HookHandler::McpTool { server, tool, input }, hashed)
            }
            _ => return Err("its `type` is none of command, mcp_tool, prompt, agent"),
        };
        if let Some(message) = &status_message {
            hashed["statusMessage"] = message.as_str().into();
        }
        if let Some(limit) = context_limit {
            hashed["additionalContextLimit"] = limit.into();
        }
        Ok(Some(HookDescription {
            key: String::new(),
            event,
            handler: does,
            matcher: matcher.map(str::to_owned),
            timeout_s,
            status_message,
            context_limit,
            source_path: file.path.to_owned(),
            source: file.source,
            plugin_id: file.plugin.map(|plugin| plugin.plugin_id.clone()),
            display_order: i64::try_from(self.hooks.len()).unwrap_or(i64::MAX),
            enabled: true,
            current_hash: hash(event, matcher, hashed),
            trust: HookTrust::Untrusted,
        }))
    }

    fn timeout(&mut self, file: HookFile<'_>, event: HookEvent, asked: Option<u64>) -> u64 {
        if !matches!(event, HookEvent::SessionEnd | HookEvent::Interrupt) {
            return asked.unwrap_or(TIMEOUT).max(1);
        }
        let asked = asked.unwrap_or(SHORT_TIMEOUT).max(1);
        if asked > MAX_SHORT_TIMEOUT {
            self.tell(format!(
                "clamping {} hook timeout to {MAX_SHORT_TIMEOUT}s in {}",
                event.name(),
                file.path.display()
            ));
        }
        asked.min(MAX_SHORT_TIMEOUT)
    }

    fn warn(&mut self, file: HookFile<'_>, what: &str, why: &str) {
        self.tell(format!("{what} in {}: {why}", file.path.display()));
    }

    /// Adds a warning, unless there are too many.
    fn tell(&mut self, text: String) {
        match self.warnings.len() {
            MAX_WARNINGS.. => {}
            last if last + 1 == MAX_WARNINGS => self.warnings.push("more warnings are left out".to_owned()),
            _ => self.warnings.push(text),
        }
    }
}

/// Whether hooks of an event can be limited to some of its causes.
fn has_matcher(event: HookEvent) -> bool {
    !matches!(
        event,
        HookEvent::UserPromptSubmit
            | HookEvent::Stop
            | HookEvent::Interrupt
            | HookEvent::PreModelRequest
            | HookEvent::PostModelRequest
    )
}

/// The command for this system.
fn command(members: &Map<String, Value>) -> Result<&str, &'static str> {
    let own = if cfg!(windows) {
        text(members, "commandWindows")?
    } else {
        None
    };
    match own {
        Some(command) => Ok(command),
        None => text(members, "command")?.ok_or("it has no `command`"),
    }
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, &'static str> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err("a member that must be a text is none"),
    }
}

fn number(members: &Map<String, Value>, name: &str) -> Result<Option<u64>, &'static str> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_u64()
            .map(Some)
            .ok_or("a member that must be a whole number is none"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(events: &Value) -> HookReader {
        let mut reader = HookReader::default();
        let file = HookFile::new(Path::new("/h/config.toml"), HookSource::User);
        if let Value::Object(events) = events {
            reader.read(file, events);
        }
        reader
    }

    #[test]
    fn defaults_and_limits_are_filled_in() {
        let reader = read(&json!({
            "SessionEnd": [{"matcher": "other", "hooks": [
                {"type": "command", "command": "a"},
                {"type": "command", "command": "b", "timeout": 9},
            ]}],
            "Stop": [{"matcher": "(", "hooks": [{"type": "command", "command": "c", "timeoutSec": 3}]}],
            "PreToolUse": [
                {"matcher": "(", "hooks": [{"type": "command", "command": "no"}]},
                {"hooks": [{"type": "command", "command": "d", "timeout": 0}, {"type": "prompt"}, {"type": "command"}]},
            ],
        }));
        let listed: Vec<_> = reader
            .hooks
            .iter()
            .map(|hook| (hook.description.key.as_str(), hook.description.timeout_s))
            .collect();
        assert_eq!(
            listed,
            [
                ("/h/config.toml:pre_tool_use:1:0", 1),
                ("/h/config.toml:session_end:0:0", 1),
                ("/h/config.toml:session_end:0:1", 3),
                ("/h/config.toml:stop:0:0", 600),
            ]
        );
        assert_eq!(reader.hooks[3].description.matcher, None);
        let starts = [
            "invalid matcher \"(\" in /h/config.toml: ",
            "skipping prompt hook in /h/config.toml: prompt hooks are not supported yet",
            "skipping a PreToolUse hook in /h/config.toml: it has no `command`",
            "clamping SessionEnd hook timeout to 3s in /h/config.toml",
        ];
        assert_eq!(reader.warnings.len(), starts.len(), "{:?}", reader.warnings);
        for (warning, start) in reader.warnings.iter().zip(starts) {
            assert!(warning.starts_with(start), "{warning}");
        }
    }

    #[test]
    fn there_are_only_so_many() {
        let one = json!({"type": "command", "command": "x"});
        let reader = read(
            &json!({"Stop": [{"hooks": vec![one; 300]}], "Interrupt": [{"hooks": [{"type": "command", "command": "y"}]}]}),
        );
        assert_eq!(reader.hooks.len(), MAX_HOOKS);
        assert_eq!(reader.warnings, ["only the first 256 hooks are used"]);
    }

    proptest! {
        #[test]
        fn any_table_is_read(value in any_value()) {
            read(&json!({"PreToolUse": value.clone()}));
            read(&json!({"Stop": [{"hooks": [value.clone()]}]}));
            read(&json!({"PreToolUse": [{"matcher": value.clone(), "hooks": [{"type": "command", "command": value}]}]}));
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z(|*]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("type|command|timeout|async|matcher|hooks", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }
}
