//! The best paths of all blocks.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use crate::left::{Left, Runs};
use crate::paths::Chunk;
use crate::promising::promising;
use crate::query::{Query, Scorer};
use crate::seeker::{Job, Seeker, UnsearchedBlocks, worst_of};

/// From so many paths on a second thread is worth while.
const WORTH_A_THREAD: usize = 20_000;

/// What is known of one folder.
#[derive(Debug)]
pub struct Source {
    /// Its paths.
    pub chunks: Vec<Arc<Chunk>>,
    /// Folders in it that are searched by themselves, relative to it and without a slash at the end; empty for all of it.
    pub covered: Vec<String>,
}

/// What is known from earlier queries.
#[derive(Debug, Default, Clone)]
pub struct Earlier {
    /// What one has left that [this one narrows](crate::Query::narrows), in the same folders.
    pub narrowed: Option<Narrowed>,
    /// Where the paths are that were found for any other: those of them that match tell how good others must be.
    pub shown: Vec<Place>,
}

/// Which paths a query may match. Cheap to clone.
#[derive(Debug, Default, Clone)]
pub struct Narrowed {
    /// By block.
    blocks: Vec<Arc<Candidates>>,
    /// The highest score of a path for that query.
    top: u32,
}

/// The paths of a block that may match.
#[derive(Debug)]
struct Candidates {
    chunk: Arc<Chunk>,
    runs: Runs,
}

/// What a search has found.
#[derive(Debug, Default)]
pub struct Found {
    /// The best matches, [`MAX_RESULTS`](crate::MAX_RESULTS) at most, by score, then by path.
    pub files: Vec<FoundFile>,
    /// Where these are.
    pub places: Vec<Place>,
    /// Which paths a longer query may match.
    pub narrowed: Narrowed,
}

/// A file or folder that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// Which of the folders it lies in.
    pub root: usize,
    /// Its path in there.
    pub path: String,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// How well it matches.
    pub score: u32,
    /// Which characters of the path match, from 0, ascending.
    pub indices: Vec<u32>,
}

/// Where a path is.
#[derive(Debug, Clone)]
pub struct Place {
    root: usize,
    chunk: Arc<Chunk>,
    at: usize,
}

/// The best matches in these folders, on so many threads at most: the caller's, and one more where paths are many. It is
/// asked often whether it is cancelled; once it is, what it gives is incomplete.
pub fn find(
    query: &Query,
    sources: &[Source],
    earlier: &Earlier,
    threads: usize,
    is_cancelled: &(dyn Fn() -> bool + Sync),
) -> Found {
    let mut jobs = Vec::new();
    for (root, source) in sources.iter().enumerate() {
        jobs.extend(source.chunks.iter().map(|chunk| Job {
            root,
            chunk,
            covered: &source.covered,
        }));
    }
    // What comes first in the order of paths is shown before others that are worth as much.
    jobs.sort_by_key(|job| (job.root, job.chunk.first()));
    // Blocks come and go between two queries while folders are walked.
    let narrowed = earlier.narrowed.iter().flat_map(|narrowed| &narrowed.blocks);
    let narrowed: HashMap<_, _> = narrowed
        .map(|block| (Arc::as_ptr(&block.chunk).addr(), block))
        .collect();
    let known = |index: usize| narrowed.get(&Arc::as_ptr(jobs.get(index)?.chunk).addr()).copied();
    let paths: usize = (0..jobs.len())
        .map(|index| known(index).map_or(jobs[index].chunk.len(), |candidates| candidates.len()))
        .sum();
    let shown = earlier.shown.iter().filter_map(|place| {
        let is_its = |job: &Job<'_>| job.root == place.root && Arc::ptr_eq(job.chunk, &place.chunk);
        Some((jobs.iter().position(is_its)?, place.at))
    });
    // Each letter that it has more is worth so much at most, wherever it stands.
    let before = earlier.narrowed.as_ref().map_or(0, |before| before.top);
    let more = query.path_at_most().saturating_sub(before);
    let known_runs = |index: usize| known(index).map(|candidates| &candidates.runs);
    let mut above = worst_of(query, &jobs, shown);
    if above.score == 0 {
        above = worst_of(query, &jobs, promising(query, &jobs, known_runs).into_iter());
    }
    let (next, floor) = (AtomicUsize::new(0), AtomicU32::new(above.score));
    let unsearched = UnsearchedBlocks::default();
    let seek = || {
        let mut seeker = Seeker::new(query, &jobs, above, &floor, more);
        while let index = next.fetch_add(1, Ordering::Relaxed)
            && index < jobs.len()
            && !is_cancelled()
        {
            seeker.look_at_names(index, known_runs(index));
        }
        seeker.finish(&unsearched, is_cancelled)
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
        narrowed: Narrowed {
            blocks: narrowed.collect(),
            top: query.path_at_most(),
        },
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

impl FoundFile {
    /// The last part of its path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

impl Candidates {
    fn len(&self) -> usize {
        self.runs.iter().map(Left::count).sum()
    }
}

#[cfg(test)]
mod tests;
