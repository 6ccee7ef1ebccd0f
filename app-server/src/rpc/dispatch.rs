//! The table of methods, on jsonrpsee's [`RpcModule`]: from the name of a method and the text of its parameters to a
//! handler that knows types. Nothing of jsonrpsee is seen outside of this file.

use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use codex_app_server_protocol::rpc::decode_params;
use codex_app_server_protocol::{Request, experimental};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jsonrpsee::core::server::{ConnectionId, MethodCallback};
use jsonrpsee::types::{ErrorObjectOwned, Id, Params};
use jsonrpsee::{Extensions, RpcModule};
use serde_json::value::RawValue;

use super::error::{RpcError, RpcResult};
use super::responder::{PendingResponse, Responder};
use crate::client::handle::Client;

/// Every method that is answered, with its handler. Handlers are given a `C`: what they work with, and who asks.
pub(crate) struct Router<C> {
    module: RpcModule<()>,
    context: PhantomData<fn(C)>,
}

/// One request on its way to its handler.
struct Call<C> {
    cx: C,
    params: Option<Box<RawValue>>,
    answer: PendingResponse,
}

/// Carries a [`Call`] through jsonrpsee, whose extensions must be `Clone`. Taken out once.
struct CallExtension<C>(Arc<Mutex<Option<Call<C>>>>);

impl<C> Clone for CallExtension<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C: Send + 'static> Router<C> {
    /// A router that knows no method.
    pub(crate) fn new() -> Self {
        Self {
            module: RpcModule::new(()),
            context: PhantomData,
        }
    }

    /// Registers a handler that answers with what it returns.
    pub(crate) fn on<M, F, Fut>(&mut self, handler: F)
    where
        M: Request,
        F: Fn(C, M::Params) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = RpcResult<M::Response>> + Send,
    {
        self.on_deferred::<M, _, _>(move |cx, params, responder| {
            let handler = handler.clone();
            async move { responder.send(handler(cx, params).await) }
        });
    }

    /// Registers a handler that sees to it that the answer is given: for operations of threads, whose actors answer at
    /// the right point of the order of events.
    pub(crate) fn on_deferred<M, F, Fut>(&mut self, handler: F)
    where
        M: Request,
        F: Fn(C, M::Params, Responder<M>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send,
    {
        let registered = self
            .module
            .register_async_method(M::METHOD, move |_, _, extensions| {
                let handler = handler.clone();
                async move {
                    let slot: Option<&CallExtension<C>> = extensions.get();
                    let call =
                        slot.and_then(|slot| slot.0.lock().unwrap_or_else(PoisonError::into_inner).take());
                    if let Some(Call { cx, params, answer }) = call {
                        let params = read_params::<M>(answer.client(), params.as_deref());
                        let responder = Responder::new(answer);
                        match params {
                            Ok(params) => handler(cx, params, responder).await,
                            Err(error) => responder.send(Err(error)),
                        }
                    }
                    Ok::<_, ErrorObjectOwned>(())
                }
            });
        assert!(registered.is_ok(), "{} has two handlers", M::METHOD);
    }

    /// Whether there is a handler.
    pub(crate) fn knows(&self, method: &str) -> bool {
        self.module.method(method).is_some()
    }

    /// Names of all methods with a handler.
    #[cfg(test)]
    pub(crate) fn methods(&self) -> impl Iterator<Item = &'static str> {
        self.module.method_names()
    }

    /// Runs the handler. The request is answered when the future is done, or later by whom the handler has handed the
    /// duty to; a panic of the handler is logged and answered as an internal error.
    pub(crate) fn call(
        &self,
        method: &str,
        params: Option<Box<RawValue>>,
        cx: C,
        answer: PendingResponse,
    ) -> BoxFuture<'static, ()> {
        let Some((name, MethodCallback::Async(callback))) = self.module.method_with_name(method) else {
            return Box::pin(async {});
        };
        let mut extensions = Extensions::new();
        extensions.insert(CallExtension(Arc::new(Mutex::new(Some(Call {
            cx,
            params,
            answer,
        })))));
        let call = callback(
            Id::Null,
            Params::new(None),
            ConnectionId(0),
            usize::MAX,
            extensions,
        );
        Box::pin(async move {
            if AssertUnwindSafe(call).catch_unwind().await.is_err() {
                tracing::error!(method = name, "the handler panicked");
            }
        })
    }
}

/// Reads parameters, then looks whether this client may use all that is in them.
fn read_params<M: Request>(client: &Client, params: Option<&RawValue>) -> RpcResult<M::Params> {
    let typed = decode_params(params)?;
    if client.is_experimental() {
        return Ok(typed);
    }
    match experimental::first_use(M::METHOD, params) {
        Some(what) => Err(RpcError::invalid(format!(
            "{what} requires experimentalApi capability"
        ))),
        None => Ok(typed),
    }
}
