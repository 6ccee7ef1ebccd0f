//! Tells whoever waits for a request that its credentials, which the server has refused, are obtained again.

use std::fmt;
use std::sync::Arc;

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthRecovery {
    /// It begins.
    Started,
    /// There are new credentials, and the request is sent again. Does not follow if there are none.
    Completed,
}

/// Told of this; nobody by default.
#[derive(Clone, Default)]
pub(crate) struct AuthRecoveryListener(Option<Arc<dyn Fn(AuthRecovery) + Send + Sync>>);

impl AuthRecoveryListener {
    /// Calls this. It must not block.
    pub(crate) fn new(tell: impl Fn(AuthRecovery) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    pub(super) fn tell(&self, recovery: AuthRecovery) {
        if let Some(tell) = &self.0 {
            tell(recovery);
        }
    }
}

impl fmt::Debug for AuthRecoveryListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthRecoveryListener").finish_non_exhaustive()
    }
}
