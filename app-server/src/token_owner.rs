//! The client that owns ChatGPT tokens, as the engine asks it for new ones (docs/contract/authentication.md#unauthorized).

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use codex_app_server_protocol::{
    AccountChatgptAuthTokensRefresh, ChatgptAuthTokensRefreshParams, ChatgptAuthTokensRefreshReason,
    ChatgptAuthTokensRefreshResponse,
};
use codex_core::auth::{ParentTokens, Secret, TokenParent};
use futures_util::future::BoxFuture;

use crate::hub::Hub;
use crate::peer::{AskError, Peer};

/// A bound for one client. The engine stops waiting much earlier, whoever is asked then.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks the connection that signed in, else any other that is initialised; when one goes away, the next.
pub(crate) struct TokenOwner {
    hub: Weak<Hub>,
    /// The connection that signed in last. A lock, since logins and questions come from different tasks.
    signed_in: Mutex<Option<u64>>,
}

impl TokenOwner {
    /// Nobody has signed in yet.
    pub(crate) fn new(hub: &Arc<Hub>) -> Arc<Self> {
        Arc::new(Self {
            hub: Arc::downgrade(hub),
            signed_in: Mutex::default(),
        })
    }

    /// This connection has given its tokens.
    pub(crate) fn signed_in(&self, peer: &Peer) {
        *self.signed_in.lock().unwrap_or_else(PoisonError::into_inner) = Some(peer.id);
    }
}

impl TokenParent for TokenOwner {
    fn refresh(
        &self,
        previous_account_id: Option<String>,
    ) -> BoxFuture<'static, Result<ParentTokens, String>> {
        let hub = self.hub.clone();
        let first = *self.signed_in.lock().unwrap_or_else(PoisonError::into_inner);
        let params = ChatgptAuthTokensRefreshParams {
            reason: ChatgptAuthTokensRefreshReason::Unauthorized,
            previous_account_id,
        };
        Box::pin(async move {
            let mut asked = Vec::new();
            while let Some(peer) = next(&hub, first, &asked) {
                asked.push(peer.id);
                match peer
                    .request::<AccountChatgptAuthTokensRefresh>(&params, PATIENCE)
                    .await
                {
                    Ok(tokens) => return Ok(tokens_from_wire(tokens)),
                    Err(AskError::Gone) => {}
                    Err(AskError::Refused(error)) => {
                        return Err(format!("code={}, {}", error.code, error.message));
                    }
                    // What could not be understood may hold a token, so it is not quoted.
                    Err(AskError::NotUnderstood(_)) => {
                        return Err("the application's answer has not the expected form".to_owned());
                    }
                    Err(error @ AskError::TimedOut) => return Err(error.to_string()),
                }
            }
            Err("no application is connected that could give a new access token".to_owned())
        })
    }
}

/// Whom to ask next.
fn next(hub: &Weak<Hub>, first: Option<u64>, asked: &[u64]) -> Option<Arc<Peer>> {
    let mut left = hub.upgrade()?.initialized();
    left.retain(|peer| !asked.contains(&peer.id));
    let at = left.iter().position(|peer| Some(peer.id) == first).unwrap_or(0);
    (!left.is_empty()).then(|| left.swap_remove(at))
}

fn tokens_from_wire(tokens: ChatgptAuthTokensRefreshResponse) -> ParentTokens {
    ParentTokens {
        access_token: Secret::new(tokens.access_token.expose()),
        account_id: tokens.chatgpt_account_id,
        plan_type: tokens.chatgpt_plan_type,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use codex_app_server_protocol::{ErrorObject, RequestId};
    use serde_json::value::to_raw_value;

    use super::*;
    use crate::peer::Session;

    fn connect(hub: &Arc<Hub>) -> Arc<Peer> {
        let peer = hub.connect();
        peer.begin_session(Session {
            originator: "test".to_owned(),
            user_agent: "test".to_owned(),
            experimental: false,
            opt_out: HashSet::new(),
        });
        peer
    }

    /// Answers question `id` as this peer.
    fn answer(hub: &Hub, peer: &Peer, id: i64, account: &str) {
        let tokens = serde_json::json!({"accessToken": "t", "chatgptAccountId": account});
        hub.answered(
            peer,
            Some(&RequestId::Integer(id)),
            Ok(to_raw_value(&tokens).unwrap()),
        );
    }

    #[tokio::test]
    async fn the_connection_that_signed_in_is_asked_and_the_next_when_it_goes_away() {
        let hub = Hub::new();
        let owner = TokenOwner::new(&hub);
        hub.connect();
        let (other, first) = (connect(&hub), connect(&hub));
        owner.signed_in(&first);
        let asking = tokio::spawn(owner.refresh(Some("ws".to_owned())));
        tokio::task::yield_now().await;
        answer(&hub, &other, 0, "not asked");
        hub.disconnect(&first);
        tokio::task::yield_now().await;
        answer(&hub, &other, 1, "ws");
        assert_eq!(asking.await.unwrap().unwrap().account_id, "ws");
    }

    #[tokio::test]
    async fn without_a_connection_there_is_nobody_to_ask() {
        let hub = Hub::new();
        let owner = TokenOwner::new(&hub);
        hub.connect();
        assert!(
            owner
                .refresh(None)
                .await
                .unwrap_err()
                .contains("no application is connected")
        );
        let only = connect(&hub);
        let asking = tokio::spawn(owner.refresh(None));
        tokio::task::yield_now().await;
        hub.disconnect(&only);
        assert!(
            asking
                .await
                .unwrap()
                .unwrap_err()
                .contains("no application is connected")
        );
    }

    #[tokio::test]
    async fn a_refusal_is_passed_on_in_words_and_garbage_is_not_quoted() {
        let hub = Hub::new();
        let owner = TokenOwner::new(&hub);
        let peer = connect(&hub);
        let asking = tokio::spawn(owner.refresh(None));
        tokio::task::yield_now().await;
        hub.answered(
            &peer,
            Some(&RequestId::Integer(0)),
            Err(ErrorObject::new(-32000, "no session")),
        );
        assert_eq!(asking.await.unwrap().unwrap_err(), "code=-32000, no session");
        let asking = tokio::spawn(owner.refresh(None));
        tokio::task::yield_now().await;
        let garbage = to_raw_value(&serde_json::json!({"accessToken": 7, "token": "secret"})).unwrap();
        hub.answered(&peer, Some(&RequestId::Integer(1)), Ok(garbage));
        assert!(!asking.await.unwrap().unwrap_err().contains("secret"));
    }
}
