//! Requests to the model.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use super::{completed, home_with, hook, run, runs, says, told};
use crate::support::{App, Config};

#[tokio::test]
async fn hooks_hear_of_each_attempt_and_how_it_ended() {
    let model = MockModel::start([Answer::new().half("x").cut(), Answer::from("Fine")]);
    let config = Config {
        stream_retries: 3,
        ..Config::default()
    };
    let hooks = hook("PreModelRequest", "before", "") + &hook("PostModelRequest", "after", "");
    let home = home_with(&model, config, &hooks).await;
    says(&home, "before", "echo '{\"continue\":false}'; echo noise >&2");
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(
        (turn.status(), turn.text().ends_with("Fine")),
        ("completed", true)
    );
    let pair = [
        run("preModelRequest", "completed", &[("error", "noise")]),
        run("postModelRequest", "completed", &[]),
    ];
    assert_eq!(
        runs(&turn),
        [pair.clone(), pair].concat(),
        "what they say is of no consequence"
    );
    let (before, after) = (told(&home, "before"), told(&home, "after"));
    let id = &before[0]["request_id"];
    assert!(uuid::Uuid::parse_str(id.as_str().unwrap()).is_ok());
    for (number, (before, after)) in before.iter().zip(&after).enumerate() {
        for input in [before, after] {
            assert_eq!((&input["request_id"], &input["kind"]), (id, &json!("sampling")));
            assert_eq!(input["attempt_number"], number + 1);
            assert_eq!(
                (&input["thread_id"], &input["session_id"]),
                (&json!(thread), &json!(thread))
            );
            assert!(input.get("permission_mode").is_none());
        }
    }
    assert_eq!(after[0]["status"], "failed");
    assert!(
        after[0]["error"]
            .as_str()
            .unwrap()
            .starts_with("stream disconnected"),
        "{}",
        after[0]
    );
    assert!(after[0]["response_id"].is_null() && after[0]["token_usage"].is_null());
    assert_eq!(
        (&after[1]["status"], &after[1]["error"]),
        (&json!("completed"), &json!(null))
    );
    assert!(after[1]["response_id"].is_string() && after[1]["token_usage"]["total_tokens"].is_u64());

    says(&home, "before", "echo broken >&2; exit 1");
    says(&home, "after", "exit 1");
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(
        runs(&turn),
        [
            run("preModelRequest", "failed", &[("error", "broken")]),
            run("postModelRequest", "failed", &[]),
        ]
    );
    assert_ne!(told(&home, "before")[2]["request_id"], *id, "another request");
    app.stop().await;
}

#[tokio::test]
async fn a_request_that_is_interrupted_is_told_as_cancelled() {
    let model = MockModel::start([Answer::new().half("x").hang()]);
    let home = home_with(&model, Config::default(), &hook("PostModelRequest", "after", "")).await;
    let (app, thread) = App::with_thread(&home).await;
    let running = app.start_turn(&thread, "Hi").await;
    app.wait_for("item/agentMessage/delta").await;
    app.interrupt(&thread, running).await;
    completed(&app, "postModelRequest").await;
    assert_eq!(told(&home, "after")[0]["status"], "cancelled");
    app.stop().await;
}
