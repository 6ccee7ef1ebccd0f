//! Summing up a history that is about to become too long for its model (docs/contract/context.md#compaction).
//!
//! Where to look:
//!
//! * why and when: here; what follows in a turn: `turn/compaction`
//! * what the model goes on with: `replacement`
//! * a history that is too long even for being summed up: `shorten`

pub(super) mod replacement;
pub(super) mod shorten;

use crate::model::{CompactionMetadata, ModelInfo};

/// Compactions in a row after which the history is as long as before: then it is useless to go on with that.
pub(super) const MOST_FRUITLESS: u32 = 3;

/// Why a history is summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// A client asked for it.
    Asked,
    /// The limit of tokens is reached.
    Limit,
    /// The next model has a smaller window.
    SmallerWindow,
    /// The next model's server can't read what the last one's made.
    OtherFormat,
}

/// When it is summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// As a turn of its own.
    Alone,
    /// Before the first request of a turn.
    Before,
    /// Between two requests of a turn.
    Within,
    /// After the last answer of a turn.
    After,
}

/// What is said of it to the model's server.
pub(super) fn metadata(reason: Reason, phase: Phase, remote: bool) -> CompactionMetadata {
    CompactionMetadata {
        trigger: if reason == Reason::Asked { "manual" } else { "auto" },
        reason: match reason {
            Reason::Asked => "user_requested",
            Reason::Limit => "context_limit",
            Reason::SmallerWindow => "model_downshift",
            Reason::OtherFormat => "comp_hash_changed",
        },
        implementation: if remote {
            "responses_compaction_v2"
        } else {
            "responses"
        },
        phase: match phase {
            Phase::Alone => "standalone_turn",
            Phase::Before => "pre_turn",
            Phase::Within => "mid_turn",
            Phase::After => "post_turn",
        },
        strategy: "memento",
    }
}

/// Whether the history must be summed up by the model that it was made with before another one goes on with it.
/// `used`: its tokens; `limit`: the next model's limit.
pub(super) fn reason_of_switch(
    before: &ModelInfo,
    next: &ModelInfo,
    used: i64,
    limit: i64,
) -> Option<Reason> {
    // Of a model without a hash nothing is known.
    if let (Some(before), Some(next)) = (&before.comp_hash, &next.comp_hash)
        && before != next
    {
        return Some(Reason::OtherFormat);
    }
    (used >= limit).then_some(Reason::SmallerWindow)
}
