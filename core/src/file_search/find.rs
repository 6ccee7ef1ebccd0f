//! The best paths of all blocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use tokio_util::sync::CancellationToken;

use super::FoundFile;
use super::paths::Chunk;
use super::query::{Query, Scorer};
use super::seeker::{Job, Runs, Seeker};

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
        .map(|index| known(index).map_or(jobs[index].chunk.len(), |candidates| candidates.len()))
        .sum();
    let (next, floor) = (AtomicUsize::new(0), AtomicU32::new(0));
    let seek = || {
        let mut seeker = Seeker::new(query, &jobs, &floor);
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
    let narrowed = narrowed.collect();
    let mut scorer = Scorer::new();
    let found = best.into_sorted().into_iter().filter_map(|hit| {
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

impl Candidates {
    fn len(&self) -> usize {
        self.runs.iter().map(|(_, bits)| bits.count_ones() as usize).sum()
    }
}

#[cfg(test)]
mod tests;
