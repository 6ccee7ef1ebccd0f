//! Tokens that the parent application owns.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use codex_core::auth::{
    Account, AuthError, AuthManager, AuthSettings, CodexAuth, ExternalTokenProvider, ExternalTokens, Secret,
};
use codex_core::config::LoginMethod;
use codex_core::{Error, LoginKind};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tempfile::TempDir;
use tokio::sync::Semaphore;

use crate::auth::manager_with;
use crate::authority::{Authority, access_token, jwt, now};

type Answer = Result<ExternalTokens, String>;

/// A parent that answers from a list, once it is let.
struct Parent {
    answers: Mutex<Vec<Answer>>,
    asked: Mutex<Vec<Option<String>>>,
    let_go: Semaphore,
    withdrawn: Arc<AtomicUsize>,
}

impl Parent {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::new(answers.into_iter().collect()),
            asked: Mutex::default(),
            let_go: Semaphore::new(100),
            withdrawn: Arc::default(),
        })
    }

    fn asked(&self) -> Vec<Option<String>> {
        self.asked.lock().unwrap().clone()
    }
}

struct Asker(Arc<Parent>);

impl ExternalTokenProvider for Asker {
    fn refresh(&self, previous_account_id: Option<String>) -> BoxFuture<'static, Answer> {
        let parent = Arc::clone(&self.0);
        async move {
            parent.asked.lock().unwrap().push(previous_account_id);
            let withdrawn = Count(Arc::clone(&parent.withdrawn));
            parent.let_go.acquire().await.unwrap().forget();
            std::mem::forget(withdrawn);
            parent.answers.lock().unwrap().remove(0)
        }
        .boxed()
    }
}

/// Counts when it is dropped.
struct Count(Arc<AtomicUsize>);

impl Drop for Count {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn tokens(account: &str, serial: u64) -> ExternalTokens {
    ExternalTokens {
        access_token: Secret::new(access_token(account, serial, 4_000_000_000)),
        account_id: account.to_owned(),
        plan_type: None,
    }
}

struct Fixture {
    _authority: Authority,
    home: TempDir,
    manager: Arc<AuthManager>,
    parent: Arc<Parent>,
}

async fn signed_in(settings: AuthSettings, answers: impl IntoIterator<Item = Answer>) -> Fixture {
    let (authority, home) = (Authority::start(), tempfile::tempdir().unwrap());
    let manager = manager_with(home.path(), &authority, settings);
    let parent = Parent::new(answers);
    manager.set_external_token_provider(Arc::new(Asker(Arc::clone(&parent))));
    manager.login_with_parent_tokens(tokens("ws", 1)).await.unwrap();
    Fixture {
        _authority: authority,
        home,
        manager,
        parent,
    }
}

async fn next(manager: &Arc<AuthManager>, used: &CodexAuth) -> Result<Option<CodexAuth>, AuthError> {
    manager.recover(used).next().await
}

#[tokio::test]
async fn tokens_of_the_parent_stay_in_memory() {
    let f = signed_in(AuthSettings::default(), []).await;
    let auth = f.manager.auth().await.unwrap();
    assert_eq!(auth.bearer(), &tokens("ws", 1).access_token);
    assert_eq!(auth.account_id(), Some("ws"));
    let expected = Account::ChatGpt {
        email: Some("ws@example.com".to_owned()),
        plan_type: Some("pro".to_owned()),
        user_id: Some("user-ws".to_owned()),
        account_id: Some("ws".to_owned()),
        parent_owned: true,
    };
    assert_eq!(f.manager.account().await, Some(expected));
    assert_eq!(std::fs::read_dir(f.home.path()).unwrap().count(), 0);
    f.manager.logout().await.unwrap().await;
    assert_eq!(f.manager.auth().await, None);
}

#[tokio::test]
async fn other_logins_are_refused_while_the_parent_owns_the_tokens() {
    let f = signed_in(AuthSettings::default(), []).await;
    let refused = f.manager.login_with_api_key(&Secret::new("k")).await.unwrap_err();
    assert_eq!(refused, Error::ExternalAuthActive);
    assert!(f.manager.start_device_login().await.is_err());
    f.manager
        .login_with_parent_tokens(tokens("other", 2))
        .await
        .unwrap();
    assert_eq!(f.manager.auth().await.unwrap().account_id(), Some("other"));
    f.manager.logout().await.unwrap().await;
    f.manager.login_with_api_key(&Secret::new("k")).await.unwrap();
}

#[tokio::test]
async fn a_token_that_is_no_jwt_is_refused_at_login() {
    let f = signed_in(AuthSettings::default(), []).await;
    let bad = ExternalTokens {
        access_token: Secret::new("opaque"),
        ..tokens("ws", 1)
    };
    let error = f.manager.login_with_parent_tokens(bad).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to set external auth: invalid ID token format"
    );
}

