//! Threads that come back, branch off and go (docs/contract/threads.md#thread-resume, docs/contract/threads.md#thread-fork, docs/contract/threads.md#managing-threads).

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use codex_app_server_protocol::{
    AbsolutePathBuf, DeprecationNotice, DeprecationNoticeNotification, LegacyAppPathString, MultiAgentMode,
    ReasoningEffort, SortDirection, Thread, ThreadArchive, ThreadArchiveParams, ThreadArchiveResponse,
    ThreadArchived, ThreadArchivedNotification, ThreadDelete, ThreadDeleteParams, ThreadDeleteResponse,
    ThreadDeleted, ThreadDeletedNotification, ThreadFork, ThreadForkParams, ThreadForkResponse,
    ThreadGoalCleared, ThreadGoalClearedNotification, ThreadGoalUpdated, ThreadGoalUpdatedNotification,
    ThreadResume, ThreadResumeParams, ThreadResumeResponse, ThreadRevert, ThreadRevertParams,
    ThreadRevertResponse, ThreadReverted, ThreadRevertedNotification, ThreadStarted,
    ThreadStartedNotification, ThreadTokenUsageUpdated, ThreadUnarchive, ThreadUnarchiveParams,
    ThreadUnarchiveResponse, ThreadUnarchived, ThreadUnarchivedNotification, TurnsPage,
};
use codex_core::history::{ForkPoint, TurnsQuery};
use codex_core::{
    ForkThread, HistoryMode, Reply, ResumeThread, ResumedThread, SettingsPatch, StartThread, ThreadId,
};

use super::thread_read::view;
use crate::client::handle::SharedFrame;
use crate::convert::{policy, settings, thread, turn};
use crate::events;
use crate::rpc::dispatch::{RequestContext, Router};
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::rpc::streamed_turns;
use crate::rpc::streamed_turns::LaterTurns;
use crate::server::parse_thread_id;

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
    let resumed_id = Arc::new(OnceLock::new());
    let goal = match resume.id {
        Some(id) => cx.server.engine.store().goal(id).await,
        None => Ok(None),
    };
    let reply = Reply::new({
        let (cx, resumed_id) = (cx.clone(), Arc::clone(&resumed_id));
        move |resumed: codex_core::Result<ResumedThread>| match resumed {
            Ok(mut resumed) => {
                let id = resumed.started.info.id;
                resumed_id.get_or_init(|| id);
                cx.server.subscriptions.watch(id, &cx.client);
                if all_turns {
                    warn_of_all_turns(&cx, &resumed);
                }
                let usage = resumed.usage.take();
                responder.send_with_turns(resumed_to_wire(resumed));
                if let Some((turn_id, usage)) = usage {
                    let params = events::thread::token_usage(id, &turn_id, &usage);
                    SharedFrame::<ThreadTokenUsageUpdated>::new(Some(id), &params).send_to(&cx.client);
                }
                match goal {
                    Ok(goal) => tell_goal(&cx, id, goal),
                    // A goal that can't be looked up is not one that was cleared.
                    Err(error) => tracing::warn!(%id, %error, "the thread's goal is not told"),
                }
                cx.server.subscriptions.repeat_requests(id, &cx.client);
            }
            Err(error) => responder.send(Err(error.into())),
        }
    });
    cx.server.engine.resume_thread(resume, reply).await;
    if let Some(id) = resumed_id.get() {
        cx.server.count_watchers(*id);
    }
}

/// Branches a thread off. The answer comes first, then `thread/started` for everybody.
async fn fork(cx: RequestContext, params: ThreadForkParams, responder: Responder<ThreadFork>) {
    let fork = match fork_from_wire(&cx, params) {
        Ok(fork) => fork,
        Err(error) => return responder.send(Err(error)),
    };
    let all_turns = fork.source.all_turns;
    let forked_id = Arc::new(OnceLock::new());
    let reply = Reply::new({
        let (cx, forked_id) = (cx.clone(), Arc::clone(&forked_id));
        move |forked: codex_core::Result<ResumedThread>| match forked {
            Ok(forked) => {
                let id = forked.started.info.id;
                forked_id.get_or_init(|| id);
                cx.server.subscriptions.watch(id, &cx.client);
                if all_turns {
                    warn_of_all_turns(&cx, &forked);
                }
                let params = ThreadStartedNotification {
                    thread: thread::to_wire(&forked.started.info),
                };
                responder.send_with_turns(forked_to_wire(forked));
                cx.server
                    .subscriptions
                    .broadcast::<ThreadStarted>(Some(id), &params);
            }
            Err(error) => responder.send(Err(error.into())),
        }
    });
    cx.server.engine.fork_thread(fork, reply).await;
    if let Some(id) = forked_id.get() {
        cx.server.count_watchers(*id);
    }
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
            }
        }
        Err(error) => responder.send(Err(error)),
    }
}

async fn unarchive(cx: RequestContext, params: ThreadUnarchiveParams, responder: Responder<ThreadUnarchive>) {
    let unarchived = async {
        let id = parse_thread_id(&params.thread_id)?;
        Ok::<_, RpcError>(cx.server.engine.unarchive_thread(id).await?)
    };
    match unarchived.await {
        Ok(info) => {
            responder.send(Ok(ThreadUnarchiveResponse {
                thread: thread::to_wire(&info),
            }));
            let params = ThreadUnarchivedNotification {
                thread_id: info.id.to_string(),
            };
            cx.server
                .subscriptions
                .broadcast::<ThreadUnarchived>(Some(info.id), &params);
        }
        Err(error) => responder.send(Err(error)),
    }
}

