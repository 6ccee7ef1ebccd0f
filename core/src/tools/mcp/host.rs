//! What a server tells and asks while a call of it runs.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::super::{CallContext, ToolCall};
use crate::mcp::{CallHost, json_size};
use crate::outbox::{McpQuestion, Outbox};
use crate::{Event, McpAction, McpElicitationKind, Traffic, char_boundary};

/// Longest step that is told, in bytes.
const MAX_STEP: usize = 1024;
/// Longest text of a question, in bytes, and its largest form, as JSON.
const MAX_TEXT: usize = 16 << 10;
const MAX_FORM: usize = 64 << 10;

/// The turn, as the server of a call of it sees it.
pub(super) struct TurnHost {
    outbox: Outbox,
    turn_id: Arc<str>,
    item_id: Arc<str>,
    server: String,
    may_ask: bool,
    questions: watch::Sender<Questions>,
}

/// Questions of a server in one call.
#[derive(Default)]
struct Questions {
    open: usize,
    /// Since when there are any.
    since: Option<Instant>,
    /// How long there were any, and nobody has counted yet.
    time: Duration,
}

impl TurnHost {
    pub(super) fn new(cx: &CallContext, call: &ToolCall, server: &str) -> Arc<Self> {
        Arc::new(Self {
            outbox: cx.outbox.clone(),
            turn_id: Arc::clone(&cx.turn_id),
            item_id: call.call_id.as_str().into(),
            server: server.to_owned(),
            may_ask: super::may_ask(&cx.settings.approval_policy),
            questions: watch::Sender::default(),
        })
    }

    /// Resolves when no question is open; gives how long there were any since this was asked last.
    pub(super) async fn rested(&self) -> Duration {
        let mut questions = self.questions.subscribe();
        // The sender is ours.
        let _ = questions.wait_for(|questions| questions.open == 0).await;
        let mut time = Duration::ZERO;
        self.questions.send_if_modified(|questions| {
            time = std::mem::take(&mut questions.time);
            false
        });
        time
    }
}

impl CallHost for TurnHost {
    fn progress(&self, mut message: String) {
        // Whoever does not keep up with steps need not hear of all.
        if self.outbox.congested(Traffic::Output) {
            return;
        }
        message.truncate(char_boundary::floor(&message, MAX_STEP));
        self.outbox.emit(Event::McpProgress {
            turn_id: Arc::clone(&self.turn_id),
            item_id: Arc::clone(&self.item_id),
            message,
        });
    }

    fn elicit(&self, params: Value) -> BoxFuture<'static, Value> {
        let kind = if self.may_ask { kind(&params) } else { None };
        let Some(kind) = kind else {
            return std::future::ready(json!({"action": "decline"})).boxed();
        };
        let question = McpQuestion {
            turn_id: Some(Arc::clone(&self.turn_id)),
            server: self.server.clone(),
            meta: meta(&params),
            kind,
        };
        let (outbox, open) = (self.outbox.clone(), Open::new(self));
        async move {
            let answer = outbox.ask_for_mcp(question).await;
            drop(open);
            match answer.map(|answer| (answer.action, answer.content, answer.meta)) {
                Some((McpAction::Accept, content, meta)) => {
                    let content = if content.is_null() { json!({}) } else { content };
                    let mut answer = json!({"action": "accept", "content": content});
                    if !meta.is_null() {
                        answer["_meta"] = meta;
                    }
                    answer
                }
                Some((McpAction::Cancel, ..)) => json!({"action": "cancel"}),
                Some((McpAction::Decline, ..)) | None => json!({"action": "decline"}),
            }
        }
        .boxed()
    }
}

/// What the server adds to a question, without what tells our own questions about calls.
fn meta(params: &Value) -> Value {
    let Some(meta) = params.get("_meta").and_then(Value::as_object) else {
        return Value::Null;
    };
    let is_ours = |name: &str| name.starts_with("codex_") || name.starts_with("tool_") || name == "persist";
    let meta = meta.iter().filter(|(name, _)| !is_ours(name));
    Value::Object(meta.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// A question that is open.
struct Open(watch::Sender<Questions>);

impl Open {
    fn new(host: &TurnHost) -> Self {
        host.questions.send_modify(|questions| {
            questions.open += 1;
            questions.since.get_or_insert_with(Instant::now);
        });
        Self(host.questions.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|questions| {
            questions.open = questions.open.saturating_sub(1);
            if questions.open == 0
                && let Some(since) = questions.since.take()
            {
                questions.time += since.elapsed();
            }
        });
    }
}

/// A question as clients know it. `None`: it is none, or one that nobody could read.
fn kind(params: &Value) -> Option<McpElicitationKind> {
    let text = |name: &str| {
        let text = params[name].as_str()?;
        (text.len() <= MAX_TEXT).then(|| text.to_owned())
    };
    let message = text("message")?;
    if ["requestedSchema", "_meta"]
        .iter()
        .any(|name| json_size(&params[*name]) > MAX_FORM)
    {
        return None;
    }
    match params["mode"].as_str() {
        None | Some("form") => Some(McpElicitationKind::Form {
            message,
            schema: params["requestedSchema"].clone(),
        }),
        Some("url") => Some(McpElicitationKind::Url {
            message,
            // Clients open it.
            url: text("url").filter(|url| is_web_page(url))?,
            elicitation_id: text("elicitationId").unwrap_or_default(),
        }),
        Some(_) => None,
    }
}

/// Whether a browser shows this as a page of the web, and nothing runs by it.
fn is_web_page(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
