//! Reads, changes and reverts threads, loaded or not (docs/contract/threads.md#reading, docs/contract/threads.md#managing-threads).

use chrono::Local;
use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::assemble::{Draft, stored_tools};
use super::{Engine, Origin, StartThread, ThreadHandle};
use crate::history::{
    AllTurns, Entry, ForkPoint, ItemsPage, ItemsQuery, ListPage, ListQuery, MetadataPatch, SessionMeta,
    StoredThread, TurnsPage, TurnsQuery, timestamp,
};
use crate::hooks::SessionStartSource;
use crate::{
    Error, Event, Field, HistoryMode, Op, Reply, Result, ThreadId, ThreadInfo, ThreadOperation,
    ThreadSnapshot, ThreadStatus, TurnStatus,
};

/// A thread that was reverted.
#[derive(Debug, Clone)]
pub struct RevertedThread {
    /// The thread.
    pub info: ThreadInfo,
    /// Begins at the last turn that is left.
    pub turns_cursor: Option<String>,
    /// Begins at the last item that is left.
    pub items_cursor: Option<String>,
}

/// How often files are read at most for one answer, when turns keep coming and going meanwhile.
const READS: usize = 5;

impl Engine {
    /// A page of threads, with the status of those that are loaded.
    pub async fn list_threads(&self, query: ListQuery) -> Result<ListPage> {
        let mut page = self.store().list(query).await?;
        self.with_live_status(&mut page.threads).await;
        self.store().tell_last_models(&mut page.threads).await;
        self.store().refresh_read_states(&mut page);
        Ok(page)
    }

    /// A page of the threads in which something is said, each with a snippet. `found` is told each one at once, as it
    /// is stored. Ends with an error when `cancel` says so.
    pub async fn search_threads(
        &self,
        query: ListQuery,
        term: &str,
        cancel: &CancellationToken,
        found: impl FnMut(&ThreadInfo, &str) + Send,
    ) -> Result<(ListPage, Vec<String>)> {
        let (mut page, snippets) = self.store().search(query, term, cancel, found).await?;
        self.with_live_status(&mut page.threads).await;
        self.store().tell_last_models(&mut page.threads).await;
        Ok((page, snippets))
    }

    /// The file of a thread, with everything in it that was told. `operation` wants to read it.
    pub async fn readable(&self, id: ThreadId, operation: ThreadOperation) -> Result<std::path::PathBuf> {
        let stored = self.stored_for_reading(id, operation).await?;
        if operation == ThreadOperation::ListTimeline && stored.info.archived {
            return Err(Error::Archived(id));
        }
        Ok(stored.path)
    }

    /// Refuses if it is not kept how far a thread was read: it has no file, or another thread started it.
    pub async fn check_read_state(&self, id: ThreadId) -> Result<()> {
        let refused = Error::NotPersisted {
            thread: id,
            operation: ThreadOperation::ReadState,
        };
        if let Some(handle) = self.thread(id) {
            handle.log().flushed().await;
            if !handle.log().is_materialised() {
                return Err(refused);
            }
        }
        match self.store().find(id).await? {
            Some(stored) if stored.info.has_read_state() => Ok(()),
            Some(_) => Err(refused),
            None if self.thread(id).is_some() => Ok(()),
            None if self.store().unstarted(id).await?.is_some() => Err(refused),
            None => Err(Error::NotLoaded(id)),
        }
    }

    /// Gives loaded threads their status. All are asked before one has answered: the slowest alone is waited for.
    async fn with_live_status(&self, threads: &mut [ThreadInfo]) {
        let asked = threads.iter().map(|info| self.snapshot_without_turns(info.id));
        let answers = join_all(asked).await;
        for (info, live) in threads.iter_mut().zip(answers) {
            if let Some(live) = live {
                // By the folder in which it was begun lists are filtered.
                let cwd = info.cwd.clone();
                *info = merged(live.info, info.clone());
                info.cwd = cwd;
            }
        }
    }

