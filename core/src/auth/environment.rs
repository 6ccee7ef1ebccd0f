//! What the account code must know from outside: settings, and addresses that the environment can change.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{Config, ConfigSource, CredentialsStore, LoginMethod};

/// The authority that signs users in.
const ISSUER: &str = "https://auth.openai.com";
/// The client id of this program at the authority.
const CLIENT_ID: &str = "app_EMoamEEZ73f0CkXaXp7hrann";

/// What an [`crate::auth::AuthManager`] is made of.
#[derive(Clone)]
pub struct AuthOptions {
    /// `CODEX_HOME`.
    pub codex_home: PathBuf,
    /// Reads the settings. Called when an account is needed, never at start.
    pub settings: Arc<dyn Fn() -> AuthSettings + Send + Sync>,
    /// Addresses.
    pub environment: AuthEnvironment,
}

impl AuthOptions {
    /// Settings of a configuration, and the environment of the process. While the configuration cannot be read, the
    /// defaults hold.
    pub fn of_config(source: ConfigSource) -> Self {
        let codex_home = source.codex_home.clone();
        let settings = move || match Config::load(&source, &source.codex_home, &[]) {
            Ok(config) => AuthSettings::from(&*config),
            Err(error) => {
                tracing::warn!("account settings are the defaults: {error}");
                AuthSettings::default()
            }
        };
        Self {
            codex_home,
            settings: Arc::new(settings),
            environment: AuthEnvironment::from_process(),
        }
    }

    /// Default settings, and the environment of the process.
    pub fn new(codex_home: PathBuf) -> Self {
        Self {
            codex_home,
            settings: Arc::new(AuthSettings::default),
            environment: AuthEnvironment::from_process(),
        }
    }
}

impl fmt::Debug for AuthOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthOptions")
            .field("codex_home", &self.codex_home)
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}

/// Settings of config.toml that matter to accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthSettings {
    /// `cli_auth_credentials_store`.
    pub store: CredentialsStore,
    /// `forced_login_method`.
    pub forced_login: Option<LoginMethod>,
    /// `forced_chatgpt_workspace_id`, one or several; empty: any.
    pub forced_workspaces: Vec<String>,
    /// `chatgpt_base_url`.
    pub chatgpt_base_url: String,
}

impl From<&Config> for AuthSettings {
    fn from(config: &Config) -> Self {
        Self {
            store: config.cli_auth_credentials_store,
            forced_login: config.forced_login_method,
            forced_workspaces: config.forced_chatgpt_workspace_id.clone(),
            chatgpt_base_url: config.chatgpt_base_url.clone(),
        }
    }
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            store: CredentialsStore::File,
            forced_login: None,
            forced_workspaces: Vec::new(),
            chatgpt_base_url: "https://chatgpt.com/backend-api/".to_owned(),
        }
    }
}

/// Addresses of the authority. Each can be set by an environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthEnvironment {
    /// `CODEX_APP_SERVER_LOGIN_ISSUER`, without a slash at the end.
    pub issuer: String,
    /// `CODEX_APP_SERVER_LOGIN_CLIENT_ID`.
    pub client_id: String,
    /// `CODEX_REFRESH_TOKEN_URL_OVERRIDE`.
    pub refresh_url: Option<String>,
    /// `CODEX_REVOKE_TOKEN_URL_OVERRIDE`.
    pub revoke_url: Option<String>,
    /// `CODEX_APP_SERVER_CHATGPT_BASE_URL`, stronger than the configuration.
    pub chatgpt_base_url: Option<String>,
    /// Ports of the login listener on the loopback interface, in order of preference. `CODEX_APP_SERVER_LOGIN_PORT`
    /// replaces them by one, for issuers that send the browser elsewhere; 0 is any free port.
    pub login_ports: Vec<u16>,
}

impl Default for AuthEnvironment {
    fn default() -> Self {
        Self {
            issuer: ISSUER.to_owned(),
            client_id: CLIENT_ID.to_owned(),
            refresh_url: None,
            revoke_url: None,
            chatgpt_base_url: None,
            login_ports: vec![1455, 1457],
        }
    }
}

impl AuthEnvironment {
    /// As the environment of this process says.
    pub fn from_process() -> Self {
        let var = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let defaults = Self::default();
        Self {
            issuer: var("CODEX_APP_SERVER_LOGIN_ISSUER")
                .map_or(defaults.issuer, |issuer| issuer.trim_end_matches('/').to_owned()),
            client_id: var("CODEX_APP_SERVER_LOGIN_CLIENT_ID").unwrap_or(defaults.client_id),
            refresh_url: var("CODEX_REFRESH_TOKEN_URL_OVERRIDE"),
            revoke_url: var("CODEX_REVOKE_TOKEN_URL_OVERRIDE"),
            chatgpt_base_url: var("CODEX_APP_SERVER_CHATGPT_BASE_URL"),
            login_ports: var("CODEX_APP_SERVER_LOGIN_PORT")
                .and_then(|port| port.trim().parse().ok())
                .map_or(defaults.login_ports, |port| vec![port]),
        }
    }

    /// Where refresh tokens are turned into access tokens: at the issuer, unless an address was set.
    pub(crate) fn refresh_url(&self) -> String {
        self.refresh_url
            .clone()
            .unwrap_or_else(|| format!("{}/oauth/token", self.issuer))
    }

    /// Where tokens are revoked: beside the refresh address if that was changed, else at the issuer.
    pub(crate) fn revoke_url(&self) -> String {
        if let Some(url) = &self.revoke_url {
            return url.clone();
        }
        let beside = self.refresh_url.as_deref().and_then(|refresh| {
            let mut url = url::Url::parse(refresh).ok()?;
            url.set_path("/oauth/revoke");
            url.set_query(None);
            Some(url.to_string())
        });
        beside.unwrap_or_else(|| format!("{}/oauth/revoke", self.issuer))
    }

    /// Whether tokens of this issuer may be sent to [`Self::refresh_url`] and [`Self::revoke_url`]: those of another
    /// issuer than the configured one are none of its business. An address that was set by hand is trusted with all.
    pub(crate) fn may_see_tokens_of(&self, issuer: Option<&str>) -> bool {
        let is_ours = issuer.is_none_or(|issuer| issuer.trim_end_matches('/') == self.issuer);
        is_ours || self.refresh_url.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revocation_follows_the_refresh_address() {
        let mut environment = AuthEnvironment::default();
        assert_eq!(environment.revoke_url(), "https://auth.openai.com/oauth/revoke");
        environment.refresh_url = Some("http://127.0.0.1:9/oauth/token?x=1".to_owned());
        assert_eq!(environment.revoke_url(), "http://127.0.0.1:9/oauth/revoke");
        environment.revoke_url = Some("http://127.0.0.1:8/r".to_owned());
        assert_eq!(environment.revoke_url(), "http://127.0.0.1:8/r");
    }

    #[test]
    fn tokens_go_to_the_configured_issuer_only() {
        let mut environment = AuthEnvironment {
            issuer: "https://login.example.com".to_owned(),
            ..AuthEnvironment::default()
        };
        assert_eq!(environment.refresh_url(), "https://login.example.com/oauth/token");
        assert_eq!(environment.revoke_url(), "https://login.example.com/oauth/revoke");
        assert!(environment.may_see_tokens_of(None));
        assert!(environment.may_see_tokens_of(Some("https://login.example.com/")));
        assert!(!environment.may_see_tokens_of(Some(ISSUER)));
        environment.refresh_url = Some("http://127.0.0.1:9/oauth/token".to_owned());
        assert!(environment.may_see_tokens_of(Some(ISSUER)));
    }
}
