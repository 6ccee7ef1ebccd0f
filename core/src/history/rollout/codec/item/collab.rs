//! Shapes of what is about other agents.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::history::rollout::meta::lenient;
use crate::{
    AgentStatus, CollabCallStatus, CollabReceiver, CollabTool, CollabToolCall, SubAgentActivity,
    SubAgentActivityKind,
};

/// A call. Its receivers are there twice: as ids, and with their names.
#[derive(Serialize, Deserialize)]
pub(crate) struct Collab<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    tool: CollabTool,
    status: CollabCallStatus,
    #[serde(borrow, default)]
    sender_thread_id: Cow<'a, str>,
    #[serde(default, deserialize_with = "lenient")]
    receiver_thread_ids: Vec<String>,
    #[serde(default, deserialize_with = "lenient")]
    receiver_agents: Vec<CollabReceiver>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    prompt: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    model: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "lenient")]
    agents_states: BTreeMap<String, Value>,
}

impl<'a> Collab<'a> {
    pub(crate) fn new(id: Cow<'a, str>, call: &'a CollabToolCall) -> Self {
        let ids = call.receivers.iter().map(|receiver| receiver.thread_id.clone());
        let states = call.states.iter();
        Self {
            id,
            tool: call.tool,
            status: call.status,
            sender_thread_id: call.sender.as_str().into(),
            receiver_thread_ids: ids.collect(),
            receiver_agents: call.receivers.clone(),
            prompt: call.prompt.as_deref().map(Cow::Borrowed),
            model: call.model.as_deref().map(Cow::Borrowed),
            reasoning_effort: call.effort.as_deref().map(Cow::Borrowed),
            agents_states: states
                .map(|(id, status)| (id.clone(), status.to_json()))
                .collect(),
        }
    }

    pub(crate) fn into_body(self) -> CollabToolCall {
        let mut named = self.receiver_agents;
        let receiver = |id: String| {
            let place = named.iter().position(|agent| agent.thread_id == id);
            place
                .map(|place| named.swap_remove(place))
                .unwrap_or(CollabReceiver {
                    thread_id: id,
                    ..CollabReceiver::default()
                })
        };
        let receivers = self.receiver_thread_ids.into_iter().map(receiver).collect();
        let state = |(id, status): (String, Value)| Some((id, serde_json::from_value(status).ok()?));
        CollabToolCall {
            tool: self.tool,
            status: self.status,
            sender: self.sender_thread_id.into_owned(),
            receivers,
            prompt: self.prompt.map(Cow::into_owned),
            model: self.model.map(Cow::into_owned),
            effort: self.reasoning_effort.map(Cow::into_owned),
            states: self
                .agents_states
                .into_iter()
                .filter_map(state)
                .collect::<BTreeMap<_, AgentStatus>>(),
        }
    }
}

/// News.
#[derive(Serialize, Deserialize)]
pub(crate) struct Activity<'a> {
    #[serde(borrow, default)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    reasoning_effort: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    kind: SubAgentActivityKind,
    #[serde(borrow, default)]
    agent_thread_id: Cow<'a, str>,
    #[serde(borrow, default)]
    agent_path: Cow<'a, str>,
}

impl<'a> Activity<'a> {
    pub(crate) fn new(id: Cow<'a, str>, news: &'a SubAgentActivity) -> Self {
        Self {
            model: news.model.as_deref().map(Cow::Borrowed),
            reasoning_effort: news.effort.as_deref().map(Cow::Borrowed),
            id,
            kind: news.kind,
            agent_thread_id: news.thread_id.as_str().into(),
            agent_path: news.path.as_str().into(),
        }
    }

    pub(crate) fn into_body(self) -> SubAgentActivity {
        SubAgentActivity {
            kind: self.kind,
            thread_id: self.agent_thread_id.into_owned(),
            path: self.agent_path.into_owned(),
            model: self.model.map(Cow::into_owned),
            effort: self.reasoning_effort.map(Cow::into_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{FileItem, decode};
    use crate::ItemBody;

    /// As the contract release writes them.
    #[test]
    fn collab_items_are_written_as_they_were_read() {
        let call = json!({"type": "CollabAgentToolCall", "id": "c1", "tool": "close_agent", "status": "completed",
            "sender_thread_id": "a", "receiver_thread_ids": ["b", "c"],
            "receiver_agents": [{"thread_id": "b", "agent_nickname": "Kuhn"}, {"thread_id": "c"}],
            "agents_states": {"b": {"completed": "kid done"}, "c": "not_found"}});
        let news = json!({"type": "SubAgentActivity", "model": null, "reasoning_effort": null, "id": "n", "kind": "completed",
            "agent_thread_id": "b", "agent_path": "/root/kid"});
        for written in [call, news] {
            let item = decode(&written.to_string()).expect("an item");
            assert_eq!(serde_json::to_value(FileItem(&item)).expect("JSON"), written);
        }
    }

    #[test]
    fn a_state_that_is_unknown_costs_that_state() {
        let call = json!({"type": "CollabAgentToolCall", "id": "c1", "tool": "wait", "status": "failed",
            "receiver_thread_ids": ["b"], "receiver_agents": 7, "agents_states": {"b": {"dreaming": 1}, "c": "shutdown"}});
        let item = decode(&call.to_string()).expect("an item");
        let ItemBody::CollabAgentToolCall(call) = item.body else {
            panic!("{item:?}");
        };
        assert_eq!((call.states.len(), call.receivers.len()), (1, 1));
    }
}
