//! What users made is in a database of its own, and nothing that befalls the index, or another process, costs any of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use codex_core::history::{Layout, ListQuery, SortKey, ThreadStore};
use codex_core::{DatabaseProblem, Error, ThreadId};
use rusqlite::Connection;
use serde_json::json;

use crate::rollouts::{self, Size};

const SMALL: Size = Size { turns: 1, answer: 60 };

/// The tables of an index of version 4, as far as users filled them.
const OLD: &str = "
    CREATE TABLE rows(path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ms INTEGER NOT NULL, inode INTEGER NOT NULL,
        row TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE turn_maps(path TEXT PRIMARY KEY, end INTEGER NOT NULL, map TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE patches(thread_id TEXT PRIMARY KEY, patch TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE goals(thread_id TEXT PRIMARY KEY, goal TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE unread(
        thread_id TEXT PRIMARY KEY, from_start INTEGER NOT NULL, turn_id TEXT, revision TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE sections(id TEXT PRIMARY KEY, name TEXT NOT NULL, appearance TEXT, position INTEGER NOT NULL)
        WITHOUT ROWID;
    CREATE TABLE section_members(
        thread_id TEXT PRIMARY KEY, section_id TEXT NOT NULL, position REAL NOT NULL, entered_at INTEGER NOT NULL)
        WITHOUT ROWID;
    CREATE TABLE attachments(
        id TEXT PRIMARY KEY, thread_id TEXT NOT NULL, attachment_type TEXT NOT NULL, identity_key TEXT NOT NULL,
        payload TEXT NOT NULL, created_at INTEGER NOT NULL, UNIQUE(thread_id, attachment_type, identity_key))
        WITHOUT ROWID;
    PRAGMA user_version = 4;";

/// The error is of this kind, and tells which database it is.
fn assert_problem(error: &Error, expected: DatabaseProblem) {
    match error {
        Error::Database { problem, message } => {
            assert_eq!(*problem, expected, "{message}");
            assert!(message.contains("app-server-data.sqlite"), "{message}");
        }
        other => panic!("{other:?}"),
    }
}

struct Fixture {
    home: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        Self { home }
    }

    fn layout(&self) -> Layout {
        Layout::new(self.home.path())
    }

    /// A process on this home.
    fn store(&self) -> ThreadStore {
        ThreadStore::new(self.layout(), "mock")
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.home.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.collect()
    }

    /// An index of version 4 with 31 sections, and one of everything else for a thread.
    fn old_index(&self, id: ThreadId) {
        let db = Connection::open(self.layout().index()).unwrap();
        db.pragma_update(None, "journal_mode", "wal").unwrap();
        db.execute_batch(OLD).unwrap();
        for n in 0..31 {
            let section = (format!("s{n}"), format!("Section {n}"), n);
            db.execute("INSERT INTO sections VALUES (?1, ?2, NULL, ?3)", section)
                .unwrap();
        }
        let id = id.to_string();
        for (statement, value) in [
            ("INSERT INTO goals VALUES (?1, ?2)", "{\"objective\":\"ship\"}"),
            ("INSERT INTO patches VALUES (?1, ?2)", "{\"branch\":\"mine\"}"),
            ("INSERT INTO unread VALUES (?1, 1, NULL, ?2)", "r1"),
            ("INSERT INTO section_members VALUES (?1, ?2, 1.5, 7)", "s3"),
            (
                "INSERT INTO attachments VALUES ('a1', ?1, 'issue', ?2, '{}', 7)",
                "k",
            ),
        ] {
            db.execute(statement, [&*id, value]).unwrap();
        }
    }
}

async fn names(store: &ThreadStore) -> Vec<String> {
    let (sections, more) = store.sections(None, 100).await.unwrap();
    assert!(!more);
    sections.into_iter().map(|section| section.name).collect()
}

async fn listed(store: &ThreadStore) -> Vec<ThreadId> {
    let page = store.list(ListQuery::default()).await.unwrap();
    page.threads.iter().map(|info| info.id).collect()
}

fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{suffix}", path.display()));
    }
}

fn version(path: &Path) -> i64 {
    let db = Connection::open(path).unwrap();
    db.query_row("PRAGMA user_version", [], |r| r.get(0)).unwrap()
}

async fn check_taken_over(store: &ThreadStore, id: ThreadId) {
    assert_eq!(names(store).await.len(), 32);
    assert_eq!(store.goal(id).await.unwrap(), Some(json!({"objective": "ship"})));
    assert_eq!(store.attachments(id, None, 10).await.unwrap().0[0].key, "k");
    assert_eq!(store.read_state(id).await.unwrap().revision, "r1");
    let info = store.find(id).await.unwrap().unwrap().info;
    assert_eq!(info.section.unwrap().name, "Section 3");
    assert_eq!(info.git.unwrap().branch.as_deref(), Some("mine"));
}

#[test]
fn processes_that_race_take_over_what_an_old_index_holds_once() {
    let f = Fixture::new();
    let (id, _) = rollouts::paginated(&f.layout(), 1, SMALL);
    f.old_index(id);
    let (start, checked) = (std::sync::Barrier::new(4), std::sync::Barrier::new(4));
    let in_a_process = |first: usize| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async {
            let store = f.store();
            start.wait();
            // Some begin with the index, some with what users made.
            if first.is_multiple_of(2) {
                assert_eq!(listed(&store).await, [id]);
            }
            check_taken_over(&store, id).await;
            checked.wait();
            if first == 0 {
                store.delete_section("s5".into()).await.unwrap();
                store.create_section("Section 5 again", None).await.unwrap();
            }
        });
    };
    std::thread::scope(|scope| {
        for first in 0..4 {
            scope.spawn(move || in_a_process(first));
        }
    });
    assert_eq!(version(&f.layout().index()), 5);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(async {
        let names = names(&f.store()).await;
        assert_eq!(names.len(), 32);
        assert!(!names.contains(&"Section 5".to_owned()), "it has not come back");
        assert_eq!(names.last().unwrap(), "Section 5 again");
    });
}

