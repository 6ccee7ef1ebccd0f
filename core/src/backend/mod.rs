//! The account backend: limits, usage, messages and workspace routing of a ChatGPT account (docs/contract/backend.md).
//!
//! Nothing here is asked unless the user's application asks for it.
//!
//! Where to look: `request` (one request and its failures), `limits`, `usage`, `messages`, `routing` (of workspaces).

mod limits;
mod messages;
mod request;
mod routing;
mod usage;

use std::sync::{Arc, OnceLock};

pub use limits::{ConsumeOutcome, RateLimits, ResetCredit, ResetCredits};
pub use messages::{NudgeOutcome, SecurityNotice, WorkspaceMessage};
pub use routing::{Workspace, WorkspaceRouting};
pub use usage::{DailyUsage, ThreadUsage, ThreadUsageGroup, TokenUsage};

use crate::auth::{AuthManager, AuthMode, CodexAuth};
use crate::{Error, Result};

/// A client of the account backend, in the name of whoever is signed in.
#[derive(Debug)]
pub struct Backend {
    auth: Arc<AuthManager>,
    user_agent: OnceLock<String>,
    routing: Arc<routing::RoutingCache>,
}

impl Backend {
    /// A client; nothing is opened.
    pub fn new(auth: Arc<AuthManager>) -> Arc<Self> {
        Arc::new(Self {
            auth,
            user_agent: OnceLock::new(),
            routing: Arc::default(),
        })
    }

    /// Sets the `User-Agent` header. The first call counts.
    pub fn identify(&self, user_agent: &str) {
        let _ = self.user_agent.set(user_agent.to_owned());
    }

    /// The ChatGPT account in use, or an error that says what it is required for (`to read rate limits`).
    async fn chatgpt(&self, purpose: &'static str) -> Result<CodexAuth> {
        match self.auth.auth().await {
            Some(auth) if auth.mode() == AuthMode::ChatGpt => Ok(auth),
            other => Err(Error::ChatgptRequired {
                signed_in: other.is_some(),
                purpose,
            }),
        }
    }
}
