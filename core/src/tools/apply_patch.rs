//! `apply_patch`: changes files (docs/contract/tools.md#patches).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{CallContext, PlannedCall, Tool, ToolCall, ToolEnd, hooked, reviewed};
use crate::approval_review::{ApprovalReviewer, ReviewVerdict};
use crate::char_boundary;
use crate::external_file::{READ_TIMEOUT, in_background};
use crate::git::Repository;
use crate::model::FunctionOutput;
use crate::patch::{self, Patch, PlanError, PlannedChange, Targets};
use crate::safety::{PatchDecision, WritableRoots, assess_patch};
use crate::{
    ApprovalDecision, CallStatus, Event, FileChangeKind, Item, ItemBody, ReviewedAction, ThreadSettings,
};

/// The language, for servers that hold the model to it.
const GRAMMAR: &str = include_str!("apply_patch.lark");

const BY_USER: &str = "patch rejected by user";

/// Most bytes of a patch that a model is shown which judges it.
const MAX_JUDGED: usize = 32_000;

/// Applies a patch as a whole, or not at all.
#[derive(Debug)]
pub(crate) struct ApplyPatch;

impl Tool for ApplyPatch {
    fn name(&self) -> &'static str {
        "apply_patch"
    }

    fn spec(&self) -> Value {
        json!({
            "type": "custom",
            "name": self.name(),
            "description": "Adds, changes, moves and deletes files. The input is the patch itself, not JSON. It takes \
                effect as a whole or not at all.",
            "format": {"type": "grammar", "syntax": "lark", "definition": GRAMMAR},
        })
    }

    fn plan<'a>(&'a self, cx: &'a CallContext, call: &'a ToolCall) -> BoxFuture<'a, PlannedCall> {
        plan(cx, call).boxed()
    }

    fn runs_alone(&self) -> bool {
        true
    }

    fn run(&self, cx: CallContext, call: ToolCall) -> BoxFuture<'_, ToolEnd> {
        async move {
            let text = patch_text(&call.arguments);
            let cwd = cx.settings.cwd.clone();
            apply(&cx, call.call_id, &text, cwd).await
        }
        .boxed()
    }
}

/// See [`Tool::plan`].
async fn plan(cx: &CallContext, call: &ToolCall) -> PlannedCall {
    let patch = match patch::parse(&patch_text(&call.arguments)) {
        Ok(patch) => patch,
        Err(error) => return PlannedCall::Refused(not_verified(&error).into_text()),
    };
    let (settings, patches) = (cx.settings.clone(), cx.patches.clone());
    let prepare = move || prepare(&patch, &settings, &settings.cwd, patches.codex_home());
    let prepared = match in_background(READ_TIMEOUT, prepare).await {
        Ok(Ok(prepared)) => prepared,
        Ok(Err(error)) => return PlannedCall::Refused(not_verified(&error).into_text()),
        Err(error) => return PlannedCall::Refused(not_verified(&error).into_text()),
    };
    match prepared.decision {
        PatchDecision::Apply => PlannedCall::NoApproval,
        PatchDecision::Refuse(why) => PlannedCall::Refused(why),
        PatchDecision::Ask if cx.patches.is_allowed(&prepared.places) => PlannedCall::NoApproval,
        PatchDecision::Ask => {
            let (action, details) = planned(&prepared.item, &cx.settings.cwd);
            PlannedCall::NeedsApproval(action, details)
        }
    }
}

/// The patch of a call: its input, or the `input` of a function's arguments.
pub(super) fn patch_text(arguments: &str) -> String {
    let is_json = arguments.trim_start().starts_with('{');
    let parsed = is_json
        .then(|| serde_json::from_str::<Value>(arguments).ok())
        .flatten();
    let input = parsed.as_ref().and_then(|arguments| {
        ["input", "patch"]
            .iter()
            .find_map(|name| arguments.get(name)?.as_str())
    });
    input.unwrap_or(arguments).to_owned()
}

/// Applies a patch whose paths are relative to `folder`.
pub(super) async fn apply(cx: &CallContext, call_id: String, text: &str, folder: PathBuf) -> ToolEnd {
    let _others_wait = tokio::select! {
        biased;
        () = cx.cancel.cancelled() => return aborted(),
        turn = cx.patches.my_turn() => turn,
    };
    try_apply(cx, call_id, text, folder)
        .await
        .unwrap_or_else(|end| end)
}

/// What a patch would do, and where.
struct Prepared {
    changes: Vec<PlannedChange>,
    targets: Targets,
    /// All places that it touches, without links.
    places: Vec<PathBuf>,
    decision: PatchDecision,
    /// The repository, or the working folder.
    root: PathBuf,
    item: ItemBody,
}