#[tokio::test]
async fn an_old_index_that_lost_a_table_loses_nothing_else() {
    for damage in [
        "DROP TABLE rows",
        "DROP TABLE turn_maps",
        "ALTER TABLE rows DROP COLUMN inode",
    ] {
        let f = Fixture::new();
        let (id, _) = rollouts::paginated(&f.layout(), 1, SMALL);
        f.old_index(id);
        let db = Connection::open(f.layout().index()).unwrap();
        db.execute_batch(damage).unwrap();
        drop(db);
        let (first, second) = (f.store(), f.store());
        for store in [&first, &second] {
            assert_eq!(listed(store).await, [id]);
            check_taken_over(store, id).await;
        }
    }
}

#[tokio::test]
async fn an_old_index_that_is_damaged_gives_what_can_be_read() {
    let f = Fixture::new();
    let (id, _) = rollouts::paginated(&f.layout(), 1, SMALL);
    f.old_index(id);
    let index = f.layout().index();
    let db = Connection::open(&index).unwrap();
    let page: i64 = db
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'rows'",
            [],
            |r| r.get(0),
        )
        .unwrap();
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(db);
    let mut bytes = fs::read(&index).unwrap();
    let start = usize::try_from((page - 1) * 4096).unwrap();
    bytes[start..start + 4096].fill(0xa5);
    fs::write(&index, bytes).unwrap();
    let store = f.store();
    assert_eq!(listed(&store).await, [id]);
    check_taken_over(&store, id).await;
    check_taken_over(&f.store(), id).await;
}

#[tokio::test]
async fn two_processes_and_a_dropped_table_cost_no_section() {
    let f = Fixture::new();
    let (id, _) = rollouts::paginated(&f.layout(), 1, SMALL);
    let (first, second) = (f.store(), f.store());
    for n in 0..31 {
        let store = if n % 2 == 0 { &first } else { &second };
        store.create_section(&format!("Section {n}"), None).await.unwrap();
        assert_eq!(listed(store).await, [id]);
    }
    let db = Connection::open(f.layout().index()).unwrap();
    db.execute_batch("DROP TABLE rows").unwrap();
    drop(db);
    for store in [&first, &second] {
        assert_eq!(listed(store).await, [id]);
        store.create_section("one more", None).await.unwrap();
    }
    fs::write(f.layout().index(), "garbage ".repeat(5000)).unwrap();
    for store in [&f.store(), &first, &second] {
        assert_eq!(listed(store).await, [id]);
        assert_eq!(names(store).await.len(), 34);
    }
    let aside = |name: &String| name.contains("app-server-data.sqlite.");
    assert!(!f.files().iter().any(aside), "it is never set aside");
}

