//! Shapes of what was done: commands, calls of tools, searches.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::paths::{from_file_url, to_file_url};
use crate::{CallStatus, CommandAction, CommandExecution, CommandSource, WebSearchAction};

#[derive(Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "names of the format")]
pub(crate) struct Command<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) process_id: Option<Cow<'a, str>>,
    pub(crate) command: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) cwd: Cow<'a, str>,
    #[serde(default)]
    pub(crate) parsed_cmd: Vec<Value>,
    pub(crate) source: CommandSource,
    pub(crate) status: CallStatus,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) aggregated_output: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) exit_code: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) duration: Option<FileDuration>,
}

impl<'a> Command<'a> {
    pub(crate) fn new(id: Cow<'a, str>, c: &'a CommandExecution) -> Self {
        Self {
            id,
            process_id: c.process_id.as_deref().map(Cow::Borrowed),
            command: c.command.iter().map(|w| Cow::Borrowed(w.as_str())).collect(),
            cwd: to_file_url(&c.cwd),
            parsed_cmd: c
                .actions
                .iter()
                .filter_map(|a| serde_json::to_value(a).ok())
                .collect(),
            source: c.source,
            status: c.status,
            aggregated_output: c.aggregated_output.as_deref().map(Cow::Borrowed),
            exit_code: c.exit_code,
            duration: c.duration.map(FileDuration::from),
        }
    }

    pub(crate) fn into_body(self) -> CommandExecution {
        CommandExecution {
            command: self.command.into_iter().map(Cow::into_owned).collect(),
            cwd: from_file_url(&self.cwd),
            process_id: self.process_id.map(Cow::into_owned),
            source: self.source,
            actions: self.parsed_cmd.into_iter().filter_map(action).collect(),
            status: self.status,
            aggregated_output: self.aggregated_output.map(Cow::into_owned),
            exit_code: self.exit_code,
            duration: self.duration.map(Into::into),
        }
    }
}

fn action(value: Value) -> Option<CommandAction> {
    serde_json::from_value(value).ok()
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Mcp<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) server: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) tool: Cow<'a, str>,
    #[serde(default)]
    pub(crate) arguments: Cow<'a, Value>,
    #[serde(
        default,
        rename = "readOnlyHint",
        alias = "read_only_hint",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) read_only_hint: Option<bool>,
    #[serde(borrow, default, rename = "pluginId", skip_serializing_if = "Option::is_none")]
    pub(crate) plugin_id: Option<Cow<'a, str>>,
    /// Servers of plugins run in an environment; those of the configuration belong to the whole thread.
    #[serde(
        borrow,
        default,
        rename = "environmentId",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) environment_id: Option<Cow<'a, str>>,
    pub(crate) status: CallStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) result: Option<Cow<'a, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) duration: Option<FileDuration>,
}

pub(crate) fn error_text(error: Value) -> String {
    match error {
        Value::String(text) => text,
        Value::Object(mut fields) => match fields.remove("message") {
            Some(Value::String(text)) => text,
            _ => Value::Object(fields).to_string(),
        },
        other => other.to_string(),
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Dynamic<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) tool: Cow<'a, str>,
    #[serde(default)]
    pub(crate) arguments: Cow<'a, Value>,
    pub(crate) status: CallStatus,
    #[serde(default)]
    pub(crate) content_items: Option<Cow<'a, [Value]>>,
    #[serde(default)]
    pub(crate) success: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) duration: Option<FileDuration>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct HandedIn<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) name: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<Cow<'a, str>>,
    pub(crate) output: Cow<'a, Value>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Web<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) query: Cow<'a, str>,
    #[serde(default)]
    pub(crate) action: Option<WebSearchAction>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) results: Option<Cow<'a, [Value]>>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Image<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) path: Cow<'a, str>,
}

/// What [`Extension`]s are called that tell of images.
pub(crate) const IMAGE_GENERATION: &str = "image_gen.generation";

/// An item of a kind that the format has no name of its own for.
#[derive(Serialize)]
pub(crate) struct Extension<'a, T> {
    pub(crate) kind: &'static str,
    pub(crate) id: Cow<'a, str>,
    #[serde(flatten)]
    pub(crate) body: T,
}

/// A span of time as Rust programs write it.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct FileDuration {
    pub(crate) secs: u64,
    #[serde(default)]
    pub(crate) nanos: u32,
}

impl From<Duration> for FileDuration {
    fn from(d: Duration) -> Self {
        Self {
            secs: d.as_secs(),
            nanos: d.subsec_nanos(),
        }
    }
}

impl From<FileDuration> for Duration {
    fn from(d: FileDuration) -> Self {
        Self::from_secs(d.secs).saturating_add(Self::from_nanos(u64::from(d.nanos)))
    }
}
