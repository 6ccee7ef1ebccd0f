//! From what happens in threads to what clients are told: pure functions, one file per family, and the table that says
//! who is told.

mod account;
pub(crate) mod approval;
pub(crate) mod delta;
mod item;
mod model;
mod notice;
mod raw;
pub(crate) mod thread;
mod turn;

use codex_app_server_protocol::{
    AccountRateLimitsUpdated, ErrorNotice, ItemCompleted, ItemStarted, ModelRerouted,
    ModelSafetyBufferingUpdated, ModelVerificationNotice, RawResponseCompleted, RawResponseItemCompleted,
    ReasoningSummaryPartAdded, TerminalInteraction, ThreadClosed, ThreadReadStateChanged,
    ThreadSettingsUpdated, ThreadStatusChanged, ThreadTokenUsageUpdated, TurnCompleted,
    TurnModerationMetadata, TurnStarted, Warning,
};
use codex_core::{Event, ThreadId, now_ms};

use super::subscriptions::Subscriptions;
use crate::client::outgoing::Delta;

/// Tells an event of a thread to whom it concerns.
pub(crate) fn publish(subscriptions: &Subscriptions, thread: ThreadId, event: Event) {
    match event {
        Event::Delta {
            turn_id,
            item_id,
            kind,
            text,
        } => {
            let method = delta::method(kind);
            let delta = Delta {
                thread,
                turn_id,
                item_id,
                kind,
                text,
                emitted_at_ms: now_ms(),
            };
            subscriptions.tell_delta(method, delta);
        }
        Event::Status(status) => {
            subscriptions
                .broadcast::<ThreadStatusChanged>(Some(thread), &thread::status_changed(thread, &status));
        }
        Event::Closed => subscriptions.broadcast::<ThreadClosed>(Some(thread), &thread::closed(thread)),
        Event::ReadState(state) => {
            let params = thread::read_state_changed(thread, state);
            subscriptions.broadcast_experimental::<ThreadReadStateChanged>(thread, &params);
        }
        Event::Settings(settings) => {
            subscriptions.tell::<ThreadSettingsUpdated>(thread, &thread::settings_updated(thread, &settings));
        }
        Event::TokenUsage { turn_id, usage } => {
            subscriptions
                .tell::<ThreadTokenUsageUpdated>(thread, &thread::token_usage(thread, &turn_id, &usage));
        }
        Event::RawItem { turn_id, item } => {
            subscriptions.tell::<RawResponseItemCompleted>(thread, &raw::item(thread, &turn_id, &item));
        }
        Event::RawResponse {
            turn_id,
            response_id,
            usage,
            usage_as_sent,
        } => {
            let params = raw::response(thread, &turn_id, response_id, usage, usage_as_sent);
            subscriptions.tell::<RawResponseCompleted>(thread, &params);
        }
        Event::TurnStarted(turn) => subscriptions.tell::<TurnStarted>(thread, &turn::started(thread, *turn)),
        Event::TurnCompleted(turn) => {
            subscriptions.tell::<TurnCompleted>(thread, &turn::completed(thread, *turn))
        }
        Event::ItemStarted { turn_id, item } => {
            subscriptions.tell::<ItemStarted>(thread, &item::started(thread, &turn_id, *item, now_ms()));
        }
        Event::ItemCompleted { turn_id, item } => {
            subscriptions.tell::<ItemCompleted>(thread, &item::completed(thread, &turn_id, *item, now_ms()));
        }
        Event::ReasoningPartAdded {
            turn_id,
            item_id,
            summary_index,
        } => {
            let params = item::reasoning_part_added(thread, &turn_id, &item_id, summary_index);
            subscriptions.tell::<ReasoningSummaryPartAdded>(thread, &params);
        }
        Event::TerminalInteraction {
            turn_id,
            item_id,
            process_id,
            stdin,
        } => {
            let params = item::terminal_interaction(thread, &turn_id, &item_id, process_id, stdin);
            subscriptions.tell::<TerminalInteraction>(thread, &params);
        }
        Event::Error {
            turn_id,
            error,
            will_retry,
        } => subscriptions.tell::<ErrorNotice>(thread, &notice::error(thread, &turn_id, error, will_retry)),
        Event::Warning(message) => subscriptions.tell::<Warning>(thread, &notice::warning(thread, message)),
        Event::ModelRerouted { turn_id, from, to } => {
            subscriptions.tell::<ModelRerouted>(thread, &model::rerouted(thread, &turn_id, from, to));
        }
        Event::ModelVerification {
            turn_id,
            verifications,
        } => {
            let params = model::verification(thread, &turn_id, &verifications);
            subscriptions.tell::<ModelVerificationNotice>(thread, &params);
        }
        Event::ModerationMetadata { turn_id, metadata } => {
            subscriptions
                .tell::<TurnModerationMetadata>(thread, &model::moderation(thread, &turn_id, metadata));
        }
        Event::SafetyBuffering {
            turn_id,
            model,
            use_cases,
            reasons,
            faster_model,
        } => {
            let params = model::safety_buffering(thread, &turn_id, model, use_cases, reasons, faster_model);
            subscriptions.tell::<ModelSafetyBufferingUpdated>(thread, &params);
        }
        Event::CommandApproval(question) => approval::ask_about_command(subscriptions, thread, *question),
        Event::ApprovalWithdrawn { approval } => subscriptions.withdraw(approval),
        Event::RateLimits(limits) => {
            subscriptions.broadcast::<AccountRateLimitsUpdated>(Some(thread), &account::rate_limits(*limits));
        }
    }
}
