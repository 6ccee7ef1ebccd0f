//! ChatGPT tokens in turns: those that we manage, and those that the client owns.

use serde_json::{Value, json};

use super::account::{home, launch, signed_in};
use crate::support::authority::{Authority, Reply, Tokens, access_token, jwt, now};
use crate::support::{App, Home, ServerRequest, TurnRun};

const REFRESH: &str = "account/chatgptAuthTokens/refresh";
const RECOVERY_STARTED: &str = "modelProvider/authRecoveryStarted";
const RECOVERY_COMPLETED: &str = "modelProvider/authRecoveryCompleted";

fn own(tokens: &Tokens) -> Value {
    json!({"type": "chatgptAuthTokens", "accessToken": tokens.access, "chatgptAccountId": tokens.account})
}

fn answer(tokens: &Tokens) -> Value {
    json!({"accessToken": tokens.access, "chatgptAccountId": tokens.account, "chatgptPlanType": "plus"})
}

/// A program whose client has given tokens that the model server does not accept any more.
async fn expired(authority: &Authority, top: &str) -> (Home, App, String) {
    let home = home(authority, top);
    let app = launch(&home, authority).start().await;
    let tokens = authority.issue("ws");
    app.call("account/login/start", own(&tokens)).await;
    authority.expire(&tokens.access);
    let thread = app.start_thread(json!({})).await;
    (home, app, thread)
}

fn fails_unauthorized(turn: &TurnRun, words: &str) {
    let error = &turn.turn["error"];
    assert_eq!(
        (turn.status(), &error["codexErrorInfo"]),
        ("failed", &json!("unauthorized")),
        "{error}"
    );
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(words), "{message}");
    let told = turn.all("error");
    assert_eq!((told.len(), &told[0]["willRetry"]), (1, &json!(false)));
    assert!(turn.all(RECOVERY_COMPLETED).is_empty());
}

#[tokio::test]
async fn tokens_of_the_client_sign_in_and_stay_in_memory() {
    let authority = Authority::start();
    let home = home(&authority, "");
    let app = launch(&home, &authority).start().await;
    let tokens = authority.issue("ws");
    assert_eq!(
        app.call("account/login/start", own(&tokens)).await,
        json!({"type": "chatgptAuthTokens"})
    );
    assert_eq!(app.wait_for("account/login/completed").await["success"], true);
    let updated = json!({"authMode": "chatgptAuthTokens", "planType": "pro", "reason": null});
    assert_eq!(app.wait_for("account/updated").await, updated);
    let read = app.call("account/read", json!({})).await;
    assert_eq!(read["account"]["email"], "ws@example.com");
    assert!(!home.codex().join("auth.json").exists());
    let thread = app.start_thread(json!({})).await;
    assert_eq!(app.run_turn(&thread, "hi").await.text(), "Hello");

    let error = app
        .call_err("account/login/start", json!({"type": "apiKey", "apiKey": "k"}))
        .await;
    let words = "External auth is active. Use account/login/start (chatgptAuthTokens) to update it or account/logout \
                 to clear it.";
    assert_eq!((error.code, error.message.as_str()), (-32600, words));
    let mut renewed = own(&authority.issue("other"));
    renewed["chatgptPlanType"] = json!("team");
    app.call("account/login/start", renewed).await;
    assert_eq!(app.wait_for("account/updated").await["planType"], "team");
    app.call("account/logout", Value::Null).await;
    assert_eq!(
        app.wait_for("account/updated").await,
        json!({"authMode": null, "planType": null, "reason": null})
    );
    assert_eq!(app.call("account/read", json!({})).await["account"], Value::Null);
}

#[tokio::test]
async fn tokens_that_make_no_sense_are_refused_at_login() {
    let authority = Authority::start();
    let home = home(&authority, "forced_chatgpt_workspace_id = [\"a\", \"b\"]");
    let app = launch(&home, &authority).start().await;
    let error = app
        .call_err("account/login/start", own(&authority.issue("x")))
        .await;
    let words = r#"External auth must use one of workspace(s) ["a", "b"], but received "x"."#;
    assert_eq!((error.code, error.message.as_str()), (-32600, words));
    let opaque = json!({"type": "chatgptAuthTokens", "accessToken": "opaque", "chatgptAccountId": "a"});
    let error = app.call_err("account/login/start", opaque).await;
    let words = "failed to set external auth: invalid ID token format";
    assert_eq!((error.code, error.message.as_str()), (-32603, words));
    app.call("account/login/start", own(&authority.issue("b"))).await;
}

