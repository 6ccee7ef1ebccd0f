//! A thread that works on a part of each search.
//!
//! It waits between two of them, as it takes longer to begin one. It is kept away from the processor of whoever gives it
//! something to do: the system may put a thread there that is woken for a moment's work, even if others are idle, and then
//! it runs when that one is done. Where it has not begun by then, it needn't.

use std::io;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::query::Scorer;
use crate::search::{Part, Search};

/// Tells the system where the thread is to run.
pub trait HelperPlacement: Send + Sync {
    /// Called by the thread, first.
    fn register_current_thread(&self);

    /// The thread is about to be woken by the one that calls this, and is to run on another processor.
    fn avoid_current_processor(&self);
}

/// The thread. It ends when this is dropped, once it is done with what it was given.
pub(crate) struct Helper(Arc<Desk>);

/// What has become of a part.
pub(crate) enum Outcome {
    Done(Part),
    /// The thread had no time for it.
    NotBegun(Part),
    /// The thread has panicked.
    Failed,
}

/// Where both leave what the other one takes.
struct Desk {
    placement: Box<dyn HelperPlacement>,
    /// Held for moments.
    state: Mutex<State>,
    changed: Condvar,
}

enum State {
    Waiting,
    ToDo(Arc<Search>, Part),
    Working,
    Done(Part),
    /// Either side has gone.
    Gone,
}

/// The thread's side, until it ends.
struct ThreadSide(Arc<Desk>);

impl Helper {
    /// Begins the thread. Fails if the system has none.
    pub(crate) fn start(placement: Box<dyn HelperPlacement>) -> io::Result<Self> {
        let desk = Arc::new(Desk {
            placement,
            state: Mutex::new(State::Waiting),
            changed: Condvar::new(),
        });
        let side = ThreadSide(Arc::clone(&desk));
        thread::Builder::new()
            .name("file-search".to_owned())
            .spawn(move || side.work())?;
        Ok(Self(desk))
    }

    /// Gives it a part; what it was given before is [finished](Self::finish). The part comes back if the thread has gone.
    pub(crate) fn begin(&mut self, search: &Arc<Search>, part: Part) -> Result<(), Part> {
        if matches!(*self.0.lock(), State::Gone) {
            return Err(part);
        }
        self.0.placement.avoid_current_processor();
        *self.0.lock() = State::ToDo(Arc::clone(search), part);
        self.0.changed.notify_one();
        Ok(())
    }

    /// Waits for what it was given, if it has begun with it.
    pub(crate) fn finish(&mut self) -> Outcome {
        let mut state = self.0.wait_while(|state| matches!(state, State::Working));
        match mem::replace(&mut *state, State::Waiting) {
            State::Done(part) => Outcome::Done(part),
            State::ToDo(_, part) => Outcome::NotBegun(part),
            other => {
                *state = other;
                Outcome::Failed
            }
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        *self.0.lock() = State::Gone;
        self.0.changed.notify_one();
    }
}

impl ThreadSide {
    fn work(self) {
        let desk = &self.0;
        desk.placement.register_current_thread();
        let mut scorer = Scorer::default();
        loop {
            let is_idle = |state: &mut State| !matches!(state, State::ToDo(..) | State::Gone);
            let mut state = desk.wait_while(is_idle);
            let State::ToDo(search, part) = mem::replace(&mut *state, State::Working) else {
                return;
            };
            drop(state);
            let part = search.seek(part, &mut scorer, None);
            drop(search);
            let mut state = desk.lock();
            if matches!(*state, State::Gone) {
                return;
            }
            *state = State::Done(part);
            drop(state);
            desk.changed.notify_one();
        }
    }
}

impl Drop for ThreadSide {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        // What was not begun is taken back.
        if !matches!(*state, State::ToDo(..)) {
            *state = State::Gone;
        }
        drop(state);
        self.0.changed.notify_one();
    }
}

impl Desk {
    fn wait_while(&self, wait: impl FnMut(&mut State) -> bool) -> MutexGuard<'_, State> {
        self.changed
            .wait_while(self.lock(), wait)
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
