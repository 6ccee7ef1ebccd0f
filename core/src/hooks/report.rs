//! What the hooks of an event together come to.

use std::time::Instant;

use serde_json::Value;

use super::definition::Hook;
use super::output::Verdict;
use crate::exec::OutputLimit;

/// Tokens of a hook's context that reach the model, unless it says how many.
const CONTEXT: usize = 2500;

/// See the module. The first hook with an opinion counts, except where a field says otherwise.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct HookReport {
    /// For the model, in the order of the hooks.
    pub(crate) contexts: Vec<String>,
    /// Why something is forbidden.
    pub(crate) blocked: Option<String>,
    /// All reasons, with the ids of the runs that gave them.
    pub(crate) reasons: Vec<(String, String)>,
    /// The work ends.
    pub(crate) stopped: bool,
    /// Why it ends, if that was said.
    pub(crate) stop_reason: Option<String>,
    /// What the model is told in place of a tool's output: what each hook that blocks or stops says.
    pub(crate) feedback: Vec<String>,
    /// Other input for the tool: that of the hook that was the last to end.
    pub(crate) updated_input: Option<Value>,
    /// When that one ended.
    updated_at: Option<Instant>,
    /// The approval is given.
    pub(crate) is_allowed: bool,
}

impl HookReport {
    /// Takes over what one hook says, which ended then.
    pub(super) fn add(&mut self, hook: &Hook, run: &str, verdict: Verdict, ended: Instant) {
        self.contexts.extend(limited(hook, verdict.context));
        let stop = verdict.stopped.clone().flatten();
        self.feedback.extend(verdict.blocked.clone().or(stop));
        if let Some(reason) = verdict.blocked {
            self.reasons.push((run.to_owned(), reason.clone()));
            self.blocked.get_or_insert(reason);
        }
        if let Some(reason) = verdict.stopped {
            self.stopped = true;
            self.stop_reason = self.stop_reason.take().or(reason);
        }
        if verdict.updated_input.is_some() && self.updated_at.is_none_or(|last| last < ended) {
            self.updated_input = verdict.updated_input;
            self.updated_at = Some(ended);
        }
        self.is_allowed |= verdict.is_allowed;
    }
}

/// As much of a hook's context as is to reach the model.
pub(super) fn limited(hook: &Hook, context: Option<String>) -> Option<String> {
    let limit = hook.description.context_limit;
    let limit = limit.map_or(CONTEXT, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    context.map(|context| match limit {
        0 => context,
        limit => OutputLimit::Tokens(limit).cut(&context),
    })
}
