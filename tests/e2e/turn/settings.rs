//! Settings for the rest of a running turn (docs/contract/turns.md#settings-of-a-running-turn).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Config, Home};

#[tokio::test]
async fn settings_of_the_running_turn_hold_from_its_next_request_to_its_end() {
    let command = json!({"cmd": "true"});
    let model = MockModel::start([
        Answer::new().wait(300).call("c1", "exec_command", command),
        Answer::from("Done"),
        Answer::from("Next"),
    ]);
    let config = Config {
        model: "gpt-5.5".to_owned(),
        extra: "[features]\nstep_model_switching = true\n".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    let schema = json!({"type": "object"});
    let running = app
        .start_turn_with(&thread, "Go", json!({"outputSchema": schema}))
        .await;
    model.wait_for_requests(1).await.unwrap();
    let update = |turn: &str, more: Value| {
        let mut params = json!({"threadId": thread, "turnId": turn});
        params
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        params
    };
    let mark = app.mark();
    let change = update(&running.id, json!({"effort": "low", "serviceTier": "flex"}));
    let applied = app.call("turn/settings/update", change).await;
    assert_eq!(applied, json!({"status": "applied"}));
    let other = app
        .call("turn/settings/update", update("other", json!({"effort": "low"})))
        .await;
    assert_eq!(other, json!({"status": "targetUnavailable"}));
    let unknown = update(&running.id, json!({"model": "nobody-knows-it"}));
    let error = app.call_err("turn/settings/update", unknown).await;
    assert_eq!(error.message, "the destination model has only fallback metadata");
    let id = running.id.clone();
    app.end_of(running).await;
    let late = app
        .call("turn/settings/update", update(&id, json!({"effort": "low"})))
        .await;
    assert_eq!(late, json!({"status": "targetUnavailable"}));
    app.run_turn(&thread, "Again").await;
    let requests = model.requests();
    let seen = |request: usize| {
        let body = &requests[request].body;
        (body["reasoning"]["effort"].clone(), body["service_tier"].clone())
    };
    assert_eq!(seen(1), (json!("low"), json!("flex")));
    assert_eq!(seen(0), seen(2), "for this turn only");
    assert_eq!(requests[1].body["text"]["format"]["schema"], schema);
    let methods = app.notified_since(mark);
    assert!(
        !methods.contains(&"thread/settings/updated".to_owned()),
        "{methods:?}"
    );
    app.stop().await;
}

#[tokio::test]
async fn settings_of_a_turn_need_the_feature() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let params = json!({"threadId": thread, "turnId": "x", "effort": "low"});
    let error = app.call_err("turn/settings/update", params).await;
    assert_eq!(
        error.message,
        "turn settings updates require the step_model_switching feature"
    );
    app.stop().await;
}

#[tokio::test]
async fn who_answers_and_where_commands_run_may_be_changed_without_the_feature() {
    let model = MockModel::start(Answer::new().wait(300).say("ok"));
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let running = app.start_turn(&thread, "Go").await;
    let update = |more: Value| {
        let mut params = json!({"threadId": thread, "turnId": running.id});
        let members = params.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        params
    };
    for change in [
        json!({"approvalsReviewer": "auto_review"}),
        json!({"environments": []}),
    ] {
        let answer = app.call("turn/settings/update", update(change.clone())).await;
        assert_eq!(answer, json!({"status": "applied"}), "{change}");
    }
    for change in [
        json!({}),
        json!({"serviceTier": null}),
        json!({"approvalsReviewer": "user", "effort": "low"}),
    ] {
        let error = app.call_err("turn/settings/update", update(change.clone())).await;
        assert_eq!(error.code, -32600, "{change}");
    }
    let late = update(json!({"approvalsReviewer": "user"}));
    app.end_of(running).await;
    let answer = app.call("turn/settings/update", late).await;
    assert_eq!(answer, json!({"status": "targetUnavailable"}));
    app.stop().await;
}
