//! Threads that another process compresses and takes up again, at the very moment in which they are read.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use codex_core::history::{ListQuery, SortKey, ThreadStore};

use crate::history_support::{StoredHome, walk};
use crate::rollouts::{self, Size};

const SMALL: Size = Size { turns: 3, answer: 60 };
/// Times that the file changes its form and back.
const ROUNDS: usize = 150;

/// What a process does with a compressed file that it takes up.
fn expand(plain: &Path) {
    let packed = packed(plain);
    let draft = packed.with_extension("expanding");
    fs::write(
        &draft,
        zstd::decode_all(fs::File::open(&packed).unwrap()).unwrap(),
    )
    .unwrap();
    fs::rename(&draft, plain).unwrap();
    fs::remove_file(&packed).unwrap();
}

fn packed(plain: &Path) -> PathBuf {
    plain.with_extension("jsonl.zst")
}

async fn all_turns(store: &ThreadStore, path: &Path) -> usize {
    let turns = store.turns(path.to_path_buf()).await;
    turns.expect("the thread can be read").map(Result::unwrap).count()
}

#[tokio::test]
async fn a_thread_is_found_listed_and_read_at_any_moment_of_its_compression() {
    let f = StoredHome::new();
    let (id, path) = f.thread(SMALL);
    for minute in 2..30 {
        rollouts::paginated(&f.layout(), minute, SMALL);
    }
    let rounds = Arc::new(AtomicUsize::new(0));
    let another_process = std::thread::spawn({
        let (store, path, rounds) = (f.again(), path.clone(), Arc::clone(&rounds));
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            for _ in 0..ROUNDS {
                runtime.block_on(store.compress_cold(Duration::ZERO)).unwrap();
                assert!(packed(&path).exists() && !path.exists());
                expand(&path);
                rounds.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let deadline = Instant::now() + Duration::from_secs(120);
    while rounds.load(Ordering::Relaxed) < ROUNDS {
        assert!(
            Instant::now() < deadline
                && (!another_process.is_finished() || rounds.load(Ordering::Relaxed) == ROUNDS)
        );
        let found = f
            .store
            .find(id)
            .await
            .expect("it can be read")
            .expect("it is there");
        for path in [&found.path, &path, &packed(&path)] {
            assert_eq!(all_turns(&f.store, path).await, SMALL.turns);
            assert_eq!(
                f.store
                    .find_path(path.clone())
                    .await
                    .expect("it is there")
                    .info
                    .id,
                id
            );
        }
        for sort in [SortKey::Created, SortKey::Updated] {
            let query = ListQuery {
                sort,
                limit: 100,
                ..ListQuery::default()
            };
            let listed = walk(&f.store, &query).await;
            assert!(listed.contains(&id), "{sort:?}: it is not among {}", listed.len());
        }
    }
    another_process.join().unwrap();
}
