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

use crate::hub::Hub;
use crate::outgoing::Delta;

/// Tells an event of a thread to whom it concerns.
pub(crate) fn publish(hub: &Hub, thread: ThreadId, event: Event) {
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
            hub.tell_delta(method, delta);
        }
        Event::Status(status) => {
            hub.broadcast::<ThreadStatusChanged>(Some(thread), &thread::status_changed(thread, &status));
        }
        Event::Closed => hub.broadcast::<ThreadClosed>(Some(thread), &thread::closed(thread)),
        Event::ReadState(state) => {
            let params = thread::read_state_changed(thread, state);
            hub.broadcast_experimental::<ThreadReadStateChanged>(thread, &params);
        }
        Event::Settings(settings) => {
            hub.tell::<ThreadSettingsUpdated>(thread, &thread::settings_updated(thread, &settings));
        }
        Event::TokenUsage { turn_id, usage } => {
            hub.tell::<ThreadTokenUsageUpdated>(thread, &thread::token_usage(thread, &turn_id, &usage));
        }
        Event::RawItem { turn_id, item } => {
            hub.tell::<RawResponseItemCompleted>(thread, &raw::item(thread, &turn_id, &item));
        }
        Event::RawResponse {
            turn_id,
            response_id,
            usage,
            usage_as_sent,
        } => {
            let params = raw::response(thread, &turn_id, response_id, usage, usage_as_sent);
            hub.tell::<RawResponseCompleted>(thread, &params);
        }
        Event::TurnStarted(turn) => hub.tell::<TurnStarted>(thread, &turn::started(thread, *turn)),
        Event::TurnCompleted(turn) => hub.tell::<TurnCompleted>(thread, &turn::completed(thread, *turn)),
        Event::ItemStarted { turn_id, item } => {
            hub.tell::<ItemStarted>(thread, &item::started(thread, &turn_id, *item, now_ms()));
        }
        Event::ItemCompleted { turn_id, item } => {
            hub.tell::<ItemCompleted>(thread, &item::completed(thread, &turn_id, *item, now_ms()));
        }
        Event::ReasoningPartAdded {
            turn_id,
            item_id,
            summary_index,
        } => {
            let params = item::reasoning_part_added(thread, &turn_id, &item_id, summary_index);
            hub.tell::<ReasoningSummaryPartAdded>(thread, &params);
        }
        Event::TerminalInteraction {
            turn_id,
            item_id,
            process_id,
            stdin,
        } => {
            let params = item::terminal_interaction(thread, &turn_id, &item_id, process_id, stdin);
            hub.tell::<TerminalInteraction>(thread, &params);
        }
        Event::Error {
            turn_id,
            error,
            will_retry,
        } => hub.tell::<ErrorNotice>(thread, &notice::error(thread, &turn_id, error, will_retry)),
        Event::Warning(message) => hub.tell::<Warning>(thread, &notice::warning(thread, message)),
        Event::ModelRerouted { turn_id, from, to } => {
            hub.tell::<ModelRerouted>(thread, &model::rerouted(thread, &turn_id, from, to));
        }
        Event::ModelVerification {
            turn_id,
            verifications,
        } => {
            let params = model::verification(thread, &turn_id, &verifications);
            hub.tell::<ModelVerificationNotice>(thread, &params);
        }
        Event::ModerationMetadata { turn_id, metadata } => {
            hub.tell::<TurnModerationMetadata>(thread, &model::moderation(thread, &turn_id, metadata));
        }
        Event::SafetyBuffering {
            turn_id,
            model,
            use_cases,
            reasons,
            faster_model,
        } => {
            let params = model::safety_buffering(thread, &turn_id, model, use_cases, reasons, faster_model);
            hub.tell::<ModelSafetyBufferingUpdated>(thread, &params);
        }
        Event::CommandApproval(question) => approval::ask_about_command(hub, thread, *question),
        Event::ApprovalWithdrawn { approval } => hub.withdraw(approval),
        Event::RateLimits(limits) => {
            hub.broadcast::<AccountRateLimitsUpdated>(Some(thread), &account::rate_limits(*limits));
        }
    }
}
