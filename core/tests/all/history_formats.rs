//! Stored threads of every form that a file may have: compressed, legacy, from before the line format.

use std::fs;
use std::path::PathBuf;

use codex_core::history::{ListQuery, TurnsQuery};
use codex_core::{HistoryMode, ItemBody, ItemsView, TurnStatus};

use crate::history_support::{StoredHome, find, turns, walk};
use crate::rollouts::{self, Size};

const SMALL: Size = Size { turns: 3, answer: 60 };

#[tokio::test]
async fn compressed_files_are_read() {
    let f = StoredHome::new();
    let (id, path) = rollouts::paginated(&f.layout(), 1, SMALL);
    let plain = turns(&f.store, id).await;
    let bytes = fs::read(&path).unwrap();
    let packed = PathBuf::from(format!("{}.zst", path.display()));
    fs::write(&packed, zstd::encode_all(&bytes[..], 3).unwrap()).unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(walk(&f.store, &ListQuery::default()).await, [id]);
    assert_eq!(turns(&f.store, id).await, plain);
}

#[tokio::test]
async fn legacy_files_are_read_as_their_time_meant_them() {
    let f = StoredHome::new();
    let layout = f.layout();
    let (id, at) = rollouts::thread_at(5);
    let path = layout.rollout(id, at);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let event = |payload| rollouts::line(None, "event_msg", &payload);
    let text = [
        rollouts::line(
            None,
            "session_meta",
            &serde_json::json!({"id": id, "timestamp": "2025-09-20T10:00:00.000Z",
            "cwd": "/w", "originator": "cli", "cli_version": "0.40.0", "instructions": null}),
        ),
        "garbage\n".into(),
        event(serde_json::json!({"type": "user_message", "message": "one"})),
        event(serde_json::json!({"type": "agent_reasoning", "text": "r1"})),
        event(serde_json::json!({"type": "agent_reasoning", "text": "r2"})),
        event(serde_json::json!({"type": "agent_message", "message": "a1"})),
        event(serde_json::json!({"type": "news_from_the_future", "x": 1})),
        event(serde_json::json!({"type": "user_message", "message": "two"})),
        event(serde_json::json!({"type": "turn_aborted", "reason": "interrupted"})),
        event(serde_json::json!({"type": "user_message", "message": "dropped"})),
        event(serde_json::json!({"type": "thread_rolled_back", "num_turns": 1})),
        event(serde_json::json!({"type": "task_started", "turn_id": "T"})),
        event(serde_json::json!({"type": "user_message", "message": "three"})),
        event(serde_json::json!({"type": "user_message", "message": "steer"})),
    ];
    fs::write(&path, text.concat()).unwrap();
    let stored = find(&f.store, id).await;
    assert_eq!(stored.info.history_mode, HistoryMode::Legacy);
    assert_eq!(stored.info.source, "vscode");
    assert_eq!(stored.info.model_provider, "mock");
    let all = turns(&f.store, id).await;
    let shape: Vec<(&str, TurnStatus, Vec<&str>)> = all
        .iter()
        .map(|t| {
            (
                t.id.as_str(),
                t.status,
                t.items.iter().map(|i| i.id.as_str()).collect(),
            )
        })
        .collect();
    assert_eq!(
        shape,
        [
            (
                "rollout-1",
                TurnStatus::Completed,
                vec!["item-1", "item-2", "item-3"]
            ),
            ("rollout-6", TurnStatus::Interrupted, vec!["item-4"]),
            ("T", TurnStatus::Interrupted, vec!["item-5", "item-6"]),
        ]
    );
    assert!(matches!(&all[0].items[1].body, ItemBody::Reasoning { summary, .. } if *summary == ["r1", "r2"]));
    let query = TurnsQuery {
        limit: 1,
        cursor: None,
        descending: true,
        view: ItemsView::Summary,
        running: None,
    };
    let page = f.store.turns_page(id, path, query).await.unwrap();
    assert_eq!(
        page.next_cursor.as_deref(),
        Some(r#"{"turnId":"T","includeAnchor":false}"#)
    );
}

#[tokio::test]
async fn files_from_before_the_envelope_are_not_listed() {
    let f = StoredHome::new();
    let (id, at) = rollouts::thread_at(5);
    let path = f.layout().rollout(id, at);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(
        &path,
        format!("{{\"id\":\"{id}\",\"timestamp\":\"x\",\"instructions\":null}}\n"),
    )
    .unwrap();
    assert!(walk(&f.store, &ListQuery::default()).await.is_empty());
    let error = f.store.find(id).await.unwrap_err().to_string();
    assert!(
        error.starts_with("failed to read thread: ") && error.ends_with("is empty"),
        "{error}"
    );
    assert!(f.store.find(rollouts::nobody()).await.unwrap().is_none());
}
