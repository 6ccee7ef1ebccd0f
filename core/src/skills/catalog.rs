//! What is known of skills: found when it is first asked for, kept, and looked at again when files have changed. All
//! work on files is done on other threads, with deadlines; a root that hangs or is hostile costs only what it would
//! have said.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;

use super::index::SkillIndex;
use super::known_root::KnownRoot;
use super::listing::RootListing;
use super::roots::{PluginSkills, SkillRoot, roots};
use super::watched::Watched;
use super::{FolderSkills, SkillProblem};
use crate::external_file::{READ_TIMEOUT, in_background};
use crate::file_stamp::FileStamp;
use crate::sys::files::FileId;

/// Roots that are remembered at most.
const MAX_ROOTS: usize = 256;
/// Working folders that are remembered at most.
const MAX_FOLDERS: usize = 64;
/// Extra roots that clients may set.
const MAX_EXTRA: usize = 64;

/// So long answers are given time to be written before other work is done.
const ANSWER_TIME: Duration = Duration::from_millis(20);

/// What decides which skills there are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SkillQuery {
    /// The working folder, absolute.
    pub cwd: PathBuf,
    /// What the root folder of a project holds.
    pub project_root_markers: Vec<String>,
    /// Whether skills that come with the program count.
    pub bundled: bool,
    /// Further folders that may hold skills, absolute: those that a client chose for a thread.
    pub selected: Vec<PathBuf>,
}

/// The skills of one home, for all threads and clients.
pub struct SkillCatalog {
    codex_home: PathBuf,
    index: SkillIndex,
    state: Mutex<State>,
    pub(super) watched: Watched,
    /// What stands for a root that is not there.
    nothing: Arc<RootListing>,
    /// Told when skills may have changed.
    pub(super) on_change: OnceLock<Box<dyn Fn() + Send + Sync>>,
    /// Somebody waits for changes.
    pub(super) followed: AtomicBool,
}

/// Asked from the threads that look and from handlers. Held for moments.
#[derive(Default)]
struct State {
    extra: Vec<PathBuf>,
    plugins: Vec<PluginSkills>,
    roots: HashMap<SkillRoot, Arc<KnownRoot>>,
    folders: HashMap<SkillQuery, KnownFolder>,
}

/// What was made of the roots of a working folder.
struct KnownFolder {
    listings: Vec<Arc<RootListing>>,
    skills: Arc<FolderSkills>,
}

/// A root, with what is known of it, or else what must be searched.
struct CheckedRoot {
    root: SkillRoot,
    found: Result<Arc<RootListing>, (Arc<KnownRoot>, FileId)>,
}

/// A root that was searched just now.
struct FreshRoot {
    root: SkillRoot,
    known: Arc<KnownRoot>,
}

