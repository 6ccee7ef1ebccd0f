//! What is in a thread, whole or page by page (docs/contract/threads.md#reading).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Gate, Home, Launch};

struct Fixture {
    _model: MockModel,
    home: Home,
    app: App,
    id: String,
    turns: Vec<String>,
}

/// A thread with three turns, the second of which says something, runs a command and answers.
async fn with_turns() -> Fixture {
    let model = MockModel::start([
        Answer::from("one"),
        Answer::new()
            .say("on the way")
            .call("c1", "exec_command", json!({"cmd": "echo hi"})),
        Answer::from("two"),
        Answer::from("three"),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let id = app.start_thread(json!({})).await;
    let mut turns = Vec::new();
    for text in ["first", "second", "third"] {
        turns.push(app.run_turn(&id, text).await.id);
    }
    Fixture {
        _model: model,
        home,
        app,
        id,
        turns,
    }
}

impl Fixture {
    async fn page(&self, method: &str, more: Value) -> Value {
        self.app.call(method, self.params(more)).await
    }

    fn params(&self, more: Value) -> Value {
        let mut params = more;
        params["threadId"] = json!(self.id);
        params
    }
}

fn data(page: &Value) -> &[Value] {
    page["data"].as_array().unwrap()
}

fn ids(page: &Value) -> Vec<&str> {
    data(page)
        .iter()
        .map(|turn| turn["id"].as_str().unwrap())
        .collect()
}

/// Types of the items of a turn.
fn kinds(turn: &Value) -> Vec<&str> {
    let items = turn["items"].as_array().unwrap().iter();
    items.map(|item| item["type"].as_str().unwrap()).collect()
}

/// What is said or run in the rows of a page of items.
fn texts(page: &Value) -> Vec<&str> {
    let text = |row: &Value| match row["item"]["type"].as_str().unwrap() {
        "userMessage" => row["item"]["content"][0]["text"].clone(),
        "agentMessage" => row["item"]["text"].clone(),
        _ => row["item"]["id"].clone(),
    };
    let all = [
        "first",
        "one",
        "second",
        "on the way",
        "c1",
        "two",
        "third",
        "three",
    ];
    let rows = data(page).iter();
    rows.map(|row| *all.iter().find(|known| text(row) == **known).unwrap())
        .collect()
}

#[tokio::test]
async fn all_turns_come_with_a_notice_that_there_are_pages() {
    let f = with_turns().await;
    let mark = f.app.mark();
    let read = f.page("thread/read", json!({})).await;
    assert_eq!(read["thread"]["turns"], json!([]));
    assert!(f.app.notified_since(mark).is_empty());
    for method in ["thread/read", "thread/resume"] {
        let request = f
            .app
            .request(method, f.params(json!({"includeTurns": true})))
            .await;
        let read = f.app.response(request).await.unwrap();
        let turns = read["thread"]["turns"].as_array().unwrap();
        let found: Vec<_> = turns.iter().map(|turn| turn["id"].as_str().unwrap()).collect();
        assert_eq!(found, f.turns);
        let notice = f.app.wait_for("deprecationNotice").await;
        assert!(notice["summary"].as_str().unwrap().len() > 10, "{notice}");
        let frames = f.app.frames();
        let noticed = frames
            .iter()
            .rposition(|frame| frame.method() == "deprecationNotice");
        let answered = frames
            .iter()
            .position(|frame| frame.method().is_empty() && frame.json["id"] == json!(request));
        assert!(noticed < answered, "{method}: the notice comes first");
    }
    f.app.stop().await;
}

#[tokio::test]
async fn turns_are_listed_newest_first_with_a_summary_of_their_items() {
    let f = with_turns().await;
    let page = f.page("thread/turns/list", json!({})).await;
    let newest: Vec<_> = f.turns.iter().rev().map(String::as_str).collect();
    assert_eq!(ids(&page), newest);
    assert_eq!(page["nextCursor"], Value::Null);
    let second = &data(&page)[1];
    assert_eq!(second["itemsView"], "summary");
    assert_eq!(kinds(second), ["userMessage", "agentMessage"]);
    assert_eq!(second["items"][1]["text"], "two", "the last message of the agent");

    let full = f.page("thread/turns/list", json!({"itemsView": "full"})).await;
    assert_eq!(
        kinds(&data(&full)[1]),
        ["userMessage", "agentMessage", "commandExecution", "agentMessage"]
    );
    let bare = f
        .page("thread/turns/list", json!({"itemsView": "notLoaded"}))
        .await;
    assert!(data(&bare).iter().all(|turn| turn["items"] == json!([])));
    f.app.stop().await;
}

#[tokio::test]
async fn pages_of_turns_follow_each_other_in_either_direction() {
    let f = with_turns().await;
    let [one, two, three] = [&*f.turns[0], &*f.turns[1], &*f.turns[2]];
    let list = async |params: Value| f.page("thread/turns/list", params).await;
    let first = list(json!({"limit": 2})).await;
    assert_eq!(ids(&first), [three, two]);
    let rest = list(json!({"limit": 2, "cursor": first["nextCursor"]})).await;
    assert_eq!((ids(&rest), &rest["nextCursor"]), (vec![one], &Value::Null));
    // Back from where that page begins, which is the turn after the cursor's.
    let back = json!({"cursor": rest["backwardsCursor"], "sortDirection": "asc"});
    assert_eq!(ids(&list(back).await), [one, two, three]);
    let oldest = list(json!({"sortDirection": "asc", "limit": 1})).await;
    assert_eq!(ids(&oldest), [one]);
    let next = json!({"sortDirection": "asc", "limit": 1, "cursor": oldest["nextCursor"]});
    assert_eq!(ids(&list(next).await), [two]);
    let error = f
        .app
        .call_err("thread/turns/list", f.params(json!({"cursor": "zz"})))
        .await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "invalid cursor: zz")
    );
    f.app.stop().await;
}

