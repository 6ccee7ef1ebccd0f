//! The index follows the files without being asked, once the first list has been answered.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::history_support::{StoredHome, within_a_second};
use crate::rollouts::{self, Size};

const SMALL: Size = Size { turns: 1, answer: 60 };
const SILENT: Size = Size { turns: 0, answer: 0 };

struct Fixture(StoredHome);

impl std::ops::Deref for Fixture {
    type Target = StoredHome;

    fn deref(&self) -> &StoredHome {
        &self.0
    }
}

impl Fixture {
    fn new() -> Self {
        Self(StoredHome::new())
    }

    /// What the index holds of a file.
    fn row(&self, path: &Path) -> Option<serde_json::Value> {
        let db = rusqlite::Connection::open(self.layout().index()).unwrap();
        let text: String = db
            .query_row("SELECT row FROM rows WHERE path = ?1", [path.to_str()], |row| {
                row.get(0)
            })
            .ok()?;
        Some(serde_json::from_str(&text).unwrap())
    }

    /// How much of a file the index knows the turns of.
    fn mapped(&self, path: &Path) -> Option<i64> {
        let db = rusqlite::Connection::open(self.layout().index()).unwrap();
        let query = "SELECT end FROM turn_maps WHERE path = ?1";
        db.query_row(query, [path.to_str()], |row| row.get(0)).ok()
    }

    fn preview(&self, path: &Path) -> Option<String> {
        self.row(path)?["preview"].as_str().map(str::to_owned)
    }

    /// Lists, and waits until the daemon watches: until it notices a thread that begins now.
    async fn watched(&self, minute: i64) {
        self.listed(false).await;
        let mut signs = Vec::new();
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let minute = minute + i64::try_from(signs.len()).unwrap();
            let sign = rollouts::paginated(&self.layout(), minute, SMALL).1;
            signs.push(sign.clone());
            let patience = Instant::now() + Duration::from_secs(2);
            while Instant::now() < patience {
                if self.row(&sign).is_some() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            assert!(Instant::now() < deadline, "nothing is noticed");
        }
    }
}

#[tokio::test]
async fn new_grown_moved_and_vanished_files_reach_the_index_without_a_list() {
    let f = Fixture::new();
    let layout = f.layout();
    let day = 24 * 60;
    let (old, old_path) = rollouts::paginated(&layout, 0, SMALL);
    let (gone, gone_path) = rollouts::paginated(&layout, 1, SMALL);
    let (silent, silent_path) = rollouts::paginated(&layout, 2, SILENT);
    f.watched(10).await;
    assert_eq!(f.preview(&old_path).as_deref(), Some("question 0 of 0"));
    assert_eq!(f.preview(&silent_path), None);
    // In a folder that is there, and in folders for a month and a year that are not.
    let later: Vec<PathBuf> = [3, 40 * day, 400 * day]
        .map(|minute| rollouts::paginated(&layout, minute, SMALL).1)
        .into();
    for path in &later {
        within_a_second("a new file", || f.preview(path).is_some()).await;
    }
    let mut text = fs::read_to_string(&silent_path).unwrap();
    rollouts::turn(
        &mut |kind, payload| text.push_str(&rollouts::line(Some(9), kind, &payload)),
        silent,
        0,
        "first words",
        10,
    );
    fs::write(&silent_path, text).unwrap();
    within_a_second("first words", || {
        f.preview(&silent_path).as_deref() == Some("first words")
    })
    .await;
    fs::remove_file(&gone_path).unwrap();
    within_a_second("a file that vanished", || f.row(&gone_path).is_none()).await;
    let archive = layout.archived();
    fs::create_dir_all(&archive).unwrap();
    let archived = archive.join(old_path.file_name().unwrap());
    fs::rename(&old_path, &archived).unwrap();
    within_a_second("a file that moved", || {
        f.row(&old_path).is_none() && f.row(&archived).is_some()
    })
    .await;
    let listed = f.listed(false).await;
    assert!(listed.contains(&silent) && !listed.contains(&gone) && !listed.contains(&old));
    assert_eq!(f.listed(true).await, [old]);
}

#[tokio::test]
async fn the_first_thread_of_a_home_is_noticed() {
    let f = Fixture::new();
    assert!(f.listed(false).await.is_empty());
    // The home is watched until there are sessions.
    f.watched(0).await;
    let (_, path) = rollouts::paginated(&f.layout(), 500, SMALL);
    within_a_second("another thread", || f.row(&path).is_some()).await;
}

#[tokio::test]
async fn a_day_that_was_removed_and_came_back_is_watched_again() {
    let f = Fixture::new();
    let (_, path) = rollouts::paginated(&f.layout(), 0, SMALL);
    f.watched(1).await;
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    within_a_second("a folder that vanished", || f.row(&path).is_none()).await;
    rollouts::paginated(&f.layout(), 0, SMALL);
    within_a_second("a file in its successor", || f.row(&path).is_some()).await;
    let (_, other) = rollouts::paginated(&f.layout(), 2, SMALL);
    within_a_second("another file in it", || f.row(&other).is_some()).await;
}

#[tokio::test]
async fn rows_of_files_that_vanished_while_nobody_looked_are_dropped() {
    let f = Fixture::new();
    let (_, path) = rollouts::paginated(&f.layout(), 0, SMALL);
    f.watched(1).await;
    let f = Fixture(f.0.restarted_after(|| fs::remove_file(&path).unwrap()));
    f.listed(false).await;
    within_a_second("a row without a file", || f.row(&path).is_none()).await;
}

#[tokio::test]
async fn lists_are_right_before_anything_is_noticed() {
    let f = Fixture::new();
    let layout = f.layout();
    let (first, path) = rollouts::paginated(&layout, 0, SMALL);
    f.watched(1000).await;
    let before = f.listed(false).await;
    for minute in 2000..2020 {
        let (new, _) = rollouts::paginated(&layout, minute, SMALL);
        assert_eq!(f.listed(false).await[0], new);
    }
    fs::remove_file(&path).unwrap();
    assert!(before.contains(&first) && !f.listed(false).await.contains(&first));
}

#[tokio::test]
async fn where_the_turns_of_a_large_thread_lie_is_known_soon_after_a_list() {
    let f = Fixture::new();
    let large = Size {
        turns: 40,
        answer: 40_000,
    };
    let (_, path) = rollouts::legacy(&f.layout(), 1, large);
    let (_, small) = rollouts::legacy(&f.layout(), 2, SMALL);
    f.listed(false).await;
    let deadline = Instant::now() + Duration::from_secs(20);
    let size = i64::try_from(fs::metadata(&path).unwrap().len()).unwrap();
    while f.mapped(&path) != Some(size) {
        assert!(Instant::now() < deadline, "the turns are not looked for");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(f.mapped(&small), None, "not worth it");
    let turns = f.store.turns(path).await.unwrap();
    assert_eq!(turns.map(Result::unwrap).count(), 40);
}
