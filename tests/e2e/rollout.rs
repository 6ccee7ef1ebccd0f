//! The files of threads (docs/contract/storage.md#compression).

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use crate::support::{App, Home};

fn age(path: &Path, days: u64) {
    let file = fs::File::options().append(true).open(path).unwrap();
    let then = SystemTime::now() - Duration::from_secs(days * 86_400);
    file.set_modified(then).unwrap();
}

#[tokio::test]
async fn threads_that_rested_for_a_week_are_compressed_and_resumed() {
    let model = MockModel::start(["one", "two", "three", "more"].map(Answer::from));
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let mut threads = Vec::new();
    for days in [30, 6, 30] {
        let id = app.start_thread(json!({})).await;
        app.run_turn(&id, "Hi").await;
        let read = app.call("thread/read", json!({"threadId": id})).await;
        let path = PathBuf::from(read["thread"]["path"].as_str().unwrap());
        threads.push((id, path, days));
    }
    app.stop().await;
    for (_, path, days) in &threads {
        age(path, *days);
    }
    let app = App::start(&home).await;
    // A thread that is loaded is in use.
    let (loaded, loaded_path, _) = &threads[2];
    app.call("thread/resume", json!({"threadId": loaded})).await;
    assert_eq!(app.call("rollout/compress", json!(null)).await, json!({}));
    let (id, path, _) = &threads[0];
    let packed = path.with_extension("jsonl.zst");
    let deadline = Instant::now() + Duration::from_secs(30);
    while path.exists() {
        assert!(Instant::now() < deadline, "it is not compressed");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(packed.exists() && threads[1].1.exists() && loaded_path.exists());
    let list = app.call("thread/list", json!({})).await;
    assert_eq!(list["data"].as_array().unwrap().len(), 3);
    let read = json!({"threadId": id, "includeTurns": true});
    let turns = app.call("thread/read", read).await["thread"]["turns"].clone();
    assert_eq!(turns.as_array().unwrap().len(), 1);
    // By the path that the client has known.
    let resumed = app
        .call("thread/resume", json!({"threadId": id, "path": path}))
        .await;
    assert_eq!(resumed["thread"]["turns"], turns);
    assert!(path.exists() && !packed.exists());
    app.run_turn(id, "More").await;
    app.stop().await;
}
