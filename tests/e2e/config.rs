//! Configuration as the program's user meets it (docs/contract/configuration.md#environment-variables).

use codex_core::mock_model::MockModel;
use serde_json::json;

use crate::support::{App, Config, Frame, Home, Launch};

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
async fn a_strict_start_refuses_settings_that_are_unknown() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let strict = |extra: &[&str]| Launch::new(&home).args(&["--strict-config"]).args(extra);
    let known = strict(&[]).start().await;
    known.stop().await;
    let app = strict(&["-c", "modle=x"]).spawn();
    app.stderr_contains("`modle` is ignored").await;
    assert_eq!(app.exit().await.0.code(), Some(1));
    let config = Config {
        top: "colour = 1".to_owned(),
        ..Config::default()
    };
    home.configure(&model, &config);
    let app = strict(&[]).spawn();
    app.stderr_contains("`colour` is ignored").await;
    assert_eq!(app.exit().await.0.code(), Some(1));
    for (line, key) in [
        ("approvals_reviewer = 1", "approvals_reviewer"),
        ("web_search = 'sometimes'", "web_search"),
        ("sandbox_workspace_write.zz = 1", "sandbox_workspace_write.zz"),
        ("tui = { theme = 'x', zz = 1 }", "tui.zz"),
        ("memories.zz = 1", "memories.zz"),
    ] {
        let config = Config {
            top: line.to_owned(),
            ..Config::default()
        };
        home.configure(&model, &config);
        let app = strict(&[]).spawn();
        app.stderr_contains(key).await;
        assert_eq!(app.exit().await.0.code(), Some(1), "{line}");
    }
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
async fn an_old_word_is_told_as_what_it_means() {
    let home = Home::empty();
    home.write_config("approval_policy = \"on-failure\"\n");
    let app = App::start(&home).await;
    let read = app.call("config/read", json!({"includeLayers": true})).await;
    assert_eq!(read["config"]["approval_policy"], "on-request");
    let layers = read["layers"].as_array().unwrap().iter();
    let told: Vec<_> = layers
        .filter_map(|layer| layer["config"]["approval_policy"].as_str())
        .collect();
    assert_eq!(told, ["on-request"]);
    app.stop().await;
}

