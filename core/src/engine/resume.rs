//! Takes stored threads up again (docs/contract/threads.md#thread-resume).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::assemble::{Assembled, Draft, on_warning, stored_tools};
use super::claims::Claim;
use super::files::ThreadFiles;
use super::manage::not_found;
use super::{Engine, Origin, ThreadHandle};
use crate::history::read::tail::Tail;
use crate::history::store::load::{LockedThread, TakenTurns, load_later, settings_count};
use crate::history::store::unstarted::UnstartedThread;
use crate::history::{
    AllTurns, ResumedLog, RolloutName, SavedSettings, SessionMeta, StoredThread, ThreadLog, TurnsPage,
    TurnsQuery,
};
use crate::hooks::SessionStartSource;
use crate::session::{ConversationState, Mail, ThreadState};
use crate::{
    Error, Event, Field, HistoryMode, Reply, Result, StartThread, StartedThread, ThreadId, ThreadInfo,
    ThreadSettings, ThreadStatus, ThreadTokenUsage,
};

/// What thread/resume asks for.
#[derive(Debug, Clone, Default)]
pub struct ResumeThread {
    /// The thread; may be left out where there is a path.
    pub id: Option<ThreadId>,
    /// Its file, absolute; wins over the id.
    pub path: Option<PathBuf>,
    /// Responses items to begin a new thread with, instead of a stored one.
    pub history: Option<Vec<Value>>,
    /// What is to be otherwise than it was. Settings that are not given stay.
    pub start: StartThread,
    /// Give all turns.
    pub all_turns: bool,
    /// Give a page of turns.
    pub page: Option<TurnsQuery>,
}

/// A thread that goes on.
#[derive(Debug)]
pub struct ResumedThread {
    /// The thread and its settings.
    pub started: StartedThread,
    /// All turns, if asked for.
    pub turns: AllTurns,
    /// A page of turns, if asked for.
    pub page: Option<TurnsPage>,
    /// Begins at the last turn, for going back from there.
    pub turns_cursor: Option<String>,
    /// Begins at the last item, for going back from there.
    pub items_cursor: Option<String>,
    /// The last turn and the token counts after it. Of a thread that was in memory, and of a fork: only with all turns.
    pub usage: Option<(String, ThreadTokenUsage)>,
    /// It was in memory already: what was to be otherwise has been ignored.
    pub was_loaded: bool,
}

impl ResumedThread {
    /// A thread that was not loaded and has no turn.
    pub(super) fn without_turns(started: StartedThread) -> Self {
        Self {
            started,
            turns: AllTurns::default(),
            page: None,
            turns_cursor: None,
            items_cursor: None,
            usage: None,
            was_loaded: false,
        }
    }
}

impl Engine {
    /// Takes a thread up again. `reply` is called before the thread's first event but one: its status.
    pub async fn resume_thread(&self, resume: ResumeThread, reply: Reply<ResumedThread>) {
        if let Some(items) = resume.history {
            return self.resume_items(items, resume.start, reply).await;
        }
        let found = match self.resumable(&resume).await {
            Ok(found) => found,
            Err(error) => return reply.send(Err(error)),
        };
        let channel = mpsc::unbounded_channel();
        let (taken, _claim) = match found {
            Resumable::Loaded(handle) => {
                let resumed = self.loaded_again(&handle, &resume).await;
                return reply.send(resumed);
            }
            Resumable::Stored(stored, claim) => {
                let taken = Box::pin(self.open_stored(*stored, resume, &channel.0)).await;
                (taken, Some(claim))
            }
            Resumable::Unstarted(thread) => {
                let taken = Box::pin(self.take_up_unstarted(*thread, resume, &channel.0)).await;
                (taken, None)
            }
        };
        match taken {
            Ok((assembled, resumed)) => {
                assembled.state.outbox.emit(Event::Status(ThreadStatus::Idle));
                self.launch(channel, assembled, Origin::Resumed, || reply.send(Ok(resumed)));
            }
            Err(error) => reply.send(Err(error)),
        }
    }

    /// What is to be taken up.
    async fn resumable(&self, resume: &ResumeThread) -> Result<Resumable> {
        let stored = match (&resume.path, resume.id) {
            (Some(path), id) => {
                let loaded = id.and_then(|id| self.thread(id));
                if let Some(handle) = loaded.filter(|handle| handle.log().path().is_some()) {
                    self.check_path(&handle, path).await?;
                    return Ok(Resumable::Loaded(handle));
                }
                match self.store().find_path(path.clone()).await {
                    Err(Error::NoRolloutAt(_)) => return self.unstarted_at(path).await,
                    stored => stored?,
                }
            }
            (None, Some(id)) => {
                if let Some(handle) = self.thread(id) {
                    return Ok(Resumable::Loaded(handle));
                }
                match self.store().find(id).await? {
                    Some(stored) => stored,
                    None => return self.resumable_unstarted(id).await,
                }
            }
            (None, None) => return Err(Error::NoThreadNamed),
        };
        let id = stored.info.id;
        // Others may be taking it up, by another name.
        let claim = self.claims.claim(id).await;
        if let Some(handle) = self.thread(id) {
            if let Some(path) = &resume.path {
                self.check_path(&handle, path).await?;
            }
            return Ok(Resumable::Loaded(handle));
        }
        if stored.info.archived {
            return Err(Error::Archived(id));
        }
        Ok(Resumable::Stored(Box::new(stored), claim))
    }

