//! Tools that deal with other agents (docs/contract/agents.md#sub-agents): what they do is in `crate::agents`, and behind
//! that in the engine.
//!
//! Where to look: `by_id` (namespace `multi_agent_v1`), `by_path` (namespace `collaboration`), `input` (what is said to
//! agents), `spec` (what models are told of the tools).

mod by_id;
mod by_path;
mod input;
mod spec;

use std::collections::BTreeMap;
use std::iter::zip;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::by_id::AgentById;
use self::by_path::AgentByPath;
use super::{CallContext, Offer, Tool, ToolCall, ToolEnd, ToolSet};
use crate::agents::{AgentInfo, AgentTools, ThreadAgents, TurnOrigin};
use crate::config::{AgentRole, Config};
use crate::deferred_tools::DeferredTools;
use crate::model::{ModelCatalog, ModelInfo};
use crate::tool_spec::ToolSpec;
use crate::{
    AgentStatus, CollabCallStatus, CollabReceiver, CollabTool, CollabToolCall, Item, ItemBody, ThreadId,
};

/// Waiting without a word on how long.
const DEFAULT_WAIT: Duration = Duration::from_secs(30);
/// Shorter waits would keep a model busy.
const MIN_WAIT: Duration = Duration::from_secs(10);
/// Longest wait.
const MAX_WAIT: Duration = Duration::from_secs(3600);

/// How many sets of tools with their descriptions are kept.
const KEPT_SETS: usize = 16;

/// What a model is offered: other tools, and those that deal with agents, which it searches for if it can and they go by
/// id. Threads that tell their models the same share it.
pub(super) fn offer(
    others: &ToolSet,
    tools: AgentTools,
    can_search: bool,
    config: &Config,
    models: &ModelCatalog,
) -> Offer {
    /// A lock, because every turn looks here; held while descriptions are made at most.
    static OFFERS: Mutex<Vec<(OfferKey, Offer)>> = Mutex::new(Vec::new());

    let is_searched = can_search && tools == AgentTools::Ids;
    let models = models.known();
    let mut offers = OFFERS.lock().unwrap_or_else(PoisonError::into_inner);
    let is_same = |key: &OfferKey| {
        Arc::ptr_eq(&key.others, others.specs())
            && (key.tools, key.is_searched) == (tools, is_searched)
            && key.roles == config.agents.roles
            && key.models.len() == models.len()
            && zip(&key.models, &models).all(|(one, other)| Arc::ptr_eq(one, other))
    };
    if let Some((_, offer)) = offers.iter().find(|(key, _)| is_same(key)) {
        return offer.clone();
    }
    let namespace = spec::namespace(tools, &spec::Choices::new(config, &models));
    let namespace = Arc::new(namespace.into());
    let offer = if is_searched {
        Offer {
            specs: Arc::clone(others.specs()),
            deferred: Arc::new(DeferredTools::new([namespace])),
        }
        .with_search()
    } else {
        Offer {
            specs: Arc::new(others.specs_with(namespace)),
            deferred: Arc::default(),
        }
    };
    if offers.len() >= KEPT_SETS {
        offers.clear();
    }
    let key = OfferKey {
        others: Arc::clone(others.specs()),
        tools,
        is_searched,
        models,
        roles: config.agents.roles.clone(),
    };
    offers.push((key, offer.clone()));
    offer
}

/// What an offer depends on.
struct OfferKey {
    others: Arc<Vec<Arc<ToolSpec>>>,
    tools: AgentTools,
    is_searched: bool,
    /// Those that agents may choose from.
    models: Vec<Arc<ModelInfo>>,
    roles: BTreeMap<String, AgentRole>,
}

/// The tool of this name that deals with agents.
pub(super) fn find(namespace: Option<&str>, name: &str) -> Option<Arc<dyn Tool>> {
    match namespace? {
        by_id::NAMESPACE => AgentById::named(name).map(|tool| Arc::new(tool) as Arc<dyn Tool>),
        by_path::NAMESPACE => AgentByPath::named(name).map(|tool| Arc::new(tool) as Arc<dyn Tool>),
        _ => None,
    }
}

/// The thread's side of agents, if a call of a tool in this namespace may deal with them.
fn agents_of(cx: &CallContext, namespace: &str, call: &ToolCall) -> Result<Arc<ThreadAgents>, ToolEnd> {
    let unsupported = || ToolEnd::text(format!("unsupported call: {namespace}{}", call.name));
    cx.agents.clone().ok_or_else(unsupported)
}

/// The turn in which something is asked of an agent.
fn origin(cx: &CallContext) -> TurnOrigin {
    TurnOrigin {
        id: Arc::clone(&cx.turn_id),
        root_id: Arc::clone(&cx.root_turn_id),
    }
}

/// The item of a call that deals with agents.
struct CollabItem {
    cx: CallContext,
    call_id: String,
    started_at_ms: i64,
    call: CollabToolCall,
}

impl CollabItem {
    /// Tells that a call begins.
    fn start(cx: &CallContext, agents: &ThreadAgents, call_id: &str, call: CollabToolCall) -> Self {
        let item = Self {
            cx: cx.clone(),
            call_id: call_id.to_owned(),
            started_at_ms: crate::now_ms(),
            call: CollabToolCall {
                sender: agents.place.thread.to_string(),
                ..call
            },
        };
        cx.outbox.item_started(&cx.turn_id, item.item(&item.call));
        item
    }

    /// Tells how it ended.
    async fn end(mut self, status: CollabCallStatus) {
        self.call.status = status;
        let item = self.item(&self.call);
        self.cx.outbox.item_completed(&self.cx.turn_id, item).await;
    }

    /// Tells that it ended with what is known of an agent.
    async fn end_with(mut self, agent: ThreadId, status: AgentStatus) {
        let outcome = if status.is_failure() {
            CollabCallStatus::Failed
        } else {
            CollabCallStatus::Completed
        };
        self.call.states.insert(agent.to_string(), status);
        self.end(outcome).await;
    }

    fn item(&self, call: &CollabToolCall) -> Item {
        Item {
            id: self.call_id.clone(),
            started_at_ms: Some(self.started_at_ms),
            completed_at_ms: None,
            body: ItemBody::CollabAgentToolCall(call.clone()),
        }
    }
}

/// A call of this tool, before anything is known of it.
fn call_of(tool: CollabTool) -> CollabToolCall {
    CollabToolCall {
        tool,
        status: CollabCallStatus::InProgress,
        sender: String::new(),
        receivers: Vec::new(),
        prompt: None,
        model: None,
        effort: None,
        states: BTreeMap::new(),
    }
}

/// An agent as items name it, whether or not it is open.
fn receiver(id: ThreadId, agent: Option<&AgentInfo>) -> CollabReceiver {
    agent.map_or_else(
        || CollabReceiver {
            thread_id: id.to_string(),
            ..CollabReceiver::default()
        },
        AgentInfo::receiver,
    )
}
