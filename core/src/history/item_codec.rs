//! Items as rollout files keep them: PascalCase kinds, snake_case fields (threads-and-turns section 9.2).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::input_codec::FileInput;
use crate::{
    CallStatus, CommandAction, CommandExecution, CommandSource, FileChange, FileChangeKind, Item, ItemBody,
    MessagePhase, WebSearchAction,
};

/// An item ready to be written as the `item` member of an `item_completed` event.
pub(crate) struct FileItem<'a>(pub(crate) &'a Item);

impl Serialize for FileItem<'_> {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let id = Cow::Borrowed(self.0.id.as_str());
        match &self.0.body {
            ItemBody::UserMessage { client_id, content } => User {
                id,
                client_id: client_id.as_deref().map(Cow::Borrowed),
                content: content.iter().map(FileInput::from).collect(),
            }
            .tagged("UserMessage", s),
            ItemBody::AgentMessage { text, phase } => Agent {
                id,
                content: vec![AgentPart {
                    kind: "Text".into(),
                    text: text.as_str().into(),
                }],
                phase: *phase,
            }
            .tagged("AgentMessage", s),
            ItemBody::Reasoning { summary, content } => Reasoning {
                id,
                summary_text: summary.iter().map(|t| Cow::Borrowed(t.as_str())).collect(),
                raw_content: content.iter().map(|t| Cow::Borrowed(t.as_str())).collect(),
            }
            .tagged("Reasoning", s),
            ItemBody::Plan { text } => Plan {
                id,
                text: text.as_str().into(),
            }
            .tagged("Plan", s),
            ItemBody::CommandExecution(c) => Command::new(id, c).tagged("CommandExecution", s),
            ItemBody::FileChange {
                changes,
                status,
                stdout,
                stderr,
            } => Patch {
                id,
                changes: changes
                    .iter()
                    .map(|c| (Cow::Borrowed(c.path.as_path()), PatchChange::from(c)))
                    .collect(),
                status: *status,
                stdout: stdout.as_deref().map(Cow::Borrowed),
                stderr: stderr.as_deref().map(Cow::Borrowed),
            }
            .tagged("FileChange", s),
            ItemBody::McpToolCall {
                server,
                tool,
                arguments,
                status,
                result,
                error,
                duration,
            } => Mcp {
                id,
                server: server.as_str().into(),
                tool: tool.as_str().into(),
                arguments: Cow::Borrowed(arguments),
                status: *status,
                result: result.as_ref().map(Cow::Borrowed),
                error: error
                    .as_ref()
                    .map(|message| serde_json::json!({ "message": message })),
                duration: duration.map(FileDuration::from),
            }
            .tagged("McpToolCall", s),
            ItemBody::DynamicToolCall {
                namespace,
                tool,
                arguments,
                status,
                content_items,
                success,
                duration,
            } => Dynamic {
                id,
                namespace: namespace.as_deref().map(Cow::Borrowed),
                tool: tool.as_str().into(),
                arguments: Cow::Borrowed(arguments),
                status: *status,
                content_items: content_items.as_deref().map(Cow::Borrowed),
                success: *success,
                duration: duration.map(FileDuration::from),
            }
            .tagged("DynamicToolCall", s),
            ItemBody::WebSearch {
                query,
                action,
                results,
            } => Web {
                id,
                query: query.as_str().into(),
                action: Some(action.clone()),
                results: results.as_deref().map(Cow::Borrowed),
            }
            .tagged("WebSearch", s),
            ItemBody::ImageView { path } => Image {
                id,
                path: to_file_url(path),
            }
            .tagged("ImageView", s),
            ItemBody::ContextCompaction => Bare { id }.tagged("ContextCompaction", s),
            ItemBody::EnteredReviewMode { review } => Entered {
                id,
                target: serde_json::json!({"type": "custom", "instructions": review}),
                user_facing_hint: Some(review.as_str().into()),
            }
            .tagged("EnteredReviewMode", s),
            ItemBody::ExitedReviewMode { review } => Exited {
                id,
                review_output: Some(ReviewOutput {
                    findings: Vec::new(),
                    overall_correctness: String::new(),
                    overall_explanation: review.as_str().into(),
                    overall_confidence_score: 0.0,
                }),
            }
            .tagged("ExitedReviewMode", s),
            ItemBody::HookPrompt { fragments } => Hook {
                id,
                fragments: fragments
                    .iter()
                    .map(|(run, text)| HookFragment {
                        hook_run_id: run.as_str().into(),
                        text: text.as_str().into(),
                    })
                    .collect(),
            }
            .tagged("HookPrompt", s),
            ItemBody::CollabAgentToolCall(fields) => Open::new(id, fields).tagged("CollabAgentToolCall", s),
            ItemBody::SubAgentActivity(fields) => Open::new(id, fields).tagged("SubAgentActivity", s),
        }
    }
}

