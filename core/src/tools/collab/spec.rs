//! What models are told of the tools that deal with agents.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::by_id::AgentById;
use super::by_path::AgentByPath;
use crate::agents::{AgentTools, roles};
use crate::config::Config;
use crate::model::ModelInfo;
use crate::tools::Tool;

/// What a model can choose for a new agent, as text.
pub(super) struct Choices {
    models: String,
    roles: String,
}

impl Choices {
    pub(super) fn new(config: &Config, models: &[Arc<ModelInfo>]) -> Self {
        let mut about_models = String::new();
        for model in models {
            let efforts: Vec<&str> = model
                .supported_reasoning_levels
                .iter()
                .map(|level| level.effort.as_str())
                .collect();
            let about = model.description.as_deref().unwrap_or_default();
            // Writing to a String can't fail.
            let _ = write!(
                about_models,
                "\n- `{}`: {about} Efforts: {}.",
                model.slug,
                efforts.join(", ")
            );
        }
        let described = roles::described(config).into_iter();
        let roles = described.fold(String::new(), |all, (name, about)| {
            all + &format!("\n- `{name}`: {about}")
        });
        Self {
            models: about_models,
            roles,
        }
    }
}

/// The tools as one namespace.
pub(super) fn namespace(tools: AgentTools, choices: &Choices) -> Value {
    let choices = Some(choices);
    let (name, tools): (_, Vec<Value>) = match tools {
        AgentTools::Ids => (
            super::by_id::NAMESPACE,
            AgentById::ALL
                .into_iter()
                .map(|tool| by_id(tool, choices))
                .collect(),
        ),
        AgentTools::Paths => (
            super::by_path::NAMESPACE,
            AgentByPath::ALL
                .into_iter()
                .map(|tool| by_path(tool, choices))
                .collect(),
        ),
    };
    json!({
        "type": "namespace",
        "name": name,
        "description": "Starts other agents, which work at the same time, and deals with them.",
        "tools": tools,
    })
}

/// When agents are worth it, and how to use them.
const WHEN: &str = "Start agents only where the user, an AGENTS.md file or a skill asks for agents, for delegation or for \
                    work in parallel; that a task is large or needs care is no such wish. Give each a task of its own that \
                    it can do without you: say what you know, what you want back, and which files it may change, no two \
                    agents the same. Do what you need next yourself, go on while agents work, and check what they bring.";

/// What a model is told of a tool by id.
pub(super) fn by_id(tool: AgentById, choices: Option<&Choices>) -> Value {
    let (about, members, required) = match tool {
        AgentById::Close => (
            "Closes an agent and those that it has started, and says how it stood. An agent whose task is done does not \
             take a place any more; close it when you are sure that you have no more questions."
                .to_owned(),
            json!({"target": text("Id of the agent.")}),
            json!(["target"]),
        ),
        AgentById::Resume => (
            "Brings back an agent that was closed, so that you can send it input and wait for it.".to_owned(),
            json!({"id": text("Id of the agent.")}),
            json!(["id"]),
        ),
        AgentById::Send => (
            "Says something to an agent: it goes on with what it knows already. An agent that works hears it when it has \
             finished its step, or at once with `interrupt`."
                .to_owned(),
            json!({
                "interrupt": {"type": "boolean", "description": "Stops what the agent is doing. Otherwise it finishes its step first."},
                "items": pieces(),
                "message": text("What to say. Give this or `items`."),
                "target": text("Id of the agent."),
            }),
            json!(["target"]),
        ),
        AgentById::Spawn => (
            format!(
                "Starts an agent with a task and gives its id and its name for people. {WHEN}{}",
                about_models(choices)
            ),
            with_choices(
                json!({
                    "fork_context": {
                        "type": "boolean",
                        "description": "Whether the agent knows what the user has said in this conversation. Otherwise it knows its task only.",
                    },
                    "items": pieces(),
                    "message": text("The task. Give this or `items`."),
                }),
                choices,
            ),
            json!([]),
        ),
        AgentById::Wait => (
            "Waits until one of these agents is done, and says how they stand, with their last words. The status is empty \
             when time is up. You are told of each agent that is done anyway, so wait only when you can't go on without it."
                .to_owned(),
            json!({
                "targets": {"type": "array", "description": "Ids of the agents.", "items": {"type": "string"}},
                "timeout_ms": timeout(),
            }),
            json!(["targets"]),
        ),
    };
    function(tool.name(), &about, &members, &required)
}

