//! Threads as actors: each owns its state, takes operations, tells events.
//!
//! A thread has two sides. The [`state::ThreadState`] answers the mailbox at any moment: what is known of the thread, its
//! settings. The [`ConversationState`] belongs to the turn that runs: the history and what was told to the model. The actor
//! holds both, and gives the conversation's state to each turn.
//!
//! Where to look:
//!
//! * what reaches a thread: `actor` (the mailbox, and the thread's end), `draining` (that nothing begins by itself any more), `inbox` (what reaches its running turn), `state`
//!   (what is known of the thread between and during turns), `settings`, `queue` (what the user wants to say next)
//! * summing up a history that is too long: `compaction`, and `turn/compaction` for what happens in the turn
//! * a turn: `active_turn` (as the actor sees it: steering, interrupting, its end), `turn` (request by request), with
//!   `turn/begin`, `turn/events` (what comes of a response), `turn/hooks` (what hooks have to say), `request` (what the turn decides about its requests), `calls` (tool calls),
//!   `user_shell` (commands of the user), `turn_end`, `usage` (token counts); `sample` (a question beside the thread),
//!   `memory` (notes for later threads)
//! * the voice conversation: `realtime`
//! * conversations beside the thread's own: `delegate` (what they all are), `review` (reviews of changes, with
//!   `turn/review`), `guardian` (reviews of approvals)
//! * what the model is told: `context` (environment and instructions), `surroundings` (when it is), `git_context`, `input` (the user's words, images, the skills that they name),
//!   `history` (all of it, in memory)
//! * what clients see: `stream` (items and deltas), `message`, `citation` and `plan` (messages of the
//!   model)

mod active_turn;
mod actor;
mod calls;
mod citation;
mod compaction;
mod context;
mod delegate;
mod draining;
mod git_context;
mod guardian;
mod history;
mod inbox;
mod input;
mod memory;
mod message;
mod notify;
mod plan;
mod queue;
mod realtime;
mod request;
mod review;
mod sample;
pub(crate) mod settings;
mod state;
mod stream;
mod surroundings;
mod turn;
mod turn_end;
mod usage;
mod user_shell;

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Map, Value};

pub(crate) use actor::{Actor, Mail, Remove, ThreadMessage, Unload};
pub(crate) use delegate::DelegateHost;
pub(crate) use draining::Draining;
pub(crate) use guardian::Guardian;
pub(crate) use memory::Unnoted;
pub(crate) use queue::{MessageQueue, check as check_queued};
pub(crate) use state::ThreadState;

use crate::ThreadTokenUsage;
use crate::agents::{AgentTools, ThreadAgents};
use crate::config::Config;
use crate::dynamic_tools::DynamicTools;
use crate::exec::ExecSessions;
use crate::goal_tracker::GoalTracker;
use crate::history::{LoadHistory, ThreadLog, ThreadStore};
use crate::hooks::ThreadHooks;
use crate::instructions;
use crate::mcp::ThreadMcp;
use crate::model::{ModelClient, ResponseItem};
use crate::outbox::Outbox;
use crate::patch::PatchState;
use crate::realtime::Realtime;
use crate::safety::ThreadApprovals;
use crate::skills::ThreadSkills;
use crate::tools::{ImageService, ToolSet};

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
    pub(crate) exec: Arc<ExecSessions>,
    pub(crate) dynamic_tools: DynamicTools,
    pub(crate) patches: Arc<PatchState>,
    /// What the user has allowed.
    pub(crate) approvals: Arc<ThreadApprovals>,
    /// What the thread is to reach.
    pub(crate) goals: Arc<GoalTracker>,
    /// What the user wants to say next.
    pub(crate) queue: Arc<MessageQueue>,
    /// The voice conversation.
    pub(crate) realtime: Arc<Realtime>,
    /// Base instructions; shared by all threads that have the same.
    pub(crate) instructions: Arc<str>,
    pub(crate) developer_instructions: Option<String>,
    /// The thread's side of agents that it starts.
    pub(crate) agents: Arc<ThreadAgents>,
    /// Skills of the thread.
    pub(crate) skills: Arc<ThreadSkills>,
    /// What was noted in earlier threads.
    pub(crate) memories: Option<Arc<str>>,
    /// Stored threads of this home.
    pub(crate) store: ThreadStore,
    /// What conversations beside the thread's own are made of.
    pub(crate) delegates: Arc<DelegateHost>,
    /// Judges approvals in the user's place where that is wanted.
    pub(crate) guardian: Option<Arc<Guardian>>,
    /// Commands of the user that run at events.
    pub(crate) hooks: Arc<ThreadHooks>,
    /// The thread's MCP servers.
    pub(crate) mcp: Arc<ThreadMcp>,
    /// What the thread makes images with.
    pub(crate) images: Arc<ImageService>,
    /// Whether anything may still begin by itself.
    pub(crate) draining: Arc<Draining>,
}

impl Services {
    /// What the model reads of a turn that was interrupted, unless the configuration keeps that from it. `tools`: those
    /// for agents that it has.
    pub(crate) fn interrupt_marker(&self, tools: Option<AgentTools>) -> Option<ResponseItem> {
        let (role, text) = if self.agents.has_paths(tools) {
            ("developer", instructions::TURN_ABORTED_IN_TEAM)
        } else {
            ("user", instructions::TURN_ABORTED)
        };
        let is_told = self.config.agents.interrupt_message;
        is_told.then(|| history::message(role, [text.to_owned()]))
    }
}

/// What the turns of a thread hand on to each other.
pub(crate) struct ConversationState {
    pub(crate) history: history::ModelHistory,
    pub(crate) context: context::ContextTracker,
    pub(crate) usage: usage::Usage,
    /// How often the history was summed up in a row without becoming short enough.
    pub(crate) fruitless_compactions: u32,
}

impl ConversationState {
    /// Of a thread in which nothing has happened.
    pub(crate) fn new(log: ThreadLog) -> Self {
        Self {
            history: history::ModelHistory::new(log),
            context: context::ContextTracker::default(),
            usage: usage::Usage::default(),
            fruitless_compactions: 0,
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
            history: history::ModelHistory::resumed(log, load),
            context: world.map(context::ContextTracker::restored).unwrap_or_default(),
            usage: usage.map(usage::Usage::restored).unwrap_or_default(),
            fruitless_compactions: 0,
        }
    }

    /// Reads the history, if that has not been done, as far as it fits into a window of so many tokens.
    pub(crate) async fn load(&mut self, services: &Services, window: i64) {
        let Some(loaded) = self.history.load(window).await else {
            return;
        };
        if let Some(warning) = loaded.warning {
            services.outbox.emit(crate::Event::Warning(warning));
        }
        if loaded.cut {
            // What the model was told of its surroundings is not there any more.
            self.context = context::ContextTracker::default();
        }
        if let Some(window) = loaded.window {
            services.client.restore_window(window);
        }
    }
}

impl Actor {
    /// The actor of a thread.
    pub(crate) fn new(
        mailbox: tokio::sync::mpsc::UnboundedReceiver<Mail>,
        services: Services,
        session: ConversationState,
        state: ThreadState,
        (unload, remove): (Unload, Remove),
    ) -> Self {
        Self {
            mailbox,
            services,
            session,
            state,
            unload,
            remove,
            deferred: VecDeque::new(),
            may_begin_alone: true,
            active: None,
        }
    }
}
