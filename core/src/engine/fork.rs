//! Threads that branch off from others (docs/contract/threads.md#thread-fork).

use std::path::PathBuf;
use std::sync::Arc;

use chrono::Local;
use tokio::sync::mpsc;

use super::assemble::{Assembled, Draft, on_warning, stored_tools};
use super::new_thread::{new_info, new_meta};
use super::resume::world;
use super::{Engine, Origin, ResumeThread, StartThread};
use crate::config::Config;
use crate::history::read::branch::Branch;
use crate::history::store::load::{LockedThread, TakenTurns, load_later, settings_count};
use crate::history::{
    Entry, ForkPoint, History, LogPosition, NewLog, Provenance, SavedSettings, SessionMeta, StoredThread,
    ThreadLog, WriterLock, first_line,
};
use crate::hooks::SessionStartSource;
use crate::instructions::TURN_ABORTED;
use crate::session::{ConversationState, Mail};
use crate::{Error, HistoryMode, Reply, Result, ResumedThread, ThreadId, ThreadInfo};

/// What thread/fork asks for.
#[derive(Debug, Clone)]
pub struct ForkThread {
    /// The source, and what is to be otherwise in the fork.
    pub source: ResumeThread,
    /// How much of the source.
    pub cut: ForkPoint,
    /// A hidden child of the source.
    pub attach: bool,
}

impl Engine {
    /// Branches a thread off. `reply` is called before the new thread's first event.
    pub async fn fork_thread(&self, fork: ForkThread, reply: Reply<ResumedThread>) {
        let channel = mpsc::unbounded_channel();
        match Box::pin(self.branch_off(fork, &channel.0)).await {
            Ok((assembled, forked)) => {
                let origin = match assembled.state.info.forked_from {
                    Some(source) => Origin::ForkedFrom(source),
                    None => Origin::Started,
                };
                self.launch(channel, assembled, origin, || reply.send(Ok(forked)));
            }
            Err(error) => reply.send(Err(error)),
        }
    }

    async fn branch_off(
        &self,
        fork: ForkThread,
        mail: &mpsc::UnboundedSender<Mail>,
    ) -> Result<(Assembled, ResumedThread)> {
        let ForkThread {
            mut source,
            cut,
            attach,
        } = fork;
        let stored = self.fork_source(&source).await?;
        source.start.project.clone_from(&stored.info.project);
        source.start.daybreak = stored.info.daybreak;
        if let Some(handle) = self.thread(stored.info.id) {
            handle.log().flushed().await;
        }
        let branch = self.store().branch(stored.path.clone(), cut.clone()).await?;
        let paginated = branch.history.mode() == HistoryMode::Paginated;
        if source.start.ephemeral && paginated && source.all_turns {
            return Err(Error::EphemeralForkWithTurns);
        }
        let id = ThreadId::new();
        let plan = ForkPlan {
            id,
            stored: &stored,
            branch,
            cut,
            start: source.start,
            attach,
        };
        let assembled = if plan.start.ephemeral {
            self.fork_in_memory(plan).await?
        } else if paginated {
            self.fork_on_base(plan, mail).await?
        } else {
            self.fork_by_copy(plan, mail).await?
        };
        let log = assembled.services.outbox.log().clone();
        let (mut turns, mut usage) = (TakenTurns::default(), None);
        if let Some(path) = log.path() {
            log.flushed().await;
            let history = self.store().open_history(path.clone()).await?;
            if source.all_turns && !attach {
                usage = self.store().last_usage(history.clone()).await?;
            }
            turns = self
                .store()
                .taken_turns(history, id, source.all_turns, source.page)
                .await?;
            if let Some(name) = &stored.info.name {
                self.store().set_name(id, name.clone()).await?;
            }
        }
        self.note_metadata(&assembled.state.info).await?;
        let forked = ResumedThread {
            started: assembled.started(),
            turns: turns.all,
            page: turns.page,
            turns_cursor: turns.turns_cursor,
            items_cursor: turns.items_cursor,
            usage,
            was_loaded: false,
        };
        Ok((assembled, forked))
    }

