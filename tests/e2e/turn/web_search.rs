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
