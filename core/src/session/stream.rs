//! From the events of a response to items and deltas for the client, and items for the history.

use std::sync::Arc;

use serde_json::Value;

use super::Outbox;
use crate::model::{ContentItem, KnownItem, ReasoningContent, ResponseItem, SummaryPart};
use crate::{DeltaKind, Event, Item, ItemBody, MessagePhase, WebSearchAction, new_id, now_ms};

/// The items of one response on their way to the client. At most one is open at a time, as the server sends them.
pub(crate) struct ResponseItems {
    outbox: Outbox,
    turn_id: Arc<str>,
    open: Option<OpenItem>,
}

struct OpenItem {
    id: Arc<str>,
    started_at_ms: i64,
    kind: OpenKind,
}

enum OpenKind {
    /// What was streamed so far: needed when the stream is cut.
    Message {
        text: String,
        phase: Option<MessagePhase>,
    },
    Reasoning,
    WebSearch,
}

impl ResponseItems {
    /// For one attempt of one request.
    pub(crate) fn new(outbox: Outbox, turn_id: Arc<str>) -> Self {
        Self {
            outbox,
            turn_id,
            open: None,
        }
    }

    /// An item begins.
    pub(crate) fn added(&mut self, item: ResponseItem) {
        let ResponseItem::Known(item) = item else {
            return;
        };
        let (id, kind, body) = match item {
            KnownItem::Message {
                id, content, phase, ..
            } => {
                let text = output_text(content);
                let body = ItemBody::AgentMessage {
                    text: text.clone(),
                    phase,
                };
                (id, OpenKind::Message { text, phase }, body)
            }
            KnownItem::Reasoning { id, .. } => {
                let body = ItemBody::Reasoning {
                    summary: Vec::new(),
                    content: Vec::new(),
                };
                (id, OpenKind::Reasoning, body)
            }
            KnownItem::WebSearchCall { id, .. } => (id, OpenKind::WebSearch, web_search(None)),
            _ => return,
        };
        self.start(id, kind, body);
    }

    /// More text of the open message. Without one it is dropped.
    pub(crate) fn text_delta(&mut self, delta: String) {
        if let Some(OpenItem {
            id,
            kind: OpenKind::Message { text, .. },
            ..
        }) = &mut self.open
        {
            text.push_str(&delta);
            self.outbox
                .delta(&self.turn_id, id, DeltaKind::AgentMessage, delta);
        }
    }

    /// More text of the open reasoning. Without one it is dropped.
    pub(crate) fn reasoning_delta(&mut self, kind: DeltaKind, delta: String) {
        if let Some(id) = self.open_reasoning() {
            self.outbox.delta(&self.turn_id, id, kind, delta);
        }
    }

    /// A section of a reasoning summary begins.
    pub(crate) fn reasoning_part_added(&mut self, summary_index: i64) {
        if let Some(id) = self.open_reasoning() {
            self.outbox.emit(Event::ReasoningPartAdded {
                turn_id: Arc::clone(&self.turn_id),
                item_id: Arc::clone(id),
                summary_index,
            });
        }
    }

    /// An item is complete. Gives the item as the client sees it, if it is of a kind that clients see.
    pub(crate) async fn done(&mut self, item: &KnownItem) -> Option<Item> {
        let (id, kind, body) = match item {
            KnownItem::Message {
                id,
                role,
                content,
                phase,
            } if role == "assistant" => {
                let phase = *phase;
                let text = output_text(content.clone());
                let kind = OpenKind::Message {
                    text: String::new(),
                    phase,
                };
                (id, kind, ItemBody::AgentMessage { text, phase })
            }
            KnownItem::Reasoning {
                id, summary, content, ..
            } => {
                let body = ItemBody::Reasoning {
                    summary: summary
                        .iter()
                        .map(|SummaryPart::SummaryText { text }| text.clone())
                        .collect(),
                    content: content.iter().flatten().map(reasoning_text).collect(),
                };
                (id, OpenKind::Reasoning, body)
            }
            KnownItem::WebSearchCall { id, action, .. } => {
                (id, OpenKind::WebSearch, web_search(action.as_ref()))
            }
            _ => return None,
        };
        if !self.is_open(&kind, id.as_deref()) {
            self.start(id.clone(), kind, body.clone());
        }
        let open = self.open.take()?;
        let item = Item {
            id: open.id.to_string(),
            started_at_ms: Some(open.started_at_ms),
            completed_at_ms: Some(now_ms()),
            body,
        };
        self.outbox.item_completed(&self.turn_id, item.clone()).await;
        Some(item)
    }

