//! Threads that had no turn yet: no file tells of them, so the users' database does, for 30 days after they were last
//! taken up. The first turn makes them ordinary threads.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{Local, TimeZone};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{State, ThreadStore};
use crate::history::index::directory::{Key, Rollout};
use crate::history::index::names;
use crate::history::index::rows::{Row, Stamp};
use crate::history::read::head::Head;
use crate::history::rollout::codec::settings;
use crate::history::rollout::layout::{Layout, uuid_ms};
use crate::history::user_data::forget_thread;
use crate::history::{SavedSettings, SessionMeta};
use crate::{Result, ThreadId, ThreadInfo, ThreadSettings};

/// How long such threads are kept, in seconds.
const KEPT: i64 = 30 * 24 * 60 * 60;
/// What comes within this time is written together; most threads have their first turn by then.
const SETTLE: Duration = Duration::from_millis(50);

/// A thread that had no turn yet, and is not loaded.
#[derive(Debug, Clone)]
pub(crate) struct UnstartedThread {
    /// What is shown of it. Its path is that of the file that its first turn will make.
    pub(crate) info: ThreadInfo,
    /// The first line of that file; without base instructions where they are the built-in ones.
    pub(crate) meta: SessionMeta,
    pub(crate) settings: SavedSettings,
    pub(crate) developer_instructions: Option<String>,
}

/// A loaded thread that had no turn yet.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) meta: SessionMeta,
    pub(crate) settings: Arc<ThreadSettings>,
    pub(crate) developer_instructions: Option<String>,
    /// The file that its first turn makes.
    pub(crate) path: PathBuf,
}

impl Draft {
    fn to_kept(&self) -> Kept {
        Kept {
            meta: self.meta.clone(),
            settings: settings::thread_settings(&self.settings),
            developer_instructions: self.developer_instructions.clone(),
        }
    }
}

/// What the database keeps of such a thread.
#[derive(Serialize, Deserialize)]
struct Kept {
    meta: SessionMeta,
    settings: Value,
    #[serde(default)]
    developer_instructions: Option<String>,
}

impl Kept {
    fn thread(self, id: ThreadId, layout: &Layout, default_provider: &str) -> UnstartedThread {
        let settings = SavedSettings::from_thread_settings(&self.settings.to_string()).unwrap_or_default();
        let begun_ms = uuid_ms(id.0).unwrap_or_default();
        let begun = Local
            .timestamp_millis_opt(begun_ms)
            .earliest()
            .unwrap_or_else(Local::now);
        let row = Row::from(Head {
            meta: self.meta.clone(),
            preview: None,
            preview_ordinal: None,
            is_known_by_goal: false,
            model: settings.model.clone(),
            effort: settings.effort.clone(),
        });
        let rollout = Rollout {
            key: Key {
                begun_ms,
                id,
                revert: None,
            },
            path: layout.rollout(id, begun),
            archived: false,
        };
        let stamp = Stamp {
            size: 0,
            mtime_ms: begun_ms,
            inode: 0,
        };
        let info = row.info(&rollout, stamp, default_provider);
        UnstartedThread {
            info: ThreadInfo {
                cwd: settings.cwd.clone().unwrap_or(info.cwd),
                model_provider: settings.model_provider.clone().unwrap_or(info.model_provider),
                ..info
            },
            meta: self.meta,
            settings,
            developer_instructions: self.developer_instructions,
        }
    }
}

/// Those that are loaded, and those that are still to be written down.
#[derive(Default)]
pub(super) struct Unstarted {
    /// A lock because actors and blocking threads meet here; held for a few instructions.
    threads: Mutex<HashMap<ThreadId, Entry>>,
    /// Somebody is about to write down what changed.
    saving: AtomicBool,
    /// What is too old has been removed.
    pruned: AtomicBool,
}

#[derive(Clone)]
struct Entry {
    draft: Arc<Draft>,
    /// The thread is loaded, so many times: one that is unloaded may overlap with its next life.
    holders: usize,
    /// The database keeps it, in this or in an older form.
    kept: bool,
    changed: bool,
}

/// What is to be written down.
pub(super) struct Changes {
    drafts: Vec<(ThreadId, Arc<Draft>)>,
    /// They have files now.
    begun: Vec<ThreadId>,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.drafts.is_empty() && self.begun.is_empty()
    }

    /// Writes it down.
    pub(super) fn write(&self, db: &Connection) -> rusqlite::Result<()> {
        let now = crate::now_s();
        for (id, draft) in &self.drafts {
            let Ok(text) = serde_json::to_string(&draft.to_kept()) else {
                continue;
            };
            db.prepare_cached("INSERT OR REPLACE INTO unstarted VALUES (?1, ?2, ?3)")?
                .execute(params![id.to_string(), now, text])?;
        }
        for id in &self.begun {
            db.prepare_cached("DELETE FROM unstarted WHERE thread_id = ?1")?
                .execute([id.to_string()])?;
        }
        Ok(())
    }
}

