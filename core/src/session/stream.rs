//! From the events of a response to items and deltas for the client, and items for the history.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::message::{MessageContext, OpenMessage};
use crate::model::{ContentItem, KnownItem, ReasoningContent, ResponseItem, SummaryPart};
use crate::{DeltaKind, Event, Item, ItemBody, MessagePhase, WebSearchAction, new_id, now_ms};

/// The tool whose calls are patches.
const APPLY_PATCH: &str = "apply_patch";

/// How often a patch that the model writes is shown at most.
const PREVIEW_INTERVAL: Duration = Duration::from_millis(500);

/// The items of one response on their way to the client, by their numbers. Several may be open at once.
pub(crate) struct ResponseItems {
    place: MessageContext,
    open: Vec<(usize, OpenItem)>,
    /// Identifiers of items that are complete.
    taken: TakenIds,
}

/// Identifiers that items of a turn have already: clients tell items apart by them.
pub(crate) type TakenIds = HashSet<Arc<str>>;

enum OpenItem {
    Message(OpenMessage),
    Reasoning(OpenReasoning),
    WebSearch {
        id: Arc<str>,
        started_at_ms: i64,
        body: ItemBody,
    },
    /// A patch that is shown while it is written. Its item begins when it is applied.
    Patch(OpenPatch),
}

struct OpenPatch {
    call_id: Arc<str>,
    text: String,
    /// When it was shown last.
    shown: Option<Instant>,
}

struct OpenReasoning {
    id: Arc<str>,
    started_at_ms: i64,
    /// What was streamed so far, by section.
    summary: BTreeMap<i64, String>,
    content: BTreeMap<i64, String>,
}

impl ResponseItems {
    /// For one attempt of one request.
    pub(crate) fn new(place: MessageContext, taken: TakenIds) -> Self {
        Self {
            place,
            open: Vec::new(),
            taken,
        }
    }

    /// The identifiers that the next response can't give to other items. Those of items that were cut are not among
    /// them: the next attempt may bring the same item as a whole.
    pub(crate) fn into_taken(self) -> TakenIds {
        self.taken
    }

    /// An item begins.
    pub(crate) fn added(&mut self, number: usize, item: ResponseItem) {
        let ResponseItem::Known(item) = item else {
            return;
        };
        let open = match item {
            KnownItem::Message {
                id,
                role,
                content,
                phase,
                ..
            } if role == "assistant" => {
                OpenItem::Message(self.begin_message(id.as_deref(), phase, output_text(&content)))
            }
            KnownItem::Reasoning { id, .. } => {
                OpenItem::Reasoning(self.begin_reasoning(id.as_deref(), Vec::new(), Vec::new()))
            }
            KnownItem::WebSearchCall { id, action, .. } => {
                self.begin_search(id.as_deref(), web_search(action.as_ref()))
            }
            KnownItem::CustomToolCall { name, call_id, .. }
                if self.place.patch_previews && name == APPLY_PATCH && !call_id.is_empty() =>
            {
                OpenItem::Patch(OpenPatch {
                    call_id: call_id.into(),
                    text: String::new(),
                    shown: None,
                })
            }
            _ => return,
        };
        self.open.push((number, open));
    }

    /// More text of a message.
    pub(crate) fn text_delta(&mut self, number: usize, delta: String) {
        let open = self.open.iter_mut().rev().find(|(open, _)| *open == number);
        if let Some((_, OpenItem::Message(message))) = open {
            message.delta(&self.place, delta);
        }
    }

    /// More input of a call.
    pub(crate) fn input_delta(&mut self, number: usize, delta: &str) {
        let open = self.open.iter_mut().rev().find(|(open, _)| *open == number);
        if let Some((_, OpenItem::Patch(patch))) = open {
            patch.text.push_str(delta);
            let is_time = patch
                .shown
                .is_none_or(|shown| shown.elapsed() >= PREVIEW_INTERVAL);
            if is_time && delta.contains('\n') {
                patch.show(&self.place);
            }
        }
    }