#[tokio::test]
async fn a_401_asks_the_client_and_the_turn_goes_on() {
    let authority = Authority::start();
    let (_home, app, thread) = expired(&authority, "").await;
    let running = app.start_turn(&thread, "hi").await;
    let question = app.server_request(REFRESH).await;
    assert_eq!(
        question.params,
        json!({"reason": "unauthorized", "previousAccountId": "ws"})
    );
    let next = authority.issue("ws");
    let told = app.wait_for(RECOVERY_STARTED).await;
    assert_eq!(
        (&told["provider"], &told["threadId"]),
        (&json!("double"), &json!(thread))
    );
    app.respond(&question, answer(&next)).await;
    let turn = app.end_of(running).await;
    assert_eq!(turn.text(), "Hello");
    let order = turn.turn_methods();
    let at = |method: &str| order.iter().position(|told| *told == method).unwrap();
    assert!(at("turn/started") < at(RECOVERY_STARTED) && at(RECOVERY_STARTED) < at(RECOVERY_COMPLETED));
    for method in [RECOVERY_STARTED, RECOVERY_COMPLETED] {
        let told = turn.all(method);
        assert_eq!((told.len(), &told[0]["turnId"]), (1, &json!(turn.id)));
        assert!(told[0]["message"].as_str().unwrap().contains("`double`"));
    }
    let sent = authority.seen("POST /v1/responses");
    assert_eq!(sent.len(), 2);
    assert_eq!(
        sent[1].headers["authorization"],
        format!("Bearer {}", next.access)
    );
}

#[tokio::test]
async fn sixteen_turns_that_meet_a_401_ask_the_client_once() {
    let authority = Authority::start();
    let (_home, app, first) = expired(&authority, "").await;
    let mut running = vec![app.start_turn(&first, "hi").await];
    for _ in 1..16 {
        let thread = app.start_thread(json!({})).await;
        running.push(app.start_turn(&thread, "hi").await);
    }
    authority.arrived("POST /v1/responses", 16).await;
    let question = app.server_request(REFRESH).await;
    app.respond(&question, answer(&authority.issue("ws"))).await;
    for turn in running {
        assert_eq!(app.end_of(turn).await.status(), "completed");
    }
    let asked = app
        .frames()
        .iter()
        .filter(|frame| frame.method() == REFRESH)
        .count();
    assert_eq!((asked, authority.seen("POST /v1/responses").len()), (1, 32));
}

#[tokio::test]
async fn sixteen_turns_that_meet_a_401_cause_one_refresh_of_managed_tokens() {
    let authority = Authority::start();
    let (_home, app, tokens) = signed_in(&authority).await;
    authority.expire(&tokens.access);
    authority.hold("POST /oauth/token");
    let mut running = Vec::new();
    for _ in 0..16 {
        let thread = app.start_thread(json!({})).await;
        running.push(app.start_turn(&thread, "hi").await);
    }
    // Each has tried the old token twice: as it was, and as the store had it.
    authority.arrived("POST /v1/responses", 32).await;
    authority.arrived("POST /oauth/token", 1).await;
    authority.release("POST /oauth/token");
    for turn in running {
        assert_eq!(app.end_of(turn).await.status(), "completed");
    }
    assert_eq!(authority.refreshes().len(), 1);
}

#[tokio::test]
async fn two_daemons_of_one_home_cause_one_refresh_and_both_turns_complete() {
    let authority = Authority::start();
    let (home, first, tokens) = signed_in(&authority).await;
    let second = launch(&home, &authority).start().await;
    authority.expire(&tokens.access);
    authority.hold("POST /oauth/token");
    let mut running = Vec::new();
    for app in [&first, &second] {
        let thread = app.start_thread(json!({})).await;
        running.push((app, app.start_turn(&thread, "hi").await));
    }
    authority.arrived("POST /v1/responses", 4).await;
    authority.arrived("POST /oauth/token", 1).await;
    authority.release("POST /oauth/token");
    for (app, turn) in running {
        assert_eq!(app.end_of(turn).await.text(), "Hello");
        assert_eq!(
            app.call("account/read", json!({})).await["account"]["email"],
            "ws@example.com"
        );
    }
    assert_eq!(authority.refreshes().len(), 1);
}

