//! The server: an engine, and what its connections share.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use codex_app_server_protocol::{SkillsChanged, SkillsChangedNotification};
use codex_core::auth::{AuthManager, AuthOptions, ExternalTokenProvider};
use codex_core::backend::Backend;
use codex_core::config::ConfigSource;
use codex_core::file_search::FileSearch;
use codex_core::file_watch::FileWatches;
use codex_core::{Engine, EngineOptions, StartThread, ThreadHandle, ThreadId};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::attestation::Attestations;
use crate::client::handle::Client;
use crate::events::publisher::Publisher;
use crate::events::running_turns::RunningTurns;
use crate::external_tokens::TokenOwner;
use crate::rpc::dispatch;
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::scheduler::RequestScheduler;
use crate::sessions::Sessions;
use crate::skill_lists::SkillLists;
use crate::subscriptions::Subscriptions;

/// The methods of a server, with their handlers.
pub(crate) type Router = dispatch::Router<RequestContext>;

/// Requests of all sockets that may be in progress; more are refused.
pub(crate) const SOCKET_SLOTS: usize = 4096;

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
    /// Paths that clients watch.
    pub(crate) file_watches: FileWatches,
    /// Folders that clients search.
    pub(crate) file_search: Arc<FileSearch>,
    /// Lists of skills that were written.
    pub(crate) skill_lists: Arc<SkillLists>,
    /// Clients that may come back.
    pub(crate) sessions: Sessions,
    /// Room for requests of all sockets.
    pub(crate) socket_slots: Arc<Semaphore>,
    /// Turns that run.
    pub(crate) running_turns: Arc<RunningTurns>,
    /// Name of the first client, which speaks for the process.
    pub(crate) originator: OnceLock<String>,
    /// Where handlers run, also those that begin where another one ends.
    pub(crate) runtime: Handle,
}

impl Server {
    /// A server over this configuration that knows these methods. Call it within a tokio runtime. Reads and opens
    /// nothing yet.
    pub(crate) fn new(config: ConfigSource, router: Router) -> Arc<Self> {
        let subscriptions = Subscriptions::new();
        let auth = AuthManager::with_options(AuthOptions::of_config(config.clone()));
        let token_owner = TokenOwner::new(&subscriptions);
        auth.set_external_token_provider(Arc::clone(&token_owner) as Arc<dyn ExternalTokenProvider>);
        auth.set_attestation_provider(Attestations::new(&subscriptions));
        let publisher = Publisher::new(Arc::clone(&subscriptions));
        let running_turns = publisher.running_turns();
        let engine = Engine::new(EngineOptions {
            config: config.clone(),
            sink: Arc::new(publisher),
            auth: Arc::clone(&auth),
        });
        let clients = Arc::downgrade(&subscriptions);
        engine.skills().on_change(move || {
            if let Some(clients) = clients.upgrade() {
                clients.broadcast::<SkillsChanged>(None, &SkillsChangedNotification {});
            }
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
            file_watches: FileWatches::default(),
            file_search: Arc::default(),
            skill_lists: Arc::default(),
            sessions: Sessions::default(),
            socket_slots: Arc::new(Semaphore::new(SOCKET_SLOTS)),
            running_turns,
            originator: OnceLock::new(),
            runtime: Handle::current(),
        })
    }

    /// Ends all threads, within this time: turns are recorded as interrupted first, then children are ended.
    pub async fn shutdown(&self, within: Duration) {
        self.engine.shutdown(within).await;
    }

    /// Subscribes a client to a thread.
    pub(crate) fn watch(&self, thread: ThreadId, client: &Arc<Client>) {
        self.subscriptions.watch(thread, client);
        self.count_watchers(thread);
    }

    /// Ends the subscription of a client. False if there was none.
    pub(crate) fn unwatch(&self, thread: ThreadId, client: &Client) -> bool {
        let ended = self.subscriptions.unwatch(thread, client);
        self.count_watchers(thread);
        ended
    }

    /// Ends the subscriptions of all clients.
    pub(crate) fn unwatch_all(&self, thread: ThreadId) {
        self.subscriptions.unwatch_all(thread);
        self.count_watchers(thread);
    }

    /// A connection has ended.
    pub(crate) fn disconnect(&self, client: &Client) {
        client.searches.cancel_all();
        client.files.end_all();
        client.commands.end_all();
        client.processes.end_all();
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
        let profile = self.client.profile();
        StartThread {
            originator: profile.map(|p| p.originator.clone()).unwrap_or_default(),
            user_agent: profile.map(|p| p.user_agent.clone()).unwrap_or_default(),
            ..StartThread::default()
        }
    }
}

/// The id of a thread, as the client wrote it.
pub(crate) fn parse_thread_id(id: &str) -> RpcResult<ThreadId> {
    id.parse()
        .map_err(|e| RpcError::invalid(format!("invalid thread id: {e}")))
}

/// As [`parse_thread_id`], for methods that count it among bad parameters.
pub(crate) fn thread_id_param(id: &str) -> RpcResult<ThreadId> {
    id.parse()
        .map_err(|e| RpcError::params(format!("invalid thread id: {e}")))
}
