//! What hooks have to say of a turn (docs/contract/hooks.md).

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Completed, Outcome, Turn, TurnTask};
use crate::hooks::{HookMoment, HookReport, HookRequest, SessionStartSource};
use crate::model::{KnownItem, ModelError, ResponseItem};
use crate::session::history::message;
use crate::session::inbox::{StreamInterrupt, TurnInput};
use crate::xml::escape;
use crate::{Event, HookEvent, Item, ItemBody, TokenUsage, UserInput, new_id, now_ms};

/// How often in a turn hooks may have a model go on that has nothing more to do.
const MOST_ROUNDS: u32 = 50;

/// What a turn knows of its hooks.
#[derive(Debug, Default)]
pub(super) struct TurnHooks {
    /// How often hooks have had the model go on.
    rounds: u32,
    /// Hooks want the turn to end: they have taken back what the user said, or the start of the thread.
    pub(super) refused: bool,
    /// The turn is being given up: hooks are not asked any more.
    pub(super) resting: bool,
    /// What the model is being asked.
    request: Option<ModelRequest>,
}

/// A request to the model, with all attempts to have it answered.
#[derive(Debug, Clone)]
pub(super) struct ModelRequest {
    kind: &'static str,
    id: String,
    attempt: u32,
    /// Tells the runs of the hooks of this attempt apart.
    suffix: String,
}

/// Why a model is asked: to go on with the turn.
pub(super) const SAMPLING: &str = "sampling";

/// Why a model is asked: to sum up the history.
pub(super) const COMPACTION: &str = "foreground_compaction";

