//! What clients attach to threads (docs/contract/threads.md#attachments).

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use crate::support::{App, Home};

const NOBODY: &str = "01900000-0000-7000-8000-000000000000";
const UPDATED: &str = "thread/attachment/updated";

/// A program with so many threads that have had a turn each.
async fn with_threads(count: usize) -> (MockModel, Home, App, Vec<String>) {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let mut ids = Vec::new();
    for _ in 0..count {
        let id = app.start_thread(json!({})).await;
        app.run_turn(&id, "Hi").await;
        ids.push(id);
    }
    (model, home, app, ids)
}

fn ticket(thread: &str, key: &str) -> Value {
    json!({"threadId": thread, "attachmentType": "ticket", "identityKey": key})
}

async fn attach(app: &App, thread: &str, key: &str, payload: Value) -> Value {
    let mut params = ticket(thread, key);
    params["payload"] = payload;
    app.call("thread/attachment/add", params).await
}

async fn attached(app: &App, thread: &str) -> Vec<Value> {
    let page = app
        .call("thread/attachment/list", json!({"threadId": thread}))
        .await;
    assert_eq!(page["nextCursor"], Value::Null);
    page["data"].as_array().unwrap().clone()
}

/// Threads that have this ticket, with whether they are archived.
async fn owners(app: &App, more: Value) -> Vec<(String, bool)> {
    let mut params = json!({"attachmentType": "ticket", "identityKey": "A-1"});
    params
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let page = app.call("thread/attachmentOwner/list", params).await;
    let owners = page["data"].as_array().unwrap().iter();
    owners
        .map(|owner| {
            (
                owner["threadId"].as_str().unwrap().to_owned(),
                owner["archived"].as_bool().unwrap(),
            )
        })
        .collect()
}

#[tokio::test]
async fn an_attachment_is_added_once_listed_and_removed() {
    let (_model, home, app, ids) = with_threads(1).await;
    let id = &ids[0];
    let payload = json!({"url": "https://example.com/1", "rank": [1, null]});
    let added = attach(&app, id, "A-1", payload.clone()).await;
    assert_eq!(added["outcome"], "created");
    let attachment = &added["attachment"];
    assert_eq!(attachment["payload"], payload);
    assert_eq!(
        (&attachment["attachmentType"], &attachment["identityKey"]),
        (&json!("ticket"), &json!("A-1"))
    );
    let told = |operation: &str| {
        json!({"threadId": id, "attachmentId": attachment["id"], "attachmentType": "ticket",
               "identityKey": "A-1", "operation": operation})
    };
    assert_eq!(app.wait_for(UPDATED).await, told("created"));

    let mark = app.mark();
    let again = attach(&app, id, "A-1", json!("other")).await;
    assert_eq!(
        again,
        json!({"outcome": "existing", "attachment": attachment}),
        "it stays as it was"
    );
    assert_eq!(attached(&app, id).await, std::slice::from_ref(attachment));
    assert!(app.notified_since(mark).is_empty(), "nothing changed");
    app.stop().await;

    let app = App::start(&home).await;
    assert_eq!(
        attached(&app, id).await,
        std::slice::from_ref(attachment),
        "it was kept"
    );
    let remove = || app.call("thread/attachment/remove", ticket(id, "A-1"));
    assert_eq!(remove().await, json!({}));
    assert_eq!(app.wait_for(UPDATED).await, told("deleted"));
    let mark = app.mark();
    assert_eq!(remove().await, json!({}), "it may be repeated");
    assert!(attached(&app, id).await.is_empty());
    assert!(app.notified_since(mark).is_empty());
    app.stop().await;
}

#[tokio::test]
async fn attachments_are_listed_oldest_first_page_by_page() {
    let (_model, _home, app, ids) = with_threads(2).await;
    for key in ["C", "A", "B"] {
        attach(&app, &ids[0], key, json!(key)).await;
    }
    attach(&app, &ids[1], "D", json!("D")).await;
    let mut seen = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let params = json!({"threadId": ids[0], "limit": 2, "cursor": cursor});
        let page = app.call("thread/attachment/list", params).await;
        let rows = page["data"].as_array().unwrap().iter();
        seen.extend(rows.map(|row| row["identityKey"].as_str().unwrap().to_owned()));
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
        // It belongs to the list of this thread.
        let params = json!({"threadId": ids[1], "cursor": cursor});
        let error = app.call_err("thread/attachment/list", params).await;
        assert_eq!(
            (error.code, error.message.as_str()),
            (-32602, "invalid pagination cursor")
        );
    }
    assert_eq!(seen, ["C", "A", "B"]);
    app.stop().await;
}

#[tokio::test]
async fn the_threads_that_something_is_attached_to_are_found() {
    let (_model, _home, app, ids) = with_threads(3).await;
    for id in &ids {
        attach(&app, id, "A-1", json!(null)).await;
    }
    attach(&app, &ids[0], "A-2", json!(null)).await;
    app.call("thread/archive", json!({"threadId": ids[1]})).await;
    let all: Vec<_> = [(&ids[0], false), (&ids[1], true), (&ids[2], false)]
        .map(|(id, archived)| (id.clone(), archived))
        .into();
    assert_eq!(owners(&app, json!({})).await, all);
    assert_eq!(owners(&app, json!({"archived": true})).await, all[1..2]);
    let present = owners(&app, json!({"archived": false})).await;
    assert_eq!(present, [all[0].clone(), all[2].clone()]);

    let first = json!({"attachmentType": "ticket", "identityKey": "A-1", "limit": 2});
    let page = app.call("thread/attachmentOwner/list", first).await;
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
    let rest = owners(&app, json!({"cursor": page["nextCursor"]})).await;
    assert_eq!(rest, all[2..]);
    // A cursor belongs to its query.
    let other = json!({"attachmentType": "ticket", "identityKey": "A-2", "cursor": page["nextCursor"]});
    let error = app.call_err("thread/attachmentOwner/list", other).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32602, "invalid pagination cursor")
    );

    app.call("thread/delete", json!({"threadId": ids[2]})).await;
    assert_eq!(owners(&app, json!({})).await, all[..2]);
    app.stop().await;
}

#[tokio::test]
async fn what_names_nothing_is_refused() {
    let (_model, _home, app, ids) = with_threads(1).await;
    for (method, with_payload) in [
        ("thread/attachment/add", true),
        ("thread/attachment/remove", false),
    ] {
        let refused = async |mut params: Value| {
            if with_payload {
                params["payload"] = json!(1);
            }
            let error = app.call_err(method, params).await;
            assert_eq!(error.code, -32602, "{method}");
            error.message
        };
        assert!(
            refused(ticket("zz", "A-1"))
                .await
                .starts_with("invalid thread id: ")
        );
        let unknown = refused(ticket(NOBODY, "A-1")).await;
        assert_eq!(unknown, format!("thread not found: {NOBODY}"));
        let blank = refused(ticket(&ids[0], " ")).await;
        assert_eq!(blank, "identityKey must not be empty");
        let mut params = ticket(&ids[0], "A-1");
        params["attachmentType"] = json!("");
        assert_eq!(refused(params).await, "attachmentType must not be empty");
    }
    let params = json!({"threadId": NOBODY});
    let error = app.call_err("thread/attachment/list", params).await;
    assert_eq!(error.message, format!("thread not found: {NOBODY}"));
    let error = app
        .call_err("thread/attachment/list", json!({"threadId": "zz"}))
        .await;
    assert_eq!(error.code, -32602);
    assert!(attached(&app, &ids[0]).await.is_empty());
    app.stop().await;
}
