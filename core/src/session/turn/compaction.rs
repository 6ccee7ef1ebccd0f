//! Summing up the history in the course of a turn (docs/contract/turns.md#compaction).

mod answer;
mod due;

use std::sync::Arc;

use serde_json::json;

use self::answer::Answer;
use super::hooks::{COMPACTION, ModelRequest, RequestEnd};
use super::{Outcome, Turn};
use crate::exec::cut_middle;
use crate::history::{Compaction, Entry};
use crate::instructions;
use crate::model::item_size::text_tokens;
use crate::model::{Prompt, RetryDecision};
use crate::session::compaction::replacement::{self, Parts, Summary};
use crate::session::compaction::{self, Phase, Reason, shorten};
use crate::session::inbox::StreamInterrupt;
use crate::session::surroundings::environment;
use crate::{ErrorKind, Event, HookEvent, Item, ItemBody, ThreadSettings, TurnError, new_id};

/// Longest summary that is kept, in bytes: no hand-over needs more, and what it takes away from the window it takes away
/// for a long time.
const MAX_SUMMARY: usize = 80_000;

/// What is left of a window for a history that is to be summed up: the rest is for the request's other parts and the
/// answer.
const PERCENT_FOR_HISTORY: usize = 95;

/// What to sum up, and why.
struct Task {
    reason: Reason,
    phase: Phase,
    /// The model that does it, if that is not the turn's.
    model: Option<String>,
}

