//! Citations of memories inside of messages (docs/contract/items-and-approvals.md#memory-citations).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use crate::support::{App, Home};

#[tokio::test]
async fn citations_of_memories_are_no_text_but_a_member_of_the_message() {
    let text = "Answer.\n<oai-mem-citation>\n<citation_entries>\nMEMORY.md:1-2|note=[why]\n</citation_entries>\n\
        <rollout_ids>\nthread-1\n</rollout_ids>\n</oai-mem-citation>Bye";
    let model = MockModel::start([
        Answer::new().say_in(text, 11),
        Answer::new().say("Hm <oai-mem-citation>never closed"),
        Answer::from("Fine"),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(turn.streamed("item/agentMessage/delta"), "Answer.\nBye");
    let message = turn.items_of("agentMessage")[0];
    let citation = json!({
        "entries": [{"path": "MEMORY.md", "lineStart": 1, "lineEnd": 2, "note": "why"}],
        "threadIds": ["thread-1"],
    });
    assert_eq!(
        (&message["text"], &message["memoryCitation"]),
        (&json!("Answer.\nBye"), &citation)
    );
    let turn = app.run_turn(&thread, "And?").await;
    let message = turn.items_of("agentMessage")[0];
    assert_eq!(
        (&message["text"], &message["memoryCitation"]),
        (&json!("Hm "), &json!(null))
    );
    app.stop().await;

    let app = App::start(&home).await;
    app.call("thread/resume", json!({"threadId": thread})).await;
    let read = app
        .call("thread/read", json!({"threadId": thread, "includeTurns": true}))
        .await;
    assert_eq!(read["thread"]["turns"][0]["items"][1]["memoryCitation"], citation);
    app.run_turn(&thread, "Once more").await;
    let requests = model.requests();
    let said = requests[2]
        .input()
        .iter()
        .find(|item| item["role"] == "assistant")
        .unwrap();
    assert_eq!(said["content"][0]["text"], text, "the model reads its own words");
}
