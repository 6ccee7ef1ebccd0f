//! Threads for work that may block: one thread as long as it gets on, more while it is stuck.
//!
//! The file system of one piece of work may not answer for minutes; all others go on meanwhile.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Stack of a thread: they call nothing deep.
const STACK: usize = 256 << 10;
/// What has waited for longer than this is taken by a further thread.
pub(crate) const PATIENCE: Duration = Duration::from_millis(50);
/// So many threads at most.
const THREADS: usize = 64;
/// A further thread that has had nothing to do for this long ends.
const IDLE: Duration = Duration::from_secs(10);

/// Something that is worked on by one thread at a time, again and again.
pub(crate) trait Work: Send + Sync + 'static {
    /// Does what there is to do. Gives the time after which to look again, if that is of use.
    fn work(self: Arc<Self>) -> Option<Duration>;

    /// That time is over: submits itself, unless somebody works on it.
    fn again(self: Arc<Self>);
}

/// The threads. They start with the first work, and end when this is dropped and nothing waits.
pub(crate) struct Workers<W: Work> {
    shared: Arc<Shared<W>>,
}

struct Shared<W> {
    name: &'static str,
    /// Held for a few instructions, by those who have work and those who do it.
    state: Mutex<State<W>>,
    wake: Condvar,
}

struct State<W> {
    ready: VecDeque<(Instant, Arc<W>)>,
    later: Vec<(Instant, Weak<W>)>,
    threads: usize,
    idle: usize,
    closed: bool,
}

enum Next<W> {
    Do(Arc<W>),
    Again(Arc<W>),
}

impl<W: Work> Workers<W> {
    /// No thread yet.
    pub(crate) fn new(name: &'static str) -> Self {
        let state = Mutex::new(State {
            ready: VecDeque::new(),
            later: Vec::new(),
            threads: 0,
            idle: 0,
            closed: false,
        });
        Self {
            shared: Arc::new(Shared {
                name,
                state,
                wake: Condvar::new(),
            }),
        }
    }

    /// Has the work done soon. It must not be submitted again before it has begun.
    pub(crate) fn submit(&self, work: Arc<W>) {
        let mut state = self.shared.state();
        state.ready.push_back((Instant::now(), work));
        if state.threads == 0 {
            self.start(&mut state);
        } else {
            drop(state);
            self.shared.wake.notify_one();
        }
    }

    /// Called by those who wait for work: if all threads are stuck, a further one takes what waits.
    pub(crate) fn relieve(&self) {
        let mut state = self.shared.state();
        let overdue = state
            .ready
            .front()
            .is_some_and(|(since, _)| since.elapsed() > PATIENCE);
        if overdue && state.idle == 0 && state.threads < THREADS {
            self.start(&mut state);
        }
    }

    fn start(&self, state: &mut State<W>) {
        let shared = Arc::clone(&self.shared);
        let started = std::thread::Builder::new()
            .name(shared.name.into())
            .stack_size(STACK)
            .spawn(move || shared.run());
        match started {
            Ok(_) => state.threads += 1,
            Err(error) => tracing::error!(%error, "a thread that writes histories could not be started"),
        }
    }
}

impl<W: Work> Drop for Workers<W> {
    fn drop(&mut self) {
        self.shared.state().closed = true;
        self.shared.wake.notify_all();
    }
}

impl<W: Work> Shared<W> {
    fn state(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        while let Some(next) = self.next() {
            let work = match next {
                Next::Do(work) => work,
                Next::Again(work) => {
                    work.again();
                    continue;
                }
            };
            let again = Arc::downgrade(&work);
            // A fault costs the work that has it.
            let after = std::panic::catch_unwind(AssertUnwindSafe(|| work.work()));
            let Ok(after) = after else {
                tracing::error!("a thread that writes histories panicked");
                continue;
            };
            let mut state = self.state();
            let known = state.later.iter().any(|(_, other)| other.ptr_eq(&again));
            if let Some(after) = after.filter(|_| !known) {
                state.later.push((Instant::now() + after, again));
            }
        }
    }

    /// The next work; `None` if this thread is to end.
    fn next(&self) -> Option<Next<W>> {
        let mut state = self.state();
        let mut idle_since = None;
        loop {
            if let Some((_, work)) = state.ready.pop_front() {
                return Some(Next::Do(work));
            }
            let now = Instant::now();
            if let Some(due) = state.later.iter().position(|(at, _)| *at <= now) {
                if let Some(work) = state.later.swap_remove(due).1.upgrade() {
                    return Some(Next::Again(work));
                }
                continue;
            }
            let since = *idle_since.get_or_insert(now);
            let spare = state.threads > 1 && now.duration_since(since) >= IDLE;
            if state.closed || spare {
                state.threads -= 1;
                return None;
            }
            let wait = state.later.iter().map(|(at, _)| at.duration_since(now)).min();
            let wait = if state.threads > 1 {
                Some(wait.unwrap_or(IDLE).min(IDLE))
            } else {
                wait
            };
            state.idle += 1;
            state = match wait {
                Some(wait) => {
                    let woken = self.wake.wait_timeout(state, wait);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.wake.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
            state.idle -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Says its name, and waits until it may end.
    struct Step {
        name: &'static str,
        says: Sender<&'static str>,
        end: Mutex<Receiver<()>>,
    }

    impl Work for Step {
        fn work(self: Arc<Self>) -> Option<Duration> {
            self.says.send(self.name).expect("somebody listens");
            let _ = self.end.lock().expect("not poisoned").recv();
            None
        }

        fn again(self: Arc<Self>) {}
    }

    #[test]
    fn what_is_stuck_holds_up_nothing_else() {
        let workers = Workers::new("test");
        let (says, said) = channel();
        let submit = |name| {
            let (end, ending) = channel();
            workers.submit(Arc::new(Step {
                name,
                says: says.clone(),
                end: Mutex::new(ending),
            }));
            end
        };
        let stuck = submit("stuck");
        let patience = Duration::from_secs(20);
        assert_eq!(said.recv_timeout(patience), Ok("stuck"));
        drop(submit("next"));
        // Somebody waits for it.
        while said.recv_timeout(PATIENCE) != Ok("next") {
            workers.relieve();
        }
        drop(submit("last"));
        assert_eq!(said.recv_timeout(patience), Ok("last"));
        drop(stuck);
    }
}