impl Turn<'_> {
    pub(super) fn hook_moment(&self) -> HookMoment {
        HookMoment::in_turn(&self.plan.id, &self.plan.settings)
    }

    /// Runs the hooks of an event, which ends them.
    async fn run_hooks(&mut self, request: &HookRequest) -> Result<HookReport, Outcome> {
        let moment = self.hook_moment();
        let run = self.services.hooks.run(&moment, request);
        self.inbox
            .uninterrupted(run)
            .await
            .map_err(|_| Outcome::Interrupted)
    }

    /// Tells hooks that the thread begins to work, unless they know. `false`: they don't want it to.
    pub(super) async fn begin_session(&mut self) -> Result<bool, Outcome> {
        if !matches!(self.plan.task, TurnTask::Regular | TurnTask::Goal(_)) {
            return Ok(true);
        }
        let hooks = &self.services.hooks;
        let Some(source) = hooks.take_start() else {
            return Ok(true);
        };
        let event = match (hooks.is_of_agent(), source) {
            (false, _) => HookEvent::SessionStart,
            (true, SessionStartSource::Startup) => HookEvent::SubagentStart,
            (true, _) => return Ok(true),
        };
        if !hooks.any(event) {
            return Ok(true);
        }
        let request = if event == HookEvent::SessionStart {
            HookRequest::new(event, json!({"source": source.name()})).named(source.name())
        } else {
            HookRequest::new(event, json!({})).named(hooks.agent_role())
        };
        let report = self.run_hooks(&request).await?;
        self.hear_hooks(report.contexts);
        self.hooks.refused |= report.stopped;
        Ok(!report.stopped)
    }

    /// Asks hooks about something that the user has said. Gives what they add to it; `None`: the model is not to hear it.
    pub(super) async fn check_prompt(&mut self, turn_input: &TurnInput) -> Option<Vec<String>> {
        let event = HookEvent::UserPromptSubmit;
        if self.hooks.resting || turn_input.input.is_empty() || !self.services.hooks.any(event) {
            return Some(Vec::new());
        }
        let prompt: String = turn_input.input.iter().filter_map(UserInput::text).collect();
        let request = HookRequest::new(event, json!({"prompt": prompt}));
        // What was said before an interrupt is kept.
        let Ok(report) = self.run_hooks(&request).await else {
            return Some(Vec::new());
        };
        if report.blocked.is_some() || report.stopped {
            self.hear_hooks(report.contexts);
            self.hooks.refused = true;
            return None;
        }
        Some(report.contexts)
    }

    /// Takes what hooks add into the history.
    pub(super) fn hear_hooks(&mut self, contexts: Vec<String>) {
        let contexts = contexts.into_iter().map(|text| message("developer", [text]));
        self.session.history.push(contexts);
    }

    /// Takes what hooks have said meanwhile.
    pub(super) fn hear_waiting_hooks(&mut self) {
        let contexts = self.services.hooks.take_contexts();
        if !contexts.is_empty() {
            self.hear_hooks(contexts);
        }
    }

    /// The model has nothing more to do. `false`: hooks want it to go on, and have told it why.
    pub(super) async fn may_stop(&mut self) -> Result<bool, Outcome> {
        let hooks = &self.services.hooks;
        let is_of_agent = hooks.is_of_agent();
        let event = if is_of_agent {
            HookEvent::SubagentStop
        } else {
            HookEvent::Stop
        };
        if !hooks.any(event) {
            return Ok(true);
        }
        let last = self.last_message.as_ref().and_then(|item| match &item.body {
            ItemBody::AgentMessage { text, .. } => Some(text.as_str()),
            _ => None,
        });
        let mut details = json!({
            "stop_hook_active": self.hooks.rounds > 0,
            "last_assistant_message": last,
        });
        if is_of_agent {
            details["transcript_path"] = json!(hooks.parent_transcript());
            details["agent_transcript_path"] = json!(hooks.transcript());
        }
        let mut request = HookRequest::new(event, details);
        if is_of_agent {
            request = request.named(hooks.agent_role());
        }
        let report = self.run_hooks(&request).await?;
        if report.stopped || report.reasons.is_empty() {
            return Ok(true);
        }
        if self.hooks.rounds >= MOST_ROUNDS {
            self.services.outbox.emit(Event::Warning(format!(
                "{} hooks have had the model go on {MOST_ROUNDS} times in this turn and still want it to. The turn ends; \
                 say something to go on. A hook can tell by `stop_hook_active` that it has spoken before.",
                event.name()
            )));
            return Ok(true);
        }
        self.hooks.rounds += 1;
        self.hear_prompt_of_hooks(report.reasons).await;
        Ok(false)
    }

    /// Tells the model, and clients, why it is to go on.
    async fn hear_prompt_of_hooks(&mut self, fragments: Vec<(String, String)>) {
        let id = format!("msg_{}", new_id());
        let texts = fragments.iter().map(|(run, text)| {
            format!(
                "<hook_prompt hook_run_id=\"{}\">{}</hook_prompt>",
                escape(run).replace('"', "&quot;"),
                escape(text)
            )
        });
        let said = message("user", texts);
        self.session.history.push([with_id(said, &id)]);
        let item = Item {
            id,
            started_at_ms: Some(now_ms()),
            completed_at_ms: None,
            body: ItemBody::HookPrompt { fragments },
        };
        self.services.outbox.item_at_once(&self.plan.id, item).await;
    }

    /// The history is about to be summed up, or has been. An error: hooks want the turn to end.
    pub(super) async fn check_compaction(&mut self, event: HookEvent, asked: bool) -> Result<(), Outcome> {
        if event == HookEvent::PostCompact {
            self.services.hooks.begin_again(SessionStartSource::Compact);
        }
        if !self.services.hooks.any(event) {
            return Ok(());
        }
        let trigger = if asked { "manual" } else { "auto" };
        let request = HookRequest::new(event, json!({"trigger": trigger})).named(trigger);
        let report = self.run_hooks(&request).await?;
        if report.stopped {
            // It was not the user who has stopped it.
            self.interrupt_told = true;
            return Err(Outcome::Interrupted);
        }
        Ok(())
    }

    /// Tells hooks that the turn is interrupted. They have three seconds at most.
    pub(super) async fn tell_interrupt(&mut self) {
        let event = HookEvent::Interrupt;
        if !self.services.hooks.any(event) || self.inbox.replaced.is_cancelled() {
            return;
        }
        let (moment, request) = (self.hook_moment(), HookRequest::new(event, json!({})));
        tokio::select! {
            biased;
            () = self.inbox.hurry.cancelled() => {}
            _ = self.services.hooks.run(&moment, &request) => {}
        }
    }

    /// Tells hooks that the model is about to be asked. `None`: no hook wants to know.
    pub(super) async fn before_model_request(
        &mut self,
        kind: &'static str,
    ) -> Result<Option<ModelRequest>, StreamInterrupt> {
        let hooks = &self.services.hooks;
        let before = hooks.any(HookEvent::PreModelRequest);
        if !before && !hooks.any(HookEvent::PostModelRequest) {
            return Ok(None);
        }
        let attempt = match self.hooks.request.take() {
            Some(request) if request.kind == kind => ModelRequest {
                attempt: request.attempt + 1,
                suffix: new_id(),
                ..request
            },
            _ => ModelRequest {
                kind,
                id: Uuid::new_v4().to_string(),
                attempt: 1,
                suffix: new_id(),
            },
        };
        self.hooks.request = Some(attempt.clone());
        if before {
            let request = attempt.event(HookEvent::PreModelRequest, json!({}));
            let moment = self.hook_moment();
            let run = self.services.hooks.run(&moment, &request);
            self.inbox.uninterrupted(run).await?;
        }
        Ok(Some(attempt))
    }

    /// The model has answered: the next request is another one.
    pub(super) fn model_request_over(&mut self) {
        self.hooks.request = None;
    }

    /// Tells hooks how an attempt ended.
    pub(super) fn tell_of_model_request(
        &self,
        attempt: Option<ModelRequest>,
        end: &RequestEnd,
    ) -> impl Future<Output = ()> + use<> {
        let told = attempt.map(|attempt| (attempt.ended(end), self.hook_moment()));
        let hooks = Arc::clone(&self.services.hooks);
        async move {
            if let Some((request, moment)) = told {
                hooks.run(&moment, &request).await;
            }
        }
    }

    /// Tells hooks how an attempt ended, while the turn goes on.
    pub(super) fn after_model_request(&self, attempt: Option<ModelRequest>, end: &RequestEnd) {
        if let Some(attempt) = attempt {
            let request = attempt.ended(end);
            let moment = self.hook_moment();
            self.services.hooks.run_in_background(moment, request);
        }
    }
}

