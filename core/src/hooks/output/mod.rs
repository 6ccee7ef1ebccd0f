//! What a hook says: its exit code (here), and what it prints (`said`).

mod said;
#[cfg(test)]
mod tests;

use serde_json::Value;

use self::said::said;
use super::command::{Ended, Ending};
use crate::{HookEntry, HookEntryKind, HookEvent, HookRunStatus};

/// The exit code that forbids what is about to be done.
const BLOCKED: i32 = 2;

/// What a run of a hook comes to.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Verdict {
    pub(super) status: Status,
    pub(super) entries: Vec<HookEntry>,
    /// For the model.
    pub(super) context: Option<String>,
    /// Why something is forbidden.
    pub(super) blocked: Option<String>,
    /// The work ends; why, if it says so.
    pub(super) stopped: Option<Option<String>>,
    /// Other input for the tool.
    pub(super) updated_input: Option<Value>,
    /// The approval is given.
    pub(super) is_allowed: bool,
}

/// See [`HookRunStatus`]; a run that says nothing went well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Status {
    #[default]
    Completed,
    Failed,
    Blocked,
    Stopped,
}

impl From<Status> for HookRunStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Completed => Self::Completed,
            Status::Failed => Self::Failed,
            Status::Blocked => Self::Blocked,
            Status::Stopped => Self::Stopped,
        }
    }
}

impl Verdict {
    /// A run that failed, for this reason.
    pub(super) fn failed(why: impl Into<String>) -> Self {
        let mut verdict = Self::default();
        verdict.fail(why);
        verdict
    }

    /// What a command that has ended means for its event.
    pub(super) fn of(event: HookEvent, ended: &Ended) -> Self {
        let errors = ended.errors.trim();
        let is_of_request = matches!(event, HookEvent::PreModelRequest | HookEvent::PostModelRequest);
        let code = match ended.ending {
            Ending::Exited(code) => code,
            Ending::Signalled if is_of_request => return Self::of_request(Status::Failed, errors),
            Ending::Signalled => return Self::failed("hook exited without a status code"),
            Ending::TimedOut(seconds) => return Self::failed(format!("hook timed out after {seconds}s")),
            Ending::Broken(ref why) => return Self::failed(why.clone()),
        };
        match code {
            // Nothing that it says would change anything.
            0 if is_of_request => Self::of_request(Status::Completed, errors),
            _ if is_of_request => Self::of_request(Status::Failed, errors),
            0 if event == HookEvent::SessionEnd => Self::default(),
            0 => said(event, &ended.output),
            BLOCKED if can_block(event) => {
                if errors.is_empty() {
                    let what = missing_reason(event);
                    let event = event.name();
                    return Self::failed(format!(
                        "{event} hook exited with code 2 but did not write {what} to stderr"
                    ));
                }
                let mut verdict = Self::default();
                verdict.block(errors.to_owned());
                verdict
            }
            _ if tells_errors(event) && !errors.is_empty() => Self::failed(errors),
            code => Self::failed(format!("hook exited with code {code}")),
        }
    }

    /// What a command at a request to the model comes to: clients are told what it has printed to standard error.
    fn of_request(status: Status, errors: &str) -> Self {
        let mut verdict = Self {
            status,
            ..Self::default()
        };
        if !errors.is_empty() {
            verdict.note(HookEntryKind::Error, errors);
        }
        verdict
    }

    fn note(&mut self, kind: HookEntryKind, text: impl Into<String>) {
        let text = text.into();
        self.entries.push(HookEntry { kind, text });
    }

    fn fail(&mut self, why: impl Into<String>) {
        self.status = Status::Failed;
        self.note(HookEntryKind::Error, why);
    }

    fn block(&mut self, why: String) {
        self.status = Status::Blocked;
        self.note(HookEntryKind::Feedback, why.clone());
        self.blocked = Some(why);
    }

    /// Ends the work. `otherwise`: what is told where the hook does not say why.
    fn stop(&mut self, why: Option<String>, otherwise: Option<String>) {
        self.status = Status::Stopped;
        let why = why.or(otherwise);
        if let Some(why) = &why {
            self.note(HookEntryKind::Stop, why.clone());
        }
        self.stopped = Some(why);
    }

    fn add_context(&mut self, context: Option<String>) {
        if let Some(context) = context {
            self.note(HookEntryKind::Context, context.clone());
            self.context = Some(context);
        }
    }
}

/// Whether exit code 2 forbids what the event is about.
fn can_block(event: HookEvent) -> bool {
    matches!(
        event,
        HookEvent::PreToolUse
            | HookEvent::PostToolUse
            | HookEvent::PermissionRequest
            | HookEvent::UserPromptSubmit
            | HookEvent::Stop
            | HookEvent::SubagentStop
    )
}

/// Whether clients are told what a hook that fails has printed to standard error.
fn tells_errors(event: HookEvent) -> bool {
    matches!(
        event,
        HookEvent::PreCompact | HookEvent::PostCompact | HookEvent::SessionEnd
    )
}

/// What is missing of a hook that forbids something and does not say why.
fn missing_reason(event: HookEvent) -> &'static str {
    match event {
        HookEvent::PostToolUse => "feedback",
        HookEvent::PermissionRequest => "a denial reason",
        HookEvent::Stop | HookEvent::SubagentStop => "a continuation prompt",
        _ => "a blocking reason",
    }
}
