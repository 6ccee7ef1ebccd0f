//! Renewing credentials: one interface for all kinds, and one renewal at a time for all who wait.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};

use super::{AuthError, AuthManager, CodexAuth, Secret};

/// Why credentials are renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefreshReason {
    /// A server answered 401.
    Unauthorized,
    /// They end soon.
    Expiry,
    /// They are old and do not say when they end.
    Scheduled,
    /// The client asked for it.
    Forced,
}

impl RefreshReason {
    /// The authority's word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized_recovery",
            Self::Expiry => "proactive_expiry",
            Self::Scheduled => "scheduled",
            Self::Forced => "forced",
        }
    }
}

/// How one kind of credentials is renewed. The manager runs at most one renewal at a time.
pub(crate) trait Refresher: Send + Sync {
    /// New credentials in place of `used`. Stores what it gets with the manager before it answers.
    fn refresh(
        &self,
        manager: Arc<AuthManager>,
        used: CodexAuth,
        reason: RefreshReason,
    ) -> BoxFuture<'static, Result<CodexAuth, AuthError>>;
}

type Outcome = Result<CodexAuth, AuthError>;

/// The renewal that is under way, if any.
#[derive(Default)]
pub(crate) struct Flight {
    /// A lock, since turns of all threads meet here; never held while waiting.
    slot: Mutex<Option<(Secret, Shared<BoxFuture<'static, Outcome>>)>>,
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flight")
    }
}

impl Flight {
    /// Joins the renewal of these credentials, or begins it: `begin` answers at once if they have been replaced
    /// meanwhile, else gives the work. The work is a task of its own: whoever stops waiting does not stop it, since a
    /// refresh token can be used only once and its answer must not be lost.
    pub(crate) async fn join(
        self: &Arc<Self>,
        used: &CodexAuth,
        begin: impl FnOnce() -> Result<CodexAuth, BoxFuture<'static, Outcome>>,
    ) -> Outcome {
        let key = used.bearer();
        let shared = {
            let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
            match &*slot {
                Some((flying, shared)) if flying == key => shared.clone(),
                _ => match begin() {
                    Ok(current) => return Ok(current),
                    Err(work) => {
                        let shared = self.launch(key.clone(), work);
                        *slot = Some((key.clone(), shared.clone()));
                        shared
                    }
                },
            }
        };
        shared.await
    }

    /// The end of the renewal that is under way, if there is one.
    pub(crate) fn landing(&self) -> Option<impl Future<Output = Outcome> + use<>> {
        let slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().map(|(_, shared)| shared.clone())
    }

    fn launch(
        self: &Arc<Self>,
        key: Secret,
        work: BoxFuture<'static, Outcome>,
    ) -> Shared<BoxFuture<'static, Outcome>> {
        let flight = Arc::clone(self);
        let task = tokio::spawn(async move {
            let landing = Landing { flight, key };
            let outcome = work.await;
            drop(landing);
            outcome
        });
        async move {
            task.await.unwrap_or_else(|_| {
                Err(AuthError::Transient(
                    "renewing the credentials was cut short".to_owned(),
                ))
            })
        }
        .boxed()
        .shared()
    }
}

/// Frees the slot when the work ends, also when it panics.
struct Landing {
    flight: Arc<Flight>,
    key: Secret,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut slot = self.flight.slot.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.as_ref().is_some_and(|(key, _)| *key == self.key) {
            *slot = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn key(text: &str) -> CodexAuth {
        CodexAuth::ApiKey {
            key: Secret::new(text),
        }
    }

    #[tokio::test]
    async fn all_who_wait_share_one_renewal_even_if_the_first_gives_up() {
        let flight = Arc::new(Flight::default());
        let runs = Arc::new(AtomicUsize::new(0));
        let gate = Arc::new(tokio::sync::Notify::new());
        let join = || {
            let (flight, runs, gate) = (Arc::clone(&flight), Arc::clone(&runs), Arc::clone(&gate));
            async move {
                let work = async move {
                    runs.fetch_add(1, Ordering::SeqCst);
                    gate.notified().await;
                    Ok(key("new"))
                };
                flight.join(&key("old"), || Err(work.boxed())).await
            }
        };
        let first = tokio::spawn(join());
        tokio::task::yield_now().await;
        let others: Vec<_> = (0..15).map(|_| tokio::spawn(join())).collect();
        tokio::task::yield_now().await;
        first.abort();
        gate.notify_one();
        for other in others {
            assert_eq!(other.await.unwrap(), Ok(key("new")));
        }
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_panic_frees_the_slot() {
        let flight = Arc::new(Flight::default());
        let broken = flight
            .join(&key("old"), || Err(async { panic!("on purpose") }.boxed()))
            .await;
        assert!(matches!(broken, Err(AuthError::Transient(_))));
        let again = flight
            .join(&key("old"), || Err(async { Ok(key("new")) }.boxed()))
            .await;
        assert_eq!(again, Ok(key("new")));
    }
}
