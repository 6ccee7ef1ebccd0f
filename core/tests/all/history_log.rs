//! Logs of threads: what is appended is in the file, in order, as whole lines.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use chrono::Local;
use codex_core::history::{
    Entry, Layout, LockError, LogPosition, LogWriter, NewLog, ResumedLog, SessionMeta, ThreadLog, WriterLock,
};
use codex_core::model::{ContentItem, Extra, KnownItem, ResponseItem};
use codex_core::{HistoryMode, Item, ItemBody, ModeKind, ThreadId, UserInput};
use serde_json::Value;

struct Fixture {
    home: tempfile::TempDir,
    writer: LogWriter,
    id: ThreadId,
    /// Tells the second in which the fixture was made.
    path: PathBuf,
    warnings: Arc<Mutex<Vec<String>>>,
}

impl Fixture {
    fn new() -> Self {
        let (home, id) = (tempfile::tempdir().expect("a folder"), ThreadId::new());
        Self {
            path: Layout::new(home.path()).rollout(id, Local::now()),
            home,
            writer: LogWriter::default(),
            id,
            warnings: Arc::default(),
        }
    }

    fn layout(&self) -> Layout {
        Layout::new(self.home.path())
    }

    fn path(&self) -> PathBuf {
        self.path.clone()
    }

    fn on_warning(&self) -> codex_core::history::OnWarning {
        let warnings = Arc::clone(&self.warnings);
        Arc::new(move |text| warnings.lock().expect("not poisoned").push(text))
    }

    fn create(&self) -> ThreadLog {
        self.create_with(None)
    }

    fn create_with(&self, lock: Option<WriterLock>) -> ThreadLog {
        ThreadLog::create(
            &self.writer,
            NewLog {
                layout: self.layout(),
                id: self.id,
                path: self.path(),
                meta: SessionMeta {
                    id: Some(self.id),
                    cwd: "/w".into(),
                    history_mode: Some(HistoryMode::Paginated),
                    ..SessionMeta::default()
                },
                position: LogPosition::default(),
                lock,
                on_warning: self.on_warning(),
            },
        )
    }
}

fn started(turn: &str) -> Entry {
    Entry::TurnStarted {
        turn_id: turn.into(),
        root_turn_id: turn.into(),
        started_at: 1,
        model_context_window: None,
        mode: ModeKind::Default,
        trigger: None,
        parent_turn_id: None,
    }
}

fn message(role: &str, text: &str) -> Entry {
    Entry::Response(ResponseItem::Known(KnownItem::Message {
        id: None,
        role: role.into(),
        content: vec![ContentItem::input_text(text)],
        phase: None,
        extra: Extra::new(),
    }))
}