    async fn fork_source(&self, source: &ResumeThread) -> Result<StoredThread> {
        match (&source.path, source.id) {
            (Some(path), _) => self.store().find_path(path.clone()).await,
            (None, Some(id)) => {
                let stored = self.store().find(id).await?;
                let stored = stored.ok_or(Error::RolloutNotFound(id))?;
                if stored.info.archived {
                    return Err(Error::Archived(id));
                }
                Ok(stored)
            }
            (None, None) => Err(Error::NoThreadNamed),
        }
    }

    /// A fork whose file points into the source's.
    async fn fork_on_base(
        &self,
        plan: ForkPlan<'_>,
        mail: &mpsc::UnboundedSender<Mail>,
    ) -> Result<Assembled> {
        let path = self.store().layout().rollout(plan.id, Local::now());
        let draft = self.fork_draft(&plan).await?;
        let branch = plan.branch;
        let meta = SessionMeta {
            history_mode: Some(HistoryMode::Paginated),
            history_base: Some(branch.base),
            forked_from_ordinal_exclusive: Some(branch.base.end_ordinal_exclusive),
            ..fork_meta(&draft, &branch.history.meta)
        };
        let mut entries = vec![Entry::SettingsApplied(Box::new(draft.settings.clone()))];
        entries.extend(end_of_open_turn(&branch, &draft.files.config));
        let grafted = self
            .create_derived_log(plan.id, path.clone(), meta, &branch, entries, None, mail)
            .await?;
        let info = ThreadInfo {
            path: Some(path),
            ..draft.info
        };
        let draft = Draft {
            info,
            log: grafted.log,
            reading: Some(self.store().new_reading(plan.id)),
            ..draft
        };
        self.assemble(draft, grafted.session)
    }

    /// Begins a file that points into another one, and writes what it begins with. `lock`: that of the thread, unless it
    /// is new.
    #[expect(clippy::too_many_arguments, reason = "all that a file begins with")]
    pub(super) async fn create_derived_log(
        &self,
        id: ThreadId,
        path: PathBuf,
        meta: SessionMeta,
        branch: &Branch,
        entries: Vec<Entry>,
        lock: Option<WriterLock>,
        mail: &mpsc::UnboundedSender<Mail>,
    ) -> Result<Grafted> {
        let log = ThreadLog::create(
            &self.writer,
            NewLog {
                layout: self.store().layout().clone(),
                id,
                path: path.clone(),
                meta,
                position: LogPosition {
                    ordinal: branch.base.end_ordinal_exclusive,
                    ..branch.tail.position
                },
                lock,
                on_warning: on_warning(mail),
            },
        );
        log.append(entries);
        log.materialise().await;
        if let Some(why) = log.problem() {
            let _ = log.close().await;
            self.store().discard(path).await;
            return Err(Error::internal(format!(
                "the thread's new file can't be saved: {why}. The thread is as it was"
            )));
        }
        let history = self.store().open_history(path).await?;
        let load = load_later(history.clone());
        let session = ConversationState::resumed(log.clone(), load, world(&branch.tail), branch.tail.usage);
        Ok(Grafted {
            log,
            history,
            session,
        })
    }

    /// A fork with a copy of the source's lines.
    async fn fork_by_copy(
        &self,
        plan: ForkPlan<'_>,
        mail: &mpsc::UnboundedSender<Mail>,
    ) -> Result<Assembled> {
        let id = plan.id;
        let path = self.store().layout().rollout(id, Local::now());
        let draft = self.fork_draft(&plan).await?;
        let branch = plan.branch;
        let meta = SessionMeta {
            history_mode: None,
            ..fork_meta(&draft, &branch.history.meta)
        };
        let line = first_line(id, &meta);
        let lock = self.store().lock(id).await?;
        let history = self
            .store()
            .copy_legacy(branch.history, line, path.clone())
            .await?;
        let taken = LockedThread {
            stored: StoredThread {
                info: ThreadInfo {
                    path: Some(path.clone()),
                    history_mode: HistoryMode::Legacy,
                    ..draft.info
                },
                path,
            },
            lock,
            meta,
            tail: branch.tail,
            history,
            reading: self.store().new_reading(id),
        };
        self.assemble_stored(taken, plan.start, SessionStartSource::Fork, mail)
            .await
    }

