//! What clients hear while the credentials of a turn's requests are obtained again
//! (docs/contract/authentication.md#unauthorized).

use std::sync::Arc;

use super::TurnPlan;
use crate::Event;
use crate::model::{AuthRecovery, AuthRecoveryListener};
use crate::outbox::Outbox;

/// Tells the clients that watch a turn.
pub(in crate::session) fn auth_recovery_listener(outbox: &Outbox, plan: &TurnPlan) -> AuthRecoveryListener {
    let outbox = outbox.clone();
    let turn_id = Arc::clone(&plan.id);
    let provider = plan.settings.model_provider.clone();
    AuthRecoveryListener::new(move |recovery| {
        let message = match recovery {
            AuthRecovery::Started => {
                format!("The server of `{provider}` refuses the credentials; new ones are being obtained.")
            }
            AuthRecovery::Completed => {
                format!("There are new credentials for `{provider}`; the request is sent again.")
            }
        };
        outbox.emit(Event::AuthRecovery {
            turn_id: Arc::clone(&turn_id),
            provider: provider.clone(),
            message,
            is_completed: recovery == AuthRecovery::Completed,
        });
    })
}
