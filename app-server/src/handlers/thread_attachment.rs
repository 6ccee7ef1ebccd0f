//! What clients attach to threads (docs/contract/threads.md#attachments).

use codex_app_server_protocol::{
    ThreadAttachment, ThreadAttachmentAdd, ThreadAttachmentAddOutcome, ThreadAttachmentAddParams,
    ThreadAttachmentAddResponse, ThreadAttachmentList, ThreadAttachmentListParams,
    ThreadAttachmentListResponse, ThreadAttachmentOperation, ThreadAttachmentOwner,
    ThreadAttachmentOwnerList, ThreadAttachmentOwnerListParams, ThreadAttachmentOwnerListResponse,
    ThreadAttachmentRemove, ThreadAttachmentRemoveParams, ThreadAttachmentRemoveResponse,
    ThreadAttachmentUpdated, ThreadAttachmentUpdatedNotification,
};
use codex_core::ThreadId;
use codex_core::history::Attachment;
use serde::{Deserialize, Serialize};

use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router, thread_id_param};

/// Rows of a page where the client names no number, and at most.
const PAGE: usize = 100;

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ThreadAttachmentAdd, _, _>(add);
    router.on::<ThreadAttachmentList, _, _>(list);
    router.on_deferred::<ThreadAttachmentRemove, _, _>(remove);
    router.on::<ThreadAttachmentOwnerList, _, _>(owners);
}

async fn add(
    cx: RequestContext,
    params: ThreadAttachmentAddParams,
    responder: Responder<ThreadAttachmentAdd>,
) {
    let added = async {
        let id = known(&cx, &params.thread_id).await?;
        let store = cx.server.engine.store();
        let (attachment, created) = store
            .attach(id, params.attachment_type, params.identity_key, params.payload)
            .await?;
        Ok::<_, RpcError>((id, attachment, created))
    };
    match added.await {
        Ok((id, attachment, created)) => {
            responder.send(Ok(ThreadAttachmentAddResponse {
                attachment: to_wire(attachment.clone()),
                outcome: if created {
                    ThreadAttachmentAddOutcome::Created
                } else {
                    ThreadAttachmentAddOutcome::Existing
                },
            }));
            if created {
                tell(&cx, id, attachment, ThreadAttachmentOperation::Created);
            }
        }
        Err(error) => responder.send(Err(error)),
    }
}

async fn list(
    cx: RequestContext,
    params: ThreadAttachmentListParams,
) -> RpcResult<ThreadAttachmentListResponse> {
    let id = known(&cx, &params.thread_id).await?;
    let after = params.cursor.map(|cursor| behind(&cursor, id)).transpose()?;
    let limit = params.limit.map_or(PAGE, |limit| (limit as usize).clamp(1, PAGE));
    let (attachments, more) = cx.server.engine.store().attachments(id, after, limit).await?;
    let last = attachments.last().filter(|_| more);
    Ok(ThreadAttachmentListResponse {
        next_cursor: last.map(|last| format!("{id}|{}|{}", last.created_at, last.id)),
        data: attachments.into_iter().map(to_wire).collect(),
    })
}

/// The identifier in a cursor, which names thread, time and identifier.
fn behind(cursor: &str, id: ThreadId) -> RpcResult<String> {
    let mut parts = cursor.split('|');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(thread), Some(_), Some(last), None) if thread == id.to_string() => Ok(last.to_owned()),
        _ => Err(RpcError::params("invalid pagination cursor")),
    }
}

async fn remove(
    cx: RequestContext,
    params: ThreadAttachmentRemoveParams,
    responder: Responder<ThreadAttachmentRemove>,
) {
    let removed = async {
        let id = known(&cx, &params.thread_id).await?;
        let store = cx.server.engine.store();
        let old = store
            .detach(id, params.attachment_type, params.identity_key)
            .await?;
        Ok::<_, RpcError>((id, old))
    };
    match removed.await {
        Ok((id, old)) => {
            responder.send(Ok(ThreadAttachmentRemoveResponse {}));
            if let Some(old) = old {
                tell(&cx, id, old, ThreadAttachmentOperation::Deleted);
            }
        }
        Err(error) => responder.send(Err(error)),
    }
}

/// Where a page of owners ends. The rest of the query is part of it, so that it can't be used for another one.
#[derive(Serialize, Deserialize)]
struct OwnerCursor {
    attachment_type: String,
    identity_key: String,
    archived: Option<bool>,
    thread_id: ThreadId,
}

async fn owners(
    cx: RequestContext,
    params: ThreadAttachmentOwnerListParams,
) -> RpcResult<ThreadAttachmentOwnerListResponse> {
    let ThreadAttachmentOwnerListParams {
        attachment_type,
        identity_key,
        archived,
        cursor,
        limit,
    } = params;
    let after = match cursor {
        None => None,
        Some(cursor) => {
            let cursor: OwnerCursor =
                serde_json::from_str(&cursor).map_err(|_| RpcError::params("invalid pagination cursor"))?;
            if cursor.attachment_type != attachment_type
                || cursor.identity_key != identity_key
                || cursor.archived != archived
            {
                return Err(RpcError::params("invalid pagination cursor"));
            }
            Some(cursor.thread_id)
        }
    };
    let limit = limit.map_or(PAGE, |limit| (limit as usize).clamp(1, PAGE));
    let store = cx.server.engine.store();
    let (owners, more) = store
        .attachment_owners(
            attachment_type.clone(),
            identity_key.clone(),
            archived,
            after,
            limit,
        )
        .await?;
    let next = owners.last().filter(|_| more).map(|(thread_id, _)| OwnerCursor {
        attachment_type,
        identity_key,
        archived,
        thread_id: *thread_id,
    });
    Ok(ThreadAttachmentOwnerListResponse {
        next_cursor: next.and_then(|cursor| serde_json::to_string(&cursor).ok()),
        data: owners
            .into_iter()
            .map(|(thread_id, archived)| ThreadAttachmentOwner {
                thread_id: thread_id.to_string(),
                archived,
            })
            .collect(),
    })
}

/// A thread that things can be attached to.
async fn known(cx: &RequestContext, id: &str) -> RpcResult<ThreadId> {
    let id = thread_id_param(id)?;
    let info = cx.server.engine.read_thread(id).await?;
    info.filter(|info| !info.ephemeral)
        .map(|_| id)
        .ok_or_else(|| RpcError::params(format!("thread not found: {id}")))
}

fn tell(cx: &RequestContext, id: ThreadId, attachment: Attachment, operation: ThreadAttachmentOperation) {
    let params = ThreadAttachmentUpdatedNotification {
        thread_id: id.to_string(),
        attachment_id: attachment.id,
        attachment_type: attachment.kind,
        identity_key: attachment.key,
        operation,
    };
    cx.server
        .subscriptions
        .broadcast::<ThreadAttachmentUpdated>(Some(id), &params);
}

fn to_wire(attachment: Attachment) -> ThreadAttachment {
    ThreadAttachment {
        id: attachment.id,
        attachment_type: attachment.kind,
        created_at: attachment.created_at,
        identity_key: attachment.key,
        payload: attachment.payload,
    }
}
