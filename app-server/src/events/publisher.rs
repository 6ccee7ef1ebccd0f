//! Which event becomes which message, and who is told.

use std::sync::Arc;

use codex_app_server_protocol::{
    AccountRateLimitsUpdated, ConfigWarning, DeprecationNotice, ErrorNotice, FileChangePatchUpdated,
    GuardianWarning, HookCompleted, HookStarted, ItemCompleted, ItemStarted, McpServerStartupStatusUpdated,
    McpToolCallProgress, ModelProviderAuthRecoveryCompleted, ModelProviderAuthRecoveryStarted, ModelRerouted,
    ModelSafetyBufferingUpdated, ModelVerificationNotice, RawResponseCompleted, RawResponseItemCompleted,
    ReasoningSummaryPartAdded, TerminalInteraction, ThreadClosed, ThreadGoalCleared, ThreadGoalUpdated,
    ThreadQueueChanged, ThreadReadStateChanged, ThreadSettingsUpdated, ThreadStatusChanged,
    ThreadTokenUsageUpdated, TurnCompleted, TurnDiffUpdated, TurnModerationMetadata, TurnPlanUpdated,
    TurnStarted, Warning,
};
use codex_core::{Event, EventSink, ThreadId, Traffic, now_ms};
use futures_util::future::BoxFuture;

use super::delivery::Delivery;
use super::delta::Delta;
use super::running_turns::RunningTurns;
use super::{
    account, approval, auto_review, dynamic_tool, goal, hooks, item, mcp, model, notice, raw, realtime,
    thread, turn, user_input,
};
use crate::convert::rules;

/// Takes the events of all threads and has them delivered.
#[derive(Debug)]
pub(crate) struct Publisher<D> {
    delivery: Arc<D>,
    running_turns: Arc<RunningTurns>,
}

impl<D> Publisher<D> {
    /// A publisher whose messages are delivered by this.
    pub(crate) fn new(delivery: Arc<D>) -> Self {
        Self {
            delivery,
            running_turns: Arc::default(),
        }
    }

    /// The turns that run, as far as they were told.
    pub(crate) fn running_turns(&self) -> Arc<RunningTurns> {
        Arc::clone(&self.running_turns)
    }
}

impl<D: Delivery> EventSink for Publisher<D> {
    fn emit(&self, thread: ThreadId, event: Event) {
        let running = match event {
            Event::TurnStarted(_) => Some(true),
            Event::TurnCompleted(_) | Event::Closed => Some(false),
            _ => None,
        };
        publish(&*self.delivery, thread, event);
        if let Some(running) = running {
            self.running_turns.set(thread, running);
        }
    }

    fn spawned(&self, parent: ThreadId, child: ThreadId) -> usize {
        self.delivery.follow(parent, child)
    }

    fn congested(&self, thread: ThreadId, traffic: Traffic) -> bool {
        self.delivery.congested(thread, traffic)
    }

    fn drained(&self, thread: ThreadId, traffic: Traffic) -> BoxFuture<'static, ()> {
        self.delivery.drained(thread, traffic)
    }
}

