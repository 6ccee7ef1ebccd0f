//! One message of the model on its way to the client; in plan mode, with the plan that it may hold.

use std::sync::Arc;

use super::plan::{self, Piece, PlanSplitter};
use crate::outbox::Outbox;
use crate::{DeltaKind, Item, ItemBody, MessagePhase, new_id, now_ms};

/// Where a message is told.
#[derive(Clone)]
pub(crate) struct MessageContext {
    pub(crate) outbox: Outbox,
    pub(crate) turn_id: Arc<str>,
    /// Plans are cut out of messages.
    pub(crate) plan_mode: bool,
    /// Patches are shown while the model writes them.
    pub(crate) patch_previews: bool,
}

/// A message that the model has begun.
pub(crate) struct OpenMessage {
    id: Arc<str>,
    started_at_ms: i64,
    phase: Option<MessagePhase>,
    /// What was streamed so far: needed when the stream is cut.
    text: String,
    /// The same with the plans in it, in plan mode.
    with_plans: String,
    /// The client knows of it. In plan mode a message may turn out to be nothing but a plan.
    announced: bool,
    /// In plan mode.
    splitter: Option<PlanSplitter>,
    plan: Option<OpenPlan>,
}

struct OpenPlan {
    id: Arc<str>,
    started_at_ms: i64,
    text: String,
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
            text: String::new(),
            with_plans: String::new(),
            announced: false,
            splitter: place.plan_mode.then(PlanSplitter::default),
            plan: None,
        };
        if place.plan_mode {
            message.delta(place, text);
        } else {
            message.text = text;
            message.announce(place);
        }
        message
    }

    /// Its identifier.
    pub(crate) fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// What was streamed so far, with plans.
    pub(crate) fn streamed(&self) -> &str {
        if self.splitter.is_some() {
            &self.with_plans
        } else {
            &self.text
        }
    }

    /// More text.
    pub(crate) fn delta(&mut self, place: &MessageContext, text: String) {
        match &mut self.splitter {
            None => self.message_delta(place, text),
            Some(splitter) => {
                self.with_plans.push_str(&text);
                let pieces = splitter.push(&text);
                self.pieces(place, pieces);
            }
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
        let Some(splitter) = self.splitter.take() else {
            return Some(self.complete(place, text).await);
        };
        self.pieces(place, splitter.finish());
        let (text, plan) = plan::split(&text);
        if let Some(plan) = plan {
            self.begin_plan(place);
            self.complete_plan(place, plan).await;
        } else if let Some(plan) = &mut self.plan {
            // The end knows nothing of the plan that was streamed.
            let plan = std::mem::take(&mut plan.text);
            self.complete_plan(place, plan).await;
        }
        if text.is_empty() && !self.announced {
            return None;
        }
        self.announce(place);
        Some(self.complete(place, text).await)
    }

    /// It is complete though its end never came: what was streamed is all of it.
    pub(crate) async fn end(self, place: &MessageContext, text: String) -> Option<Item> {
        let phase = self.phase;
        self.done(place, text, phase).await
    }

    /// The stream was cut: what was shown stays readable as complete items.
    pub(crate) async fn cut(mut self, place: &MessageContext) {
        if let Some(splitter) = self.splitter.take() {
            self.pieces(place, splitter.finish());
        }
        if let Some(plan) = &mut self.plan {
            let text = std::mem::take(&mut plan.text);
            self.complete_plan(place, text).await;
        }
        if self.announced {
            let text = std::mem::take(&mut self.text);
            self.complete(place, text).await;
        }
    }

    fn pieces(&mut self, place: &MessageContext, pieces: Vec<Piece>) {
        for piece in pieces {
            match piece {
                Piece::Message(text) => {
                    self.announce(place);
                    self.message_delta(place, text);
                }
                Piece::PlanBegins => self.begin_plan(place),
                Piece::Plan(text) => {
                    if let Some(plan) = &mut self.plan {
                        plan.text.push_str(&text);
                        place
                            .outbox
                            .delta(&place.turn_id, &plan.id, DeltaKind::Plan, text);
                    }
                }
            }
        }
    }

    fn message_delta(&mut self, place: &MessageContext, text: String) {
        self.text.push_str(&text);
        place
            .outbox
            .delta(&place.turn_id, &self.id, DeltaKind::AgentMessage, text);
    }

    fn announce(&mut self, place: &MessageContext) {
        if !std::mem::replace(&mut self.announced, true) {
            let item = self.item(self.text.clone(), None);
            place.outbox.item_started(&place.turn_id, item);
        }
    }

    async fn complete(&self, place: &MessageContext, text: String) -> Item {
        let item = self.item(text, Some(now_ms()));
        place
            .outbox
            .complete_in_background(&place.turn_id, item.clone())
            .await;
        item
    }

    fn item(&self, text: String, completed_at_ms: Option<i64>) -> Item {
        Item {
            id: self.id.to_string(),
            started_at_ms: Some(self.started_at_ms),
            completed_at_ms,
            body: ItemBody::AgentMessage {
                text,
                phase: self.phase,
                delivery: None,
            },
        }
    }

    /// A plan begins. There is one plan item in a turn: a later plan takes the place of an earlier one.
    fn begin_plan(&mut self, place: &MessageContext) {
        if let Some(plan) = &mut self.plan {
            plan.text.clear();
            return;
        }
        let plan = OpenPlan {
            id: new_id().into(),
            started_at_ms: now_ms(),
            text: String::new(),
        };
        place
            .outbox
            .item_started(&place.turn_id, plan.item(String::new(), None));
        self.plan = Some(plan);
    }

    async fn complete_plan(&mut self, place: &MessageContext, text: String) {
        if let Some(plan) = self.plan.take() {
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
