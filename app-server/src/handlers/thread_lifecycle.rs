//! Threads that come back, branch off and go (docs/contract/threads.md#thread-resume, docs/contract/threads.md#thread-fork, docs/contract/threads.md#managing-threads).

use std::path::{Path, PathBuf};

use codex_app_server_protocol::{
    DeprecationNotice, DeprecationNoticeNotification, SortDirection, ThreadArchive, ThreadArchiveParams,
    ThreadArchiveResponse, ThreadArchived, ThreadArchivedNotification, ThreadDelete, ThreadDeleteParams,
    ThreadDeleteResponse, ThreadDeleted, ThreadDeletedNotification, ThreadFork, ThreadForkParams,
    ThreadGoalCleared, ThreadGoalUpdated, ThreadResume, ThreadResumeParams, ThreadResumeResponse,
    ThreadRevert, ThreadRevertParams, ThreadRevertResponse, ThreadReverted, ThreadRevertedNotification,
    ThreadStarted, ThreadStartedNotification, ThreadTokenUsageUpdated, ThreadUnarchive,
    ThreadUnarchiveParams, ThreadUnarchiveResponse, ThreadUnarchived, ThreadUnarchivedNotification,
    TurnsPage,
};
use codex_core::history::{ForkPoint, TurnsQuery};
use codex_core::{
    ForkThread, Goal, HistoryMode, Reply, ResumeThread, ResumedThread, StartThread, ThreadId,
    ThreadTokenUsage,
};

use super::streamed_turns::{self, LaterTurns};
use super::thread_read::view;
use crate::client::handle::SharedFrame;
use crate::convert::open_thread::{OpenThreadParams, OpenedThread, ResumedPages};
use crate::convert::{thread, turn};
use crate::events;
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router, parse_thread_id};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ThreadResume, _, _>(resume);
    router.on_deferred::<ThreadFork, _, _>(fork);
    router.on_deferred::<ThreadRevert, _, _>(revert);
    router.on_deferred::<ThreadArchive, _, _>(archive);
    router.on_deferred::<ThreadUnarchive, _, _>(unarchive);
    router.on_deferred::<ThreadDelete, _, _>(delete);
}

/// Takes a thread up again. Its status comes first, then the answer, then its token counts and its goal.
async fn resume(cx: RequestContext, params: ThreadResumeParams, responder: Responder<ThreadResume>) {
    let resume = match resume_from_wire(&cx, params) {
        Ok(resume) => resume,
        Err(error) => return responder.send(Err(error)),
    };
    let all_turns = resume.all_turns;
    let goal = match resume.id {
        Some(id) => cx.server.engine.goal_at_resume(id).await,
        None => Ok(None),
    };
    let reply = Reply::new({
        let cx = cx.clone();
        move |resumed: codex_core::Result<ResumedThread>| match resumed {
            Ok(mut resumed) => {
                let id = resumed.started.info.id;
                cx.server.watch(id, &cx.client);
                let agents = cx.server.engine.open_agents(id);
                for agent in &agents {
                    cx.server.watch(*agent, &cx.client);
                }
                if all_turns {
                    warn_of_all_turns(&cx, &resumed);
                }
                let usage = resumed.usage.take();
                let may_have_goal = !resumed.started.info.ephemeral;
                streamed_turns::send(&cx.client, responder, resumed_to_wire(resumed));
                tell_usage(&cx, id, usage);
                match goal {
                    Ok(goal) if may_have_goal => tell_goal(&cx, id, goal.as_ref()),
                    Ok(_) => {}
                    // A goal that can't be looked up is not one that was cleared.
                    Err(error) => tracing::warn!(%id, %error, "the thread's goal is not told"),
                }
                for thread in [id].into_iter().chain(agents) {
                    cx.server.subscriptions.repeat_requests(thread, &cx.client);
                }
            }
            Err(error) => responder.send(Err(error.into())),
        }
    });
    cx.server.engine.resume_thread(resume, reply).await;
}

