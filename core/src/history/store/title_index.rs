//! Asks the index of texts which threads a list may show, so that it need not look at all of them.

use std::collections::HashSet;
use std::path::PathBuf;

use super::{Inner, ListQuery, ThreadStore};
use crate::ThreadId;
use crate::history::index::titles::TitleQuery;

impl ThreadStore {
    /// Leaves out of a list what the index says does not fit.
    pub(super) async fn narrow(&self, query: &mut ListQuery) {
        let folders = query.cwds.as_deref().unwrap_or_default().iter();
        let folders = folders.map(PathBuf::as_path);
        let Some(asked) = TitleQuery::new(query.search.as_deref(), folders) else {
            return;
        };
        let inner = std::sync::Arc::clone(&self.inner);
        let (part, archived) = (query.search.clone(), query.archived);
        let fit = super::run(move || Ok(inner.fitting(&asked, part.as_deref(), archived)));
        if let Some(fit) = fit.await.ok().flatten() {
            query.included = Some(match query.included.take() {
                Some(wanted) => wanted.intersection(&fit).copied().collect(),
                None => fit,
            });
        }
    }
}

impl Inner {
    /// Threads that may fit; `None`: all of them. `part`: what titles must have.
    fn fitting(&self, query: &TitleQuery, part: Option<&str>, archived: bool) -> Option<HashSet<ThreadId>> {
        if !self.texts.index().exists() {
            return None;
        }
        let uncovered = self.uncovered(archived);
        let fit = self.texts.index().titled(query);
        let fit = fit.inspect_err(|error| tracing::debug!(%error, "all threads are looked at"));
        let (generation, threads) = fit.ok().flatten()?;
        let mut state = self.state();
        if !state.is_covered_by(generation) {
            return None;
        }
        let mut fit: HashSet<ThreadId> = threads.into_iter().collect();
        fit.extend(uncovered.into_iter().map(|(_, key)| key.id));
        if let Some(part) = part {
            // Users' names are not in there.
            state.names.refresh();
            fit.extend(state.names.containing(part));
        }
        Some(fit)
    }
}