impl Turn<'_> {
    /// Sums up the history because a client asked for it.
    pub(super) async fn compact_as_asked(&mut self) -> Result<(), Outcome> {
        self.compact(Task {
            reason: Reason::Asked,
            phase: Phase::Alone,
            model: None,
        })
        .await?;
        if self.any_shell() {
            self.finish_shells().await?;
        }
        self.drain_inbox().await;
        Ok(())
    }

    /// Replaces the history by a summary. Until that is there, the history stays as it is.
    async fn compact(&mut self, task: Task) -> Result<(), Outcome> {
        let asked = task.reason == Reason::Asked;
        self.check_compaction(HookEvent::PreCompact, asked).await?;
        let item = Item {
            id: new_id(),
            started_at_ms: Some(crate::now_ms()),
            completed_at_ms: None,
            body: ItemBody::ContextCompaction,
        };
        self.services.outbox.item_started(&self.plan.id, item.clone());
        // Large and rare: kept out of the turn's own future.
        let summed_up = Box::pin(self.sum_up(&task)).await;
        if summed_up.is_err() && task.phase == Phase::After {
            // The turn goes on to its end, and with it whatever has begun in it.
            self.services.outbox.item_completed(&self.plan.id, item).await;
            return summed_up.map(drop);
        }
        let (summary, answer) = summed_up?;
        self.replace_history(&task, summary, answer).await;
        self.services.outbox.item_completed(&self.plan.id, item).await;
        self.model_request_over();
        self.check_compaction(HookEvent::PostCompact, asked).await
    }

    /// Has the model sum up the history, or as much of it as it can take.
    async fn sum_up(&mut self, task: &Task) -> Result<(Summary, Answer), Outcome> {
        let remote = self.services.client.compacts_remotely();
        let why = compaction::metadata(task.reason, task.phase, remote);
        let mut prompt = self.compaction_prompt(task, remote);
        self.session.history.close_calls();
        let mut start = self.first_start();
        let mut refusals = 0;
        loop {
            let Ok(attempt) = self.before_model_request(COMPACTION).await else {
                return Err(Outcome::Interrupted);
            };
            let asked = self.ask_for_summary(&mut prompt, start, remote, &why).await;
            self.tell_of_summary(attempt, &asked).await;
            let error = match asked {
                Ok(answer) => match self.summary_of(answer, remote) {
                    Ok(summed_up) => {
                        self.client.on_success();
                        return Ok(summed_up);
                    }
                    Err(error) => return Err(Outcome::Failed(error)),
                },
                Err(StreamInterrupt::Failed(error)) => error,
                Err(StreamInterrupt::Interrupted | StreamInterrupt::Steered) => {
                    return Err(Outcome::Interrupted);
                }
            };
            self.tell_limits();
            if error.error.kind == ErrorKind::ContextWindowExceeded {
                match shorten::after_refusal(self.session.history.items(), start, refusals) {
                    Some(next) => start = next,
                    None => {
                        self.window_is_full();
                        return Err(failed(error.error, remote));
                    }
                }
                refusals += 1;
                continue;
            }
            let decision = if remote {
                self.client.on_remote_compaction_failure(&error)
            } else {
                self.client.on_failure(&error)
            };
            match decision {
                RetryDecision::GiveUp(error) => return Err(failed(error, remote)),
                RetryDecision::FallBack { warning } => self.services.outbox.emit(Event::Warning(warning)),
                RetryDecision::Retry { notice, delay } => {
                    self.tell_retry(notice);
                    let slept = self.inbox.uninterrupted(tokio::time::sleep(delay)).await;
                    slept.map_err(|_| Outcome::Interrupted)?;
                }
            }
        }
    }

    /// Tells hooks how an attempt to sum up the history ended.
    async fn tell_of_summary(
        &mut self,
        attempt: Option<ModelRequest>,
        asked: &Result<Answer, StreamInterrupt>,
    ) {
        let end = match asked {
            Ok(answer) => RequestEnd::Completed {
                response_id: answer.response_id.clone(),
                usage: answer.usage,
            },
            Err(cut) => RequestEnd::of(None, Some(cut)),
        };
        if let RequestEnd::Cancelled = end {
            self.after_model_request(attempt, &end);
        } else {
            let told = self.tell_of_model_request(attempt, &end);
            // An interrupt is noticed by whatever comes next.
            let _ = self.inbox.uninterrupted(told).await;
        }
    }

    /// The request, but for its input.
    fn compaction_prompt(&self, task: &Task, remote: bool) -> Prompt {
        let mut prompt = match self.settings_for(task) {
            None => self.prompt.clone(),
            Some(settings) => {
                let request = self.plan.request.to_other_model(self.services, &settings);
                request
                    .as_ref()
                    .unwrap_or(&self.plan.request)
                    .prompt(self.services, &settings)
            }
        };
        if !remote {
            prompt.tools = Arc::default();
            prompt.parallel_tool_calls = false;
            prompt.output_schema = None;
        }
        prompt
    }

    /// The turn's settings with the model that sums up, if that is another one.
    fn settings_for(&self, task: &Task) -> Option<ThreadSettings> {
        let model = task.model.clone()?;
        Some(ThreadSettings {
            model,
            ..(*self.plan.settings).clone()
        })
    }

    /// Where the part of the history begins that fits into the window.
    fn first_start(&self) -> usize {
        let window = self.plan.request.context_window;
        if self.tokens() <= window {
            return 0;
        }
        let room = usize::try_from(window).unwrap_or(0) / 100 * PERCENT_FOR_HISTORY;
        shorten::newest_within(self.session.history.items(), room)
    }

    /// What an answer has for a summary.
    fn summary_of(&self, mut answer: Answer, remote: bool) -> Result<(Summary, Answer), TurnError> {
        if remote {
            let (found, items) = (answer.sealed.len(), answer.items);
            return match answer.sealed.pop() {
                Some(item) if found == 1 => Ok((Summary::Sealed(item), answer)),
                _ => Err(TurnError {
                    message: format!(
                        "Error running remote compact task: Fatal error: remote compaction v2 expected exactly one \
                         compaction output item, got {found} from {items} output items"
                    ),
                    kind: ErrorKind::Other,
                    details: None,
                    misalignment: None,
                }),
            };
        }
        let mut text = std::mem::take(&mut answer.text);
        if text.trim().is_empty() {
            text = std::mem::take(&mut answer.streamed);
        }
        if text.trim().is_empty() {
            text = replacement::last_text(self.session.history.items())
                .unwrap_or_else(|| instructions::NO_SUMMARY.to_owned());
        }
        cut_middle(&mut text, MAX_SUMMARY);
        Ok((Summary::Text(instructions::summary(text.trim())), answer))
    }

    /// Puts a summary in place of the history: in memory, in the file, and for the client.
    async fn replace_history(&mut self, task: &Task, summary: Summary, answer: Answer) {
        let remote = matches!(summary, Summary::Sealed(_));
        let message = match &summary {
            Summary::Text(text) => text.clone(),
            Summary::Sealed(_) => String::new(),
        };
        self.count_summary(&answer, remote);
        let Self {
            services,
            session,
            plan,
            ..
        } = self;
        let window = plan.request.context_window;
        let skills = services.skills.section(&plan.settings.cwd, window).await;
        let mut now = environment(services, &plan.settings, &plan.request, skills);
        if let Some(model) = &task.model {
            // The change to the other model is still to be told.
            now = now.for_model(model.clone());
        }
        let (context, news) = session.context.begin_again(&services.config, now).await;
        let history = replacement::build(Parts {
            items: session.history.items(),
            replaced: session.history.replaced(),
            context: news.messages,
            summary,
            window: plan.request.context_window,
        });
        let guardian = services.guardian.as_ref();
        let guardian = guardian.filter(|guardian| guardian.listens(&plan.settings));
        if let Some(guardian) = guardian {
            guardian.heard(session.history.items());
        }
        let replacement_history = session.history.replace(history);
        if let Some(guardian) = guardian {
            guardian.history_replaced(session.history.items().len());
        }
        session.context = context;
        services.goals.history_replaced(self.asked).await;
        let window = services.client.start_window();
        let usage = answer
            .usage
            .map(|usage| (usage, session.usage.turn(), session.usage.thread()));
        let instructions = i64::try_from(text_tokens(&services.instructions)).unwrap_or(i64::MAX);
        session
            .usage
            .summed_up(session.history.tokens().saturating_add(instructions));
        let compaction = Compaction {
            message,
            replacement_history,
            window,
            response_id: answer.response_id,
            usage,
            model: plan.settings.model.clone(),
            comp_hash: plan.request.comp_hash.clone(),
            dynamic_tools: services
                .dynamic_tools
                .source()
                .cloned()
                .unwrap_or_else(|| json!([])),
        };
        let entries = [Entry::Compacted(Box::new(compaction))]
            .into_iter()
            .chain(news.state)
            .chain([
                Entry::TurnContext {
                    turn_id: plan.id.to_string(),
                    settings: Box::new((*plan.settings).clone()),
                    multi_agent_version: services.agents.version(plan.request.agents),
                },
                Entry::SettingsApplied(Box::new((*plan.settings).clone())),
                Entry::TokenCount(session.usage.thread()),
            ]);
        services.outbox.log().append(entries.collect());
        tracing::info!(
            reason = ?task.reason,
            phase = ?task.phase,
            remote,
            tokens = session.usage.last_tokens(),
            "history summed up"
        );
        self.tell_limits();
        self.tell_usage();
    }

    /// Counts the tokens of a summary that was made here. What a server does to sum up is its own matter.
    fn count_summary(&mut self, answer: &Answer, remote: bool) {
        let Some(usage) = answer.usage.filter(|_| !remote) else {
            return;
        };
        let counts = &mut self.session.usage;
        counts.add(usage);
        self.services.outbox.log().append(vec![Entry::TokenUsage {
            response_id: answer.response_id.clone(),
            usage,
            turn_usage: counts.turn(),
            thread_usage: counts.thread(),
        }]);
        self.tell_usage();
    }
}

/// The end of a turn whose history can't be summed up.
fn failed(mut error: TurnError, remote: bool) -> Outcome {
    if remote {
        error.message = format!("Error running remote compact task: {}", error.message);
    }
    Outcome::Failed(error)
}
