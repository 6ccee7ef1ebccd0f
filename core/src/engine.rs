//! Starts and finds threads; owns the services that they share.

use std::sync::Arc;

use crate::auth::AuthManager;
use crate::config::{ConfigOverride, ConfigSource};
use crate::{EventSink, Op, Reply, SettingsPatch, ThreadId, ThreadInfo, ThreadSettings};

/// What an engine is made of.
pub struct EngineOptions {
    /// Where configuration comes from.
    pub config: ConfigSource,
    /// Takes the events of all threads.
    pub sink: Arc<dyn EventSink>,
    /// Accounts of this home.
    pub auth: Arc<AuthManager>,
}

/// What thread/start asks for.
#[derive(Debug, Clone, Default)]
pub struct StartThread {
    /// Settings that differ from the configuration.
    pub settings: SettingsPatch,
    /// Overrides of the configuration for this thread.
    pub config: Vec<ConfigOverride>,
    /// Replaces the built-in base instructions.
    pub base_instructions: Option<String>,
    /// Goes into the developer message.
    pub developer_instructions: Option<String>,
    /// Lives in memory only.
    pub ephemeral: bool,
    /// The client's word for where the thread comes from.
    pub thread_source: Option<String>,
    /// `originator`: name of the client.
    pub originator: String,
    /// `User-Agent` of the client.
    pub user_agent: String,
    /// Tools that the client offers, as the API takes them.
    pub raw_events: bool,
}

/// A thread that was just started, resumed or forked.
#[derive(Debug, Clone)]
pub struct StartedThread {
    /// The thread.
    pub info: ThreadInfo,
    /// Its settings.
    pub settings: ThreadSettings,
    /// Files that project instructions came from.
    pub instruction_sources: Vec<std::path::PathBuf>,
}

/// The engine of one process.
pub struct Engine {}

impl Engine {
    /// An engine. Reads nothing and opens nothing before it is asked to.
    pub fn new(_options: EngineOptions) -> Arc<Self> {
        todo!()
    }

    /// Starts a thread. `reply` is called before the thread's first event.
    pub async fn start_thread(&self, _start: StartThread, _reply: Reply<StartedThread>) {
        todo!()
    }

    /// A loaded thread.
    pub fn thread(&self, _id: ThreadId) -> Option<ThreadHandle> {
        todo!()
    }

    /// Ids of the loaded threads, oldest first.
    pub fn loaded(&self) -> Vec<ThreadId> {
        todo!()
    }

    /// Ends all threads: turns are recorded as interrupted, children killed, files synced. Bounded to 800 ms.
    pub async fn shutdown(&self) {
        todo!()
    }
}

/// A loaded thread.
#[derive(Debug, Clone)]
pub struct ThreadHandle {}

impl ThreadHandle {
    /// Its id.
    pub fn id(&self) -> ThreadId {
        todo!()
    }

    /// Hands an operation to the thread, in the order of the calls. If the thread has ended, the operation's reply
    /// is answered with an error.
    pub fn submit(&self, _op: Op) {
        todo!()
    }

    /// Tells how many clients watch the thread; with none it is unloaded after its idle time.
    pub fn set_subscribers(&self, _count: usize) {
        todo!()
    }
}
