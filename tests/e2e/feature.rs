//! Features: what clients see of them, and how they are switched (docs/contract/services.md#features).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Config, Home, Launch};

fn find<'a>(list: &'a Value, name: &str) -> &'a Value {
    let data = list["data"].as_array().unwrap();
    data.iter().find(|one| one["name"] == name).unwrap()
}

#[tokio::test]
async fn every_feature_is_listed_page_by_page() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let all = app.call("experimentalFeature/list", json!({})).await;
    assert_eq!(all["data"].as_array().unwrap().len(), 224);
    assert_eq!(all["nextCursor"], Value::Null);
    assert_eq!(
        find(&all, "shell_tool"),
        &json!({"name": "shell_tool", "stage": "stable", "enabled": true, "defaultEnabled": true,
                "displayName": null, "description": null, "announcement": null})
    );
    assert_eq!(find(&all, "prevent_idle_sleep")["stage"], "beta");
    assert!(find(&all, "prevent_idle_sleep")["displayName"].is_string());

    let mut names = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let params = json!({"limit": 100, "cursor": cursor});
        let page = app.call("experimentalFeature/list", params).await;
        names.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["name"].clone()),
        );
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    let whole: Vec<_> = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].clone())
        .collect();
    assert_eq!(names, whole);
    assert_eq!(
        names[..3],
        [
            "analytics_plan_history",
            "cli_resume_account_check",
            "daemon_auto_start"
        ]
    );
    assert_eq!(names[223], "workspace_dependencies");
    let one = app.call("experimentalFeature/list", json!({"limit": 0})).await;
    assert_eq!(one["data"].as_array().unwrap().len(), 1);
    let error = app
        .call_err("experimentalFeature/list", json!({"cursor": "zz"}))
        .await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "invalid cursor: zz")
    );
    let error = app
        .call_err("experimentalFeature/list", json!({"cursor": "9999"}))
        .await;
    assert_eq!(error.message, "cursor 9999 exceeds total feature flags 224");
    app.stop().await;
}

#[tokio::test]
async fn the_file_the_command_line_and_the_thread_switch_features() {
    let model = MockModel::start(Answer::new().say("ok"));
    let extra = "[features]\nunified_exec = false\nshell_snapshot = false".to_owned();
    let config = Config {
        extra,
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let args = ["--enable", "unified_exec", "--disable", "goals"];
    let app = Launch::new(&home).args(&args).start().await;
    let list = app.call("experimentalFeature/list", json!({})).await;
    for (name, enabled) in [
        ("unified_exec", true),
        ("shell_snapshot", false),
        ("goals", false),
        ("apps", true),
    ] {
        assert_eq!(find(&list, name)["enabled"], enabled, "{name}");
    }
    let thread = app
        .start_thread(json!({"config": {"features.apps": false, "features": {"goals": true}}}))
        .await;
    let list = app
        .call("experimentalFeature/list", json!({"threadId": thread}))
        .await;
    for (name, enabled) in [("unified_exec", true), ("goals", true)] {
        assert_eq!(find(&list, name)["enabled"], enabled, "{name}");
    }
    let other = app.call("experimentalFeature/list", json!({})).await;
    assert_eq!(find(&other, "goals")["enabled"], false, "only in that thread");
    app.stop().await;
}

#[tokio::test]
async fn clients_switch_what_may_be_switched_for_the_life_of_the_process() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let set = json!({"enablement": {"memories": true, "shell_tool": false, "nonesuch": true}});
    let answer = app.call("experimentalFeature/enablement/set", set).await;
    assert_eq!(answer, json!({"enablement": {"memories": true}}));
    let list = app.call("experimentalFeature/list", json!({})).await;
    assert_eq!(find(&list, "memories")["enabled"], true);
    assert_eq!(find(&list, "memories")["defaultEnabled"], false);
    assert_eq!(find(&list, "shell_tool")["enabled"], true);
    app.stop().await;

    let app = App::start(&home).await;
    let list = app.call("experimentalFeature/list", json!({})).await;
    assert_eq!(find(&list, "memories")["enabled"], false);
    app.stop().await;
}

#[tokio::test]
async fn an_unknown_feature_on_the_command_line_is_refused() {
    let home = Home::empty();
    let app = Launch::new(&home).args(&["--enable", "nonesuch"]).spawn();
    let (status, _) = app.exit().await;
    assert_eq!(status.code(), Some(1));
    assert!(
        app.stderr().contains("Unknown feature flag: nonesuch"),
        "{}",
        app.stderr()
    );
}