/// Reads the `item` member of an `item_completed` event; `None` for kinds that we don't know and for broken ones.
pub(crate) fn decode(raw: &str) -> Option<Item> {
    let head: Head<'_> = serde_json::from_str(raw).ok()?;
    let body = match head.kind.as_ref() {
        "UserMessage" => {
            let u: User<'_> = serde_json::from_str(raw).ok()?;
            ItemBody::UserMessage {
                client_id: u.client_id.map(Cow::into_owned),
                content: u.content.into_iter().filter_map(FileInput::into_input).collect(),
            }
        }
        "AgentMessage" => {
            let a: Agent<'_> = serde_json::from_str(raw).ok()?;
            let mut parts = a.content.into_iter();
            let mut text = parts.next().map_or_else(String::new, |p| p.text.into_owned());
            parts.for_each(|p| text.push_str(&p.text));
            ItemBody::AgentMessage { text, phase: a.phase }
        }
        "Reasoning" => {
            let r: Reasoning<'_> = serde_json::from_str(raw).ok()?;
            ItemBody::Reasoning {
                summary: r.summary_text.into_iter().map(Cow::into_owned).collect(),
                content: r.raw_content.into_iter().map(Cow::into_owned).collect(),
            }
        }
        "Plan" => ItemBody::Plan {
            text: serde_json::from_str::<Plan<'_>>(raw).ok()?.text.into_owned(),
        },
        "CommandExecution" => {
            ItemBody::CommandExecution(serde_json::from_str::<Command<'_>>(raw).ok()?.into_body())
        }
        "FileChange" => {
            let p: Patch<'_> = serde_json::from_str(raw).ok()?;
            ItemBody::FileChange {
                changes: p
                    .changes
                    .into_iter()
                    .map(|(path, c)| c.into_change(&path))
                    .collect(),
                status: p.status,
                stdout: p.stdout.map(Cow::into_owned),
                stderr: p.stderr.map(Cow::into_owned),
            }
        }
        "McpToolCall" => {
            let m: Mcp<'_> = serde_json::from_str(raw).ok()?;
            ItemBody::McpToolCall {
                server: m.server.into_owned(),
                tool: m.tool.into_owned(),
                arguments: m.arguments.into_owned(),
                status: m.status,
                result: m.result.map(Cow::into_owned),
                error: m.error.map(error_text),
                duration: m.duration.map(Into::into),
            }
        }
        "DynamicToolCall" => {
            let d: Dynamic<'_> = serde_json::from_str(raw).ok()?;
            ItemBody::DynamicToolCall {
                namespace: d.namespace.map(Cow::into_owned),
                tool: d.tool.into_owned(),
                arguments: d.arguments.into_owned(),
                status: d.status,
                content_items: d.content_items.map(Cow::into_owned),
                success: d.success,
                duration: d.duration.map(Into::into),
            }
        }
        "WebSearch" => {
            let w: Web<'_> = serde_json::from_str(raw).ok()?;
            ItemBody::WebSearch {
                query: w.query.into_owned(),
                action: w.action.unwrap_or(WebSearchAction::Other),
                results: w.results.map(Cow::into_owned),
            }
        }
        "ImageView" => ItemBody::ImageView {
            path: from_file_url(&serde_json::from_str::<Image<'_>>(raw).ok()?.path),
        },
        "ContextCompaction" => ItemBody::ContextCompaction,
        "EnteredReviewMode" => {
            let e: Entered<'_> = serde_json::from_str(raw).ok()?;
            ItemBody::EnteredReviewMode {
                review: e
                    .user_facing_hint
                    .map_or_else(|| hint(&e.target), Cow::into_owned),
            }
        }
        "ExitedReviewMode" => {
            let e: Exited<'_> = serde_json::from_str(raw).ok()?;
            ItemBody::ExitedReviewMode {
                review: e.review_output.map_or_else(String::new, |o| o.text()),
            }
        }
        "HookPrompt" => {
            let h: Hook<'_> = serde_json::from_str(raw).ok()?;
            ItemBody::HookPrompt {
                fragments: h
                    .fragments
                    .into_iter()
                    .map(|f| (f.hook_run_id.into_owned(), f.text.into_owned()))
                    .collect(),
            }
        }
        "CollabAgentToolCall" => ItemBody::CollabAgentToolCall(open_fields(raw)?),
        "SubAgentActivity" => ItemBody::SubAgentActivity(open_fields(raw)?),
        _ => return None,
    };
    Some(Item {
        id: head.id.into_owned(),
        started_at_ms: None,
        completed_at_ms: None,
        body,
    })
}

/// A struct written with a `type` member in front.
trait Tagged: Serialize + Sized {
    fn tagged<S: serde::Serializer>(self, kind: &'static str, s: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Line<T> {
            #[serde(rename = "type")]
            kind: &'static str,
            #[serde(flatten)]
            body: T,
        }
        Line { kind, body: self }.serialize(s)
    }
}

impl<T: Serialize> Tagged for T {}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    id: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct User<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_id: Option<Cow<'a, str>>,
    #[serde(default)]
    content: Vec<FileInput>,
}

