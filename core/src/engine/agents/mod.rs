//! Agents of agents: threads that the models of other threads start (docs/contract/agents.md#sub-agents).
//!
//! Where to look: `registry` (which agents are open, and who may work), `spawn` (how one is started), `return_trip` (how
//! one comes back), `sink` (how the ends of their turns become known), `nicknames`.

mod nicknames;
mod registry;
mod return_trip;
mod sink;
mod spawn;

use std::sync::{Arc, Weak};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, select_all};

use self::registry::{AgentRegistry, Ended};
pub(super) use self::sink::AgentSink;
use super::Engine;
use crate::agents::messages::{self, MessageKind};
use crate::agents::{
    AgentControl, AgentError, AgentInfo, AgentInput, AgentPlace, AgentTarget, Mailbox, SendToAgent,
    SpawnAgent, SpawnedAgent, ThreadAgents, ThreadSpawn, TurnOrigin,
};
use crate::config::Config;
use crate::model::ResponseItem;
use crate::{
    AgentStatus, EventSink, Item, ItemBody, Op, Reply, StartTurn, SubAgentActivity, SubAgentActivityKind,
    ThreadHandle, ThreadId, ThreadStatus,
};

/// The agents of an engine.
pub(super) struct EngineAgents {
    engine: Weak<Engine>,
    registry: Arc<AgentRegistry>,
    /// The way out of agents' threads.
    sink: Arc<AgentSink>,
}

impl EngineAgents {
    pub(super) fn new(engine: Weak<Engine>, clients: Arc<dyn EventSink>) -> Arc<Self> {
        let registry: Arc<AgentRegistry> = Arc::default();
        let sink = AgentSink::new(clients, Arc::clone(&registry), Weak::clone(&engine));
        Arc::new(Self {
            engine,
            registry,
            sink: Arc::new(sink),
        })
    }

    /// A thread's side of the agents.
    pub(super) fn of_thread(self: &Arc<Self>, place: AgentPlace) -> Arc<ThreadAgents> {
        Arc::new(ThreadAgents {
            place: Arc::new(place),
            control: Arc::clone(self) as Arc<dyn AgentControl>,
            mailbox: Mailbox::default(),
        })
    }

    /// The way out of the thread of an agent.
    pub(super) fn sink(&self) -> Arc<dyn EventSink> {
        Arc::clone(&self.sink) as Arc<dyn EventSink>
    }

    /// A thread that an agent started is loaded.
    pub(super) fn loaded(&self, id: ThreadId, spawn: &ThreadSpawn, session_id: &str) {
        self.registry.loaded(id, spawn, session_id);
    }

    fn thread(&self, id: ThreadId) -> Option<ThreadHandle> {
        self.engine.upgrade()?.thread(id)
    }

    /// Carries out what the engine has to be there for.
    fn with_engine<T, F>(
        &self,
        what: &'static str,
        run: impl FnOnce(Arc<Engine>) -> F + Send + 'static,
    ) -> BoxFuture<'static, Result<T, AgentError>>
    where
        F: Future<Output = Result<T, AgentError>> + Send,
        T: Send + 'static,
    {
        let engine = self.engine.upgrade();
        async move {
            match engine {
                Some(engine) => run(engine).await,
                None => Err(AgentError::Failed {
                    what,
                    why: "the server ends".to_owned(),
                }),
            }
        }
        .boxed()
    }
}

