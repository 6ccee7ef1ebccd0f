//! Which requests wait for each other (docs/contract/connection.md#order): those of one queue run one after the other, in the order
//! in which they were read; queues run side by side. A queue exists only while somebody is in it.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use codex_app_server_protocol::rpc::ScopeKey;
use codex_core::ThreadId;
use codex_core::history::RolloutName;

/// What queues are told apart by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum QueueKey {
    /// A thread, by its id however the client wrote it, or by the path of a file whose name tells the id.
    Thread(ThreadId),
    /// What a client takes for a thread's id. Refused soon enough.
    NoThread(String),
    /// A thread, by the path of its file.
    Path(String),
    /// A service of the whole process.
    Global(&'static str),
    /// Something that a connection has named.
    Handle(u64, String),
}

/// The queue of a request, and whether it may share it with others of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestQueue {
    key: QueueKey,
    shared: bool,
}

impl RequestQueue {
    /// The queue for what the contract says a request waits for.
    pub(crate) fn of(key: ScopeKey<'_>, connection: u64) -> Self {
        let (key, shared) = match key {
            ScopeKey::Thread(id) => match id.parse() {
                Ok(id) => (QueueKey::Thread(id), false),
                Err(_) => (QueueKey::NoThread(id.into_owned()), false),
            },
            ScopeKey::Path(path) => match named(&path) {
                Some(id) => (QueueKey::Thread(id), false),
                None => (QueueKey::Path(path.into_owned()), false),
            },
            ScopeKey::Global(name) => (QueueKey::Global(name), false),
            ScopeKey::GlobalRead(name) => (QueueKey::Global(name), true),
            ScopeKey::Handle(name) => (QueueKey::Handle(connection, name.into_owned()), false),
        };
        Self { key, shared }
    }
}

/// The thread that a file's name tells.
fn named(path: &str) -> Option<ThreadId> {
    let name = Path::new(path).file_name()?.to_str()?;
    Some(RolloutName::parse(name)?.id)
}

/// Begins the work of a request, and is given its ticket in the queue.
type Begin = Box<dyn FnOnce(QueueTicket) + Send>;

/// All queues of the process.
#[derive(Default)]
pub(crate) struct RequestScheduler {
    /// Shared by the connections, which enter, and by the tasks of the requests, which leave.
    busy: Mutex<HashMap<QueueKey, State>>,
}

#[derive(Default)]
struct State {
    running: usize,
    /// Those who run may share.
    shared: bool,
    waiting: VecDeque<(bool, Begin)>,
}

/// A ticket in a queue. Dropping it lets the next one begin.
pub(crate) struct QueueTicket {
    scheduler: Arc<RequestScheduler>,
    key: QueueKey,
}

impl RequestScheduler {
    /// Calls `begin` as soon as the queue is free: at once, or from where the last [`QueueTicket`] before is dropped.
    pub(crate) fn enter(
        self: &Arc<Self>,
        queue: RequestQueue,
        begin: impl FnOnce(QueueTicket) + Send + 'static,
    ) {
        let RequestQueue { key, shared } = queue;
        let mut busy = self.lock();
        let state = busy.entry(key.clone()).or_default();
        let free = state.running == 0 || (shared && state.shared && state.waiting.is_empty());
        if !free {
            state.waiting.push_back((shared, Box::new(begin)));
            return;
        }
        state.running += 1;
        state.shared = shared;
        drop(busy);
        begin(self.ticket(key));
    }