    /// Fails if a loaded thread's file is another one than that at `path`.
    async fn check_path(&self, handle: &ThreadHandle, path: &Path) -> Result<()> {
        let Some(active) = handle.log().path() else {
            return Ok(());
        };
        if self
            .store()
            .is_one_rollout(path.to_owned(), active.clone())
            .await?
        {
            return Ok(());
        }
        Err(Error::StalePath {
            thread: handle.id,
            requested: path.to_owned(),
            active: active.clone(),
        })
    }

    /// A thread that has no file.
    async fn resumable_unstarted(&self, id: ThreadId) -> Result<Resumable> {
        match self.store().unstarted(id).await {
            Ok(Some(thread)) => Ok(Resumable::Unstarted(Box::new(thread))),
            Ok(None) => Err(Error::RolloutNotFound(id)),
            // Where threads without a turn can't be looked up, it may be one of them.
            Err(error) => Err(Error::internal(format!(
                "no rollout found for thread id {id}: {error}"
            ))),
        }
    }

    /// The thread whose first turn will make the file at `path`.
    async fn unstarted_at(&self, path: &Path) -> Result<Resumable> {
        if let Some(id) = RolloutName::of(path).map(|name| name.id) {
            if let Some(handle) = self
                .thread(id)
                .filter(|handle| handle.log().path().map(PathBuf::as_path) == Some(path))
            {
                return Ok(Resumable::Loaded(handle));
            }
            if let Some(thread) = self
                .store()
                .unstarted(id)
                .await?
                .filter(|thread| thread.info.path.as_deref() == Some(path))
            {
                return Ok(Resumable::Unstarted(Box::new(thread)));
            }
        }
        Err(Error::NoRolloutAt(path.to_owned()))
    }

    /// Builds a stored thread.
    pub(super) async fn open_stored(
        &self,
        stored: StoredThread,
        resume: ResumeThread,
        mail: &mpsc::UnboundedSender<Mail>,
    ) -> Result<(Assembled, ResumedThread)> {
        let taken = self.store().take(stored).await?;
        let id = taken.stored.info.id;
        let turns = self
            .store()
            .taken_turns(taken.history.clone(), id, resume.all_turns, resume.page)
            .await?;
        let usage = usage(&taken.tail);
        let last_turn = taken.tail.last_turn.clone().map(|(id, _)| id);
        let model_before = taken.tail.turn_model.clone();
        let mut assembled = self
            .assemble_stored(taken, resume.start, SessionStartSource::Resume, mail)
            .await?;
        assembled.state.last_turn = last_turn;
        let model = &assembled.state.settings.model;
        if let Some(before) = model_before.filter(|before| before != model) {
            let warning = format!(
                "The last turn of this thread used the model `{before}`; it goes on with `{model}`, which may answer differently. To \
                 go on as before, select `{before}` again."
            );
            assembled.warnings.insert(0, warning);
        }
        let TakenTurns {
            all,
            page,
            turns_cursor,
            items_cursor,
        } = turns;
        let resumed = ResumedThread {
            started: assembled.started(),
            turns: all,
            page,
            turns_cursor,
            items_cursor,
            usage,
            was_loaded: false,
        };
        Ok((assembled, resumed))
    }

    /// A thread whose file has been taken up.
    pub(super) async fn assemble_stored(
        &self,
        taken: LockedThread,
        start: StartThread,
        begins_as: SessionStartSource,
        mail: &mpsc::UnboundedSender<Mail>,
    ) -> Result<Assembled> {
        let LockedThread {
            stored,
            lock,
            meta,
            tail,
            history,
            reading,
        } = taken;
        let id = stored.info.id;
        let saved = if settings_count(&meta, &tail) {
            tail.settings.clone()
        } else {
            SavedSettings::default()
        };
        let (files, settings) = self.settings_again(&meta, &saved, &start, begins_as).await?;
        let instructions = self.instructions_again(&meta, start.base_instructions.clone(), &files)?;
        let log = ThreadLog::resume(
            &self.writer,
            ResumedLog {
                layout: self.store().layout().clone(),
                id,
                session_id: stored.info.session_id.clone(),
                path: stored.path,
                lock,
                position: tail.position,
                torn: tail.torn,
                ordinals: meta.history_mode == Some(HistoryMode::Paginated),
                on_warning: on_warning(mail),
            },
        )
        .map_err(|error| {
            Error::internal(format!("the thread's file can't be opened for writing: {error}"))
        })?;
        let info = ThreadInfo {
            status: ThreadStatus::Idle,
            model: Some(settings.model.clone()),
            effort: settings.effort.clone(),
            model_provider: settings.model_provider.clone(),
            cwd: settings.cwd.clone(),
            workspace_roots: settings.workspace_roots.clone(),
            has_environment: settings.has_environment,
            ..stored.info
        };
        let settings_untold = !same_settings(&saved, &settings);
        let session = ConversationState::resumed(log.clone(), load_later(history), world(&tail), tail.usage);
        let draft = Draft {
            info,
            settings,
            files,
            instructions,
            developer_instructions: start.developer_instructions,
            user_agent: start.user_agent,
            log,
            reading: Some(reading),
            settings_untold,
            raw_events: start.raw_events,
            dynamic_tools: stored_tools(&meta),
            skill_roots: Vec::new(),
            begins_as,
        };
        self.assemble(draft, session)
    }

