//! How clients of earlier days ask who is signed in (docs/contract/authentication.md#account).

use codex_app_server_protocol::{
    AuthMode, GetAuthStatus, GetAuthStatusParams, GetAuthStatusResponse, Secret,
};
use codex_core::auth::CodexAuth;

use super::account::requires_openai_auth;
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<GetAuthStatus, _, _>(read);
}

/// Refreshing first is best effort: if it fails, the answer shows what is left.
async fn read(cx: RequestContext, params: GetAuthStatusParams, responder: Responder<GetAuthStatus>) {
    if !requires_openai_auth(&cx).await {
        return responder.send(Ok(GetAuthStatusResponse::default()));
    }
    let auth = &cx.server.auth;
    if params.refresh_token == Some(true)
        && let Err(error) = auth.force_refresh().await
    {
        tracing::warn!("the tokens could not be renewed: {error}");
    }
    let credentials = auth.auth().await;
    // A token that the authority has refused for good is of no use to anybody.
    let is_wanted = params.include_token == Some(true) && auth.account().await.is_some();
    let token = credentials.as_ref().filter(|_| is_wanted);
    responder.send(Ok(GetAuthStatusResponse {
        auth_method: credentials.as_ref().map(method),
        auth_token: token.map(|credentials| Secret::new(credentials.bearer().expose())),
        requires_openai_auth: true,
    }));
}

fn method(credentials: &CodexAuth) -> AuthMode {
    match credentials {
        CodexAuth::ApiKey { .. } => AuthMode::Apikey,
        CodexAuth::ChatGpt { .. } => AuthMode::Chatgpt,
        CodexAuth::ChatGptAuthTokens { .. } => AuthMode::ChatgptAuthTokens,
    }
}