    /// More text of a reasoning.
    pub(crate) fn reasoning_delta(&mut self, number: usize, kind: DeltaKind, delta: String) {
        let open = self.open.iter_mut().rev().find(|(open, _)| *open == number);
        if let Some((_, OpenItem::Reasoning(reasoning))) = open {
            let section = match kind {
                DeltaKind::ReasoningSummary { summary_index } => reasoning.summary.entry(summary_index),
                DeltaKind::ReasoningContent { content_index } => reasoning.content.entry(content_index),
                _ => return,
            };
            section.or_default().push_str(&delta);
            let MessageContext { outbox, turn_id, .. } = &self.place;
            outbox.delta(turn_id, &reasoning.id, kind, delta);
        }
    }

    /// A section of a reasoning summary begins.
    pub(crate) fn reasoning_part_added(&mut self, number: usize, summary_index: i64) {
        let open = self.open.iter().rev().find(|(open, _)| *open == number);
        if let Some((_, OpenItem::Reasoning(reasoning))) = open {
            self.place.outbox.emit(Event::ReasoningPartAdded {
                turn_id: Arc::clone(&self.place.turn_id),
                item_id: Arc::clone(&reasoning.id),
                summary_index,
            });
        }
    }

    /// An item is complete. What was streamed of it and is missing in the end is put in. Gives the message, if it is
    /// one.
    pub(crate) async fn done(&mut self, number: usize, item: &mut KnownItem) -> Option<Item> {
        let place = self.open.iter().position(|(open, _)| *open == number);
        let open = place.map(|place| self.open.remove(place).1);
        match item {
            KnownItem::Message {
                id,
                role,
                content,
                phase,
                ..
            } if role == "assistant" || open.is_some() => {
                let mut text = output_text(content);
                let open = match open {
                    Some(OpenItem::Message(open)) => open,
                    // In plan mode the text is told when it has been taken apart.
                    _ if self.place.plan_mode => self.begin_message(id.as_deref(), *phase, String::new()),
                    _ => self.begin_message(id.as_deref(), *phase, text.clone()),
                };
                if text.is_empty() && !open.streamed().is_empty() {
                    open.streamed().clone_into(&mut text);
                    content.push(ContentItem::output_text(text.clone()));
                }
                self.taken.insert(Arc::clone(open.id()));
                open.done(&self.place, text, *phase).await
            }
            KnownItem::Reasoning {
                id, summary, content, ..
            } => {
                let mut summary: Vec<_> = summary.iter().filter_map(summary_text).collect();
                let mut content: Vec<_> = content.iter().flatten().filter_map(reasoning_text).collect();
                let open = match open {
                    Some(OpenItem::Reasoning(open)) => open,
                    _ => self.begin_reasoning(id.as_deref(), summary.clone(), content.clone()),
                };
                if summary.is_empty() {
                    summary = open.summary.into_values().collect();
                }
                if content.is_empty() {
                    content = open.content.into_values().collect();
                }
                let body = ItemBody::Reasoning { summary, content };
                self.taken.insert(Arc::clone(&open.id));
                self.complete(&open.id, open.started_at_ms, body).await;
                None
            }
            KnownItem::WebSearchCall { id, action, .. } => {
                let body = web_search(action.as_ref());
                let open = match open {
                    Some(open @ OpenItem::WebSearch { .. }) => open,
                    _ => self.begin_search(id.as_deref(), body.clone()),
                };
                if let OpenItem::WebSearch {
                    id, started_at_ms, ..
                } = open
                {
                    self.taken.insert(Arc::clone(&id));
                    self.complete(&id, started_at_ms, body).await;
                }
                None
            }
            KnownItem::CustomToolCall { input, .. } => {
                if let Some(OpenItem::Patch(mut patch)) = open {
                    input.clone_into(&mut patch.text);
                    if !input.ends_with('\n') {
                        patch.text.push('\n');
                    }
                    patch.show(&self.place);
                }
                None
            }
            _ => None,
        }
    }

    /// The response is complete, but for the ends of these items: they consist of what was streamed. Gives the messages
    /// and what the history gets of them.
    pub(crate) async fn finish(&mut self) -> Vec<(ResponseItem, Option<Item>)> {
        let mut messages = Vec::new();
        for (_, open) in std::mem::take(&mut self.open) {
            // The call never came: nothing is done.
            if matches!(open, OpenItem::Patch(_)) {
                continue;
            }
            self.taken.insert(Arc::clone(open.id()));
            match open {
                OpenItem::Message(message) if !message.streamed().is_empty() => {
                    let text = message.streamed().to_owned();
                    let said = ResponseItem::of_model(text.clone());
                    messages.push((said, message.end(&self.place, text).await));
                }
                open => self.leave(open).await,
            }
        }
        messages
    }

