//! Sections of the user's list of threads (docs/contract/threads.md#sections).

use codex_app_server_protocol::{
    ThreadSection, ThreadSectionAppearance, ThreadSectionChanged, ThreadSectionChangedNotification,
    ThreadSectionCreate, ThreadSectionCreateParams, ThreadSectionCreateResponse, ThreadSectionDelete,
    ThreadSectionDeleteParams, ThreadSectionDeleteResponse, ThreadSectionList, ThreadSectionListParams,
    ThreadSectionListResponse, ThreadSectionMove, ThreadSectionMoveParams, ThreadSectionMoveResponse,
    ThreadSectionUpdate, ThreadSectionUpdateParams, ThreadSectionUpdateResponse,
};
use codex_core::history::Section;
use serde_json::Value;

use crate::convert::thread;
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router, parse_thread_id};

/// Rows of a page where the client names no number, and at most.
const PAGE: usize = 100;

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<ThreadSectionList, _, _>(list);
    router.on::<ThreadSectionCreate, _, _>(create);
    router.on::<ThreadSectionUpdate, _, _>(update);
    router.on::<ThreadSectionDelete, _, _>(delete);
    router.on_deferred::<ThreadSectionMove, _, _>(move_thread);
}

async fn list(cx: RequestContext, params: ThreadSectionListParams) -> RpcResult<ThreadSectionListResponse> {
    let limit = params.limit.map_or(PAGE, |limit| (limit as usize).clamp(1, PAGE));
    let (sections, more) = cx.server.engine.store().sections(params.cursor, limit).await?;
    Ok(ThreadSectionListResponse {
        next_cursor: sections.last().filter(|_| more).map(|last| last.id.clone()),
        data: sections.into_iter().map(to_wire).collect(),
    })
}

async fn create(
    cx: RequestContext,
    params: ThreadSectionCreateParams,
) -> RpcResult<ThreadSectionCreateResponse> {
    let appearance = params.appearance.map(appearance);
    let section = cx
        .server
        .engine
        .store()
        .create_section(&params.name, appearance)
        .await?;
    Ok(ThreadSectionCreateResponse {
        section: to_wire(section),
    })
}

async fn update(
    cx: RequestContext,
    params: ThreadSectionUpdateParams,
) -> RpcResult<ThreadSectionUpdateResponse> {
    let looks = params.appearance.map(|looks| looks.map(appearance));
    let store = cx.server.engine.store();
    let section = store
        .update_section(params.section_id, &params.name, looks)
        .await?;
    Ok(ThreadSectionUpdateResponse {
        section: to_wire(section),
    })
}

async fn delete(
    cx: RequestContext,
    params: ThreadSectionDeleteParams,
) -> RpcResult<ThreadSectionDeleteResponse> {
    cx.server.engine.store().delete_section(params.section_id).await?;
    Ok(ThreadSectionDeleteResponse {})
}

/// Moves a thread. The answer comes first, then `thread/section/changed` for everybody.
async fn move_thread(
    cx: RequestContext,
    params: ThreadSectionMoveParams,
    responder: Responder<ThreadSectionMove>,
) {
    let section_id = params.section_id.clone();
    let moved = async {
        let id = parse_thread_id(&params.thread_id)?;
        let before = params
            .before_thread_id
            .as_deref()
            .map(parse_thread_id)
            .transpose()?;
        cx.server.engine.keep(id).await?;
        cx.server
            .engine
            .store()
            .move_to_section(id, params.section_id, before)
            .await?;
        Ok::<_, RpcError>(id)
    };
    match moved.await {
        Ok(id) => {
            responder.send(Ok(ThreadSectionMoveResponse {}));
            let params = ThreadSectionChangedNotification {
                thread_id: id.to_string(),
                section_id,
            };
            cx.server
                .subscriptions
                .broadcast::<ThreadSectionChanged>(Some(id), &params);
        }
        Err(error) => responder.send(Err(error)),
    }
}

fn appearance(looks: ThreadSectionAppearance) -> Value {
    serde_json::to_value(looks).unwrap_or_default()
}

fn to_wire(section: Section) -> ThreadSection {
    thread::section_to_wire(&section.id, &section.name, section.appearance)
}