    /// The stream was cut by the user's steer: what was shown of a message stays readable as a complete item.
    pub(crate) async fn cut(&mut self) {
        let Some(OpenItem {
            id,
            started_at_ms,
            kind: OpenKind::Message { text, phase },
        }) = self.open.take()
        else {
            return;
        };
        let item = Item {
            id: id.to_string(),
            started_at_ms: Some(started_at_ms),
            completed_at_ms: None,
            body: ItemBody::AgentMessage { text, phase },
        };
        self.outbox.item_completed(&self.turn_id, item).await;
    }

    /// Announces an item. One that is still open is abandoned: the server never finished it.
    fn start(&mut self, id: Option<String>, kind: OpenKind, body: ItemBody) {
        let id = id.unwrap_or_else(|| {
            let prefix = match kind {
                OpenKind::Message { .. } => "msg",
                OpenKind::Reasoning => "rs",
                OpenKind::WebSearch => "ws",
            };
            format!("{prefix}_{}", new_id())
        });
        let started_at_ms = now_ms();
        self.open = Some(OpenItem {
            id: id.as_str().into(),
            started_at_ms,
            kind,
        });
        let item = Item {
            id,
            started_at_ms: Some(started_at_ms),
            completed_at_ms: None,
            body,
        };
        self.outbox.item_started(&self.turn_id, item);
    }

    /// Whether the item that is complete is the one that was announced. Servers that give no identifier give it
    /// neither at the beginning nor at the end.
    fn is_open(&self, kind: &OpenKind, id: Option<&str>) -> bool {
        self.open.as_ref().is_some_and(|open| {
            std::mem::discriminant(&open.kind) == std::mem::discriminant(kind)
                && id.is_none_or(|id| id == &*open.id)
        })
    }

    fn open_reasoning(&self) -> Option<&Arc<str>> {
        let open = self.open.as_ref()?;
        matches!(open.kind, OpenKind::Reasoning).then_some(&open.id)
    }
}

fn output_text(content: Vec<ContentItem>) -> String {
    let mut texts = content.into_iter().filter_map(|part| match part {
        ContentItem::OutputText { text } => Some(text),
        _ => None,
    });
    // Nearly always there is one part: it is moved, not copied.
    let mut text = texts.next().unwrap_or_default();
    texts.for_each(|more| text.push_str(&more));
    text
}

fn reasoning_text(part: &ReasoningContent) -> String {
    match part {
        ReasoningContent::ReasoningText { text } | ReasoningContent::Text { text } => text.clone(),
    }
}

/// What clients see of a search by the server (threads-and-turns section 3.7).
fn web_search(action: Option<&Value>) -> ItemBody {
    let action = action
        .and_then(|action| serde_json::from_value(action.clone()).ok())
        .unwrap_or(WebSearchAction::Other);
    let query = match &action {
        WebSearchAction::Search {
            query: Some(query), ..
        } => Some(query.clone()),
        WebSearchAction::Search { queries, .. } => match queries.as_deref() {
            Some([only]) => Some(only.clone()),
            Some([first, ..]) => Some(format!("{first} ...")),
            _ => None,
        },
        WebSearchAction::OpenPage { url } => url.clone(),
        WebSearchAction::FindInPage { url, pattern } => match (pattern, url) {
            (Some(pattern), Some(url)) => Some(format!("'{pattern}' in {url}")),
            (pattern, url) => pattern.clone().or_else(|| url.clone()),
        },
        WebSearchAction::Other => None,
    };
    ItemBody::WebSearch {
        query: query.unwrap_or_default(),
        action,
        results: None,
    }
}
