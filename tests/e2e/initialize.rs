//! What a client says of itself, and what follows from it.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Home, Launch};

#[tokio::test]
async fn initialize_says_who_we_are() {
    let home = Home::empty();
    let app = Launch::new(&home).env("TERM", "xterm").spawn();
    let result = app.initialize(json!({})).await;
    assert_eq!(result["codexHome"], json!(home.codex()));
    assert_eq!(result["platformFamily"], "unix");
    assert_eq!(result["platformOs"], std::env::consts::OS);
    let agent = result["userAgent"].as_str().unwrap();
    assert!(agent.starts_with("e2e/0.171.0 ("), "{agent}");
    assert!(agent.ends_with(" xterm (e2e; 0.1.0)"), "{agent}");
}

#[tokio::test]
async fn nothing_works_before_initialize_and_initialize_works_once() {
    let home = Home::empty();
    let app = Launch::new(&home).spawn();
    let error = app.call_err("thread/loaded/list", json!({})).await;
    assert_eq!((error.code, error.message.as_str()), (-32600, "Not initialized"));
    assert_eq!(app.call_err("no/such/method", json!({})).await.code, -32601);

    let client = |name: &str| json!({"clientInfo": {"name": name, "version": "1"}});
    let error = app.call_err("initialize", client("two\nlines")).await;
    assert_eq!(error.code, -32600);
    assert!(
        error
            .message
            .starts_with("Invalid clientInfo.name: 'two\nlines'.")
    );
    app.call("initialize", client("")).await;
    let error = app.call_err("initialize", client("again")).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "Already initialized")
    );
}

#[tokio::test]
async fn requests_behind_initialize_need_not_wait_for_its_answer() {
    let home = Home::empty();
    let app = Launch::new(&home).spawn();
    app.write(
        b"{\"id\":\"a\",\"method\":\"initialize\",\"params\":{\"clientInfo\":{\"name\":\"x\",\"version\":\"1\"}}}\r\n\
          \n{\"id\":\"b\",\"method\":\"thread/loaded/list\",\"params\":{}}\n",
    )
    .await;
    app.response("a").await.unwrap();
    assert_eq!(app.response("b").await.unwrap()["data"], json!([]));
}

#[tokio::test]
async fn a_client_that_writes_jsonrpc_gets_it_back_on_every_frame() {
    let model = MockModel::start("Hello");
    let home = Home::new(&model);
    let app = Launch::new(&home).spawn();
    app.send(&json!({"jsonrpc": "2.0", "id": 1, "method": "initialize",
                     "params": {"clientInfo": {"name": "x", "version": "1"}}}))
        .await;
    app.response(1).await.unwrap();
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Hi").await;
    app.stop().await;
    for frame in app.frames() {
        assert_eq!(frame.json["jsonrpc"], "2.0", "{}", frame.json);
    }
}

#[tokio::test]
async fn other_clients_do_not_get_jsonrpc_and_notifications_tell_their_time() {
    let model = MockModel::start("Hello");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Hi").await;
    for frame in app.frames() {
        assert!(frame.json.get("jsonrpc").is_none(), "{}", frame.json);
        assert_eq!(
            frame.json["emittedAtMs"].is_i64(),
            frame.is_notification(),
            "{}",
            frame.json
        );
    }
}

#[tokio::test]
async fn a_client_does_not_hear_what_it_opted_out_of() {
    let model = MockModel::start(Answer::new().say_in("one two three", 3));
    let home = Home::new(&model);
    let app = Launch::new(&home).spawn();
    let unwanted = [
        "item/agentMessage/delta",
        "thread/started",
        "turn/start",
        "no/such",
    ];
    app.initialize(json!({"optOutNotificationMethods": unwanted}))
        .await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(turn.status(), "completed");
    let frames = app.frames();
    assert!(frames.iter().any(|frame| frame.method() == "item/completed"));
    for method in unwanted {
        assert!(frames.iter().all(|frame| frame.method() != method), "{method}");
    }
}

#[tokio::test]
async fn what_is_experimental_needs_the_capability() {
    let home = Home::empty();
    let app = Launch::new(&home).spawn();
    app.initialize(json!({})).await;
    let refusals = [
        (
            json!({"dynamicTools": []}),
            -32600,
            "thread/start.dynamicTools requires experimentalApi capability",
        ),
        (
            json!({"environments": []}),
            -32600,
            "thread/start.environments requires experimentalApi capability",
        ),
        (
            json!({"approvalPolicy": {"granular": {"mcp_elicitations": true, "rules": true, "sandbox_approval": true}}}),
            -32600,
            "askForApproval.granular requires experimentalApi capability",
        ),
    ];
    for (params, code, message) in refusals {
        let error = app.call_err("thread/start", params).await;
        assert_eq!((error.code, error.message.as_str()), (code, message));
    }
    // What cannot be read is refused for that reason.
    let error = app
        .call_err("thread/start", json!({"dynamicTools": [], "cwd": 5}))
        .await;
    assert_eq!(error.code, -32602);
    app.call("thread/start", json!({"dynamicTools": null})).await;
}

#[tokio::test]
async fn initialized_may_be_sent_at_any_time_and_any_number_of_times() {
    let home = Home::empty();
    let app = Launch::new(&home).spawn();
    app.notify("initialized", Value::Null).await;
    let error = app.call_err("thread/loaded/list", json!({})).await;
    assert_eq!(error.message, "Not initialized", "it takes more than that");
    let params = json!({"clientInfo": {"name": "x", "version": "1"}});
    app.call("initialize", params).await;
    for params in [Value::Null, json!({}), json!({"unknown": [1]})] {
        app.notify("initialized", params).await;
    }
    let loaded = app.call("thread/loaded/list", json!({})).await;
    assert_eq!(loaded["data"], json!([]));
    let answers = app.frames().into_iter().filter(|frame| !frame.is_notification());
    assert_eq!(answers.count(), 3, "notifications are not answered");
}
