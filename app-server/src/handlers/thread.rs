//! Threads: start, list, unsubscribe (docs/contract/threads.md).

use std::path::PathBuf;

use codex_app_server_protocol::{
    CapabilityRootLocation, ConfigWarning, DynamicToolSpec, SelectedCapabilityRoot, ThreadHistoryMode,
    ThreadLoadedList, ThreadLoadedListParams, ThreadLoadedListResponse, ThreadStart, ThreadStartParams,
    ThreadStartSource, ThreadStarted, ThreadStartedNotification, ThreadUnsubscribe, ThreadUnsubscribeParams,
    ThreadUnsubscribeResponse, ThreadUnsubscribeStatus,
};
use codex_core::config;
use codex_core::{
    DynamicTools, HistoryMode, LOCAL_ENVIRONMENT, Reply, SettingsPatch, StartThread, StartedThread,
};

use super::project;
use crate::convert::environment;
use crate::convert::open_thread::{OpenThreadParams, OpenedThread};
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router, parse_thread_id};

/// Folders that a client may choose for a thread at most.
const MAX_CAPABILITY_ROOTS: usize = 64;

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ThreadStart, _, _>(start);
    router.on::<ThreadLoadedList, _, _>(loaded_list);
    router.on::<ThreadUnsubscribe, _, _>(unsubscribe);
}

/// Starts a thread. The answer comes first, then `thread/started` for everybody, then what happens in the thread.
async fn start(cx: RequestContext, params: ThreadStartParams, responder: Responder<ThreadStart>) {
    if let Some(id) = &params.project_id
        && let Err(error) = project::check_for_thread(&cx, id).await
    {
        return responder.send(Err(error));
    }
    let start = match start_from_wire(&cx, params) {
        Ok(start) => start,
        Err(error) => return responder.send(Err(error)),
    };
    warn_of_keys_without_effect(&cx, &start).await;
    let reply = Reply::new({
        let cx = cx.clone();
        move |started: codex_core::Result<StartedThread>| match started {
            Ok(started) => {
                let id = started.info.id;
                cx.server.watch(id, &cx.client);
                if let Some(ignored) = &started.ignored_settings {
                    cx.client
                        .notify::<ConfigWarning>(&super::initialize::key_warnings(ignored.clone()));
                }
                let opened = OpenedThread::new(&started);
                let params = ThreadStartedNotification {
                    thread: opened.thread.clone(),
                };
                responder.send(Ok(opened.into_start()));
                cx.server
                    .subscriptions
                    .broadcast::<ThreadStarted>(Some(id), &params);
            }
            Err(error) => responder.send(Err(error.into())),
        }
    });
    cx.server.engine.start_thread(start, reply).await;
}

/// Tells of keys in the thread's own configuration that are unknown or have no effect.
async fn warn_of_keys_without_effect(cx: &RequestContext, start: &StartThread) {
    if !start.config.is_empty()
        && let Some(summary) = config::key_warnings_of_thread(&cx.server.config, start.config.clone()).await
    {
        cx.client
            .notify::<ConfigWarning>(&super::initialize::key_warnings(summary));
    }
}

fn dynamic_tools(tools: Option<Vec<DynamicToolSpec>>) -> RpcResult<DynamicTools> {
    let tools = serde_json::to_value(tools).map_err(|error| RpcError::internal(error.to_string()))?;
    DynamicTools::read(tools).map_err(|error| RpcError::invalid(error.to_string()))
}

