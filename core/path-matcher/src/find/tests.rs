//! The best of many paths, against what comes of looking at all of them.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Condvar, Mutex};

use proptest::prelude::*;

use super::*;
use crate::best::MAX_RESULTS;
use crate::lanes::{LANES, Lanes};
use crate::limits::Limits;
use crate::losses::MOST;
use crate::paths::ChunkBuilder;
use crate::query::{IN_NAME, Match};

fn source(paths: &[&str], covered: &[&str]) -> Source {
    Source {
        chunks: vec![chunk(paths.iter().map(|path| (*path, false)))],
        covered: covered.iter().map(|inner| (*inner).to_owned()).collect(),
    }
}

fn chunk<'a>(paths: impl Iterator<Item = (&'a str, bool)>) -> Arc<Chunk> {
    let mut chunk = ChunkBuilder::default();
    paths.for_each(|(path, is_folder)| chunk.push(path, is_folder));
    Arc::new(chunk.finish())
}

/// Waits until it has been asked so often.
struct Patience {
    left: Arc<AtomicUsize>,
    taken: Vec<FoundFile>,
}

impl Patience {
    fn new(left: usize) -> Self {
        Self {
            left: Arc::new(AtomicUsize::new(left)),
            taken: Vec::new(),
        }
    }
}

impl Waiter for Patience {
    fn gone(&self) -> Arc<dyn Fn() -> bool + Send + Sync> {
        let left = Arc::clone(&self.left);
        let less = |left: usize| left.checked_sub(1);
        Arc::new(move || left.fetch_update(Relaxed, Relaxed, less).is_err())
    }

    fn is_impatient(&self) -> bool {
        self.taken.is_empty()
    }

    fn take(&mut self, files: Vec<FoundFile>) {
        self.taken = files;
    }
}

fn find(query: &Arc<Query>, sources: &[Source], earlier: &Earlier) -> Found {
    alone().find(query, sources, earlier, &mut Patience::new(usize::MAX))
}

fn parse(query: &str) -> Option<Arc<Query>> {
    Query::parse(query).map(Arc::new)
}

/// Whose thread that helps may run anywhere.
struct Anywhere;

impl HelperPlacement for Anywhere {
    fn register_current_thread(&self) {}

    fn avoid_current_processor(&self) {}
}

/// That works on one thread.
fn alone() -> Finder {
    Finder {
        helped_from: usize::MAX,
        ..helped(|| Box::new(Anywhere))
    }
}

/// That works on everything with another thread.
fn with_helper() -> Finder {
    helped(|| Box::new(Anywhere))
}

fn helped(placement: fn() -> Box<dyn HelperPlacement>) -> Finder {
    Finder {
        helped_from: 0,
        ..Finder::new(placement)
    }
}

fn paths(query: &str, sources: &[Source]) -> Vec<String> {
    let query = parse(query).expect("a query");
    let found = find(&query, sources, &Earlier::default());
    found.files.into_iter().map(|file| file.path).collect()
}

#[test]
fn the_best_come_first_and_ties_by_path() {
    let sources = [source(&["b/main.rs", "a/main.rs", "main", "mxain", "x"], &[])];
    assert_eq!(
        paths("main", &sources),
        ["main", "a/main.rs", "b/main.rs", "mxain"]
    );
}

#[test]
fn what_lies_in_two_folders_is_found_once() {
    let sources = [
        source(&["src/main", "srcs/main"], &["src"]),
        source(&["main"], &[]),
    ];
    assert_eq!(paths("main", &sources), ["main", "srcs/main"]);
    let twins = [source(&["main"], &[]), source(&["main"], &[""])];
    assert_eq!(paths("main", &twins), ["main"]);
}

/// In several blocks.
fn many() -> Source {
    let many: Vec<String> = (0..30_000).map(|n| format!("dir{}/file{n}.txt", n % 7)).collect();
    let blocks = many.chunks(1000);
    let blocks = blocks.map(|paths| chunk(paths.iter().map(|path| (path.as_str(), false))));
    Source {
        chunks: blocks.collect(),
        covered: Vec::new(),
    }
}

#[test]
fn a_search_ends_with_what_it_has_when_nobody_waits() {
    let sources = [many()];
    let query = parse("fi25").expect("a query");
    for allowed in [0, 1, 10, 31, 40] {
        for mut finder in [alone(), with_helper()] {
            let mut waiter = Patience::new(allowed);
            let found = finder.find(&query, &sources, &Earlier::default(), &mut waiter);
            assert!(allowed > 0 || found.files.is_empty());
            let matching = plain_all(&query, &sources);
            assert!(
                found.files.iter().all(|file| matching.contains(file)),
                "{allowed}"
            );
        }
    }
}