    /// A thread without its turns, loaded or not; `None` if there is none.
    pub async fn read_thread(&self, id: ThreadId) -> Result<Option<ThreadInfo>> {
        let live = self.snapshot_without_turns(id).await;
        if let Some(live) = &live
            && live.info.ephemeral
        {
            return Ok(Some(live.info.clone()));
        }
        let stored = self.store().find(id).await?;
        Ok(match (live, stored) {
            (Some(live), Some(stored)) => Some(merged(live.info, stored.info)),
            (Some(live), None) => Some(self.store().with_name(live.info).await?),
            (None, Some(stored)) => Some(self.store().as_left(stored).await),
            (None, None) => self.store().unstarted(id).await?.map(|thread| thread.info),
        })
    }

    /// A loaded thread with what only its file tells, if it has one that can be read.
    pub(super) async fn with_stored(&self, live: ThreadInfo) -> Result<ThreadInfo> {
        match self.store().find(live.id).await {
            Ok(Some(stored)) => Ok(merged(live, stored.info)),
            Ok(None) | Err(_) => self.store().with_name(live).await,
        }
    }

    /// All turns of a thread.
    pub async fn read_turns(&self, id: ThreadId) -> Result<AllTurns> {
        let stored = self.stored_for_reading(id, ThreadOperation::ReadTurns).await?;
        let read = |_| self.store().turns(stored.path.clone());
        let (turns, live) = self.read_consistently(id, read).await?;
        Ok(match live {
            Some(live) => turns.merge_live_turns(live.turns),
            None => turns,
        })
    }

    /// A page of a thread's turns.
    pub async fn turns_page(&self, id: ThreadId, query: TurnsQuery) -> Result<TurnsPage> {
        let stored = self.stored_for_reading(id, ThreadOperation::ListTurns).await?;
        let read = |running| {
            let query = TurnsQuery {
                running,
                ..query.clone()
            };
            self.store().turns_page(id, stored.path.clone(), query)
        };
        Ok(self.read_consistently(id, read).await?.0)
    }

    /// Reads files of a thread, and how it stands if it is loaded. A turn that begins or ends meanwhile would be told as
    /// interrupted: then the files are read again. `read` is given the turn that runs.
    pub(super) async fn read_consistently<T, F>(
        &self,
        id: ThreadId,
        read: impl Fn(Option<String>) -> F,
    ) -> Result<(T, Option<ThreadSnapshot>)>
    where
        F: Future<Output = Result<T>>,
    {
        let mut tries = 0;
        let mut before = running(self.snapshot(id).await.as_ref());
        loop {
            if let Some(handle) = self.thread(id) {
                handle.log().flushed().await;
            }
            let found = read(before.clone()).await?;
            let live = self.snapshot(id).await;
            let now = running(live.as_ref());
            tries += 1;
            if now == before || tries == READS {
                return Ok((found, live));
            }
            before = now;
        }
    }

    /// A page of a thread's items.
    pub async fn items_page(&self, id: ThreadId, query: ItemsQuery) -> Result<ItemsPage> {
        let unsupported = || Error::Unsupported(ThreadOperation::ListItems);
        let stored = self.store().find(id).await?;
        let stored = stored.ok_or_else(unsupported)?;
        self.store().items_page(id, stored.path, query).await
    }

    /// The file of a thread whose turns are wanted.
    async fn stored_for_reading(&self, id: ThreadId, operation: ThreadOperation) -> Result<StoredThread> {
        if let Some(handle) = self.thread(id) {
            handle.log().flushed().await;
            if handle.log().path().is_none() {
                return Err(Error::Ephemeral {
                    thread: id,
                    operation,
                });
            }
        }
        if let Some(stored) = self.store().find(id).await? {
            return Ok(stored);
        }
        if self.thread(id).is_some() || self.store().unstarted(id).await?.is_some() {
            return Err(Error::Unsupported(ThreadOperation::ListTurns));
        }
        Err(Error::NotLoaded(id))
    }

