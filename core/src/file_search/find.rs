//! The best paths of all blocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use tokio_util::sync::CancellationToken;

use super::FoundFile;
use super::paths::Chunk;
use super::query::{Query, Scorer};
use super::seeker::{Job, Runs, Seeker, worst_of};

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
    runs: Runs,
}

/// What a search has found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The best matches, the best first.
    pub(super) files: Vec<FoundFile>,
    /// Where these are.
    pub(super) places: Vec<Place>,
    /// Which paths a longer query may match.
    pub(super) narrowed: Narrowed,
}

/// Where a path is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    root: usize,
    chunk: Arc<Chunk>,
    at: usize,
}

/// The best matches. `narrowed` is that of a shorter query; `shown` are those of any other: those of them that match tell
/// how good others must be. Once it is cancelled, what it gives is incomplete.
pub(super) fn find(
    query: &Query,
    sources: &[Source],
    narrowed: Option<&Narrowed>,
    shown: &[Place],
    threads: usize,
    cancel: &CancellationToken,
) -> Found {
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
        .map(|index| known(index).map_or(jobs[index].chunk.len(), |candidates| candidates.len()))
        .sum();
    let shown = shown.iter().filter_map(|place| {
        let is_its = |job: &Job<'_>| job.root == place.root && Arc::ptr_eq(job.chunk, &place.chunk);
        Some((jobs.iter().position(is_its)?, place.at))
    });
    let above = worst_of(query, &jobs, shown);
    let (next, floor) = (AtomicUsize::new(0), AtomicU32::new(above.score));
    let seek = || {
        let mut seeker = Seeker::new(query, &jobs, above, &floor);
        while let index = next.fetch_add(1, Ordering::Relaxed)
            && index < jobs.len()
            && !cancel.is_cancelled()
        {
            seeker.look_at_names(index, known(index).map(|candidates| &candidates.runs));
        }
        seeker.finish(cancel)
    };
    let (best, mut left) = if threads > 1 && paths >= WORTH_A_THREAD {
        std::thread::scope(|scope| {
            let other = scope.spawn(seek);
            let (mut best, mut left) = seek();
            if let Ok((more, others)) = other.join() {
                best.join(more);
                left.extend(others);
            }
            (best, left)
        })
    } else {
        seek()
    };
    left.sort_unstable_by_key(|(index, _)| *index);
    let narrowed = left.into_iter().map(|(index, runs)| match known(index) {
        Some(before) if before.runs == runs => Arc::clone(before),
        _ => Arc::new(Candidates {
            chunk: Arc::clone(jobs[index].chunk),
            runs,
        }),
    });
    let mut found = Found {
        narrowed: narrowed.collect(),
        ..Found::default()
    };
    let mut scorer = Scorer::new();
    for hit in best.into_sorted() {
        let Some(entry) = hit.chunk.entry(hit.at) else {
            continue;
        };
        found.files.push(FoundFile {
            root: hit.root,
            path: hit.path.to_owned(),
            is_folder: entry.is_folder,
            score: hit.score,
            indices: scorer.indices(query, entry, hit.in_name),
        });
        found.places.push(Place {
            root: hit.root,
            chunk: Arc::clone(hit.chunk),
            at: hit.at,
        });
    }
    found
}

impl Candidates {
    fn len(&self) -> usize {
        self.runs.iter().map(|(_, bits)| bits.count_ones() as usize).sum()
    }
}

#[cfg(test)]
mod tests;