    /// Requests that wait for others.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().values().map(|state| state.waiting.len()).sum()
    }

    fn leave(self: &Arc<Self>, key: &QueueKey) {
        let mut next = Vec::new();
        let mut busy = self.lock();
        let Some(state) = busy.get_mut(key) else { return };
        state.running -= 1;
        while let Some((shared, _)) = state.waiting.front() {
            if state.running > 0 && !(*shared && state.shared) {
                break;
            }
            state.shared = *shared;
            state.running += 1;
            next.extend(state.waiting.pop_front());
        }
        if state.running == 0 {
            busy.remove(key);
        }
        drop(busy);
        for (_, begin) in next {
            begin(self.ticket(key.clone()));
        }
    }

    fn ticket(self: &Arc<Self>, key: QueueKey) -> QueueTicket {
        QueueTicket {
            scheduler: Arc::clone(self),
            key,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<QueueKey, State>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for QueueTicket {
    fn drop(&mut self) {
        self.scheduler.leave(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who has begun, and the places of those who have not ended.
    type Begun = Vec<(&'static str, Option<QueueTicket>)>;

    #[derive(Default, Clone)]
    struct Log(Arc<Mutex<Begun>>);

    impl Log {
        fn begin(&self, name: &'static str) -> impl FnOnce(QueueTicket) + Send + 'static {
            let log = self.clone();
            move |ticket| log.0.lock().unwrap().push((name, Some(ticket)))
        }

        fn end(&self, name: &str) {
            let ticket = self
                .0
                .lock()
                .unwrap()
                .iter_mut()
                .find(|(n, _)| *n == name)
                .unwrap()
                .1
                .take();
            drop(ticket.unwrap());
        }

        fn begun(&self) -> Vec<&'static str> {
            self.0.lock().unwrap().iter().map(|(name, _)| *name).collect()
        }
    }

    fn thread(id: &str) -> RequestQueue {
        RequestQueue::of(ScopeKey::Thread(id.into()), 0)
    }

    #[test]
    fn one_at_a_time_in_order_within_a_lane_and_side_by_side_across_lanes() {
        let (queues, log) = (Arc::<RequestScheduler>::default(), Log::default());
        queues.enter(thread("a"), log.begin("a1"));
        queues.enter(thread("a"), log.begin("a2"));
        queues.enter(thread("a"), log.begin("a3"));
        queues.enter(thread("b"), log.begin("b1"));
        assert_eq!(log.begun(), ["a1", "b1"]);
        log.end("a1");
        assert_eq!(log.begun(), ["a1", "b1", "a2"]);
        log.end("b1");
        log.end("a2");
        log.end("a3");
        assert!(queues.lock().is_empty(), "idle queues cost nothing");
    }

    #[test]
    fn readers_overlap_and_writers_do_not() {
        let (queues, log) = (Arc::<RequestScheduler>::default(), Log::default());
        let (read, write) = (ScopeKey::GlobalRead("config"), ScopeKey::Global("config"));
        let enter =
            |key: &ScopeKey<'static>, name| queues.enter(RequestQueue::of(key.clone(), 0), log.begin(name));
        enter(&read, "r1");
        enter(&read, "r2");
        enter(&write, "w1");
        enter(&read, "r3");
        enter(&read, "r4");
        assert_eq!(log.begun(), ["r1", "r2"], "r3 does not overtake the writer");
        log.end("r2");
        log.end("r1");
        assert_eq!(log.begun(), ["r1", "r2", "w1"]);
        log.end("w1");
        assert_eq!(log.begun(), ["r1", "r2", "w1", "r3", "r4"]);
        log.end("r3");
        log.end("r4");
        assert!(queues.lock().is_empty());
    }

    #[test]
    fn a_thread_has_one_lane_whatever_it_is_called() {
        let id = "01a1fb36-43f0-70b0-8793-fb14631a2f74";
        let path = format!("/home/me/.codex/sessions/2026/11/20/rollout-2026-11-20T23-06-39-{id}.jsonl");
        let queue = thread(id);
        assert_eq!(queue, thread(&id.to_uppercase()));
        assert_eq!(queue, RequestQueue::of(ScopeKey::Path(path.into()), 0));
        assert_ne!(queue, thread("no id"));
        assert_ne!(
            thread("no id"),
            RequestQueue::of(ScopeKey::Path("no id".into()), 0)
        );
    }

    #[test]
    fn handles_of_two_connections_are_two_lanes() {
        let key = || ScopeKey::Handle("watch".into());
        assert_ne!(RequestQueue::of(key(), 1), RequestQueue::of(key(), 2));
    }
}
