//! What requests tell about the git repositories that a turn works in (model-and-auth section 3.2).
//!
//! The answers come from `git` itself, in processes that are never waited for longer than [`PATIENCE`]. They are kept
//! per repository until its HEAD or its index changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, join_all};
use serde::Serialize;
use tokio::process::Command;
use tokio::time::Instant;

/// How long a request or a handshake waits for what git says.
pub const PATIENCE: Duration = Duration::from_millis(250);
/// How long one git command may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(5);
/// Repositories that are remembered.
const MAX_KEPT: usize = 64;

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
    /// Whether there are changes that are not committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_changes: Option<bool>,
}

/// A question to git about one repository, under way or answered.
type Question = Shared<BoxFuture<'static, Workspace>>;

/// What changes when a repository does: HEAD, the index, and the log of HEAD, which grows with each commit.
type Stamp = [Option<(SystemTime, u64)>; 3];

/// Questions by root. Shared by all threads of the process; locked for moments only.
static KEPT: LazyLock<Mutex<HashMap<PathBuf, (Stamp, Question)>>> = LazyLock::new(Mutex::default);

/// Questions about the repositories of a turn, with the moment from which on nobody waits for them.
#[derive(Debug, Clone)]
pub struct Look {
    questions: Vec<(String, Question)>,
    until: Instant,
}

impl Look {
    /// Asks about the repositories that hold these folders. Costs a few file lookups; git runs in the background. Must
    /// be called within the runtime.
    pub fn at<'a>(folders: impl IntoIterator<Item = &'a Path>) -> Self {
        let roots: BTreeSet<(PathBuf, PathBuf)> = folders.into_iter().filter_map(repository).collect();
        let questions = roots
            .into_iter()
            .map(|(root, git_dir)| (root.to_string_lossy().into_owned(), question(root, &git_dir)));
        Self {
            questions: questions.collect(),
            until: Instant::now() + PATIENCE,
        }
    }

    /// What is known by now, after waiting for the rest of [`PATIENCE`] at most. All or nothing: a repository that is
    /// missing would look like one that was left.
    pub async fn in_time(&self) -> Option<Workspaces> {
        if self.questions.is_empty() {
            return None;
        }
        let answers = join_all(self.questions.iter().map(|(_, question)| question.clone()));
        let answers = tokio::time::timeout_at(self.until, answers).await.ok()?;
        let roots = self.questions.iter().map(|(root, _)| root.clone());
        Some(roots.zip(answers).collect())
    }
}

/// The repository that holds a folder: its root and its git folder.
fn repository(folder: &Path) -> Option<(PathBuf, PathBuf)> {
    for root in folder.ancestors() {
        let dot_git = root.join(".git");
        let Ok(kind) = std::fs::metadata(&dot_git) else {
            continue;
        };
        if kind.is_dir() {
            return Some((root.to_owned(), dot_git));
        }
        // A worktree or submodule: a file that names the folder.
        let named = std::fs::read_to_string(&dot_git).ok()?;
        let named = named.strip_prefix("gitdir:")?.trim();
        return Some((root.to_owned(), root.join(named)));
    }
    None
}

fn stamp(git_dir: &Path) -> Stamp {
    ["HEAD", "index", "logs/HEAD"].map(|name| {
        let file = std::fs::metadata(git_dir.join(name)).ok()?;
        Some((file.modified().ok()?, file.len()))
    })
}

fn question(root: PathBuf, git_dir: &Path) -> Question {
    let stamp = stamp(git_dir);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((then, question)) = kept.get(&root)
        && *then == stamp
    {
        return question.clone();
    }
    if kept.len() >= MAX_KEPT {
        kept.clear();
    }
    let asked = tokio::spawn(ask(root.clone()));
    // Runs to its end even if everybody who waits has gone.
    let question = async move { asked.await.unwrap_or_default() }.boxed().shared();
    kept.insert(root, (stamp, question.clone()));
    question
}

async fn ask(root: PathBuf) -> Workspace {
    let (head, remotes, status) = tokio::join!(
        git(&root, &["rev-parse", "HEAD"]),
        git(&root, &["remote", "-v"]),
        git(&root, &["status", "--porcelain", "--ignore-submodules"]),
    );
    Workspace {
        associated_remote_urls: remotes.as_deref().map(remote_urls).unwrap_or_default(),
        latest_git_commit_hash: head.map(|hash| hash.trim().to_owned()),
        has_changes: status.map(|status| !status.trim().is_empty()),
    }
}

/// What a git command prints; `None` if it fails or takes too long. Nothing that a repository's own configuration
/// names is run, and nothing is locked or asked.
async fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command
        .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"])
        .args(arguments)
        .current_dir(root)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(COMMAND_LIMIT, command.output())
        .await
        .ok()?
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}

