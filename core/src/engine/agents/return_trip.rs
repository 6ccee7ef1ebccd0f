//! How agents come back that were closed, put aside, or left by an earlier process.

use std::sync::Arc;

use serde_json::Value;

use super::super::Engine;
use crate::agents::{AgentError, AgentInfo, AgentPlace, AgentTarget, ThreadSpawn};
use crate::config::Config;
use crate::history::TurnsQuery;
use crate::{AgentStatus, Error, ItemsView, Reply, Result, ResumeThread, StartThread, ThreadId, TurnStatus};

impl Engine {
    /// Brings a closed agent of a session back; one that is open stays as it is.
    pub(super) async fn resume_agent(
        self: &Arc<Self>,
        agent: ThreadId,
        by: &AgentPlace,
        config: &Config,
    ) -> Result<AgentInfo, AgentError> {
        let registry = &self.agents.registry;
        let target = AgentTarget::Thread(agent);
        if let Some(open) = registry.find(&by.session_id, &target)
            && self.thread(agent).is_some()
        {
            return Ok(open);
        }
        let failed = |error: Error| AgentError::Failed {
            what: "resume",
            why: error.to_string(),
        };
        let stored = self.store().find(agent).await.map_err(failed)?;
        // Threads of the user, and agents of others, are nobody's business.
        let is_ours = stored.is_some_and(|stored| {
            stored.info.session_id == by.session_id
                && !stored.info.archived
                && ThreadSpawn::of(&stored.info.source).is_some()
        });
        if !is_ours {
            return Err(AgentError::NotFound(agent));
        }
        if let Some(other) = registry.room_for(&by.session_id, config.agents.max_threads)? {
            self.put_aside(other).await;
        }
        self.load(agent, by.thread, by).await.map_err(failed)?;
        registry.resumed(agent, self.status_at_rest(agent).await);
        registry
            .find(&by.session_id, &target)
            .ok_or(AgentError::NotFound(agent))
    }

    /// An agent that has a path and whose thread is stored, loaded or not.
    pub(super) async fn find_agent_at_rest(
        &self,
        session_id: String,
        target: AgentTarget,
    ) -> Result<Option<AgentInfo>, AgentError> {
        let is_it = move |id: ThreadId, source: &Value| {
            let path = ThreadSpawn::of(source).and_then(|spawn| spawn.agent_path);
            path.is_some_and(|path| match &target {
                AgentTarget::Thread(wanted) => id == *wanted,
                AgentTarget::Path(wanted) => path == *wanted,
            })
        };
        let stored = self.store().find_in_session(session_id, is_it).await;
        let stored = stored.map_err(|error| AgentError::Failed {
            what: "look-up",
            why: error.to_string(),
        })?;
        Ok(stored.and_then(|stored| {
            let spawn = ThreadSpawn::of(&stored.info.source)?;
            Some(AgentInfo {
                id: stored.info.id,
                path: spawn.agent_path,
                nickname: spawn.agent_nickname,
                role: spawn.agent_role,
                status: AgentStatus::NotFound,
            })
        }))
    }

    /// How an agent stands by its file that has just been loaded: there is nothing to tell of a turn that came to its end.
    async fn status_at_rest(&self, agent: ThreadId) -> AgentStatus {
        let last = TurnsQuery {
            limit: 1,
            cursor: None,
            descending: true,
            view: ItemsView::NotLoaded,
            running: None,
        };
        let page = self.turns_page(agent, last).await.unwrap_or_default();
        match page.turns.first().map(|turn| turn.status) {
            Some(TurnStatus::Interrupted) => AgentStatus::Interrupted,
            _ => AgentStatus::PendingInit,
        }
    }

    /// Loads the thread of an agent that was put aside.
    pub(super) async fn load_agent(self: &Arc<Self>, agent: ThreadId) -> Result<()> {
        let parent = self
            .store()
            .find(agent)
            .await?
            .and_then(|stored| stored.info.parent);
        let parent = parent.ok_or(Error::ThreadNotFound(agent))?;
        let handle = self.thread(parent).ok_or(Error::NotLoaded(parent))?;
        self.load(agent, parent, &handle.agents().place).await
    }

    async fn load(self: &Arc<Self>, agent: ThreadId, parent: ThreadId, by: &AgentPlace) -> Result<()> {
        let watchers = self.options.sink.spawned(parent, agent);
        let resume = ResumeThread {
            id: Some(agent),
            start: StartThread {
                config: by.overrides.clone(),
                developer_instructions: by.developer_instructions.clone(),
                originator: by.originator.clone(),
                user_agent: by.user_agent.clone(),
                ..StartThread::default()
            },
            ..ResumeThread::default()
        };
        let (reply, resumed) = Reply::channel();
        self.resume_thread(resume, reply).await;
        resumed.await?;
        if let Some(thread) = self.thread(agent) {
            thread.set_subscribers(watchers);
        }
        Ok(())
    }
}