/// The folders of this machine that the client chose. Those of other environments are out of reach.
fn skill_roots(selected: Vec<SelectedCapabilityRoot>) -> RpcResult<Vec<PathBuf>> {
    if selected.len() > MAX_CAPABILITY_ROOTS {
        return Err(RpcError::params(format!(
            "selectedCapabilityRoots accepts at most {MAX_CAPABILITY_ROOTS} entries"
        )));
    }
    let mut roots = Vec::new();
    for SelectedCapabilityRoot { location, .. } in selected {
        let CapabilityRootLocation::Environment { environment_id, path } = location;
        let path = PathBuf::from(path);
        if !path.is_absolute() {
            return Err(RpcError::params(format!(
                "selectedCapabilityRoots: path `{}` is not absolute",
                path.display()
            )));
        }
        if environment_id == LOCAL_ENVIRONMENT {
            roots.push(path);
        } else {
            tracing::warn!(
                environment_id,
                "capabilities of an environment that is not known are left out"
            );
        }
    }
    Ok(roots)
}

fn start_from_wire(cx: &RequestContext, params: ThreadStartParams) -> RpcResult<StartThread> {
    let ephemeral = params.ephemeral.unwrap_or_default();
    if params.model.as_ref().is_some_and(|model| model.trim().is_empty()) {
        return Err(RpcError::invalid(
            "No models are available. Set `model` explicitly or check your model catalog configuration.",
        ));
    }
    if ephemeral && params.daybreak_enabled == Some(true) {
        return Err(RpcError::invalid(
            "daybreakEnabled is not supported for ephemeral threads",
        ));
    }
    let dynamic_tools = dynamic_tools(params.dynamic_tools)?;
    let skill_roots = skill_roots(params.selected_capability_roots.unwrap_or_default())?;
    let environment = environment::from_wire(params.environments)?;
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
    Ok(StartThread {
        settings: SettingsPatch {
            cwd: environment.cwd.or(start.settings.cwd),
            workspace_roots: environment.roots.or(start.settings.workspace_roots),
            has_environment: environment.is_chosen,
            ..start.settings
        },
        ephemeral,
        project: params.project_id,
        history_mode: history_mode(params.history_mode),
        daybreak: params.daybreak_enabled,
        skill_roots,
        after_clear: params.session_start_source == Some(ThreadStartSource::Clear),
        thread_source: params.thread_source.map(|source| source.0),
        raw_events: params.experimental_raw_events,
        dynamic_tools,
        ..start
    })
}

/// Absent for what the server prefers.
fn history_mode(mode: Option<ThreadHistoryMode>) -> HistoryMode {
    match mode {
        Some(ThreadHistoryMode::Legacy) => HistoryMode::Legacy,
        Some(ThreadHistoryMode::Paginated) | None => HistoryMode::Paginated,
    }
}

/// Lists the loaded threads by id. The cursor is the last id of the page before.
async fn loaded_list(
    cx: RequestContext,
    params: ThreadLoadedListParams,
) -> RpcResult<ThreadLoadedListResponse> {
    let after = match params.cursor {
        Some(cursor) => Some(
            parse_thread_id(&cursor).map_err(|_| RpcError::invalid(format!("invalid cursor: {cursor}")))?,
        ),
        None => None,
    };
    let mut ids = cx.server.engine.loaded();
    ids.sort_unstable();
    let mut data: Vec<_> = ids
        .into_iter()
        .filter(|id| after.is_none_or(|after| *id > after))
        .map(|id| id.to_string())
        .collect();
    let limit = params.limit.map_or(usize::MAX, |limit| limit.max(1) as usize);
    let more = data.len() > limit;
    data.truncate(limit);
    Ok(ThreadLoadedListResponse {
        next_cursor: data.last().filter(|_| more).cloned(),
        data,
    })
}

async fn unsubscribe(
    cx: RequestContext,
    params: ThreadUnsubscribeParams,
) -> RpcResult<ThreadUnsubscribeResponse> {
    let id = parse_thread_id(&params.thread_id)?;
    let status = if cx.server.engine.thread(id).is_none() {
        ThreadUnsubscribeStatus::NotLoaded
    } else if cx.server.unwatch(id, &cx.client) {
        ThreadUnsubscribeStatus::Unsubscribed
    } else {
        ThreadUnsubscribeStatus::NotSubscribed
    };
    Ok(ThreadUnsubscribeResponse { status })
}
