//! Turns: start, steer, interrupt (docs/contract/turns.md). The thread's actor answers, in the order of its events.

use std::collections::BTreeMap;

use codex_app_server_protocol::{
    AdditionalContextEntry, AdditionalContextKind, TurnInterrupt, TurnInterruptParams, TurnInterruptResponse,
    TurnSettingsUpdate, TurnSettingsUpdateParams, TurnSettingsUpdateResponse, TurnSettingsUpdateStatus,
    TurnStart, TurnStartParams, TurnStartResponse, TurnSteer, TurnSteerParams, TurnSteerResponse,
    TurnToolOutput,
};
use codex_core::{ClientMetadata, ContextEntry, Op, SettingsPatch, StartTurn, ThreadHandle, ToolOutput};
use serde_json::Value;

use crate::convert::environment::absolute_paths;
use crate::convert::settings::SettingsParams;
use crate::convert::{input, turn};
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<TurnStart, _, _>(start);
    router.on_deferred::<TurnSteer, _, _>(steer);
    router.on_deferred::<TurnInterrupt, _, _>(interrupt);
    router.on_deferred::<TurnSettingsUpdate, _, _>(update_settings);
}

async fn start(cx: RequestContext, params: TurnStartParams, responder: Responder<TurnStart>) {
    match start_from_wire(&cx, params) {
        Ok((thread, start)) => thread.submit(Op::StartTurn {
            start: Box::new(start),
            reply: responder.reply(|started| TurnStartResponse {
                turn: turn::to_wire(started),
            }),
        }),
        Err(error) => responder.send(Err(error)),
    }
}

fn start_from_wire(cx: &RequestContext, params: TurnStartParams) -> RpcResult<(ThreadHandle, StartTurn)> {
    let thread = cx.server.thread(&params.thread_id)?;
    let tool_output = params
        .tool_output
        .map(|handed_in| tool_output(handed_in, params.input.is_empty()))
        .transpose()?;
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
    let settings = settings.into_patch()?;
    let start = StartTurn {
        input: input::from_wire(params.input)?,
        settings: SettingsPatch {
            workspace_roots: settings
                .workspace_roots
                .or_else(|| absolute_paths(params.runtime_workspace_roots)),
            client_metadata: params.responsesapi_client_metadata,
            client_metadata_patch: params.responsesapi_client_metadata_patch,
            ..settings
        },
        output_schema: params.output_schema.filter(|schema| *schema != Value::Null),
        service_tier_for_turn: params.service_tier_for_turn,
        additional_context: context(params.additional_context),
        client_user_message_id: params.client_user_message_id,
        tool_output,
        turn_trigger: params.turn_trigger,
        parent_turn_id: params.parent_turn_id,
        root_turn_id: params.root_turn_id,
        ..StartTurn::default()
    };
    Ok((thread, start))
}

fn tool_output(handed_in: TurnToolOutput, alone: bool) -> RpcResult<ToolOutput> {
    let TurnToolOutput {
        name,
        namespace,
        output,
        retain,
    } = handed_in;
    if !alone {
        return Err(RpcError::invalid(
            "`toolOutput` cannot be combined with nonempty `input`",
        ));
    }
    if name.is_empty() {
        return Err(RpcError::invalid("`toolOutput.name` must not be empty"));
    }
    Ok(ToolOutput {
        name,
        namespace,
        output: input::tool_output_from_wire(output),
        retain,
    })
}

async fn steer(cx: RequestContext, params: TurnSteerParams, responder: Responder<TurnSteer>) {
    let taken = cx
        .server
        .thread(&params.thread_id)
        .and_then(|thread| Ok((thread, input::from_wire(params.input)?)));
    match taken {
        Ok((thread, input)) => thread.submit(Op::Steer {
            expected_turn_id: params.expected_turn_id,
            input,
            client_user_message_id: params.client_user_message_id,
            additional_context: context(params.additional_context),
            metadata: ClientMetadata {
                all: params.responsesapi_client_metadata,
                more: params.responsesapi_client_metadata_patch,
            },
            reply: responder.reply(|turn_id| TurnSteerResponse { turn_id }),
        }),
        Err(error) => responder.send(Err(error)),
    }
}

async fn interrupt(cx: RequestContext, params: TurnInterruptParams, responder: Responder<TurnInterrupt>) {
    match cx.server.thread(&params.thread_id) {
        Ok(thread) => thread.submit(Op::Interrupt {
            turn_id: params.turn_id,
            reply: responder.reply(|()| TurnInterruptResponse {}),
        }),
        Err(error) => responder.send(Err(error)),
    }
}

async fn update_settings(
    cx: RequestContext,
    params: TurnSettingsUpdateParams,
    responder: Responder<TurnSettingsUpdate>,
) {
    let settings = SettingsParams {
        model: params.model,
        effort: params.effort,
        summary: params.summary,
        service_tier: params.service_tier,
        environments: params.environments,
        approvals_reviewer: params.approvals_reviewer,
        ..SettingsParams::default()
    };
    let found = cx.server.thread(&params.thread_id);
    match found.and_then(|thread| Ok((thread, settings.into_patch()?))) {
        Ok((thread, patch)) => thread.submit(Op::UpdateTurnSettings {
            turn_id: params.turn_id,
            patch: Box::new(patch),
            reply: responder.reply(|applied| TurnSettingsUpdateResponse {
                status: if applied {
                    TurnSettingsUpdateStatus::Applied
                } else {
                    TurnSettingsUpdateStatus::TargetUnavailable
                },
            }),
        }),
        Err(error) => responder.send(Err(error)),
    }
}

fn context(entries: Option<BTreeMap<String, AdditionalContextEntry>>) -> BTreeMap<String, ContextEntry> {
    let convert = |(key, entry): (String, AdditionalContextEntry)| {
        let entry = ContextEntry {
            value: entry.value,
            trusted: entry.kind == AdditionalContextKind::Application,
            name: entry.name,
        };
        (key, entry)
    };
    entries.into_iter().flatten().map(convert).collect()
}
