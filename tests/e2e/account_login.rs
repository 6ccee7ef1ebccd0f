//! Signing in with the browser and with a code, as a client sees it.

use serde_json::{Value, json};

use super::account::{account_notifications, home, launch};
use crate::support::App;
use crate::support::authority::{Authority, Reply};
use crate::support::browser::{come_back, get};

struct Login {
    id: String,
    auth_url: String,
}

impl Login {
    async fn begin(app: &App, more: Value) -> Self {
        let mut params = json!({"type": "chatgpt"});
        if let (Some(params), Value::Object(more)) = (params.as_object_mut(), more) {
            params.extend(more);
        }
        let started = app.call("account/login/start", params).await;
        assert_eq!(started["type"], "chatgpt");
        Self {
            id: started["loginId"].as_str().unwrap().to_owned(),
            auth_url: started["authUrl"].as_str().unwrap().to_owned(),
        }
    }

    /// A parameter of the address for the browser.
    fn parameter(&self, name: &str) -> String {
        let (_, query) = self.auth_url.split_once('?').unwrap();
        let found = query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        found.unwrap().replace("%3A", ":").replace("%2F", "/")
    }

    /// Where the browser comes back to, with this query behind the state.
    fn callback(&self, query: &str) -> String {
        format!(
            "{}?state={}&{query}",
            self.parameter("redirect_uri"),
            self.parameter("state")
        )
    }

    async fn completed(&self, app: &App) -> Value {
        app.wait_where("account/login/completed", |params| {
            params["loginId"] == self.id.as_str()
        })
        .await
    }

    async fn fails_with(&self, app: &App, words: &str) {
        let expected =
            json!({"loginId": self.id, "success": false, "error": words, "onboardingEntrypoint": null});
        assert_eq!(self.completed(app).await, expected);
    }
}

#[tokio::test]
async fn a_browser_login_ends_with_completed_then_updated_and_a_turn_can_run() {
    let authority = Authority::start();
    let home = home(&authority, "");
    let app = launch(&home, &authority).start().await;
    let login = Login::begin(&app, json!({})).await;
    assert_eq!(login.parameter("originator"), "e2e");
    let page = come_back(&authority.approve(&login.auth_url, "ws")).await;
    assert!(page.body.contains("Signed in"), "{}", page.body);
    let completed =
        json!({"loginId": login.id, "success": true, "error": null, "onboardingEntrypoint": null});
    assert_eq!(login.completed(&app).await, completed);
    assert_eq!(
        app.wait_for("account/updated").await,
        json!({"authMode": "chatgpt", "planType": "pro", "reason": null})
    );
    assert_eq!(
        account_notifications(&app),
        ["account/login/completed", "account/updated"]
    );
    let thread = app.start_thread(json!({})).await;
    assert_eq!(app.run_turn(&thread, "hi").await.text(), "Hello");
    assert_eq!(
        authority.seen("POST /v1/responses")[0].headers["chatgpt-account-id"],
        "ws"
    );
}

#[tokio::test]
async fn a_failing_workspace_check_does_not_fail_the_login() {
    let authority = Authority::start();
    authority.always("GET /backend-api/wham/accounts/check", Reply::new(500, json!({})));
    let home = home(&authority, "");
    let app = launch(&home, &authority).start().await;
    let login = Login::begin(&app, json!({})).await;
    come_back(&authority.approve(&login.auth_url, "ws")).await;
    assert_eq!(login.completed(&app).await["success"], true);
    let read = app.call("account/read", json!({})).await;
    assert_eq!(
        (&read["account"]["email"], &read["workspaceRouting"]),
        (&json!("ws@example.com"), &Value::Null)
    );
}

#[tokio::test]
async fn a_hosted_page_and_a_streamlined_one_can_be_asked_for() {
    let authority = Authority::start();
    let home = home(&authority, "");
    let app = launch(&home, &authority).start().await;
    let hosted = json!({"useHostedLoginSuccessPage": true, "appBrand": "chatgpt"});
    let login = Login::begin(&app, hosted).await;
    let page = get(&authority.approve(&login.auth_url, "ws")).await;
    let expected = "https://chatgpt.com/codex/open-app?source=login&app_brand=chatgpt";
    assert_eq!(page.location.as_deref(), Some(expected));
    assert_eq!(login.completed(&app).await["success"], true);
    let login = Login::begin(&app, json!({"codexStreamlinedLogin": true})).await;
    let page = come_back(&authority.approve(&login.auth_url, "ws")).await;
    assert!(page.body.contains("taken back"), "{}", page.body);
    assert_eq!(login.completed(&app).await["success"], true);
}

