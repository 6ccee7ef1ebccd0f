//! Metrics and spans: only where the user wants them, and then to where the user says (docs/contract/telemetry.md).

use codex_core::mock_model::{Answer, MockModel, Script};
use serde_json::json;

use crate::support::{App, Config, Home};

fn collector() -> MockModel {
    let accepted = || [Answer::status(200).body(json!({}))];
    let script =
        Script::new()
            .route("POST", "/otel/metrics", accepted())
            .route("POST", "/otel/traces", accepted());
    MockModel::start(script)
}

async fn run_a_turn(home: &Home) {
    let app = App::start(home).await;
    let thread = app.start_thread(json!({})).await;
    assert_eq!(app.run_turn(&thread, "Hi").await.status(), "completed");
    app.stop().await;
}

#[tokio::test]
async fn nothing_is_sent_unless_an_exporter_is_configured() {
    let model = collector();
    let home = Home::with(
        &model,
        &Config {
            extra: "[otel]\nenvironment = \"test\"\nmetrics_exporter = \"statsig\"".to_owned(),
            ..Config::default()
        },
    );
    run_a_turn(&home).await;
    assert_eq!(model.others().len(), 0);
}

#[tokio::test]
async fn metrics_and_spans_of_a_turn_leave_at_the_end_at_the_latest() {
    let model = collector();
    let exporter = |kind: &str| {
        format!(
            "[otel.{kind}_exporter.otlp-http]\nendpoint = \"http://{}/otel/{}\"\nprotocol = \"json\"\n\
             headers = {{ x-key = \"k\" }}\n",
            model.address(),
            if kind == "trace" { "traces" } else { "metrics" },
        )
    };
    let home = Home::with(
        &model,
        &Config {
            extra: exporter("metrics") + &exporter("trace"),
            ..Config::default()
        },
    );
    run_a_turn(&home).await;
    let sent = model.others();
    let text = |path: &str| {
        let of_path = sent.iter().filter(|request| request.path == path);
        of_path
            .map(|request| request.body.to_string())
            .collect::<String>()
    };
    let metrics = text("/otel/metrics");
    for name in [
        "codex.api_request",
        "codex.api_request.duration_ms",
        "codex.sse_event",
        "codex.turn.e2e_duration_ms",
        "codex.turn.token_usage",
        "codex-app-server",
    ] {
        assert!(metrics.contains(name), "{name} is missing in {metrics}");
    }
    assert!(text("/otel/traces").contains("codex.turn"));
    assert!(sent.iter().all(|request| request.header("x-key") == Some("k")));
}
