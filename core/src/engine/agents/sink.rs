//! Hears what the threads of agents tell, before it goes on to clients.

use std::sync::{Arc, Weak};

use futures_util::future::BoxFuture;

use super::super::Engine;
use super::registry::AgentRegistry;
use crate::{AgentStatus, Event, EventSink, ItemBody, ThreadId, ThreadStatus, Traffic, Turn, TurnStatus};

/// The way out of the threads of agents.
pub(in crate::engine) struct AgentSink {
    clients: Arc<dyn EventSink>,
    registry: Arc<AgentRegistry>,
    engine: Weak<Engine>,
}

impl AgentSink {
    pub(super) fn new(
        clients: Arc<dyn EventSink>,
        registry: Arc<AgentRegistry>,
        engine: Weak<Engine>,
    ) -> Self {
        Self {
            clients,
            registry,
            engine,
        }
    }
}

impl EventSink for AgentSink {
    fn emit(&self, thread: ThreadId, event: Event) {
        let mut over = None;
        match &event {
            Event::TurnStarted(_) => self.registry.turn_started(thread),
            Event::TurnCompleted(turn) => over = Some((turn.id.clone(), status(turn))),
            Event::Closed | Event::Status(ThreadStatus::NotLoaded) => self.registry.unloaded(thread),
            _ => {}
        }
        self.clients.emit(thread, event);
        // Whoever waits for the agent goes on after clients have been told.
        if let Some((turn_id, status)) = over
            && let Some(ended) = self.registry.turn_ended(thread, status)
            && let Some(engine) = self.engine.upgrade()
        {
            engine.agent_ended(thread, &turn_id, ended);
        }
    }

    fn spawned(&self, parent: ThreadId, child: ThreadId) -> usize {
        self.clients.spawned(parent, child)
    }

    fn congested(&self, thread: ThreadId, traffic: Traffic) -> bool {
        self.clients.congested(thread, traffic)
    }

    fn drained(&self, thread: ThreadId, traffic: Traffic) -> BoxFuture<'static, ()> {
        self.clients.drained(thread, traffic)
    }
}

/// How an agent stands after a turn.
fn status(turn: &Turn) -> AgentStatus {
    match (turn.status, &turn.error) {
        (TurnStatus::Interrupted, _) => AgentStatus::Interrupted,
        (_, Some(error)) => AgentStatus::Errored(error.message.clone()),
        _ => AgentStatus::Completed(turn.items.iter().rev().find_map(|item| match &item.body {
            ItemBody::AgentMessage { text, .. } => Some(text.clone()),
            _ => None,
        })),
    }
}