impl Unstarted {
    fn lock(&self) -> MutexGuard<'_, HashMap<ThreadId, Entry>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, id: ThreadId, draft: Draft, kept: bool) {
        let mut threads = self.lock();
        let old = threads.get(&id);
        let entry = Entry {
            draft: Arc::new(draft),
            holders: old.map_or(0, |old| old.holders) + 1,
            kept: kept || old.is_some_and(|old| old.kept),
            changed: true,
        };
        threads.insert(id, entry);
    }

    /// Settings that no history knows. `false`: the thread had a turn.
    fn settings_changed(&self, id: ThreadId, settings: &Arc<ThreadSettings>) -> bool {
        let mut threads = self.lock();
        let Some(entry) = threads.get_mut(&id) else {
            return false;
        };
        entry.draft = Arc::new(Draft {
            settings: Arc::clone(settings),
            ..(*entry.draft).clone()
        });
        entry.changed = true;
        true
    }

    /// The thread had a turn, or something else has made its file.
    pub(super) fn begun(&self, id: ThreadId) {
        if let Some(entry) = self.lock().get_mut(&id) {
            entry.changed = true;
        }
    }

    /// The thread is not loaded any more.
    pub(super) fn release(&self, id: ThreadId) {
        let mut threads = self.lock();
        if let Some(entry) = threads.get_mut(&id) {
            entry.holders = entry.holders.saturating_sub(1);
            // It may have had a turn that nobody told us of.
            entry.changed |= entry.draft.path.exists();
            if entry.holders == 0 && !entry.changed {
                threads.remove(&id);
            }
        }
    }

    /// The thread is gone.
    pub(super) fn forget(&self, id: ThreadId) {
        self.lock().remove(&id);
    }

    fn get(&self, id: ThreadId) -> Option<Arc<Draft>> {
        self.lock().get(&id).map(|entry| Arc::clone(&entry.draft))
    }

    /// What is still to be written down. Whoever changes something from now on must ask for that again.
    pub(super) fn take_changed(&self) -> Changes {
        self.saving.store(false, Ordering::Release);
        let mut changes = Changes {
            drafts: Vec::new(),
            begun: Vec::new(),
        };
        self.lock().retain(|id, entry| {
            if !entry.changed {
                return true;
            }
            if !entry.draft.path.exists() {
                changes.drafts.push((*id, Arc::clone(&entry.draft)));
                return true;
            }
            if entry.kept {
                changes.begun.push(*id);
            }
            entry.kept
        });
        changes
    }

    /// This is in the database now.
    pub(super) fn kept(&self, changes: &Changes) {
        let mut threads = self.lock();
        for (id, draft) in &changes.drafts {
            let Some(entry) = threads.get_mut(id) else {
                continue;
            };
            entry.kept = true;
            entry.changed = !Arc::ptr_eq(&entry.draft, draft);
            if entry.holders == 0 && !entry.changed {
                threads.remove(id);
            }
        }
        for id in &changes.begun {
            threads.remove(id);
        }
    }
}

impl ThreadStore {
    /// Keeps a thread that has been loaded and had no turn yet. Does not wait. `again`: it was kept before.
    pub(crate) fn keep_unstarted(&self, id: ThreadId, draft: Draft, again: bool) {
        self.inner.unstarted.put(id, draft, again);
        self.save_soon();
    }

    /// A thread that had no turn yet. Files are not looked at: a thread that has one is an ordinary one.
    pub(crate) async fn unstarted(&self, id: ThreadId) -> Result<Option<UnstartedThread>> {
        self.blocking(move |state| state.unstarted(id)).await
    }

    /// Keeps settings that no history knows.
    pub(super) fn unstarted_settings(&self, id: ThreadId, settings: &Arc<ThreadSettings>) {
        if self.inner.unstarted.settings_changed(id, settings) {
            self.save_soon();
        }
    }

    fn save_soon(&self) {
        if self.inner.unstarted.saving.swap(true, Ordering::AcqRel) {
            return;
        }
        let store = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(SETTLE).await;
            store.save().await;
        });
    }
}

impl State {
    /// A thread that had no turn yet.
    pub(super) fn unstarted(&mut self, id: ThreadId) -> Result<Option<UnstartedThread>> {
        let kept = match self.unstarted.get(id) {
            Some(draft) => Some(draft.to_kept()),
            None => self.kept_unstarted(id)?,
        };
        let Some(kept) = kept else { return Ok(None) };
        let thread = kept.thread(id, &self.layout, &self.default_provider);
        self.names.refresh();
        Ok(Some(UnstartedThread {
            info: self.with_user_metadata(thread.info),
            ..thread
        }))
    }