/// How a request to the model ended.
pub(super) enum RequestEnd {
    /// With a response.
    Completed {
        response_id: String,
        usage: Option<TokenUsage>,
    },
    /// Not well.
    Failed(String),
    /// It was given up.
    Cancelled,
}

impl RequestEnd {
    /// How a request ended, of which this is known.
    pub(super) fn of(completed: Option<&Completed>, cut: Option<&StreamInterrupt>) -> Self {
        match (completed, cut) {
            (Some(completed), _) => match &completed.failure {
                Some(failure) => Self::failed(failure),
                None => Self::Completed {
                    response_id: completed.response_id.clone(),
                    usage: completed.usage,
                },
            },
            (None, Some(StreamInterrupt::Failed(error))) => Self::failed(error),
            (None, _) => Self::Cancelled,
        }
    }

    /// It ended with this error.
    pub(super) fn failed(error: &ModelError) -> Self {
        Self::Failed(error.error.message.clone())
    }
}

impl ModelRequest {
    fn event(&self, event: HookEvent, more: Value) -> HookRequest {
        let mut request = HookRequest::new(event, more).with_suffix(self.suffix.clone());
        let details = &mut request.details;
        details.insert("kind".to_owned(), self.kind.into());
        details.insert("request_id".to_owned(), self.id.as_str().into());
        details.insert("attempt_number".to_owned(), self.attempt.into());
        request
    }

    /// The event of its end.
    pub(super) fn ended(&self, end: &RequestEnd) -> HookRequest {
        let (status, error, response_id, usage) = match end {
            RequestEnd::Completed { response_id, usage } => {
                ("completed", None, Some(response_id), usage.as_ref())
            }
            RequestEnd::Failed(why) => ("failed", Some(why), None, None),
            RequestEnd::Cancelled => ("cancelled", None, None, None),
        };
        let more = json!({
            "status": status,
            "error": error,
            "response_id": response_id,
            "token_usage": usage.map(|usage| json!({
                "input_tokens": usage.input_tokens,
                "cached_input_tokens": usage.cached_input_tokens,
                "cache_write_input_tokens": usage.cache_write_input_tokens,
                "output_tokens": usage.output_tokens,
                "reasoning_output_tokens": usage.reasoning_output_tokens,
                "total_tokens": usage.total_tokens,
            })),
        });
        self.event(HookEvent::PostModelRequest, more)
    }
}

/// A message with this identifier.
fn with_id(said: ResponseItem, name: &str) -> ResponseItem {
    match said {
        ResponseItem::Known(KnownItem::Message {
            role,
            content,
            phase,
            extra,
            ..
        }) => ResponseItem::Known(KnownItem::Message {
            id: Some(name.to_owned()),
            role,
            content,
            phase,
            extra,
        }),
        other => other,
    }
}
