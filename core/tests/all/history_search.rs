//! The index of texts: a search finds with it what it finds without it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use codex_core::ThreadId;
use codex_core::history::{Layout, ListQuery, SortKey, ThreadStore};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::history_support::{StoredHome, walk};
use crate::rollouts;

const DAY: i64 = 24 * 60;
const TERMS: [&str; 24] = [
    "needle",
    "NEEDLE",
    "needle in",
    "äpfel",
    "ÄPFEL",
    "世界",
    "界，",
    "世",
    "ab",
    "x",
    "нить",
    "🧵🪡",
    "question 1",
    "straße",
    "STRASSE",
    "İstanbul",
    "istanbul",
    "σίσυφος",
    "ΣΊΣΥΦΟΣ",
    "FINAL",
    "nowhere at all",
    "line\nbreak",
    "  needle  ",
    "100%_\"'*",
];

/// Writes a thread in which the user says these texts, one after the other, a day after the previous one.
fn thread(layout: &Layout, day: i64, texts: &[&str]) -> (ThreadId, PathBuf) {
    let (id, at) = rollouts::thread_at(day * DAY);
    let path = layout.rollout(id, at);
    let mut text = String::new();
    let mut ordinal = 0;
    let mut add = |kind: &str, payload: Value| {
        text.push_str(&rollouts::line(Some(ordinal), kind, &payload));
        ordinal += 1;
    };
    add(
        "session_meta",
        json!({"id": id, "session_id": id, "timestamp": "2026-10-01T12:00:00.000Z",
            "cwd": if day % 3 == 1 { format!("/home/dev/project{day}") } else { "/home/dev/project".to_owned() },
            "originator": "test", "cli_version": "0.171.0", "source": "vscode", "model_provider": "mock",
            "history_mode": "paginated"}),
    );
    for (n, said) in texts.iter().enumerate() {
        rollouts::turn(&mut add, id, n, said, 30);
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    rest(&path);
    (id, path)
}

/// Makes a file look as if it had not been touched for an hour.
fn rest(path: &Path) {
    let file = fs::File::options().append(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(3600))
        .unwrap();
}

async fn found(store: &ThreadStore, term: &str, archived: bool) -> Vec<(ThreadId, String)> {
    let query = ListQuery {
        limit: 100,
        archived,
        ..ListQuery::default()
    };
    let token = CancellationToken::new();
    let (page, snippets) = store.search(query, term, &token, |_, _| ()).await.unwrap();
    page.threads.iter().map(|info| info.id).zip(snippets).collect()
}

async fn titled(store: &ThreadStore, part: &str) -> Vec<ThreadId> {
    let query = ListQuery {
        search: Some(part.to_owned()),
        limit: 3,
        ..ListQuery::default()
    };
    walk(store, &query).await
}

/// The threads of these folders, whose title has this part, in any order of lists.
async fn of_folders(store: &ThreadStore, folders: &[&str], part: Option<&str>) -> Vec<Vec<ThreadId>> {
    let mut found = Vec::new();
    for (sort, descending) in [
        (SortKey::Created, true),
        (SortKey::Created, false),
        (SortKey::Updated, true),
    ] {
        let query = ListQuery {
            cwds: (!folders.is_empty()).then(|| folders.iter().map(PathBuf::from).collect()),
            search: part.map(str::to_owned),
            sort,
            descending,
            limit: 2,
            ..ListQuery::default()
        };
        found.push(walk(store, &query).await);
    }
    found
}

/// Everything that can be asked.
async fn answers(store: &ThreadStore) -> Vec<String> {
    let mut all = Vec::new();
    for term in TERMS {
        for archived in [false, true] {
            all.push(format!(
                "{term:?} {archived} {:?}",
                found(store, term, archived).await
            ));
        }
        all.push(format!("{term:?} {:?}", titled(store, term).await));
    }
    for folders in [
        &["/home/dev/project"][..],
        &["/home//dev/project/.", "/home/dev/project4"],
        &["/home/dev"],
    ] {
        for part in [None, Some("e"), Some("ne"), Some("Ä")] {
            all.push(format!(
                "{folders:?} {part:?} {:?}",
                of_folders(store, folders, part).await
            ));
        }
    }
    all
}

fn database(layout: &Layout) -> PathBuf {
    layout.home().join("app-server-search.sqlite")
}

fn indexed(layout: &Layout) -> Vec<(String, i64)> {
    let Ok(db) = rusqlite::Connection::open(database(layout)) else {
        return Vec::new();
    };
    let read = || -> rusqlite::Result<Vec<(String, i64)>> {
        db.prepare("SELECT path, size FROM files")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    };
    read().unwrap_or_default()
}

/// Waits until the index covers these files as they are. It asks again and again: nobody is told.
async fn covered(layout: &Layout, paths: &[&PathBuf]) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let all = || {
        let known = indexed(layout);
        paths.iter().all(|path| {
            let size = i64::try_from(fs::metadata(path).unwrap().len()).unwrap();
            known.contains(&(path.to_str().unwrap().to_owned(), size))
        })
    };
    while !all() {
        assert!(Instant::now() < deadline, "waited in vain: {:?}", indexed(layout));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A home with all kinds of threads, in which nothing is indexed yet.
fn home() -> (StoredHome, Vec<PathBuf>) {
    let f = StoredHome::new();
    let layout = f.layout();
    let mut paths = Vec::new();
    let texts: [&[&str]; 9] = [
        &["a needle in the hay", "more hay"],
        &["hay", "and a NEEDLE\nat the end"],
        &["Äpfel und Birnen"],
        &["你好，世界！"],
        &["нить и Игла", "🧵🪡"],
        &["die Straße nach İstanbul", "ο Σίσυφος: ﬁnal"],
        &["100%_\"'* of a line\nbreak"],
        &["nothing"],
        &["question 1", "abx"],
    ];
    for (day, texts) in (0..).zip(texts) {
        paths.push(thread(&layout, day, texts).1);
    }
    let (_, path) = rollouts::legacy(&layout, 20 * DAY, rollouts::Size { turns: 2, answer: 60 });
    rest(&path);
    paths.push(path);
    // A fork: what it found before it began is in another file.
    let source = fs::metadata(&paths[0]).unwrap().len();
    let lines = u64::try_from(fs::read_to_string(&paths[0]).unwrap().lines().count()).unwrap();
    let (source_id, _) = rollouts::thread_at(0);
    let (fork, at) = rollouts::thread_at(21 * DAY);
    let path = layout.rollout(fork, at);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(
        &path,
        rollouts::based(fork, source_id, (lines, source), "and the fork"),
    )
    .unwrap();
    rest(&path);
    paths.push(path);
    // Compressed, and archived.
    let (_, path) = thread(&layout, 22, &["a compressed Needle"]);
    let packed = path.with_extension("jsonl.zst");
    fs::write(
        &packed,
        zstd::encode_all(fs::File::open(&path).unwrap(), 1).unwrap(),
    )
    .unwrap();
    rest(&packed);
    fs::remove_file(&path).unwrap();
    paths.push(packed);
    let (_, path) = thread(&layout, 23, &["an archived needle"]);
    fs::create_dir_all(layout.archived()).unwrap();
    let archived = layout.archived().join(path.file_name().unwrap());
    fs::rename(&path, &archived).unwrap();
    paths.push(archived);
    (f, paths)
}

#[tokio::test]
async fn searches_find_with_the_index_what_they_find_without_it() {
    let (f, paths) = home();
    let before = answers(&f.store).await;
    assert!(before.iter().any(|answer| answer.contains("the hay")));
    for term in ["STRASSE", "istanbul", "σίσυφος", "ΣΊΣΥΦΟΣ", "FINAL"] {
        assert_eq!(found(&f.store, term, false).await.len(), 1, "{term}");
    }
    covered(&f.layout(), &paths.iter().collect::<Vec<_>>()).await;
    assert_eq!(answers(&f.store).await, before, "the process that has indexed");
    let other = f.again();
    assert_eq!(answers(&other).await, before, "a new process");

    // What is new is found at once, and when it has been indexed.
    let (new, new_path) = thread(&f.layout(), 30, &["a brand new needle"]);
    let mut text = fs::read_to_string(&paths[7]).unwrap();
    let (grown, _) = rollouts::thread_at(7 * DAY);
    let mut add = |kind: &str, payload: Value| text.push_str(&rollouts::line(Some(50), kind, &payload));
    rollouts::turn(&mut add, grown, 1, "a needle that came later", 30);
    fs::write(&paths[7], text).unwrap();
    for indexed in [false, true] {
        if indexed {
            rest(&paths[7]);
            covered(&f.layout(), &[&new_path, &paths[7]]).await;
        }
        for store in [&f.store, &other, &f.again()] {
            let found = found(store, "needle", false).await;
            let ids: Vec<ThreadId> = found.iter().map(|(id, _)| *id).collect();
            assert!(ids.contains(&new) && ids.contains(&grown), "{indexed} {found:?}");
        }
    }
}

#[tokio::test]
async fn a_new_process_knows_of_many_files_in_many_folders_that_they_are_indexed() {
    let f = StoredHome::new();
    let layout = f.layout();
    let paths: Vec<PathBuf> = (0..600)
        .map(|day| thread(&layout, day, &["plain hay"]).1)
        .collect();
    assert_eq!(found(&f.store, "needle", false).await, []);
    covered(&layout, &paths.iter().collect::<Vec<_>>()).await;
    // What is not in the index is not found in files that it covers.
    for path in [&paths[0], &paths[300], &paths[599]] {
        let before = fs::metadata(path).unwrap().modified().unwrap();
        let text = fs::read_to_string(path).unwrap();
        fs::write(path, text.replace("plain hay", "a needle!")).unwrap();
        let file = fs::File::options().append(true).open(path).unwrap();
        file.set_modified(before).unwrap();
    }
    assert_eq!(found(&f.again(), "needle", false).await, []);
}

#[tokio::test]
async fn an_index_that_is_damaged_or_deleted_costs_no_result_and_is_made_anew() {
    let (f, paths) = home();
    let all: Vec<&PathBuf> = paths.iter().collect();
    let before = answers(&f.store).await;
    covered(&f.layout(), &all).await;
    let remove = || {
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{suffix}", database(&f.layout()).display()));
        }
    };
    remove();
    assert_eq!(answers(&f.store).await, before, "deleted under a process");
    let store = f.again();
    remove();
    fs::write(
        database(&f.layout()),
        "this is no database, and longer than a header of one".repeat(99),
    )
    .unwrap();
    assert_eq!(answers(&store).await, before, "damaged");
    covered(&f.layout(), &all).await;
    assert_eq!(answers(&store).await, before, "made anew");
}

#[tokio::test]
async fn threads_at_rest_are_compressed_and_read_as_before() {
    let (f, paths) = home();
    let layout = f.layout();
    let before = answers(&f.store).await;
    covered(&layout, &paths.iter().collect::<Vec<_>>()).await;
    assert_eq!(
        f.store.compress_cold(Duration::from_secs(7200)).await.unwrap(),
        0,
        "too young"
    );
    let (held, _) = rollouts::thread_at(0);
    let lock = codex_core::history::WriterLock::take(&layout, held).unwrap();
    // What a process left behind when it was killed.
    fs::write(paths[1].with_extension("compressing"), "half").unwrap();
    fs::write(paths[2].with_extension("jsonl.zst"), "not whole").unwrap();
    let figures = f.store.storage().await.unwrap();
    assert_eq!((figures.rollouts, figures.archived_rollouts), (13, 1));
    assert!(figures.rollout_bytes > figures.compressed_rollout_bytes && figures.index_bytes > 0);
    let compressed = f.store.compress_cold(Duration::from_secs(600)).await.unwrap();
    assert_eq!(
        compressed,
        paths.len() - 2,
        "all but the one that is held, and the one that is compressed"
    );
    assert!(paths[0].exists());
    for path in &paths[1..11] {
        let packed = path.with_extension("jsonl.zst");
        assert!(!path.exists() && packed.exists(), "{}", path.display());
        let age = fs::metadata(&packed)
            .unwrap()
            .modified()
            .unwrap()
            .elapsed()
            .unwrap();
        assert!(age > Duration::from_secs(3000), "{age:?}");
    }
    assert!(!paths[1].with_extension("compressing").exists());
    for store in [&f.store, &f.again()] {
        assert_eq!(answers(store).await, before);
    }
    drop(lock);
    // Under the path that a client may remember.
    let (id, _) = rollouts::thread_at(DAY);
    assert_eq!(f.store.find_path(paths[1].clone()).await.unwrap().info.id, id);
    assert_eq!(f.store.compress_cold(Duration::from_secs(600)).await.unwrap(), 1);
    assert_eq!(f.store.storage().await.unwrap().compressed_rollouts, 13);
}
