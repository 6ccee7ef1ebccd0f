//! Which agents are open, and how they stand.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::nicknames;
use crate::agents::{AgentError, AgentInfo, AgentTarget, ThreadSpawn};
use crate::{AgentStatus, ThreadId};

/// How many agents of a session that were put aside are remembered.
const MAX_ASIDE: usize = 64;

/// The open agents of all sessions: those that are loaded, and those that have been put aside to make room and come back
/// when they are spoken to.
#[derive(Debug, Default)]
pub(super) struct AgentRegistry {
    /// A lock, because threads report from their actors and tools ask from their turns. Held for a few instructions.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    agents: HashMap<ThreadId, Agent>,
    /// Counts the ends of turns, so that the oldest is known.
    ends: u64,
}

#[derive(Debug)]
struct Agent {
    parent: ThreadId,
    session_id: String,
    path: Option<String>,
    nickname: Option<String>,
    role: Option<String>,
    status: watch::Sender<AgentStatus>,
    /// It takes one of the places: from its start to the end of its turn.
    works: bool,
    /// It is no more, or not yet, in memory.
    aside: bool,
    /// It is being closed, whatever its turn does.
    closes: bool,
    /// The parent is told of the next end of a turn.
    tells_parent: bool,
    /// Turns that follow upon one that is being interrupted.
    restarts: usize,
    /// When its last turn ended; of one that has had none since it was loaded: when that was.
    ended: u64,
}

/// A new agent, before it is there.
pub(super) struct NewAgent {
    pub(super) id: ThreadId,
    pub(super) parent: ThreadId,
    pub(super) session_id: String,
    pub(super) path: Option<String>,
    pub(super) role: Option<String>,
    /// Nicknames to choose from; empty: ours.
    pub(super) nicknames: Vec<String>,
    /// How many agents of the session may work.
    pub(super) max: usize,
}

/// The end of an agent's turn, for its parent.
pub(super) struct Ended {
    pub(super) parent: ThreadId,
    pub(super) session_id: String,
    pub(super) path: Option<String>,
    /// How the agent stands now.
    pub(super) status: AgentStatus,
    /// The parent is to be told; always so where agents have paths.
    pub(super) tell: bool,
}

impl AgentRegistry {
    /// Makes room for a new agent and gives it a nickname. Also gives the agent that has to be put aside for it.
    pub(super) fn reserve(&self, new: NewAgent) -> Result<(String, Option<ThreadId>), AgentError> {
        let mut state = self.lock();
        state.check_room(&new.session_id, new.max)?;
        let of_session = |agent: &&Agent| agent.session_id == new.session_id;
        if let Some(path) = &new.path
            && state
                .agents
                .values()
                .filter(of_session)
                .any(|agent| agent.path.as_ref() == Some(path))
        {
            return Err(AgentError::PathTaken(path.clone()));
        }
        let taken: HashSet<&str> = state
            .agents
            .values()
            .filter(of_session)
            .filter_map(|agent| agent.nickname.as_deref())
            .collect();
        let nickname = nicknames::choose(&new.nicknames, &taken, new.id);
        let aside = state.make_room(&new.session_id, new.max);
        let agent = Agent {
            parent: new.parent,
            session_id: new.session_id,
            path: new.path,
            nickname: Some(nickname.clone()),
            role: new.role,
            status: watch::Sender::new(AgentStatus::PendingInit),
            works: true,
            aside: false,
            closes: false,
            tells_parent: true,
            restarts: 0,
            ended: 0,
        };
        state.agents.insert(new.id, agent);
        Ok((nickname, aside))
    }

    /// Whether another agent may work; gives the agent that has to be put aside for it.
    pub(super) fn room_for(&self, session_id: &str, max: usize) -> Result<Option<ThreadId>, AgentError> {
        let mut state = self.lock();
        state.check_room(session_id, max)?;
        Ok(state.make_room(session_id, max))
    }