#[tokio::test]
async fn a_running_turn_is_listed_with_what_is_done_of_it() {
    let model = MockModel::start([
        Answer::new()
            .say("on the way")
            .call("c1", "exec_command", json!({"cmd": "echo hi; read _ < go"})),
        Answer::from("done"),
    ]);
    let home = Home::new(&model);
    let mut go = Gate::new(home.work().join("go"));
    let app = App::start(&home).await;
    let id = app.start_thread(json!({})).await;
    let running = app.start_turn(&id, "Hi").await;
    app.wait_where("item/completed", |params| params["item"]["text"] == "on the way")
        .await;
    let params = json!({"threadId": id, "itemsView": "full"});
    let page = app.call("thread/turns/list", params).await;
    assert_eq!(ids(&page), [running.id.as_str()]);
    assert_eq!(data(&page)[0]["status"], "inProgress");
    assert_eq!(kinds(&data(&page)[0])[..2], ["userMessage", "agentMessage"]);
    let items = app.call("thread/items/list", json!({"threadId": id})).await;
    let found: Vec<_> = data(&items).iter().map(|row| &row["item"]["type"]).collect();
    assert_eq!(found, ["userMessage", "agentMessage"]);
    go.open();
    assert_eq!(app.end_of(running).await.status(), "completed");
    app.stop().await;
}

#[tokio::test]
async fn items_are_listed_oldest_first_with_their_turns_and_times() {
    let f = with_turns().await;
    let list = async |params: Value| f.page("thread/items/list", params).await;
    let all = [
        "first",
        "one",
        "second",
        "on the way",
        "c1",
        "two",
        "third",
        "three",
    ];
    let page = list(json!({})).await;
    assert_eq!((texts(&page), &page["nextCursor"]), (all.to_vec(), &Value::Null));
    for row in data(&page) {
        assert!(f.turns.iter().any(|turn| row["turnId"] == turn.as_str()));
        assert!(row["startedAtMs"].as_i64() <= row["completedAtMs"].as_i64());
        assert!(row["completedAtMs"].is_i64(), "{row}");
        assert!(row.get("outputDeferred").is_none());
    }
    let newest = list(json!({"sortDirection": "desc", "limit": 3})).await;
    assert_eq!(texts(&newest), ["three", "third", "two"]);
    let older = json!({"sortDirection": "desc", "limit": 2, "cursor": newest["nextCursor"]});
    assert_eq!(texts(&list(older).await), ["c1", "on the way"]);
    let newer = json!({"cursor": newest["backwardsCursor"]});
    assert_eq!(texts(&list(newer).await), ["three"]);
    let second = list(json!({"turnId": f.turns[1]})).await;
    assert_eq!(texts(&second), ["second", "on the way", "c1", "two"]);
    f.app.stop().await;
}

#[tokio::test]
async fn items_of_a_turn_are_listed_from_one_of_them_on() {
    let f = with_turns().await;
    let anchor = json!({"type": "item", "itemId": "c1"});
    let params = json!({"turnId": f.turns[1], "cursor": anchor});
    assert_eq!(texts(&f.page("thread/items/list", params).await), ["c1", "two"]);
    let params = json!({"turnId": f.turns[1], "cursor": anchor, "sortDirection": "desc"});
    assert_eq!(
        texts(&f.page("thread/items/list", params).await),
        ["c1", "on the way", "second"]
    );
    let refusals = [
        (
            json!({"cursor": anchor}),
            -32602,
            "turnId is required when cursor is an item anchor",
        ),
        (
            json!({"turnId": f.turns[0], "cursor": anchor}),
            -32602,
            "cursor.itemId does not identify an item in the requested history scope",
        ),
        (json!({"cursor": "zz"}), -32600, "invalid cursor: zz"),
    ];
    for (params, code, message) in refusals {
        let error = f.app.call_err("thread/items/list", f.params(params)).await;
        assert_eq!((error.code, error.message.as_str()), (code, message));
    }
    f.app.stop().await;
}

