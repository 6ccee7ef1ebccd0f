//! Configuration as the program's user meets it (config-and-services section 1.2).

use codex_core::mock_model::MockModel;
use serde_json::json;

use crate::support::{App, Config, Home, Launch};

#[tokio::test]
async fn overrides_on_the_command_line_win_over_the_file() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let flags = [
        "-c",
        "model=\"gpt-5.1\"",
        "--config",
        "model_reasoning_effort=low",
        "-c",
        "sandbox_mode=read-only",
    ];
    let app = Launch::new(&home).args(&flags).start().await;
    let started = app.call("thread/start", json!({})).await;
    assert_eq!(started["model"], "gpt-5.1");
    assert_eq!(started["reasoningEffort"], "low");
    assert_eq!(started["sandbox"]["type"], "readOnly");
    assert_eq!(started["approvalPolicy"], "never", "the rest is the file's");
    let thread = started["thread"]["id"].as_str().unwrap();
    app.run_turn(thread, "Hi").await;
    let requests = model.requests();
    assert_eq!(requests[0].body["model"], "gpt-5.1");
    assert_eq!(requests[0].body["reasoning"]["effort"], "low");
}

#[tokio::test]
async fn overrides_reach_into_tables() {
    let model = MockModel::start("ok");
    let home = Home::new(&MockModel::start("unused"));
    let base = format!("model_providers.mock.base_url={:?}", model.base_url());
    let header = "model_providers.mock.http_headers={\"x-extra\" = \"42\"}";
    let app = Launch::new(&home)
        .args(&["-c", &base, "-c", header])
        .start()
        .await;
    let thread = app.start_thread(json!({})).await;
    assert_eq!(app.run_turn(&thread, "Hi").await.status(), "completed");
    assert_eq!(model.requests()[0].header("x-extra"), Some("42"));
}

#[tokio::test]
async fn a_threads_own_config_wins_over_all() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = Launch::new(&home)
        .args(&["-c", "model_reasoning_effort=low"])
        .start()
        .await;
    let params = json!({"config": {"model_reasoning_effort": "high"}});
    let started = app.call("thread/start", params).await;
    assert_eq!(started["reasoningEffort"], "high");
    let other = app.call("thread/start", json!({})).await;
    assert_eq!(other["reasoningEffort"], "low");
}

#[tokio::test]
async fn a_broken_file_is_a_warning_and_threads_are_refused_until_it_is_mended() {
    let model = MockModel::start("ok");
    let home = Home::empty();
    home.write_config("model = \"x\"\nmodel_provider = = 3\n");
    let app = App::start(&home).await;
    let warning = app.wait_for("configWarning").await;
    let path = home.codex().join("config.toml").display().to_string();
    let place = format!("{warning}");
    assert!(place.contains(&path) && place.contains("2:"), "{warning}");
    let error = app.call_err("thread/start", json!({})).await;
    assert_eq!(error.code, -32600);
    assert!(
        error.message.starts_with("failed to load configuration: "),
        "{}",
        error.message
    );
    assert!(error.message.contains(&path), "{}", error.message);
    home.configure(&model, &Config::default());
    let thread = app.start_thread(json!({})).await;
    assert_eq!(app.run_turn(&thread, "Hi").await.status(), "completed");
}

#[tokio::test]
async fn settings_that_nobody_knows_are_told_of_at_the_start_and_in_threads() {
    let model = MockModel::start("ok");
    let config = Config {
        model: "gpt-5.5".into(),
        extra: "[foo]\nbar = 1\n[features]\nzz = true\n[sandbox_workspace_write]\nbad = 1\n[tui]\nx = 1\n"
            .into(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let app = App::start(&home).await;
    let warning = app.wait_for("configWarning").await;
    let summary = warning["summary"].as_str().unwrap();
    assert!(summary.starts_with("3 settings are not known"), "{summary}");
    let file = home.codex().join("config.toml");
    for key in ["features.zz", "foo", "sandbox_workspace_write.bad"] {
        let line = format!("\n  user ({}): `{key}` is ignored.", file.display());
        assert!(summary.contains(&line), "{summary}");
    }
    assert!(warning["details"].is_null());
    app.start_thread(json!({})).await;
    assert_eq!(app.wait_for("warning").await["message"], summary);

    let mark = app.mark();
    app.start_thread(json!({"config": {"modell": "x", "model_reasoning_effort": "low"}}))
        .await;
    let warning = app.wait_for("configWarning").await;
    let own = warning["summary"].as_str().unwrap();
    assert!(own.contains("\n  session-flags: `modell` is ignored."), "{own}");
    assert!(own.ends_with("\n  ... and 1 more"), "{own}");
    assert_eq!(app.wait_for("warning").await["message"], own);
    assert_eq!(
        app.notified_since(mark)[..3],
        ["configWarning", "thread/started", "warning"]
    );
}

#[tokio::test]
async fn an_unknown_provider_is_refused_by_name() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let error = app
        .call_err("thread/start", json!({"modelProvider": "zzz"}))
        .await;
    assert_eq!(error.code, -32600);
    assert!(
        error.message.contains("Model provider `zzz` not found"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn a_provider_takes_its_key_and_query_from_the_configuration() {
    let model = MockModel::start("ok");
    let config = Config {
        provider: "env_key = \"MOCK_KEY\"\nquery_params = { api-version = \"7\" }\nenv_http_headers = { x-team = \"MOCK_TEAM\" }"
            .into(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let app = Launch::new(&home)
        .env("MOCK_KEY", "sesame")
        .env("MOCK_TEAM", "blue")
        .start()
        .await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Hi").await;
    let requests = model.requests();
    assert_eq!(requests[0].header("authorization"), Some("Bearer sesame"));
    assert_eq!(requests[0].header("x-team"), Some("blue"));
    assert_eq!(requests[0].path, "/v1/responses?api-version=7");

    let bare = App::start(&home).await;
    let thread = bare.start_thread(json!({})).await;
    let turn = bare.run_turn(&thread, "Hi").await;
    assert_eq!(turn.status(), "failed");
    let message = turn.turn["error"]["message"].as_str().unwrap();
    assert!(message.contains("MOCK_KEY"), "{message}");
}

#[tokio::test]
async fn flags_that_make_no_sense_end_the_program_with_a_usage_error() {
    let home = Home::empty();
    let app = Launch::new(&home).args(&["--no-such-flag"]).spawn();
    let (status, _) = app.exit().await;
    assert_eq!(status.code(), Some(2));
    assert!(app.stderr().contains("--no-such-flag"), "{}", app.stderr());
    assert!(app.frames().is_empty());
}
