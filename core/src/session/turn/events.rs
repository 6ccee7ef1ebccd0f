//! The events of a response: to the client, the history and the tools.

use std::sync::Arc;

use super::{Completed, Turn};
use crate::approval_review::ApprovalReviewer;
use crate::model::{KnownItem, ModelError, ResponseEvent, ResponseItem, ResponseStream};
use crate::session::calls::Calls;
use crate::session::inbox::StreamInterrupt;
use crate::session::stream::ResponseItems;
use crate::session::{Guardian, Services};
use crate::tools::{CallContext, CallRecord};
use crate::{DeltaKind, Event, Item, Traffic};

/// Events that are taken in one go before others get their turn.
const BURST: usize = 64;

impl Turn<'_> {
    /// Takes the events of a response up to its end, while its tool calls run.
    pub(super) async fn take_events(
        &mut self,
        stream: &mut ResponseStream,
        items: &mut ResponseItems,
        calls: &mut Calls,
    ) -> Result<Completed, StreamInterrupt> {
        let mut burst = 0;
        loop {
            let ready = if burst < BURST { stream.try_next() } else { None };
            let event = if let Some(event) = ready {
                burst += 1;
                Some(event)
            } else {
                let outbox = &self.services.outbox;
                let next = async {
                    if burst >= BURST {
                        tokio::task::yield_now().await;
                    }
                    outbox.ready(Traffic::Model).await;
                    stream.next().await
                };
                let event = self.inbox.watch(calls, next).await?;
                self.inbox.give_snapshots(&self.session.history);
                burst = 0;
                event
            };
            let event = match event {
                Some(Ok(event)) => event,
                Some(Err(error)) => return Err(StreamInterrupt::Failed(Box::new(error))),
                None => return Err(StreamInterrupt::Failed(Box::new(stream_ended()))),
            };
            if let Some(completed) = self.event(event, items, calls).await {
                return Ok(completed);
            }
        }
    }

    async fn event(
        &mut self,
        event: ResponseEvent,
        items: &mut ResponseItems,
        calls: &mut Calls,
    ) -> Option<Completed> {
        match event {
            ResponseEvent::Created | ResponseEvent::ReasoningIncluded => {}
            ResponseEvent::TextDelta { number, delta } => items.text_delta(number, delta),
            ResponseEvent::ToolInputDelta { number, delta } => items.input_delta(number, &delta),
            ResponseEvent::ReasoningSummaryDelta {
                number,
                delta,
                summary_index,
            } => {
                items.reasoning_delta(number, DeltaKind::ReasoningSummary { summary_index }, delta);
            }
            ResponseEvent::ReasoningDelta {
                number,
                delta,
                content_index,
            } => {
                items.reasoning_delta(number, DeltaKind::ReasoningContent { content_index }, delta);
            }
            ResponseEvent::ReasoningPartAdded {
                number,
                summary_index,
            } => {
                items.reasoning_part_added(number, summary_index);
            }
            ResponseEvent::ItemAdded { number, item } => {
                self.first_token.get_or_insert_with(|| self.began.elapsed());
                items.added(number, item);
            }
            ResponseEvent::ItemDone { number, item } => {
                self.first_token.get_or_insert_with(|| self.began.elapsed());
                self.item_done(number, item, items, calls).await;
            }
            ResponseEvent::Completed {
                response_id,
                usage,
                usage_as_sent,
                end_turn,
                failure,
            } => {
                for (said, message) in items.finish().await {
                    self.message_done(message);
                    self.session.history.push([said]);
                }
                self.session
                    .history
                    .response_completed(&response_id, usage, usage_as_sent);
                return Some(Completed {
                    response_id,
                    usage,
                    end_turn,
                    failure,
                });
            }
            aside => self.event_aside(aside),
        }
        None
    }

    /// What a server says beside the response itself.
    pub(super) fn event_aside(&mut self, event: ResponseEvent) {
        let outbox = &self.services.outbox;
        match event {
            ResponseEvent::RateLimits(limits) => self.limits.extend(limits),
            ResponseEvent::ServerModel(model) => self.server_model(model),
            ResponseEvent::Verification(_) if self.verified => {}
            ResponseEvent::Verification(verifications) => {
                self.verified = true;
                outbox.emit(Event::ModelVerification {
                    turn_id: Arc::clone(&self.plan.id),
                    verifications,
                });
            }
            ResponseEvent::Moderation(metadata) => outbox.emit(Event::ModerationMetadata {
                turn_id: Arc::clone(&self.plan.id),
                metadata,
            }),
            ResponseEvent::SafetyBuffering {
                use_cases,
                reasons,
                faster_model,
            } => outbox.emit(Event::SafetyBuffering {
                turn_id: Arc::clone(&self.plan.id),
                model: self.prompt.model.clone(),
                use_cases,
                reasons,
                faster_model,
            }),
            ResponseEvent::Notice(text) if self.noticed.contains(&text) => {}
            ResponseEvent::Notice(text) => {
                outbox.emit(Event::Warning(text.clone()));
                self.noticed.push(text);
            }
            _ => {}
        }
    }

    fn message_done(&mut self, message: Option<Item>) {
        if let Some(message) = message {
            if message.body.is_answer() {
                self.answered = true;
                self.answer = Some(message.clone());
            }
            self.services.realtime.agent_said(&self.plan.id, &message.body);
            self.last_message = Some(message);
        }
    }

    async fn item_done(
        &mut self,
        number: usize,
        mut item: ResponseItem,
        items: &mut ResponseItems,
        calls: &mut Calls,
    ) {
        if let ResponseItem::Known(known) = &mut item {
            let message = items.done(number, known).await;
            self.message_done(message);
            if let KnownItem::Reasoning { summary, .. } = known {
                self.services.realtime.agent_thought(&self.plan.id, summary);
            }
            // Nothing that a model writes may come back to it as an order.
            if matches!(known, KnownItem::Message { role, .. } if role == "system") {
                return;
            }
            let Services {
                outbox,
                exec,
                patches,
                dynamic_tools,
                approvals,
                goals,
                tools,
                agents,
                config,
                guardian,
                hooks,
                mcp,
                images,
                ..
            } = self.services;
            let judge = guardian
                .clone()
                .map(|guardian| guardian as Arc<dyn ApprovalReviewer>);
            let is_asked = Guardian::is_asked(&self.plan.settings);
            let images = images.call(known, self.session.history.items(), dynamic_tools);
            let context = |cancel| CallContext {
                outbox: outbox.clone(),
                turn_id: Arc::clone(&self.plan.id),
                settings: Arc::clone(&self.plan.settings),
                output_limit: self.plan.request.output_limit,
                image_detail: self.plan.request.image_detail,
                cancel,
                exec: Arc::clone(exec),
                patches: Arc::clone(patches),
                dynamic: dynamic_tools.clone(),
                approvals: Arc::clone(approvals),
                config: Arc::clone(config),
                root_turn_id: self.plan.root_id.as_str().into(),
                agents: self.plan.request.agents.map(|_| Arc::clone(agents)),
                goals: Arc::clone(goals),
                reviewer: judge.clone().filter(|_| is_asked),
                guardian: judge.clone(),
                hooks: Arc::clone(hooks),
                record: CallRecord::default(),
                mcp: Arc::clone(mcp),
                images,
                turn_started_at_ms: self.plan.started_at.saturating_mul(1000),
            };
            calls.start(tools, context, known);
            self.session.history.push([item]);
            if let Some(guardian) = guardian
                && guardian.listens(&self.plan.settings)
            {
                // Before the call, which runs when this has returned.
                guardian.heard(self.session.history.items());
            }
            return;
        }
        calls.search(&self.plan.request.deferred_tools, &item);
        self.session.history.push([item]);
    }

    /// The server says which model answers.
    fn server_model(&mut self, model: String) {
        let asked = &self.prompt.model;
        if self.rerouted || model.eq_ignore_ascii_case(asked) {
            return;
        }
        self.rerouted = true;
        let outbox = &self.services.outbox;
        let warning = format!(
            "The server answers with the model {model} instead of {asked}, because it takes the request for a \
             possible security risk. If that is a mistake, the provider's trusted access programme lifts it."
        );
        outbox.emit(Event::ModelRerouted {
            turn_id: Arc::clone(&self.plan.id),
            from: asked.clone(),
            to: model,
        });
        outbox.emit(Event::Warning(warning));
    }
}

/// A stream that just ends breaks its promise; it is taken for a lost connection.
fn stream_ended() -> ModelError {
    ModelError::disconnected("stream closed before response.completed")
}
