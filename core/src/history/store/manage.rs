//! Changes of stored threads: names, metadata, archive, removal (docs/contract/threads.md#managing-threads).

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use uuid::Uuid;

use super::projects::project_of;
use super::sections::place_of;
use super::{State, StoredThread, ThreadStore};
use crate::history::index::directory::Rollout;
use crate::history::index::names;
use crate::history::index::strays::FIRST_LINE;
use crate::history::read::chain::{History, read_meta};
use crate::history::rollout::layout::other_form;
use crate::history::rollout::source::Source;
use crate::history::user_data::forget_thread;
use crate::history::{RolloutName, SessionMeta, private};
use crate::url_redaction::redact_url;
use crate::{Error, GitInfo, Result, ThreadId, ThreadInfo};

/// What users changed of a thread's metadata. Laid over what its file tells; `Some(None)` hides that.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetadataPatch {
    /// Commit id.
    #[serde(with = "double", skip_serializing_if = "Option::is_none")]
    pub sha: Option<Option<String>>,
    /// Branch name.
    #[serde(with = "double", skip_serializing_if = "Option::is_none")]
    pub branch: Option<Option<String>>,
    /// Address of the remote `origin`.
    #[serde(with = "double", skip_serializing_if = "Option::is_none")]
    pub origin_url: Option<Option<String>>,
    /// The client's mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daybreak: Option<bool>,
    /// No memories are made of the thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_memories: Option<bool>,
}

#[expect(clippy::option_option, reason = "absent, null and given are three things")]
mod double {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde asks for this signature")]
    pub(super) fn serialize<S: Serializer>(value: &Option<Option<String>>, s: S) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Option<String>>, D::Error> {
        Option::deserialize(d).map(Some)
    }
}

impl MetadataPatch {
    /// Lays `newer` over this.
    fn update(&mut self, newer: Self) {
        self.sha = newer.sha.or(self.sha.take());
        self.branch = newer.branch.or(self.branch.take());
        self.origin_url = newer.origin_url.or(self.origin_url.take());
        self.daybreak = newer.daybreak.or(self.daybreak);
        self.without_memories = newer.without_memories.or(self.without_memories);
    }

    fn apply(self, info: &mut ThreadInfo) {
        info.daybreak = self.daybreak;
        let mut git = info.git.take().unwrap_or_default();
        if let Some(sha) = self.sha {
            git.sha = sha;
        }
        if let Some(branch) = self.branch {
            git.branch = branch;
        }
        if let Some(url) = self.origin_url {
            git.origin_url = url.as_deref().map(redact_url);
        }
        info.git = (git != GitInfo::default()).then_some(git);
    }
}

impl ThreadStore {
    /// Gives a thread a name.
    pub async fn set_name(&self, id: ThreadId, name: String) -> Result<()> {
        let inner = Arc::clone(&self.inner);
        super::run(move || {
            // Others may have the file for a while: nobody else waits for them.
            names::append(&inner.layout.names(), id, &name)
                .map_err(|error| Error::internal(format!("the name can't be saved: {error}")))?;
            inner.state().names.note(id, Some(name));
            Ok(())
        })
        .await
    }

    /// A thread with what users gave to it.
    pub(crate) async fn with_name(&self, info: ThreadInfo) -> Result<ThreadInfo> {
        self.blocking(move |state| {
            state.names.refresh();
            Ok(state.with_user_metadata(info))
        })
        .await
    }

    /// Changes metadata.
    pub async fn patch_metadata(&self, id: ThreadId, patch: MetadataPatch) -> Result<()> {
        self.blocking(move |state| {
            let key = id.to_string();
            state.data.write(|db| {
                let mut all = patch_of(db, &key)?.unwrap_or_default();
                all.update(patch.clone());
                let json = serde_json::to_string(&all).map_err(|error| Error::internal(error.to_string()))?;
                db.execute(
                    "INSERT OR REPLACE INTO patches VALUES (?1, ?2)",
                    params![key, json],
                )?;
                Ok(())
            })?;
            Ok(())
        })
        .await
    }

    /// Whether memories may be made of a thread.
    pub(crate) async fn makes_memories(&self, id: ThreadId) -> Result<bool> {
        self.blocking(move |state| {
            let key = id.to_string();
            let patch = state.data.read(|db| patch_of(db, &key))?;
            Ok(patch.and_then(|patch| patch.without_memories) != Some(true))
        })
        .await
    }

