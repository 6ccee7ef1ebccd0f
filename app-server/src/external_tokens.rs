//! The client that owns ChatGPT tokens, as the engine asks it for new ones (docs/contract/authentication.md#unauthorized).

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use codex_app_server_protocol::{
    AccountChatgptAuthTokensRefresh, ChatgptAuthTokensRefreshParams, ChatgptAuthTokensRefreshReason,
    ChatgptAuthTokensRefreshResponse,
};
use codex_core::auth::{ExternalTokenProvider, ExternalTokens, Secret};
use futures_util::future::BoxFuture;

use crate::client::handle::{Client, ClientRequestError};
use crate::subscriptions::Subscriptions;

/// A bound for one client. The engine stops waiting much earlier, whoever is asked then.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks the connection that signed in, else any other that is initialised; when one goes away, the next.
pub(crate) struct TokenOwner {
    subscriptions: Weak<Subscriptions>,
    /// The connection that signed in last. A lock, since logins and questions come from different tasks.
    signed_in: Mutex<Option<u64>>,
}

impl TokenOwner {
    /// Nobody has signed in yet.
    pub(crate) fn new(subscriptions: &Arc<Subscriptions>) -> Arc<Self> {
        Arc::new(Self {
            subscriptions: Arc::downgrade(subscriptions),
            signed_in: Mutex::default(),
        })
    }

    /// This connection has given its tokens.
    pub(crate) fn signed_in(&self, client: &Client) {
        *self.signed_in.lock().unwrap_or_else(PoisonError::into_inner) = Some(client.id);
    }
}

impl ExternalTokenProvider for TokenOwner {
    fn refresh(
        &self,
        previous_account_id: Option<String>,
    ) -> BoxFuture<'static, Result<ExternalTokens, String>> {
        let subscriptions = self.subscriptions.clone();
        let first = *self.signed_in.lock().unwrap_or_else(PoisonError::into_inner);
        let params = ChatgptAuthTokensRefreshParams {
            reason: ChatgptAuthTokensRefreshReason::Unauthorized,
            previous_account_id,
        };
        Box::pin(async move {
            let mut asked = Vec::new();
            while let Some(subscriptions) = subscriptions.upgrade()
                && let Some(client) = next(&subscriptions, first, &asked)
            {
                asked.push(client.id);
                match subscriptions
                    .request::<AccountChatgptAuthTokensRefresh>(&client, &params, PATIENCE)
                    .await
                {
                    Ok(tokens) => return Ok(tokens_from_wire(tokens)),
                    Err(ClientRequestError::Gone) => {}
                    Err(ClientRequestError::Refused(error)) => {
                        return Err(format!("code={}, {}", error.code, error.message));
                    }
                    // What could not be understood may hold a token, so it is not quoted.
                    Err(ClientRequestError::NotUnderstood(_)) => {
                        return Err("the application's response is malformed".to_owned());
                    }
                    Err(error @ ClientRequestError::TimedOut) => return Err(error.to_string()),
                }
            }
            Err("no connected application can provide a new access token".to_owned())
        })
    }
}

/// Whom to ask next.
fn next(subscriptions: &Subscriptions, first: Option<u64>, asked: &[u64]) -> Option<Arc<Client>> {
    let mut left = subscriptions.initialized();
    left.retain(|client| !asked.contains(&client.id));
    // Who is away answers last.
    if left.iter().any(|client| !client.outgoing.is_parked()) {
        left.retain(|client| !client.outgoing.is_parked());
    }
    let at = left
        .iter()
        .position(|client| Some(client.id) == first)
        .unwrap_or(0);
    (!left.is_empty()).then(|| left.swap_remove(at))
}

