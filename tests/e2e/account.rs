//! Accounts: API keys, and what is stored where.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::authority::{Authority, Reply, Tokens};
use crate::support::{App, Home, Launch};

/// A home whose model server and backend are this authority, with lines on top of its configuration.
pub fn home(authority: &Authority, top: &str) -> Home {
    let home = Home::empty();
    let url = authority.url();
    home.write_config(&format!(
        r#"
chatgpt_base_url = "{url}/backend-api"
model = "gpt-5.2-codex"
model_provider = "double"
approval_policy = "never"
{top}

[model_providers.double]
name = "double"
base_url = "{url}/v1"
wire_api = "responses"
requires_openai_auth = true
supports_websockets = false
request_max_retries = 0
stream_max_retries = 0
"#
    ));
    home
}

/// The program with this home and this authority.
pub fn launch(home: &Home, authority: &Authority) -> Launch {
    let variables = authority.variables().into_iter();
    variables.fold(Launch::new(home), |launch, (name, value)| launch.env(name, value))
}

/// A program in whose home a ChatGPT account is signed in.
pub async fn signed_in(authority: &Authority) -> (Home, App, Tokens) {
    let home = home(authority, "");
    let tokens = authority.issue("ws");
    Authority::write_auth_json(&home.codex(), &tokens);
    let app = launch(&home, authority).start().await;
    (home, app, tokens)
}

fn auth_json(home: &Home) -> Value {
    serde_json::from_slice(&fs::read(home.codex().join("auth.json")).unwrap()).unwrap()
}

/// Methods of the account's notifications, in order.
pub fn account_notifications(app: &App) -> Vec<String> {
    let mut methods = app.notified_since(0);
    methods.retain(|method| method.starts_with("account/"));
    methods
}

#[tokio::test]
async fn an_api_key_signs_in_and_is_announced_in_order() {
    let authority = Authority::start();
    let home = home(&authority, "");
    let app = launch(&home, &authority).start().await;
    let nobody = app.call("account/read", json!({})).await;
    let expected =
        json!({"account": null, "requiresOpenaiAuth": true, "userId": null, "workspaceRouting": null});
    assert_eq!(nobody, expected);

    let login = app
        .request("account/login/start", json!({"type": "apiKey", "apiKey": "sk-1"}))
        .await;
    let read = app.request("account/read", json!({})).await;
    assert_eq!(app.response(login).await.unwrap(), json!({"type": "apiKey"}));
    assert_eq!(
        app.response(read).await.unwrap()["account"],
        json!({"type": "apiKey"})
    );
    let completed = json!({"loginId": null, "success": true, "error": null, "onboardingEntrypoint": null});
    assert_eq!(app.wait_for("account/login/completed").await, completed);
    assert_eq!(
        app.wait_for("account/updated").await,
        json!({"authMode": "apikey", "planType": null, "reason": null})
    );
    assert_eq!(
        account_notifications(&app),
        ["account/login/completed", "account/updated"]
    );
    let frames = app.frames();
    let place = |fits: &dyn Fn(&Value) -> bool| frames.iter().position(|frame| fits(&frame.json)).unwrap();
    let answer = place(&|json| json["result"]["type"] == "apiKey");
    assert!(answer < place(&|json| json["method"] == "account/login/completed"));
    assert_eq!(auth_json(&home)["OPENAI_API_KEY"], "sk-1");
    app.stop().await;

    let again = launch(&home, &authority).start().await;
    assert_eq!(
        again.call("account/read", json!({"refreshToken": true})).await["account"],
        json!({"type": "apiKey"})
    );
    assert_eq!(account_notifications(&again), [""; 0]);
    for _ in 0..2 {
        assert_eq!(again.call("account/logout", Value::Null).await, json!({}));
        assert_eq!(
            again.wait_for("account/updated").await,
            json!({"authMode": null, "planType": null, "reason": null})
        );
        assert!(!home.codex().join("auth.json").exists());
    }
    assert!(authority.all_seen().is_empty());
}

#[tokio::test]
async fn a_turn_with_an_api_key_sends_it_and_a_401_stands() {
    let authority = Authority::start();
    let home = home(&authority, "");
    let app = launch(&home, &authority).start().await;
    app.call("account/login/start", json!({"type": "apiKey", "apiKey": "sk-1"}))
        .await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "hi").await;
    assert_eq!(turn.turn["status"], "failed");
    let recovery = "modelProvider/authRecoveryStarted";
    assert!(turn.all(recovery).is_empty(), "there is no other key");
    let message = turn.turn["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("unexpected status 401 Unauthorized: "),
        "{message}"
    );
    authority.accept("sk-1");
    let turn = app.run_turn(&thread, "hi").await;
    assert_eq!(turn.text(), "Hello");
    let seen = authority.seen("POST /v1/responses");
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].headers["authorization"], "Bearer sk-1");
    assert!(!seen[0].headers.contains_key("chatgpt-account-id"));
}

