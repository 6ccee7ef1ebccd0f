//! Projects of the user (docs/contract/threads.md#projects).

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use crate::support::{App, Home};

async fn start() -> (MockModel, Home, App) {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    (model, home, app)
}

async fn create(app: &App, key: &str, name: &str) -> Value {
    let params = json!({"idempotencyKey": key, "name": name, "roots": []});
    let project = app.call("project/create", params).await["project"].clone();
    changed(app, &project["id"], "created").await;
    project
}

async fn changed(app: &App, id: &Value, how: &str) {
    let told = app.wait_for("project/changed").await;
    assert_eq!(told, json!({"projectId": id, "changeType": how}));
}

async fn refusal(app: &App, method: &str, params: Value) -> (i64, String) {
    let error = app.call_err(method, params).await;
    (error.code, error.message)
}

async fn names(app: &App) -> Vec<String> {
    let page = app.call("project/list", json!({})).await;
    let projects = page["data"].as_array().unwrap().iter();
    projects
        .map(|project| project["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_wish_makes_one_project_and_it_is_kept() {
    let (_model, home, app) = start().await;
    let wish =
        json!({"idempotencyKey": "k1", "name": " Shop ", "roots": [{"path": "/a"}, {"path": "/c/../d"}]});
    let made = app.call("project/create", wish.clone()).await;
    let id = made["project"]["id"].clone();
    changed(&app, &id, "created").await;
    assert_eq!(made["project"]["name"], "Shop");
    assert_eq!(made["project"]["roots"], json!([{"path": "/a"}, {"path": "/d"}]));
    assert_eq!(
        (&made["project"]["metadata"], &made["project"]["recencyAt"]),
        (&json!({}), &Value::Null)
    );
    let mark = app.mark();
    assert_eq!(app.call("project/create", wish.clone()).await, made);
    assert_eq!(app.call("project/read", json!({"projectId": id})).await, made);
    assert!(!app.notified_since(mark).contains(&"project/changed".to_owned()));

    let update = |what: Value| {
        let mut params = json!({"projectId": id});
        params
            .as_object_mut()
            .unwrap()
            .extend(what.as_object().unwrap().clone());
        params
    };
    let updated = app
        .call("project/update", update(json!({"metadata": {"color": "red"}})))
        .await;
    changed(&app, &id, "updated").await;
    assert_eq!(updated["project"]["metadata"], json!({"color": "red"}));
    let mark = app.mark();
    app.call("project/update", update(json!({"name": "Shop"}))).await;
    assert!(
        !app.notified_since(mark).contains(&"project/changed".to_owned()),
        "nothing has changed"
    );
    app.stop().await;

    let app = App::start(&home).await;
    assert_eq!(names(&app).await, ["Shop"]);
    assert_eq!(
        app.call("project/delete", json!({"projectId": id})).await,
        json!({})
    );
    changed(&app, &id, "deleted").await;
    let again = refusal(&app, "project/create", wish).await;
    assert_eq!(
        again,
        (-32602, "idempotency key refers to deleted project: k1".to_owned())
    );
    app.stop().await;
}

#[tokio::test]
async fn projects_have_an_order_and_pages() {
    let (_model, _home, app) = start().await;
    let mut ids = Vec::new();
    for name in ["A", "B", "C"] {
        ids.push(create(&app, name, name).await["id"].clone());
    }
    let first = app.call("project/list", json!({"limit": 2})).await;
    let cursor = format!("1|{}", ids[1].as_str().unwrap());
    assert_eq!(first["nextCursor"], cursor);
    let rest = app
        .call("project/list", json!({"limit": 2, "cursor": cursor}))
        .await;
    assert_eq!(
        (&rest["data"][0]["name"], &rest["nextCursor"]),
        (&json!("C"), &Value::Null)
    );

    app.call(
        "project/move",
        json!({"projectId": ids[2], "beforeProjectId": ids[0]}),
    )
    .await;
    changed(&app, &ids[2], "updated").await;
    assert_eq!(names(&app).await, ["C", "A", "B"]);
    app.call("project/move", json!({"projectId": ids[0]})).await;
    assert_eq!(names(&app).await, ["C", "B", "A"]);
    let newest = app.call("project/list", json!({"sortKey": "recencyAt"})).await;
    assert_eq!(newest["data"][0]["name"], "C");
    app.stop().await;
}

#[tokio::test]
async fn what_can_not_be_done_with_projects_is_said() {
    let (_model, _home, app) = start().await;
    let id = create(&app, "k", "A").await["id"].clone();
    let itself = format!("project {} cannot be moved before itself", id.as_str().unwrap());
    for (method, params, message) in [
        (
            "project/create",
            json!({"idempotencyKey": " ", "name": "x", "roots": []}),
            "idempotencyKey must not be empty",
        ),
        (
            "project/create",
            json!({"idempotencyKey": "n", "name": " ", "roots": []}),
            "project name must not be empty",
        ),
        (
            "project/create",
            json!({"idempotencyKey": "n", "name": "x", "roots": [{"path": "/a"}, {"path": "/a"}]}),
            "duplicate project root: /a",
        ),
        (
            "project/import",
            json!({"idempotencyKey": "n", "name": "x", "roots": [], "threads": ["zz"]}),
            "thread not found: zz",
        ),
        (
            "project/read",
            json!({"projectId": "zz"}),
            "project not found: zz",
        ),
        (
            "project/update",
            json!({"projectId": "zz", "name": "x"}),
            "project not found: zz",
        ),
        (
            "project/delete",
            json!({"projectId": "zz"}),
            "project not found: zz",
        ),
        (
            "project/move",
            json!({"projectId": "zz"}),
            "project not found: zz",
        ),
        (
            "project/move",
            json!({"projectId": id, "beforeProjectId": "zz"}),
            "before project not found: zz",
        ),
        (
            "project/move",
            json!({"projectId": id, "beforeProjectId": id}),
            itself.as_str(),
        ),
        (
            "project/list",
            json!({"cursor": "zz"}),
            "invalid project cursor: malformed or mismatched sort anchor",
        ),
        (
            "project/list",
            json!({"sortDirection": "asc"}),
            "sortDirection requires sortKey",
        ),
        ("thread/list", json!({"projectId": "zz"}), "project not found: zz"),
    ] {
        assert_eq!(
            refusal(&app, method, params).await,
            (-32602, message.to_owned()),
            "{method}"
        );
    }
    let nowhere = refusal(&app, "thread/start", json!({"projectId": "zz"})).await;
    assert_eq!(nowhere, (-32600, "project not found: zz".to_owned()));
    assert_eq!(names(&app).await, ["A"]);
    app.stop().await;
}

async fn project_of(app: &App, thread: &str) -> Value {
    app.call("thread/read", json!({"threadId": thread})).await["thread"]["projectId"].clone()
}

async fn moved(app: &App, thread: &str, project: &Value) {
    let told = app.wait_for("thread/project/updated").await;
    assert_eq!(told, json!({"threadId": thread, "projectId": project}));
}

#[tokio::test]
async fn threads_belong_to_projects_and_their_forks_do() {
    let (_model, home, app) = start().await;
    let a = create(&app, "a", "A").await["id"].clone();
    let b = create(&app, "b", "B").await["id"].clone();
    let started = app.call("thread/start", json!({"projectId": a})).await;
    assert_eq!(started["thread"]["projectId"], a);
    let thread = started["thread"]["id"].as_str().unwrap().to_owned();
    app.run_turn(&thread, "Hi").await;
    assert_eq!(project_of(&app, &thread).await, a);
    let page = app.call("project/list", json!({"sortKey": "recencyAt"})).await;
    assert_eq!(page["data"][0]["id"], a);
    assert!(page["data"][0]["recencyAt"].is_i64());
    let fork = app.call("thread/fork", json!({"threadId": thread})).await;
    assert_eq!(fork["thread"]["projectId"], a);

    let update = json!({"threadId": thread, "projectId": b});
    let answer = app.call("thread/metadata/update", update.clone()).await;
    assert_eq!(answer["thread"]["projectId"], b);
    moved(&app, &thread, &b).await;
    let mark = app.mark();
    app.call("thread/metadata/update", update).await;
    assert!(
        !app.notified_since(mark)
            .contains(&"thread/project/updated".to_owned())
    );
    let unknown = json!({"threadId": thread, "projectId": "zz"});
    let refused = refusal(&app, "thread/metadata/update", unknown).await;
    assert_eq!(refused, (-32600, "project not found: zz".to_owned()));
    let members = app.call("thread/list", json!({"projectId": b})).await;
    assert_eq!(members["data"].as_array().unwrap().len(), 1);
    assert_eq!(members["data"][0]["id"], thread);

    let import = json!({"idempotencyKey": "i", "name": "I", "roots": [], "threads": [thread]});
    let imported = app.call("project/import", import).await["project"]["id"].clone();
    changed(&app, &imported, "created").await;
    moved(&app, &thread, &imported).await;
    app.stop().await;

    let app = App::start(&home).await;
    assert_eq!(project_of(&app, &thread).await, imported, "kept over a restart");
    app.call("project/delete", json!({"projectId": imported})).await;
    moved(&app, &thread, &Value::Null).await;
    assert_eq!(project_of(&app, &thread).await, Value::Null);
    app.stop().await;
}
