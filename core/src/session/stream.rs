//! From the events of a response to items and deltas for the client, and items for the history.

use std::sync::Arc;

use serde_json::Value;

use super::message::{OpenMessage, Place};
use crate::model::{ContentItem, KnownItem, ReasoningContent, ResponseItem, SummaryPart};
use crate::{DeltaKind, Event, Item, ItemBody, MessagePhase, WebSearchAction, new_id, now_ms};

/// The items of one response on their way to the client. At most one is open at a time, as the server sends them.
pub(crate) struct ResponseItems {
    place: Place,
    open: Option<OpenItem>,
}

enum OpenItem {
    Message(OpenMessage),
    Reasoning { id: Arc<str>, started_at_ms: i64 },
    WebSearch { id: Arc<str>, started_at_ms: i64 },
}

impl ResponseItems {
    /// For one attempt of one request.
    pub(crate) fn new(place: Place) -> Self {
        Self { place, open: None }
    }

    /// An item begins. One that is still open is abandoned: the server never finished it.
    pub(crate) fn added(&mut self, item: ResponseItem) {
        let ResponseItem::Known(item) = item else {
            return;
        };
        match item {
            KnownItem::Message {
                id, content, phase, ..
            } => self.start_message(id.as_deref(), phase, output_text(content)),
            KnownItem::Reasoning { id, .. } => self.start_reasoning(id.as_deref(), Vec::new(), Vec::new()),
            KnownItem::WebSearchCall { id, .. } => self.start_search(id.as_deref(), web_search(None)),
            _ => {}
        }
    }

    /// More text of the open message. Without one it is dropped.
    pub(crate) fn text_delta(&mut self, delta: String) {
        if let Some(OpenItem::Message(message)) = &mut self.open {
            message.delta(&self.place, delta);
        }
    }

    /// More text of the open reasoning. Without one it is dropped.
    pub(crate) fn reasoning_delta(&mut self, kind: DeltaKind, delta: String) {
        if let Some(id) = self.open_reasoning() {
            self.place.outbox.delta(&self.place.turn_id, id, kind, delta);
        }
    }

    /// A section of a reasoning summary begins.
    pub(crate) fn reasoning_part_added(&mut self, summary_index: i64) {
        if let Some(id) = self.open_reasoning() {
            self.place.outbox.emit(Event::ReasoningPartAdded {
                turn_id: Arc::clone(&self.place.turn_id),
                item_id: Arc::clone(id),
                summary_index,
            });
        }
    }

    /// An item is complete. Gives the message, if it is one.
    pub(crate) async fn done(&mut self, item: &KnownItem) -> Option<Item> {
        let id = match item {
            KnownItem::Message { id, .. }
            | KnownItem::Reasoning { id, .. }
            | KnownItem::WebSearchCall { id, .. } => id.as_deref(),
            _ => return None,
        };
        let open = self.open.take().filter(|open| open.is(item, id));
        match item {
            KnownItem::Message {
                role, content, phase, ..
            } if role == "assistant" => {
                let text = output_text(content.clone());
                let open = match open {
                    Some(OpenItem::Message(open)) => open,
                    // In plan mode the text is told when it has been taken apart.
                    _ if self.place.plan_mode => {
                        OpenMessage::begin(&self.place, id_or_new(id, "msg"), *phase, String::new())
                    }
                    _ => OpenMessage::begin(&self.place, id_or_new(id, "msg"), *phase, text.clone()),
                };
                open.done(&self.place, text, *phase).await
            }
            KnownItem::Reasoning { summary, content, .. } => {
                let summary: Vec<_> = summary
                    .iter()
                    .map(|SummaryPart::SummaryText { text }| text.clone())
                    .collect();
                let content: Vec<_> = content.iter().flatten().map(reasoning_text).collect();
                self.open = open;
                if self.open.is_none() {
                    self.start_reasoning(id, summary.clone(), content.clone());
                }
                self.complete(ItemBody::Reasoning { summary, content }).await;
                None
            }
            KnownItem::WebSearchCall { action, .. } => {
                let body = web_search(action.as_ref());
                self.open = open;
                if self.open.is_none() {
                    self.start_search(id, body.clone());
                }
                self.complete(body).await;
                None
            }
            _ => None,
        }
    }

    /// The stream was cut by the user's steer: what was shown of a message stays readable as a complete item.
    pub(crate) async fn cut(&mut self) {
        if let Some(OpenItem::Message(message)) = self.open.take() {
            message.cut(&self.place).await;
        }
    }

    fn start_message(&mut self, id: Option<&str>, phase: Option<MessagePhase>, text: String) {
        let id = id_or_new(id, "msg");
        self.open = Some(OpenItem::Message(OpenMessage::begin(
            &self.place,
            id,
            phase,
            text,
        )));
    }

    fn start_reasoning(&mut self, id: Option<&str>, summary: Vec<String>, content: Vec<String>) {
        let id = id_or_new(id, "rs");
        let started_at_ms = self.announce(&id, ItemBody::Reasoning { summary, content });
        self.open = Some(OpenItem::Reasoning { id, started_at_ms });
    }

    fn start_search(&mut self, id: Option<&str>, body: ItemBody) {
        let id = id_or_new(id, "ws");
        let started_at_ms = self.announce(&id, body);
        self.open = Some(OpenItem::WebSearch { id, started_at_ms });
    }

    fn announce(&self, id: &Arc<str>, body: ItemBody) -> i64 {
        let started_at_ms = now_ms();
        let item = Item {
            id: id.to_string(),
            started_at_ms: Some(started_at_ms),
            completed_at_ms: None,
            body,
        };
        self.place.outbox.item_started(&self.place.turn_id, item);
        started_at_ms
    }

    /// Completes the open reasoning or search.
    async fn complete(&mut self, body: ItemBody) {
        if let Some(OpenItem::Reasoning { id, started_at_ms } | OpenItem::WebSearch { id, started_at_ms }) =
            self.open.take()
        {
            let item = Item {
                id: id.to_string(),
                started_at_ms: Some(started_at_ms),
                completed_at_ms: None,
                body,
            };
            self.place.outbox.item_completed(&self.place.turn_id, item).await;
        }
    }

    fn open_reasoning(&self) -> Option<&Arc<str>> {
        match &self.open {
            Some(OpenItem::Reasoning { id, .. }) => Some(id),
            _ => None,
        }
    }
}

impl OpenItem {
    /// Whether the item that is complete is this one. Servers that give no identifier give it neither at the beginning
    /// nor at the end.
    fn is(&self, item: &KnownItem, done_id: Option<&str>) -> bool {
        let same = |id: &Arc<str>| done_id.is_none_or(|done| *done == **id);
        match (self, item) {
            (Self::Message(open), KnownItem::Message { .. }) => open.is(done_id),
            (Self::Reasoning { id, .. }, KnownItem::Reasoning { .. })
            | (Self::WebSearch { id, .. }, KnownItem::WebSearchCall { .. }) => same(id),
            _ => false,
        }
    }
}

fn id_or_new(id: Option<&str>, prefix: &str) -> Arc<str> {
    id.map_or_else(|| format!("{prefix}_{}", new_id()).into(), Into::into)
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