    /// An agent's thread is loaded, whoever did that.
    pub(super) fn loaded(&self, id: ThreadId, spawn: &ThreadSpawn, session_id: &str) {
        let mut state = self.lock();
        let ends = state.ends;
        let agent = state.agents.entry(id).or_insert_with(|| Agent {
            parent: spawn.parent_thread_id,
            session_id: session_id.to_owned(),
            path: spawn.agent_path.clone(),
            nickname: spawn.agent_nickname.clone(),
            role: spawn.agent_role.clone(),
            status: watch::Sender::new(AgentStatus::PendingInit),
            works: false,
            aside: false,
            closes: false,
            tells_parent: true,
            restarts: 0,
            ended: ends,
        });
        agent.aside = false;
    }

    /// An agent is about to be closed: that is how its turn ends.
    pub(super) fn closes(&self, id: ThreadId) {
        if let Some(agent) = self.lock().agents.get_mut(&id) {
            agent.closes = true;
        }
    }

    /// An agent is no more: it was closed, or it could not be started.
    pub(super) fn forget(&self, id: ThreadId) {
        if let Some(agent) = self.lock().agents.remove(&id) {
            agent.status.send_replace(AgentStatus::Shutdown);
        }
    }

    /// An agent's thread has been unloaded.
    pub(super) fn unloaded(&self, id: ThreadId) {
        let mut state = self.lock();
        if state.agents.get(&id).is_some_and(|agent| !agent.aside)
            && let Some(agent) = state.agents.remove(&id)
        {
            agent.status.send_replace(AgentStatus::Shutdown);
        }
    }

    /// A turn of an agent begins.
    pub(super) fn turn_started(&self, id: ThreadId) {
        if let Some(agent) = self.lock().agents.get_mut(&id) {
            agent.works = true;
            agent.restarts = agent.restarts.saturating_sub(1);
            agent.status.send_replace(AgentStatus::Running);
        }
    }

    /// A turn of an agent is over.
    pub(super) fn turn_ended(&self, id: ThreadId, status: AgentStatus) -> Option<Ended> {
        let mut state = self.lock();
        state.ends += 1;
        let ends = state.ends;
        let agent = state.agents.get_mut(&id)?;
        if status == AgentStatus::Interrupted && agent.restarts > 0 {
            // It goes on at once.
            return None;
        }
        agent.works = false;
        agent.restarts = 0;
        agent.ended = ends;
        let tell = agent.tells_parent || agent.path.is_some();
        // One that was interrupted may still come to an end.
        agent.tells_parent = tell && status == AgentStatus::Interrupted;
        let status = if agent.closes {
            AgentStatus::Shutdown
        } else {
            status
        };
        agent.status.send_replace(status.clone());
        Some(Ended {
            status,
            parent: agent.parent,
            session_id: agent.session_id.clone(),
            path: agent.path.clone(),
            tell,
        })
    }

    /// Somebody speaks to an agent, which takes a place if it did not work; at most `max` may. Gives whether its thread
    /// has to be loaded first, and the agent that has to be put aside for it.
    pub(super) fn spoken_to(
        &self,
        id: ThreadId,
        interrupt: bool,
        max: usize,
    ) -> Result<(bool, Option<ThreadId>), AgentError> {
        let mut state = self.lock();
        let agent = state.agents.get_mut(&id).ok_or(AgentError::NotFound(id))?;
        if agent.works {
            agent.restarts += usize::from(interrupt);
            return Ok((agent.aside, None));
        }
        let (session_id, is_aside) = (agent.session_id.clone(), agent.aside);
        state.check_room(&session_id, max)?;
        if let Some(agent) = state.agents.get_mut(&id) {
            agent.works = true;
            agent.status.send_replace(AgentStatus::PendingInit);
        }
        let aside = is_aside.then(|| state.make_room(&session_id, max)).flatten();
        Ok((is_aside, aside))
    }

    /// What was said to an agent did not reach it.
    pub(super) fn not_reached(&self, id: ThreadId, why: &str) {
        let mut state = self.lock();
        if let Some(agent) = state.agents.get_mut(&id) {
            agent.works = false;
            agent.status.send_replace(AgentStatus::Errored(why.to_owned()));
        }
    }