impl AgentControl for EngineAgents {
    fn spawn(&self, spawn: SpawnAgent) -> BoxFuture<'static, Result<SpawnedAgent, AgentError>> {
        self.with_engine("spawn", |engine| async move { engine.spawn_agent(spawn).await })
    }

    fn find(&self, session_id: &str, target: &AgentTarget) -> Option<AgentInfo> {
        self.registry.find(session_id, target)
    }

    fn find_at_rest(
        &self,
        session_id: &str,
        target: AgentTarget,
    ) -> BoxFuture<'static, Result<Option<AgentInfo>, AgentError>> {
        let session_id = session_id.to_owned();
        self.with_engine("look-up", move |engine| async move {
            engine.find_agent_at_rest(session_id, target).await
        })
    }

    fn list(&self, session_id: &str) -> Vec<AgentInfo> {
        self.registry.of_session(session_id)
    }

    fn root_status(&self, session_id: &str) -> AgentStatus {
        let root = session_id.parse().ok().and_then(|id| self.thread(id));
        match root.map(|root| root.outbox().status()) {
            Some(ThreadStatus::Active { .. }) => AgentStatus::Running,
            Some(ThreadStatus::Idle) => AgentStatus::Completed(None),
            Some(ThreadStatus::SystemError) => AgentStatus::Errored("its last turn failed".to_owned()),
            Some(ThreadStatus::NotLoaded) | None => AgentStatus::NotFound,
        }
    }

    fn send(&self, to: ThreadId, send: SendToAgent) -> BoxFuture<'static, Result<String, AgentError>> {
        self.with_engine("message", move |engine| async move {
            engine.send_to_agent(to, send).await
        })
    }

    fn leave_message(&self, to: ThreadId, message: ResponseItem) {
        if let Some(thread) = self.thread(to) {
            leave(&thread, &message);
        }
    }

    fn ended(&self, agents: &[ThreadId]) -> BoxFuture<'static, ()> {
        let all: Option<Vec<_>> = agents.iter().map(|id| self.registry.watch(*id)).collect();
        // One that there is not has come to an end.
        let Some(all) = all.filter(|all| !all.is_empty()) else {
            return std::future::ready(()).boxed();
        };
        let ends = all.into_iter().map(|mut status| {
            async move {
                // An agent that is gone has come to an end, too.
                let _ = status.wait_for(AgentStatus::is_final).await;
            }
            .boxed()
        });
        select_all(ends).map(drop).boxed()
    }

    fn close(&self, agent: ThreadId) -> BoxFuture<'static, Result<AgentStatus, AgentError>> {
        let Some(status) = self.registry.watch(agent) else {
            return std::future::ready(Err(AgentError::NotFound(agent))).boxed();
        };
        let before = status.borrow().clone();
        self.with_engine("close", move |engine| async move {
            engine.close_agents(agent).await;
            Ok(before)
        })
    }

    fn resume(
        &self,
        agent: ThreadId,
        by: Arc<AgentPlace>,
        config: Arc<Config>,
    ) -> BoxFuture<'static, Result<AgentInfo, AgentError>> {
        self.with_engine("resume", move |engine| async move {
            engine.resume_agent(agent, &by, &config).await
        })
    }

    fn interrupt(&self, agent: ThreadId) -> BoxFuture<'static, ()> {
        let (reply, done) = Reply::channel();
        if let Some(thread) = self.thread(agent) {
            thread.deliver(interrupt_whatever_runs(reply));
        }
        done.map(drop).boxed()
    }

    fn interrupt_descendants(&self, thread: ThreadId) {
        for agent in self.registry.descendants(thread) {
            if self.registry.works(agent)
                && let Some(thread) = self.thread(agent)
            {
                thread.deliver(interrupt_whatever_runs(Reply::ignore()));
            }
        }
    }
}

impl Engine {
    /// Open agents below a thread whose threads are loaded, the nearest first.
    pub fn open_agents(&self, thread: ThreadId) -> Vec<ThreadId> {
        let mut agents = self.agents.registry.descendants(thread);
        let loaded = self.threads.lock();
        agents.retain(|id| loaded.contains_key(id));
        agents
    }

