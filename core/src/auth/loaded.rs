//! Stored credentials as the manager holds them.

use super::CodexAuth;
use super::claims::Claims;
use super::environment::AuthSettings;
use super::refresh::RefreshReason;
use super::stored::StoredAuth;
use crate::config::LoginMethod;

/// Tokens that end sooner than this are renewed before they are used.
pub(super) const RENEW_AHEAD_S: i64 = 5 * 60;
/// Tokens that do not say when they end are renewed at this age.
const RENEW_AGE_S: i64 = 8 * 24 * 3600;
/// Stored credentials with what is derived from them.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    pub(super) stored: StoredAuth,
    pub(super) credentials: CodexAuth,
    /// When to renew them ahead of time (Unix seconds), and why.
    pub(super) renew: Option<(i64, RefreshReason)>,
}

impl Loaded {
    /// `None` if there is nothing in them to use, or the settings forbid it.
    pub(super) fn new(stored: StoredAuth, settings: &AuthSettings) -> Option<Self> {
        let credentials = stored.credentials()?;
        if let Err(reason) = allowed(&credentials, settings) {
            tracing::warn!("the stored sign-in is not used: {reason}");
            return None;
        }
        let renew = stored
            .access_token()
            .filter(|_| stored.refresh_token().is_some())
            .and_then(
                |token| match Claims::decode(token).and_then(|claims| claims.expires_at) {
                    Some(expires_at) => {
                        Some((expires_at.saturating_sub(RENEW_AHEAD_S), RefreshReason::Expiry))
                    }
                    None => Some((
                        stored.last_refresh()?.timestamp() + RENEW_AGE_S,
                        RefreshReason::Scheduled,
                    )),
                },
            );
        Some(Self {
            stored,
            credentials,
            renew,
        })
    }
}

/// Whether the settings of this machine let these credentials be used.
fn allowed(credentials: &CodexAuth, settings: &AuthSettings) -> Result<(), String> {
    match (credentials, settings.forced_login) {
        (CodexAuth::ApiKey { .. }, Some(LoginMethod::Chatgpt)) => Err("ChatGPT login is required".to_owned()),
        (CodexAuth::ChatGpt { .. }, Some(LoginMethod::Api)) => Err("an API key is required".to_owned()),
        (CodexAuth::ChatGpt { account_id, .. }, _) if !settings.forced_workspaces.is_empty() => {
            let ours = account_id
                .as_ref()
                .is_some_and(|id| settings.forced_workspaces.contains(id));
            if ours {
                Ok(())
            } else {
                Err("it belongs to another workspace than is required".to_owned())
            }
        }
        _ => Ok(()),
    }
}

/// Whether the second may stand in for the first: same kind, same workspace.
pub(super) fn same_owner(used: &CodexAuth, current: &CodexAuth) -> bool {
    std::mem::discriminant(used) == std::mem::discriminant(current)
        && used.account_id() == current.account_id()
}