#[tokio::test]
async fn failures_in_the_browser_are_told_to_the_client() {
    let authority = Authority::start();
    let home = home(&authority, "forced_chatgpt_workspace_id = [\"a\", \"b\"]");
    let app = launch(&home, &authority).start().await;
    for (query, words) in [
        (
            "error=access_denied&error_description=no",
            "Login server error: Sign-in failed: no",
        ),
        (
            "",
            "Login server error: Missing authorization code. Sign-in could not be completed.",
        ),
        (
            "code=bad",
            "Login server error: Token exchange failed: token endpoint returned status 400 Bad Request: unknown code",
        ),
    ] {
        let login = Login::begin(&app, json!({})).await;
        let wrong_state = get(&login.callback(query).replace("state=", "state=x")).await;
        assert_eq!(
            (wrong_state.status, wrong_state.body.as_str()),
            (400, "State mismatch")
        );
        get(&login.callback(query)).await;
        login.fails_with(&app, words).await;
    }
    let login = Login::begin(&app, json!({})).await;
    come_back(&authority.approve(&login.auth_url, "c")).await;
    login
        .fails_with(
            &app,
            "Login server error: Login is restricted to workspace id(s) a, b.",
        )
        .await;
    let login = Login::begin(&app, json!({})).await;
    get(&login.callback("").replace("/auth/callback", "/cancel")).await;
    login
        .fails_with(&app, "Login server error: Login cancelled")
        .await;
    assert!(!account_notifications(&app).contains(&"account/updated".to_owned()));
    assert!(!home.codex().join("auth.json").exists());
}

#[tokio::test]
async fn a_login_can_be_cancelled_and_replaced() {
    let authority = Authority::start();
    let home = home(&authority, "");
    let app = launch(&home, &authority).start().await;
    let first = Login::begin(&app, json!({})).await;
    let cancelled = app
        .call("account/login/cancel", json!({"loginId": first.id}))
        .await;
    assert_eq!(cancelled, json!({"status": "canceled"}));
    first
        .fails_with(&app, "Login server error: Login was not completed")
        .await;
    let again = app
        .call("account/login/cancel", json!({"loginId": first.id}))
        .await;
    assert_eq!(again, json!({"status": "notFound"}));
    let error = app
        .call_err("account/login/cancel", json!({"loginId": "zz"}))
        .await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "invalid login id: zz")
    );

    let second = Login::begin(&app, json!({})).await;
    let third = Login::begin(&app, json!({})).await;
    second
        .fails_with(&app, "Login server error: Login was not completed")
        .await;
    app.call("account/login/start", json!({"type": "apiKey", "apiKey": "k"}))
        .await;
    third
        .fails_with(&app, "Login server error: Login was not completed")
        .await;
    let fourth = Login::begin(&app, json!({})).await;
    app.call("account/logout", Value::Null).await;
    fourth
        .fails_with(&app, "Login server error: Login was not completed")
        .await;
}

#[tokio::test]
async fn a_slow_authority_keeps_nobody_from_reading_or_cancelling() {
    let authority = Authority::start();
    let home = home(&authority, "");
    let app = launch(&home, &authority).start().await;
    let login = Login::begin(&app, json!({})).await;
    authority.hold("POST /oauth/token");
    let browser = tokio::spawn({
        let callback = authority.approve(&login.auth_url, "ws");
        async move { get(&callback).await }
    });
    authority.arrived("POST /oauth/token", 1).await;
    assert_eq!(app.call("account/read", json!({})).await["account"], Value::Null);
    app.call("account/login/cancel", json!({"loginId": login.id}))
        .await;
    login
        .fails_with(&app, "Login server error: Login was not completed")
        .await;
    authority.release("POST /oauth/token");
    assert!(browser.await.is_err(), "the listener has hung up");

    authority.hold("POST /api/accounts/deviceauth/usercode");
    let device = app
        .request("account/login/start", json!({"type": "chatgptDeviceCode"}))
        .await;
    authority
        .arrived("POST /api/accounts/deviceauth/usercode", 1)
        .await;
    assert_eq!(app.call("account/read", json!({})).await["account"], Value::Null);
    authority.release("POST /api/accounts/deviceauth/usercode");
    assert_eq!(app.response(device).await.unwrap()["type"], "chatgptDeviceCode");
}

#[tokio::test]
async fn a_device_login_ends_with_completed_then_updated() {
    let authority = Authority::start();
    let home = home(&authority, "");
    let app = launch(&home, &authority).start().await;
    let started = app
        .call("account/login/start", json!({"type": "chatgptDeviceCode"}))
        .await;
    assert_eq!(started["userCode"], "ABCD-1234");
    assert_eq!(
        started["verificationUrl"],
        format!("{}/codex/device", authority.url())
    );
    authority.arrived("POST /api/accounts/deviceauth/token", 1).await;
    authority.approve_device("ws");
    let completed = app.wait_for("account/login/completed").await;
    assert_eq!(
        (&completed["loginId"], &completed["success"]),
        (&started["loginId"], &json!(true))
    );
    assert_eq!(app.wait_for("account/updated").await["authMode"], "chatgpt");
}