/// Branches a thread off. The answer comes first, then its token counts, then `thread/started` for everybody, unless the
/// fork is hidden.
async fn fork(cx: RequestContext, params: ThreadForkParams, responder: Responder<ThreadFork>) {
    let fork = match fork_from_wire(&cx, params) {
        Ok(fork) => fork,
        Err(error) => return responder.send(Err(error)),
    };
    let (all_turns, is_hidden) = (fork.source.all_turns, fork.attach);
    let reply = Reply::new({
        let cx = cx.clone();
        move |forked: codex_core::Result<ResumedThread>| match forked {
            Ok(mut forked) => {
                let id = forked.started.info.id;
                let usage = forked.usage.take();
                cx.server.watch(id, &cx.client);
                if all_turns {
                    warn_of_all_turns(&cx, &forked);
                }
                let opened = OpenedThread::new(&forked.started);
                let params = ThreadStartedNotification {
                    thread: opened.thread.clone(),
                };
                let answer = streamed_turns::for_answer(forked.turns).map(|(turns, later)| {
                    let answer = opened.with_turns(turns).into_fork();
                    (answer, later)
                });
                streamed_turns::send(&cx.client, responder, answer);
                tell_usage(&cx, id, usage);
                if !is_hidden {
                    cx.server
                        .subscriptions
                        .broadcast::<ThreadStarted>(Some(id), &params);
                }
            }
            Err(error) => responder.send(Err(error.into())),
        }
    });
    cx.server.engine.fork_thread(fork, reply).await;
}

/// Drops the end of a thread. The thread's status changes come first, then the answer, then `thread/reverted`.
async fn revert(cx: RequestContext, params: ThreadRevertParams, responder: Responder<ThreadRevert>) {
    let reverted = async {
        let id = parse_thread_id(&params.thread_id)?;
        let start = cx.opener();
        let reverted = cx
            .server
            .engine
            .revert_thread(id, params.before_turn_id, start)
            .await?;
        Ok::<_, RpcError>((id, reverted))
    };
    match reverted.await {
        Ok((id, reverted)) => {
            cx.server.count_watchers(id);
            responder.send(Ok(ThreadRevertResponse {
                thread: thread::to_wire(&reverted.info),
                items_backwards_cursor: reverted.items_cursor,
                turns_backwards_cursor: reverted.turns_cursor,
            }));
            let params = ThreadRevertedNotification {
                thread_id: params.thread_id,
            };
            cx.server
                .subscriptions
                .broadcast::<ThreadReverted>(Some(id), &params);
        }
        Err(error) => responder.send(Err(error)),
    }
}

/// Archives a thread and what its agents spawned.
async fn archive(cx: RequestContext, params: ThreadArchiveParams, responder: Responder<ThreadArchive>) {
    let archived = async {
        let id = parse_thread_id(&params.thread_id)?;
        Ok::<_, RpcError>(cx.server.engine.archive_thread(id).await?)
    };
    match archived.await {
        Ok(archived) => {
            responder.send(Ok(ThreadArchiveResponse {}));
            for id in archived {
                let params = ThreadArchivedNotification {
                    thread_id: id.to_string(),
                };
                cx.server
                    .subscriptions
                    .broadcast::<ThreadArchived>(Some(id), &params);
                cx.server.unwatch_all(id);
            }
        }
        Err(error) => responder.send(Err(error)),
    }
}

/// Takes a thread and what its agents spawned out of the archive.
async fn unarchive(cx: RequestContext, params: ThreadUnarchiveParams, responder: Responder<ThreadUnarchive>) {
    let unarchived = async {
        let id = parse_thread_id(&params.thread_id)?;
        Ok::<_, RpcError>(cx.server.engine.unarchive_thread(id).await?)
    };
    match unarchived.await {
        Ok((info, others)) => {
            responder.send(Ok(ThreadUnarchiveResponse {
                thread: thread::to_wire(&info),
            }));
            for id in [info.id].into_iter().chain(others) {
                let params = ThreadUnarchivedNotification {
                    thread_id: id.to_string(),
                };
                cx.server
                    .subscriptions
                    .broadcast::<ThreadUnarchived>(Some(id), &params);
            }
        }
        Err(error) => responder.send(Err(error)),
    }
}

