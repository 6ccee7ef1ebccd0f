//! What is told about git repositories: in requests (docs/contract/model-http.md#turn-metadata) and in a thread's first line.
//!
//! A repository that a user opens may be hostile. So no program runs: git would start what a repository's own
//! configuration names. Its files are read here instead, as [`crate::external_file`] says, from its own git folder only,
//! and what they hold is checked before it is told. Contents of the work tree are never read.
//!
//! Where to look:
//!
//! * `repository` (where its files are, and how they are read), `config` (the few settings that count)
//! * `head` (HEAD and what it names), `objects` (commits), `changes` (whether the work tree has changed)
//! * `context` (what the model is told)

mod changes;
mod config;
mod context;
mod head;
mod objects;
mod repository;

use self::objects::Commits;

pub(crate) use self::context::RepositoryContext;
#[cfg(test)]
pub(crate) use self::context::Upstream;
pub(crate) use self::repository::{Repository, RepositoryKind, is_marker, main_work_tree};

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use serde::Serialize;
use tokio::time::Instant;

use crate::GitInfo;
use crate::external_file::{BackgroundWork, READ_TIMEOUT};

/// How long a request or a handshake waits for what is known of repositories.
pub const PATIENCE: Duration = Duration::from_millis(250);

/// Repositories that the model is told of.
const MAX_REPOSITORIES: usize = 8;

/// Root of a repository → what is told of it.
pub type Workspaces = BTreeMap<String, Workspace>;

/// What is told of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Workspace {
    /// Name of a remote → its URL, without credentials.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub associated_remote_urls: BTreeMap<String, String>,
    /// Hash of the commit that is checked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_git_commit_hash: Option<String>,
    /// Whether there are changes that are not committed; `None` if that can't be told without reading contents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_changes: Option<bool>,
}

impl Workspace {
    fn of(repository: &Repository, context: &RepositoryContext) -> Self {
        Self {
            associated_remote_urls: repository.remotes(),
            latest_git_commit_hash: context.commit.clone(),
            has_changes: context.has_changes,
        }
    }
}

/// Commit, branch and origin of the repository that a folder is in; `None` outside of one, and where nothing is committed
/// or that can't be read. Blocks; see [`crate::external_file`].
pub(crate) fn info(folder: &Path) -> Option<GitInfo> {
    let repository = Repository::around(folder)?;
    let head = repository.head();
    let info = GitInfo {
        sha: Some(head.commit?),
        branch: head.branch,
        origin_url: repository.remotes().remove("origin"),
    };
    Some(info)
}

/// Where what is checked out in the repository that a folder is in parted with a branch, or with the one that this follows,
/// where that has commits which the branch hasn't. `None`: that can't be told within a second, or 500 commits. Blocks; see
/// [`crate::external_file`].
pub(crate) fn merge_base(folder: &Path, branch: &str) -> Option<String> {
    let repository = Repository::around(folder)?;
    let config = repository.config();
    let until = std::time::Instant::now() + Duration::from_secs(1);
    let mut commits = Commits::new(&repository, config.hash_length, until);
    let followed = config
        .upstream_of(branch)
        .and_then(|(_, full)| repository.resolve_ref(full));
    let named = [format!("refs/heads/{branch}"), format!("refs/remotes/{branch}")]
        .into_iter()
        .find_map(|name| repository.resolve_ref(name));
    let theirs = match (followed, named) {
        (Some(followed), Some(named)) => match commits.ahead_behind(&named, &followed) {
            Some((_, 0)) => named,
            _ => followed,
        },
        (followed, named) => followed.or(named)?,
    };
    commits.merge_base(&repository.head().commit?, &theirs)
}

/// A look at the repositories of a turn, under way or done, with the moment from which on nobody waits for it.
#[derive(Debug, Clone)]
pub struct GitProbe {
    answer: Shared<BoxFuture<'static, Option<Arc<GitLook>>>>,
    until: Instant,
}

impl GitProbe {
    /// Looks at the repositories that hold these folders, in the background. Must be called within the runtime.
    pub fn at<'a>(folders: impl IntoIterator<Item = &'a Path>) -> Self {
        let folders: BTreeSet<PathBuf> = folders.into_iter().map(Path::to_owned).collect();
        let looking = tokio::spawn(BackgroundWork::begin(move || look(&folders)).within(READ_TIMEOUT));
        // Runs to its end even if everybody who waits has gone.
        let answer = async move { looking.await.ok()?.ok().map(Arc::new) }
            .boxed()
            .shared();
        Self {
            answer,
            until: Instant::now() + PATIENCE,
        }
    }

    /// What is known by now, after waiting for the rest of [`PATIENCE`] at most. All or nothing: a repository that is
    /// missing would look like one that was left.
    pub async fn in_time(&self) -> Option<Workspaces> {
        let workspaces = self.look_in_time().await?.workspaces.clone();
        (!workspaces.is_empty()).then_some(workspaces)
    }

    /// What the model is told of the repositories, in the order of their roots; the same look, the same wait. `None`: it is
    /// not known in time.
    pub(crate) async fn context_in_time(&self) -> Option<Vec<RepositoryContext>> {
        Some(self.look_in_time().await?.repositories.clone())
    }

    async fn look_in_time(&self) -> Option<Arc<GitLook>> {
        let answer = tokio::time::timeout_at(self.until, self.answer.clone());
        answer.await.ok()?
    }
}

/// What was found.
#[derive(Debug, Default)]
struct GitLook {
    workspaces: Workspaces,
    repositories: Vec<RepositoryContext>,
}

fn look(folders: &BTreeSet<PathBuf>) -> GitLook {
    let mut found: BTreeMap<PathBuf, Repository> = BTreeMap::new();
    for repository in folders.iter().filter_map(|folder| Repository::around(folder)) {
        found.entry(repository.root().to_owned()).or_insert(repository);
    }
    let mut look = GitLook::default();
    for (root, repository) in &found {
        let context = RepositoryContext::of(repository);
        let workspace = Workspace::of(repository, &context);
        look.workspaces
            .insert(root.to_string_lossy().into_owned(), workspace);
        if look.repositories.len() < MAX_REPOSITORIES {
            look.repositories.push(context);
        }
    }
    look
}

#[cfg(test)]
mod tests;
