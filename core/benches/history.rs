//! Stored threads: lists over many, reads of a big one.
//!
//! `cargo bench -p codex-core --bench history`. `HISTORY_THREADS=50000` makes a larger home, `HISTORY_BIG_MB=1000` a
//! larger thread.

#![expect(
    clippy::expect_used,
    reason = "a benchmark that can't set up its files has nothing to measure"
)]

#[path = "rollouts/mod.rs"]
#[expect(dead_code, reason = "shared with the tests")]
mod rollouts;

use std::path::PathBuf;

use codex_core::history::{Layout, ListQuery, ThreadStore, TurnsQuery};
use codex_core::{ItemsView, ThreadId};
use criterion::{Criterion, criterion_group, criterion_main};
use rollouts::Size;

fn number(name: &str, default: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

struct Home {
    _folder: tempfile::TempDir,
    layout: Layout,
    legacy: PathBuf,
    paginated: (ThreadId, PathBuf),
}

fn home() -> Home {
    let folder = tempfile::tempdir().expect("a folder");
    let layout = Layout::new(folder.path());
    let threads = i64::try_from(number("HISTORY_THREADS", 2000)).expect("not that many");
    for minute in 0..threads {
        rollouts::paginated(
            &layout,
            minute,
            Size {
                turns: 3,
                answer: 270,
            },
        );
    }
    // Every answer is in the file twice.
    let big = Size {
        turns: number("HISTORY_BIG_MB", 40) * 26,
        answer: 19_000,
    };
    let (_, legacy) = rollouts::legacy(&layout, threads, big);
    let paginated = rollouts::paginated(&layout, threads + 1, big);
    Home {
        _folder: folder,
        layout,
        legacy,
        paginated,
    }
}

fn benches(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let home = home();
    let store = || ThreadStore::new(home.layout.clone(), "mock");
    let page = |store: &ThreadStore, cursor: Option<String>| {
        let query = ListQuery {
            limit: 100,
            cursor,
            ..ListQuery::default()
        };
        runtime.block_on(store.list(query)).expect("a page")
    };
    c.bench_function("first page of a new process", |b| {
        b.iter(|| page(&store(), None).threads.len());
    });
    let warm = store();
    page(&warm, None);
    c.bench_function("first page again", |b| b.iter(|| page(&warm, None).threads.len()));
    let mut group = c.benchmark_group("big");
    group.sample_size(10);
    group.bench_function("all pages", |b| {
        b.iter(|| {
            let mut cursor = None;
            loop {
                cursor = page(&warm, cursor).next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
        });
    });
    for (name, path) in [("legacy", &home.legacy), ("paginated", &home.paginated.1)] {
        group.bench_function(format!("all turns, {name}"), |b| {
            b.iter(|| runtime.block_on(warm.turns(path.clone())).expect("turns").count());
        });
    }
    group.bench_function("first page of turns", |b| {
        b.iter(|| {
            let query = TurnsQuery {
                limit: 25,
                cursor: None,
                descending: true,
                view: ItemsView::Summary,
                running: None,
            };
            let (id, path) = home.paginated.clone();
            runtime
                .block_on(warm.turns_page(id, path, query))
                .expect("a page")
                .turns
                .len()
        });
    });
    group.finish();
}

criterion_group!(history, benches);
criterion_main!(history);
