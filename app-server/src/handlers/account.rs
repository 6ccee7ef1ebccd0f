//! Accounts: who is signed in, signing in and out (docs/contract/authentication.md, docs/contract/backend.md).

use std::time::Duration;

use codex_app_server_protocol::rpc::NoParams;
use codex_app_server_protocol::{
    AccountLoginCancel, AccountLoginCompleted, AccountLoginCompletedNotification, AccountLoginStart,
    AccountLogout, AccountRead, AccountUpdateReason, AccountUpdated, AccountUpdatedNotification, AuthMode,
    CancelLoginAccountParams, CancelLoginAccountResponse, CancelLoginAccountStatus, GetAccountParams,
    LoginAccountParams, LoginAccountResponse, LoginAppBrand, LogoutAccountResponse,
};
use codex_core::auth::{Account, BrowserLogin, ExternalTokens, LoginOutcome, LoginPage, Secret};
use codex_core::config::Config;
use uuid::Uuid;

use crate::convert::account;
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router};

/// How long `account/read` waits for what the backend knows of the workspace. Routing is null when unknown.
const WORKSPACE_PATIENCE: Duration = Duration::from_secs(3);

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<AccountRead, _, _>(read);
    router.on_deferred::<AccountLoginStart, _, _>(login_start);
    router.on::<AccountLoginCancel, _, _>(login_cancel);
    router.on_deferred::<AccountLogout, _, _>(logout);
}

/// A client has been initialised: tells it of a stored ChatGPT sign-in. Asks nobody but the store.
pub(super) fn announce_stored(cx: &RequestContext) {
    let cx = cx.clone();
    cx.server.runtime.clone().spawn(async move {
        let Some(found @ Account::ChatGpt { .. }) = cx.server.auth.account().await else {
            return;
        };
        let updated = account::updated(Some(&found));
        // Tokens that a client owns are not stored: whoever gave them has been told, maybe just now.
        if updated.auth_mode != Some(AuthMode::ChatgptAuthTokens) {
            cx.client.notify::<AccountUpdated>(&AccountUpdatedNotification {
                reason: Some(AccountUpdateReason::WorkspaceRoutingReady),
                ..updated
            });
        }
    });
}

/// Tells who is signed in. Renewing first is best effort: if it fails, the answer shows what is left.
async fn read(cx: RequestContext, params: GetAccountParams, mut responder: Responder<AccountRead>) {
    if !requires_openai_auth(&cx).await {
        return responder.send(Ok(account::to_wire(None, None, false)));
    }
    if params.refresh_token
        && let Err(error) = cx.server.auth.force_refresh().await
    {
        tracing::warn!("the tokens could not be renewed: {error}");
    }
    let found = cx.server.auth.account().await;
    responder.leave_queue();
    let workspace = match &found {
        Some(Account::ChatGpt { .. }) => cx.server.backend.workspace(WORKSPACE_PATIENCE).await,
        Some(Account::ApiKey) | None => None,
    };
    responder.send(Ok(account::to_wire(found.as_ref(), workspace, true)));
}

/// Whether the provider of new threads needs an account. While the configuration can't be read, it is the one that is
/// known, or else the default one.
pub(super) async fn requires_openai_auth(cx: &RequestContext) -> bool {
    let source = &cx.server.config;
    let Ok(config) = Config::load_or_last(source, source.codex_home.clone()).await else {
        return true;
    };
    match config.model_providers.get(&config.model_provider) {
        Some(provider) => provider
            .get("requires_openai_auth")
            .is_some_and(|required| required.as_bool() == Some(true)),
        None => true,
    }
}

