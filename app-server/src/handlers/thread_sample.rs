//! Questions to the model beside a thread (docs/contract/turns.md#samples).

use codex_app_server_protocol::{
    ThreadSample, ThreadSampleCancel, ThreadSampleCancelParams, ThreadSampleCancelResponse,
    ThreadSampleParams, ThreadSampleResponse,
};
use codex_core::{Op, SampleRequest};
use tokio_util::sync::CancellationToken;

use crate::client::searches::{Running, SearchKind};
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router, parse_thread_id};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<ThreadSample, _, _>(sample);
    router.on::<ThreadSampleCancel, _, _>(cancel);
}

async fn sample(cx: RequestContext, params: ThreadSampleParams, responder: Responder<ThreadSample>) {
    let running = responder
        .request_id()
        .map(|id| cx.client.searches.begin(SearchKind::Sample, id.clone()));
    let cancel = running
        .as_ref()
        .map_or_else(CancellationToken::new, Running::token);
    responder.send(answer(&cx, params, cancel).await);
}

async fn answer(
    cx: &RequestContext,
    params: ThreadSampleParams,
    cancel: CancellationToken,
) -> RpcResult<ThreadSampleResponse> {
    let id = parse_thread_id(&params.thread_id)?;
    let thread = cx.server.engine.thread(id);
    let thread = thread.ok_or_else(|| RpcError::invalid("thread/sample requires a loaded source"))?;
    let (reply, sampled) = codex_core::Reply::channel();
    thread.submit(Op::Sample {
        request: Box::new(SampleRequest {
            expected_turn_id: params.expected_turn_id,
            prompt: params.prompt,
            while_running: params.allow_in_progress_turn,
            without_mcp: params.disable_mcp,
            effort: params.effort.map(|effort| effort.0),
            client_metadata: params.responsesapi_client_metadata.unwrap_or_default(),
            turn_trigger: params.turn_trigger,
            cancel,
        }),
        reply,
    });
    let sample = sampled.await?;
    let usage = sample.usage.as_ref();
    Ok(ThreadSampleResponse {
        source_turn_id: sample.turn_id,
        response_id: sample.response_id,
        text: sample.text,
        input_tokens: usage.map(|usage| usage.input_tokens),
        cached_input_tokens: usage.map(|usage| usage.cached_input_tokens),
        output_tokens: usage.map(|usage| usage.output_tokens),
    })
}

async fn cancel(
    cx: RequestContext,
    params: ThreadSampleCancelParams,
) -> RpcResult<ThreadSampleCancelResponse> {
    cx.client.searches.cancel(SearchKind::Sample, &params.request_id);
    Ok(ThreadSampleCancelResponse {})
}
