//! Threads as actors: each owns its state, takes operations, tells events.
//!
//! A thread has two sides. The [`front::Front`] answers the mailbox at any moment: what is known of the thread, its
//! settings. The [`Session`] belongs to the turn that runs: the history and what was told to the model. The actor
//! holds both, and lends the session to each turn.

mod active_turn;
mod actor;
mod calls;
mod context;
mod desk;
mod front;
mod history;
mod input;
mod message;
mod outbox;
mod plan;
mod request;
pub(crate) mod settings;
mod stream;
mod turn;
mod turn_end;
mod usage;

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Map, Value};

pub(crate) use actor::{Actor, Mail, Remove, Unload};
pub(crate) use front::Front;
pub(crate) use history::LoadHistory;
pub(crate) use outbox::{CommandQuestion, Outbox};

use crate::ThreadTokenUsage;
use crate::config::Config;
use crate::exec::ExecSessions;
use crate::history::ThreadLog;
use crate::model::{ModelClient, ResponseItem};
use crate::tools::ToolSet;

/// A message of the user with one text.
pub(crate) fn user_message(text: &str) -> ResponseItem {
    history::message("user", [text.to_owned()])
}

/// What the turns of a thread work with. Does not change over the thread's life.
pub(crate) struct Services {
    pub(crate) outbox: Outbox,
    pub(crate) config: Arc<Config>,
    pub(crate) client: ModelClient,
    pub(crate) tools: ToolSet,
    /// What the model is told of the tools; shared by all threads that have the same.
    pub(crate) tool_specs: Arc<Vec<Value>>,
    pub(crate) exec: Arc<ExecSessions>,
    /// Base instructions; shared by all threads that have the same.
    pub(crate) instructions: Arc<str>,
    pub(crate) developer_instructions: Option<String>,
}

/// What the turns of a thread hand on to each other.
pub(crate) struct Session {
    pub(crate) history: history::History,
    pub(crate) told: context::Told,
    pub(crate) usage: usage::Usage,
}

impl Session {
    /// Of a thread in which nothing has happened.
    pub(crate) fn new(log: ThreadLog) -> Self {
        Self {
            history: history::History::new(log),
            told: context::Told::default(),
            usage: usage::Usage::default(),
        }
    }

    /// Of a thread that goes on. Its history is read when it is needed.
    pub(crate) fn resumed(
        log: ThreadLog,
        load: LoadHistory,
        world: Option<Map<String, Value>>,
        usage: Option<ThreadTokenUsage>,
    ) -> Self {
        Self {
            history: history::History::resumed(log, load),
            told: world.map(context::Told::restored).unwrap_or_default(),
            usage: usage.map(usage::Usage::restored).unwrap_or_default(),
        }
    }
}

impl Actor {
    /// The actor of a thread.
    pub(crate) fn new(
        mailbox: tokio::sync::mpsc::UnboundedReceiver<Mail>,
        services: Services,
        session: Session,
        front: Front,
        (unload, remove): (Unload, Remove),
    ) -> Self {
        Self {
            mailbox,
            services,
            session,
            front,
            unload,
            remove,
            deferred: VecDeque::new(),
            active: None,
        }
    }
}