fn publish(delivery: &impl Delivery, thread: ThreadId, event: Event) {
    match event {
        Event::Delta {
            turn_id,
            item_id,
            kind,
            text,
        } => {
            delivery.tell_delta(Delta {
                thread,
                turn_id,
                item_id,
                kind,
                text,
                emitted_at_ms: now_ms(),
            });
        }
        Event::Status(status) => {
            delivery.broadcast::<ThreadStatusChanged>(thread, &thread::status_changed(thread, &status));
        }
        Event::Closed => delivery.broadcast::<ThreadClosed>(thread, &thread::closed(thread)),
        Event::ReadState(state) => {
            let params = thread::read_state_changed(thread, state);
            delivery.broadcast::<ThreadReadStateChanged>(thread, &params);
        }
        Event::Settings(settings) => {
            delivery.tell::<ThreadSettingsUpdated>(thread, &thread::settings_updated(thread, &settings));
        }
        Event::Goal { turn_id, goal } => {
            delivery
                .broadcast::<ThreadGoalUpdated>(thread, &goal::updated(thread, turn_id.as_deref(), &goal));
        }
        Event::GoalCleared => delivery.broadcast::<ThreadGoalCleared>(thread, &goal::cleared(thread)),
        Event::Realtime(event) => realtime::tell(delivery, thread, *event),
        Event::QueueChanged => {
            delivery.tell::<ThreadQueueChanged>(thread, &thread::queue_changed(thread));
        }
        Event::TokenUsage { turn_id, usage } => {
            delivery.tell::<ThreadTokenUsageUpdated>(thread, &thread::token_usage(thread, &turn_id, &usage));
        }
        Event::RawItem { turn_id, item } => {
            delivery.tell::<RawResponseItemCompleted>(thread, &raw::item(thread, &turn_id, &item));
        }
        Event::RawResponse {
            turn_id,
            response_id,
            usage,
            usage_as_sent,
        } => {
            let params = raw::response(thread, &turn_id, response_id, usage, usage_as_sent);
            delivery.tell::<RawResponseCompleted>(thread, &params);
        }
        Event::TurnStarted(turn) => delivery.tell::<TurnStarted>(thread, &turn::started(thread, *turn)),
        Event::TurnCompleted(turn) => delivery.tell::<TurnCompleted>(thread, &turn::completed(thread, *turn)),
        Event::ItemStarted { turn_id, item } => {
            delivery.tell::<ItemStarted>(thread, &item::started(thread, &turn_id, *item, now_ms()));
        }
        Event::ItemCompleted { turn_id, item } => {
            delivery.tell::<ItemCompleted>(thread, &item::completed(thread, &turn_id, *item, now_ms()));
        }
        Event::ReasoningPartAdded {
            turn_id,
            item_id,
            summary_index,
        } => {
            let params = item::reasoning_part_added(thread, &turn_id, &item_id, summary_index);
            delivery.tell::<ReasoningSummaryPartAdded>(thread, &params);
        }
        Event::HookStarted { turn_id, run } => {
            delivery.tell::<HookStarted>(thread, &hooks::started(thread, turn_id.as_deref(), *run));
        }
        Event::HookCompleted { turn_id, run } => {
            delivery.tell::<HookCompleted>(thread, &hooks::completed(thread, turn_id.as_deref(), *run));
        }
        Event::TerminalInteraction {
            turn_id,
            item_id,
            process_id,
            stdin,
        } => {
            let params = item::terminal_interaction(thread, &turn_id, &item_id, process_id, stdin);
            delivery.tell::<TerminalInteraction>(thread, &params);
        }
        Event::Error {
            turn_id,
            error,
            will_retry,
        } => delivery.tell::<ErrorNotice>(thread, &notice::error(thread, &turn_id, error, will_retry)),
        Event::Deprecated(what) => {
            delivery.tell::<DeprecationNotice>(thread, &notice::deprecation(what));
        }
        Event::Warning(message) => delivery.tell::<Warning>(thread, &notice::warning(thread, message)),
        Event::AuthRecovery {
            turn_id,
            provider,
            message,
            is_completed,
        } => {
            let params = model::auth_recovery(thread, &turn_id, provider, message);
            if is_completed {
                delivery.tell::<ModelProviderAuthRecoveryCompleted>(thread, &params);
            } else {
                delivery.tell::<ModelProviderAuthRecoveryStarted>(thread, &params);
            }
        }
        Event::ModelRerouted { turn_id, from, to } => {
            delivery.tell::<ModelRerouted>(thread, &model::rerouted(thread, &turn_id, from, to));
        }
        Event::ModelVerification {
            turn_id,
            verifications,
        } => {
            let params = model::verification(thread, &turn_id, &verifications);
            delivery.tell::<ModelVerificationNotice>(thread, &params);
        }
        Event::ModerationMetadata { turn_id, metadata } => {
            delivery.tell::<TurnModerationMetadata>(thread, &model::moderation(thread, &turn_id, metadata));
        }
        Event::SafetyBuffering {
            turn_id,
            model,
            use_cases,
            reasons,
            faster_model,
        } => {
            let params = model::safety_buffering(thread, &turn_id, model, use_cases, reasons, faster_model);
            delivery.tell::<ModelSafetyBufferingUpdated>(thread, &params);
        }
        Event::TurnDiff { turn_id, diff } => {
            delivery.tell::<TurnDiffUpdated>(thread, &turn::diff_updated(thread, &turn_id, diff));
        }
        Event::PatchPreview {
            turn_id,
            item_id,
            changes,
        } => {
            let params = item::patch_updated(thread, &turn_id, &item_id, changes);
            delivery.tell::<FileChangePatchUpdated>(thread, &params);
        }
        Event::PlanUpdated {
            turn_id,
            explanation,
            steps,
        } => {
            let params = turn::plan_updated(thread, &turn_id, explanation, steps);
            delivery.tell::<TurnPlanUpdated>(thread, &params);
        }
        Event::ApprovalReview(review) => auto_review::tell(delivery, thread, *review),
        Event::GuardianWarning(text) => {
            delivery.tell::<GuardianWarning>(thread, &auto_review::warning(thread, text));
        }
        Event::FileChangeApproval(question) => {
            approval::ask_about_file_change(delivery, thread, *question);
        }
        Event::ClientToolCall(call) => dynamic_tool::call(delivery, thread, *call),
        Event::CommandApproval(question) => approval::ask_about_command(delivery, thread, *question),
        Event::UserInput(request) => user_input::ask(delivery, thread, *request),
        Event::PermissionsApproval(question) => approval::ask_for_permissions(delivery, thread, *question),
        Event::RulesProblem(problem) => {
            delivery.tell::<ConfigWarning>(thread, &rules::problem_to_wire(&problem));
        }
        Event::McpServerStatus {
            name,
            of_plugin,
            status,
        } => {
            let params = mcp::status(thread, name, of_plugin, status);
            delivery.tell::<McpServerStartupStatusUpdated>(thread, &params);
        }
        Event::McpProgress {
            turn_id,
            item_id,
            message,
        } => {
            let params = mcp::progress(thread, &turn_id, &item_id, message);
            delivery.tell::<McpToolCallProgress>(thread, &params);
        }
        Event::McpElicitation(question) => mcp::ask(delivery, thread, *question),
        Event::ApprovalWithdrawn { approval } => delivery.withdraw(approval),
        Event::RateLimits(limits) => {
            delivery.broadcast::<AccountRateLimitsUpdated>(thread, &account::rate_limits(*limits));
        }
    }
}