    /// Gives a thread a name.
    pub async fn rename_thread(&self, id: ThreadId, name: &str) -> Result<String> {
        let name = name.trim();
        if name.is_empty() {
            return Err(Error::Empty(Field::ThreadName));
        }
        self.keep(id).await?;
        self.not_archived(id).await?;
        self.store().set_name(id, name.to_owned()).await?;
        Ok(name.to_owned())
    }

    /// Changes metadata of a thread.
    pub async fn update_metadata(&self, id: ThreadId, patch: MetadataPatch) -> Result<ThreadInfo> {
        match self.thread(id) {
            Some(handle) if handle.log().path().is_none() => return Err(no_metadata(id)),
            None if !self.is_known(id).await? => return Err(not_found(id)),
            _ => {}
        }
        self.store().patch_metadata(id, patch).await?;
        let info = self.read_thread(id).await?;
        info.ok_or_else(|| not_found(id))
    }

    /// Whether a thread that is not loaded comes back when it is resumed.
    pub(super) async fn is_known(&self, id: ThreadId) -> Result<bool> {
        Ok(self.store().find(id).await?.is_some() || self.store().unstarted(id).await?.is_some())
    }

    /// Makes sure that a loaded thread has a file, and that another one is known.
    pub async fn keep(&self, id: ThreadId) -> Result<()> {
        match self.thread(id) {
            Some(handle) if handle.log().path().is_none() => Err(no_metadata(id)),
            Some(handle) => {
                handle.log().materialise().await;
                Ok(())
            }
            None if self.is_known(id).await? => Ok(()),
            None => Err(not_found(id)),
        }
    }

    /// Drops a turn and all after it. The thread ends and begins again, loaded, with a new file.
    pub async fn revert_thread(
        &self,
        id: ThreadId,
        before: String,
        start: StartThread,
    ) -> Result<RevertedThread> {
        let handle = self.thread(id).ok_or(Error::ThreadNotFound(id))?;
        let _claim = self.claims.claim(id).await;
        handle.log().flushed().await;
        check_saved(&handle)?;
        let missing = || Error::RolloutNotFound(id);
        let stored = self.store().find(id).await?.ok_or_else(missing)?;
        if stored.info.history_mode == HistoryMode::Legacy {
            return Err(Error::Unsupported(ThreadOperation::Revert));
        }
        // Refuses before anything is ended.
        let path = stored.path.clone();
        self.store()
            .branch(path.clone(), ForkPoint::Before(before.clone()))
            .await?;
        let live = self.snapshot_without_turns(id).await;
        // The failure of a turn is still to be seen when the turn is gone.
        let failed = live.as_ref().map(|live| &live.info.status) == Some(&ThreadStatus::SystemError);
        let status = if failed {
            ThreadStatus::SystemError
        } else {
            ThreadStatus::Idle
        };
        let settings = live.map(|live| live.settings);
        self.unload(id).await;
        let lock = self.store().lock(id).await?;
        let branch = self.store().branch(path, ForkPoint::Before(before)).await?;
        let now = Local::now();
        let path = self.store().layout().reverted_rollout(id, now, &stored.path);
        let meta = SessionMeta {
            timestamp: timestamp(now.to_utc()),
            history_base: Some(branch.base),
            ..self.store().open_history(stored.path.clone()).await?.meta
        };
        let saved = branch.tail.settings.clone();
        let (files, again) = self
            .settings_again(&meta, &saved, &start, SessionStartSource::Resume)
            .await?;
        let settings = settings.unwrap_or(again);
        let instructions = self.instructions_again(&meta, None, &files)?;
        let dynamic_tools = stored_tools(&meta);
        let channel = mpsc::unbounded_channel();
        let entries = vec![Entry::SettingsApplied(Box::new(settings.clone()))];
        let grafted = self
            .create_derived_log(id, path.clone(), meta, &branch, entries, Some(lock), &channel.0)
            .await?;
        let (reading, news) = self.store().reverted_reading(id, grafted.history.clone()).await?;
        let turns = self.store().taken_turns(grafted.history, id, false, None).await?;
        let info = ThreadInfo {
            path: Some(path),
            status: status.clone(),
            updated_at: now.timestamp(),
            workspace_roots: settings.workspace_roots.clone(),
            has_environment: settings.has_environment,
            ..stored.info
        };
        let draft = Draft {
            info: info.clone(),
            settings,
            files,
            instructions,
            developer_instructions: start.developer_instructions,
            user_agent: start.user_agent,
            log: grafted.log,
            reading: Some(reading),
            settings_untold: false,
            raw_events: start.raw_events,
            dynamic_tools,
            skill_roots: Vec::new(),
            begins_as: SessionStartSource::Resume,
        };
        let assembled = self.assemble(draft, grafted.session)?;
        let outbox = &assembled.state.outbox;
        if let Some(state) = news {
            outbox.emit(Event::ReadState(state));
        }
        outbox.emit(Event::Status(status));
        self.launch(channel, assembled, Origin::Reverted, || ());
        Ok(RevertedThread {
            info,
            turns_cursor: turns.turns_cursor,
            items_cursor: turns.items_cursor,
        })
    }