async fn delete(cx: RequestContext, params: ThreadDeleteParams, responder: Responder<ThreadDelete>) {
    let deleted = async {
        let id = parse_thread_id(&params.thread_id)?;
        Ok::<_, RpcError>(cx.server.engine.delete_thread(id).await?)
    };
    match deleted.await {
        Ok(deleted) => {
            responder.send(Ok(ThreadDeleteResponse {}));
            for id in deleted {
                let params = ThreadDeletedNotification {
                    thread_id: id.to_string(),
                };
                cx.server
                    .subscriptions
                    .broadcast::<ThreadDeleted>(Some(id), &params);
            }
        }
        Err(error) => responder.send(Err(error)),
    }
}

fn resume_from_wire(cx: &RequestContext, params: ThreadResumeParams) -> RpcResult<ResumeThread> {
    let shared = OpenThreadParams {
        model: params.model,
        model_provider: params.model_provider,
        service_tier: params.service_tier,
        cwd: params.cwd,
        runtime_workspace_roots: params.runtime_workspace_roots,
        approval_policy: params.approval_policy,
        approvals_reviewer: params.approvals_reviewer,
        sandbox: params.sandbox,
        permissions: params.permissions,
        personality: params.personality,
        config: params.config,
        base_instructions: params.base_instructions,
        developer_instructions: params.developer_instructions,
    };
    let start = shared.into_start(cx.opener())?;
    let history = params.history.map(|items| {
        let values = items
            .iter()
            .map(|item| serde_json::to_value(item).unwrap_or_default());
        values.collect::<Vec<_>>()
    });
    let (id, path) = stored_thread(&params.thread_id, params.path, history.is_some())?;
    if let Some(id) = id
        && history.is_some()
        && cx.server.engine.thread(id).is_some()
    {
        return Err(RpcError::invalid(format!(
            "cannot resume thread {id} with history while it is already running"
        )));
    }
    Ok(ResumeThread {
        id,
        path,
        history,
        start,
        all_turns: !params.exclude_turns,
        page: params.initial_turns_page.map(|page| TurnsQuery {
            limit: page.limit.map_or(25, |limit| limit as usize),
            cursor: None,
            descending: page.sort_direction != Some(SortDirection::Asc),
            view: view(page.items_view),
            running: None,
        }),
    })
}

/// Which stored thread is meant. Its id must be one, unless there is a path, or `has_other` source: these win.
fn stored_thread(
    id: &str,
    path: Option<String>,
    has_other: bool,
) -> RpcResult<(Option<ThreadId>, Option<PathBuf>)> {
    let path = path.filter(|path| !path.is_empty()).map(|path| from_home(&path));
    let id = match parse_thread_id(id) {
        Err(error) if path.is_none() && !has_other => return Err(error),
        parsed => parsed.ok(),
    };
    Ok((id, path))
}

