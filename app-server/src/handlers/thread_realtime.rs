//! Voice in a thread (docs/contract/realtime.md). The thread does the work; what comes of it is told.

use codex_app_server_protocol::{
    ThreadRealtimeAppendAudio, ThreadRealtimeAppendAudioParams, ThreadRealtimeAppendAudioResponse,
    ThreadRealtimeAppendSpeech, ThreadRealtimeAppendSpeechParams, ThreadRealtimeAppendSpeechResponse,
    ThreadRealtimeAppendText, ThreadRealtimeAppendTextParams, ThreadRealtimeAppendTextResponse,
    ThreadRealtimeCoverage, ThreadRealtimeEntry, ThreadRealtimeList, ThreadRealtimeListParams,
    ThreadRealtimeListResponse, ThreadRealtimeListVoices, ThreadRealtimeListVoicesParams,
    ThreadRealtimeListVoicesResponse, ThreadRealtimeOrder, ThreadRealtimeStart, ThreadRealtimeStartParams,
    ThreadRealtimeStartResponse, ThreadRealtimeStop, ThreadRealtimeStopParams, ThreadRealtimeStopResponse,
};
use codex_core::history::{RealtimeCoverage, RealtimeQuery};
use codex_core::{Op, RealtimeInput, Reply, ThreadHandle};

use crate::convert::realtime;
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router, parse_thread_id};

/// Rows of a page where the client names no number.
const DEFAULT_LIMIT: u32 = 100;
/// And at most.
const MAX_LIMIT: u32 = 500;

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ThreadRealtimeStart, _, _>(start);
    router.on_deferred::<ThreadRealtimeAppendAudio, _, _>(append_audio);
    router.on_deferred::<ThreadRealtimeAppendText, _, _>(append_text);
    router.on_deferred::<ThreadRealtimeAppendSpeech, _, _>(append_speech);
    router.on_deferred::<ThreadRealtimeStop, _, _>(stop);
    router.on::<ThreadRealtimeList, _, _>(list);
    router.on::<ThreadRealtimeListVoices, _, _>(list_voices);
}

async fn start(
    cx: RequestContext,
    params: ThreadRealtimeStartParams,
    responder: Responder<ThreadRealtimeStart>,
) {
    match cx.server.thread(&params.thread_id) {
        Ok(thread) => thread.submit(Op::StartRealtime {
            start: Box::new(realtime::start_from_wire(params)),
            reply: responder.reply(|()| ThreadRealtimeStartResponse {}),
        }),
        Err(error) => responder.send(Err(error)),
    }
}

async fn append_audio(
    cx: RequestContext,
    params: ThreadRealtimeAppendAudioParams,
    responder: Responder<ThreadRealtimeAppendAudio>,
) {
    match cx.server.thread(&params.thread_id) {
        Ok(thread) => {
            let input = RealtimeInput::Audio(realtime::audio_from_wire(params.audio));
            append(
                &thread,
                input,
                responder.reply(|()| ThreadRealtimeAppendAudioResponse {}),
            );
        }
        Err(error) => responder.send(Err(error)),
    }
}

async fn append_text(
    cx: RequestContext,
    params: ThreadRealtimeAppendTextParams,
    responder: Responder<ThreadRealtimeAppendText>,
) {
    match cx.server.thread(&params.thread_id) {
        Ok(thread) => {
            let input = RealtimeInput::Text {
                role: realtime::role_from_wire(params.role),
                text: params.text,
            };
            append(
                &thread,
                input,
                responder.reply(|()| ThreadRealtimeAppendTextResponse {}),
            );
        }
        Err(error) => responder.send(Err(error)),
    }
}

async fn append_speech(
    cx: RequestContext,
    params: ThreadRealtimeAppendSpeechParams,
    responder: Responder<ThreadRealtimeAppendSpeech>,
) {
    match cx.server.thread(&params.thread_id) {
        Ok(thread) => {
            let input = RealtimeInput::Speech(params.text);
            append(
                &thread,
                input,
                responder.reply(|()| ThreadRealtimeAppendSpeechResponse {}),
            );
        }
        Err(error) => responder.send(Err(error)),
    }
}

fn append(thread: &ThreadHandle, input: RealtimeInput, reply: Reply<()>) {
    thread.submit(Op::AppendRealtime { input, reply });
}

async fn stop(
    cx: RequestContext,
    params: ThreadRealtimeStopParams,
    responder: Responder<ThreadRealtimeStop>,
) {
    match cx.server.thread(&params.thread_id) {
        Ok(thread) => thread.submit(Op::StopRealtime {
            reply: responder.reply(|()| ThreadRealtimeStopResponse {}),
        }),
        Err(error) => responder.send(Err(error)),
    }
}

async fn list(cx: RequestContext, params: ThreadRealtimeListParams) -> RpcResult<ThreadRealtimeListResponse> {
    let id = parse_thread_id(&params.thread_id)?;
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(RpcError::invalid("realtime page size must be between 1 and 500"));
    }
    if let (Some(from), Some(to)) = (params.from_observed_at_ms, params.to_observed_at_ms)
        && from >= to
    {
        return Err(RpcError::invalid(
            "realtime observation time range must be nonempty",
        ));
    }
    let query = RealtimeQuery {
        session_id: params.session_id,
        by_position: params.order == Some(ThreadRealtimeOrder::Position),
        after_position: params.after_position,
        from_observed_at_ms: params.from_observed_at_ms,
        to_observed_at_ms: params.to_observed_at_ms,
        item_id: params.event_id,
        required_through: params.required_through_position,
        snapshot_end: params.snapshot_end,
    };
    let page = cx
        .server
        .engine
        .realtime_items(id, query, params.cursor, limit as usize)
        .await?;
    Ok(ThreadRealtimeListResponse {
        data: page
            .items
            .into_iter()
            .map(|(position, item)| ThreadRealtimeEntry {
                position,
                item: realtime::kept_item(item),
            })
            .collect(),
        next_cursor: page.next_cursor,
        snapshot_end: page.snapshot_end,
        projected_through_item_index: page.read_through,
        coverage: match page.coverage {
            RealtimeCoverage::Unsupported => ThreadRealtimeCoverage::Unsupported,
            RealtimeCoverage::Pending => ThreadRealtimeCoverage::Pending,
            RealtimeCoverage::Ready => ThreadRealtimeCoverage::Ready,
        },
    })
}

async fn list_voices(
    _: RequestContext,
    _: ThreadRealtimeListVoicesParams,
) -> RpcResult<ThreadRealtimeListVoicesResponse> {
    Ok(ThreadRealtimeListVoicesResponse {
        voices: realtime::voices(),
    })
}
