//! Threads that had no turn yet, and come back after a restart.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use super::assemble::{Assembled, Draft, on_warning, stored_tools};
use super::new_thread::new_meta;
use super::{Engine, ResumeThread, ResumedThread, StartThread};
use crate::history::rollout::layout::uuid_ms;
use crate::history::store::unstarted::{self, UnstartedThread};
use crate::history::{Entry, SessionMeta};
use crate::hooks::SessionStartSource;
use crate::session::{ConversationState, Mail};
use crate::{Result, ThreadId, ThreadInfo, ThreadSettings, ThreadStatus};

/// What is to be kept of a thread that has just been started.
pub(super) struct Keepsake {
    info: ThreadInfo,
    settings: Arc<ThreadSettings>,
    /// `None`: the built-in ones.
    instructions: Option<Arc<str>>,
    developer_instructions: Option<String>,
}

impl Engine {
    /// What is to be kept of a new thread; `None` for those that live in memory only. Cheap: the answer to the start
    /// has not been given yet.
    pub(super) fn keepsake(
        &self,
        assembled: &Assembled,
        developer_instructions: Option<String>,
    ) -> Option<Keepsake> {
        let instructions = &assembled.services.instructions;
        let state = &assembled.state;
        (!state.info.ephemeral).then(|| Keepsake {
            info: state.info.clone(),
            settings: Arc::clone(&state.settings),
            instructions: (!self.are_built_in(instructions)).then(|| Arc::clone(instructions)),
            developer_instructions,
        })
    }

    /// Has it written down that a thread was started. Does not wait.
    pub(super) fn keep_unstarted(&self, keepsake: Keepsake) {
        let Keepsake {
            info,
            settings,
            instructions,
            developer_instructions,
        } = keepsake;
        let Some(path) = info.path.clone() else { return };
        let base = instructions.map(|text| self.instructions_of(&text, &settings.model));
        let draft = unstarted::Draft {
            meta: new_meta(&info, base, begun(info.id)),
            settings,
            developer_instructions,
            path,
        };
        self.store().keep_unstarted(info.id, draft, false);
    }

    /// Builds a thread that had no turn yet. Its first turn makes its file.
    pub(super) async fn take_up_unstarted(
        &self,
        thread: UnstartedThread,
        resume: ResumeThread,
        mail: &mpsc::UnboundedSender<Mail>,
    ) -> Result<(Assembled, ResumedThread)> {
        let id = thread.info.id;
        let lock = self.store().lock(id).await?;
        // Another process may have begun it until now.
        if let Some(stored) = self.store().find(id).await? {
            drop(lock);
            return self.open_stored(stored, resume, mail).await;
        }
        let start = resume.start;
        let (files, settings) = self
            .settings_again(
                &thread.meta,
                &thread.settings,
                &start,
                SessionStartSource::Startup,
            )
            .await?;
        let instructions = self.instructions_again(&thread.meta, start.base_instructions.clone(), &files)?;
        let dynamic_tools = stored_tools(&thread.meta);
        let developer_instructions = start.developer_instructions.or(thread.developer_instructions);
        let info = ThreadInfo {
            status: ThreadStatus::Idle,
            model: Some(settings.model.clone()),
            effort: settings.effort.clone(),
            model_provider: settings.model_provider.clone(),
            cwd: settings.cwd.clone(),
            workspace_roots: settings.workspace_roots.clone(),
            has_environment: settings.has_environment,
            ..thread.info
        };
        let path = info
            .path
            .clone()
            .unwrap_or_else(|| self.store().layout().rollout(id, begun(id).into()));
        let base = self.instructions_of(&instructions, &settings.model);
        let meta = SessionMeta {
            base_instructions: Some(base.clone()),
            ..thread.meta
        };
        let kept = unstarted::Draft {
            meta: SessionMeta {
                base_instructions: (!self.are_built_in(&instructions)).then_some(base),
                ..meta.clone()
            },
            settings: Arc::new(settings.clone()),
            developer_instructions: developer_instructions.clone(),
            path: path.clone(),
        };
        let log = self.create_log(id, path, meta, Some(lock), on_warning(mail));
        let session = ConversationState::new(log.clone());
        let draft = Draft {
            info,
            settings,
            files,
            instructions,
            developer_instructions,
            user_agent: start.user_agent,
            log,
            reading: Some(self.store().new_reading(id)),
            settings_untold: true,
            raw_events: start.raw_events,
            dynamic_tools,
            skill_roots: Vec::new(),
            begins_as: SessionStartSource::Startup,
        };
        let assembled = self.assemble(draft, session)?;
        self.store().keep_unstarted(id, kept, true);
        let resumed = ResumedThread::without_turns(assembled.started());
        Ok((assembled, resumed))
    }

    /// Makes the file of a thread that had no turn yet and is not loaded. `false`: there is no such thread.
    pub(super) async fn make_file_of_unstarted(&self, id: ThreadId) -> Result<bool> {
        let Some(thread) = self.store().unstarted(id).await? else {
            return Ok(false);
        };
        let (files, settings) = self
            .settings_again(
                &thread.meta,
                &thread.settings,
                &StartThread::default(),
                SessionStartSource::Startup,
            )
            .await?;
        let instructions = self.instructions_again(&thread.meta, None, &files)?;
        let path = self.store().layout().rollout(id, begun(id).into());
        let lock = self.store().lock(id).await?;
        let meta = SessionMeta {
            base_instructions: Some(self.instructions_of(&instructions, &settings.model)),
            ..thread.meta
        };
        let path = thread.info.path.unwrap_or(path);
        let on_warning = Arc::new(|text| tracing::warn!("{text}"));
        let log = self.create_log(id, path, meta, Some(lock), on_warning);
        log.append(vec![Entry::SettingsApplied(Box::new(settings))]);
        log.materialise().await;
        log.close().await.map_err(crate::Error::internal)?;
        Ok(true)
    }
}

/// When a thread was started, as its identifier tells.
fn begun(id: ThreadId) -> DateTime<Utc> {
    uuid_ms(id.0)
        .and_then(DateTime::from_timestamp_millis)
        .unwrap_or_else(Utc::now)
}