#[tokio::test]
async fn a_provider_without_openai_accounts_has_none() {
    let authority = Authority::start();
    let home = home(&authority, "");
    let text = fs::read_to_string(home.codex().join("config.toml")).unwrap();
    home.write_config(&text.replace("requires_openai_auth = true", "requires_openai_auth = false"));
    Authority::write_auth_json(&home.codex(), &authority.issue("ws"));
    let app = launch(&home, &authority).start().await;
    let read = app.call("account/read", json!({})).await;
    assert_eq!(
        (&read["account"], &read["requiresOpenaiAuth"]),
        (&Value::Null, &json!(false))
    );
}

#[tokio::test]
async fn the_configuration_can_force_a_way_to_sign_in() {
    let authority = Authority::start();
    let api = home(&authority, "forced_login_method = \"api\"");
    let app = launch(&api, &authority).start().await;
    let tokens = authority.issue("ws");
    let own = json!({"type": "chatgptAuthTokens", "accessToken": tokens.access, "chatgptAccountId": "ws"});
    for (params, words) in [
        (
            json!({"type": "chatgpt"}),
            "ChatGPT login is disabled. Use API key login instead.",
        ),
        (
            json!({"type": "chatgptDeviceCode"}),
            "ChatGPT login is disabled. Use API key login instead.",
        ),
        (
            own,
            "External ChatGPT auth is disabled. Use API key login instead.",
        ),
    ] {
        let error = app.call_err("account/login/start", params).await;
        assert_eq!((error.code, error.message.as_str()), (-32600, words));
    }
    let chatgpt = home(&authority, "forced_login_method = \"chatgpt\"");
    let app = launch(&chatgpt, &authority).start().await;
    let error = app
        .call_err("account/login/start", json!({"type": "apiKey", "apiKey": "k"}))
        .await;
    let words = "API key login is disabled. Use ChatGPT login instead.";
    assert_eq!((error.code, error.message.as_str()), (-32600, words));
    let error = app
        .call_err("account/login/start", json!({"type": "other"}))
        .await;
    assert_eq!(error.code, -32602);
}

#[tokio::test]
async fn without_a_keyring_the_stores_that_need_one_say_so() {
    let authority = Authority::start();
    let login = json!({"type": "apiKey", "apiKey": "sk-1"});
    let no_bus = |launch: Launch| launch.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus");

    let keyring = home(&authority, "cli_auth_credentials_store = \"keyring\"");
    let app = no_bus(launch(&keyring, &authority)).start().await;
    let error = app.call_err("account/login/start", login.clone()).await;
    assert_eq!(error.code, -32603);
    let words = "failed to save api key: failed to write OAuth tokens to keyring: ";
    assert!(error.message.starts_with(words), "{}", error.message);
    assert!(!keyring.codex().join("auth.json").exists());

    let auto = home(&authority, "cli_auth_credentials_store = \"auto\"");
    let app = no_bus(launch(&auto, &authority)).start().await;
    app.call("account/login/start", login.clone()).await;
    assert_eq!(auth_json(&auto)["OPENAI_API_KEY"], "sk-1");
    let error = app.call_err("account/logout", Value::Null).await;
    assert_eq!(error.code, -32603);
    assert!(
        error
            .message
            .starts_with("logout failed: failed to delete auth from keyring: "),
        "{}",
        error.message
    );

    let ephemeral = home(&authority, "cli_auth_credentials_store = \"ephemeral\"");
    let app = no_bus(launch(&ephemeral, &authority)).start().await;
    app.call("account/login/start", login).await;
    assert_eq!(
        app.call("account/read", json!({})).await["account"],
        json!({"type": "apiKey"})
    );
    assert!(!ephemeral.codex().join("auth.json").exists());
}

#[tokio::test]
async fn a_stored_sign_in_is_announced_without_asking_anybody() {
    let authority = Authority::start();
    let (_home, app, _tokens) = signed_in(&authority).await;
    assert_eq!(
        app.wait_for("account/updated").await,
        json!({"authMode": "chatgpt", "planType": "pro", "reason": "workspaceRoutingReady"})
    );
    app.start_thread(json!({})).await;
    assert!(authority.all_seen().is_empty(), "{:?}", authority.all_seen());
}

