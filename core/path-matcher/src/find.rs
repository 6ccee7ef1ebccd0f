//! The best paths of all blocks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::best::Best;
use crate::left::{Left, Narrowed};
use crate::paths::Chunk;
use crate::query::{Query, Scorer};
use crate::round::{Matches, Round};
use crate::seeker::{Job, Seeker, worst_of};

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

/// What is known from earlier queries.
#[derive(Debug, Default, Clone)]
pub struct Earlier {
    /// What one has left that [this one narrows](crate::Query::narrows), in the same folders.
    pub narrowed: Option<Narrowed>,
    /// Where the paths are that were found for any other: if they match, they tell how good others must be.
    pub shown: Vec<Place>,
}

/// Where a path is.
#[derive(Debug, Clone)]
pub struct Place {
    root: usize,
    chunk: Arc<Chunk>,
    at: usize,
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
    jobs.sort_by_key(|job| (job.root, job.chunk.least()));
    let paths: usize = jobs.iter().map(|job| job.chunk.len()).sum();
    let left = what_is_left(query, &jobs, earlier.narrowed.as_ref());
    let shown = earlier.shown.iter().filter_map(|place| {
        let is_its = |job: &Job<'_>| job.root == place.root && Arc::ptr_eq(job.chunk, &place.chunk);
        Some((jobs.iter().position(is_its)?, place.at))
    });
    let floor = worst_of(query, &jobs, shown);
    let best = Mutex::new(Best::above(floor));
    let round = |matches| Round::new(query, &jobs, &left, floor.score, matches);
    let names = query.name_length().map(|_| round(Matches::OfNames));
    let all = round(Matches::OfPaths);
    let seek = || {
        let mut seeker = Seeker::new(query, &jobs, &best);
        if let Some(names) = &names {
            seeker.seek(names, is_cancelled);
        }
        if !seeker.needs_no_paths() {
            seeker.seek(&all, is_cancelled);
        }
    };
    if threads > 1 && paths >= WORTH_A_THREAD {
        std::thread::scope(|scope| {
            scope.spawn(seek);
            seek();
        });
    } else {
        seek();
    }
    let best = best.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (mut scorer, mut files, mut places) = (Scorer::new(), Vec::new(), Vec::new());
    for hit in best.into_sorted() {
        let Some(entry) = hit.chunk.entry(hit.at) else {
            continue;
        };
        files.push(FoundFile {
            root: hit.root,
            path: hit.path.to_owned(),
            is_folder: entry.is_folder,
            score: hit.score,
            indices: scorer.indices(query, entry, hit.in_name),
        });
        places.push(Place {
            root: hit.root,
            chunk: Arc::clone(hit.chunk),
            at: hit.at,
        });
    }
    let blocks = left.into_iter().zip(&jobs).map(|(left, job)| {
        let left = left.into_inner().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(job.chunk), Arc::new(left))
    });
    let narrowed = Narrowed {
        blocks: blocks.collect(),
        top: query.path_at_most(),
    };
    Found {
        files,
        places,
        narrowed,
    }
}

/// What may match in each block, as far as a shorter query has told.
fn what_is_left(query: &Query, jobs: &[Job<'_>], narrowed: Option<&Narrowed>) -> Vec<Mutex<Left>> {
    let before = narrowed.map_or(0, |narrowed| narrowed.top);
    let more = query.path_at_most().saturating_sub(before);
    // Blocks come and go between two queries while folders are walked.
    let known = narrowed.iter().flat_map(|narrowed| &narrowed.blocks);
    let known: HashMap<_, _> = known
        .map(|(chunk, left)| (Arc::as_ptr(chunk).addr(), left))
        .collect();
    let of_job = |job: &Job<'_>| match known.get(&Arc::as_ptr(job.chunk).addr()) {
        Some(left) => left.of_longer(more),
        None => Left::all_of(job.chunk),
    };
    jobs.iter().map(|job| Mutex::new(of_job(job))).collect()
}

impl FoundFile {
    /// The last part of its path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
