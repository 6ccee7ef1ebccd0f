//! Which paths are looked at ahead of all others, where nothing tells yet how good a path must be to be shown: those
//! that were worth most for a shorter query.

use crate::left::{Left, Runs};
use crate::query::Query;
use crate::seeker::Job;

/// Runs at most whose paths these are.
const RUNS: usize = 256;
/// Paths at most: some more than are shown, for not all of them match.
const PATHS: usize = 160;

/// Such paths, each by the number of its job and its place. `known`: what the shorter query has left, by the number of
/// the job.
pub(crate) fn promising<'k>(
    query: &Query,
    jobs: &[Job<'_>],
    known: impl Fn(usize) -> Option<&'k Runs>,
) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    for number in 0..jobs.len() {
        let known = known(number).into_iter().flatten();
        runs.extend(known.map(|left| (worth(query, left), number, left)));
    }
    let worth = |(worth, ..): &(u32, usize, &Left)| std::cmp::Reverse(*worth);
    if runs.len() > RUNS {
        runs.select_nth_unstable_by_key(RUNS, worth);
        runs.truncate(RUNS);
    }
    runs.sort_unstable_by_key(worth);
    let mut found = Vec::with_capacity(PATHS);
    for (_, number, left) in runs {
        left.places(jobs[number].chunk, query.mask(), |at| found.push((number, at)));
        if found.len() >= PATHS {
            break;
        }
    }
    found
}

/// What a run was worth at most for the shorter query.
fn worth(query: &Query, left: &Left) -> u32 {
    match left.known_bounds() {
        // Last parts that match are worth more than anything else.
        (Some(names @ 1..), _) if query.matches_names() => u32::from(u16::MAX) + names,
        (_, Some(paths)) => paths,
        _ => 0,
    }
}
