//! News about the model at work (docs/contract/model-http.md#stream-events).

use codex_app_server_protocol::{
    AuthRecoveryNotification, ModelRerouteReason, ModelReroutedNotification,
    ModelSafetyBufferingUpdatedNotification, ModelVerification, ModelVerificationNotification,
    TurnModerationMetadataNotification,
};
use codex_core::ThreadId;
use serde_json::Value;

/// `modelProvider/authRecoveryStarted`, `modelProvider/authRecoveryCompleted`
pub(super) fn auth_recovery(
    thread: ThreadId,
    turn_id: &str,
    provider: String,
    message: String,
) -> AuthRecoveryNotification {
    AuthRecoveryNotification {
        message,
        provider,
        thread_id: thread.to_string(),
        turn_id: turn_id.to_owned(),
    }
}

/// `model/rerouted`
pub(super) fn rerouted(
    thread: ThreadId,
    turn_id: &str,
    from_model: String,
    to_model: String,
) -> ModelReroutedNotification {
    ModelReroutedNotification {
        thread_id: thread.to_string(),
        turn_id: turn_id.to_owned(),
        from_model,
        reason: ModelRerouteReason::HighRiskCyberActivity,
        to_model,
    }
}

/// `model/verification`
pub(super) fn verification(
    thread: ThreadId,
    turn_id: &str,
    verifications: &[String],
) -> ModelVerificationNotification {
    let known = verifications
        .iter()
        .filter(|name| *name == "trustedAccessForCyber")
        .map(|_| ModelVerification::TrustedAccessForCyber);
    ModelVerificationNotification {
        thread_id: thread.to_string(),
        turn_id: turn_id.to_owned(),
        verifications: known.collect(),
    }
}

/// `turn/moderationMetadata`
pub(super) fn moderation(
    thread: ThreadId,
    turn_id: &str,
    metadata: Value,
) -> TurnModerationMetadataNotification {
    TurnModerationMetadataNotification {
        thread_id: thread.to_string(),
        turn_id: turn_id.to_owned(),
        metadata,
    }
}

/// `model/safetyBuffering/updated`
pub(super) fn safety_buffering(
    thread: ThreadId,
    turn_id: &str,
    model: String,
    use_cases: Vec<String>,
    reasons: Vec<String>,
    faster_model: Option<String>,
) -> ModelSafetyBufferingUpdatedNotification {
    ModelSafetyBufferingUpdatedNotification {
        thread_id: thread.to_string(),
        turn_id: turn_id.to_owned(),
        model,
        reasons,
        show_buffering_ui: true,
        use_cases,
        faster_model,
    }
}
