//! What passes between us and the model, for clients that ask for it (docs/contract/connection.md#capabilities).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Home};

fn model() -> MockModel {
    MockModel::start([
        Answer::new().call("c1", "exec_command", json!({"cmd": "echo hi"})),
        Answer::from("done"),
    ])
}

#[tokio::test]
async fn every_item_and_every_response_is_told_to_who_asks() {
    let model = model();
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"experimentalRawEvents": true})).await;
    let turn = app.run_turn(&thread, "Hi").await;

    let raw = turn.all("rawResponseItem/completed");
    let nameless = |item: &Value| {
        let mut item = item.clone();
        item.as_object_mut().unwrap().remove("id");
        item
    };
    let told: Vec<_> = raw.iter().map(|params| nameless(&params["item"])).collect();
    let sent: Vec<_> = model.requests()[1].input().iter().map(nameless).collect();
    assert_eq!(told[..sent.len()], sent, "as the model gets them, in that order");
    assert_eq!(told.len(), sent.len() + 1);
    let last = &raw[sent.len()]["item"];
    let message = turn.items_of("agentMessage")[0];
    assert_eq!(
        (&last["id"], &last["content"][0]["text"]),
        (&message["id"], &json!("done"))
    );
    for params in raw {
        assert_eq!(
            (&params["threadId"], &params["turnId"]),
            (&json!(thread), &json!(turn.id))
        );
    }

    let responses = turn.all("rawResponse/completed");
    assert_eq!(responses.len(), 2);
    let usage = turn.all("thread/tokenUsage/updated")[0];
    assert_eq!(responses[0]["usage"], usage["tokenUsage"]["last"]);
    let as_sent = &responses[0]["usageMetadata"];
    assert!(as_sent["amount"].is_null());
    assert_eq!(
        as_sent["metadata"]["input_tokens"],
        responses[0]["usage"]["inputTokens"]
    );

    let methods = turn.methods();
    let place = |method: &str| methods.iter().position(|found| *found == method).unwrap();
    assert!(place("rawResponse/completed") < place("thread/tokenUsage/updated"));

    // Between turns it belongs to none.
    let item =
        json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "By the way"}]});
    app.call(
        "thread/inject_items",
        json!({"threadId": thread, "items": [item]}),
    )
    .await;
    let injected = app
        .wait_where("rawResponseItem/completed", |params| {
            params["item"]["content"][0]["text"] == "By the way"
        })
        .await;
    assert_eq!(injected["turnId"], "");
}

#[tokio::test]
async fn others_hear_nothing_of_it() {
    let model = model();
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert!(turn.methods().iter().all(|method| !method.starts_with("raw")));
}

#[tokio::test]
async fn what_a_server_says_to_sum_up_is_told_too() {
    let model = MockModel::start([Answer::from("done"), Answer::from("The summary")]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"experimentalRawEvents": true})).await;
    app.run_turn(&thread, "Hi").await;
    app.call("thread/compact/start", json!({"threadId": thread}))
        .await;
    let told = app
        .wait_where("rawResponseItem/completed", |params| {
            params["item"]["content"][0]["text"] == "The summary"
        })
        .await;
    assert_eq!(told["item"]["role"], "assistant");
    app.stop().await;
}

#[tokio::test]
async fn a_sealed_summary_is_not_told_but_its_response_is() {
    let item = json!({"type": "compaction", "id": "cmp_1", "encrypted_content": "SEALED"});
    let sealed = Answer::new().event(json!({"type": "response.output_item.done", "item": item}));
    let model = MockModel::start([Answer::from("done"), sealed]);
    let home = Home::new(&model);
    let config = std::fs::read_to_string(home.codex().join("config.toml")).unwrap();
    home.write_config(&config.replace(r#"name = "mock""#, r#"name = "OpenAI""#));
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"experimentalRawEvents": true})).await;
    app.run_turn(&thread, "Hi").await;
    let mark = app.mark();
    app.call("thread/compact/start", json!({"threadId": thread}))
        .await;
    app.wait_where("item/completed", |params| {
        params["item"]["type"] == "contextCompaction"
    })
    .await;
    let told = app.notified_since(mark);
    let count = |wanted: &str| told.iter().filter(|method| *method == wanted).count();
    assert_eq!(
        (count("rawResponseItem/completed"), count("rawResponse/completed")),
        (0, 1)
    );
    app.stop().await;
}