/// Reads `git remote -v`: lines of name, tab, URL and `(fetch)` or `(push)`.
fn remote_urls(text: &str) -> BTreeMap<String, String> {
    let fetch = text.lines().filter_map(|line| line.strip_suffix("(fetch)"));
    fetch
        .filter_map(|line| line.trim_end().split_once('\t'))
        .map(|(name, url)| (name.to_owned(), without_credentials(url)))
        .collect()
}

/// Drops user and password from a URL. The short form `user@host:path` names only a user; it stays.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..authority].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_dropped() {
        for (url, shown) in [
            ("https://user:pass@h/x.git", "https://h/x.git"),
            ("https://to@ken@h:1/x@y", "https://h:1/x@y"),
            ("ssh://git@h/x", "ssh://h/x"),
            ("git@h:x.git", "git@h:x.git"),
            ("/local/path", "/local/path"),
        ] {
            assert_eq!(without_credentials(url), shown);
        }
    }

    #[test]
    fn remotes_are_read() {
        let text = "origin\thttps://u:p@h/x (fetch)\norigin\thttps://u:p@h/x (push)\nup\tgit@h:y (fetch)\n";
        let urls = remote_urls(text);
        assert_eq!(urls["origin"], "https://h/x");
        assert_eq!(urls["up"], "git@h:y");
    }

    fn run(root: &Path, arguments: &[&str]) {
        let done = std::process::Command::new("git")
            .args([
                "-c",
                "user.name=t",
                "-c",
                "user.email=t@t",
                "-c",
                "init.defaultBranch=main",
            ])
            .args(arguments)
            .current_dir(root)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    async fn look(folders: &[&Path]) -> Workspaces {
        // Without the limit of requests: the machine may be busy.
        let mut look = Look::at(folders.iter().copied());
        look.until = Instant::now() + Duration::from_secs(20);
        look.in_time().await.unwrap_or_default()
    }

    #[tokio::test]
    async fn a_repository_is_described_and_described_anew_when_it_changes() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        run(root, &["init"]);
        run(root, &["remote", "add", "origin", "https://u:p@h/x"]);
        std::fs::write(root.join("a"), "1").unwrap();
        run(root, &["add", "."]);
        run(root, &["commit", "-m", "one"]);
        let sub = root.join("sub");
        std::fs::create_dir(&sub).unwrap();

        let first = look(&[&sub, root]).await;
        assert_eq!(first.len(), 1, "both folders are in one repository");
        let told = &first[root.to_str().unwrap()];
        assert_eq!(told.associated_remote_urls["origin"], "https://h/x");
        assert_eq!(told.has_changes, Some(false));

        std::fs::write(root.join("b"), "2").unwrap();
        run(root, &["add", "."]);
        let second = look(&[root]).await;
        assert_eq!(second[root.to_str().unwrap()].has_changes, Some(true));

        run(root, &["commit", "-m", "two"]);
        let third = look(&[root]).await;
        assert_ne!(
            third[root.to_str().unwrap()].latest_git_commit_hash,
            told.latest_git_commit_hash
        );
    }

    #[tokio::test]
    async fn several_roots_are_told_apart_and_other_folders_left_out() {
        let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        for dir in &dirs {
            run(dir.path(), &["init"]);
        }
        let plain = tempfile::tempdir().unwrap();
        let told = look(&[dirs[0].path(), dirs[1].path(), plain.path()]).await;
        assert_eq!(told.len(), 2);
        assert_eq!(told.values().next().unwrap().latest_git_commit_hash, None);
        assert!(look(&[plain.path()]).await.is_empty());
    }

    #[tokio::test]
    async fn a_slow_answer_is_not_waited_for() {
        let never = futures_util::future::pending().boxed().shared();
        let look = Look {
            questions: vec![("/x".into(), never)],
            until: Instant::now() + PATIENCE,
        };
        let started = std::time::Instant::now();
        assert_eq!(look.in_time().await, None);
        assert!(started.elapsed() < PATIENCE * 4);
        assert_eq!(
            look.in_time().await,
            None,
            "and the next request does not wait at all"
        );
    }

    #[tokio::test]
    async fn a_worktrees_git_folder_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("main");
        std::fs::create_dir(&root).unwrap();
        run(&root, &["init"]);
        run(&root, &["commit", "--allow-empty", "-m", "one"]);
        run(&root, &["worktree", "add", "../other"]);
        let other = dir.path().join("other");
        let told = look(&[&other]).await;
        assert!(told[other.to_str().unwrap()].latest_git_commit_hash.is_some());
    }
}
