//! Sections of the user's list of threads (docs/contract/threads.md#sections).

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use crate::support::{App, Home};

const PINNED: &str = "01984de2-8f74-7c91-a3b2-5c5e937cf318";
const NOBODY: &str = "01900000-0000-7000-8000-000000000000";

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

async fn create(app: &App, params: Value) -> Value {
    app.call("threadSection/create", params).await["section"].clone()
}

async fn names(app: &App) -> Vec<String> {
    let page = app.call("threadSection/list", json!({})).await;
    let sections = page["data"].as_array().unwrap().iter();
    sections
        .map(|section| section["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Asserts which threads are in a section, in the order that the user gave them.
async fn assert_members(app: &App, section: &Value, expected: &[&String]) {
    let params = json!({"sectionId": section, "sortKey": "section_position"});
    let page = app.call("thread/list", params).await;
    let threads = page["data"].as_array().unwrap().iter();
    let found: Vec<_> = threads.map(|thread| thread["id"].as_str().unwrap()).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn sections_are_created_changed_and_deleted_behind_the_built_in_one() {
    let (_model, home, app, _) = with_threads(0).await;
    let page = app.call("threadSection/list", json!({})).await;
    assert_eq!(page["data"][0]["id"], PINNED);
    assert_eq!(names(&app).await, ["Pinned"]);

    let looks = json!({"icon": "star", "color": "red"});
    let work = create(&app, json!({"name": " Work ", "appearance": looks})).await;
    assert_eq!((&work["name"], &work["appearance"]), (&json!("Work"), &looks));
    let twin = create(&app, json!({"name": "Work"})).await;
    assert_ne!(twin["id"], work["id"], "names may repeat");
    assert_eq!(twin["appearance"], Value::Null);

    let update = async |params: Value| app.call("threadSection/update", params).await["section"].clone();
    let renamed = update(json!({"sectionId": work["id"], "name": "Job"})).await;
    assert_eq!(
        (&renamed["name"], &renamed["appearance"]),
        (&json!("Job"), &looks)
    );
    let plain = update(json!({"sectionId": work["id"], "name": "Job", "appearance": null})).await;
    assert_eq!(plain["appearance"], Value::Null);
    assert_eq!(names(&app).await, ["Pinned", "Job", "Work"]);

    let first = app.call("threadSection/list", json!({"limit": 2})).await;
    assert_eq!(first["data"].as_array().unwrap().len(), 2);
    let params = json!({"limit": 2, "cursor": first["nextCursor"]});
    let rest = app.call("threadSection/list", params).await;
    assert_eq!(
        (&rest["data"], &rest["nextCursor"]),
        (&json!([twin]), &Value::Null)
    );

    let delete = json!({"sectionId": twin["id"]});
    assert_eq!(app.call("threadSection/delete", delete).await, json!({}));
    app.stop().await;
    let app = App::start(&home).await;
    assert_eq!(names(&app).await, ["Pinned", "Job"], "kept over a restart");
    app.stop().await;
}

#[tokio::test]
async fn the_built_in_section_and_unknown_ones_can_not_be_changed() {
    let (_model, _home, app, _) = with_threads(0).await;
    let refusals = [
        (
            "threadSection/create",
            json!({"name": " "}),
            "section name must not be empty".to_owned(),
        ),
        (
            "threadSection/update",
            json!({"sectionId": PINNED, "name": "Mine"}),
            "the built-in pinned section cannot be renamed".to_owned(),
        ),
        (
            "threadSection/delete",
            json!({"sectionId": PINNED}),
            "the built-in pinned section cannot be deleted".to_owned(),
        ),
        (
            "threadSection/update",
            json!({"sectionId": "zz", "name": "Mine"}),
            "thread section not found: zz".to_owned(),
        ),
        (
            "threadSection/delete",
            json!({"sectionId": "zz"}),
            "thread section not found: zz".to_owned(),
        ),
    ];
    for (method, params, message) in refusals {
        let error = app.call_err(method, params).await;
        assert_eq!((error.code, error.message), (-32602, message), "{method}");
    }
    assert_eq!(names(&app).await, ["Pinned"]);
    app.stop().await;
}

#[tokio::test]
async fn threads_are_moved_into_sections_within_them_and_out_of_them() {
    let (_model, home, app, ids) = with_threads(3).await;
    let section = create(&app, json!({"name": "Work"})).await["id"].clone();
    let place = async |thread: &str, more: Value| {
        let mut params = json!({"threadId": thread});
        params
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        assert_eq!(app.call("thread/section/move", params).await, json!({}));
        let told = app.wait_for("thread/section/changed").await;
        assert_eq!(told, json!({"threadId": thread, "sectionId": more["sectionId"]}));
    };
    for id in &ids {
        place(id, json!({"sectionId": section})).await;
    }
    assert_members(&app, &section, &[&ids[0], &ids[1], &ids[2]]).await;
    let before = json!({"sectionId": section, "beforeThreadId": ids[0]});
    place(&ids[2], before).await;
    assert_members(&app, &section, &[&ids[2], &ids[0], &ids[1]]).await;
    let read = app.call("thread/read", json!({"threadId": ids[0]})).await;
    assert_eq!(read["thread"]["section"]["name"], "Work");
    assert!(read["thread"]["sectionEnteredAt"].is_i64());

    place(&ids[1], json!({"sectionId": PINNED})).await;
    place(&ids[0], json!({"sectionId": null})).await;
    assert_members(&app, &section, &[&ids[2]]).await;
    assert_members(&app, &json!(PINNED), &[&ids[1]]).await;
    let loose = app.call("thread/list", json!({"sectionId": null})).await;
    assert_eq!(loose["data"].as_array().unwrap().len(), 1);
    assert_eq!(loose["data"][0]["id"], ids[0].as_str());
    assert_eq!(loose["data"][0]["section"], Value::Null);
    app.stop().await;

    // Kept; and a section that is deleted leaves its threads alone.
    let app = App::start(&home).await;
    assert_members(&app, &section, &[&ids[2]]).await;
    app.call("threadSection/delete", json!({"sectionId": section}))
        .await;
    assert_members(&app, &section, &[]).await;
    let read = app.call("thread/read", json!({"threadId": ids[2]})).await;
    assert_eq!(read["thread"]["section"], Value::Null);
    let all = app.call("thread/list", json!({})).await;
    assert_eq!(all["data"].as_array().unwrap().len(), 3);
    app.stop().await;
}

#[tokio::test]
async fn moves_that_lead_nowhere_are_refused_and_change_nothing() {
    let (_model, _home, app, ids) = with_threads(2).await;
    let memory = app.start_thread(json!({"ephemeral": true})).await;
    let params = json!({"threadId": ids[0], "sectionId": PINNED});
    app.call("thread/section/move", params).await;
    app.wait_for("thread/section/changed").await;
    let mark = app.mark();
    let refusals = [
        (
            json!({"threadId": ids[1], "sectionId": "zz"}),
            "section zz does not exist".to_owned(),
        ),
        (
            json!({"threadId": ids[0], "sectionId": PINNED, "beforeThreadId": ids[1]}),
            format!("before thread {} is not in section {PINNED}", ids[1]),
        ),
        (
            json!({"threadId": ids[0], "sectionId": null, "beforeThreadId": ids[1]}),
            "beforeThreadId requires a non-null sectionId".to_owned(),
        ),
        (
            json!({"threadId": NOBODY, "sectionId": PINNED}),
            format!("thread not found: {NOBODY}"),
        ),
        (
            json!({"threadId": memory, "sectionId": PINNED}),
            format!("ephemeral thread does not support metadata updates: {memory}"),
        ),
    ];
    for (params, message) in refusals {
        let error = app.call_err("thread/section/move", params).await;
        assert_eq!((error.code, error.message), (-32600, message));
    }
    let error = app
        .call_err("thread/section/move", json!({"threadId": ids[0]}))
        .await;
    assert_eq!(error.code, -32602, "where to must be said, even if it is nowhere");
    assert_members(&app, &json!(PINNED), &[&ids[0]]).await;
    assert!(app.notified_since(mark).is_empty());
    app.stop().await;
}