/// Signs in. The answer comes first, then `account/login/completed`, then `account/updated`.
async fn login_start(
    cx: RequestContext,
    params: LoginAccountParams,
    mut responder: Responder<AccountLoginStart>,
) {
    match params {
        LoginAccountParams::ApiKey { api_key } => {
            let key = Secret::new(api_key.expose());
            let done = cx.server.auth.login_with_api_key(&key).await;
            answer_login(&cx, responder, done, LoginAccountResponse::ApiKey).await;
        }
        LoginAccountParams::ChatgptAuthTokens {
            access_token,
            chatgpt_account_id,
            chatgpt_plan_type,
        } => {
            let tokens = ExternalTokens {
                access_token: Secret::new(access_token.expose()),
                account_id: chatgpt_account_id,
                plan_type: chatgpt_plan_type,
            };
            let done = cx.server.auth.login_with_parent_tokens(tokens).await;
            if done.is_ok() {
                cx.server.token_owner.signed_in(&cx.client);
            }
            answer_login(&cx, responder, done, LoginAccountResponse::ChatgptAuthTokens).await;
        }
        LoginAccountParams::Chatgpt {
            app_brand,
            codex_streamlined_login,
            use_hosted_login_success_page,
        } => {
            // A port that is in use, or an authority that is slow, keeps nobody from reading or giving up.
            responder.leave_queue();
            let login = BrowserLogin {
                originator: cx
                    .client
                    .profile()
                    .map(|session| session.originator.clone())
                    .unwrap_or_default(),
                streamlined: codex_streamlined_login,
                page: match (use_hosted_login_success_page, app_brand) {
                    (false, _) => LoginPage::Own,
                    (true, None | Some(LoginAppBrand::Codex)) => LoginPage::Hosted("codex"),
                    (true, Some(LoginAppBrand::Chatgpt)) => LoginPage::Hosted("chatgpt"),
                },
            };
            match cx.server.auth.start_browser_login(login).await {
                Ok(started) => {
                    responder.send(Ok(LoginAccountResponse::Chatgpt {
                        auth_url: started.auth_url,
                        login_id: started.id.to_string(),
                    }));
                    follow(cx, started.id, started.outcome);
                }
                Err(error) => responder.send(Err(error.into())),
            }
        }
        LoginAccountParams::ChatgptDeviceCode => {
            responder.leave_queue();
            match cx.server.auth.start_device_login().await {
                Ok(started) => {
                    responder.send(Ok(LoginAccountResponse::ChatgptDeviceCode {
                        login_id: started.id.to_string(),
                        user_code: started.user_code,
                        verification_url: started.verification_url,
                    }));
                    follow(cx, started.id, started.outcome);
                }
                Err(error) => responder.send(Err(error.into())),
            }
        }
        LoginAccountParams::AmazonBedrock { .. } | LoginAccountParams::AmazonBedrockAccessKeys { .. } => {
            responder.send(Err(RpcError::invalid(
                "Signing in to Amazon Bedrock is not supported by this server. Use an API key or ChatGPT instead.",
            )));
        }
    }
}

/// Answers a login that is over at once.
async fn answer_login(
    cx: &RequestContext,
    responder: Responder<AccountLoginStart>,
    done: codex_core::Result<()>,
    response: LoginAccountResponse,
) {
    match done {
        Ok(()) => {
            let found = cx.server.auth.account().await;
            responder.send(Ok(response));
            login_completed(cx, None, None);
            cx.server
                .subscriptions
                .broadcast::<AccountUpdated>(None, &account::updated(found.as_ref()));
        }
        Err(error) => responder.send(Err(error.into())),
    }
}

/// Waits for the end of a login and tells everybody.
fn follow(cx: RequestContext, id: Uuid, outcome: LoginOutcome) {
    cx.server.runtime.clone().spawn(async move {
        let ended = outcome.await;
        let found = cx.server.auth.account().await;
        let succeeded = ended.is_ok();
        login_completed(&cx, Some(id), ended.err());
        if succeeded {
            cx.server
                .subscriptions
                .broadcast::<AccountUpdated>(None, &account::updated(found.as_ref()));
        }
    });
}

fn login_completed(cx: &RequestContext, id: Option<Uuid>, error: Option<String>) {
    let params = AccountLoginCompletedNotification {
        success: error.is_none(),
        error,
        login_id: id.map(|id| id.to_string()),
        onboarding_entrypoint: None,
    };
    cx.server
        .subscriptions
        .broadcast::<AccountLoginCompleted>(None, &params);
}

async fn login_cancel(
    cx: RequestContext,
    params: CancelLoginAccountParams,
) -> RpcResult<CancelLoginAccountResponse> {
    let id = Uuid::parse_str(&params.login_id)
        .map_err(|_| RpcError::invalid(format!("invalid login id: {}", params.login_id)))?;
    let status = if cx.server.auth.cancel_login(id) {
        CancelLoginAccountStatus::Canceled
    } else {
        CancelLoginAccountStatus::NotFound
    };
    Ok(CancelLoginAccountResponse { status })
}

/// Signs out. Once nothing is stored any more, nobody else waits for the authority to hear of it.
async fn logout(cx: RequestContext, _params: NoParams, mut responder: Responder<AccountLogout>) {
    match cx.server.auth.logout().await {
        Ok(revocation) => {
            responder.leave_queue();
            revocation.await;
            responder.send(Ok(LogoutAccountResponse {}));
            cx.server
                .subscriptions
                .broadcast::<AccountUpdated>(None, &account::updated(None));
        }
        Err(error) => responder.send(Err(error.into())),
    }
}