    /// Tells the parent of an agent how a turn of it has ended. Of agents with paths, those who interrupt one know, and
    /// clients are told of answers only.
    fn agent_ended(&self, agent: ThreadId, turn_id: &str, ended: Ended) {
        let Some(parent) = self.parent_of(&ended).filter(|_| ended.tell) else {
            return;
        };
        let Some(path) = ended.path else {
            leave(
                &parent,
                &messages::notification(&agent.to_string(), &ended.status),
            );
            return;
        };
        let answers = matches!(ended.status, AgentStatus::Completed(_));
        let words = match ended.status {
            AgentStatus::Completed(words) => words.unwrap_or_default(),
            AgentStatus::Errored(why) => format!("The turn failed: {why}"),
            _ => return,
        };
        let message = messages::between(
            MessageKind::FinalAnswer,
            &path,
            &parent.agents().place.path,
            &words,
        );
        if !answers {
            leave(&parent, &message);
            return;
        }
        let news = Item {
            id: format!("subagent-completed-{turn_id}"),
            started_at_ms: None,
            completed_at_ms: None,
            body: ItemBody::SubAgentActivity(SubAgentActivity {
                kind: SubAgentActivityKind::Completed,
                thread_id: agent.to_string(),
                path,
                model: None,
                effort: None,
            }),
        };
        tokio::spawn(async move {
            let outbox = parent.outbox();
            if let Some(turn) = outbox.running() {
                let turn_id: Arc<str> = turn.id.into();
                outbox.item_at_once(&turn_id, news).await;
            }
            leave(&parent, &message);
        });
    }

    /// Who is told of the end of an agent's turn: its parent; that of an agent with a path may be at rest, while others
    /// speak to the agent. Then it is the root of all.
    fn parent_of(&self, ended: &Ended) -> Option<ThreadHandle> {
        let root = || {
            ended.path.as_ref()?;
            self.thread(ended.session_id.parse().ok()?)
        };
        self.thread(ended.parent).or_else(root)
    }

    /// Says something to an agent; see [`AgentControl::send`].
    async fn send_to_agent(self: &Arc<Self>, to: ThreadId, send: SendToAgent) -> Result<String, AgentError> {
        let registry = &self.agents.registry;
        let (is_aside, other) = registry.spoken_to(to, send.interrupt, send.max_threads)?;
        let failed = |why: String| {
            registry.not_reached(to, &why);
            AgentError::Failed { what: "message", why }
        };
        if let Some(other) = other {
            self.put_aside(other).await;
        }
        if is_aside {
            self.load_agent(to)
                .await
                .map_err(|error| failed(error.to_string()))?;
        }
        let Some(thread) = self.thread(to) else {
            registry.forget(to);
            return Err(AgentError::NotFound(to));
        };
        if send.interrupt {
            thread.deliver(interrupt_whatever_runs(Reply::ignore()));
        }
        let (reply, turn) = Reply::channel();
        thread.deliver(start_turn(send.input, &send.turn, reply));
        let turn = turn.await.map_err(|error| failed(error.to_string()))?;
        Ok(turn.id)
    }

    /// Ends the thread of an agent that is not spoken to at the moment.
    async fn put_aside(&self, agent: ThreadId) {
        tracing::debug!(%agent, "an agent is put aside to make room");
        self.unload(agent).await;
    }

    /// Closes an agent and all below it, those first.
    async fn close_agents(&self, agent: ThreadId) {
        let below = self.agents.registry.descendants(agent);
        for agent in below.into_iter().rev().chain([agent]) {
            self.agents.registry.closes(agent);
            self.unload(agent).await;
            self.agents.registry.forget(agent);
        }
    }
}

/// Leaves a message with a thread: its model reads it with the next request.
fn leave(thread: &ThreadHandle, message: &ResponseItem) {
    let Ok(item) = serde_json::to_value(message) else {
        return;
    };
    thread.deliver(Op::InjectItems {
        items: vec![item],
        is_urgent: false,
        reply: Reply::ignore(),
    });
    thread.agents().mailbox.message_arrived();
}

fn interrupt_whatever_runs(reply: Reply<()>) -> Op {
    Op::Interrupt {
        turn_id: String::new(),
        reply,
    }
}

/// What begins a turn of an agent, or goes on with the one that runs.
fn start_turn(input: AgentInput, turn: &TurnOrigin, reply: Reply<crate::Turn>) -> Op {
    let (input, message) = match input {
        AgentInput::User(input) => (input, None),
        AgentInput::Agent(message) => (Vec::new(), Some(message)),
    };
    let start = StartTurn {
        input,
        agent_message: message,
        parent_turn_id: Some(turn.id.to_string()),
        root_turn_id: Some(turn.root_id.to_string()),
        waits_its_turn: true,
        ..StartTurn::default()
    };
    Op::StartTurn {
        start: Box::new(start),
        reply,
    }
}
