//! Environments (docs/contract/services.md#other-methods).

use codex_core::mock_model::MockModel;
use serde_json::json;

use crate::support::{App, Home};

#[tokio::test]
async fn the_local_environment_is_ready_and_others_are_unknown() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let local = json!({"environmentId": "local"});
    assert_eq!(
        app.call("environment/status", local.clone()).await,
        json!({"status": "ready"})
    );
    let info = app.call("environment/info", local).await;
    let folder = home.work().canonicalize().unwrap();
    assert_eq!(info["cwd"], format!("file://{}", folder.display()));
    let shell = info["shell"]["path"].as_str().unwrap();
    assert!(std::path::Path::new(shell).is_file());
    assert!(shell.ends_with(info["shell"]["name"].as_str().unwrap()));

    let other = json!({"environmentId": "zz"});
    let status = app.call("environment/status", other.clone()).await;
    assert_eq!(
        status,
        json!({"status": "unknown", "error": "unknown environment id `zz`"})
    );
    let error = app.call_err("environment/info", other).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "unknown environment id `zz`")
    );
    app.stop().await;
}

#[tokio::test]
async fn a_thread_without_an_environment_is_told_nothing_of_the_project() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let own = home.codex().join("AGENTS.md");
    std::fs::write(&own, "Be brief.").unwrap();
    std::fs::write(home.work().join("AGENTS.md"), "Use tabs.").unwrap();
    let app = App::start(&home).await;
    let params = json!({"cwd": home.work(), "environments": []});
    let started = app.call("thread/start", params).await;
    assert_eq!(started["instructionSources"], json!([own]));
    let thread = started["thread"]["id"].as_str().unwrap();
    app.run_turn(thread, "Hi").await;
    app.stop().await;
    let input = model.requests()[0].body["input"].to_string();
    assert!(
        input.contains("Be brief.") && !input.contains("Use tabs."),
        "{input}"
    );
}