#[tokio::test]
async fn a_table_of_users_that_is_missing_costs_that_table() {
    let f = Fixture::new();
    let store = f.store();
    store.create_section("kept", None).await.unwrap();
    let db = Connection::open(f.layout().user_data()).unwrap();
    db.execute_batch("DROP TABLE goals").unwrap();
    let id = ThreadId::new();
    assert_eq!(store.goal(id).await.unwrap(), None);
    store.set_goal(id, Some(json!({}))).await.unwrap();
    assert_eq!(names(&store).await, ["Pinned", "kept"]);
}

#[tokio::test]
async fn a_damaged_database_of_users_is_told_at_each_use_and_left_as_it_is() {
    let f = Fixture::new();
    let (id, _) = rollouts::paginated(&f.layout(), 1, SMALL);
    let path = f.layout().user_data();
    let garbage = "not a database, but long enough to be looked at as one".repeat(40);
    fs::write(&path, &garbage).unwrap();
    let store = f.store();
    for _ in 0..2 {
        assert_eq!(listed(&store).await, [id]);
        for error in [
            store.set_goal(id, Some(json!({}))).await.unwrap_err(),
            store.goal(id).await.unwrap_err(),
            store.sections(None, 10).await.unwrap_err(),
            store.create_section("one", None).await.unwrap_err(),
            store.attachments(id, None, 10).await.unwrap_err(),
        ] {
            assert_problem(&error, DatabaseProblem::Damaged);
        }
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), garbage);
    // Somebody puts a sound one in its place.
    let other = Fixture::new();
    other.store().create_section("from a backup", None).await.unwrap();
    fs::copy(other.layout().user_data(), &path).unwrap();
    assert_eq!(names(&store).await, ["Pinned", "from a backup"]);
}

#[tokio::test]
async fn a_lock_is_an_error_of_that_use_and_not_of_the_next() {
    let f = Fixture::new();
    let id = ThreadId::new();
    let path = f.layout().user_data();
    // From the first use on, and in the midst.
    for round in 0..2 {
        let store = f.store();
        if round == 1 {
            store.goal(id).await.unwrap();
        }
        let db = Connection::open(&path).unwrap();
        db.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let error = store.set_goal(id, Some(json!({}))).await.unwrap_err();
        assert_problem(&error, DatabaseProblem::Busy);
        db.execute_batch("COMMIT").unwrap();
        store.set_goal(id, Some(json!({"round": round}))).await.unwrap();
        assert_eq!(store.goal(id).await.unwrap(), Some(json!({"round": round})));
    }
}

#[tokio::test]
async fn what_can_not_be_opened_now_can_be_opened_later() {
    let f = Fixture::new();
    let id = ThreadId::new();
    let path = f.layout().user_data();
    fs::create_dir(&path).unwrap();
    let store = f.store();
    let error = store.set_goal(id, Some(json!({}))).await.unwrap_err();
    assert_problem(&error, DatabaseProblem::Failed);
    fs::remove_dir(&path).unwrap();
    store.set_goal(id, Some(json!({}))).await.unwrap();
}

#[tokio::test]
async fn a_newer_version_that_comes_while_a_database_is_open_is_left_alone() {
    let f = Fixture::new();
    let (id, _) = rollouts::paginated(&f.layout(), 1, SMALL);
    let store = f.store();
    store.set_goal(id, Some(json!({"by": "us"}))).await.unwrap();
    assert_eq!(listed(&store).await, [id]);
    for path in [f.layout().user_data(), f.layout().index()] {
        let db = Connection::open(path).unwrap();
        db.pragma_update(None, "user_version", 99).unwrap();
    }
    let error = store.set_goal(id, Some(json!({}))).await.unwrap_err();
    assert_problem(&error, DatabaseProblem::Newer);
    assert!(store.goal(id).await.is_err());
    assert_eq!(listed(&store).await, [id]);
    let db = Connection::open(f.layout().user_data()).unwrap();
    let goal: String = db.query_row("SELECT goal FROM goals", [], |r| r.get(0)).unwrap();
    assert_eq!(goal, "{\"by\":\"us\"}");
}

