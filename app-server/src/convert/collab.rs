//! Items about other agents, towards the client.

use codex_app_server_protocol as wire;
use codex_app_server_protocol::{ReasoningEffort, ThreadItemKind};
use codex_core::{
    AgentStatus, CollabCallStatus, CollabTool, CollabToolCall, SubAgentActivity, SubAgentActivityKind,
};

/// A call of a tool that deals with other agents.
pub(super) fn call_to_wire(id: String, call: CollabToolCall) -> ThreadItemKind {
    let states = call.states.into_iter();
    ThreadItemKind::CollabAgentToolCall {
        id,
        agents_states: states.map(|(id, status)| (id, state_to_wire(status))).collect(),
        receiver_thread_ids: call.receivers.into_iter().map(|agent| agent.thread_id).collect(),
        sender_thread_id: call.sender,
        status: match call.status {
            CollabCallStatus::InProgress => wire::CollabAgentToolCallStatus::InProgress,
            CollabCallStatus::Completed => wire::CollabAgentToolCallStatus::Completed,
            CollabCallStatus::Failed => wire::CollabAgentToolCallStatus::Failed,
            CollabCallStatus::Interrupted => wire::CollabAgentToolCallStatus::Interrupted,
        },
        tool: match call.tool {
            CollabTool::SpawnAgent => wire::CollabAgentTool::SpawnAgent,
            CollabTool::SendInput => wire::CollabAgentTool::SendInput,
            CollabTool::ResumeAgent => wire::CollabAgentTool::ResumeAgent,
            CollabTool::Wait => wire::CollabAgentTool::Wait,
            CollabTool::CloseAgent => wire::CollabAgentTool::CloseAgent,
            CollabTool::SendMessage => wire::CollabAgentTool::SendMessage,
            CollabTool::FollowupTask => wire::CollabAgentTool::FollowupTask,
            CollabTool::InterruptAgent => wire::CollabAgentTool::InterruptAgent,
            CollabTool::ListAgents => wire::CollabAgentTool::ListAgents,
        },
        model: call.model,
        prompt: call.prompt,
        reasoning_effort: call.effort.map(ReasoningEffort),
    }
}

/// News of another agent.
pub(super) fn activity_to_wire(id: String, news: SubAgentActivity) -> ThreadItemKind {
    ThreadItemKind::SubAgentActivity {
        id,
        agent_path: news.path,
        agent_thread_id: news.thread_id,
        kind: match news.kind {
            SubAgentActivityKind::Started => wire::SubAgentActivityKind::Started,
            SubAgentActivityKind::Interacted => wire::SubAgentActivityKind::Interacted,
            SubAgentActivityKind::Interrupted => wire::SubAgentActivityKind::Interrupted,
            SubAgentActivityKind::Completed => wire::SubAgentActivityKind::Completed,
        },
        model: news.model,
        reasoning_effort: news.effort.map(ReasoningEffort),
    }
}

fn state_to_wire(status: AgentStatus) -> wire::CollabAgentState {
    use wire::CollabAgentStatus as Wire;
    let (status, message) = match status {
        AgentStatus::PendingInit => (Wire::PendingInit, None),
        AgentStatus::Running => (Wire::Running, None),
        AgentStatus::Interrupted => (Wire::Interrupted, None),
        AgentStatus::Completed(message) => (Wire::Completed, message),
        AgentStatus::Errored(message) => (Wire::Errored, Some(message)),
        AgentStatus::Shutdown => (Wire::Shutdown, None),
        AgentStatus::NotFound => (Wire::NotFound, None),
    };
    wire::CollabAgentState { status, message }
}