async fn delete(cx: RequestContext, params: ThreadDeleteParams, responder: Responder<ThreadDelete>) {
    let deleted = async {
        let id = parse_thread_id(&params.thread_id)?;
        cx.server.engine.delete_thread(id).await?;
        Ok::<_, RpcError>(id)
    };
    match deleted.await {
        Ok(id) => {
            responder.send(Ok(ThreadDeleteResponse {}));
            let params = ThreadDeletedNotification {
                thread_id: params.thread_id,
            };
            cx.server
                .subscriptions
                .broadcast::<ThreadDeleted>(Some(id), &params);
        }
        Err(error) => responder.send(Err(error)),
    }
}

fn resume_from_wire(cx: &RequestContext, params: ThreadResumeParams) -> RpcResult<ResumeThread> {
    let start = settings::opening!(cx.opener(), params)?;
    let path = params
        .path
        .filter(|path| !path.is_empty())
        .map(|path| from_home(&path));
    let history = params.history.map(|items| {
        let values = items
            .iter()
            .map(|item| serde_json::to_value(item).unwrap_or_default());
        values.collect::<Vec<_>>()
    });
    let id = match (&path, &history) {
        (None, None) => Some(parse_thread_id(&params.thread_id)?),
        _ => parse_thread_id(&params.thread_id).ok(),
    };
    Ok(ResumeThread {
        id,
        path,
        history,
        start: StartThread {
            settings: SettingsPatch {
                personality: params.personality.map(settings::personality_from_wire),
                ..start.settings
            },
            ..start
        },
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

fn fork_from_wire(cx: &RequestContext, params: ThreadForkParams) -> RpcResult<ForkThread> {
    let start = settings::opening!(cx.opener(), params)?;
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
    let path = params
        .path
        .filter(|path| !path.is_empty())
        .map(|path| from_home(&path));
    let id = match &path {
        None => Some(parse_thread_id(&params.thread_id)?),
        Some(_) => parse_thread_id(&params.thread_id).ok(),
    };
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
    let settings = &resumed.started.settings;
    let wire = settings::to_wire(settings);
    let response = ThreadResumeResponse {
        approval_policy: wire.approval_policy,
        approvals_reviewer: wire.approvals_reviewer,
        cwd: wire.cwd,
        model: wire.model,
        model_provider: wire.model_provider,
        sandbox: wire.sandbox_policy,
        active_permission_profile: wire.active_permission_profile,
        collaboration_mode: Some(wire.collaboration_mode),
        disabled_plugin_ids: wire.disabled_plugin_ids,
        initial_turns_page: resumed.page.map(|page| TurnsPage {
            data: page.turns.into_iter().map(turn::to_wire).collect(),
            backwards_cursor: page.backwards_cursor,
            next_cursor: page.next_cursor,
        }),
        instruction_sources: resumed
            .started
            .instruction_sources
            .iter()
            .map(|path| LegacyAppPathString::from(path.as_path()))
            .collect(),
        items_backwards_cursor: resumed.items_cursor,
        multi_agent_mode: MultiAgentMode::default(),
        reasoning_effort: wire.effort,
        runtime_workspace_roots: settings
            .workspace_roots
            .iter()
            .map(|root| AbsolutePathBuf::from_path(root))
            .collect(),
        service_tier: wire.service_tier,
        turns_backwards_cursor: resumed.turns_cursor,
        thread: Thread {
            turns,
            ..thread::to_wire(&resumed.started.info)
        },
    };
    Ok((response, later))
}

fn forked_to_wire(forked: ResumedThread) -> RpcResult<(ThreadForkResponse, Option<LaterTurns>)> {
    let (turns, later) = streamed_turns::for_answer(forked.turns)?;
    let settings = &forked.started.settings;
    let response = ThreadForkResponse {
        approval_policy: policy::approval_to_wire(&settings.approval_policy),
        approvals_reviewer: policy::reviewer_to_wire(settings.approvals_reviewer),
        cwd: AbsolutePathBuf::from_path(&settings.cwd),
        model: settings.model.clone(),
        model_provider: settings.model_provider.clone(),
        sandbox: policy::sandbox_to_wire(&settings.sandbox_policy),
        active_permission_profile: settings.permission_profile.as_ref().map(policy::profile_to_wire),
        disabled_plugin_ids: settings.disabled_plugin_ids.clone(),
        instruction_sources: forked
            .started
            .instruction_sources
            .iter()
            .map(|path| LegacyAppPathString::from(path.as_path()))
            .collect(),
        multi_agent_mode: MultiAgentMode::default(),
        reasoning_effort: settings.effort.clone().map(ReasoningEffort),
        runtime_workspace_roots: settings
            .workspace_roots
            .iter()
            .map(|root| AbsolutePathBuf::from_path(root))
            .collect(),
        service_tier: settings.service_tier.clone(),
        thread: Thread {
            turns,
            ..thread::to_wire(&forked.started.info)
        },
    };
    Ok((response, later))
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
            "Taking all turns of a thread in one answer will end one day: set excludeTurns, and page through \
                  them with thread/turns/list."
                .into(),
        details: None,
    }
}

/// The goal as it stands, for the client that has just come.
fn tell_goal(cx: &RequestContext, id: ThreadId, goal: Option<serde_json::Value>) {
    match goal.and_then(|goal| serde_json::from_value(goal).ok()) {
        Some(goal) => {
            let params = ThreadGoalUpdatedNotification {
                thread_id: id.to_string(),
                turn_id: None,
                goal,
            };
            SharedFrame::<ThreadGoalUpdated>::new(Some(id), &params).send_to(&cx.client);
        }
        None => {
            let params = ThreadGoalClearedNotification {
                thread_id: id.to_string(),
            };
            SharedFrame::<ThreadGoalCleared>::new(Some(id), &params).send_to(&cx.client);
        }
    }
}
