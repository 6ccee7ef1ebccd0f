//! Threads for work with files, which may hang.
//!
//! What is asked for at about the same time is done by one thread, one after the other: most of it takes microseconds,
//! which is less than it takes to wake a second thread. Where nothing was begun for [`SLOW_AFTER`], everything that waits
//! gets a thread of its own.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fmt, io};

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::FileError;

/// Threads that may be busy with, or stuck in, files of others at the same time.
const MAX_THREADS: usize = 64;

/// How long work waits for threads that are busy.
const SLOW_AFTER: Duration = Duration::from_millis(2);
/// How often work that waits looks for a thread at least.
const LOOK_EVERY: Duration = Duration::from_millis(16);

static THREADS: Threads = Threads::new();

/// Does blocking work on another thread, for at most `limit`. Work that is stuck longer is left to itself; what it
/// gives is dropped.
pub async fn in_background<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, FileError> {
    BackgroundWork::begin(work).within(limit).await
}

/// Work that another thread does. Dropping it takes the work back if it hasn't begun.
#[derive(Debug)]
pub(crate) struct BackgroundWork<T> {
    threads: &'static Threads,
    job: u64,
    done: oneshot::Receiver<Result<T, Box<dyn Any + Send>>>,
}

impl<T: Send + 'static> BackgroundWork<T> {
    /// Asks for it at once, whether anybody waits or not. Must be called within the runtime.
    pub(crate) fn begin(work: impl FnOnce() -> T + Send + 'static) -> Self {
        Self::begin_with(&THREADS, work)
    }

    fn begin_with(threads: &'static Threads, work: impl FnOnce() -> T + Send + 'static) -> Self {
        let (tell, done) = oneshot::channel();
        let job = threads.push(Box::new(move || {
            // Nobody may wait any more.
            let _ = tell.send(catch_unwind(AssertUnwindSafe(work)));
        }));
        Self { threads, job, done }
    }

    /// Waits for what comes of it, for at most `limit`.
    pub(crate) async fn within(mut self, limit: Duration) -> Result<T, FileError> {
        let done = async {
            let mut patience = SLOW_AFTER;
            loop {
                match timeout(patience, &mut self.done).await {
                    Ok(done) => return done,
                    Err(_) if self.threads.have_begun(self.job) => return (&mut self.done).await,
                    Err(_) => patience = LOOK_EVERY.min(patience * 2),
                }
            }
        };
        match timeout(limit, done).await {
            Ok(Ok(Ok(result))) => Ok(result),
            Ok(Ok(Err(_))) => Err(FileError::Io(io::Error::other("the work panicked"))),
            Ok(Err(_)) => Err(FileError::Io(io::Error::other("the program ends"))),
            Err(_) => Err(FileError::TimedOut(limit)),
        }
    }
}

impl<T> Drop for BackgroundWork<T> {
    fn drop(&mut self) {
        self.threads.take_back(self.job);
    }
}

/// The threads, and what waits for them.
#[derive(Debug)]
struct Threads(Mutex<State>);

#[derive(Debug)]
struct State {
    /// In the order of their numbers.
    waiting: VecDeque<Job>,
    last_job: u64,
    last_begun: u64,
    /// When a job was begun last.
    begun_at: Option<Instant>,
    count: usize,
    /// Of these, so many have not looked for a job yet.
    starting: usize,
}

struct Job {
    number: u64,
    run: Box<dyn FnOnce() + Send>,
}

impl Threads {
    const fn new() -> Self {
        Self(Mutex::new(State {
            waiting: VecDeque::new(),
            last_job: 0,
            last_begun: 0,
            begun_at: None,
            count: 0,
            starting: 0,
        }))
    }

    fn push(&'static self, run: Box<dyn FnOnce() + Send>) -> u64 {
        let mut state = self.lock();
        state.last_job += 1;
        let number = state.last_job;
        state.waiting.push_back(Job { number, run });
        self.attend(state);
        number
    }

    /// Whether a thread has taken the job. Sees to it that one will.
    fn have_begun(&'static self, job: u64) -> bool {
        let state = self.lock();
        if job <= state.last_begun {
            return true;
        }
        self.attend(state);
        false
    }