#[tokio::test]
async fn a_refused_refresh_ends_the_turn_and_signs_out_in_words() {
    let authority = Authority::start();
    let (_home, app, tokens) = signed_in(&authority).await;
    authority.expire(&tokens.access);
    let spent = Reply::new(401, json!({"error": {"code": "refresh_token_reused"}}));
    authority.script("POST /oauth/token", [spent]);
    let thread = app.start_thread(json!({})).await;
    for _ in 0..2 {
        let turn = app.run_turn(&thread, "hi").await;
        fails_unauthorized(
            &turn,
            "because your refresh token was already used. Please log out and sign in again.",
        );
    }
    assert_eq!(authority.refreshes().len(), 1);
    assert_eq!(app.call("account/read", json!({})).await["account"], Value::Null);
}

#[tokio::test]
async fn a_client_that_refuses_ends_the_turn_and_is_asked_again_by_the_next() {
    let authority = Authority::start();
    let (_home, app, thread) = expired(&authority, "").await;
    let ask = async || -> (crate::support::RunningTurn, ServerRequest) {
        let running = app.start_turn(&thread, "hi").await;
        (running, app.server_request(REFRESH).await)
    };
    let (turn, question) = ask().await;
    app.respond_error(&question, -32000, "no session").await;
    fails_unauthorized(
        &app.end_of(turn).await,
        "auth refresh request failed: code=-32000, no session",
    );

    for (garbage, words) in [
        (json!({"token": "x"}), "is malformed"),
        (
            json!({"accessToken": "opaque", "chatgptAccountId": "ws"}),
            "cannot be read",
        ),
        (answer(&authority.issue("other")), "tokens of another account"),
    ] {
        let (turn, question) = ask().await;
        app.respond(&question, garbage).await;
        fails_unauthorized(&app.end_of(turn).await, words);
    }

    let (turn, question) = ask().await;
    app.respond(&question, answer(&authority.issue("ws"))).await;
    assert_eq!(app.end_of(turn).await.text(), "Hello");
    let sent = authority.seen("POST /v1/responses");
    assert!(sent.iter().all(|seen| seen.headers["chatgpt-account-id"] == "ws"));
}

#[tokio::test]
async fn tokens_of_a_workspace_that_is_not_allowed_are_never_used() {
    let authority = Authority::start();
    let (_home, app, thread) = expired(&authority, "forced_chatgpt_workspace_id = \"ws\"").await;
    let running = app.start_turn(&thread, "hi").await;
    let question = app.server_request(REFRESH).await;
    app.respond(&question, answer(&authority.issue("other"))).await;
    let words = "Login is restricted to workspace(s) ws, but current credentials belong to other";
    fails_unauthorized(&app.end_of(running).await, words);
    let running = app.start_turn(&thread, "hi").await;
    let question = app.server_request(REFRESH).await;
    assert_eq!(question.params["previousAccountId"], "ws");
    app.respond(&question, answer(&authority.issue("ws"))).await;
    assert_eq!(app.end_of(running).await.text(), "Hello");
}

#[tokio::test]
async fn a_silent_client_costs_ten_seconds_and_one_turn() {
    let authority = Authority::start();
    let (_home, app, thread) = expired(&authority, "").await;
    let begun = std::time::Instant::now();
    let turn = app.run_turn(&thread, "hi").await;
    fails_unauthorized(&turn, "auth refresh request timed out after 10s");
    assert!(
        (9..14).contains(&begun.elapsed().as_secs()),
        "{:?}",
        begun.elapsed()
    );
    // Too late is as good as never.
    let question = app.server_request(REFRESH).await;
    app.respond(&question, answer(&authority.issue("ws"))).await;
    let running = app.start_turn(&thread, "hi").await;
    let question = app.server_request(REFRESH).await;
    app.respond(&question, answer(&authority.issue("ws"))).await;
    assert_eq!(app.end_of(running).await.text(), "Hello");
}

#[tokio::test]
async fn tokens_that_end_soon_are_renewed_before_the_turn() {
    let authority = Authority::start();
    let home = home(&authority, "");
    let app = launch(&home, &authority).start().await;
    let mut ending = authority.issue("ws");
    ending.access = access_token("ws", 77, now() + 200);
    app.call("account/login/start", own(&ending)).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "hi").await;
    let question = app.server_request(REFRESH).await;
    let next = authority.issue("ws");
    app.respond(&question, answer(&next)).await;
    assert_eq!(app.end_of(running).await.text(), "Hello");
    let sent = authority.seen("POST /v1/responses");
    assert_eq!(sent.len(), 1);
    assert_eq!(
        sent[0].headers["authorization"],
        format!("Bearer {}", next.access)
    );
}

