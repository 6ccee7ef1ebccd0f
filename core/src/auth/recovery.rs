//! The steps after a 401 (docs/contract/authentication.md#unauthorized).

use std::sync::Arc;

use super::refresh::RefreshReason;
use super::{AuthError, AuthManager, CodexAuth};

/// The steps after a 401, one at a time: what somebody else stored meanwhile, then a renewal, then the end.
#[derive(Debug)]
pub struct UnauthorizedRecovery {
    manager: Arc<AuthManager>,
    used: CodexAuth,
    step: Step,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Reload,
    Refresh,
    Done,
}

impl UnauthorizedRecovery {
    pub(crate) fn new(manager: Arc<AuthManager>, used: CodexAuth) -> Self {
        Self {
            manager,
            used,
            step: Step::Reload,
        }
    }

    /// The next step: credentials to try again with, or `None` when there is no step left. An
    /// [`AuthError::Permanent`] ends the turn as `unauthorized`.
    pub async fn next(&mut self) -> Result<Option<CodexAuth>, AuthError> {
        self.next_telling(&|| {}).await
    }

    /// As [`Self::next`]. Calls this before credentials are renewed, which takes a while.
    pub(crate) async fn next_telling(
        &mut self,
        before_renewal: &(dyn Fn() + Sync),
    ) -> Result<Option<CodexAuth>, AuthError> {
        loop {
            let step = std::mem::replace(&mut self.step, Step::Done);
            let found = match step {
                Step::Reload => {
                    self.step = Step::Refresh;
                    match self.manager.reload_after_401(&self.used).await? {
                        None => continue,
                        found => found,
                    }
                }
                Step::Refresh => {
                    if self.manager.can_renew(&self.used) {
                        before_renewal();
                    }
                    self.manager
                        .renew(&self.used, RefreshReason::Unauthorized)
                        .await?
                }
                Step::Done => None,
            };
            if let Some(found) = &found {
                self.used = found.clone();
            }
            return Ok(found);
        }
    }
}
