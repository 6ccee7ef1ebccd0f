//! Runs of hooks as clients see them: each that has begun is told to be over.

use std::sync::Arc;

use super::definition::Hook;
use super::output::Verdict;
use crate::outbox::Outbox;
use crate::{Event, HookEntry, HookEntryKind, HookEvent, HookHandler, HookRun, HookRunStatus, now_ms};

/// Runs that were told to have begun. Those that nobody waits for any more are told to have failed.
pub(super) struct RunningHooks<'a> {
    /// `None`: nothing is told.
    outbox: Option<&'a Outbox>,
    turn_id: Option<Arc<str>>,
    runs: Vec<HookRun>,
}

impl<'a> RunningHooks<'a> {
    /// Tells that these hooks begin to run.
    pub(super) fn begin(
        outbox: Option<&'a Outbox>,
        turn_id: Option<&Arc<str>>,
        hooks: &[Arc<Hook>],
        suffix: Option<&str>,
    ) -> Self {
        let running = Self {
            outbox,
            turn_id: turn_id.map(Arc::clone),
            runs: hooks.iter().map(|hook| run(hook, suffix)).collect(),
        };
        for run in &running.runs {
            running.tell(run, false);
        }
        running
    }

    /// Tells what came of all of them. Gives their ids.
    pub(super) fn end(mut self, verdicts: &[Verdict]) -> Vec<String> {
        let runs = std::mem::take(&mut self.runs);
        let mut ids = Vec::with_capacity(runs.len());
        for (mut run, verdict) in runs.into_iter().zip(verdicts) {
            run.status = verdict.status.into();
            run.entries.clone_from(&verdict.entries);
            run.completed_at_ms = Some(now_ms());
            self.tell(&run, true);
            ids.push(run.id);
        }
        ids
    }

    fn tell(&self, run: &HookRun, completed: bool) {
        let Some(outbox) = self.outbox else { return };
        let (turn_id, run) = (self.turn_id.clone(), Box::new(run.clone()));
        outbox.emit(if completed {
            Event::HookCompleted { turn_id, run }
        } else {
            Event::HookStarted { turn_id, run }
        });
    }
}

impl Drop for RunningHooks<'_> {
    fn drop(&mut self) {
        for mut run in std::mem::take(&mut self.runs) {
            run.status = HookRunStatus::Failed;
            run.completed_at_ms = Some(now_ms());
            run.entries = vec![HookEntry {
                kind: HookEntryKind::Error,
                text: "hook was ended because its turn was interrupted".to_owned(),
            }];
            self.tell(&run, true);
        }
    }
}

fn run(hook: &Hook, suffix: Option<&str>) -> HookRun {
    let description = &hook.description;
    let event = label(description.event);
    let (order, path) = (description.display_order, description.source_path.display());
    let id = match suffix {
        Some(suffix) => format!("{event}:{order}:{path}:{suffix}"),
        None => format!("{event}:{order}:{path}"),
    };
    HookRun {
        id,
        event: description.event,
        is_mcp_tool: matches!(description.handler, HookHandler::McpTool { .. }),
        source_path: description.source_path.clone(),
        source: description.source,
        display_order: order,
        status: HookRunStatus::Running,
        status_message: description.status_message.clone(),
        started_at_ms: now_ms(),
        completed_at_ms: None,
        entries: Vec::new(),
    }
}

/// What the ids of runs begin with.
fn label(event: HookEvent) -> String {
    event.snake_name().replace('_', "-")
}