fn user_item(text: &str) -> Entry {
    Entry::ItemCompleted {
        turn_id: "t1".into(),
        item: Box::new(Item {
            id: "u1".into(),
            started_at_ms: Some(1),
            completed_at_ms: Some(2),
            body: ItemBody::UserMessage {
                client_id: None,
                content: vec![UserInput::Text {
                    text: text.into(),
                    elements: Vec::new(),
                }],
            },
        }),
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("a file");
    assert!(text.ends_with('\n'));
    text.lines()
        .map(|l| serde_json::from_str(l).expect("a line of JSON"))
        .collect()
}

#[tokio::test]
async fn the_first_turn_makes_the_file() {
    let f = Fixture::new();
    let log = f.create();
    log.flushed().await;
    assert!(!f.path().exists());
    assert_eq!(log.path(), Some(&f.path()));
    log.append(vec![started("t1"), message("user", "hi"), user_item("hi")]);
    log.flushed().await;
    let lines = lines(&f.path());
    let kinds: Vec<_> = lines
        .iter()
        .map(|l| l["type"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(kinds, ["session_meta", "event_msg", "response_item", "event_msg"]);
    let ordinals: Vec<_> = lines.iter().map(|l| l["ordinal"].as_u64()).collect();
    assert_eq!(ordinals, [Some(0), Some(1), Some(2), Some(3)]);
    let of_kind = |kind: &str| lines.iter().find(|line| line["type"] == kind).unwrap();
    assert_eq!(of_kind("session_meta")["payload"]["id"], f.id.to_string());
    assert_eq!(of_kind("response_item")["metadata"]["history_sequence"], 1);
    let completed = lines
        .iter()
        .find(|line| line["payload"]["type"] == "item_completed");
    let item = &completed.unwrap()["payload"]["item"];
    assert_eq!(item["type"], "UserMessage");
    assert_eq!(item["content"][0]["text"], "hi");
    log.close().await.expect("saved");
    assert!(!f.layout().locks().join(format!("{}.lock", f.id)).exists());
}

#[tokio::test]
async fn a_loaded_thread_is_locked_and_a_resumed_one_goes_on_counting() {
    let f = Fixture::new();
    let log = f.create();
    log.materialise().await;
    assert_eq!(lines(&f.path()).len(), 1);
    assert!(matches!(WriterLock::take(&f.layout(), f.id), Err(LockError::Held { id, .. }) if id == f.id));
    log.close().await.expect("saved");
    let lock = WriterLock::take(&f.layout(), f.id).expect("free");
    std::fs::OpenOptions::new()
        .append(true)
        .open(f.path())
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"{\"torn"))
        .expect("writable");
    let resumed = ResumedLog {
        layout: f.layout(),
        id: f.id,
        session_id: f.id.to_string(),
        path: f.path(),
        lock,
        position: LogPosition {
            ordinal: 1,
            ..LogPosition::default()
        },
        torn: true,
        ordinals: true,
        on_warning: f.on_warning(),
    };
    let log = ThreadLog::resume(&f.writer, resumed).expect("the file is there");
    log.append(vec![started("t1")]);
    log.flushed().await;
    let text = std::fs::read_to_string(f.path()).expect("a file");
    let last: Value = serde_json::from_str(text.lines().last().expect("lines")).expect("JSON");
    assert_eq!(last["ordinal"], 1);
    assert!(text.lines().any(|line| line == "{\"torn"), "{text}");
    log.close().await.expect("saved");
}

#[tokio::test]
async fn what_the_disk_refuses_is_told_once_and_saved_later() {
    let f = Fixture::new();
    // A file in the way of the folder: nobody, not even root, can write below it.
    let sessions = f.layout().sessions();
    std::fs::write(&sessions, "").expect("writable");
    let log = f.create();
    log.append(vec![started("t1")]);
    log.flushed().await;
    log.append(vec![user_item("one")]);
    log.flushed().await;
    assert_eq!(f.warnings.lock().expect("not poisoned").len(), 1);
    assert!(log.problem().is_some());
    std::fs::remove_file(&sessions).expect("removable");
    log.append(vec![user_item("two")]);
    log.flushed().await;
    let lines = lines(&f.path());
    assert_eq!(lines.len(), 4);
    let last = lines.last().unwrap();
    assert_eq!(last["payload"]["item"]["content"][0]["text"], "two");
    assert_eq!(log.problem(), None);
    log.close().await.expect("saved");
}

#[tokio::test]
async fn what_is_not_saved_at_the_end_is_said() {
    let f = Fixture::new();
    std::fs::write(f.layout().sessions(), "").expect("writable");
    let log = f.create();
    log.append(vec![started("t1"), user_item("lost")]);
    let lost = log.close().await.expect_err("not saved");
    assert!(lost.contains(f.path().to_str().expect("UTF-8")), "{lost}");
}

#[tokio::test]
async fn what_waits_for_the_disk_is_bounded_and_its_loss_is_said() {
    let f = Fixture::new();
    let sessions = f.layout().sessions();
    std::fs::write(&sessions, "").expect("writable");
    let log = f.create();
    log.append(vec![started("t1")]);
    let large = "x".repeat(1 << 20);
    for _ in 0..80 {
        log.append(vec![user_item(&large)]);
        log.flushed().await;
    }
    let told = f.warnings.lock().expect("not poisoned").clone();
    assert_eq!(told.len(), 2, "{told:?}");
    let lost = |warning: &String| warning.starts_with("More than 64 MiB");
    assert!(told.last().is_some_and(lost), "{told:?}");
    std::fs::remove_file(&sessions).expect("removable");
    log.append(vec![user_item("after")]);
    log.flushed().await;
    let size = std::fs::metadata(f.path()).expect("a file").len();
    assert!(size > 60 << 20 && size < 66 << 20, "{size}");
    log.close().await.expect("saved");
}

/// So that a revert never lets others in.
#[tokio::test]
async fn a_log_goes_on_with_the_lock_that_it_is_given() {
    let f = Fixture::new();
    let lock = WriterLock::take(&f.layout(), f.id).expect("free");
    let log = f.create_with(Some(lock));
    log.append(vec![started("t1")]);
    log.flushed().await;
    assert_eq!(lines(&f.path()).len(), 2);
    assert!(WriterLock::is_held(&f.layout(), f.id));
    log.close().await.expect("saved");
    assert!(!WriterLock::is_held(&f.layout(), f.id));
}

/// Another program holds the lock of all lock files, in one of two homes.
#[tokio::test]
async fn a_lock_that_can_t_be_had_holds_up_its_thread_alone() {
    let stuck = Fixture::new();
    let free = Fixture {
        writer: stuck.writer.clone(),
        ..Fixture::new()
    };
    std::fs::create_dir_all(stuck.layout().locks()).expect("writable");
    let coordination = stuck.layout().locks().join(".coordination.lock");
    let holder = std::fs::File::create(&coordination).expect("writable");
    holder.lock().expect("free");
    let (waiting, other) = (stuck.create(), free.create());
    waiting.append(vec![started("t1")]);
    other.append(vec![started("t2")]);
    let patience = std::time::Duration::from_secs(30);
    let flushed = tokio::time::timeout(patience, other.flushed()).await;
    flushed.expect("it does not wait for the other");
    assert_eq!(lines(&free.path()).len(), 2);
    let flushed = tokio::time::timeout(patience, waiting.flushed()).await;
    flushed.expect("it waits for so long and no longer");
    let told = stuck.warnings.lock().expect("not poisoned").clone();
    assert_eq!(told.len(), 1);
    assert!(told[0].contains(".coordination.lock"), "{told:?}");
    assert!(free.warnings.lock().expect("not poisoned").is_empty());
    drop(holder);
    waiting.append(vec![user_item("two")]);
    waiting.flushed().await;
    assert_eq!(lines(&stuck.path()).len(), 3);
    waiting.close().await.expect("saved");
    other.close().await.expect("saved");
}

#[tokio::test]
async fn many_logs_keep_their_orders() {
    let f = Fixture::new();
    let fixtures: Vec<Fixture> = (0..8)
        .map(|_| Fixture {
            writer: f.writer.clone(),
            ..Fixture::new()
        })
        .collect();
    let logs: Vec<ThreadLog> = fixtures.iter().map(Fixture::create).collect();
    for n in 0..100 {
        for log in &logs {
            log.append(vec![message("user", &n.to_string())]);
            log.sync();
        }
    }
    for (f, log) in fixtures.iter().zip(&logs) {
        log.close().await.expect("saved");
        let lines = lines(&f.path());
        assert_eq!(lines.len(), 101);
        for (n, line) in lines[1..].iter().enumerate() {
            assert_eq!(line["payload"]["content"][0]["text"], n.to_string());
            assert_eq!(line["ordinal"], n + 1);
        }
    }
}
