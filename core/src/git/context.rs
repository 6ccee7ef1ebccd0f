//! What the model is told of a repository (docs/contract/context.md#git).

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::objects::Commits;
use super::repository::{Repository, RepositoryKind};

/// How long commits are read. A turn's first request waits for this.
const MAX_TIME: Duration = Duration::from_millis(100);
/// Longest subject and name that are told, in characters.
const MAX_WORDS: usize = 120;

/// A repository as it stands. Names and subjects are the repository's own words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RepositoryContext {
    /// Top of its work tree.
    pub(crate) root: PathBuf,
    /// What kind of work tree it is.
    pub(crate) kind: RepositoryKind,
    /// The branch; `None`: a commit without one is checked out.
    pub(crate) branch: Option<String>,
    /// Hash of the commit, all digits; `None`: there is none yet.
    pub(crate) commit: Option<String>,
    /// First line of the commit's message.
    pub(crate) subject: Option<String>,
    /// The branch that the branch follows, as far as this machine knows it.
    pub(crate) upstream: Option<Upstream>,
    /// Whether there are changes that are not committed; `None`: only file contents would tell.
    pub(crate) has_changes: Option<bool>,
}

/// The branch that a branch follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Upstream {
    /// `origin/main`
    pub(crate) name: String,
    /// Commits that it lacks, and that the branch lacks; `None`: counting would take too long.
    pub(crate) ahead_behind: Option<(usize, usize)>,
}

impl RepositoryContext {
    pub(super) fn of(repository: &Repository) -> Self {
        Self::known_by(repository, Instant::now() + MAX_TIME)
    }

    /// What can be found out until then.
    pub(super) fn known_by(repository: &Repository, until: Instant) -> Self {
        let head = repository.head();
        let config = repository.config();
        let mut commits = Commits::new(repository, config.hash_length, until);
        let commit = head.commit.as_deref();
        let subject = commit
            .and_then(|hash| commits.get(hash))
            .map(|found| found.subject);
        let followed = head
            .branch
            .as_deref()
            .and_then(|branch| config.upstream_of(branch));
        let upstream = followed.and_then(|(name, full)| {
            let theirs = repository.resolve_ref(full)?;
            Some(Upstream {
                name: told(&name),
                ahead_behind: commit.and_then(|ours| commits.ahead_behind(ours, &theirs)),
            })
        });
        Self {
            root: repository.root().to_owned(),
            kind: repository.kind(),
            branch: head.branch.as_deref().map(told),
            subject: subject.as_deref().map(told).filter(|subject| !subject.is_empty()),
            commit: head.commit,
            upstream,
            has_changes: repository.has_changes(),
        }
    }
}

/// Words of the repository as they are told: one line, not too long.
fn told(words: &str) -> String {
    let printable = words
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control());
    let mut text: String = printable.clone().take(MAX_WORDS).collect();
    if printable.count() > MAX_WORDS {
        text.push('…');
    }
    text
}
