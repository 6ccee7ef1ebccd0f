//! A search that follows what is typed.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use codex_path_matcher::{Earlier, Found, FoundFile, Place, Query};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::FileSearch;
use super::walk::Walk;

/// What is found while a folder is walked is told this long after the query, and then at intervals twice as long each.
const FIRST: Duration = Duration::from_millis(10);
/// The longest of these intervals.
const LONGEST: Duration = Duration::from_millis(320);

/// Queries at most of which it is kept what was found.
const MAX_ANSWERED: usize = 16;

/// What a search tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchUpdate {
    /// What was found for a query so far.
    Found {
        /// The query.
        query: String,
        /// The best, the best first.
        files: Vec<FoundFile>,
    },
    /// What was told last is all there is.
    Completed,
}

/// A search that follows what is typed. Dropping it ends it.
#[derive(Debug)]
pub struct SearchSession {
    query: watch::Sender<String>,
}

impl SearchSession {
    /// Searches for this from now on. A query that is not answered yet is forgotten.
    pub fn update(&self, query: String) {
        self.query.send_replace(query);
    }
}

impl FileSearch {
    /// Begins a search in these folders, with the empty query. Each query is told what was found for it, once or more
    /// often, and then that this is all. Call it within a tokio runtime.
    pub fn session(
        self: &Arc<Self>,
        roots: Vec<PathBuf>,
        tell: impl Fn(SearchUpdate) + Send + Sync + 'static,
    ) -> SearchSession {
        let (query, queries) = watch::channel(String::new());
        let task = Task {
            search: Arc::clone(self),
            roots,
            tell,
            shown: Vec::new(),
            matched: Vec::new(),
            answered: Vec::new(),
            places: Vec::new(),
        };
        tokio::spawn(task.run(queries));
        SearchSession { query }
    }
}

struct Task<T> {
    search: Arc<FileSearch>,
    roots: Vec<PathBuf>,
    tell: T,
    /// The last complete walks.
    shown: Vec<Arc<Walk>>,
    /// The walks that were matched last.
    matched: Vec<Arc<Walk>>,
    /// What was found in these, each for a query that narrows the one before: what is typed further narrows the last, and
    /// what is taken back is one of the others.
    answered: Vec<Answered>,
    /// Where in these is what was found last.
    places: Vec<Place>,
}

/// What was found for a query.
struct Answered {
    query: Arc<Query>,
    found: Found,
    /// Not while folders were walked.
    is_all: bool,
}

impl<T: Fn(SearchUpdate) + Send + Sync> Task<T> {
    async fn run(mut self, mut queries: watch::Receiver<String>) {
        loop {
            let query = queries.borrow_and_update().clone();
            let answered = tokio::select! {
                () = self.answer(&query) => true,
                changed = queries.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    false
                }
            };
            if answered && queries.changed().await.is_err() {
                return;
            }
        }
    }

    /// Tells what is found for a query, until that is all.
    async fn answer(&mut self, text: &str) {
        let query = Query::parse(text).map(Arc::new);
        let began = Instant::now();
        let mut walks = self.search.walks(&self.roots).await;
        let mut told: Option<Vec<FoundFile>> = None;
        let mut interval = FIRST;
        loop {
            let complete = walks.iter().all(|walk| walk.is_complete());
            // While folders are walked again, what was known of them is better than half of what is.
            let sources = if !complete && self.shown.len() == walks.len() {
                self.shown.clone()
            } else {
                walks.clone()
            };
            let files = match &query {
                Some(query) => self.find(text, query, sources, &mut told).await,
                None => Vec::new(),
            };
            // Nothing is no news while there may be more, except for the query that finds nothing.
            let worth = complete || !files.is_empty() || query.is_none();
            if worth {
                self.tell_found(text, files, &mut told);
            }
            if complete {
                if let Some(newer) = self.search.newer(&self.roots, &walks, began).await {
                    self.shown = std::mem::replace(&mut walks, newer);
                    continue;
                }
                self.shown = walks;
                (self.tell)(SearchUpdate::Completed);
                return;
            }
            let completed = async {
                for walk in &walks {
                    walk.completed().await;
                }
            };
            // Whichever comes first.
            let _ = tokio::time::timeout(interval, completed).await;
            interval = (interval * 2).min(LONGEST);
        }
    }

    /// Tells what was found, unless it was `told`.
    fn tell_found(&self, query: &str, files: Vec<FoundFile>, told: &mut Option<Vec<FoundFile>>) {
        if told.as_ref() != Some(&files) {
            (self.tell)(SearchUpdate::Found {
                query: query.to_owned(),
                files: files.clone(),
            });
            *told = Some(files);
        }
    }

    /// Finds the best. If it takes long, the best so far are told meanwhile, which are mostly the same.
    async fn find(
        &mut self,
        text: &str,
        query: &Arc<Query>,
        walks: Vec<Arc<Walk>>,
        told: &mut Option<Vec<FoundFile>>,
    ) -> Vec<FoundFile> {
        let same = |(one, other): (&Arc<Walk>, &Arc<Walk>)| Arc::ptr_eq(one, other);
        if walks.len() != self.matched.len() || !walks.iter().zip(&self.matched).all(same) {
            self.answered.clear();
            self.places.clear();
            self.matched.clone_from(&walks);
        }
        let is_it = |answered: &&Answered| answered.is_all && answered.query.finds_the_same_as(query);
        if let Some(answered) = self.answered.iter().find(is_it) {
            self.places.clone_from(&answered.found.places);
            return answered.found.files.clone();
        }
        let is_all = walks.iter().all(|walk| walk.is_complete());
        // It stays, for this may be dropped before it is done.
        let before = self.answered.iter().rfind(|before| query.narrows(&before.query));
        let earlier = Earlier {
            narrowed: before.map(|before| before.found.narrowed.clone()),
            shown: self.places.clone(),
        };
        let cancel = CancellationToken::new();
        // A newer query drops this future; the work need not go on then.
        let _guard = cancel.clone().drop_guard();
        // While walks go on, what is found so far is told at intervals; what was told already is no worse.
        let (sender, mut early) = mpsc::unbounded_channel();
        let sender = (is_all && told.is_none()).then_some(sender);
        let search = Arc::clone(&self.search);
        let mut found = pin!(search.matching(Arc::clone(query), walks, earlier, cancel, sender));
        let found = loop {
            tokio::select! {
                biased;
                found = &mut found => break found,
                Some(files) = early.recv() => self.tell_found(text, files, told),
            }
        };
        if !found.places.is_empty() {
            self.places.clone_from(&found.places);
        }
        let files = found.files.clone();
        self.keep(Answered {
            query: Arc::clone(query),
            found,
            is_all,
        });
        files
    }

    /// Keeps what was found, in place of what was found for the same query, and of what is neither part of it nor goes on
    /// from it.
    fn keep(&mut self, newest: Answered) {
        self.answered.retain(|kept| {
            let (one, other) = (&kept.query, &newest.query);
            !one.finds_the_same_as(other) && (one.narrows(other) || other.narrows(one))
        });
        if self.answered.len() == MAX_ANSWERED {
            self.answered.remove(0);
        }
        let shorter = |kept: &Answered| newest.query.narrows(&kept.query);
        let at = self.answered.partition_point(shorter);
        self.answered.insert(at, newest);
    }
}
