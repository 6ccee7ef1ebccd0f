//! Summing up the history.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use super::{home_with, hook, prints, run, runs, says, told};
use crate::support::{App, Config, RunningTurn, TurnRun};

async fn compact(app: &App, thread: &str) -> TurnRun {
    let mark = app.mark();
    app.call("thread/compact/start", json!({"threadId": thread}))
        .await;
    let (_, frame) = app
        .wait_frame("a turn", |frame| frame.method() == "turn/started")
        .await;
    let id = frame.params()["turn"]["id"].as_str().unwrap().to_owned();
    app.end_of(RunningTurn::new(id, mark)).await
}

#[tokio::test]
async fn hooks_run_before_and_after_it_and_around_its_request() {
    let model = MockModel::start([Answer::from("Hello"), Answer::from("Summary")]);
    let hooks = ["PreCompact", "PostCompact", "PreModelRequest", "PostModelRequest"]
        .map(|event| hook(event, event, ""));
    let home = home_with(&model, Config::default(), &hooks.concat()).await;
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Hi").await;
    app.wait_for("turn/started").await;
    let turn = compact(&app, &thread).await;
    let events: Vec<_> = runs(&turn).into_iter().map(|run| run.0).collect();
    assert_eq!(
        events,
        ["preCompact", "preModelRequest", "postModelRequest", "postCompact"]
    );
    let methods = turn.turn_methods();
    let at = |method: &str| methods.iter().position(|told| *told == method).unwrap();
    assert!(at("hook/completed") < at("item/started"), "{methods:?}");
    let input = &told(&home, "PreCompact")[0];
    assert_eq!(input["trigger"], "manual");
    assert!(
        input.get("permission_mode").is_none() && input["turn_id"] == turn.id.as_str(),
        "{input}"
    );
    for event in ["PreModelRequest", "PostModelRequest"] {
        assert_eq!(told(&home, event)[1]["kind"], "foreground_compaction");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_hook_prevents_it_or_ends_the_turn_after_it() {
    let model = MockModel::start("ok");
    let hooks = ["PreCompact", "PostCompact", "Interrupt"].map(|event| hook(event, event, ""));
    let home = home_with(&model, Config::default(), &hooks.concat()).await;
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Hi").await;
    app.wait_for("turn/started").await;
    says(
        &home,
        "PreCompact",
        &prints(&json!({"continue": false, "stopReason": "not now"})),
    );
    let turn = compact(&app, &thread).await;
    assert_eq!(turn.status(), "interrupted");
    assert_eq!(
        runs(&turn),
        [
            run("preCompact", "stopped", &[("stop", "not now")]),
            run("interrupt", "completed", &[])
        ]
    );
    assert_eq!(model.requests().len(), 1, "the model was not asked");

    says(
        &home,
        "PreCompact",
        &prints(&json!({"decision": "block", "reason": "no"})),
    );
    says(&home, "PostCompact", &prints(&json!({"continue": false})));
    let turn = compact(&app, &thread).await;
    assert_eq!(turn.status(), "interrupted");
    assert_eq!(
        runs(&turn)[..2],
        [
            run(
                "preCompact",
                "failed",
                &[("error", "hook returned invalid PreCompact hook JSON output")]
            ),
            run(
                "postCompact",
                "stopped",
                &[("stop", "PostCompact hook stopped execution")]
            ),
        ]
    );
    assert_eq!(turn.items_of("contextCompaction").len(), 1);
    app.stop().await;
}