async fn try_apply(
    cx: &CallContext,
    call_id: String,
    text: &str,
    folder: PathBuf,
) -> Result<ToolEnd, ToolEnd> {
    let begun = Instant::now();
    let patch = patch::parse(text).map_err(|error| not_verified(&error))?;
    if patch.environment.is_some() {
        return Err(ToolEnd::text(
            "apply_patch environment selection is unavailable for this turn",
        ));
    }
    if patch.sections.is_empty() {
        return Err(ToolEnd::text("patch rejected: empty patch"));
    }
    let (settings, patches, at) = (cx.settings.clone(), cx.patches.clone(), folder.clone());
    let prepare = in_background(READ_TIMEOUT, move || {
        prepare(&patch, &settings, &at, patches.codex_home())
    });
    let prepared = tokio::select! {
        biased;
        () = cx.cancel.cancelled() => return Err(aborted()),
        prepared = prepare => prepared,
    };
    let prepared = prepared.map_err(|error| not_verified(&error))?;
    let Prepared {
        changes,
        targets,
        places,
        decision,
        root,
        item,
    } = prepared.map_err(|error| not_verified(&error))?;
    let item = Item {
        id: call_id,
        started_at_ms: Some(crate::now_ms()),
        completed_at_ms: None,
        body: item,
    };
    if cx.cancel.is_cancelled() {
        return Err(aborted());
    }
    // Before anybody decides about it, be it a hook.
    cx.outbox.item_started(&cx.turn_id, item.clone());
    match (decision, cx.strict_reviewer()) {
        (PatchDecision::Refuse(reason), _) => {
            return Err(declined(cx, item, reason).await);
        }
        (PatchDecision::Apply, Some(reviewer)) => review(cx, reviewer, &item).await?,
        (PatchDecision::Ask, Some(reviewer)) => match hooked::decide_patch(cx, &item.id, text).await {
            Some(Err(reason)) => return Err(declined(cx, item, reason).await),
            Some(Ok(())) | None => review(cx, reviewer, &item).await?,
        },
        (PatchDecision::Ask, None) if !cx.patches.is_allowed(&places) => {
            match hooked::decide_patch(cx, &item.id, text).await {
                None => ask(cx, &item, places).await?,
                Some(Ok(())) => {}
                Some(Err(reason)) => return Err(declined(cx, item, reason).await),
            }
        }
        (PatchDecision::Ask | PatchDecision::Apply, None) => {}
    }
    let written = {
        let (patches, turn_id) = (cx.patches.clone(), cx.turn_id.clone());
        // Not cancelled half-way: it ends in a moment, whole or not at all.
        tokio::task::spawn_blocking(move || {
            patch::write(&changes, &targets).map(|()| {
                let diff = patches.applied(&turn_id, &changes, &root);
                (summary(&changes, &folder), diff)
            })
        })
    };
    let failure = match written.await {
        Ok(Ok((summary, diff))) => {
            end(cx, item, CallStatus::Completed, Some(summary.clone()), None).await;
            if let Some(diff) = diff {
                let turn_id = cx.turn_id.clone();
                cx.outbox.emit(Event::TurnDiff { turn_id, diff });
            }
            let told = ToolEnd::text(output(0, begun.elapsed(), &summary));
            return Ok(cx.record.succeeded(told));
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the patch could not be written because of an internal error".to_owned(),
    };
    end(cx, item, CallStatus::Failed, None, Some(failure.clone())).await;
    Ok(ToolEnd::text(output(1, begun.elapsed(), &failure)))
}

/// Tells that a patch is not applied which nobody was asked about, and why.
async fn declined(cx: &CallContext, item: Item, reason: String) -> ToolEnd {
    end(cx, item, CallStatus::Declined, None, None).await;
    ToolEnd::text(reason)
}

/// Blocks as long as the file system does.
fn prepare(
    patch: &Patch,
    settings: &ThreadSettings,
    folder: &Path,
    codex_home: &Path,
) -> Result<Prepared, PlanError> {
    let roots = WritableRoots::of(settings, codex_home);
    let targets = Targets::open(&patch::target_paths(patch, folder)?, roots.folders())?;
    let changes = patch::plan(patch, folder, |path| targets.read(path))?;
    let touched = targets.touched(&changes);
    let decision = assess_patch(settings, &roots, &touched);
    let places = touched.iter().map(|(_, real)| (*real).to_owned()).collect();
    let cwd = &settings.cwd;
    let root = Repository::around(cwd).map_or_else(|| cwd.clone(), |repository| repository.root().to_owned());
    let item = ItemBody::FileChange {
        changes: patch::file_changes(&changes),
        status: CallStatus::InProgress,
        stdout: None,
        stderr: None,
    };
    Ok(Prepared {
        changes,
        targets,
        places,
        decision,
        root,
        item,
    })
}

/// Asks the user, or whoever judges in their place.
async fn ask(cx: &CallContext, item: &Item, places: Vec<PathBuf>) -> Result<(), ToolEnd> {
    if let Some(reviewer) = &cx.reviewer {
        return review(cx, reviewer, item).await;
    }
    let question = cx.outbox.approve_file_change(&cx.turn_id, &item.id);
    let decision = tokio::select! {
        biased;
        // A patch that was neither applied nor declined stays open.
        () = cx.cancel.cancelled() => return Err(aborted()),
        decision = question => decision,
    };
    let declined = match decision {
        ApprovalDecision::Accept | ApprovalDecision::AcceptWithRule(_) => return Ok(()),
        ApprovalDecision::AcceptForSession => {
            cx.patches.allow(places);
            return Ok(());
        }
        // As clients know it: the item stays open, the turn ends.
        ApprovalDecision::Cancel => {
            return Err(ToolEnd::StopTurn(FunctionOutput::Text(BY_USER.to_owned())));
        }
        ApprovalDecision::Decline => ToolEnd::text(BY_USER),
        ApprovalDecision::Failed => ToolEnd::text("patch rejected: approval request failed"),
    };
    end(cx, item.clone(), CallStatus::Declined, None, None).await;
    Err(declined)
}

/// Has a model judge in the user's place.
async fn review(cx: &CallContext, reviewer: &Arc<dyn ApprovalReviewer>, item: &Item) -> Result<(), ToolEnd> {
    let (action, details) = planned(&item.body, &cx.settings.cwd);
    match reviewed::judge(cx, reviewer, &item.id, action, details).await {
        ReviewVerdict::Approved => Ok(()),
        ReviewVerdict::Rejected { text, stop } => {
            end(cx, item.clone(), CallStatus::Declined, None, None).await;
            Err(reviewed::rejected(cx, text, stop))
        }
        ReviewVerdict::Aborted => Err(aborted()),
    }
}

/// A patch as it is judged.
fn planned(body: &ItemBody, cwd: &Path) -> (ReviewedAction, Value) {
    let mut left = MAX_JUDGED;
    let mut files = Vec::new();
    let mut described = Vec::new();
    if let ItemBody::FileChange { changes, .. } = body {
        for change in changes {
            let kind = match &change.kind {
                FileChangeKind::Add => json!("add"),
                FileChangeKind::Delete => json!("delete"),
                FileChangeKind::Update { move_path } => json!({"update": {"moved_to": move_path}}),
            };
            let end = char_boundary::floor(&change.diff, left);
            left -= end;
            described.push(json!({
                "path": change.path,
                "kind": kind,
                "diff": &change.diff[..end],
                "bytes_left_out": change.diff.len() - end,
            }));
            files.push(change.path.clone());
        }
    }
    let details = json!({"tool": "apply_patch", "cwd": cwd, "changes": described});
    let cwd = cwd.to_owned();
    (ReviewedAction::Patch { cwd, files }, details)
}

async fn end(
    cx: &CallContext,
    mut item: Item,
    how: CallStatus,
    output: Option<String>,
    errors: Option<String>,
) {
    if let ItemBody::FileChange {
        status,
        stdout,
        stderr,
        ..
    } = &mut item.body
    {
        *status = how;
        *stdout = output;
        *stderr = errors;
    }
    cx.outbox.item_completed(&cx.turn_id, item).await;
}

fn aborted() -> ToolEnd {
    ToolEnd::text("aborted by user")
}

fn not_verified(error: &impl std::fmt::Display) -> ToolEnd {
    ToolEnd::text(format!("apply_patch verification failed: {error}"))
}

/// What the model is told of a patch that was to be written.
fn output(exit_code: i32, wall_time: Duration, text: &str) -> String {
    let seconds = (wall_time.as_secs_f64() * 10.0).round() / 10.0;
    format!("Exit code: {exit_code}\nWall time: {seconds} seconds\nOutput:\n{text}")
}

/// What was added, changed and deleted.
fn summary(changes: &[PlannedChange], folder: &Path) -> String {
    let line = |kind: char, path: &Path| {
        let name = path.strip_prefix(folder).unwrap_or(path);
        format!("{kind} {}\n", name.display())
    };
    let mut lines: Vec<(u8, String)> = changes
        .iter()
        .map(|change| match change {
            PlannedChange::Add { path, .. } => (0, line('A', path)),
            PlannedChange::Update { path, move_to, .. } => (1, line('M', move_to.as_ref().unwrap_or(path))),
            PlannedChange::Delete { path, .. } => (2, line('D', path)),
        })
        .collect();
    lines.sort_by_key(|(order, _)| *order);
    let lines = lines.into_iter().map(|(_, line)| line);
    lines.fold(
        "Success. Updated the following files:\n".to_owned(),
        |all, line| all + &line,
    )
}