    /// The thread's goal, as JSON.
    pub async fn goal(&self, id: ThreadId) -> Result<Option<Value>> {
        self.blocking(move |state| {
            let key = id.to_string();
            let text: Option<String> = state.data.read(|db| {
                db.prepare_cached("SELECT goal FROM goals WHERE thread_id = ?1")?
                    .query_row([&key], |r| r.get(0))
                    .optional()
            })?;
            Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
        })
        .await
    }

    /// Sets or drops the thread's goal. Gives whether there was one.
    pub async fn set_goal(&self, id: ThreadId, goal: Option<Value>) -> Result<bool> {
        self.blocking(move |state| {
            let key = id.to_string();
            let changed = match &goal {
                Some(goal) => state.data.write(|db| {
                    Ok(db.execute(
                        "INSERT OR REPLACE INTO goals VALUES (?1, ?2)",
                        params![key, goal.to_string()],
                    )?)
                }),
                None => state
                    .data
                    .remove(|db| Ok(db.execute("DELETE FROM goals WHERE thread_id = ?1", [&key])?)),
            }?;
            Ok(changed > 0)
        })
        .await
    }

    /// The thread and all that its agents spawned, itself first.
    pub async fn family(&self, id: ThreadId) -> Result<Vec<ThreadId>> {
        self.blocking(move |state| {
            let mut family = vec![id];
            let mut children: Vec<(ThreadId, ThreadId)> = Vec::new();
            state.each_row(|rollout, meta| {
                if let Some(parent) = meta.parent_thread_id {
                    children.push((parent, rollout.key.id));
                }
            });
            let mut next = 0;
            while let Some(parent) = family.get(next).copied() {
                for (_, child) in children.iter().filter(|(p, _)| *p == parent) {
                    if !family.contains(child) {
                        family.push(*child);
                    }
                }
                next += 1;
            }
            Ok(family)
        })
        .await
    }

    /// Moves a thread's files to the archive. The caller holds its lock.
    pub async fn archive(&self, id: ThreadId) -> Result<()> {
        self.blocking(move |state| {
            let folder = state.layout.archived();
            state.move_files(id, false, |_| Some(folder.clone())).map(drop)
        })
        .await
    }

    /// Moves a thread's files back. The caller holds its lock.
    pub async fn unarchive(&self, id: ThreadId) -> Result<StoredThread> {
        self.blocking(move |state| {
            let sessions = state.layout.sessions();
            let moved = state.move_files(id, true, |path| {
                let name = RolloutName::of(path)?;
                Some(sessions.join(name.begun.format("%Y/%m/%d").to_string()))
            })?;
            if let Some(newest) = moved.last()
                && let Ok(file) = fs::File::options().append(true).open(newest)
            {
                // Its last change is now, so that it shows up among the latest.
                let _ = file.set_modified(SystemTime::now());
            }
            state
                .find(id)?
                .ok_or_else(|| Error::internal(format!("thread {id} was moved but can't be found")))
        })
        .await
    }

    /// Refuses if a thread's files may not be removed.
    pub(crate) async fn check_delete(&self, id: ThreadId) -> Result<()> {
        self.blocking(move |state| state.check_delete(id)).await
    }

    /// Removes a thread's files and all that is known of it. The caller holds its lock.
    pub async fn delete(&self, id: ThreadId) -> Result<()> {
        let inner = Arc::clone(&self.inner);
        super::run(move || {
            inner.state().delete(id)?;
            match names::erase(&inner.layout.names(), id) {
                Ok(()) => inner.state().names.note(id, None),
                Err(error) => tracing::warn!(%error, "the name of a removed thread stays"),
            }
            Ok(())
        })
        .await
    }

    /// Opens the history that ends with a file.
    pub(crate) async fn open_history(&self, path: PathBuf) -> Result<History> {
        let inner = Arc::clone(&self.inner);
        super::run(move || inner.open(&path)).await
    }
}

impl State {
    /// Adds what users gave to a thread.
    pub(super) fn with_user_metadata(&mut self, mut info: ThreadInfo) -> ThreadInfo {
        info.name = self.names.get(info.id).cloned();
        let key = info.id.to_string();
        let (patch, section, project) = self
            .data
            .glance(|db| Ok((patch_of(db, &key)?, place_of(db, &key)?, project_of(db, &key)?)));
        info.section = section;
        info.project = project;
        if let Some(patch) = patch {
            patch.apply(&mut info);
        }
        info
    }

    /// Hands over the first lines of all threads, archived ones too.
    fn each_row(&mut self, mut take: impl FnMut(&Rollout, &SessionMeta)) {
        self.directory.refresh();
        let mut all = Vec::new();
        for archived in [false, true] {
            self.directory.walk(archived, true, None, None, |rollout| {
                all.push(rollout.clone());
                true
            });
        }
        for rollout in all {
            if let Some((_, row)) = self.row(&rollout) {
                take(&rollout, &row.meta);
            }
        }
    }

