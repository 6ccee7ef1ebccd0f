//! Lines and their answers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{App, Home};

#[tokio::test]
async fn errors_say_which_kind_they_are() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let cases = [
        (r#"{"id":1,"method":"no/such"}"#, json!(1), -32601),
        (
            r#"{"id":2,"method":"thread/unsubscribe","params":{}}"#,
            json!(2),
            -32602,
        ),
        (
            r#"{"id":3,"method":"thread/unsubscribe","params":{"threadId":5}}"#,
            json!(3),
            -32602,
        ),
        (
            r#"{"id":4,"method":"thread/unsubscribe","params":[]}"#,
            json!(4),
            -32602,
        ),
        (
            r#"{"id":5,"method":"thread/unsubscribe","params":{"threadId":"zz"}}"#,
            json!(5),
            -32600,
        ),
        (r#"{"id":6,"method":7}"#, json!(6), -32600),
        (r#"{"id":13}"#, json!(13), -32600),
        (r#"{"id":7.5,"method":"thread/loaded/list"}"#, Value::Null, -32600),
        (
            r#"{"id":null,"method":"thread/loaded/list"}"#,
            Value::Null,
            -32600,
        ),
        (r#"{"method":5}"#, Value::Null, -32600),
        ("[]", Value::Null, -32600),
        ("5", Value::Null, -32600),
        ("{", Value::Null, -32700),
        ("hello", Value::Null, -32700),
    ];
    for (line, id, code) in cases {
        assert_eq!(code_of(&app, line).await, (id, json!(code)), "{line}");
    }
    let answer = answer_to(&app, b"{\"id\":8,\"method\":\"\xff\"}").await;
    assert_eq!(
        (&answer["id"], &answer["error"]["code"]),
        (&Value::Null, &json!(-32700))
    );
    // Strange, but harmless.
    for line in [
        r#"{"id":99,"result":{}}"#,
        r#"{"id":"x","error":{"code":1,"message":"m"}}"#,
        r#"{"method":"no/such"}"#,
    ] {
        app.write(format!("{line}\n").as_bytes()).await;
    }
    app.call("thread/loaded/list", Value::Null).await;
}

#[tokio::test]
async fn a_line_that_is_too_long_is_refused_and_the_next_one_served() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let piece = vec![b'x'; 1 << 20];
    app.write(b"{\"id\":1,\"method\":\"").await;
    for _ in 0..65 {
        app.write(&piece).await;
    }
    let answer = answer_to(&app, b"\"}").await;
    assert_eq!(
        (&answer["id"], &answer["error"]["code"]),
        (&Value::Null, &json!(-32600))
    );
    app.call("thread/loaded/list", json!({})).await;
}

#[tokio::test]
async fn a_long_line_within_the_limit_is_served() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let text = "x".repeat(20 << 20);
    let error = app.call_err("thread/loaded/list", json!({"cursor": text})).await;
    assert_eq!(error.code, -32600);
}

#[tokio::test]
async fn the_last_line_needs_no_end() {
    let home = Home::empty();
    let app = App::start(&home).await;
    app.write(br#"{"id":"last","method":"thread/loaded/list","params":{}}"#)
        .await;
    app.close_stdin().await;
    app.response("last").await.unwrap();
    let (status, time) = app.exit().await;
    assert!(
        status.success() && time < Duration::from_secs(1),
        "{status} after {time:?}"
    );
}

#[tokio::test]
async fn every_one_of_a_burst_of_requests_is_answered_once() {
    const BURST: usize = 5_000;
    let home = Home::empty();
    let app = App::start(&home).await;
    let mut lines = String::new();
    for id in 0..BURST {
        let line = match id % 4 {
            0 => json!({"id": format!("r{id}"), "method": "thread/loaded/list", "params": {}}),
            1 => {
                json!({"id": format!("r{id}"), "method": "thread/unsubscribe", "params": {"threadId": "zz"}})
            }
            2 => json!({"id": format!("r{id}"), "method": "no/such"}),
            _ => json!({"id": format!("r{id}"), "method": "thread/unsubscribe",
                        "params": {"threadId": "00000000-0000-0000-0000-000000000000"}}),
        };
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    app.write(lines.as_bytes()).await;
    app.stop().await;
    app.end_of_output().await;
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    for frame in app.frames() {
        if let Some(id) = frame.json["id"].as_str() {
            *answers.entry(id.to_owned()).or_default() += 1;
        }
    }
    assert_eq!(answers.len(), BURST);
    assert!(answers.values().all(|count| *count == 1));
}

#[tokio::test]
async fn two_requests_with_one_id_are_both_answered() {
    let home = Home::empty();
    let app = App::start(&home).await;
    app.write(
        b"{\"id\":7,\"method\":\"thread/loaded/list\"}\n{\"id\":7,\"method\":\"thread/loaded/list\"}\n",
    )
    .await;
    app.response(7).await.unwrap();
    app.response(7).await.unwrap();
}

/// Sends a line and gives the next answer, whatever its id.
async fn answer_to(app: &App, line: &[u8]) -> Value {
    app.write(line).await;
    app.write(b"\n").await;
    let (_, frame) = app
        .wait_frame("an answer", |frame| frame.json.get("method").is_none())
        .await;
    frame.json
}

async fn code_of(app: &App, line: &str) -> (Value, Value) {
    let answer = answer_to(app, line.as_bytes()).await;
    (answer["id"].clone(), answer["error"]["code"].clone())
}
