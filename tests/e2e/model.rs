//! The list of models, and news about the one at work (docs/contract/services.md#models, docs/contract/backend.md#models-endpoint).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Home};

fn ids(page: &Value) -> Vec<&str> {
    page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_built_in_models_come_in_their_order() {
    let home = Home::new(&MockModel::start("ok"));
    let app = App::start(&home).await;
    let page = app.call("model/list", json!({})).await;
    assert_eq!(
        ids(&page),
        [
            "gpt-6.2-sol",
            "gpt-6.2-astra",
            "gpt-6.1-terra",
            "gpt-6.1-sol",
            "gpt-6-astra",
            "gpt-6-sol",
            "gpt-6-luna",
            "gpt-5.6-sol",
            "gpt-5.6-terra",
            "gpt-5.6-luna",
            "gpt-5.5"
        ]
    );
    assert_eq!(page["nextCursor"], Value::Null);
    let defaults: Vec<bool> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["isDefault"] == true)
        .collect();
    assert!(defaults[0] && !defaults[1..].contains(&true));
    let first = &page["data"][0];
    assert_eq!(first["defaultReasoningEffort"], "low");
    assert_eq!(first["serviceTiers"][0]["id"], "priority");
    assert_eq!(first["inputModalities"], json!(["text", "image"]));
    let hidden = app.call("model/list", json!({"includeHidden": true})).await;
    assert_eq!(ids(&hidden).len(), 14);
    let version = |id: &str| {
        let models = hidden["data"].as_array().unwrap();
        let model = models.iter().find(|model| model["id"] == id).unwrap();
        model["multiAgentVersion"].clone()
    };
    assert_eq!(
        ["gpt-6.2-sol", "gpt-5.6-luna", "gpt-5.5"].map(version),
        [json!("v2"), json!("v1"), Value::Null]
    );
}

#[tokio::test]
async fn pages_follow_each_other() {
    let home = Home::new(&MockModel::start("ok"));
    let app = App::start(&home).await;
    let first = app.call("model/list", json!({"limit": 4})).await;
    assert_eq!((ids(&first).len(), &first["nextCursor"]), (4, &json!("4")));
    let last = app.call("model/list", json!({"limit": 7, "cursor": "4"})).await;
    assert_eq!(
        (ids(&last)[0], &last["nextCursor"]),
        ("gpt-6-astra", &Value::Null)
    );
    assert_eq!(ids(&app.call("model/list", json!({"limit": 0})).await).len(), 1);
    for cursor in ["x", "12"] {
        let error = app.call_err("model/list", json!({"cursor": cursor})).await;
        assert_eq!(error.code, -32600);
    }
    let error = app.call_err("model/list", json!({"modelProvider": "zz"})).await;
    assert_eq!(error.data["type"], "modelProviderNotConfigured");
    assert_eq!(error.data["modelProvider"], "zz");
}

#[tokio::test]
async fn a_model_that_nothing_is_known_of_is_warned_of_once() {
    let model = MockModel::start([
        Answer::from("one"),
        Answer::new().call("c1", "exec_command", json!({"cmd": "seq 1 40000"})),
        Answer::from("two"),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"model": "my-own"})).await;
    for text in ["Hi", "More"] {
        app.run_turn(&thread, text).await;
    }
    let told = app.notified_since(0);
    assert_eq!(told.iter().filter(|method| *method == "warning").count(), 1);
    let warning = app.wait_for("warning").await;
    assert!(
        warning["message"].as_str().unwrap().contains("`my-own`"),
        "{warning}"
    );
    // It gets 10,000 bytes of an output.
    let requests = model.requests();
    let output = requests[2].tool_output("c1").unwrap();
    assert!(
        output.len() < 10_400 && output.contains(" chars truncated…"),
        "{output}"
    );
}

#[tokio::test]
async fn another_model_that_answers_is_told_once() {
    let model = MockModel::start([Answer::new().header("openai-model", "other").event(
        json!({"type": "response.metadata", "metadata": {
            "openai_verification_recommendation": ["trusted_access_for_cyber"],
            "openai_chatgpt_moderation_metadata": {"a": 1}}}),
    )]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"model": "gpt-5.5"})).await;
    app.run_turn(&thread, "Hi").await;
    let rerouted = app.wait_for("model/rerouted").await;
    assert_eq!(rerouted["fromModel"], "gpt-5.5");
    assert_eq!(rerouted["toModel"], "other");
    assert_eq!(rerouted["reason"], "highRiskCyberActivity");
    let told = app.notified_since(0);
    let times = |method: &str| told.iter().filter(|m| *m == method).count();
    assert_eq!((times("model/rerouted"), times("warning")), (1, 1));
    let verification = app.wait_for("model/verification").await;
    assert_eq!(verification["verifications"], json!(["trustedAccessForCyber"]));
    assert_eq!(
        app.wait_for("turn/moderationMetadata").await["metadata"],
        json!({"a": 1})
    );
}

#[tokio::test]
async fn a_response_that_waits_for_a_safety_check_is_told() {
    let buffering = json!({"use_cases": ["cyber"], "reasons": ["policy"], "retry_model": "gpt-5.1"});
    let model = MockModel::start(
        Answer::new()
            .event(json!({"type": "response.metadata", "safety_buffering": buffering}))
            .say("ok"),
    );
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"model": "gpt-5.5"})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!((turn.status(), &*turn.text()), ("completed", "ok"));
    assert_eq!(
        turn.all("model/safetyBuffering/updated"),
        [
            &json!({"threadId": thread, "turnId": turn.id, "model": "gpt-5.5", "useCases": ["cyber"],
                "reasons": ["policy"], "fasterModel": "gpt-5.1", "showBufferingUi": true})
        ]
    );
}
