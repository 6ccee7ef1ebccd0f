//! The table of methods, on jsonrpsee's [`RpcModule`]: from the name of a method and the text of its parameters to a
//! handler that knows types. Nothing of jsonrpsee is seen outside of this file.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use codex_app_server_protocol::rpc::decode_params;
use codex_app_server_protocol::{Request, experimental};
use codex_core::StartThread;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jsonrpsee::core::server::{ConnectionId, MethodCallback};
use jsonrpsee::types::{ErrorObjectOwned, Id, Params};
use jsonrpsee::{Extensions, RpcModule};
use serde_json::value::RawValue;

use super::error::{RpcError, RpcResult};
use super::responder::{PendingResponse, Responder};
use crate::client::handle::Client;
use crate::server::Server;

/// What a handler works with: the server, and the client that asks.
#[derive(Clone)]
pub(crate) struct RequestContext {
    /// The server.
    pub(crate) server: Arc<Server>,
    /// Who asks.
    pub(crate) client: Arc<Client>,
}

impl RequestContext {
    /// What a thread needs to know of the client that opens it.
    pub(crate) fn opener(&self) -> StartThread {
        let session = self.client.profile();
        StartThread {
            originator: session.map(|s| s.originator.clone()).unwrap_or_default(),
            user_agent: session.map(|s| s.user_agent.clone()).unwrap_or_default(),
            ..StartThread::default()
        }
    }
}

/// Every method that is answered, with its handler.
pub(crate) struct Router {
    module: RpcModule<()>,
}

/// One request on its way to its handler.
struct Call {
    cx: RequestContext,
    params: Option<Box<RawValue>>,
    answer: PendingResponse,
}

/// Carries a [`Call`] through jsonrpsee, whose extensions must be `Clone`. Taken out once.
#[derive(Clone)]
struct CallExtension(Arc<Mutex<Option<Call>>>);

impl Router {
    /// A router that knows no method.
    pub(crate) fn new() -> Self {
        Self {
            module: RpcModule::new(()),
        }
    }

    /// Registers a handler that answers with what it returns.
    pub(crate) fn on<M, F, Fut>(&mut self, handler: F)
    where
        M: Request,
        F: Fn(RequestContext, M::Params) -> Fut + Clone + Send + Sync + 'static,
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
        F: Fn(RequestContext, M::Params, Responder<M>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send,
    {
        let registered = self
            .module
            .register_async_method(M::METHOD, move |_, _, extensions| {
                let handler = handler.clone();
                async move {
                    let slot: Option<&CallExtension> = extensions.get();
                    let call =
                        slot.and_then(|slot| slot.0.lock().unwrap_or_else(PoisonError::into_inner).take());
                    if let Some(Call { cx, params, answer }) = call {
                        let responder = Responder::new(answer);
                        match read_params::<M>(&cx.client, params.as_deref()) {
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
        cx: RequestContext,
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
    if client.profile().is_some_and(|session| session.experimental) {
        return Ok(typed);
    }
    match experimental::first_use(M::METHOD, params) {
        Some(what) => Err(RpcError::invalid(format!(
            "{what} requires experimentalApi capability"
        ))),
        None => Ok(typed),
    }
}
