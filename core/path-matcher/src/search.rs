//! A search, as the threads share it that work on it.

use std::sync::Arc;

use crate::best::SharedBest;
use crate::find::{Place, Waiter};
use crate::left::Left;
use crate::paths::Chunk;
use crate::query::{Query, Scorer};
use crate::seeker::Seeker;

/// What is looked for, and where.
pub(crate) struct Search {
    pub(crate) query: Arc<Query>,
    pub(crate) jobs: Vec<Job>,
    pub(crate) best: SharedBest,
    /// Whether nobody waits any more.
    pub(crate) is_gone: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// A block of paths.
#[derive(Debug)]
pub(crate) struct Job {
    /// The number of the folder that was walked.
    pub(crate) root: usize,
    pub(crate) chunk: Arc<Chunk>,
    /// Folders in it that are searched by themselves.
    pub(crate) covered: Arc<[String]>,
}

/// Some of the blocks: the number of each in the search, and what is left of it, for this query or for a longer one.
pub(crate) type Part = Vec<(usize, Left)>;

impl Search {
    /// Looks for all matches of a part. Gives what is left of each block then. `waiter` is told the best so far.
    pub(crate) fn seek<'w>(
        &self,
        part: Part,
        scorer: &'w mut Scorer,
        waiter: Option<&'w mut dyn Waiter>,
    ) -> Part {
        let (numbers, left): (Vec<_>, Vec<_>) = part.into_iter().unzip();
        let jobs = numbers.iter().map(|number| &self.jobs[*number]).collect();
        let left = Seeker::new(self, jobs, left, scorer, waiter).seek();
        numbers.into_iter().zip(left).collect()
    }
}

impl Job {
    /// Where one of its paths is.
    pub(crate) fn place(&self, at: usize) -> Place {
        Place {
            root: self.root,
            chunk: Arc::clone(&self.chunk),
            at,
        }
    }

    /// Whether this path is found elsewhere.
    pub(crate) fn covers(&self, path: &str) -> bool {
        self.covered.iter().any(|inner| {
            path.strip_prefix(inner.as_str())
                .is_some_and(|rest| inner.is_empty() || rest.is_empty() || rest.starts_with('/'))
        })
    }
}
