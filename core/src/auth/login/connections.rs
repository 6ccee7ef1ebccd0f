//! The connections of a login listener: few at a time, so that nobody can use up the process's file descriptors.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::{AbortHandle, JoinSet};

/// Connections that may be open at a time. Browsers open up to six to one host.
pub(super) const MAX_CONNECTIONS: usize = 32;

/// Open connections, oldest first.
#[derive(Default)]
pub(super) struct Connections {
    tasks: JoinSet<()>,
    open: VecDeque<(AbortHandle, HeadRead)>,
}

/// Whether the head of a connection's request has come. One that has sent none may be given up for another.
#[derive(Debug, Clone, Default)]
pub(super) struct HeadRead(Arc<AtomicBool>);

impl HeadRead {
    /// It has come.
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Connections {
    /// Serves one more. If there are too many, the oldest that has asked for nothing yet is dropped, else the new one.
    pub(super) fn add<F>(&mut self, serve: impl FnOnce(HeadRead) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.open.retain(|(task, _)| !task.is_finished());
        if self.open.len() >= MAX_CONNECTIONS {
            let idle = self.open.iter().position(|(_, head_read)| !head_read.get());
            match idle.and_then(|at| self.open.remove(at)) {
                Some((task, _)) => task.abort(),
                None => {
                    return tracing::warn!("the login listener has too many connections; one was refused");
                }
            }
        }
        let head_read = HeadRead::default();
        let task = self.tasks.spawn(serve(head_read.clone()));
        self.open.push_back((task, head_read));
    }

    /// Resolves when a connection has ended; never if there is none.
    pub(super) async fn one_ended(&mut self) {
        if self.tasks.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Resolves when all have ended.
    pub(super) async fn all_ended(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}