    fn kept_unstarted(&mut self, id: ThreadId) -> Result<Option<Kept>> {
        let oldest = crate::now_s() - KEPT;
        let text: Option<String> = self.data.read(|db| {
            db.prepare_cached("SELECT thread FROM unstarted WHERE thread_id = ?1 AND kept_at >= ?2")?
                .query_row(params![id.to_string(), oldest], |r| r.get(0))
                .optional()
        })?;
        let kept = text.map(|text| serde_json::from_str(&text)).transpose();
        Ok(kept.unwrap_or_else(|error| {
            tracing::warn!(%id, %error, "what was kept of a thread without a turn can't be read");
            None
        }))
    }

    /// Removes what is too old, once in the life of a process. A thread that has a file loses nothing but its row here.
    pub(super) fn prune_unstarted(&mut self) -> Result<()> {
        if self.unstarted.pruned.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let oldest = crate::now_s() - KEPT;
        let old: Vec<String> = self.data.read(|db| {
            db.prepare("SELECT thread_id FROM unstarted WHERE kept_at < ?1")?
                .query_map([oldest], |r| r.get(0))?
                .collect()
        })?;
        let loaded = |id: &ThreadId| self.unstarted.get(*id).is_some();
        let old: Vec<ThreadId> = old
            .iter()
            .filter_map(|id| id.parse().ok())
            .filter(|id| !loaded(id))
            .collect();
        if old.is_empty() {
            return Ok(());
        }
        let (begun, gone): (Vec<ThreadId>, Vec<ThreadId>) = old
            .into_iter()
            .partition(|id| self.directory.newest(*id).is_some());
        self.data.write(|db| {
            for id in &begun {
                db.execute("DELETE FROM unstarted WHERE thread_id = ?1", [id.to_string()])?;
            }
            for id in &gone {
                forget_thread(db, &id.to_string())?;
            }
            Ok(())
        })?;
        for id in gone {
            match names::erase(&self.layout.names(), id) {
                Ok(()) => self.names.note(id, None),
                Err(error) => tracing::warn!(%error, "the name of a removed thread stays"),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::params;
    use serde_json::json;

    use super::*;

    fn kept(store: &ThreadStore, id: ThreadId, days_ago: i64) {
        let kept = Kept {
            meta: SessionMeta::default(),
            settings: json!({"model": "m"}),
            developer_instructions: None,
        };
        let text = serde_json::to_string(&kept).expect("it is JSON");
        let at = crate::now_s() - days_ago * 24 * 60 * 60;
        let mut state = store.inner.state();
        let done = state.data.write(|db| {
            db.execute(
                "INSERT INTO unstarted VALUES (?1, ?2, ?3)",
                params![id.to_string(), at, text],
            )?;
            Ok(())
        });
        done.expect("writable");
    }

    fn rows(store: &ThreadStore) -> i64 {
        let mut state = store.inner.state();
        let count = state
            .data
            .read(|db| db.query_row("SELECT count(*) FROM unstarted", [], |r| r.get(0)));
        count.expect("readable")
    }

    #[tokio::test]
    async fn after_thirty_days_nothing_is_left_of_a_thread_without_a_turn() {
        let home = tempfile::tempdir().expect("a folder");
        let store = ThreadStore::new(Layout::new(home.path()), "mock");
        let (old, young) = (ThreadId::new(), ThreadId::new());
        kept(&store, old, 31);
        kept(&store, young, 29);
        for id in [old, young] {
            store.set_goal(id, Some(json!({}))).await.expect("writable");
            store.set_name(id, "a name".into()).await.expect("writable");
        }
        assert!(store.unstarted(old).await.expect("readable").is_none());
        store.inner.state().prune_unstarted().expect("writable");
        assert_eq!(rows(&store), 1);
        assert!(store.goal(old).await.expect("readable").is_none());
        let found = store
            .unstarted(young)
            .await
            .expect("readable")
            .expect("it is kept");
        assert_eq!(found.info.name.as_deref(), Some("a name"));
        assert_eq!(found.settings.model.as_deref(), Some("m"));
        assert!(store.goal(young).await.expect("readable").is_some());
        let names = std::fs::read_to_string(home.path().join("session_index.jsonl")).expect("readable");
        assert!(!names.contains(&old.to_string()));
    }

    #[tokio::test]
    async fn a_thread_that_has_a_file_loses_no_more_than_its_row() {
        let home = tempfile::tempdir().expect("a folder");
        let layout = Layout::new(home.path());
        let store = ThreadStore::new(layout.clone(), "mock");
        let id = ThreadId::new();
        kept(&store, id, 31);
        store.set_goal(id, Some(json!({}))).await.expect("writable");
        let path = layout.rollout(id, Local::now());
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(path, "").expect("writable");
        store.inner.state().prune_unstarted().expect("writable");
        assert_eq!(rows(&store), 0);
        assert!(store.goal(id).await.expect("readable").is_some());
    }
}