/// What a model is told of a tool by path.
pub(super) fn by_path(tool: AgentByPath, choices: Option<&Choices>) -> Value {
    let target = || text("Path of the agent, from `/root` on or below your own, or its id.");
    let message = |about: &str| json!({"type": "string", "description": about, "encrypted": true});
    let (about, members, required) = match tool {
        AgentByPath::FollowUp => (
            "Gives an agent another task. An agent that works hears it when it has finished its step; otherwise its next \
             turn begins."
                .to_owned(),
            json!({"message": message("The task."), "target": target()}),
            json!(["target", "message"]),
        ),
        AgentByPath::Interrupt => (
            "Stops what an agent is doing, and says how it stood. It can be given another task afterwards.".to_owned(),
            json!({"target": target()}),
            json!(["target"]),
        ),
        AgentByPath::List => (
            "Lists the agents of the team and how they stand.".to_owned(),
            json!({"path_prefix": text("Only the agent with this path and those below it.")}),
            json!([]),
        ),
        AgentByPath::SendMessage => (
            "Leaves a message with an agent, which reads it with its next step. Starts nothing.".to_owned(),
            json!({"message": message("The message."), "target": target()}),
            json!(["target", "message"]),
        ),
        AgentByPath::Spawn => (
            format!(
                "Starts an agent with a task. Its path is yours with `task_name` behind it; you may call it by either. It has \
                 your tools, works in your folder, and sends you its last words. {WHEN}{}",
                about_models(choices)
            ),
            with_choices(
                json!({
                    "fork_turns": {
                        "type": "string",
                        "description": "`all`, the default: the agent knows this conversation. `none`: it knows its task only.",
                    },
                    "message": message("The task."),
                    "task_name": text("A name for the task: lowercase letters, digits and underscores."),
                }),
                choices,
            ),
            json!(["task_name", "message"]),
        ),
        AgentByPath::Wait => (
            "Waits until another agent has written or is done, or the user says more. What was written comes as messages of \
             their own."
                .to_owned(),
            json!({"timeout_ms": timeout()}),
            json!([]),
        ),
    };
    function(tool.name(), &about, &members, &required)
}

fn function(name: &str, about: &str, members: &Value, required: &Value) -> Value {
    let mut parameters = Map::new();
    parameters.insert("type".to_owned(), "object".into());
    parameters.insert("properties".to_owned(), members.clone());
    if required.as_array().is_some_and(|required| !required.is_empty()) {
        parameters.insert("required".to_owned(), required.clone());
    }
    parameters.insert("additionalProperties".to_owned(), false.into());
    json!({
        "type": "function",
        "name": name,
        "description": about,
        "strict": false,
        "parameters": parameters,
    })
}

fn text(about: &str) -> Value {
    json!({"type": "string", "description": about})
}

fn timeout() -> Value {
    json!({
        "type": "number",
        "description": "How long to wait at most, in milliseconds: 10000 to 3600000, by default 30000. Long waits cost nothing.",
    })
}

/// The members by which a new agent is chosen.
fn with_choices(mut members: Value, choices: Option<&Choices>) -> Value {
    if let Some(members) = members.as_object_mut() {
        let model = text("Another model than yours. Leave it out unless the user wants it.");
        members.insert("model".to_owned(), model);
        let effort = text("Another reasoning effort than yours.");
        members.insert("reasoning_effort".to_owned(), effort);
        if let Some(choices) = choices.filter(|choices| !choices.roles.is_empty()) {
            let about = format!("What kind of agent it is.{}", choices.roles);
            members.insert("agent_type".to_owned(), text(&about));
        }
    }
    members
}

fn about_models(choices: Option<&Choices>) -> String {
    let models = choices.map_or("", |choices| choices.models.as_str());
    if models.is_empty() {
        return String::new();
    }
    format!("\n\nModels to choose from, where yours won't do:{models}")
}

fn pieces() -> Value {
    let members = json!({
        "audio_url": text("Data URL, for `audio`."),
        "image_url": text("Data URL, for `image`."),
        "name": text("Name of a `skill` or `mention`."),
        "path": text("Path, for `local_image`, `local_audio`, `skill` and `mention`."),
        "text": text("Text, for `text`."),
        "type": text("`text`, `image`, `local_image`, `audio`, `local_audio`, `skill` or `mention`."),
    });
    json!({
        "type": "array",
        "description": "Several pieces, such as text and images.",
        "items": {"type": "object", "properties": members, "additionalProperties": false},
    })
}