#[derive(Serialize, Deserialize)]
struct Agent<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    content: Vec<AgentPart<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phase: Option<MessagePhase>,
}

#[derive(Serialize, Deserialize)]
struct AgentPart<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    text: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct Reasoning<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(default)]
    summary_text: Vec<Cow<'a, str>>,
    #[serde(default)]
    raw_content: Vec<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
struct Plan<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "names of the format")]
struct Command<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    process_id: Option<Cow<'a, str>>,
    command: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    cwd: Cow<'a, str>,
    #[serde(default)]
    parsed_cmd: Vec<Value>,
    source: CommandSource,
    status: CallStatus,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    aggregated_output: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration: Option<FileDuration>,
}

impl<'a> Command<'a> {
    fn new(id: Cow<'a, str>, c: &'a CommandExecution) -> Self {
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

    fn into_body(self) -> CommandExecution {
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

/// A span of time as Rust programs write it.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct FileDuration {
    secs: u64,
    #[serde(default)]
    nanos: u32,
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

#[derive(Serialize, Deserialize)]
struct Patch<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(default)]
    changes: BTreeMap<Cow<'a, Path>, PatchChange>,
    status: CallStatus,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    stdout: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    stderr: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum PatchChange {
    Add {
        #[serde(default)]
        content: String,
    },
    Delete {
        #[serde(default)]
        content: String,
    },
    Update {
        #[serde(default)]
        unified_diff: String,
        #[serde(default)]
        move_path: Option<PathBuf>,
    },
}

impl From<&FileChange> for PatchChange {
    fn from(c: &FileChange) -> Self {
        match &c.kind {
            FileChangeKind::Add => Self::Add {
                content: c.diff.clone(),
            },
            FileChangeKind::Delete => Self::Delete {
                content: c.diff.clone(),
            },
            FileChangeKind::Update { move_path } => Self::Update {
                unified_diff: c.diff.clone(),
                move_path: move_path.clone(),
            },
        }
    }
}

impl PatchChange {
    fn into_change(self, path: &Path) -> FileChange {
        let (kind, diff) = match self {
            Self::Add { content } => (FileChangeKind::Add, content),
            Self::Delete { content } => (FileChangeKind::Delete, content),
            Self::Update {
                unified_diff,
                move_path,
            } => (FileChangeKind::Update { move_path }, unified_diff),
        };
        FileChange {
            path: path.to_path_buf(),
            kind,
            diff,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Mcp<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    server: Cow<'a, str>,
    #[serde(borrow)]
    tool: Cow<'a, str>,
    #[serde(default)]
    arguments: Cow<'a, Value>,
    status: CallStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    result: Option<Cow<'a, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration: Option<FileDuration>,
}

fn error_text(error: Value) -> String {
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
struct Dynamic<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<Cow<'a, str>>,
    #[serde(borrow)]
    tool: Cow<'a, str>,
    #[serde(default)]
    arguments: Cow<'a, Value>,
    status: CallStatus,
    #[serde(default)]
    content_items: Option<Cow<'a, [Value]>>,
    #[serde(default)]
    success: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration: Option<FileDuration>,
}

#[derive(Serialize, Deserialize)]
struct Web<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    query: Cow<'a, str>,
    #[serde(default)]
    action: Option<WebSearchAction>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    results: Option<Cow<'a, [Value]>>,
}

#[derive(Serialize, Deserialize)]
struct Image<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    path: Cow<'a, str>,
}

#[derive(Serialize)]
struct Bare<'a> {
    id: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct Entered<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(default)]
    target: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_facing_hint: Option<Cow<'a, str>>,
}