#[tokio::test]
async fn managed_tokens_that_end_soon_are_renewed_before_the_turn() {
    let authority = Authority::start();
    authority.token_life(200);
    let (_home, app, tokens) = signed_in(&authority).await;
    authority.token_life(3600);
    let thread = app.start_thread(json!({})).await;
    assert_eq!(app.run_turn(&thread, "hi").await.text(), "Hello");
    assert_eq!(
        authority.refreshes()[0].body["refresh_reason"],
        "proactive_expiry"
    );
    let sent = authority.seen("POST /v1/responses");
    assert_eq!(sent.len(), 1);
    assert_ne!(
        sent[0].headers["authorization"],
        format!("Bearer {}", tokens.access)
    );
}

#[tokio::test]
async fn a_wrong_clock_costs_one_refresh_and_no_turn() {
    let authority = Authority::start();
    // Seen from here, even new tokens ended an hour ago.
    authority.token_life(-3600);
    let (_home, app, _tokens) = signed_in(&authority).await;
    let thread = app.start_thread(json!({})).await;
    for _ in 0..3 {
        assert_eq!(app.run_turn(&thread, "hi").await.text(), "Hello");
    }
    assert_eq!(
        (
            authority.refreshes().len(),
            authority.seen("POST /v1/responses").len()
        ),
        (1, 3)
    );
}

#[tokio::test]
async fn a_transient_failure_of_the_authority_is_told_and_the_next_turn_tries_again() {
    let authority = Authority::start();
    let (_home, app, tokens) = signed_in(&authority).await;
    authority.expire(&tokens.access);
    authority.script("POST /oauth/token", [Reply::new(503, json!({}))]);
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "hi").await;
    let message = turn.turn["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("Failed to refresh token: 503 Service Unavailable"),
        "{message}"
    );
    assert_eq!(app.run_turn(&thread, "hi").await.text(), "Hello");
}

#[tokio::test]
async fn the_client_can_ask_for_a_refresh_of_managed_tokens_only() {
    let authority = Authority::start();
    let (home, app, tokens) = signed_in(&authority).await;
    let read = app.call("account/read", json!({"refreshToken": true})).await;
    assert_eq!(read["account"]["type"], "chatgpt");
    assert_eq!(authority.refreshes()[0].body["refresh_reason"], "forced");
    let stored = std::fs::read_to_string(home.codex().join("auth.json")).unwrap();
    assert!(!stored.contains(&tokens.access));
    let timeless =
        json!({"type": "chatgptAuthTokens", "accessToken": jwt(&json!({})), "chatgptAccountId": "ws"});
    app.call("account/login/start", timeless).await;
    app.call("account/read", json!({"refreshToken": true})).await;
    assert_eq!(authority.refreshes().len(), 1);
    assert!(app.frames().iter().all(|frame| frame.method() != REFRESH));
}

#[tokio::test]
async fn a_limit_that_a_turn_reports_is_announced() {
    let authority = Authority::start();
    let (_home, app, _tokens) = signed_in(&authority).await;
    let events = [
        json!({"type": "response.created", "response": {"id": "r"}}),
        json!({"type": "response.completed", "response": {"id": "r"}}),
    ];
    let stream = events.map(|event| format!("data: {event}\n\n")).concat();
    let reply = Reply::new(200, Value::String(stream))
        .header("content-type", "text/event-stream")
        .header("x-codex-primary-used-percent", "42")
        .header("x-codex-primary-window-minutes", "300");
    authority.script("POST /v1/responses", [reply]);
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "hi").await;
    let limits = app.wait_for("account/rateLimits/updated").await["rateLimits"].clone();
    assert_eq!(
        (&limits["limitId"], &limits["primary"]["usedPercent"]),
        (&json!("codex"), &json!(42))
    );
    assert_eq!(limits["primary"]["windowDurationMins"], 300);
}

#[tokio::test]
async fn requests_that_wait_for_fresh_tokens_do_not_keep_the_answer_from_being_read() {
    let authority = Authority::start();
    let (_home, app, _) = expired(&authority, "").await;
    let mut waiting = Vec::new();
    for _ in 0..300 {
        waiting.push(app.request("account/rateLimits/read", Value::Null).await);
    }
    let question = app.server_request(REFRESH).await;
    app.respond(&question, answer(&authority.issue("ws"))).await;
    for id in waiting {
        let error = app.response(id).await.unwrap_err();
        assert!(
            error.message.contains("404"),
            "with a fresh token: {}",
            error.message
        );
    }
}