#[tokio::test]
async fn a_broken_file_is_a_warning_and_threads_fail_until_it_is_fixed() {
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
        extra:
            "[foo]\nbar = 1\n[features]\nzz = true\n[sandbox_workspace_write]\nbad = 1\n[desktop]\nx = 1\n"
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
async fn settings_that_are_known_but_have_no_effect_are_named_once() {
    let model = MockModel::start("ok");
    let config = Config {
        model: "gpt-5.5".into(),
        extra: "[rollout_trace]\nmax_bytes = 1\n[history]\npersistence = \"none\"\n".into(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let app = App::start(&home).await;
    let warning = app.wait_for("configWarning").await;
    let file = home.codex().join("config.toml");
    assert_eq!(
        warning["summary"],
        format!(
            "1 setting has no effect.\n  user ({}): `rollout_trace` is known but has no effect in this release.",
            file.display()
        )
    );
    let mark = app.mark();
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Hi").await;
    let told = app.notified_since(mark);
    assert!(
        !told
            .iter()
            .any(|method| method == "warning" || method == "configWarning"),
        "{told:?}"
    );
    app.start_thread(json!({"config": {"daybreak": true}})).await;
    let own = app.wait_for("configWarning").await.to_string();
    assert!(own.contains("session-flags: `daybreak` is known but"), "{own}");
    let elsewhere = json!({"sqlite_home": home.path().join("elsewhere")});
    app.start_thread(json!({"config": elsewhere})).await;
    let own = app.wait_where("configWarning", |told| told.to_string().contains("in a thread"));
    let own = own.await.to_string();
    assert!(
        own.contains("session-flags: `sqlite_home` holds for all threads"),
        "{own}"
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

#[tokio::test]
async fn a_mistake_in_a_providers_table_is_told_with_its_place_and_key() {
    let model = MockModel::start("ok");
    for (line, key) in [
        ("name = \" \"", "model_providers.other.name"),
        ("http_headers = { a = 1 }", "model_providers.other.http_headers.a"),
        (
            "request_max_retries = -1",
            "model_providers.other.request_max_retries",
        ),
        ("query_params = \"x\"", "model_providers.other.query_params"),
        (
            "auth = { command = \"c\" }\nrequires_openai_auth = true",
            "model_providers.other.auth",
        ),
    ] {
        let name = if line.starts_with("name") {
            ""
        } else {
            "name = \"o\""
        };
        let config = Config {
            extra: format!("[model_providers.other]\n{name}\nbase_url = \"http://127.0.0.1:9/v1\"\n{line}\n"),
            ..Config::default()
        };
        let home = Home::with(&model, &config);
        let text = std::fs::read_to_string(home.codex().join("config.toml")).unwrap();
        let start = text.find(line).unwrap();
        let number = text[..start].matches('\n').count() + 1;
        let app = App::start(&home).await;
        let warning = app.wait_for("configWarning").await;
        assert!(warning.to_string().contains(key), "{warning}");
        assert_eq!(warning["range"]["start"]["line"], number, "{warning}");
        let error = app
            .call_err("thread/start", json!({"modelProvider": "other"}))
            .await;
        assert!(
            error.message.contains(&format!(":{number}:")),
            "{}",
            error.message
        );
        assert!(error.message.contains(key), "{}", error.message);
        // Whoever uses another provider is not held up.
        app.start_thread(json!({})).await;
    }
}

#[tokio::test]
async fn a_key_of_endless_parts_is_refused_and_the_program_lives_on() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let key = vec!["a"; 20_000].join(".");
    let error = app.call_err("thread/start", json!({"config": {key: 1}})).await;
    assert!(error.message.contains("20000 parts"), "{}", error.message);
    let key = vec!["a"; 64].join(".");
    app.start_thread(json!({"config": {key: 1}})).await;
}

#[tokio::test]
async fn a_file_that_nests_endlessly_is_a_warning() {
    for text in [
        format!("{} = 1", vec!["a"; 100_000].join(".")),
        format!("[{}]\n", vec!["a"; 100_000].join(".")),
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}", "{a=".repeat(100_000)),
    ] {
        let home = Home::empty();
        home.write_config(&text);
        let app = App::start(&home).await;
        app.wait_for("configWarning").await;
        app.call("thread/loaded/list", json!({})).await;
    }
}

#[tokio::test]
async fn a_byte_order_mark_is_no_part_of_the_file() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let path = home.codex().join("config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let wide = format!("\u{feff}{text}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for bytes in [format!("\u{feff}{text}").into_bytes(), wide] {
        std::fs::write(&path, bytes).unwrap();
        let app = App::start(&home).await;
        let thread = app.start_thread(json!({})).await;
        assert_eq!(app.run_turn(&thread, "Hi").await.status(), "completed");
    }
}

#[tokio::test]
async fn what_needs_little_of_the_configuration_goes_on_while_its_file_is_broken() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let file = home.codex().join("config.toml");
    let broken = std::fs::read_to_string(&file).unwrap() + "bad = = 1\n";
    home.write_config(&broken);
    for method in ["model/list", "collaborationMode/list"] {
        assert!(app.call(method, json!({})).await["data"].is_array());
    }
    let ran = json!({"command": ["true"], "cwd": home.work()});
    assert_eq!(app.call("command/exec", ran).await["exitCode"], 0);
    let account = app.call("account/read", json!({})).await;
    assert_eq!(account["requiresOpenaiAuth"], false, "as it was before");
    let skills = app.call("skills/list", json!({"cwds": [home.work()]})).await;
    let (entry, place) = (&skills["data"][0], format!("{}:", file.display()));
    assert_eq!(entry["skills"], json!([]));
    assert!(
        entry["errors"][0]["message"].as_str().unwrap().contains(&place),
        "{entry}"
    );
    for (method, params) in [
        ("mcpServerStatus/list", json!({})),
        ("experimentalFeature/list", json!({})),
        ("modelProvider/list", json!({})),
        ("modelProvider/capabilities/read", json!({})),
        ("config/mcpServer/reload", json!(null)),
    ] {
        let error = app.call_err(method, params).await;
        assert_eq!(error.code, -32603, "{method}");
        assert!(error.message.contains(&place), "{}", error.message);
    }
    app.stop().await;
    // A daemon that knows nothing from before has the defaults: commands change nothing.
    let app = App::start(&home).await;
    let account = app.call("account/read", json!({})).await;
    assert_eq!(account["requiresOpenaiAuth"], true);
    let ran = json!({"command": ["touch", "x"], "cwd": home.work()});
    assert_ne!(app.call("command/exec", ran).await["exitCode"], 0);
    app.stop().await;
}

#[tokio::test]
async fn features_on_their_way_in_or_out_are_told_of_in_new_threads() {
    let model = MockModel::start("ok");
    let config = |top: &str| Config {
        model: "gpt-5.5".into(),
        top: top.into(),
        extra:
            "[features]\ncode_mode = true\ntoken_budget = false\nweb_search_request = true\ncollab = false\n\
                shell_zsh_fork = false\nmulti_agent = true\n[tools]\nview_image = true\n"
                .into(),
        ..Config::default()
    };
    let home = Home::with(&model, &config("experimental_use_unified_exec_tool = false"));
    let app = App::start(&home).await;
    let told = app.wait_for("configWarning").await["summary"].clone();
    assert!(
        told.as_str().unwrap().contains("`tools.view_image` is ignored"),
        "{told}"
    );
    let told = app.wait_for("configWarning").await["summary"].clone();
    assert!(
        told.as_str()
            .unwrap()
            .starts_with("`[features].multi_agent` is deprecated"),
        "{told}"
    );
    app.start_thread(json!({})).await;
    for name in [
        "experimental_use_unified_exec_tool",
        "collab",
        "shell_zsh_fork",
        "web_search_request",
    ] {
        let notice = app.wait_for("deprecationNotice").await;
        let expected = format!("`[features].{name}` is deprecated");
        assert!(
            notice["summary"].as_str().unwrap().starts_with(&expected),
            "{notice}"
        );
        assert!(notice["details"].is_string());
    }
    let unstable = app.wait_where("warning", |warning| {
        warning["message"].as_str().unwrap().contains("under development")
    });
    let unstable = unstable.await["message"].clone();
    let unstable = unstable.as_str().unwrap();
    assert!(
        unstable.contains("code_mode") && !unstable.contains("token_budget"),
        "{unstable}"
    );
    app.stop().await;

    home.configure(&model, &config("suppress_unstable_features_warning = true"));
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Hi").await;
    let frames = app.frames();
    let mut warnings = frames.iter().filter(|frame| frame.method() == "warning");
    let is_unstable = |frame: &Frame| frame.params().to_string().contains("under development");
    assert!(!warnings.any(is_unstable));
    app.stop().await;
}
