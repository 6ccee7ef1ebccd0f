//! The best paths of all blocks.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::best::{Hit, SharedBest};
use crate::helper::{Helper, HelperPlacement, Outcome};
use crate::left::{Left, Narrowed};
use crate::paths::Chunk;
use crate::query::{Query, Scorer};
use crate::search::{Job, Part, Search};
use crate::seeker::worst_of;

/// To wake the other thread takes about as long as to look at so many paths.
const HELPED_FROM: usize = 8 << 10;

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
    pub(crate) root: usize,
    pub(crate) chunk: Arc<Chunk>,
    pub(crate) at: usize,
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
    /// What is asked often, by several threads: whether it is not needed any more. What is found then is incomplete.
    fn gone(&self) -> Arc<dyn Fn() -> bool + Send + Sync>;

    /// Asked often: whether it has waited so long that it takes the best so far.
    fn is_impatient(&self) -> bool;

    /// Gives it these: as many as are shown, which is mostly what is found in the end.
    fn take(&mut self, files: Vec<FoundFile>);
}

/// Finds paths. It keeps the room that matching takes for the next query, and a thread that helps.
pub struct Finder {
    scorer: Scorer,
    helper: Option<Helper>,
    /// Makes what tells the system where that thread is to run.
    placement: fn() -> Box<dyn HelperPlacement>,
    /// How many paths a query may match at least for it to help.
    helped_from: usize,
}

impl Finder {
    /// Has found nothing yet. `placement` makes what tells the system where the thread that helps is to run.
    pub fn new(placement: fn() -> Box<dyn HelperPlacement>) -> Self {
        Self {
            scorer: Scorer::default(),
            helper: None,
            placement,
            helped_from: HELPED_FROM,
        }
    }

    /// The best matches in these folders.
    pub fn find(
        &mut self,
        query: &Arc<Query>,
        sources: &[Source],
        earlier: &Earlier,
        waiter: &mut dyn Waiter,
    ) -> Found {
        let mut jobs = Vec::new();
        for (root, source) in sources.iter().enumerate() {
            let covered: Arc<[String]> = source.covered.clone().into();
            jobs.extend(source.chunks.iter().map(|chunk| Job {
                root,
                chunk: Arc::clone(chunk),
                covered: Arc::clone(&covered),
            }));
        }
        // What comes first in the order of paths is shown before others that are worth as much.
        jobs.sort_by(|one, other| (one.root, one.chunk.least()).cmp(&(other.root, other.chunk.least())));
        let left = what_is_left(query, &jobs, earlier.narrowed.as_ref());
        let shown = earlier.shown.iter().filter_map(|place| {
            let is_its = |job: &Job| job.root == place.root && Arc::ptr_eq(&job.chunk, &place.chunk);
            Some((jobs.iter().position(is_its)?, place.at))
        });
        let floor = worst_of(query, &jobs, shown, &mut self.scorer);
        let search = Arc::new(Search {
            query: Arc::clone(query),
            jobs,
            best: SharedBest::above(floor),
            is_gone: waiter.gone(),
        });
        let left = self.seek(&search, left, waiter);
        let blocks = left
            .into_iter()
            .map(|(number, left)| (Arc::clone(&search.jobs[number].chunk), Arc::new(left)));
        let narrowed = Narrowed {
            blocks: blocks.collect(),
            top: query.path_at_most(),
        };
        let hits = search.best.take_sorted();
        Found {
            files: files(query, &hits, &mut self.scorer),
            places: hits.into_iter().map(|hit| hit.place).collect(),
            narrowed,
        }
    }

    /// Looks for all matches: in every other block on another thread, if there is much to look at. Gives what is left of
    /// the blocks, by their numbers.
    fn seek(&mut self, search: &Arc<Search>, left: Vec<Left>, waiter: &mut dyn Waiter) -> Part {
        let count: usize = left.iter().map(Left::count).sum();
        let left = left.into_iter().enumerate();
        let helper = if count < self.helped_from {
            None
        } else {
            self.helper()
        };
        let Some(mut helper) = helper else {
            return search.seek(left.collect(), &mut self.scorer, Some(waiter));
        };
        let (own, others) = left.partition(|(number, _)| number % 2 == 0);
        let given = helper.begin(search, others);
        let mut all = search.seek(own, &mut self.scorer, Some(waiter));
        let (others, helper) = match given {
            Ok(()) => (helper.finish(), Some(helper)),
            Err(others) => (Outcome::NotBegun(others), None),
        };
        self.helper = helper;
        all.extend(match others {
            Outcome::Done(left) => left,
            Outcome::NotBegun(others) => search.seek(others, &mut self.scorer, Some(waiter)),
            // Which of its matches it has kept is not known.
            Outcome::Failed => panic!("the other thread of a search failed"),
        });
        all
    }

    /// The other thread, if there may be one.
    fn helper(&mut self) -> Option<Helper> {
        self.helper
            .take()
            .or_else(|| Helper::start((self.placement)()).ok())
    }
}

/// What is shown of matches.
pub(crate) fn files(query: &Query, hits: &[Hit], scorer: &mut Scorer) -> Vec<FoundFile> {
    let file = |hit: &Hit| {
        let entry = hit.place.chunk.entry(hit.place.at)?;
        Some(FoundFile {
            root: hit.place.root,
            path: entry.path.to_owned(),
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
fn what_is_left(query: &Query, jobs: &[Job], narrowed: Option<&Narrowed>) -> Vec<Left> {
    let before = narrowed.map_or(0, |narrowed| narrowed.top);
    let more = query.path_at_most().saturating_sub(before);
    // Blocks come and go between two queries while folders are walked.
    let known = narrowed.iter().flat_map(|narrowed| &narrowed.blocks);
    let known: HashMap<_, _> = known
        .map(|(chunk, left)| (Arc::as_ptr(chunk).addr(), left))
        .collect();
    let of_job = |job: &Job| match known.get(&Arc::as_ptr(&job.chunk).addr()) {
        Some(left) => left.of_longer(more),
        None => Left::all_of(&job.chunk),
    };
    jobs.iter().map(of_job).collect()
}

impl Place {
    /// The path.
    pub(crate) fn path(&self) -> &str {
        self.chunk.path(self.at).unwrap_or_default()
    }
}

impl FoundFile {
    /// The last part of its path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
