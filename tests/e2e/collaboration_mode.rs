//! Collaboration modes to choose from (docs/contract/services.md#collaboration-modes).

use codex_core::mock_model::MockModel;
use serde_json::json;

use crate::support::{App, Home};

#[tokio::test]
async fn plan_and_default_mode_are_listed_with_what_they_change() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let mode = |name: &str, mode: &str, effort: Option<&str>| json!({"name": name, "mode": mode, "model": null, "reasoning_effort": effort});
    let list = app.call("collaborationMode/list", json!({})).await;
    assert_eq!(
        list,
        json!({"data": [mode("Plan", "plan", Some("medium")), mode("Default", "default", None)]})
    );
    home.write_config("plan_mode_reasoning_effort = \"high\"\n");
    let list = app.call("collaborationMode/list", json!({})).await;
    assert_eq!(list["data"][0]["reasoning_effort"], "high");
}

#[tokio::test]
async fn a_fork_begins_in_default_mode() {
    let model = MockModel::start("Hm\n<proposed_plan>\nlook\n</proposed_plan>");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let plan = json!({"collaborationMode": {"mode": "plan", "settings": {"model": "gpt-5.5"}}});
    let turn = app.run_turn_with(&thread, "Plan it", plan).await;
    assert_eq!(turn.items_of("plan").len(), 1);
    let fork = app.call("thread/fork", json!({"threadId": thread})).await;
    let fork = fork["thread"]["id"].as_str().unwrap();
    let turn = app.run_turn(fork, "Do it").await;
    assert!(turn.items_of("plan").is_empty());
    let requests = model.requests();
    let told = |n: usize| {
        requests[n]
            .body
            .to_string()
            .matches("<collaboration_mode>")
            .count()
    };
    assert_eq!(told(1), told(0) + 1, "the model hears of the change");
    app.stop().await;
}

#[tokio::test]
async fn modes_of_earlier_releases_count_as_the_default_one() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    for mode in [
        "plan",
        "code",
        "plan",
        "custom",
        "plan",
        "execute",
        "plan",
        "pair_programming",
    ] {
        let mode = json!({"mode": mode, "settings": {"model": "gpt-5.5"}});
        app.call(
            "thread/settings/update",
            json!({"threadId": thread, "collaborationMode": mode}),
        )
        .await;
        let told = app.wait_for("thread/settings/updated").await;
        let now = &told["threadSettings"]["collaborationMode"]["mode"];
        assert_eq!(*now, if mode["mode"] == "plan" { "plan" } else { "default" });
    }
    app.stop().await;
}