#[test]
fn who_is_impatient_gets_the_best_so_far() {
    let sources = [many()];
    for query in ["f", "fi25", "d3f"] {
        let query = parse(query).expect("a query");
        let mut waiter = Patience::new(usize::MAX);
        let found = alone().find(&query, &sources, &Earlier::default(), &mut waiter);
        let [early, last] = [&waiter.taken, &found.files].map(|files| files[MAX_RESULTS - 1].score);
        assert!(early <= last, "{query:?}");
        assert_eq!(found.files, plain(&query, &sources), "{query:?}");
    }
}

/// Its thread does not begin before it is allowed to, like one for which there is no processor.
struct Late;

static ALLOWED: Mutex<bool> = Mutex::new(false);
static CHANGED: Condvar = Condvar::new();

impl HelperPlacement for Late {
    fn register_current_thread(&self) {
        let allowed = ALLOWED.lock().expect("a lock");
        drop(CHANGED.wait_while(allowed, |allowed| !*allowed));
    }

    fn avoid_current_processor(&self) {}
}

#[test]
fn what_the_other_thread_does_not_begin_with_is_done_without_it() {
    let mut finder = helped(|| Box::new(Late));
    let (sources, query) = ([many()], parse("fi25").expect("a query"));
    let mut check = || {
        let found = finder.find(
            &query,
            &sources,
            &Earlier::default(),
            &mut Patience::new(usize::MAX),
        );
        assert_eq!(found.files, plain(&query, &sources));
    };
    check();
    check();
    *ALLOWED.lock().expect("a lock") = true;
    CHANGED.notify_all();
    check();
}

/// The thread fails.
struct Failing;

impl HelperPlacement for Failing {
    fn register_current_thread(&self) {
        panic!("there is no such thread");
    }

    fn avoid_current_processor(&self) {}
}

#[test]
fn a_thread_that_fails_before_it_begins_costs_no_results() {
    let mut finder = helped(|| Box::new(Failing));
    let (sources, query) = ([many()], parse("fi25").expect("a query"));
    for _ in 0..3 {
        let mut waiter = Patience::new(usize::MAX);
        let found = finder.find(&query, &sources, &Earlier::default(), &mut waiter);
        assert_eq!(found.files, plain(&query, &sources));
    }
}

#[test]
fn a_query_of_very_many_words_finds_the_best() {
    let names = ["main.rs", "domain.rs", "mxaxixn.rs"];
    let paths: Vec<String> = (0..180).map(|n| format!("{n}/{}", names[n % 3])).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let sources = [source(&paths, &[])];
    let query = parse(&"main ".repeat(800)).expect("a query");
    let found = find(&query, &sources, &Earlier::default());
    assert_eq!(found.files, plain(&query, &sources));
}

fn is_covered(path: &str, covered: &[String]) -> bool {
    covered.iter().any(|inner| Path::new(path).starts_with(inner))
}

/// What is found by matching every path.
fn plain(query: &Query, sources: &[Source]) -> Vec<FoundFile> {
    let mut found = plain_all(query, sources);
    found.truncate(MAX_RESULTS);
    found
}

/// All that match, the best first.
fn plain_all(query: &Query, sources: &[Source]) -> Vec<FoundFile> {
    let mut scorer = Scorer::default();
    let mut found = Vec::new();
    for (root, source) in sources.iter().enumerate() {
        for chunk in &source.chunks {
            let entries = (0..chunk.len()).filter_map(|at| chunk.entry(at));
            for entry in entries.filter(|entry| !is_covered(entry.path, &source.covered)) {
                let Match::Score { score, in_name } = scorer.score(query, entry, 0) else {
                    continue;
                };
                found.push(FoundFile {
                    root,
                    path: entry.path.to_owned(),
                    is_folder: entry.is_folder,
                    score,
                    indices: scorer.indices(query, entry, in_name),
                });
            }
        }
    }
    found.sort_by(|one, other| {
        let by_score = other.score.cmp(&one.score);
        by_score
            .then_with(|| one.path.cmp(&other.path))
            .then_with(|| one.root.cmp(&other.root))
    });
    found
}