impl SkillCatalog {
    /// Of this home. Opens and reads nothing.
    pub fn new(codex_home: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            index: SkillIndex::new(&codex_home),
            codex_home,
            state: Mutex::default(),
            watched: Watched::default(),
            nothing: Arc::default(),
            on_change: OnceLock::new(),
            followed: AtomicBool::new(false),
        })
    }

    /// Calls this when files of skills have changed, from the first thread on, at most every ten seconds. For one
    /// caller, who must not block.
    pub fn on_change(&self, tell: impl Fn() + Send + Sync + 'static) {
        let _ = self.on_change.set(Box::new(tell));
    }

    /// More folders with skills, absolute, in place of those that were set before; 64 at most. False: they are too many.
    pub fn set_extra_roots(&self, mut roots: Vec<PathBuf>) -> bool {
        let mut seen = HashSet::new();
        roots.retain(|root| seen.insert(root.clone()));
        if roots.len() > MAX_EXTRA {
            return false;
        }
        self.lock().extra = roots;
        true
    }

    /// The skills of plugins, in place of those that were set before.
    pub fn set_plugins(&self, plugins: Vec<PluginSkills>) {
        self.lock().plugins = plugins;
    }

    /// The skills for a working folder. `reload`: all of them are read again, whether they have changed or not.
    pub async fn of_folder(self: &Arc<Self>, query: &SkillQuery, reload: bool) -> Arc<FolderSkills> {
        let (catalog, asked) = (Arc::clone(self), query.clone());
        let checking = in_background(READ_TIMEOUT, move || catalog.check(&asked, reload));
        let roots = match checking.await {
            Ok(Checked::Known(skills)) => return skills,
            Ok(Checked::Roots(roots)) => roots,
            Err(error) => {
                return Arc::new(FolderSkills {
                    problems: vec![SkillProblem {
                        path: query.cwd.clone(),
                        message: format!("skills were not looked for: {error}"),
                    }],
                    ..FolderSkills::default()
                });
            }
        };
        let searches = roots.into_iter().map(|CheckedRoot { root, found }| async {
            let (listing, fresh) = match found {
                Ok(listing) => (listing, None),
                Err((known, id)) => {
                    let (catalog, searched, within) = (Arc::clone(self), root.clone(), Arc::clone(&known));
                    let search = move || within.search(&searched, id, reload, &catalog.index);
                    match in_background(READ_TIMEOUT, search).await {
                        Ok((listing, is_fresh)) => {
                            let root = root.clone();
                            (listing, is_fresh.then_some(FreshRoot { root, known }))
                        }
                        Err(error) => {
                            let message = format!("not searched for skills: {error}");
                            (Arc::new(RootListing::failed(&root.path, message)), None)
                        }
                    }
                }
            };
            ((root.path, listing), fresh)
        });
        let (listings, fresh): (_, Vec<_>) = join_all(searches).await.into_iter().unzip();
        let (catalog, asked) = (Arc::clone(self), query.clone());
        let joined = in_background(READ_TIMEOUT, move || catalog.join(asked, listings)).await;
        for FreshRoot { root, known } in fresh.into_iter().flatten() {
            tokio::spawn(Arc::clone(self).settle_later(root, known));
        }
        joined.unwrap_or_default()
    }

    /// The working folders that somebody has asked for.
    pub(super) fn known_queries(&self) -> Vec<SkillQuery> {
        self.lock().folders.keys().cloned().collect()
    }

    /// What was last known of one of them.
    pub(super) fn known_skills(&self, query: &SkillQuery) -> Option<Arc<FolderSkills>> {
        let state = self.lock();
        state.folders.get(query).map(|folder| Arc::clone(&folder.skills))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known, if all of it still holds. Blocks, as what follows.
    fn check(&self, query: &SkillQuery, reload: bool) -> Checked {
        self.watched.drain();
        let (extra, plugins) = {
            let state = self.lock();
            (state.extra.clone(), state.plugins.clone())
        };
        let is_followed = self.followed.load(std::sync::atomic::Ordering::SeqCst);
        let checked = roots(&self.codex_home, query, &extra, &plugins)
            .into_iter()
            .map(|root| {
                let Some(stamp) = FileStamp::of(&root.path) else {
                    if is_followed {
                        self.watched.await_arrival(&root.path);
                    }
                    let found = Ok(Arc::clone(&self.nothing));
                    return CheckedRoot { root, found };
                };
                let known = self.known_root(&root);
                let current = Some(&known).filter(|_| !reload);
                let current = current.and_then(|known| known.current(stamp.id()));
                let found = current.ok_or((known, stamp.id()));
                CheckedRoot { root, found }
            });
        let checked: Vec<_> = checked.collect();
        let state = self.lock();
        if let Some(folder) = state.folders.get(query) {
            let same = |(root, listing): (&CheckedRoot, &Arc<RootListing>)| {
                root.found.as_ref().is_ok_and(|found| Arc::ptr_eq(found, listing))
            };
            let still = folder.listings.len() == checked.len();
            if still && checked.iter().zip(&folder.listings).all(same) {
                return Checked::Known(Arc::clone(&folder.skills));
            }
        }
        Checked::Roots(checked)
    }

    fn known_root(&self, root: &SkillRoot) -> Arc<KnownRoot> {
        let mut state = self.lock();
        if let Some(known) = state.roots.get(root) {
            return Arc::clone(known);
        }
        if state.roots.len() >= MAX_ROOTS {
            state.roots.clear();
            state.folders.clear();
            self.watched.forget_the_dead();
        }
        Arc::clone(state.roots.entry(root.clone()).or_default())
    }

    /// Has the system tell of changes in a root that was searched, and writes down what was found. Not at once: the
    /// answer is still being written. Until then, whoever asks looks whether everything is as it was, or trusts a large root
    /// that was looked at just now.
    async fn settle_later(self: Arc<Self>, root: SkillRoot, known: Arc<KnownRoot>) {
        tokio::time::sleep(ANSWER_TIME).await;
        let settle = move || {
            let correct = || self.correct();
            known.settle(&root, &self.watched, &self.index, correct);
        };
        let _ = in_background(READ_TIMEOUT, settle).await;
    }

    /// Makes one list of the roots' lists, and keeps it.
    fn join(&self, query: SkillQuery, listings: Vec<(PathBuf, Arc<RootListing>)>) -> Arc<FolderSkills> {
        let is_same = |known: &&KnownFolder| {
            let same = |(known, (_, now)): (&Arc<_>, &(PathBuf, Arc<_>))| Arc::ptr_eq(known, now);
            known.listings.len() == listings.len() && known.listings.iter().zip(&listings).all(same)
        };
        if let Some(known) = self.lock().folders.get(&query).filter(is_same) {
            return Arc::clone(&known.skills);
        }
        let mut skills = Vec::new();
        let mut problems = Vec::new();
        let mut roots = Vec::new();
        let mut paths = HashSet::new();
        for (root, listing) in &listings {
            if !listing.skills.is_empty() {
                roots.push(root.clone());
            }
            let new = listing
                .skills
                .iter()
                .filter(|skill| paths.insert(skill.path.as_os_str()));
            skills.extend(new.cloned());
            problems.extend(listing.problems.iter().cloned());
        }
        // Each root's are in order, which this takes advantage of.
        skills.sort_by(|a, b| (a.scope, &a.name, &a.path).cmp(&(b.scope, &b.name, &b.path)));
        problems.sort_by(|a, b| a.path.cmp(&b.path));
        problems.dedup();
        let skills = Arc::new(FolderSkills {
            skills,
            problems,
            roots,
        });
        let known = KnownFolder {
            listings: listings.into_iter().map(|(_, listing)| listing).collect(),
            skills: Arc::clone(&skills),
        };
        let mut state = self.lock();
        if state.folders.len() >= MAX_FOLDERS && !state.folders.contains_key(&query) {
            state.folders.clear();
        }
        state.folders.insert(query, known);
        skills
    }
}

/// What is known of a working folder.
enum Checked {
    /// All of it holds.
    Known(Arc<FolderSkills>),
    /// Some of it must be looked at.
    Roots(Vec<CheckedRoot>),
}

impl std::fmt::Debug for SkillCatalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SkillCatalog").finish_non_exhaustive()
    }
}
