//! Signing in with the browser: authorisation code with a proof key, answered on the loopback interface (RFC 8252).

use std::sync::Arc;
use std::time::Duration;

use url::Url;
use uuid::Uuid;

use super::pkce::{Pkce, random_text};
use super::server::{CodeHandler, LoginPage, LoginServer, ServerOptions};
use super::{AbortMessages, LoginOutcome, NOT_COMPLETED, check_workspace, port};
use crate::auth::environment::AuthSettings;
use crate::auth::token_endpoint;
use crate::auth::{AuthManager, Secret};
use crate::{Error, Result};

/// What the user may do at the authority with our tokens.
const SCOPE: &str = "openid profile email offline_access api.connectors.read api.connectors.invoke";
/// How long the user may take.
const LOGIN_LIMIT: Duration = Duration::from_secs(10 * 60);
/// Marks errors of this way to sign in.
const PREFIX: &str = "Login server error: ";

/// What a browser login is made of.
#[derive(Debug, Clone, Default)]
pub struct BrowserLogin {
    /// Name of the client.
    pub originator: String,
    /// The application comes to the front by itself at the end.
    pub streamlined: bool,
    /// What the user sees at the end.
    pub page: LoginPage,
}

/// A browser login that has begun.
#[derive(Debug)]
pub struct StartedBrowserLogin {
    /// Its id.
    pub id: Uuid,
    /// Where to send the user.
    pub auth_url: String,
    /// How it ends.
    pub outcome: LoginOutcome,
}

impl AuthManager {
    /// Begins a browser login. One that is under way ends.
    pub async fn start_browser_login(&self, login: BrowserLogin) -> Result<StartedBrowserLogin> {
        let settings = self.settings().await;
        self.may_log_in_with_chatgpt(&settings)?;
        self.abandon_login().await;
        let failed = |why: String| Error::internal(format!("failed to start login server: {why}"));
        let environment = &self.options.environment;
        let listener = port::listen(&environment.login_ports)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let port = listener
            .local_addr()
            .map_err(|error| failed(error.to_string()))?
            .port();
        let redirect_uri = format!("http://127.0.0.1:{port}/auth/callback");
        let pkce = Pkce::new::<64>().map_err(failed)?;
        let state = random_text::<32>().map_err(failed)?;

        let mut auth_url = Url::parse(&format!("{}/oauth/authorize", environment.issuer))
            .map_err(|error| failed(format!("the issuer's address is not valid: {error}")))?;
        {
            let mut query = auth_url.query_pairs_mut();
            query
                .append_pair("response_type", "code")
                .append_pair("client_id", &environment.client_id)
                .append_pair("redirect_uri", &redirect_uri)
                .append_pair("scope", SCOPE)
                .append_pair("code_challenge", &pkce.challenge)
                .append_pair("code_challenge_method", "S256")
                .append_pair("id_token_add_organizations", "true")
                .append_pair("codex_cli_simplified_flow", "true")
                .append_pair("state", &state)
                .append_pair("originator", &login.originator);
            if !settings.forced_workspaces.is_empty() {
                query.append_pair("allowed_workspace_id", &settings.forced_workspaces.join(","));
            }
        }

        let exchange = Exchange {
            manager: self.me(),
            settings,
            redirect_uri,
            verifier: pkce.verifier,
        };
        let options = ServerOptions {
            state,
            streamlined: login.streamlined,
            page: login.page,
        };
        let (server, signed_in) = LoginServer::new(options, Arc::new(exchange));
        let id = Uuid::new_v4();
        let flow = async move { server.run(listener).await.map_err(|why| format!("{PREFIX}{why}")) };
        let cut = AbortMessages {
            cancelled: format!("{PREFIX}{NOT_COMPLETED}"),
            timed_out: format!("{PREFIX}Login timed out"),
        };
        let outcome = self.track_login(id, LOGIN_LIMIT, cut, signed_in, flow);
        Ok(StartedBrowserLogin {
            id,
            auth_url: auth_url.into(),
            outcome,
        })
    }
}

/// Turns the code that the browser brings into stored credentials.
struct Exchange {
    manager: std::sync::Weak<AuthManager>,
    settings: AuthSettings,
    redirect_uri: String,
    verifier: Secret,
}

impl CodeHandler for Exchange {
    async fn sign_in(&self, code: &str) -> Result<(), String> {
        let Some(manager) = self.manager.upgrade() else {
            return Err(NOT_COMPLETED.to_owned());
        };
        let environment = &manager.options.environment;
        let issued = token_endpoint::exchange_code(environment, code, &self.redirect_uri, &self.verifier)
            .await
            .map_err(|why| format!("Token exchange failed: {why}"))?;
        check_workspace(&issued, &self.settings.forced_workspaces)?;
        let api_key = match &issued.id_token {
            Some(id_token) => token_endpoint::exchange_for_api_key(environment, id_token).await,
            None => None,
        };
        manager
            .finish_chatgpt_login(&issued, api_key.as_ref(), &self.settings)
            .await
    }
}