#[tokio::test]
async fn the_settings_can_forbid_the_login_or_its_workspace() {
    let (authority, home) = (Authority::start(), tempfile::tempdir().unwrap());
    let settings = AuthSettings {
        forced_login: Some(LoginMethod::Api),
        ..AuthSettings::default()
    };
    let manager = manager_with(home.path(), &authority, settings);
    let error = manager
        .login_with_parent_tokens(tokens("ws", 1))
        .await
        .unwrap_err();
    assert_eq!(error, Error::LoginDisabled(LoginKind::External));
    let forced_workspaces = vec!["a".to_owned(), "b".to_owned()];
    let settings = AuthSettings {
        forced_workspaces,
        ..AuthSettings::default()
    };
    let manager = manager_with(home.path(), &authority, settings);
    let error = manager
        .login_with_parent_tokens(tokens("x", 1))
        .await
        .unwrap_err();
    assert_eq!(
        error,
        Error::WorkspaceNotAllowed {
            allowed: vec!["a".into(), "b".into()],
            received: "x".into(),
        }
    );
    manager.login_with_parent_tokens(tokens("b", 1)).await.unwrap();
}

#[tokio::test]
async fn sixteen_turns_that_meet_a_401_ask_the_parent_once() {
    let f = signed_in(AuthSettings::default(), [Ok(tokens("ws", 2))]).await;
    let used = f.manager.auth().await.unwrap();
    f.parent.let_go.forget_permits(100);
    let turns: Vec<_> = (0..16)
        .map(|_| {
            let (manager, used) = (Arc::clone(&f.manager), used.clone());
            tokio::spawn(async move { next(&manager, &used).await })
        })
        .collect();
    while f.parent.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    f.parent.let_go.add_permits(1);
    for turn in turns {
        let renewed = turn.await.unwrap().unwrap().unwrap();
        assert_eq!(renewed.bearer(), &tokens("ws", 2).access_token);
    }
    assert!(next(&f.manager, &used).await.unwrap().is_some());
    assert_eq!(f.parent.asked(), [Some("ws".to_owned())]);
}

#[tokio::test]
async fn after_one_renewal_a_401_stands() {
    let f = signed_in(AuthSettings::default(), [Ok(tokens("ws", 2))]).await;
    let used = f.manager.auth().await.unwrap();
    let mut recovery = f.manager.recover(&used);
    assert!(recovery.next().await.unwrap().is_some());
    assert_eq!(recovery.next().await, Ok(None));
}

#[tokio::test]
async fn a_silent_parent_ends_the_turn_after_ten_seconds_and_is_asked_again_next_time() {
    let f = signed_in(AuthSettings::default(), [Ok(tokens("ws", 2))]).await;
    let used = f.manager.auth().await.unwrap();
    f.parent.let_go.forget_permits(100);
    let before = tokio::time::Instant::now();
    let error = next(&f.manager, &used).await.unwrap_err();
    assert_eq!(
        error,
        AuthError::Permanent("auth refresh request timed out after 10s".to_owned())
    );
    assert_eq!(before.elapsed().as_secs(), 10);
    assert_eq!(f.parent.withdrawn.load(Ordering::SeqCst), 1);
    f.parent.let_go.add_permits(1);
    assert!(next(&f.manager, &used).await.unwrap().is_some());
    assert_eq!(f.parent.asked().len(), 2);
}