    fn take_back(&self, job: u64) {
        let mut state = self.lock();
        let place = state.waiting.binary_search_by_key(&job, |job| job.number);
        let taken_back = place.ok().and_then(|place| state.waiting.remove(place));
        // What the job holds may ask for the lock when it is dropped.
        drop(state);
        drop(taken_back);
    }

    /// Starts a thread for what waits if there is none, or all are slow, unless too many hang.
    fn attend(&'static self, mut state: MutexGuard<'_, State>) {
        if !state.needs_thread() {
            return;
        }
        if state.count == 0 {
            // It is about to begin something.
            state.begun_at = Some(Instant::now());
        }
        state.count += 1;
        state.starting += 1;
        // A runtime that ends drops the slot at once.
        drop(state);
        let slot = Slot {
            threads: self,
            is_starting: true,
        };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn_blocking(move || slot.serve());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn needs_thread(&self) -> bool {
        let are_slow = || {
            self.begun_at
                .is_none_or(|begun_at| begun_at.elapsed() >= SLOW_AFTER)
        };
        let enough_come = self.starting >= self.waiting.len();
        !enough_come && self.count < MAX_THREADS && (self.count == 0 || are_slow())
    }
}

/// A thread's place among the threads.
struct Slot {
    threads: &'static Threads,
    is_starting: bool,
}

impl Slot {
    /// Does what has waited longest, until nothing waits.
    fn serve(mut self) {
        loop {
            let mut state = self.threads.lock();
            if std::mem::take(&mut self.is_starting) {
                state.starting -= 1;
            }
            let Some(job) = state.waiting.pop_front() else {
                state.count -= 1;
                drop(state);
                // It has left under the lock, so that nobody counts on it.
                std::mem::forget(self);
                return;
            };
            state.last_begun = job.number;
            state.begun_at = Some(Instant::now());
            drop(state);
            (job.run)();
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.threads.lock();
        state.count -= 1;
        if self.is_starting {
            state.starting -= 1;
        }
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Job({})", self.number)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::super::READ_TIMEOUT;
    use super::*;

    #[tokio::test]
    async fn work_that_hangs_is_given_up_and_holds_up_nobody() {
        let (release, wait) = mpsc::channel::<()>();
        let stuck = BackgroundWork::begin(move || wait.recv());
        assert_eq!(in_background(READ_TIMEOUT, || 1).await.ok(), Some(1));
        let given_up = stuck.within(Duration::from_millis(10)).await;
        assert!(matches!(given_up, Err(FileError::TimedOut(_))));
        drop(release);
    }

    #[tokio::test]
    async fn work_that_panics_is_an_error_and_what_follows_is_done() {
        let failing = BackgroundWork::begin(|| panic!("on purpose"));
        let next = BackgroundWork::begin(|| 1);
        let failed: Result<(), _> = failing.within(READ_TIMEOUT).await;
        assert!(matches!(failed, Err(FileError::Io(_))));
        assert_eq!(next.within(READ_TIMEOUT).await.ok(), Some(1));
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_not_begun() {
        static ALONE: Threads = Threads::new();
        let (release, wait) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel::<()>();
        let slow = BackgroundWork::begin_with(&ALONE, move || wait.recv());
        drop(BackgroundWork::begin_with(&ALONE, move || tell.send(())));
        drop(release);
        assert!(slow.within(READ_TIMEOUT).await.is_ok());
        let after = BackgroundWork::begin_with(&ALONE, || 1).within(READ_TIMEOUT);
        assert_eq!(after.await.ok(), Some(1));
        assert!(told.recv().is_err(), "it ran though it was taken back");
    }

    #[test]
    fn a_runtime_that_ends_takes_no_place_along() {
        static ALONE: Threads = Threads::new();
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime")
        };
        for _ in 0..2 * MAX_THREADS {
            let runtime = runtime();
            runtime.block_on(async { drop(BackgroundWork::begin_with(&ALONE, thread::yield_now)) });
            runtime.shutdown_background();
        }
        let work = async {
            BackgroundWork::begin_with(&ALONE, || 1)
                .within(READ_TIMEOUT)
                .await
        };
        assert_eq!(runtime().block_on(work).ok(), Some(1));
    }
}
