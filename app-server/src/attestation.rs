//! Clients that prove what they are, as the engine asks them (docs/contract/model-http.md#attestation).

use std::sync::{Arc, Weak};
use std::time::Duration;

use codex_app_server_protocol::{AttestationGenerate, AttestationGenerateParams};
use codex_core::ThreadId;
use codex_core::auth::{AttestationFailure, AttestationProvider, Secret};
use futures_util::future::BoxFuture;

use crate::client::handle::ClientRequestError;
use crate::subscriptions::Subscriptions;

/// How long a request to the model waits for a client.
const PATIENCE: Duration = Duration::from_millis(100);

/// Asks the first of those who watch the thread that has announced `requestAttestation`.
pub(crate) struct Attestations {
    subscriptions: Weak<Subscriptions>,
}

impl Attestations {
    /// Asks these clients.
    pub(crate) fn new(subscriptions: &Arc<Subscriptions>) -> Arc<Self> {
        Arc::new(Self {
            subscriptions: Arc::downgrade(subscriptions),
        })
    }
}

impl AttestationProvider for Attestations {
    fn attest(&self, thread: ThreadId) -> Option<BoxFuture<'static, Result<Secret, AttestationFailure>>> {
        let subscriptions = self.subscriptions.upgrade()?;
        let client = subscriptions.attesting_watcher(thread)?;
        Some(Box::pin(async move {
            let params = AttestationGenerateParams::default();
            let asked = subscriptions.request::<AttestationGenerate>(&client, &params, PATIENCE);
            match asked.await {
                Ok(answer) => Ok(Secret::new(answer.token.expose())),
                Err(ClientRequestError::TimedOut) => Err(AttestationFailure::TimedOut),
                Err(ClientRequestError::Refused(_)) => Err(AttestationFailure::Refused),
                Err(ClientRequestError::Gone) => Err(AttestationFailure::Gone),
                // The error may quote the proof.
                Err(ClientRequestError::NotUnderstood(_)) => Err(AttestationFailure::Malformed),
            }
        }))
    }
}