#[tokio::test]
async fn a_parent_that_refuses_or_answers_garbage_ends_the_turn_and_is_asked_again() {
    let garbage = ExternalTokens {
        access_token: Secret::new("garbage"),
        ..tokens("ws", 2)
    };
    let answers = [
        Err("code=-32000, no session".to_owned()),
        Ok(garbage),
        Ok(tokens("ws", 3)),
    ];
    let f = signed_in(AuthSettings::default(), answers).await;
    let used = f.manager.auth().await.unwrap();
    for words in [
        "auth refresh request failed: code=-32000, no session",
        "cannot be read",
    ] {
        let error = next(&f.manager, &used).await.unwrap_err();
        assert!(
            matches!(&error, AuthError::Permanent(text) if text.contains(words)),
            "{error:?}"
        );
        assert_eq!(f.manager.auth().await.unwrap(), used);
    }
    assert!(next(&f.manager, &used).await.unwrap().is_some());
}

#[tokio::test]
async fn tokens_of_another_account_are_never_used() {
    let f = signed_in(
        AuthSettings::default(),
        [Ok(tokens("other", 2)), Ok(tokens("ws", 3))],
    )
    .await;
    let used = f.manager.auth().await.unwrap();
    assert!(next(&f.manager, &used).await.is_err());
    assert_eq!(f.manager.auth().await.unwrap(), used);
    assert_eq!(
        next(&f.manager, &used).await.unwrap().unwrap().account_id(),
        Some("ws")
    );
}

#[tokio::test]
async fn tokens_of_a_workspace_that_is_not_allowed_are_never_used() {
    let forced_workspaces = vec!["ws".to_owned()];
    let settings = AuthSettings {
        forced_workspaces,
        ..AuthSettings::default()
    };
    let f = signed_in(settings, [Ok(tokens("other", 2)), Ok(tokens("ws", 3))]).await;
    let used = f.manager.auth().await.unwrap();
    let error = next(&f.manager, &used).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "Login is restricted to workspace(s) ws, but current credentials belong to other"
    );
    assert!(next(&f.manager, &used).await.unwrap().is_some());
}

#[tokio::test]
async fn a_logout_while_the_parent_is_asked_is_stronger_than_its_answer() {
    let f = signed_in(AuthSettings::default(), [Ok(tokens("ws", 2))]).await;
    let used = f.manager.auth().await.unwrap();
    f.parent.let_go.forget_permits(100);
    let turn = tokio::spawn({
        let manager = Arc::clone(&f.manager);
        async move { next(&manager, &used).await }
    });
    while f.parent.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    f.manager.logout().await.unwrap().await;
    f.parent.let_go.add_permits(1);
    assert!(turn.await.unwrap().is_err());
    assert_eq!(f.manager.auth().await, None);
}

#[tokio::test]
async fn a_token_that_ends_soon_is_renewed_by_the_parent_before_a_turn() {
    let f = signed_in(AuthSettings::default(), [Ok(tokens("ws", 2))]).await;
    let soon = Secret::new(access_token("ws", 9, now() + 200));
    let ending = ExternalTokens {
        access_token: soon,
        ..tokens("ws", 9)
    };
    f.manager.login_with_parent_tokens(ending).await.unwrap();
    assert_eq!(
        f.manager.auth().await.unwrap().bearer(),
        &tokens("ws", 2).access_token
    );
    assert_eq!(f.parent.asked().len(), 1);
}

#[tokio::test]
async fn a_token_without_an_end_is_not_renewed_ahead() {
    let f = signed_in(AuthSettings::default(), []).await;
    let timeless = ExternalTokens {
        access_token: Secret::new(jwt(&serde_json::json!({}))),
        ..tokens("ws", 9)
    };
    f.manager.login_with_parent_tokens(timeless).await.unwrap();
    assert!(f.manager.auth().await.is_some());
    assert!(f.parent.asked().is_empty());
}
