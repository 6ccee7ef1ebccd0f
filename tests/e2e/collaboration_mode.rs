//! Collaboration modes to choose from (docs/contract/services.md#collaboration-modes).

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
