//! One message of the model on its way to the client; in plan mode, with the plan that it may hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::citation::{self, CitationFilter};
use super::plan::{self, Piece, PlanSplitter};
use crate::outbox::Outbox;
use crate::{DeltaKind, Item, ItemBody, MemoryCitation, MessagePhase, new_id, now_ms};

/// Where a message is told.
pub(crate) struct MessageContext {
    pub(crate) outbox: Outbox,
    pub(crate) turn_id: Arc<str>,
    /// Plans are cut out of messages.
    pub(crate) plan_mode: bool,
    /// There is a plan in the response already: no other message gets one. Shared by the messages of a response.
    pub(crate) planned: AtomicBool,
    /// Patches are shown while the model writes them.
    pub(crate) patch_previews: bool,
}

/// A message that the model has begun.
pub(crate) struct OpenMessage {
    id: Arc<str>,
    started_at_ms: i64,
    phase: Option<MessagePhase>,
    /// What was streamed so far, as it came: needed when the stream is cut.
    streamed: String,
    citations: CitationFilter,
    /// The client knows of it. In plan mode a message may turn out to be nothing but a plan.
    announced: bool,
    /// In plan mode, the blank beginning of one that the client doesn't know of yet.
    blank: String,
    /// In plan mode.
    splitter: Option<PlanSplitter>,
    plan: Option<OpenPlan>,
}

struct OpenPlan {
    id: Arc<str>,
    started_at_ms: i64,
}

impl OpenMessage {
    /// The model begins a message, perhaps with some text.
    pub(crate) fn begin(
        place: &MessageContext,
        id: Arc<str>,
        phase: Option<MessagePhase>,
        text: String,
    ) -> Self {
        let mut message = Self {
            id,
            started_at_ms: now_ms(),
            phase,
            streamed: String::new(),
            citations: CitationFilter::default(),
            announced: false,
            blank: String::new(),
            splitter: place.plan_mode.then(PlanSplitter::default),
            plan: None,
        };
        if place.plan_mode {
            message.delta(place, text);
        } else {
            message.streamed.clone_from(&text);
            let (_, citation) = citation::split(&text);
            let shown = message.citations.push(text);
            message.announce(place, shown, citation);
        }
        message
    }

    /// Its identifier.
    pub(crate) fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// What was streamed so far, with all that clients are not shown as its text.
    pub(crate) fn streamed(&self) -> &str {
        &self.streamed
    }

    /// More text.
    pub(crate) fn delta(&mut self, place: &MessageContext, text: String) {
        self.streamed.push_str(&text);
        let is_empty = text.is_empty();
        let shown = self.citations.push(text);
        if is_empty || !shown.is_empty() {
            self.show(place, shown);
        }
    }

    /// It is complete, and this is all of it. `None`: all of it was a plan.
    pub(crate) async fn done(
        mut self,
        place: &MessageContext,
        text: String,
        phase: Option<MessagePhase>,
    ) -> Option<Item> {
        self.phase = phase;
        self.finish_stream(place);
        let (mut text, citation) = citation::split(&text);
        if place.plan_mode {
            let plan;
            (text, plan) = plan::split(&text);
            if plan.is_some() {
                self.begin_plan(place);
            }
            self.complete_plan(place, plan).await;
            if text.trim().is_empty() && !self.announced {
                return None;
            }
        }
        self.announce(place, String::new(), None);
        Some(self.complete(place, text, citation).await)
    }

    /// It is complete though its end never came: what was streamed is all of it.
    pub(crate) async fn end(self, place: &MessageContext, text: String) -> Option<Item> {
        let phase = self.phase;
        self.done(place, text, phase).await
    }

    /// The stream was cut: what was shown stays readable as complete items.
    pub(crate) async fn cut(mut self, place: &MessageContext) {
        self.finish_stream(place);
        self.complete_plan(place, None).await;
        if self.announced {
            let (mut text, citation) = citation::split(&self.streamed);
            if place.plan_mode {
                text = plan::split(&text).0;
            }
            self.complete(place, text, citation).await;
        }
    }