    /// An agent was brought back: its parent is told of its end again.
    pub(super) fn resumed(&self, id: ThreadId, status: AgentStatus) {
        if let Some(agent) = self.lock().agents.get_mut(&id)
            && !agent.works
        {
            agent.tells_parent = true;
            agent.status.send_replace(status);
        }
    }

    /// An open agent of this session.
    pub(super) fn find(&self, session_id: &str, target: &AgentTarget) -> Option<AgentInfo> {
        let state = self.lock();
        let mut of_session = state
            .agents
            .iter()
            .filter(|(_, agent)| agent.session_id == session_id);
        let (id, agent) = of_session.find(|(id, agent)| match target {
            AgentTarget::Thread(wanted) => *id == wanted,
            AgentTarget::Path(wanted) => agent.path.as_ref() == Some(wanted),
        })?;
        Some(agent.info(*id))
    }

    /// All open agents of a session, by path.
    pub(super) fn of_session(&self, session_id: &str) -> Vec<AgentInfo> {
        let state = self.lock();
        let of_session = state
            .agents
            .iter()
            .filter(|(_, agent)| agent.session_id == session_id);
        let mut all: Vec<_> = of_session.map(|(id, agent)| agent.info(*id)).collect();
        drop(state);
        all.sort_by(|a, b| (&a.path, a.id).cmp(&(&b.path, b.id)));
        all
    }

    /// How an agent stands from now on; `None`: there is no such agent.
    pub(super) fn watch(&self, id: ThreadId) -> Option<watch::Receiver<AgentStatus>> {
        Some(self.lock().agents.get(&id)?.status.subscribe())
    }

    /// All agents below a thread, the nearest first.
    pub(super) fn descendants(&self, thread: ThreadId) -> Vec<ThreadId> {
        let state = self.lock();
        let mut children: HashMap<ThreadId, Vec<ThreadId>> = HashMap::new();
        for (id, agent) in &state.agents {
            children.entry(agent.parent).or_default().push(*id);
        }
        drop(state);
        let mut found = Vec::new();
        let mut next = vec![thread];
        while let Some(parent) = next.pop() {
            // Removing makes sure that parents in a circle come to an end.
            for child in children.remove(&parent).unwrap_or_default() {
                found.push(child);
                next.push(child);
            }
        }
        found
    }