#[tokio::test]
async fn outputs_are_not_left_out_and_items_are_read_one_by_one() {
    let f = with_turns().await;
    let params = json!({"deferOutput": {"commandExecution": true, "mcpToolCall": true}});
    let page = f.page("thread/items/list", params).await;
    let command = |page: &Value| {
        let row = data(page).iter().find(|row| row["item"]["id"] == "c1");
        row.unwrap().clone()
    };
    let row = command(&page);
    assert_eq!(row["item"]["aggregatedOutput"], "hi\n");
    assert!(data(&page).iter().all(|row| row.get("outputDeferred").is_none()));

    let read = async |app: &App, turn: &str, items: Value| {
        let params = json!({"threadId": f.id, "turnId": turn, "itemIds": items});
        app.call("thread/items/read", params).await
    };
    let whole = read(&f.app, &f.turns[1], json!(["c1", "no such item"])).await;
    assert_eq!(data(&whole).len(), 1);
    assert_eq!(command(&whole)["item"]["aggregatedOutput"], "hi\n");
    assert_eq!(command(&whole)["turnId"], f.turns[1].as_str());
    let elsewhere = read(&f.app, &f.turns[0], json!(["c1"])).await;
    assert!(data(&elsewhere).is_empty(), "it belongs to another turn");
    for items in [json!([]), json!(vec!["c1"; 101])] {
        let params = json!({"threadId": f.id, "turnId": f.turns[1], "itemIds": items});
        let error = f.app.call_err("thread/items/read", params).await;
        assert_eq!(
            (error.code, error.message.as_str()),
            (-32600, "itemIds must contain 1 to 100 IDs")
        );
    }
    f.app.stop().await;
    let app = App::start(&f.home).await;
    assert_eq!(read(&app, &f.turns[1], json!(["c1"])).await, whole);
    app.stop().await;
}

#[tokio::test]
async fn a_thread_in_memory_has_no_preview() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let memory = app.start_thread(json!({"ephemeral": true})).await;
    app.run_turn(&memory, "Hi").await;
    let read = app.call("thread/read", json!({"threadId": memory})).await;
    assert_eq!(read["thread"]["preview"], "", "no list shows it");
    app.stop().await;
}

#[tokio::test]
async fn threads_in_memory_and_unknown_ones_have_no_pages() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let memory = app.start_thread(json!({"ephemeral": true})).await;
    let fresh = app.start_thread(json!({})).await;
    let nobody = "01900000-0000-7000-8000-000000000000";
    let refusals = [
        (
            "thread/turns/list",
            &*memory,
            -32600,
            "ephemeral threads do not support thread/turns/list".to_owned(),
        ),
        (
            "thread/items/list",
            &*memory,
            -32601,
            "thread/items/list is not supported yet".to_owned(),
        ),
        (
            "thread/turns/list",
            &*fresh,
            -32601,
            "list_turns is not supported yet".to_owned(),
        ),
        (
            "thread/turns/list",
            nobody,
            -32600,
            format!("thread not loaded: {nobody}"),
        ),
    ];
    for (method, id, code, message) in refusals {
        let error = app.call_err(method, json!({"threadId": id})).await;
        assert_eq!((error.code, error.message), (code, message), "{method}");
    }
    let params = json!({"threadId": memory, "turnId": "t", "itemIds": ["i"]});
    let error = app.call_err("thread/items/read", params.clone()).await;
    assert_eq!(
        error.message,
        "ephemeral threads do not support thread/items/read"
    );
    let term = json!({"threadId": memory, "searchTerm": "x"});
    let error = app.call_err("thread/searchOccurrences", term).await;
    assert_eq!(error.code, -32601);
    let attachment = json!({"threadId": memory, "attachmentType": "a", "identityKey": "b", "payload": 1});
    let error = app.call_err("thread/attachment/add", attachment).await;
    assert_eq!(error.code, -32602);
    app.stop().await;
    let app = Launch::new(&home).spawn();
    app.initialize(json!({})).await;
    let error = app.call_err("thread/items/read", params).await;
    assert_eq!(
        error.message,
        "thread/items/read requires experimentalApi capability"
    );
    app.stop().await;
}

#[tokio::test]
async fn a_thread_that_is_not_loaded_is_told_as_it_was_left_and_listed_by_where_it_began() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "One").await;
    let elsewhere = home.path().display().to_string();
    let choices = json!({"cwd": elsewhere, "model": "gpt-5.5", "effort": "low"});
    app.run_turn_with(&thread, "Two", choices).await;
    app.stop().await;
    let app = App::start(&home).await;
    let is_left = |thread: &Value| {
        assert_eq!(
            (&thread["cwd"], &thread["model"], &thread["reasoningEffort"]),
            (&json!(elsewhere), &json!("gpt-5.5"), &json!("low"))
        );
    };
    let params = json!({"threadId": thread});
    is_left(&app.call("thread/read", params.clone()).await["thread"]);
    let began = home.work().display().to_string();
    let listed = app.call("thread/list", json!({"cwd": began})).await;
    let row = &listed["data"][0];
    assert_eq!(
        (&row["cwd"], &row["model"], &row["reasoningEffort"]),
        (&json!(began), &json!("gpt-5.5"), &json!("low"))
    );
    app.call("thread/archive", params.clone()).await;
    is_left(&app.call("thread/read", params.clone()).await["thread"]);
    is_left(&app.call("thread/unarchive", params).await["thread"]);
    app.stop().await;
}