    /// Shows what was held back.
    fn finish_stream(&mut self, place: &MessageContext) {
        let rest = self.citations.finish();
        if !rest.is_empty() {
            self.show(place, rest);
        }
        if let Some(splitter) = self.splitter.take() {
            self.pieces(place, splitter.finish());
        }
    }

    fn show(&mut self, place: &MessageContext, text: String) {
        match &mut self.splitter {
            None => self.message_delta(place, text),
            Some(splitter) => {
                let pieces = splitter.push(&text);
                self.pieces(place, pieces);
            }
        }
    }

    fn pieces(&mut self, place: &MessageContext, pieces: Vec<Piece>) {
        for piece in pieces {
            match piece {
                Piece::Message(mut text) => {
                    if !self.announced {
                        let is_blank = text.trim().is_empty();
                        self.blank.push_str(&text);
                        if is_blank {
                            continue;
                        }
                        text = std::mem::take(&mut self.blank);
                        self.announce(place, String::new(), None);
                    }
                    self.message_delta(place, text);
                }
                Piece::PlanBegins => self.begin_plan(place),
                Piece::Plan(text) => {
                    if let Some(plan) = &self.plan {
                        place
                            .outbox
                            .delta(&place.turn_id, &plan.id, DeltaKind::Plan, text);
                    }
                }
            }
        }
    }

    fn message_delta(&self, place: &MessageContext, text: String) {
        place
            .outbox
            .delta(&place.turn_id, &self.id, DeltaKind::AgentMessage, text);
    }

    /// Tells that it begins, if that was not told.
    fn announce(&mut self, place: &MessageContext, text: String, citation: Option<MemoryCitation>) {
        if !std::mem::replace(&mut self.announced, true) {
            let item = self.item(text, citation, None);
            place.outbox.item_started(&place.turn_id, item);
        }
    }

    async fn complete(&self, place: &MessageContext, text: String, citation: Option<MemoryCitation>) -> Item {
        let item = self.item(text, citation, Some(now_ms()));
        place
            .outbox
            .complete_in_background(&place.turn_id, item.clone())
            .await;
        item
    }

    fn item(
        &self,
        text: String,
        memory_citation: Option<MemoryCitation>,
        completed_at_ms: Option<i64>,
    ) -> Item {
        Item {
            id: self.id.to_string(),
            started_at_ms: Some(self.started_at_ms),
            completed_at_ms,
            body: ItemBody::AgentMessage {
                text,
                phase: self.phase,
                delivery: None,
                memory_citation,
            },
        }
    }

    /// A plan begins. There is one plan item in a response, of its first message with one; in a message, a later plan
    /// takes the place of an earlier one.
    fn begin_plan(&mut self, place: &MessageContext) {
        if self.plan.is_some() || place.planned.swap(true, Ordering::Relaxed) {
            return;
        }
        let plan = OpenPlan {
            id: new_id().into(),
            started_at_ms: now_ms(),
        };
        place
            .outbox
            .item_started(&place.turn_id, plan.item(String::new(), None));
        self.plan = Some(plan);
    }

    /// Completes the plan, if one has begun. `None`: it is what was streamed of it.
    async fn complete_plan(&mut self, place: &MessageContext, text: Option<String>) {
        if let Some(plan) = self.plan.take() {
            let streamed = || plan::split(&citation::split(&self.streamed).0).1;
            let text = text.or_else(streamed).unwrap_or_default();
            let item = plan.item(text, Some(now_ms()));
            place.outbox.item_completed(&place.turn_id, item).await;
        }
    }
}

impl OpenPlan {
    fn item(&self, text: String, completed_at_ms: Option<i64>) -> Item {
        Item {
            id: self.id.to_string(),
            started_at_ms: Some(self.started_at_ms),
            completed_at_ms,
            body: ItemBody::Plan { text },
        }
    }
}