/// No path is worth more than is said without the matcher.
fn check_bounds(query: &Query, chunk: &Chunk) {
    let (mut scorer, mut limits) = (Scorer::default(), Limits::default());
    let (mut in_name, mut in_path) = (chunk.all(), chunk.all());
    query.retain_names(chunk, &mut in_name);
    query.retain(chunk, &mut in_path);
    let name_losses = query.name_losses(chunk, &in_name);
    let path_losses = query.path_losses(chunk, &in_path);
    for at in 0..chunk.len() {
        let entry = chunk.entry(at).expect("a path");
        let run = chunk
            .next_span(&[u64::MAX; 8], at)
            .and_then(|span| chunk.run_at(span.run))
            .expect("a run");
        let Match::Score { score, .. } = scorer.score(query, entry, 0) else {
            continue;
        };
        let (word, bit, in_run) = (at / 64, 1 << (at % 64), 1 << (at - run.at()));
        let by_name = query.is_in_name(entry);
        let (paths, losses) = if by_name {
            (&in_name, &name_losses)
        } else {
            (&in_path, &path_losses)
        };
        assert!(paths[word] & bit != 0, "{query:?}, {entry:?}");
        let is_in = |paths: Lanes| paths.0[word % LANES] & bit != 0;
        let loss = (0..=MOST).find(|loss| is_in(losses.that_lose(*loss, word / LANES)));
        let loss = loss.expect("a loss");
        for most in 0..=MOST {
            let at_most = losses.that_lose_at_most(most, word / LANES);
            assert_eq!(is_in(at_most), loss <= most);
        }
        assert!(losses.all(paths, &mut Vec::new()) >> loss & 1 == 1);
        // Last parts that match are worth more, whatever they lose.
        let worth = query.path_at_most() - loss.min(query.path_at_most());
        assert!(
            score % IN_NAME <= worth || loss == MOST,
            "{query:?}, {entry:?}: {score}, {loss}"
        );
        let mut bounds = vec![if by_name {
            query.name_at_most(entry, &mut limits)
        } else {
            query.path_at_most_by_text(chunk, run, entry, &mut limits, score)
        }];
        if !by_name {
            for least in [0, score] {
                let mut bits = run.all();
                bounds.push(query.paths_at_most(chunk, run, &mut limits, least, &mut bits));
                assert!(bits & in_run != 0, "{query:?}, {entry:?}");
            }
        }
        for most in bounds {
            assert!(
                most.is_some_and(|most| score <= most),
                "{query:?}, {entry:?}: {score}, {most:?}"
            );
        }
    }
}

/// Few letters, so that much matches, and everything that the matcher tells apart.
fn some_paths() -> impl Strategy<Value = Vec<String>> {
    let part = prop_oneof![
        "[a-cA-C01_. -]{1,7}",
        "[ab]{1,3}",
        "[abC_]{20,40}",
        "[abéÉ:]{1,4}"
    ];
    let path = prop::collection::vec(part, 1..5).prop_map(|parts| parts.join("/"));
    let paths = prop::collection::btree_set(path, 0..300)
        .prop_map(|paths| paths.into_iter().collect::<Vec<String>>());
    // As from one thread, or from several.
    prop_oneof![paths.clone().boxed(), paths.prop_shuffle().boxed()]
}

fn some_query() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-cA-C01_./-]{1,6}",
        2 => "[ab]{1,3}/[a-c]{1,3}",
        1 => "[a-c ]{1,7}",
        2 => "['!^]?[a-c]{1,3}[$]?( [!'^]?[a-c01]{1,2}[$]?)?",
        1 => "['!][ab]{1,2}( [a-c]{1,3}){0,2} [.ab ]{1,2}[$]",
        1 => "[ab]{3,9}",
        1 => "[aéÉ\\\\ \t:]{1,4}",
        1 => "a{1,200}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn what_is_found_while_typing_is_what_matching_every_path_finds(
        paths in some_paths(),
        typed in some_query(),
        in_block in 1..200_usize,
    ) {
        let blocks = paths.chunks(in_block);
        let blocks = blocks.map(|paths| chunk(paths.iter().map(|path| (path.as_str(), path.len() % 3 == 0))));
        let blocks: Vec<_> = blocks.collect();
        let twin = Source { chunks: blocks.iter().take(2).cloned().collect(), covered: vec!["ab".to_owned()] };
        let sources = [Source { chunks: blocks, covered: Vec::new() }, twin];
        let mut before: Option<(Arc<Query>, Narrowed)> = None;
        let mut shown = Vec::new();
        let mut finder = with_helper();
        // Typed, and then taken back.
        let ends = typed.char_indices().map(|(at, letter)| at + letter.len_utf8());
        let ends: Vec<_> = ends.collect();
        for end in ends.iter().chain(ends.iter().rev()) {
            let Some(query) = parse(&typed[..*end]) else { continue };
            let narrowed = before.as_ref().filter(|(before, _)| query.narrows(before));
            let narrowed = narrowed.map(|(_, narrowed)| narrowed.clone());
            let earlier = Earlier { narrowed, shown };
            let alone = find(&query, &sources, &earlier);
            let found = finder.find(&query, &sources, &earlier, &mut Patience::new(usize::MAX));
            prop_assert_eq!(&alone.files, &plain(&query, &sources), "{:?}", query);
            prop_assert_eq!(&found.files, &alone.files, "{:?}", query);
            sources[0].chunks.iter().for_each(|chunk| check_bounds(&query, chunk));
            before = Some((query, found.narrowed));
            shown = found.places;
        }
    }
}
