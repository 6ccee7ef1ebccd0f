//! The server: an engine, and what its connections share.

use std::sync::Arc;
use std::time::Duration;

use codex_core::auth::{AuthManager, AuthOptions, ExternalTokenProvider};
use codex_core::backend::Backend;
use codex_core::config::ConfigSource;
use codex_core::{Engine, EngineOptions, EventSink, ThreadHandle, ThreadId};
use tokio::runtime::Handle;

use super::external_tokens::TokenOwner;
use super::subscriptions::Subscriptions;
use crate::client::handle::Client;
use crate::handlers;
use crate::rpc::dispatch::Router;
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::scheduler::RequestScheduler;

/// One server. Any number of connections may share it.
pub struct Server {
    pub(crate) engine: Arc<Engine>,
    pub(crate) auth: Arc<AuthManager>,
    pub(crate) backend: Arc<Backend>,
    /// Asks for tokens that a client owns.
    pub(crate) token_owner: Arc<TokenOwner>,
    pub(crate) config: ConfigSource,
    pub(crate) subscriptions: Arc<Subscriptions>,
    pub(crate) scheduler: Arc<RequestScheduler>,
    pub(crate) router: Router,
    /// Where handlers run, also those that begin where another one ends.
    pub(crate) runtime: Handle,
}

impl Server {
    /// A server over this configuration. Call it within a tokio runtime. Reads and opens nothing yet.
    pub fn new(config: ConfigSource) -> Arc<Self> {
        Self::with_router(config, handlers::router())
    }

    pub(crate) fn with_router(config: ConfigSource, router: Router) -> Arc<Self> {
        let subscriptions = Subscriptions::new();
        let auth = AuthManager::with_options(AuthOptions::of_config(config.clone()));
        let token_owner = TokenOwner::new(&subscriptions);
        auth.set_external_token_provider(Arc::clone(&token_owner) as Arc<dyn ExternalTokenProvider>);
        let engine = Engine::new(EngineOptions {
            config: config.clone(),
            sink: Arc::clone(&subscriptions) as Arc<dyn EventSink>,
            auth: Arc::clone(&auth),
        });
        Arc::new(Self {
            engine,
            backend: Backend::new(Arc::clone(&auth)),
            auth,
            token_owner,
            config,
            subscriptions,
            scheduler: Arc::default(),
            router,
            runtime: Handle::current(),
        })
    }

    /// Ends all threads, within this time: turns are recorded as interrupted first, then children are ended.
    pub async fn shutdown(&self, within: Duration) {
        self.engine.shutdown(within).await;
    }

    /// Ends the subscription of a client. False if there was none.
    pub(crate) fn unwatch(&self, thread: ThreadId, client: &Client) -> bool {
        let ended = self.subscriptions.unwatch(thread, client);
        self.count_watchers(thread);
        ended
    }

    /// A connection has ended.
    pub(crate) fn disconnect(&self, client: &Client) {
        client.searches.cancel_all();
        for thread in self.subscriptions.disconnect(client) {
            self.count_watchers(thread);
        }
    }

    /// Tells a thread how many clients watch it.
    pub(crate) fn count_watchers(&self, id: ThreadId) {
        if let Some(thread) = self.engine.thread(id) {
            thread.set_subscribers(self.subscriptions.watchers(id));
        }
    }

    /// A loaded thread, by id as the client wrote it.
    pub(crate) fn thread(&self, id: &str) -> RpcResult<ThreadHandle> {
        let thread = self.engine.thread(parse_thread_id(id)?);
        thread.ok_or_else(|| RpcError::invalid(format!("thread not found: {id}")))
    }
}

/// The id of a thread, as the client wrote it.
pub(crate) fn parse_thread_id(id: &str) -> RpcResult<ThreadId> {
    id.parse()
        .map_err(|e| RpcError::invalid(format!("invalid thread id: {e}")))
}
