//! The best paths of all blocks.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::paths::Chunk;
use super::query::{Limits, Match, Query, Scorer};
use super::{FoundFile, MAX_RESULTS};

/// From so many paths on a second thread is worth while.
const WORTH_A_THREAD: usize = 20_000;

/// What is known of one folder.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) chunks: Vec<Arc<Chunk>>,
    /// Folders in it that are searched by themselves.
    pub(super) covered: Vec<String>,
}

/// Which paths a query may match, by block; blocks are those that it was made with.
pub(super) type Narrowed = Vec<Arc<Candidates>>;

/// The paths of a block that may match.
#[derive(Debug)]
pub(super) struct Candidates {
    chunk: Arc<Chunk>,
    entries: Vec<u16>,
}

struct Job<'a> {
    root: usize,
    chunk: &'a Arc<Chunk>,
    covered: &'a [String],
}

/// A path that matches. The greatest is the worst: the first to go.
struct Hit<'a> {
    score: u32,
    path: &'a str,
    root: usize,
    chunk: &'a Chunk,
    at: usize,
    in_name: bool,
}

impl Ord for Hit<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = other.score.cmp(&self.score);
        by_score
            .then_with(|| self.path.cmp(other.path))
            .then_with(|| self.root.cmp(&other.root))
    }
}

impl PartialOrd for Hit<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Hit<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Hit<'_> {}

/// The best matches, and which paths a longer query may match. `narrowed` is that of a shorter query. Once it is
/// cancelled, what it gives is incomplete.
pub(super) fn find(
    query: &Query,
    sources: &[Source],
    narrowed: Option<&Narrowed>,
    threads: usize,
    cancel: &CancellationToken,
) -> (Vec<FoundFile>, Narrowed) {
    let mut jobs = Vec::new();
    for (root, source) in sources.iter().enumerate() {
        jobs.extend(source.chunks.iter().map(|chunk| Job {
            root,
            chunk,
            covered: &source.covered,
        }));
    }
    let known = |index: usize| {
        let candidates = narrowed?.get(index)?;
        Arc::ptr_eq(&candidates.chunk, jobs.get(index)?.chunk).then_some(candidates)
    };
    let paths: usize = (0..jobs.len())
        .map(|index| known(index).map_or(jobs[index].chunk.len(), |candidates| candidates.entries.len()))
        .sum();
    let run = |first: usize, step: usize| {
        let mut best = BinaryHeap::with_capacity(MAX_RESULTS + 1);
        let mut scorer = Scorer::new();
        let mut candidates = Vec::new();
        for index in (first..jobs.len()).step_by(step) {
            if cancel.is_cancelled() {
                break;
            }
            candidates.push((
                index,
                of_chunk(query, &jobs[index], known(index), &mut scorer, &mut best),
            ));
        }
        (best, candidates)
    };
    let (mut best, mut candidates) = if threads > 1 && paths >= WORTH_A_THREAD {
        std::thread::scope(|scope| {
            let other = scope.spawn(|| run(1, 2));
            let (mut best, mut candidates) = run(0, 2);
            if let Ok((more, others)) = other.join() {
                for hit in more {
                    keep(&mut best, hit);
                }
                candidates.extend(others);
            }
            (best, candidates)
        })
    } else {
        run(0, 1)
    };
    candidates.sort_unstable_by_key(|(index, _)| *index);
    let narrowed = candidates.into_iter().map(|(_, candidates)| candidates).collect();
    let mut scorer = Scorer::new();
    let best = std::mem::take(&mut best).into_sorted_vec();
    let found = best.into_iter().filter_map(|hit| {
        let entry = hit.chunk.entry(hit.at)?;
        Some(FoundFile {
            root: hit.root,
            path: hit.path.to_owned(),
            is_folder: entry.is_folder,
            score: hit.score,
            indices: scorer.indices(query, entry, hit.in_name),
        })
    });
    (found.collect(), narrowed)
}

fn of_chunk<'a>(
    query: &Query,
    job: &Job<'a>,
    before: Option<&Arc<Candidates>>,
    scorer: &mut Scorer,
    best: &mut BinaryHeap<Hit<'a>>,
) -> Arc<Candidates> {
    let chunk: &'a Chunk = job.chunk;
    let length = before.map_or(chunk.len(), |before| before.entries.len());
    let mut entries = Vec::with_capacity(length);
    let mut limits = Limits::default();
    let look = |at: u16| {
        let worst = best.peek().filter(|_| best.len() == MAX_RESULTS);
        let least = worst.map_or(0, |worst| worst.score);
        // Most paths are passed over without a look at their text, and most others without the matcher.
        let Some(path) = chunk.glance(at.into()) else {
            return;
        };
        let is_worse = |most: u32| {
            most < least || (most == least && worst.is_some_and(|worst| path.is_behind(worst.path)))
        };
        let Some(rough) = query.roughly_at_most(&path) else {
            return;
        };
        if is_worse(rough.most) {
            entries.push(at);
            return;
        }
        let Some(most) = query.at_most_by_letters(&path, rough, &mut limits) else {
            return;
        };
        if is_worse(most) {
            entries.push(at);
            return;
        }
        let Some(entry) = chunk.entry(at.into()) else {
            return;
        };
        let Some(most) = query.at_most_by_text((&path, entry), rough, least, &mut limits) else {
            return;
        };
        if is_worse(most) {
            entries.push(at);
            return;
        }
        match scorer.score(query, entry, least) {
            Match::No => return,
            Match::TooLittle => {}
            Match::Score { score, in_name } => {
                if score >= least && !is_covered(entry.path, job.covered) {
                    keep(
                        best,
                        Hit {
                            score,
                            path: entry.path,
                            root: job.root,
                            chunk,
                            at: at.into(),
                            in_name,
                        },
                    );
                }
            }
        }
        entries.push(at);
    };
    match before {
        Some(before) => before.entries.iter().copied().for_each(look),
        // A block has not as many.
        None => (0..u16::try_from(chunk.len()).unwrap_or(u16::MAX)).for_each(look),
    }
    if let Some(before) = before
        && before.entries.len() == entries.len()
    {
        return Arc::clone(before);
    }
    entries.shrink_to_fit();
    Arc::new(Candidates {
        chunk: Arc::clone(job.chunk),
        entries,
    })
}

fn keep<'a>(best: &mut BinaryHeap<Hit<'a>>, hit: Hit<'a>) {
    if best.len() < MAX_RESULTS {
        best.push(hit);
    } else if let Some(mut worst) = best.peek_mut()
        && hit < *worst
    {
        *worst = hit;
    }
}

fn is_covered(path: &str, covered: &[String]) -> bool {
    covered.iter().any(|inner| {
        path.strip_prefix(inner.as_str())
            .is_some_and(|rest| inner.is_empty() || rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests;
