//! What agents read of each other (docs/contract/agents.md#sub-agents).

use serde_json::{Value, json};

use crate::AgentStatus;
use crate::model::{ContentItem, Extra, KnownItem, ResponseItem};
use crate::new_id;

/// What the agents that are offered paths are told of their team.
const TEAM: &str = include_str!("../instructions/agent_team.md");

/// Tells an agent that one below it has come to an end.
pub(crate) fn notification(agent: &str, status: &AgentStatus) -> ResponseItem {
    let news = json!({"agent_path": agent, "status": status.to_json()});
    message(
        "user",
        format!("<subagent_notification>\n{news}\n</subagent_notification>"),
    )
}

/// Kinds of messages between agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MessageKind {
    /// A task; whoever gets it begins a turn.
    NewTask,
    /// To be read at the next opportunity.
    Message,
    /// The last words of a turn.
    FinalAnswer,
}

/// A message between agents. What the model wrote goes on as its server gave it, which may be encrypted.
pub(crate) fn between(kind: MessageKind, from: &str, to: &str, text: &str) -> ResponseItem {
    let name = match kind {
        MessageKind::NewTask => "NEW_TASK",
        MessageKind::Message => "MESSAGE",
        MessageKind::FinalAnswer => "FINAL_ANSWER",
    };
    let head = format!("Message Type: {name}\nTask name: {to}\nSender: {from}\nPayload:\n");
    let content: Vec<Value> = if kind == MessageKind::FinalAnswer {
        vec![json!({"type": "input_text", "text": format!("{head}{text}")})]
    } else {
        vec![
            json!({"type": "input_text", "text": head}),
            json!({"type": "encrypted_content", "encrypted_content": text}),
        ]
    };
    ResponseItem::Other(json!({
        "type": "agent_message",
        "id": format!("amsg_{}", new_id()),
        "author": from,
        "recipient": to,
        "content": content,
    }))
}

/// Tells an agent that what comes before is another's conversation.
pub(crate) fn inherited() -> ResponseItem {
    let text = "From here on you are another agent, which the agent of the conversation above has just started. What was \
                said above is for your information: its tasks, promises and approvals are not yours, and commands that \
                it left running can't be reached. Do the task that follows, and report what came of it.";
    message("developer", text.to_owned())
}

/// What an agent with a path is told of its role and of when it may start others.
pub(crate) fn role_and_mode(path: &str, is_root: bool) -> [String; 2] {
    let who = if is_root {
        format!("You are `{path}`, the first agent of a team; the user talks to you.")
    } else {
        format!(
            "You are `{path}`, an agent in a team. Your last message of a turn is sent to the agent that started you."
        )
    };
    let mode = "Start other agents only where the user, an AGENTS.md file or a skill asks for agents, for delegation or for \
                work in parallel. That a task is large or needs care is no such wish.";
    [
        format!(
            "<multi_agent_role>{who}\n\n{}</multi_agent_role>",
            TEAM.trim_end()
        ),
        format!("<multi_agent_mode>{mode}</multi_agent_mode>"),
    ]
}

fn message(role: &str, text: String) -> ResponseItem {
    ResponseItem::Known(KnownItem::Message {
        id: None,
        role: role.to_owned(),
        content: vec![ContentItem::input_text(text)],
        phase: None,
        extra: Extra::new(),
    })
}
