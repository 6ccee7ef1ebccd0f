//! The best paths of all blocks.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::best::Hit;
use crate::left::{Left, Narrowed};
use crate::paths::Chunk;
use crate::query::{Query, Scorer};
use crate::seeker::{Job, Seeker, worst_of};

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

/// Whoever waits for what is found.
pub trait Waiter {
    /// Asked often: whether it is not needed any more. What is found then is incomplete.
    fn is_gone(&self) -> bool;

    /// Asked often: whether it has waited so long that it takes the best so far.
    fn is_impatient(&self) -> bool;

    /// Gives it these: as many as are shown, which is mostly what is found in the end.
    fn take(&mut self, files: Vec<FoundFile>);
}

/// Finds paths. It keeps the room that matching takes for the next query.
#[derive(Default)]
pub struct Finder {
    scorer: Scorer,
}

impl Finder {
    /// The best matches in these folders.
    pub fn find(
        &mut self,
        query: &Query,
        sources: &[Source],
        earlier: &Earlier,
        waiter: &mut dyn Waiter,
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
        let left = what_is_left(query, &jobs, earlier.narrowed.as_ref());
        let shown = earlier.shown.iter().filter_map(|place| {
            let is_its = |job: &Job<'_>| job.root == place.root && Arc::ptr_eq(job.chunk, &place.chunk);
            Some((jobs.iter().position(is_its)?, place.at))
        });
        let floor = worst_of(query, &jobs, shown, &mut self.scorer);
        let mut seeker = Seeker::new(query, &jobs, left, floor, &mut self.scorer);
        seeker.seek(waiter);
        let (hits, left) = seeker.into_found();
        let chunks = jobs.iter().map(|job| Arc::clone(job.chunk));
        let narrowed = Narrowed {
            blocks: chunks.zip(left.into_iter().map(Arc::new)).collect(),
            top: query.path_at_most(),
        };
        let places = hits.iter().map(|hit| Place {
            root: hit.root,
            chunk: Arc::clone(hit.chunk),
            at: hit.at,
        });
        Found {
            places: places.collect(),
            files: files(query, &hits, &mut self.scorer),
            narrowed,
        }
    }
}

/// What is shown of matches.
pub(crate) fn files(query: &Query, hits: &[Hit<'_>], scorer: &mut Scorer) -> Vec<FoundFile> {
    let file = |hit: &Hit<'_>| {
        let entry = hit.chunk.entry(hit.at)?;
        Some(FoundFile {
            root: hit.root,
            path: hit.path.to_owned(),
            is_folder: entry.is_folder,
            score: hit.score,
            indices: scorer.indices(query, entry, hit.in_name),
        })
    };
    hits.iter().filter_map(file).collect()
}

impl fmt::Debug for Finder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Finder")
    }
}

/// What may match in each block, as far as a shorter query has told.
fn what_is_left(query: &Query, jobs: &[Job<'_>], narrowed: Option<&Narrowed>) -> Vec<Left> {
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
    jobs.iter().map(of_job).collect()
}

impl FoundFile {
    /// The last part of its path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
