//! Our side of the guard: what it is to know, and that there is one.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::process::Child;

use super::group::Group;
use super::orphan_reaper::{MARK, ORPHAN_REAPER_ARGUMENT, Tell};
use crate::sys::process::{self, ProcessHandle, Signal};

/// A guard that ends sooner than this after its start is followed by another one only after this time.
const PAUSE: Duration = Duration::from_secs(1);

static ENABLED: AtomicBool = AtomicBool::new(false);

/// A lock, because children of all threads are registered over one pipe. Held for one short write, and for the start of
/// a guard.
static REGISTRY: Mutex<Registry> = Mutex::new(Registry {
    groups: BTreeSet::new(),
    guard: None,
    started: 0,
});

/// Lets the first child start a guard. Only for programs that call [`crate::process::orphan_reaper_main`] when they are given
/// [`ORPHAN_REAPER_ARGUMENT`] as their only argument.
pub fn enable_orphan_reaper() {
    ENABLED.store(true, Ordering::Relaxed);
}

/// What tells a child and its descendants from all others: a variable of its own.
#[derive(Debug, Clone)]
pub(crate) struct Mark(String);

impl Mark {
    /// Name and value.
    pub(crate) fn variable(&self) -> (&'static str, &str) {
        (MARK, &self.0)
    }

    /// As it stands in the environment.
    pub(super) fn entry(&self) -> String {
        format!("{MARK}={}", self.0)
    }
}

/// The mark of a new child; starts the guard if there is none. `None` if there is to be no guard.
pub(super) fn mark() -> Option<Mark> {
    static CHILDREN: AtomicU64 = AtomicU64::new(0);

    if !ENABLED.load(Ordering::Relaxed) {
        return None;
    }
    let mut registry = registry();
    if registry.guard.is_none() {
        registry.start();
    }
    let number = CHILDREN.fetch_add(1, Ordering::Relaxed);
    // Ours, a number, and an end, so that no mark is the beginning of another one.
    Some(Mark(format!("{}.{number}.", mark_value())))
}

/// One for the life of the process, whichever guard knows it.
fn mark_value() -> &'static str {
    static VALUE: OnceLock<String> = OnceLock::new();
    VALUE.get_or_init(|| uuid::Uuid::new_v4().simple().to_string())
}

/// A group that ends with us, and when this is dropped.
#[derive(Debug)]
pub(crate) struct Guarded(Group);

impl Guarded {
    /// Has the group ended when we end.
    pub(super) fn new(group: Group) -> Self {
        if ENABLED.load(Ordering::Relaxed) {
            let mut registry = registry();
            registry.groups.insert(group);
            if !registry.tell(Tell::Hold(group)) {
                registry.start();
            }
        }
        Self(group)
    }

    /// The group.
    pub(crate) fn group(&self) -> Group {
        self.0
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.0.signal(Signal::Kill);
        if ENABLED.load(Ordering::Relaxed) {
            let mut registry = registry();
            registry.groups.remove(&self.0);
            // A guard that doesn't hear it sees by itself that the group has ended.
            let _ = registry.tell(Tell::Release(self.0));
        }
    }
}

struct Registry {
    /// What a guard is to know.
    groups: BTreeSet<Group>,
    guard: Option<Guard>,
    /// Guards that were started so far.
    started: u64,
}

struct Guard {
    number: u64,
    /// Takes nothing when the guard has stopped to read, instead of making us wait.
    pipe: File,
    process: Option<ProcessHandle>,
}

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Registry {
    /// Tells the guard. False if there is none that listens.
    fn tell(&mut self, what: Tell<'_>) -> bool {
        // A line is written as a whole or not at all.
        let tell = |guard: &mut Guard| guard.pipe.write_all(what.line().as_bytes());
        self.guard.as_mut().is_some_and(|guard| tell(guard).is_ok())
    }

    /// Starts a guard, in place of the one that there may be, and tells it everything.
    fn start(&mut self) {
        if let Some(stuck) = self.guard.take() {
            stuck.kill();
        }
        match self.try_start() {
            Ok(guard) => self.guard = Some(guard),
            Err(error) => {
                tracing::warn!(%error, "no guard: commands may outlive this process if it is killed");
            }
        }
    }

    fn try_start(&mut self) -> io::Result<Guard> {
        let mut child = spawn()?;
        let pipe = child
            .stdin
            .take()
            .ok_or_else(|| io::Error::other("the guard has no standard input"))?;
        // A pipe that waits: all that there is to tell may be more than it holds.
        let mut pipe = process::input_pipe(pipe)?;
        pipe.write_all(Tell::Mark(mark_value()).line().as_bytes())?;
        for group in &self.groups {
            pipe.write_all(Tell::Hold(*group).line().as_bytes())?;
        }
        process::set_waiting(&pipe, false)?;
        self.started += 1;
        let process = child.id().and_then(ProcessHandle::of_child);
        tokio::spawn(watch(child, self.started));
        Ok(Guard {
            number: self.started,
            pipe,
            process,
        })
    }
}

impl Guard {
    /// Ends it at once: at the end of its pipe it would end what it guards.
    fn kill(self) {
        if let Some(process) = &self.process {
            process.kill();
        }
    }
}

fn spawn() -> io::Result<Child> {
    let mut command = process::own_program("codex-app-server")?;
    command
        .arg(ORPHAN_REAPER_ARGUMENT)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // What ends our session or group (Ctrl-C, the end of a terminal) must not end it before us.
    process::lead_session(&mut command)?;
    command.spawn()
}

/// Starts another guard when this one ends.
async fn watch(mut child: Child, number: u64) {
    let began = Instant::now();
    let ended = child.wait().await;
    let is_current = || {
        registry()
            .guard
            .as_ref()
            .is_some_and(|guard| guard.number == number)
    };
    if !is_current() {
        return;
    }
    tracing::warn!(
        ?ended,
        "the guard of our commands has ended; another one is started"
    );
    tokio::time::sleep(PAUSE.saturating_sub(began.elapsed())).await;
    if is_current() {
        registry().start();
    }
}