    /// The stream was cut, by the user's steer or by a failure: what was shown stays readable as complete items. The
    /// history gets nothing of it.
    pub(crate) async fn cut(&mut self) {
        for (_, open) in std::mem::take(&mut self.open) {
            self.leave(open).await;
        }
    }

    /// Completes an item with what was shown of it.
    async fn leave(&self, open: OpenItem) {
        match open {
            OpenItem::Message(message) => message.cut(&self.place).await,
            OpenItem::Reasoning(reasoning) => {
                let body = ItemBody::Reasoning {
                    summary: reasoning.summary.into_values().collect(),
                    content: reasoning.content.into_values().collect(),
                };
                self.complete(&reasoning.id, reasoning.started_at_ms, body).await;
            }
            OpenItem::WebSearch {
                id,
                started_at_ms,
                body,
            } => self.complete(&id, started_at_ms, body).await,
            OpenItem::Patch(_) => {}
        }
    }

    fn begin_message(&self, id: Option<&str>, phase: Option<MessagePhase>, text: String) -> OpenMessage {
        OpenMessage::begin(&self.place, self.own_id(id, "msg"), phase, text)
    }

    fn begin_reasoning(&self, id: Option<&str>, summary: Vec<String>, content: Vec<String>) -> OpenReasoning {
        let id = self.own_id(id, "rs");
        let started_at_ms = self.announce(&id, ItemBody::Reasoning { summary, content });
        OpenReasoning {
            id,
            started_at_ms,
            summary: BTreeMap::new(),
            content: BTreeMap::new(),
        }
    }

    fn begin_search(&self, id: Option<&str>, body: ItemBody) -> OpenItem {
        let id = self.own_id(id, "ws");
        let started_at_ms = self.announce(&id, body.clone());
        OpenItem::WebSearch {
            id,
            started_at_ms,
            body,
        }
    }

    /// The server's identifier, if no other item of the turn has it.
    fn own_id(&self, id: Option<&str>, prefix: &str) -> Arc<str> {
        let is_free =
            |id: &&str| !self.taken.contains(*id) && self.open.iter().all(|(_, open)| **open.id() != **id);
        id.filter(is_free)
            .map_or_else(|| format!("{prefix}_{}", new_id()).into(), Into::into)
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

    async fn complete(&self, id: &Arc<str>, started_at_ms: i64, body: ItemBody) {
        let item = Item {
            id: id.to_string(),
            started_at_ms: Some(started_at_ms),
            completed_at_ms: None,
            body,
        };
        self.place.outbox.item_completed(&self.place.turn_id, item).await;
    }
}

impl OpenItem {
    fn id(&self) -> &Arc<str> {
        match self {
            Self::Message(message) => message.id(),
            Self::Reasoning(OpenReasoning { id, .. }) | Self::WebSearch { id, .. } => id,
            Self::Patch(patch) => &patch.call_id,
        }
    }
}

impl OpenPatch {
    /// Tells what it changes so far, if it changes anything.
    fn show(&mut self, place: &MessageContext) {
        let changes = crate::patch::preview(&self.text);
        if changes.is_empty() {
            return;
        }
        self.shown = Some(Instant::now());
        place.outbox.emit(Event::PatchPreview {
            turn_id: Arc::clone(&place.turn_id),
            item_id: Arc::clone(&self.call_id),
            changes,
        });
    }
}

fn output_text(content: &[ContentItem]) -> String {
    let mut texts = content.iter().filter_map(ContentItem::said);
    // Nearly always there is one part.
    let mut text = texts.next().unwrap_or_default().to_owned();
    texts.for_each(|more| text.push_str(more));
    text
}

fn summary_text(part: &SummaryPart) -> Option<String> {
    match part {
        SummaryPart::SummaryText { text } => Some(text.clone()),
        SummaryPart::Other(_) => None,
    }
}

fn reasoning_text(part: &ReasoningContent) -> Option<String> {
    match part {
        ReasoningContent::ReasoningText { text } | ReasoningContent::Text { text } => Some(text.clone()),
        ReasoningContent::Other(_) => None,
    }
}

/// What clients see of a search by the server (docs/contract/items-and-approvals.md#web-search).
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