    /// The base instructions of the thread's start, unless others are given.
    pub(super) fn instructions_again(
        &self,
        meta: &SessionMeta,
        given: Option<String>,
        files: &ThreadFiles,
    ) -> Result<Arc<str>> {
        match (&meta.base_instructions, given) {
            (Some(kept), None) if *kept.text == *self.base_instructions => {
                Ok(Arc::clone(&self.base_instructions))
            }
            (Some(kept), None) => Ok(Arc::clone(&kept.text)),
            (_, given) => self.base_instructions(given, files),
        }
    }

    /// A thread that is loaded already.
    async fn loaded_again(&self, handle: &ThreadHandle, resume: &ResumeThread) -> Result<ResumedThread> {
        let id = handle.id();
        let path = handle
            .log()
            .path()
            .filter(|_| handle.log().is_materialised())
            .cloned();
        let read = |running: Option<String>| {
            let path = path.clone();
            async move {
                let Some(path) = path else {
                    return Ok((TakenTurns::default(), None));
                };
                let history = self.store().open_history(path).await?;
                let page = resume.page.clone().map(|page| TurnsQuery { running, ..page });
                let usage = if resume.all_turns {
                    self.store().last_usage(history.clone()).await?
                } else {
                    None
                };
                let turns = self
                    .store()
                    .taken_turns(history, id, resume.all_turns, page)
                    .await?;
                Ok((turns, usage))
            }
        };
        let ((mut turns, usage), snapshot) = self.read_consistently(id, read).await?;
        let snapshot = snapshot.ok_or_else(|| not_found(id))?;
        if resume.all_turns {
            turns.all = turns.all.merge_live_turns(snapshot.turns);
        }
        Ok(ResumedThread {
            started: StartedThread::new(
                self.with_stored(snapshot.info).await?,
                snapshot.settings,
                snapshot.instruction_sources,
                &self.models,
            ),
            turns: turns.all,
            page: turns.page,
            turns_cursor: turns.turns_cursor,
            items_cursor: turns.items_cursor,
            usage,
            was_loaded: true,
        })
    }

    /// A new thread that begins with items.
    async fn resume_items(&self, items: Vec<Value>, start: StartThread, reply: Reply<ResumedThread>) {
        let channel = mpsc::unbounded_channel();
        let begin = async {
            if items.is_empty() {
                return Err(Error::Empty(Field::History));
            }
            let items = ThreadState::parse_items(items)?;
            let mut assembled = self.prepare(start, &channel.0).await?;
            assembled.state.heard_items(&items);
            assembled.session.history.push(items);
            Ok(assembled)
        };
        match begin.await {
            Ok(assembled) => {
                let resumed = ResumedThread::without_turns(assembled.started());
                self.launch(channel, assembled, Origin::Resumed, || reply.send(Ok(resumed)));
            }
            Err(error) => reply.send(Err(error)),
        }
    }
}

enum Resumable {
    Loaded(ThreadHandle),
    Stored(Box<StoredThread>, Claim),
    Unstarted(Box<UnstartedThread>),
}

fn usage(tail: &Tail) -> Option<(String, ThreadTokenUsage)> {
    let (turn, _) = tail.last_turn.clone()?;
    Some((turn, tail.usage?))
}

/// What the model knows, as far as our own notes say.
pub(super) fn world(tail: &Tail) -> Option<Map<String, Value>> {
    let mut world: Option<Map<String, Value>> = None;
    for (full, state) in &tail.world {
        let state: Map<String, Value> = serde_json::from_str(state).ok()?;
        match &mut world {
            Some(world) if !full => world.extend(state),
            _ if *full => world = Some(state),
            _ => {}
        }
    }
    world
}

/// Whether the history knows of these settings.
fn same_settings(saved: &SavedSettings, now: &ThreadSettings) -> bool {
    saved.model.as_ref() == Some(&now.model)
        && saved.effort == now.effort
        && saved.cwd.as_ref() == Some(&now.cwd)
        && saved.approval_policy.as_ref() == Some(&now.approval_policy)
        && saved.sandbox_policy.as_ref() == Some(&now.sandbox_policy)
        && saved.permission_profile == now.permission_profile
        && saved
            .model_provider
            .as_ref()
            .is_none_or(|provider| *provider == now.model_provider)
}
