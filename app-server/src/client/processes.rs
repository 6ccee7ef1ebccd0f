//! The processes that one client runs, by the names that it gave them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use codex_core::{ProcessControl, ProcessControlled, ProcessSink, ProcessStream, Traffic};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::outgoing::Outgoing;

/// Processes that run.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    /// A lock, since processes begin and end in tasks of their own. Held for moments only.
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    named: HashMap<String, ProcessControl>,
    /// Those that have no name.
    anonymous: HashMap<u64, ProcessControl>,
    started: u64,
    /// The connection has ended.
    closed: bool,
}

/// A process that runs or is about to; dropping this tells that it has ended.
#[derive(Debug)]
pub(crate) struct RunningProcess {
    processes: Arc<Processes>,
    key: Key,
}

#[derive(Debug)]
enum Key {
    Named(String),
    Anonymous(u64),
}

impl Processes {
    /// A process is about to start. `None`: there is one of that name.
    pub(crate) fn begin(
        self: &Arc<Self>,
        name: Option<String>,
    ) -> Option<(RunningProcess, ProcessControlled)> {
        let (control, controlled) = ProcessControl::new();
        let mut running = self.lock();
        if running.closed {
            control.terminate();
        }
        let key = if let Some(name) = name {
            if running.named.contains_key(&name) {
                return None;
            }
            running.named.insert(name.clone(), control);
            Key::Named(name)
        } else {
            running.started += 1;
            let number = running.started;
            running.anonymous.insert(number, control);
            Key::Anonymous(number)
        };
        let process = RunningProcess {
            processes: Arc::clone(self),
            key,
        };
        Some((process, controlled))
    }

    /// The process of this name.
    pub(crate) fn get(&self, name: &str) -> Option<ProcessControl> {
        self.lock().named.get(name).cloned()
    }

    /// Ends all: nobody is there for them.
    pub(crate) fn end_all(&self) {
        let mut running = self.lock();
        running.closed = true;
        for control in running.named.values().chain(running.anonymous.values()) {
            control.terminate();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RunningProcess {
    fn drop(&mut self) {
        let mut running = self.processes.lock();
        match &self.key {
            Key::Named(name) => drop(running.named.remove(name)),
            Key::Anonymous(number) => drop(running.anonymous.remove(number)),
        }
    }
}

/// Passes on output to a client, as fast as it reads.
pub(crate) struct OutputSink<F> {
    outgoing: Arc<Outgoing>,
    tell: F,
}

impl<F> OutputSink<F> {
    /// `tell` queues a piece of output for the client.
    pub(crate) fn new(outgoing: Arc<Outgoing>, tell: F) -> Self {
        Self { outgoing, tell }
    }
}

impl<F: Fn(ProcessStream, &[u8], bool) + Send + Sync> ProcessSink for OutputSink<F> {
    fn output(&self, stream: ProcessStream, bytes: &[u8], cap_reached: bool) {
        (self.tell)(stream, bytes, cap_reached);
    }

    fn ready(&self) -> BoxFuture<'_, ()> {
        self.outgoing.drained(Traffic::Output).boxed()
    }
}
