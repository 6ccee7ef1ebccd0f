//! Searches that the server makes for the model (docs/contract/items-and-approvals.md#web-search).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Home};

#[tokio::test]
async fn what_a_search_does_not_say_is_null() {
    let done = |id: &str, action: Value| {
        json!({"type": "response.output_item.done", "item":
               {"type": "web_search_call", "id": id, "status": "completed", "action": action}})
    };
    let model = MockModel::start(
        Answer::new()
            .event(done("ws1", json!({"type": "search", "query": "a"})))
            .event(done("ws2", json!({"type": "search", "queries": ["b", "c"]})))
            .event(done("ws3", json!({"type": "open_page"})))
            .event(done("ws4", json!({"type": "find_in_page", "pattern": "p"})))
            .say("found"),
    );
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Search").await;
    let actions: Vec<_> = turn
        .items_of("webSearch")
        .iter()
        .map(|item| &item["action"])
        .collect();
    assert_eq!(
        actions,
        [
            &json!({"type": "search", "query": "a", "queries": null}),
            &json!({"type": "search", "query": null, "queries": ["b", "c"]}),
            &json!({"type": "openPage", "url": null}),
            &json!({"type": "findInPage", "url": null, "pattern": "p"}),
        ]
    );
}

#[tokio::test]
async fn a_search_begins_with_what_is_looked_for() {
    let action = json!({"type": "search", "query": "weather"});
    let search =
        |status: &str| json!({"type": "web_search_call", "id": "ws1", "status": status, "action": action});
    let model = MockModel::start(
        Answer::new()
            .event(json!({"type": "response.output_item.added", "item": search("in_progress")}))
            .event(json!({"type": "response.output_item.done", "item": search("completed")}))
            .say("found"),
    );
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Search").await;
    for method in ["item/started", "item/completed"] {
        let told = turn.all(method);
        let search = told.iter().find(|params| params["item"]["type"] == "webSearch");
        let item = &search.unwrap()["item"];
        assert_eq!(item["query"], "weather", "{method}");
        assert_eq!(
            item["action"],
            json!({"type": "search", "query": "weather", "queries": null}),
            "{method}"
        );
    }
}