fn tokens_from_wire(tokens: ChatgptAuthTokensRefreshResponse) -> ExternalTokens {
    ExternalTokens {
        access_token: Secret::new(tokens.access_token.expose()),
        account_id: tokens.chatgpt_account_id,
        plan_type: tokens.chatgpt_plan_type,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use codex_app_server_protocol::{ErrorObject, Frame, Request, wire};
    use serde_json::value::{RawValue, to_raw_value};

    use super::*;
    use crate::client::handle::ClientProfile;

    fn connect(subscriptions: &Arc<Subscriptions>) -> Arc<Client> {
        let client = subscriptions.connect();
        client.set_profile(ClientProfile {
            originator: "test".to_owned(),
            user_agent: "test".to_owned(),
            experimental: false,
            attests: false,
            opt_out: HashSet::new(),
        });
        client
    }

    /// Answers the request that this client has got.
    fn answer(subscriptions: &Subscriptions, client: &Client, reply: Result<Box<RawValue>, ErrorObject>) {
        let asked = client.outgoing.take_frames();
        let [asked] = &asked[..] else {
            panic!("{} requests", asked.len())
        };
        let Frame::Request { id, method, .. } = wire::decode(asked).unwrap().frame else {
            panic!("no request")
        };
        assert_eq!(method, AccountChatgptAuthTokensRefresh::METHOD);
        subscriptions.answered(client, Some(&id), reply);
    }

    fn tokens(account: &str) -> Box<RawValue> {
        to_raw_value(&serde_json::json!({"accessToken": "t", "chatgptAccountId": account})).unwrap()
    }

    #[tokio::test]
    async fn the_connection_that_signed_in_is_asked_and_the_next_when_it_goes_away() {
        let subscriptions = Subscriptions::new();
        let owner = TokenOwner::new(&subscriptions);
        subscriptions.connect();
        let (other, first) = (connect(&subscriptions), connect(&subscriptions));
        owner.signed_in(&first);
        let asking = tokio::spawn(owner.refresh(Some("ws".to_owned())));
        tokio::task::yield_now().await;
        let asked = first.outgoing.take_frames();
        let Frame::Request { id, .. } = wire::decode(&asked[0]).unwrap().frame else {
            panic!("no request")
        };
        subscriptions.answered(&other, Some(&id), Ok(tokens("not asked")));
        subscriptions.disconnect(&first);
        tokio::task::yield_now().await;
        answer(&subscriptions, &other, Ok(tokens("ws")));
        assert_eq!(asking.await.unwrap().unwrap().account_id, "ws");
    }

    #[tokio::test]
    async fn without_a_connection_there_is_nobody_to_ask() {
        let subscriptions = Subscriptions::new();
        let owner = TokenOwner::new(&subscriptions);
        subscriptions.connect();
        assert!(
            owner
                .refresh(None)
                .await
                .unwrap_err()
                .contains("no connected application")
        );
        let only = connect(&subscriptions);
        let asking = tokio::spawn(owner.refresh(None));
        tokio::task::yield_now().await;
        subscriptions.disconnect(&only);
        assert!(
            asking
                .await
                .unwrap()
                .unwrap_err()
                .contains("no connected application")
        );
    }

    #[tokio::test]
    async fn a_refusal_is_passed_on_in_words_and_garbage_is_not_quoted() {
        let subscriptions = Subscriptions::new();
        let owner = TokenOwner::new(&subscriptions);
        let client = connect(&subscriptions);
        let asking = tokio::spawn(owner.refresh(None));
        tokio::task::yield_now().await;
        answer(
            &subscriptions,
            &client,
            Err(ErrorObject::new(-32000, "no session")),
        );
        assert_eq!(asking.await.unwrap().unwrap_err(), "code=-32000, no session");
        let asking = tokio::spawn(owner.refresh(None));
        tokio::task::yield_now().await;
        let garbage = to_raw_value(&serde_json::json!({"accessToken": 7, "token": "secret"})).unwrap();
        answer(&subscriptions, &client, Ok(garbage));
        assert!(!asking.await.unwrap().unwrap_err().contains("secret"));
    }
}