#[tokio::test]
async fn a_database_that_is_deleted_under_several_processes_is_written_anew() {
    let f = Fixture::new();
    let (first, second) = (f.store(), f.store());
    first.create_section("one", None).await.unwrap();
    second.create_section("two", None).await.unwrap();
    for all in [true, false] {
        let path = f.layout().user_data();
        if all {
            remove(&path);
        } else {
            // Its log is left behind.
            fs::remove_file(&path).unwrap();
        }
        for store in [&first, &second, &f.store()] {
            assert_eq!(names(store).await, ["Pinned", "one", "two"]);
        }
    }
    second.create_section("three", None).await.unwrap();
    assert_eq!(names(&first).await, ["Pinned", "one", "two", "three"]);
}

#[tokio::test]
async fn databases_are_readable_by_their_user_only() {
    let f = Fixture::new();
    let (id, _) = rollouts::paginated(&f.layout(), 1, SMALL);
    // Older programs made theirs as the umask had it.
    f.old_index(id);
    let index = f.layout().index();
    fs::set_permissions(&index, fs::Permissions::from_mode(0o644)).unwrap();
    let store = f.store();
    assert_eq!(listed(&store).await, [id]);
    store.create_section("one", None).await.unwrap();
    for path in [index, f.layout().user_data()] {
        for suffix in ["", "-wal", "-shm"] {
            let path = PathBuf::from(format!("{}{suffix}", path.display()));
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
        }
    }
}

#[tokio::test]
async fn there_is_always_room_between_two_threads_of_a_section() {
    let f = Fixture::new();
    let ids: Vec<ThreadId> = (0..4)
        .map(|n| rollouts::paginated(&f.layout(), n, SMALL).0)
        .collect();
    let store = f.store();
    let section = store.create_section("s", None).await.unwrap().id;
    let to =
        |id: ThreadId, before: Option<ThreadId>| store.move_to_section(id, Some(section.clone()), before);
    for id in &ids {
        to(*id, None).await.unwrap();
    }
    let order = || async {
        let query = ListQuery {
            sort: SortKey::SectionPosition,
            section: Some(Some(section.clone())),
            descending: false,
            ..ListQuery::default()
        };
        let page = store.list(query).await.unwrap();
        page.threads.iter().map(|info| info.id).collect::<Vec<_>>()
    };
    // Each move halves the room in front of the last one.
    let [first, a, b, last] = ids[..] else {
        unreachable!()
    };
    for round in 0..120 {
        let (behind, front) = if round % 2 == 0 { (a, b) } else { (b, a) };
        to(behind, Some(last)).await.unwrap();
        assert_eq!(order().await, [first, front, behind, last], "after {round} moves");
    }
    // Members that have the same place already.
    let db = Connection::open(f.layout().user_data()).unwrap();
    db.execute("UPDATE section_members SET position = 7", []).unwrap();
    let before = order().await;
    to(before[3], Some(before[1])).await.unwrap();
    assert_eq!(order().await, [before[0], before[3], before[1], before[2]]);
}

#[tokio::test]
async fn a_thread_that_can_not_be_removed_whole_keeps_all() {
    let f = Fixture::new();
    let (id, path) = rollouts::paginated(&f.layout(), 1, SMALL);
    let store = f.store();
    store.set_goal(id, Some(json!({}))).await.unwrap();
    let db = Connection::open(f.layout().user_data()).unwrap();
    db.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = store.delete(id).await.unwrap_err();
    assert_problem(&error, DatabaseProblem::Busy);
    assert!(path.exists());
    db.execute_batch("COMMIT").unwrap();
    assert!(store.goal(id).await.unwrap().is_some());
    store.delete(id).await.unwrap();
    assert!(!path.exists());
    assert_eq!(store.goal(id).await.unwrap(), None);
}