    /// How a loaded thread stands.
    async fn snapshot(&self, id: ThreadId) -> Option<ThreadSnapshot> {
        self.ask_snapshot(id, true).await
    }

    /// How a loaded thread stands. Its turns, which may be large, are not copied.
    async fn snapshot_without_turns(&self, id: ThreadId) -> Option<ThreadSnapshot> {
        self.ask_snapshot(id, false).await
    }

    async fn ask_snapshot(&self, id: ThreadId, include_turns: bool) -> Option<ThreadSnapshot> {
        let handle = self.thread(id)?;
        let (reply, snapshot) = Reply::channel();
        handle.submit(Op::Snapshot { include_turns, reply });
        snapshot.await.ok()
    }

    /// Ends a thread if it is loaded; its file is free afterwards.
    pub async fn unload(&self, id: ThreadId) {
        let handle: Option<ThreadHandle> = self.threads.lock().remove(&id);
        if let Some(handle) = handle {
            let (reply, ended) = Reply::channel();
            handle.submit(Op::Shutdown { reply });
            let _ = ended.await;
        }
    }
}

/// Refuses what would end a thread of which memory knows more than its file.
pub(super) fn check_saved(handle: &ThreadHandle) -> Result<()> {
    match handle.log().problem() {
        None => Ok(()),
        Some(why) => Err(Error::HistoryNotSaved {
            thread: handle.id(),
            why,
        }),
    }
}

/// The turn that runs.
fn running(thread: Option<&ThreadSnapshot>) -> Option<String> {
    let last = thread?.turns.last()?;
    (last.status == TurnStatus::InProgress).then(|| last.id.clone())
}

pub(super) fn not_found(id: ThreadId) -> Error {
    Error::ThreadNotFound(id)
}

fn no_metadata(id: ThreadId) -> Error {
    Error::Ephemeral {
        thread: id,
        operation: ThreadOperation::UpdateMetadata,
    }
}

/// A loaded thread with what only its file tells.
fn merged(live: ThreadInfo, stored: ThreadInfo) -> ThreadInfo {
    ThreadInfo {
        preview: if live.preview.is_empty() {
            stored.preview
        } else {
            live.preview
        },
        name: stored.name,
        git: stored.git,
        forked_from: stored.forked_from,
        section: stored.section,
        project: stored.project,
        daybreak: stored.daybreak,
        created_at: stored.created_at,
        ..live
    }
}
