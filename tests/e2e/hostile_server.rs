//! What a server may do to a turn, and what of secrets may be seen: nothing.

use std::path::Path;

use codex_core::mock_model::{Answer, Handshake, MockModel, Script};
use serde_json::json;

use crate::support::{App, Config, Home, Launch};

/// A certificate that nobody trusts; only that it can be read matters.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUfeXeggIiOmSpjgygI6DAEuteyUcwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjgxNDU3MDlaGA8yMTI2MTEwNDE0NTcw
OVowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNg8
mj7OZCSFmHJQ3GdeKAQqxSDLw85pY9ZD5CJm/XFmEfvwlrQh1VWJCjJt97yHgfiL
GPDetLX7WV0DG5Xi+D6jUzBRMB0GA1UdDgQWBBRwHn5dmOrFFQNQnlK1NHNxdU7V
6DAfBgNVHSMEGDAWgBRwHn5dmOrFFQNQnlK1NHNxdU7V6DAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIQCOjglUBJC9WsXfgE2SQo2oU/KTYaLyvMYp
RDfi/YfWuAIgPLiWlczD1Ub37l+BzaWuHUzpOlKpaBE7o6KiKoOpvr0=
-----END CERTIFICATE-----
";

fn configured(model: &MockModel, provider: &str) -> Home {
    let config = Config {
        provider: provider.into(),
        ..Config::default()
    };
    Home::with(model, &config)
}

/// Files below a folder that hold this text, but for config.toml.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if !path.ends_with("config.toml") {
            let content = std::fs::read(&path).unwrap_or_default();
            if String::from_utf8_lossy(&content).contains(text) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

/// Nothing that was told, logged or stored holds the secret.
fn assert_unseen(app: &App, home: &Home, secret: &str) {
    for frame in app.frames() {
        let told = frame.json.to_string();
        assert!(!told.contains(secret), "{told}");
    }
    assert!(!app.stderr().contains(secret), "{}", app.stderr());
    assert_eq!(files_with(home.path(), secret), Vec::<String>::new());
}