#[tokio::test]
async fn account_read_tells_the_workspace_and_null_while_it_is_unknown() {
    let authority = Authority::start();
    let route = "GET /backend-api/wham/accounts/check";
    authority.script(route, [Reply::new(500, json!({}))]);
    let (_home, app, _tokens) = signed_in(&authority).await;
    let mut expected = json!({
        "account": {"type": "chatgpt", "email": "ws@example.com", "planType": "pro", "workspaceName": null},
        "requiresOpenaiAuth": true, "userId": "user-ws", "workspaceRouting": null,
    });
    assert_eq!(app.call("account/read", json!({})).await, expected);
    expected["account"]["workspaceName"] = json!("Workspace");
    expected["workspaceRouting"] = json!({
        "chatgptAccountId": "ws", "backendOrigin": "https://backend.example.com", "accountRoutingOverride": "us",
    });
    assert_eq!(app.call("account/read", json!({})).await, expected);
    assert_eq!(app.call("account/read", json!({})).await, expected);
    assert_eq!(authority.seen(route).len(), 2);
}

#[tokio::test]
async fn account_reads_need_a_chatgpt_account() {
    let authority = Authority::start();
    let home = home(&authority, "");
    let app = launch(&home, &authority).start().await;
    let reads = [
        ("account/rateLimits/read", json!({}), "to read rate limits"),
        ("account/usage/read", json!({}), "to read token usage"),
        (
            "account/workspaceMessages/read",
            Value::Null,
            "to read workspace messages",
        ),
        (
            "account/sendAddCreditsNudgeEmail",
            json!({"creditType": "credits"}),
            "to notify workspace owner",
        ),
        (
            "account/rateLimitResetCredit/consume",
            json!({"idempotencyKey": "k"}),
            "for rate limit reset credits",
        ),
    ];
    for who in ["codex account", "chatgpt"] {
        for (method, params, what_for) in &reads {
            let error = app.call_err(method, params.clone()).await;
            assert_eq!(
                (error.code, error.message),
                (-32600, format!("{who} authentication required {what_for}"))
            );
        }
        app.call("account/login/start", json!({"type": "apiKey", "apiKey": "k"}))
            .await;
    }
}

/// Files below a folder that hold this text.
pub fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if path.is_file() {
            let content = fs::read(&path).unwrap();
            if content
                .windows(text.len())
                .any(|window| window == text.as_bytes())
            {
                found.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found
}

#[tokio::test]
async fn no_secret_is_seen_anywhere_but_in_auth_json() {
    let authority = Authority::start();
    // Managed tokens, through a refresh; then tokens of the client, through one; then a key.
    let (home, app, first) = {
        let home = home(&authority, "");
        let tokens = authority.issue("ws");
        Authority::write_auth_json(&home.codex(), &tokens);
        let app = launch(&home, &authority).env("RUST_LOG", "trace").start().await;
        (home, app, tokens)
    };
    authority.expire(&first.access);
    let thread = app.start_thread(json!({})).await;
    assert_eq!(app.run_turn(&thread, "hi").await.text(), "Hello");
    let managed = auth_json(&home)["tokens"].clone();
    let mut secrets = vec![first.access, first.refresh, first.id];
    for key in ["access_token", "refresh_token", "id_token"] {
        let secret = managed[key].as_str().unwrap().to_owned();
        let seen = files_with(home.path(), &secret);
        assert_eq!(seen, ["auth.json"], "{key}");
        secrets.push(secret);
    }
    app.call_err("account/rateLimits/read", json!({})).await;

    let own = authority.issue("ws");
    let next = authority.issue("ws");
    app.call(
        "account/login/start",
        json!({"type": "chatgptAuthTokens", "accessToken": own.access, "chatgptAccountId": "ws"}),
    )
    .await;
    authority.expire(&own.access);
    let running = app.start_turn(&thread, "hi").await;
    let question = app.server_request("account/chatgptAuthTokens/refresh").await;
    app.respond(
        &question,
        json!({"accessToken": next.access, "chatgptAccountId": "ws"}),
    )
    .await;
    assert_eq!(app.end_of(running).await.text(), "Hello");
    secrets.extend([own.access, next.access]);

    app.call("account/logout", Value::Null).await;
    app.call(
        "account/login/start",
        json!({"type": "apiKey", "apiKey": "sk-very-secret"}),
    )
    .await;
    app.run_turn(&thread, "hi").await;
    assert_eq!(files_with(home.path(), "sk-very-secret"), ["auth.json"]);
    app.call("account/logout", Value::Null).await;
    secrets.push("sk-very-secret".to_owned());
    app.stop().await;

    let frames: String = app.frames().iter().map(|frame| frame.json.to_string()).collect();
    for secret in &secrets {
        assert_eq!(files_with(home.path(), secret), [""; 0], "{secret}");
        assert!(!frames.contains(secret.as_str()), "{secret}");
    }
    assert!(app.stderr().contains("notification"), "the log was on");
}
