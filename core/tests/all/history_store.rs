//! Stored threads: found, listed page by page, and read whole or in parts, whatever state their files are in.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use codex_core::history::{ItemsQuery, ListQuery, PageStart, SortKey, TurnsQuery};
use codex_core::{Error, ItemsView, ThreadId};

use crate::history_support::{StoredHome, find, turns, walk, within_a_second};
use crate::rollouts::{self, Size};

const SMALL: Size = Size { turns: 3, answer: 60 };

fn reversed(mut ids: Vec<ThreadId>) -> Vec<ThreadId> {
    ids.reverse();
    ids
}

#[tokio::test]
async fn every_order_walks_over_every_thread_once() {
    let f = StoredHome::new();
    let layout = f.layout();
    // More than one day, in both formats.
    let ids: Vec<ThreadId> = (0..60)
        .map(|n| match n % 3 {
            0 => rollouts::legacy(&layout, n * 90, SMALL).0,
            _ => rollouts::paginated(&layout, n * 90, SMALL).0,
        })
        .collect();
    for sort in [SortKey::Created, SortKey::Updated, SortKey::Recency] {
        for descending in [true, false] {
            for limit in [1, 7, 100] {
                let query = ListQuery {
                    sort,
                    descending,
                    limit,
                    ..ListQuery::default()
                };
                let walked = walk(&f.store, &query).await;
                if sort == SortKey::Created {
                    let expected = if descending {
                        reversed(ids.clone())
                    } else {
                        ids.clone()
                    };
                    assert_eq!(walked, expected);
                } else {
                    assert_eq!(walked.len(), 60);
                    assert_eq!(
                        walked.into_iter().collect::<HashSet<_>>(),
                        ids.iter().copied().collect()
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn the_order_of_changes_is_that_of_the_files_at_this_moment() {
    let f = StoredHome::new();
    let layout = f.layout();
    let files: Vec<_> = (0..12)
        .map(|n| rollouts::paginated(&layout, n * 400, SMALL))
        .collect();
    let query = ListQuery {
        sort: SortKey::Updated,
        limit: 5,
        ..ListQuery::default()
    };
    // Each becomes the newest in turn, whatever the folder that it lies in.
    for (n, (id, path)) in files.iter().enumerate().rev() {
        let at = std::time::SystemTime::now() + std::time::Duration::from_secs(100 - n as u64);
        fs::File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(at)
            .unwrap();
        let page = f.store.list(query.clone()).await.unwrap();
        assert_eq!(page.threads[0].id, *id);
    }
    let expected: Vec<ThreadId> = files.iter().map(|(id, _)| *id).collect();
    assert_eq!(walk(&f.store, &query).await, expected);
}

#[tokio::test]
async fn a_cursor_stays_where_it_is_while_threads_come_and_go() {
    let f = StoredHome::new();
    let layout = f.layout();
    let ids: Vec<ThreadId> = (0..20)
        .map(|n| rollouts::paginated(&layout, n, SMALL).0)
        .collect();
    let query = ListQuery {
        limit: 5,
        ..ListQuery::default()
    };
    let first = f.store.list(query.clone()).await.unwrap();
    rollouts::paginated(&layout, 100, SMALL);
    let gone = find(&f.store, ids[10]).await.path;
    fs::remove_file(gone).unwrap();
    let second = f
        .store
        .list(ListQuery {
            cursor: first.next_cursor,
            ..query.clone()
        })
        .await
        .unwrap();
    let got: Vec<_> = second.threads.iter().map(|info| info.id).collect();
    assert_eq!(got, [ids[14], ids[13], ids[12], ids[11], ids[9]]);
    let back = f
        .store
        .list(ListQuery {
            cursor: second.backwards_cursor,
            descending: false,
            ..query
        })
        .await
        .unwrap();
    assert_eq!(back.threads[0].id, ids[14]);
    assert_eq!(back.threads[1].id, ids[15]);
}

#[tokio::test]
async fn changes_by_others_are_noticed_by_the_next_list() {
    let f = StoredHome::new();
    let layout = f.layout();
    let (old, path) = rollouts::paginated(&layout, 1, SMALL);
    assert_eq!(walk(&f.store, &ListQuery::default()).await, [old]);
    let (new, _) = rollouts::paginated(&layout, 2, SMALL);
    assert_eq!(walk(&f.store, &ListQuery::default()).await, [new, old]);
    let archive = layout.archived();
    fs::create_dir_all(&archive).unwrap();
    fs::rename(&path, archive.join(path.file_name().unwrap())).unwrap();
    assert_eq!(walk(&f.store, &ListQuery::default()).await, [new]);
    let archived = ListQuery {
        archived: true,
        ..ListQuery::default()
    };
    assert_eq!(walk(&f.store, &archived).await, [old]);
    // A thread in which nobody has spoken appears with the first words.
    let (silent, path) = rollouts::paginated(&layout, 3, Size { turns: 0, answer: 0 });
    assert_eq!(walk(&f.store, &ListQuery::default()).await, [new]);
    let mut text = fs::read_to_string(&path).unwrap();
    rollouts::turn(
        &mut |kind, payload| text.push_str(&rollouts::line(Some(1), kind, &payload)),
        silent,
        0,
        "now",
        10,
    );
    fs::write(&path, text).unwrap();
    assert_eq!(walk(&f.store, &ListQuery::default()).await, [silent, new]);
}

#[tokio::test]
async fn filters_are_exact() {
    let f = StoredHome::new();
    let layout = f.layout();
    let (a, _) = rollouts::paginated(&layout, 1, SMALL);
    let (b, _) = rollouts::legacy(&layout, 2, SMALL);
    f.store.set_name(a, "A fine Name".into()).await.unwrap();
    let all = ListQuery::default();
    let with = |change: &dyn Fn(&mut ListQuery)| {
        let mut query = all.clone();
        change(&mut query);
        query
    };
    for (query, expected) in [
        (with(&|q| q.search = Some("Name".into())), vec![a]),
        (with(&|q| q.search = Some("name".into())), vec![]),
        (with(&|q| q.search = Some("question 0 of 2".into())), vec![b]),
        (with(&|q| q.providers = vec!["mock".into()]), vec![b, a]),
        (with(&|q| q.providers = vec!["other".into()]), vec![]),
        (
            with(&|q| q.cwds = Some(vec!["/home/dev/project".into()])),
            vec![b, a],
        ),
        (with(&|q| q.cwds = Some(vec!["/home/dev".into()])), vec![]),
        (with(&|q| q.excluded = HashSet::from([b])), vec![a]),
        (with(&|q| q.archived = true), vec![]),
    ] {
        assert_eq!(walk(&f.store, &query).await, expected, "{query:?}");
    }
    let bad = ListQuery {
        cursor: Some("bad".into()),
        ..all
    };
    assert_eq!(
        f.store.list(bad).await.unwrap_err(),
        Error::InvalidCursor("bad".into())
    );
}

#[tokio::test]
async fn lists_stay_right_whatever_becomes_of_the_index() {
    let f = StoredHome::new();
    let layout = f.layout();
    let ids: Vec<ThreadId> = (0..30)
        .map(|n| rollouts::paginated(&layout, n, SMALL).0)
        .collect();
    let expected = reversed(ids.clone());
    let query = ListQuery::default();
    assert_eq!(walk(&f.store, &query).await, expected);
    f.store
        .set_goal(ids[0], Some(serde_json::json!({"g": 1})))
        .await
        .unwrap();
    let index = layout.index();
    within_a_second("the index is made", || index.exists()).await;
    let remove = || {
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{suffix}", index.display()));
        }
    };
    remove();
    assert_eq!(walk(&f.store, &query).await, expected);
    assert!(
        f.store.goal(ids[0]).await.unwrap().is_some(),
        "what users made is not in it"
    );
    remove();
    fs::write(&index, "garbage ".repeat(5000)).unwrap();
    assert_eq!(walk(&f.store, &query).await, expected);
    let other = f.again();
    assert_eq!(walk(&other, &query).await, expected);
    let names = fs::read_dir(f.path()).unwrap();
    let broken = |name: &str| name.contains("index.sqlite.broken");
    assert!(
        names
            .flatten()
            .any(|entry| broken(&entry.file_name().to_string_lossy())),
        "garbage is set aside"
    );
    // Written by a version of the future.
    drop(other);
    remove();
    newer_index(&index);
    let before = fs::read(&index).unwrap();
    let other = f.again();
    assert_eq!(walk(&other, &query).await, expected);
    assert_eq!(fs::read(&index).unwrap(), before, "it is left alone");
    assert!(other.goal(ids[0]).await.unwrap().is_some());
    // A folder in its place: nothing can be opened or written there.
    remove();
    fs::create_dir(&index).unwrap();
    let other = f.again();
    assert_eq!(walk(&other, &query).await, expected);
}

/// A database with the version number of the far future: the header of an empty database, with the number in it.
fn newer_index(path: &Path) {
    let mut header = vec![0u8; 4096];
    header[..16].copy_from_slice(b"SQLite format 3\0");
    header[16..18].copy_from_slice(&4096u16.to_be_bytes());
    header[18..24].copy_from_slice(&[1, 1, 0, 64, 32, 32]);
    header[24..28].copy_from_slice(&1u32.to_be_bytes());
    header[28..32].copy_from_slice(&1u32.to_be_bytes());
    header[44..48].copy_from_slice(&4u32.to_be_bytes());
    header[56..60].copy_from_slice(&1u32.to_be_bytes());
    header[60..64].copy_from_slice(&99u32.to_be_bytes());
    header[92..96].copy_from_slice(&1u32.to_be_bytes());
    header[96..100].copy_from_slice(&3_046_000u32.to_be_bytes());
    header[100] = 13;
    header[105..107].copy_from_slice(&4096u16.to_be_bytes());
    fs::write(path, header).unwrap();
}

#[tokio::test]
async fn pages_of_turns_and_items_are_parts_of_the_whole() {
    let f = StoredHome::new();
    let (id, path) = rollouts::paginated(
        &f.layout(),
        1,
        Size {
            turns: 23,
            answer: 3000,
        },
    );
    let all = turns(&f.store, id).await;
    assert_eq!(all.len(), 23);
    let newest_first: Vec<String> = all.iter().rev().map(|turn| turn.id.clone()).collect();
    for descending in [true, false] {
        for limit in [1, 5, 23, 100] {
            let mut got = Vec::new();
            let mut cursor = None;
            loop {
                let query = TurnsQuery {
                    limit,
                    cursor,
                    descending,
                    view: ItemsView::Full,
                    running: None,
                };
                let page = f.store.turns_page(id, path.clone(), query).await.unwrap();
                for turn in &page.turns {
                    let whole = all.iter().find(|whole| whole.id == turn.id).unwrap();
                    assert_eq!(whole, turn);
                }
                got.extend(page.turns.into_iter().map(|turn| turn.id));
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
            let expected = if descending {
                newest_first.clone()
            } else {
                newest_first.iter().rev().cloned().collect()
            };
            assert_eq!(got, expected);
        }
    }
    let items: Vec<String> = all
        .iter()
        .flat_map(|t| t.items.iter().map(|i| i.id.clone()))
        .collect();
    for limit in [1, 7, 100] {
        let mut got = Vec::new();
        let mut start = PageStart::End;
        loop {
            let query = ItemsQuery {
                limit,
                start,
                descending: false,
                turn_id: None,
            };
            let page = f.store.items_page(id, path.clone(), query).await.unwrap();
            got.extend(page.rows.into_iter().map(|row| row.item.id));
            match page.next_cursor {
                Some(cursor) => start = PageStart::Cursor(cursor),
                None => break,
            }
        }
        assert_eq!(got, items);
    }
}

#[tokio::test]
async fn an_item_that_comes_late_belongs_to_its_turn() {
    let f = StoredHome::new();
    let (id, path) = rollouts::paginated(&f.layout(), 1, SMALL);
    let late = serde_json::json!({"type": "item_completed", "thread_id": id, "turn_id": "turn-0",
        "item": {"type": "ContextCompaction", "id": "late"}, "completed_at_ms": 9});
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str(&rollouts::line(Some(99), "event_msg", &late));
    fs::write(&path, text).unwrap();
    let all = turns(&f.store, id).await;
    assert_eq!(all[0].items.last().unwrap().id, "late");
    let mut cursor = None;
    for expected in all.iter().rev() {
        let query = TurnsQuery {
            limit: 1,
            cursor,
            descending: true,
            view: ItemsView::Full,
            running: None,
        };
        let page = f.store.turns_page(id, path.clone(), query).await.unwrap();
        assert_eq!(page.turns, std::slice::from_ref(expected));
        let query = TurnsQuery {
            limit: 1,
            cursor: page.backwards_cursor,
            descending: true,
            view: ItemsView::Full,
            running: None,
        };
        let again = f.store.turns_page(id, path.clone(), query).await.unwrap();
        assert_eq!(again.turns, page.turns);
        cursor = page.next_cursor;
    }
    assert_eq!(cursor, None);
}

#[tokio::test]
async fn forks_of_forks_and_reverts_are_read_through_all_their_files() {
    let f = StoredHome::new();
    let layout = f.layout();
    let (root, root_path) = rollouts::paginated(&layout, 1, SMALL);
    let end = |path: &PathBuf| {
        let bytes = fs::read(path).unwrap();
        let mut lines = bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty());
        let last: serde_json::Value = serde_json::from_slice(lines.next_back().unwrap()).unwrap();
        (last["ordinal"].as_u64().unwrap() + 1, bytes.len() as u64)
    };
    let write = |minute, source, base, question| {
        let (id, at) = rollouts::thread_at(minute);
        let path = layout.rollout(id, at);
        fs::write(&path, rollouts::based(id, source, base, question)).unwrap();
        (id, path)
    };
    let (fork, fork_path) = write(2, root, end(&root_path), "in the fork");
    let (second, _) = write(3, fork, end(&fork_path), "in the fork of the fork");
    assert_eq!(turns(&f.store, second).await.len(), 5);
    let info = find(&f.store, second).await.info;
    assert_eq!(
        info.preview, "question 0 of 1",
        "a fork is shown by what began it"
    );
    // The root is reverted to its first turn; its forks keep what they had.
    let bytes = fs::read(&root_path).unwrap();
    let starts: Vec<_> = memchr::memmem::find_iter(&bytes, b"\"task_started\"").collect();
    let offset = memchr::memrchr(b'\n', &bytes[..starts[1]]).unwrap() as u64 + 1;
    let reverted = rollouts::reverted(&layout, root, 9, (8, offset), "after the revert");
    assert_eq!(find(&f.store, root).await.path, reverted);
    let left = turns(&f.store, root).await;
    assert_eq!(left.len(), 2);
    assert_eq!(left[0].id, "turn-0");
    assert_eq!(turns(&f.store, second).await.len(), 5);
    let listed = walk(&f.store, &ListQuery::default()).await;
    assert_eq!(listed.iter().filter(|id| **id == root).count(), 1);
    // What a fork builds upon goes to the archive with its thread.
    fs::create_dir_all(layout.archived()).unwrap();
    fs::rename(&fork_path, layout.archived().join(fork_path.file_name().unwrap())).unwrap();
    assert_eq!(turns(&f.store, second).await.len(), 5);
    // A base that is gone costs the history before it, no more.
    fs::remove_file(layout.archived().join(fork_path.file_name().unwrap())).unwrap();
    assert_eq!(turns(&f.store, second).await.len(), 1);
}