#[tokio::test]
async fn a_server_that_asks_for_endless_patience_ends_the_turn_with_the_reason() {
    let model = MockModel::start(Answer::status(503).header("retry-after", "18446744073709551615"));
    let config = Config {
        request_retries: 3,
        stream_retries: 3,
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    let message = turn.turn["error"]["message"].as_str().unwrap();
    assert!(message.contains("asks to wait 24 h or more"), "{message}");
    assert_eq!(app.run_turn(&thread, "Again").await.status(), "completed");
}

#[tokio::test]
async fn a_longer_wait_is_announced_and_can_be_interrupted() {
    for answer in [
        Answer::status(503).header("retry-after", "300").body("busy"),
        Answer::status(429).header("retry-after", "300").body("busy"),
    ] {
        let model = MockModel::start(answer.always());
        let config = Config {
            request_retries: 2,
            stream_retries: 2,
            ..Config::default()
        };
        let home = Home::with(&model, &config);
        let app = App::start(&home).await;
        let thread = app.start_thread(json!({})).await;
        let running = app.start_turn(&thread, "Hi").await;
        let notice = app.wait_for("error").await;
        assert_eq!(notice["willRetry"], true);
        assert_eq!(notice["error"]["message"], "Reconnecting... 1/2 in 5 min");
        let details = notice["error"]["additionalDetails"].as_str().unwrap();
        assert!(details.contains("busy") && details.contains("5 min"), "{details}");
        assert_eq!(app.interrupt(&thread, running).await.status(), "interrupted");
    }
}

#[tokio::test]
async fn odd_token_counts_do_no_harm() {
    let usage = |total: serde_json::Value| {
        let response = json!({"id": "r", "usage": {"input_tokens": total, "output_tokens": total, "total_tokens": total}});
        Answer::new().event(json!({"type": "response.completed", "response": response}))
    };
    let model = MockModel::start([usage(json!(i64::MAX)), usage(json!(i64::MAX)), usage(json!(-5))]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    for _ in 0..3 {
        let turn = app.run_turn(&thread, "Hi").await;
        assert_eq!(turn.status(), "completed");
        for told in turn.all("thread/tokenUsage/updated") {
            let total = told["tokenUsage"]["total"]["totalTokens"].as_i64().unwrap();
            assert!((0..=1 << 53).contains(&total), "{told}");
        }
    }
}

#[tokio::test]
async fn the_text_of_an_incomplete_answer_stays_and_the_turn_ends_with_the_reason() {
    let response = json!({"id": "r", "incomplete_details": {"reason": "content_filter"}});
    let incomplete = Answer::new()
        .half("what I can say")
        .event(json!({"type": "response.incomplete", "response": response}));
    let model = MockModel::start(incomplete);
    let config = Config {
        stream_retries: 3,
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(
        (turn.status(), turn.text().as_str()),
        ("failed", "what I can say")
    );
    assert_eq!(
        turn.turn["error"]["message"],
        "Incomplete response returned, reason: content_filter"
    );
    assert_eq!(model.requests().len(), 1);
}

#[tokio::test]
async fn secrets_of_a_providers_address_are_never_shown_or_stored() {
    let answers = [400, 401, 404, 429, 500, 503].map(|status| Answer::status(status).body("no"));
    let model = MockModel::start(answers.to_vec());
    let home = Home::empty();
    let base = model.base_url().replace("http://", "http://user:hush-pass@");
    let parameters = "query_params = { api-version = \"1\", key = \"hush-key\" }";
    for websockets in [false, true] {
        let config = Config {
            websockets,
            provider: parameters.into(),
            ..Config::default()
        };
        home.configure_url(&base, &config);
        if websockets {
            model.edit(|script| *script = Script::new().every_handshake(Handshake::refuse(503)));
            model.set_default(Answer::status(404));
        }
        let app = App::start(&home).await;
        for _ in 0..6 {
            let thread = app.start_thread(json!({})).await;
            assert_eq!(app.run_turn(&thread, "Hi").await.status(), "failed");
        }
        // Nobody listens.
        home.configure_url("http://user:hush-pass@127.0.0.1:1/v1", &config);
        let thread = app.start_thread(json!({})).await;
        assert_eq!(app.run_turn(&thread, "Hi").await.status(), "failed");
        assert_unseen(&app, &home, "hush");
    }
    assert!(model.requests()[0].path.contains("key=hush-key"));
}

#[tokio::test]
async fn values_of_the_wrong_type_are_not_quoted() {
    let model = MockModel::start("unused");
    for line in [
        "http_headers = \"Bearer sk-hush\"",
        "query_params = [\"sk-hush\"]",
        "env_http_headers = \"sk-hush\"",
        "stream_max_retries = \"sk-hush\"",
        "env_key = { a = \"sk-hush\" }",
        "http_headers = { X-Key = \"sk-hush\\r\\nX-Evil: 1\" }",
    ] {
        let home = configured(&model, line);
        let app = App::start(&home).await;
        let error = app.call_err("thread/start", json!({})).await;
        assert!(!error.message.is_empty());
        assert_unseen(&app, &home, "hush");
    }
}

#[tokio::test]
async fn a_key_is_sent_without_blanks_around_it_or_not_at_all() {
    let model = MockModel::start("ok");
    let home = configured(&model, "env_key = \"MY_KEY\"");
    for key in ["sk-1\r", " sk-1\n", "sk-1\r\n"] {
        let app = Launch::new(&home).env("MY_KEY", key).start().await;
        let thread = app.start_thread(json!({})).await;
        assert_eq!(app.run_turn(&thread, "Hi").await.status(), "completed");
        let requests = model.requests();
        assert_eq!(
            requests.last().unwrap().header("authorization"),
            Some("Bearer sk-1")
        );
    }
    let sent = model.requests().len();
    for key in ["sk-hush\rx", "sk-hush\u{1}", "sk-hush\u{200b}"] {
        let app = Launch::new(&home).env("MY_KEY", key).start().await;
        let thread = app.start_thread(json!({})).await;
        let turn = app.run_turn(&thread, "Hi").await;
        let message = turn.turn["error"]["message"].as_str().unwrap();
        assert!(message.contains("`MY_KEY`"), "{message}");
        assert_unseen(&app, &home, "hush");
    }
    assert_eq!(model.requests().len(), sent);
}

#[tokio::test]
async fn a_header_from_the_environment_that_cannot_be_sent_is_named() {
    let model = MockModel::start("ok");
    for websockets in [false, true] {
        let config = Config {
            websockets,
            provider: "env_http_headers = { X-Team = \"MY_TEAM\" }".into(),
            ..Config::default()
        };
        let home = Home::with(&model, &config);
        let app = Launch::new(&home).env("MY_TEAM", "a\nb").start().await;
        let thread = app.start_thread(json!({})).await;
        let turn = app.run_turn(&thread, "Hi").await;
        assert_eq!(turn.status(), "failed");
        let message = turn.turn["error"]["message"].as_str().unwrap();
        assert!(
            message.contains("`MY_TEAM`") && message.contains("X-Team"),
            "{message}"
        );
    }
    assert!(model.requests().is_empty());
}

#[tokio::test]
async fn a_pasted_key_is_stored_without_its_line_end() {
    let model = MockModel::start("ok");
    let home = Home::with(&model, &Config::default());
    let app = App::start(&home).await;
    for (key, fits) in [("sk-1\r\n", true), (" \n", false), ("sk\n1", false)] {
        let params = json!({"type": "apiKey", "apiKey": key});
        assert_eq!(
            app.try_call("account/login/start", params).await.is_ok(),
            fits,
            "{key:?}"
        );
    }
    let stored = std::fs::read(home.codex().join("auth.json")).unwrap();
    let stored: serde_json::Value = serde_json::from_slice(&stored).unwrap();
    assert_eq!(stored["OPENAI_API_KEY"], "sk-1");
}

#[tokio::test]
async fn a_certificate_file_that_is_mended_counts_for_the_next_turn() {
    let home = Home::empty();
    home.configure_url("https://127.0.0.1:1/v1", &Config::default());
    let file = home.path().join("ca.pem");
    std::fs::write(&file, "no certificate").unwrap();
    let app = Launch::new(&home)
        .env("CODEX_CA_CERTIFICATE", &file)
        .start()
        .await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    let message = turn.turn["error"]["message"].as_str().unwrap();
    assert!(message.contains("CODEX_CA_CERTIFICATE"), "{message}");
    std::fs::write(&file, CERTIFICATE).unwrap();
    let turn = app.run_turn(&thread, "Hi").await;
    let message = turn.turn["error"]["message"].as_str().unwrap();
    assert!(message.contains("Connection failed"), "{message}");
}