#[tokio::test]
async fn failures_of_a_device_login_are_told() {
    let authority = Authority::start();
    let home = home(&authority, "");
    let app = launch(&home, &authority).start().await;
    let device = json!({"type": "chatgptDeviceCode"});
    let refusals = [Reply::new(404, json!({})), Reply::new(500, json!({}))];
    authority.script("POST /api/accounts/deviceauth/usercode", refusals);
    let error = app.call_err("account/login/start", device.clone()).await;
    assert_eq!(error.code, -32600);
    assert!(
        error.message.starts_with("device code login is not enabled"),
        "{}",
        error.message
    );
    let error = app.call_err("account/login/start", device.clone()).await;
    assert_eq!(error.code, -32603);
    assert!(
        error.message.starts_with("failed to request device code: "),
        "{}",
        error.message
    );

    authority.script(
        "POST /api/accounts/deviceauth/token",
        [Reply::new(418, json!({}))],
    );
    app.call("account/login/start", device.clone()).await;
    let completed = app.wait_for("account/login/completed").await;
    assert_eq!(
        completed["error"],
        "device auth failed with status 418 I'm a teapot"
    );

    let started = app.call("account/login/start", device).await;
    app.call("account/login/cancel", json!({"loginId": started["loginId"]}))
        .await;
    let completed = app.wait_for("account/login/completed").await;
    assert_eq!(completed["error"], "Login was not completed");
}

#[tokio::test]
async fn logins_that_begin_at_once_leave_one_that_goes_on() {
    let authority = Authority::start();
    let home = home(&authority, "");
    let app = launch(&home, &authority).start().await;
    let begin = json!({"type": "chatgpt"});
    let ids = [
        app.request("account/login/start", begin.clone()).await,
        app.request("account/login/start", begin).await,
    ];
    let mut open = Vec::new();
    for id in ids {
        let started = app.response(id).await.unwrap();
        open.push(started);
    }
    let ended = app.wait_for("account/login/completed").await;
    assert_eq!(ended["success"], false);
    open.retain(|started| started["loginId"] != ended["loginId"]);
    assert_eq!(open.len(), 1);
    come_back(&authority.approve(open[0]["authUrl"].as_str().unwrap(), "ws")).await;
    let completed = app.wait_for("account/login/completed").await;
    assert_eq!(
        (&completed["loginId"], &completed["success"]),
        (&open[0]["loginId"], &json!(true))
    );
}

#[tokio::test]
async fn the_port_of_another_daemon_is_taken_over_and_a_stubborn_one_is_told() {
    let authority = Authority::start();
    let stubborn = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = stubborn.local_addr().unwrap().port();
    let (home_of_first, home_of_second) = (home(&authority, ""), home(&authority, ""));
    let on_port = |home| launch(home, &authority).env("CODEX_APP_SERVER_LOGIN_PORT", port.to_string());
    let first = on_port(&home_of_first).start().await;
    let error = first
        .call_err("account/login/start", json!({"type": "chatgpt"}))
        .await;
    let words = format!("failed to start login server: Port 127.0.0.1:{port} is already in use");
    assert_eq!((error.code, error.message), (-32603, words));

    drop(stubborn);
    let old = Login::begin(&first, json!({})).await;
    let second = on_port(&home_of_second).start().await;
    let new = Login::begin(&second, json!({})).await;
    old.fails_with(&first, "Login server error: Login cancelled")
        .await;
    assert_eq!(
        new.parameter("redirect_uri"),
        format!("http://127.0.0.1:{port}/auth/callback")
    );
    come_back(&authority.approve(&new.auth_url, "ws")).await;
    assert_eq!(new.completed(&second).await["success"], true);
}

#[tokio::test]
async fn a_login_outlives_a_moment_without_file_descriptors() {
    use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
    let authority = Authority::start();
    let home = home(&authority, "");
    let app = launch(&home, &authority).start().await;
    let login = Login::begin(&app, json!({})).await;
    let pid = Pid::from_raw(app.pid()).unwrap();
    let none_left = Rlimit {
        current: Some(3),
        ..getrlimit(Resource::Nofile)
    };
    let before = prlimit(Some(pid), Resource::Nofile, none_left).unwrap();
    let callback = authority.approve(&login.auth_url, "ws");
    let browser = tokio::spawn(async move { come_back(&callback).await });
    app.stderr_contains("cannot take a connection").await;
    prlimit(Some(pid), Resource::Nofile, before).unwrap();
    assert!(browser.await.unwrap().body.contains("Signed in"));
    assert_eq!(login.completed(&app).await["success"], true);
}