    /// Moves all files of a thread; gives where they are now, oldest first.
    fn move_files(
        &mut self,
        id: ThreadId,
        archived: bool,
        to: impl Fn(&Path) -> Option<PathBuf>,
    ) -> Result<Vec<PathBuf>> {
        self.directory.refresh();
        let missing = if archived {
            Error::ArchivedRolloutNotFound
        } else {
            Error::RolloutNotFound
        };
        let files: Vec<Rollout> = self
            .directory
            .all(id)
            .into_iter()
            .filter(|r| r.archived == archived)
            .collect();
        if files.is_empty() {
            return Err(missing(id));
        }
        let failed = |error| Error::internal(format!("the thread's file can't be moved: {error}"));
        let mut moved = Vec::new();
        for file in files {
            let (Some(folder), Some(name)) = (to(&file.path), file.path.file_name()) else {
                continue;
            };
            private::create_folders(&folder).map_err(failed)?;
            let target = folder.join(name);
            fs::rename(&file.path, &target).map_err(failed)?;
            self.index.drop_row(&file.path);
            moved.push(target);
        }
        self.directory.refresh();
        Ok(moved)
    }

    /// Other threads may build upon this one.
    fn check_delete(&mut self, id: ThreadId) -> Result<()> {
        self.directory.refresh();
        let mut refused = None;
        // What bases name the thread's files by.
        let mut files: HashSet<Uuid> = self
            .directory
            .all(id)
            .iter()
            .filter_map(|file| file.key.revert)
            .collect();
        files.insert(id.0);
        let builds_upon = |meta: &SessionMeta| {
            meta.history_base
                .is_some_and(|base| files.contains(&base.file_id))
        };
        self.each_row(|rollout, meta| {
            let other = rollout.key.id;
            if other == id {
                return;
            }
            if meta.attached_to() == Some(id) {
                refused = Some(Error::HasAttachedThread { attached: other });
            } else if builds_upon(meta) {
                refused = Some(Error::HasForks(id));
            }
        });
        // A fork that was reverted has an older file that builds upon it.
        if refused.is_none() {
            let mut older = self
                .directory
                .left_by_reverts()
                .into_iter()
                .filter(|file| file.key.id != id);
            let meta = |file: Rollout| read_meta(&Source::open_head(&file.path, FIRST_LINE).ok()?).ok();
            if older.any(|file| meta(file).is_some_and(|meta| builds_upon(&meta))) {
                refused = Some(Error::HasForks(id));
            }
        }
        refused.map_or(Ok(()), Err)
    }

    /// First what users made, together with the files or not at all.
    fn delete(&mut self, id: ThreadId) -> Result<()> {
        self.check_delete(id)?;
        self.directory.refresh();
        let files = self.directory.all(id);
        if files.is_empty() && self.unstarted(id)?.is_none() {
            return Err(Error::RolloutNotFound(id));
        }
        let key = id.to_string();
        let forgotten = self.data.remove(|db| {
            forget_thread(db, &key)?;
            remove_files(&files)?;
            Ok(())
        });
        match forgotten {
            // The thread's rows can't be had, and mean nothing without it.
            Err(error) if error.is_permanent() => {
                tracing::warn!(%error, "what users gave to a removed thread stays");
            }
            other => other?,
        }
        // Where there is no database, nothing has been done yet.
        remove_files(&files)?;
        self.marks.forget(id);
        self.unstarted.forget(id);
        for file in files {
            self.index.drop_row(&file.path);
        }
        self.directory.refresh();
        Ok(())
    }
}

fn patch_of(db: &Connection, thread: &str) -> rusqlite::Result<Option<MetadataPatch>> {
    let text: Option<String> = db
        .prepare_cached("SELECT patch FROM patches WHERE thread_id = ?1")?
        .query_row([thread], |r| r.get(0))
        .optional()?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Removes files; those that are gone already are no error.
fn remove_files(files: &[Rollout]) -> Result<()> {
    // A process that was killed while it compressed leaves both forms: the other one goes first, so that it does not
    // come back as the thread.
    let twins = files.iter().map(|file| other_form(&file.path));
    let all = twins.chain(files.iter().map(|file| file.path.clone()));
    for path in all {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::internal(format!(
                    "the thread's file can't be removed: {error}"
                )));
            }
            _ => {}
        }
    }
    Ok(())
}