    /// A fork that lives in memory only.
    async fn fork_in_memory(&self, plan: ForkPlan<'_>) -> Result<Assembled> {
        let draft = self.fork_draft(&plan).await?;
        let tail = plan.branch.tail;
        let load = load_later(plan.branch.history);
        let session = ConversationState::resumed(ThreadLog::none(), load, world(&tail), tail.usage);
        self.assemble(draft, session)
    }

    /// What a fork takes over from its source. Without a log.
    async fn fork_draft(&self, plan: &ForkPlan<'_>) -> Result<Draft> {
        let ForkPlan {
            id,
            stored,
            branch,
            cut,
            start,
            attach,
        } = plan;
        let meta = &branch.history.meta;
        let saved = if settings_count(meta, &branch.tail) {
            branch.tail.settings.clone()
        } else {
            SavedSettings::default()
        };
        let (files, settings) = self
            .settings_again(meta, &saved, start, SessionStartSource::Fork)
            .await?;
        let instructions = self.instructions_again(meta, start.base_instructions.clone(), &files)?;
        let source = &stored.info;
        let info = ThreadInfo {
            forked_from: Some(source.id),
            attached_to: attach.then_some(source.id),
            preview: if branch.tail.last_turn.is_some() || matches!(cut, ForkPoint::End) {
                source.preview.clone()
            } else {
                // What the source is known by is no part of the fork.
                String::new()
            },
            name: source.name.clone(),
            git: source.git.clone(),
            creator: self.creator().await,
            ..new_info(*id, start, &settings, crate::now_s())
        };
        Ok(Draft {
            info,
            settings,
            files,
            instructions,
            developer_instructions: start.developer_instructions.clone(),
            user_agent: start.user_agent.clone(),
            log: ThreadLog::none(),
            reading: None,
            settings_untold: start.ephemeral,
            raw_events: start.raw_events,
            dynamic_tools: stored_tools(meta),
            skill_roots: Vec::new(),
            begins_as: SessionStartSource::Fork,
        })
    }
}

/// A fork in the making.
struct ForkPlan<'a> {
    id: ThreadId,
    stored: &'a StoredThread,
    branch: Branch,
    cut: ForkPoint,
    start: StartThread,
    attach: bool,
}

/// The beginning of a file that points into another one.
pub(super) struct Grafted {
    pub(super) log: ThreadLog,
    pub(super) history: History,
    pub(super) session: ConversationState,
}

/// The first line of a fork's file, without its base.
fn fork_meta(draft: &Draft, source: &SessionMeta) -> SessionMeta {
    let base_instructions = source.base_instructions.clone().map(|mut base| {
        if base.text != draft.instructions {
            base.text = Arc::clone(&draft.instructions);
            base.provenance = Some(Provenance::Custom);
        }
        base
    });
    SessionMeta {
        dynamic_tools: source.dynamic_tools.clone(),
        ..new_meta(&draft.info, base_instructions, chrono::Utc::now())
    }
}

/// A turn that runs in the source was interrupted as far as the fork knows.
fn end_of_open_turn(branch: &Branch, config: &Config) -> Vec<Entry> {
    let Some((turn_id, false)) = &branch.tail.last_turn else {
        return Vec::new();
    };
    let is_told = config.agents.interrupt_message;
    let marker = is_told.then(|| Entry::Response(crate::session::user_message(TURN_ABORTED)));
    let end = Entry::TurnAborted {
        turn_id: turn_id.clone(),
        started_at: branch.tail.turn_started_at.unwrap_or_else(crate::now_s),
        completed_at: None,
        duration_ms: None,
    };
    marker.into_iter().chain([end]).collect()
}