    /// Whether an agent works.
    pub(super) fn works(&self, id: ThreadId) -> bool {
        self.lock().agents.get(&id).is_some_and(|agent| agent.works)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check_room(&self, session_id: &str, max: usize) -> Result<(), AgentError> {
        let works = |agent: &&Agent| agent.works && agent.session_id == session_id;
        if self.agents.values().filter(works).count() >= max {
            return Err(AgentError::LimitReached);
        }
        Ok(())
    }

    /// Marks the agent that came to an end first as put aside, if as many are loaded as may work.
    fn make_room(&mut self, session_id: &str, max: usize) -> Option<ThreadId> {
        let of_session = |agent: &Agent| agent.session_id == session_id;
        let here = self.agents.values().filter(|agent| of_session(agent));
        let (aside, loaded): (Vec<_>, Vec<_>) = here.partition(|agent| agent.aside);
        let (aside, loaded) = (aside.len(), loaded.len());
        let oldest = |state: &Self, aside: bool| {
            let idle = state
                .agents
                .iter()
                .filter(|(_, agent)| of_session(agent) && agent.aside == aside && !agent.works);
            idle.min_by_key(|(_, agent)| agent.ended).map(|(id, _)| *id)
        };
        if aside >= MAX_ASIDE
            && let Some(id) = oldest(self, true)
        {
            self.agents.remove(&id);
        }
        let id = (loaded >= max).then(|| oldest(self, false)).flatten()?;
        self.agents.get_mut(&id)?.aside = true;
        Some(id)
    }
}

impl Agent {
    fn info(&self, id: ThreadId) -> AgentInfo {
        AgentInfo {
            id,
            path: self.path.clone(),
            nickname: self.nickname.clone(),
            role: self.role.clone(),
            status: self.status.borrow().clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(path: Option<&str>, max: usize) -> NewAgent {
        NewAgent {
            id: ThreadId::new(),
            parent: ThreadId(uuid::Uuid::nil()),
            session_id: "s".into(),
            path: path.map(str::to_owned),
            role: None,
            nicknames: Vec::new(),
            max,
        }
    }

    fn spawn(registry: &AgentRegistry, max: usize) -> (ThreadId, Option<ThreadId>) {
        let new = new(None, max);
        let id = new.id;
        let (_, aside) = registry.reserve(new).expect("there is room");
        (id, aside)
    }

    #[test]
    fn collab_agents_that_have_ended_make_room_and_stay_known() {
        let registry = AgentRegistry::default();
        let (first, _) = spawn(&registry, 2);
        let (second, _) = spawn(&registry, 2);
        assert_eq!(
            registry.reserve(new(None, 2)).err(),
            Some(AgentError::LimitReached)
        );
        let done = AgentStatus::Completed(Some("done".into()));
        registry.turn_started(second);
        registry.turn_ended(second, done.clone()).expect("an agent");
        let (_, aside) = spawn(&registry, 2);
        assert_eq!(aside, Some(second));
        registry.unloaded(second);
        let found = registry
            .find("s", &AgentTarget::Thread(second))
            .expect("it is known");
        assert_eq!(found.status, done);
        assert_eq!(
            registry.spoken_to(second, false, 9),
            Ok((true, None)),
            "it has to be loaded"
        );
        registry.unloaded(first);
        assert_eq!(registry.find("s", &AgentTarget::Thread(first)), None);
    }

    #[test]
    fn collab_agents_that_were_only_loaded_make_room_too() {
        let registry = AgentRegistry::default();
        let loaded = ThreadId::new();
        let spawn_of = ThreadSpawn {
            parent_thread_id: ThreadId(uuid::Uuid::nil()),
            depth: 1,
            agent_path: None,
            agent_nickname: None,
            agent_role: None,
        };
        registry.loaded(loaded, &spawn_of, "s");
        let (_, aside) = spawn(&registry, 1);
        assert_eq!(aside, Some(loaded));
    }

    #[test]
    fn collab_paths_are_taken_once_per_session() {
        let registry = AgentRegistry::default();
        registry.reserve(new(Some("/root/a"), 9)).expect("it is free");
        let taken = registry.reserve(new(Some("/root/a"), 9)).err();
        assert_eq!(taken, Some(AgentError::PathTaken("/root/a".into())));
        let other = NewAgent {
            session_id: "t".into(),
            ..new(Some("/root/a"), 9)
        };
        registry.reserve(other).expect("another session");
    }

    #[test]
    fn collab_parents_hear_of_one_end_for_each_start() {
        let registry = AgentRegistry::default();
        let (id, _) = spawn(&registry, 2);
        registry.turn_started(id);
        assert!(
            registry
                .turn_ended(id, AgentStatus::Completed(None))
                .expect("an agent")
                .tell
        );
        registry.spoken_to(id, false, 2).expect("an agent");
        registry.turn_started(id);
        assert!(
            !registry
                .turn_ended(id, AgentStatus::Completed(None))
                .expect("an agent")
                .tell
        );
    }

    #[test]
    fn a_collab_agent_that_is_redirected_does_not_end() {
        let registry = AgentRegistry::default();
        let (id, _) = spawn(&registry, 2);
        registry.turn_started(id);
        registry.spoken_to(id, true, 2).expect("an agent");
        assert!(registry.turn_ended(id, AgentStatus::Interrupted).is_none());
        registry.turn_started(id);
        assert!(
            registry
                .turn_ended(id, AgentStatus::Interrupted)
                .expect("an agent")
                .tell
        );
    }
}