fn fork_from_wire(cx: &RequestContext, params: ThreadForkParams) -> RpcResult<ForkThread> {
    let ephemeral = params.ephemeral;
    if params.experimental_prediction_mode && !ephemeral {
        return Err(RpcError::invalid(
            "`experimentalPredictionMode` requires `ephemeral: true`",
        ));
    }
    if params.attach_to_source && (ephemeral || params.defer_goal_continuation) {
        return Err(RpcError::invalid(
            "attachToSource cannot be combined with ephemeral or deferGoalContinuation",
        ));
    }
    // Whoever asks for it expects what only predictions give.
    if params.experimental_prediction_mode || params.experimental_disable_prediction_mcp {
        return Err(RpcError::invalid(
            "predictions are not supported by this server; leave `experimentalPredictionMode` and \
             `experimentalDisablePredictionMcp` out",
        ));
    }
    let shared = OpenThreadParams {
        model: params.model,
        model_provider: params.model_provider,
        service_tier: params.service_tier,
        cwd: params.cwd,
        runtime_workspace_roots: params.runtime_workspace_roots,
        approval_policy: params.approval_policy,
        approvals_reviewer: params.approvals_reviewer,
        sandbox: params.sandbox,
        permissions: params.permissions,
        personality: None,
        config: params.config,
        base_instructions: params.base_instructions,
        developer_instructions: params.developer_instructions,
    };
    let start = shared.into_start(cx.opener())?;
    let cut = match (params.before_turn_id, params.last_turn_id) {
        (Some(_), Some(_)) => {
            return Err(RpcError::invalid(
                "`beforeTurnId` cannot be combined with `lastTurnId`",
            ));
        }
        (Some(turn), None) => ForkPoint::Before(turn),
        (None, Some(turn)) => ForkPoint::Behind(turn),
        (None, None) => ForkPoint::End,
    };
    let (id, path) = stored_thread(&params.thread_id, params.path, false)?;
    Ok(ForkThread {
        source: ResumeThread {
            id,
            path,
            history: None,
            start: StartThread {
                ephemeral: params.ephemeral,
                thread_source: params.thread_source.map(|source| source.0),
                ..start
            },
            all_turns: !params.exclude_turns,
            page: None,
        },
        cut,
        attach: params.attach_to_source,
    })
}

/// Relative paths count from the user's home.
fn from_home(path: &str) -> PathBuf {
    let path = Path::new(path);
    match std::env::var_os("HOME") {
        Some(home) if path.is_relative() => Path::new(&home).join(path),
        _ => path.to_path_buf(),
    }
}

fn resumed_to_wire(resumed: ResumedThread) -> RpcResult<(ThreadResumeResponse, Option<LaterTurns>)> {
    let (turns, later) = streamed_turns::for_answer(resumed.turns)?;
    let pages = ResumedPages {
        initial_turns: resumed.page.map(|page| TurnsPage {
            data: page.turns.into_iter().map(turn::to_wire).collect(),
            backwards_cursor: page.backwards_cursor,
            next_cursor: page.next_cursor,
        }),
        turns_cursor: resumed.turns_cursor,
        items_cursor: resumed.items_cursor,
    };
    let opened = OpenedThread::new(&resumed.started).with_turns(turns);
    Ok((opened.into_resume(pages), later))
}

/// All turns in one answer are a habit from before there were pages.
fn warn_of_all_turns(cx: &RequestContext, thread: &ResumedThread) {
    if thread.started.info.history_mode == HistoryMode::Paginated && !thread.started.info.ephemeral {
        cx.client.notify::<DeprecationNotice>(&all_turns_notice());
    }
}

/// What clients are told that take all turns at once.
pub(super) fn all_turns_notice() -> DeprecationNoticeNotification {
    DeprecationNoticeNotification {
        summary:
            "Requesting all turns of a thread in one response is deprecated: set excludeTurns and page through them with thread/turns/list."
                .into(),
        details: None,
    }
}

/// The token counts as they stand, and their turn, for the client that has just come.
fn tell_usage(cx: &RequestContext, id: ThreadId, usage: Option<(String, ThreadTokenUsage)>) {
    if let Some((turn_id, usage)) = usage {
        let params = events::thread::token_usage(id, &turn_id, &usage);
        SharedFrame::<ThreadTokenUsageUpdated>::new(Some(id), &params).send_to(&cx.client);
    }
}

/// The goal as it stands, for everybody.
fn tell_goal(cx: &RequestContext, id: ThreadId, goal: Option<&Goal>) {
    let clients = &cx.server.subscriptions;
    match goal {
        Some(goal) => {
            clients.broadcast::<ThreadGoalUpdated>(Some(id), &events::goal::updated(id, None, goal));
        }
        None => clients.broadcast::<ThreadGoalCleared>(Some(id), &events::goal::cleared(id)),
    }
}
