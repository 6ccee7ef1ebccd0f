//! Changes of a thread without a turn: name, metadata, settings, history (docs/contract/threads.md#managing-threads).

use codex_app_server_protocol::{
    ThreadInjectItems, ThreadInjectItemsParams, ThreadInjectItemsResponse, ThreadMetadataUpdate,
    ThreadMetadataUpdateParams, ThreadMetadataUpdateResponse, ThreadNameUpdated,
    ThreadNameUpdatedNotification, ThreadSetName, ThreadSetNameParams, ThreadSetNameResponse,
    ThreadSettingsUpdate, ThreadSettingsUpdateParams, ThreadSettingsUpdateResponse,
};
use codex_core::history::MetadataPatch;
use codex_core::{Op, SettingsPatch};

use super::project;
use crate::convert::invalid_params::InvalidParams;
use crate::convert::settings::SettingsParams;
use crate::convert::thread;
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router, parse_thread_id};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ThreadSetName, _, _>(set_name);
    router.on::<ThreadMetadataUpdate, _, _>(update_metadata);
    router.on_deferred::<ThreadSettingsUpdate, _, _>(update_settings);
    router.on_deferred::<ThreadInjectItems, _, _>(inject_items);
}

async fn set_name(cx: RequestContext, params: ThreadSetNameParams, responder: Responder<ThreadSetName>) {
    let named = async {
        let id = parse_thread_id(&params.thread_id)?;
        let name = cx.server.engine.rename_thread(id, &params.name).await?;
        Ok::<_, RpcError>((id, name))
    };
    match named.await {
        Ok((id, name)) => {
            responder.send(Ok(ThreadSetNameResponse {}));
            let params = ThreadNameUpdatedNotification {
                thread_id: id.to_string(),
                thread_name: Some(name),
            };
            cx.server
                .subscriptions
                .broadcast::<ThreadNameUpdated>(Some(id), &params);
        }
        Err(error) => responder.send(Err(error)),
    }
}

async fn update_metadata(
    cx: RequestContext,
    params: ThreadMetadataUpdateParams,
) -> RpcResult<ThreadMetadataUpdateResponse> {
    let id = parse_thread_id(&params.thread_id)?;
    let changes_project = params.project_id.is_some();
    let mut patch = MetadataPatch {
        daybreak: params.daybreak_enabled,
        ..MetadataPatch::default()
    };
    if let Some(git) = params.git_info {
        if git.sha.is_none() && git.branch.is_none() && git.origin_url.is_none() {
            return Err(RpcError::invalid("gitInfo must include at least one field"));
        }
        patch.sha = filled("sha", git.sha)?;
        patch.branch = filled("branch", git.branch)?;
        patch.origin_url = filled("originUrl", git.origin_url)?;
    }
    let changes_patch = patch != MetadataPatch::default();
    if !changes_project && !changes_patch {
        return Err(RpcError::invalid(
            "thread metadata update must include at least one field",
        ));
    }
    // An empty name says nothing; null clears.
    if let Some(project) = params.project_id.filter(|project| project.as_deref() != Some("")) {
        project::assign(&cx, id, project).await?;
    }
    let engine = &cx.server.engine;
    let info = if changes_patch {
        engine.update_metadata(id, patch).await?
    } else {
        let info = engine.read_thread(id).await?;
        info.ok_or_else(|| RpcError::invalid(format!("thread not found: {id}")))?
    };
    Ok(ThreadMetadataUpdateResponse {
        thread: thread::to_wire(&info),
    })
}

/// Blank texts say nothing; null clears.
fn filled(name: &str, value: Option<Option<String>>) -> RpcResult<Option<Option<String>>> {
    match value {
        Some(Some(text)) => match text.trim() {
            "" => Err(RpcError::invalid(format!("gitInfo.{name} must not be empty"))),
            text => Ok(Some(Some(text.to_owned()))),
        },
        other => Ok(other),
    }
}

async fn update_settings(
    cx: RequestContext,
    params: ThreadSettingsUpdateParams,
    responder: Responder<ThreadSettingsUpdate>,
) {
    let changed = || {
        let thread = cx.server.thread(&params.thread_id)?;
        Ok::<_, RpcError>((thread, settings_from_wire(params)?))
    };
    match changed() {
        Ok((thread, patch)) => thread.submit(Op::UpdateSettings {
            patch: Box::new(patch),
            reply: responder.reply(|()| ThreadSettingsUpdateResponse {}),
        }),
        Err(error) => responder.send(Err(error)),
    }
}

fn settings_from_wire(params: ThreadSettingsUpdateParams) -> Result<SettingsPatch, InvalidParams> {
    let settings = SettingsParams {
        model: params.model,
        effort: params.effort,
        summary: params.summary,
        service_tier: params.service_tier,
        environments: params.environments,
        cwd: params.cwd,
        approval_policy: params.approval_policy,
        approvals_reviewer: params.approvals_reviewer,
        sandbox_policy: params.sandbox_policy,
        permissions: params.permissions,
        personality: params.personality,
        collaboration_mode: params.collaboration_mode,
        disabled_plugin_ids: params.disabled_plugin_ids,
    };
    settings.into_patch()
}

async fn inject_items(
    cx: RequestContext,
    params: ThreadInjectItemsParams,
    responder: Responder<ThreadInjectItems>,
) {
    match cx.server.thread(&params.thread_id) {
        Ok(thread) => thread.submit(Op::InjectItems {
            items: params.items,
            is_urgent: true,
            reply: responder.reply(|()| ThreadInjectItemsResponse {}),
        }),
        Err(error) => responder.send(Err(error)),
    }
}