/// What a review is about, for files without a hint.
fn hint(target: &Value) -> String {
    ["instructions", "title", "branch", "sha"]
        .iter()
        .find_map(|key| target.get(key)?.as_str())
        .unwrap_or("current changes")
        .to_owned()
}

/// A review's begin as an event of older files tells it.
pub(crate) fn entered_review(event: &Value) -> ItemBody {
    let review = event.get("user_facing_hint").and_then(Value::as_str);
    ItemBody::EnteredReviewMode {
        review: review.map_or_else(
            || hint(event.get("target").unwrap_or(&Value::Null)),
            str::to_owned,
        ),
    }
}

/// A review's end as an event of older files tells it.
pub(crate) fn exited_review(mut event: Value) -> ItemBody {
    let output = event.get_mut("review_output").map(Value::take);
    let output = output.and_then(|o| serde_json::from_value::<ReviewOutput>(o).ok());
    ItemBody::ExitedReviewMode {
        review: output.map_or_else(String::new, |o| o.text()),
    }
}

/// The changes of a patch, sorted by path.
pub(crate) fn changes(value: Value) -> Option<Vec<FileChange>> {
    let changes: BTreeMap<PathBuf, PatchChange> = serde_json::from_value(value).ok()?;
    Some(
        changes
            .into_iter()
            .map(|(path, c)| c.into_change(&path))
            .collect(),
    )
}

#[derive(Serialize, Deserialize)]
struct Exited<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(default)]
    review_output: Option<ReviewOutput>,
}

#[derive(Serialize, Deserialize)]
struct ReviewOutput {
    #[serde(default)]
    findings: Vec<Value>,
    #[serde(default)]
    overall_correctness: String,
    #[serde(default)]
    overall_explanation: String,
    #[serde(default)]
    overall_confidence_score: f64,
}

impl ReviewOutput {
    /// The review as text: the explanation, then each finding with its place.
    fn text(&self) -> String {
        let mut text = self.overall_explanation.trim().to_owned();
        for finding in &self.findings {
            let word = |key: &str| finding.get(key).and_then(Value::as_str).unwrap_or_default();
            let place = finding.get("code_location").map_or_else(String::new, |at| {
                let path = at
                    .get("absolute_file_path")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let line = |key: &str| {
                    at.get("line_range")
                        .and_then(|r| r.get(key))
                        .and_then(Value::as_i64)
                };
                match (line("start"), line("end")) {
                    (Some(start), Some(end)) => format!(" — {path}:{start}-{end}"),
                    _ => format!(" — {path}"),
                }
            });
            text.push_str("\n\n- ");
            text.push_str(word("title"));
            text.push_str(&place);
            for line in word("body").lines() {
                text.push_str("\n  ");
                text.push_str(line);
            }
        }
        text
    }
}

#[derive(Serialize, Deserialize)]
struct Hook<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    fragments: Vec<HookFragment<'a>>,
}

#[derive(Serialize, Deserialize)]
struct HookFragment<'a> {
    #[serde(borrow, default)]
    hook_run_id: Cow<'a, str>,
    #[serde(borrow, default)]
    text: Cow<'a, str>,
}

/// Items whose fields we hand through: camelCase on the wire, snake_case in files.
#[derive(Serialize)]
struct Open<'a> {
    id: Cow<'a, str>,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

impl<'a> Open<'a> {
    fn new(id: Cow<'a, str>, fields: &BTreeMap<String, Value>) -> Self {
        let fields = fields.iter().map(|(k, v)| (snake(k), v.clone())).collect();
        Self { id, fields }
    }
}

fn open_fields(raw: &str) -> Option<BTreeMap<String, Value>> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(raw).ok()?;
    let fields = fields.into_iter().filter(|(k, _)| k != "id" && k != "type");
    Some(
        fields
            .filter_map(|(k, v)| Some((camel(&k), serde_json::from_str(v.get()).ok()?)))
            .collect(),
    )
}

fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut up = false;
    for c in name.chars() {
        if c == '_' {
            up = true;
        } else {
            out.push(if up { c.to_ascii_uppercase() } else { c });
            up = false;
        }
    }
    out
}

fn to_file_url(path: &Path) -> Cow<'static, str> {
    url::Url::from_file_path(path).map_or_else(
        |()| path.to_string_lossy().into_owned().into(),
        |url| String::from(url).into(),
    )
}

/// Reads `file://` URLs, and plain paths as older programs wrote them.
pub(crate) fn from_file_url(text: &str) -> PathBuf {
    if text.starts_with("file:")
        && let Some(path) = url::Url::parse(text).ok().and_then(|url| url.to_file_path().ok())
    {
        return path;
    }
    PathBuf::from(text)
}
