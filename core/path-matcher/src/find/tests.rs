//! The best of many paths, against what comes of looking at all of them.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::best::MAX_RESULTS;
use crate::limits::Limits;
use crate::query::Match;

fn source(paths: &[&str], covered: &[&str]) -> Source {
    let mut chunk = Chunk::default();
    for path in paths {
        chunk.push(path, false);
    }
    Source {
        chunks: vec![Arc::new(chunk)],
        covered: covered.iter().map(|inner| (*inner).to_owned()).collect(),
    }
}

fn paths(query: &str, sources: &[Source], narrowed: Option<&Narrowed>) -> (Vec<String>, Narrowed) {
    let query = Query::parse(query).expect("a query");
    let earlier = Earlier {
        narrowed: narrowed.cloned(),
        shown: Vec::new(),
    };
    let found = find(&query, sources, &earlier, 2, &|| false);
    let paths = found.files.into_iter().map(|file| file.path);
    (paths.collect(), found.narrowed)
}

#[test]
fn the_best_come_first_and_ties_by_path() {
    let sources = [source(&["b/main.rs", "a/main.rs", "main", "mxain", "x"], &[])];
    let (found, _) = paths("main", &sources, None);
    assert_eq!(found, ["main", "a/main.rs", "b/main.rs", "mxain"]);
}

#[test]
fn what_lies_in_two_folders_is_found_once() {
    let sources = [
        source(&["src/main", "srcs/main"], &["src"]),
        source(&["main"], &[]),
    ];
    assert_eq!(paths("main", &sources, None).0, ["main", "srcs/main"]);
    let twins = [source(&["main"], &[]), source(&["main"], &[""])];
    assert_eq!(paths("main", &twins, None).0, ["main"]);
}

#[test]
fn a_longer_query_finds_the_same_from_the_narrowed_as_from_all() {
    let many: Vec<String> = (0..3000).map(|n| format!("dir{}/file{n}.txt", n % 7)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let sources = [source(&many, &[])];
    for typed in [
        ["f", "fi", "fi2", "fi25", "fi257"],
        ["f", "fi2", "fi2 ", "fi2 5", "fi2 57"],
    ] {
        let mut narrowed = None;
        for query in typed {
            let (from_all, _) = paths(query, &sources, None);
            let (from_few, few) = paths(query, &sources, narrowed.as_ref());
            assert_eq!(from_all, from_few, "{query}");
            assert!(from_all.len() <= MAX_RESULTS);
            narrowed = Some(few);
        }
        assert!(narrowed.is_some_and(|few| few.blocks[0].len() < 100));
    }
}

fn is_covered(path: &str, covered: &[String]) -> bool {
    covered.iter().any(|inner| Path::new(path).starts_with(inner))
}

/// What is found by matching every path.
fn plain(query: &Query, sources: &[Source]) -> Vec<FoundFile> {
    let mut scorer = Scorer::new();
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
    found.truncate(MAX_RESULTS);
    found
}

/// No path is worth more than is said without the matcher.
fn check_limits(query: &Query, chunk: &Chunk) {
    let (mut scorer, mut limits) = (Scorer::new(), Limits::default());
    for run in chunk.runs() {
        let places: Vec<_> = (0..64)
            .filter(|bit| run.all() >> bit & 1 == 1)
            .map(|bit| run.place(bit))
            .collect();
        for (bit, at) in places.into_iter().enumerate() {
            let (path, entry) = (
                chunk.glance(at).expect("a path"),
                chunk.entry(at).expect("a path"),
            );
            let Match::Score { score, .. } = scorer.score(query, entry, 0) else {
                continue;
            };
            assert!(
                chunk.with_letters(run, query.mask()) >> bit & 1 == 1,
                "{query:?}, {entry:?}"
            );
            let by_text = query.at_most_by_text(&path, entry, &mut limits);
            let mut bound = |least, exactly| {
                let mut bits = run.all();
                let most = if exactly {
                    query.paths_at_most(chunk, run, &mut limits, least, &mut bits)
                } else {
                    query.letters_at_most(chunk, run, least, &mut bits)
                };
                assert!(bits >> bit & 1 == 1, "{query:?}, {entry:?}");
                most
            };
            let by_all = [
                bound(0, false),
                bound(score, false),
                bound(0, true),
                bound(score, true),
            ];
            let (one, all) = match query.in_name_at_most(&path) {
                Some(most) => {
                    assert!(
                        query.may_match_names(run)
                            && chunk.with_letters_in_name(run, query.mask()) >> bit & 1 == 1
                    );
                    let worth = query.worth_in_names(run);
                    let all = [0, score.saturating_sub(worth)]
                        .map(|least| query.name_at_most(run.letters(), least));
                    (Some(most), all.map(|most| most.map(|most| most + worth)).to_vec())
                }
                None => (
                    query.in_path_at_most(&path, &mut limits),
                    vec![
                        by_all[0],
                        by_all[1],
                        by_all[2],
                        by_all[3],
                        Some(query.path_at_most()),
                    ],
                ),
            };
            assert!(query.may_be_in(&path, &mut limits), "{query:?}, {entry:?}");
            for most in [one, by_text].into_iter().chain(all) {
                assert!(
                    most.is_some_and(|most| score <= most),
                    "{query:?}, {entry:?}: {score}, {most:?}"
                );
            }
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
        let blocks = paths.chunks(in_block).map(|paths| {
            let mut chunk = Chunk::default();
            for path in paths {
                chunk.push(path, path.len() % 3 == 0);
            }
            Arc::new(chunk.finish())
        });
        let blocks: Vec<_> = blocks.collect();
        let twin = Source { chunks: blocks.iter().take(2).cloned().collect(), covered: vec!["ab".to_owned()] };
        let sources = [Source { chunks: blocks, covered: Vec::new() }, twin];
        let mut before: Option<(Query, Narrowed)> = None;
        let mut shown = Vec::new();
        // Typed, and then taken back.
        let ends = typed.char_indices().map(|(at, letter)| at + letter.len_utf8());
        let ends: Vec<_> = ends.collect();
        for end in ends.iter().chain(ends.iter().rev()) {
            let Some(query) = Query::parse(&typed[..*end]) else { continue };
            let narrowed = before.as_ref().filter(|(before, _)| query.narrows(before));
            let narrowed = narrowed.map(|(_, narrowed)| narrowed.clone());
            let earlier = Earlier { narrowed, shown };
            let found = find(&query, &sources, &earlier, 1, &|| false);
            prop_assert_eq!(&found.files, &plain(&query, &sources), "{:?}", query);
            sources[0].chunks.iter().for_each(|chunk| check_limits(&query, chunk));
            before = Some((query, found.narrowed));
            shown = found.places;
        }
    }
}
