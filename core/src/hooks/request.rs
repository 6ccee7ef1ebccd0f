//! What hooks are told of an event.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{ApprovalPolicy, HookEvent, ThreadId, ThreadSettings};

/// Which thread the hooks are of.
#[derive(Debug, Clone)]
pub(crate) struct HookPlace {
    /// The thread.
    pub(crate) thread_id: ThreadId,
    /// The session, which it shares with the agents that it starts.
    pub(crate) session_id: String,
    /// Its rollout file; `None` if it is not stored.
    pub(crate) transcript: Option<PathBuf>,
    /// The rollout file of the thread that has started the agent whose thread it is.
    pub(crate) parent_transcript: Option<PathBuf>,
    /// The role of the agent whose thread it is; `None` for a thread of a client.
    pub(crate) agent_role: Option<String>,
}

/// When something happens.
#[derive(Debug, Clone)]
pub(crate) struct HookMoment {
    /// The turn, if there is one.
    pub(crate) turn_id: Option<Arc<str>>,
    /// Where hooks run.
    pub(crate) cwd: PathBuf,
    /// Where what they are told of runs, if that is somewhere else.
    pub(crate) told_cwd: Option<PathBuf>,
    model: String,
    never_asks: bool,
}

impl HookMoment {
    /// In a turn with these settings.
    pub(crate) fn in_turn(turn_id: &Arc<str>, settings: &ThreadSettings) -> Self {
        Self {
            turn_id: Some(Arc::clone(turn_id)),
            cwd: settings.cwd.clone(),
            told_cwd: None,
            model: settings.model.clone(),
            never_asks: settings.approval_policy == ApprovalPolicy::Never,
        }
    }

    /// Outside of all turns.
    pub(super) fn between_turns(cwd: &Path) -> Self {
        Self {
            turn_id: None,
            cwd: cwd.to_owned(),
            told_cwd: None,
            model: String::new(),
            never_asks: false,
        }
    }
}

/// An event that has happened.
#[derive(Debug, Clone)]
pub(crate) struct HookRequest {
    /// Which one.
    pub(crate) event: HookEvent,
    /// What hooks can be limited to: all names of it.
    pub(crate) names: Vec<&'static str>,
    /// More such names.
    pub(crate) name: Option<String>,
    /// Tells the runs of one turn apart.
    pub(crate) suffix: Option<String>,
    /// What is told beside what all events have.
    pub(crate) details: Map<String, Value>,
}

impl HookRequest {
    /// An event with these details, an object.
    pub(crate) fn new(event: HookEvent, details: Value) -> Self {
        Self {
            event,
            names: Vec::new(),
            name: None,
            suffix: None,
            details: match details {
                Value::Object(details) => details,
                _ => Map::new(),
            },
        }
    }

    /// Hooks can be limited to this.
    pub(crate) fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Hooks that are limited to one of these are meant, too.
    pub(crate) fn also_named(mut self, names: &[&'static str]) -> Self {
        self.names.extend_from_slice(names);
        self
    }

    /// See [`HookRequest::suffix`].
    pub(crate) fn with_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.suffix = Some(suffix.into());
        self
    }

    pub(super) fn all_names(&self) -> Vec<&str> {
        self.names.iter().copied().chain(self.name.as_deref()).collect()
    }

    /// The JSON that hooks read.
    pub(super) fn input(&self, place: &HookPlace, moment: &HookMoment) -> String {
        let event = self.event;
        let of_model = matches!(event, HookEvent::PreModelRequest | HookEvent::PostModelRequest);
        let of_compaction = matches!(event, HookEvent::PreCompact | HookEvent::PostCompact);
        let mut input = Map::new();
        let mut say = |name: &str, value: Value| {
            input.insert(name.to_owned(), value);
        };
        say("session_id", place.session_id.as_str().into());
        say("transcript_path", json!(place.transcript));
        let cwd = moment.told_cwd.as_ref().unwrap_or(&moment.cwd);
        say("cwd", json!(cwd.to_string_lossy()));
        say("hook_event_name", event.name().into());
        if event != HookEvent::SessionEnd {
            say("model", moment.model.as_str().into());
        }
        if let Some(turn) = moment
            .turn_id
            .as_ref()
            .filter(|_| event != HookEvent::SessionStart)
        {
            say("turn_id", (**turn).into());
        }
        if of_model {
            say("thread_id", place.thread_id.to_string().into());
        } else if !of_compaction && event != HookEvent::SessionEnd {
            let mode = if moment.never_asks {
                "bypassPermissions"
            } else {
                "default"
            };
            say("permission_mode", mode.into());
        }
        if let Some(role) = &place.agent_role {
            say("agent_id", place.thread_id.to_string().into());
            say("agent_type", role.as_str().into());
        }
        input.extend(self.details.clone());
        Value::Object(input).to_string()
    }
}
