//! Launchers of the sandbox that are told their command when they run already: forked from a process that is kept, and one
//! ahead, so that most of what a sandbox costs has been paid when the next command comes.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{sleep, timeout};

use crate::process::fork_server::ForkServer;
use crate::process::launcher::{Launched, Launcher, Output, Variables};
use crate::process::orphan_reaper_client::Mark;
use crate::process::waiting_child::WaitingChild;
use crate::sandbox::SandboxPlan;
use crate::sandbox::waiting::{self, ForkRequest, HeldNamespaces, MountTable};

/// How long what nobody needs is kept.
const KEPT: Duration = Duration::from_secs(60);

/// How long to wait for a launcher that is on its way. A machine that is so slow is not helped by another one.
const PATIENCE: Duration = Duration::from_secs(1);

/// A command that takes longer is not waited for before the next launcher is made ready.
const SHORT: Duration = Duration::from_millis(20);

/// So long after the end of a command, clients have been told of it.
const TOLD: Duration = Duration::from_millis(2);

/// One for the process. A lock, because commands of all threads come here; held for a few instructions, and for the start
/// of a fork server.
static LAUNCHERS: Mutex<Launchers> = Mutex::new(Launchers {
    server: None,
    next: None,
    timer: None,
});

/// Commands that begin, or have been running for less than [`SHORT`]. While there are any, nothing is made ready: it would
/// take a processor from them, and each of them sees to it later.
static YOUNG: AtomicUsize = AtomicUsize::new(0);

/// What is kept for the next command.
struct Launchers {
    /// A child belongs to the runtime that has started it.
    server: Option<(runtime::Id, Arc<ForkServer>)>,
    next: Option<Spare>,
    /// Gives up both when nobody has needed them for [`KEPT`].
    timer: Option<AbortHandle>,
}

/// A launcher that was forked ahead.
struct Spare {
    request: ForkRequest,
    /// What was mounted then; it does not see what was since.
    mounts: MountTable,
    making: Making,
    runtime: runtime::Id,
}

/// A launcher on its way to be ready.
type Making = JoinHandle<io::Result<Ready>>;

/// A launcher, in its namespaces once it is ready.
struct Ready {
    child: WaitingChild,
    /// `None`: it was not waited for.
    namespaces: Option<HeldNamespaces>,
}

/// A command of the sandbox that begins, for whose plan there are such launchers.
#[derive(Debug)]
pub(super) struct Beginning {
    request: ForkRequest,
    young: Young,
}

/// A command of the sandbox runs. To be dropped when it has ended: then, at the latest, the launcher for the next one is
/// made ready. To make one takes time of a processor, for which short commands would wait.
#[derive(Debug)]
pub(super) struct RunningCommand {
    _running: oneshot::Sender<Infallible>,
}

impl Beginning {
    /// `None`: no such launcher serves for this plan.
    pub(super) fn new(plan: &SandboxPlan) -> Option<Self> {
        Some(Self {
            request: plan.waiting_launcher()?,
            young: Young::new(),
        })
    }

    /// Starts a command by the launcher that was forked ahead, or a new one. `None`: that can't be done, and nothing of the
    /// command was. It reads something if `input`.
    pub(super) async fn start(
        &self,
        plan: &SandboxPlan,
        command: &[String],
        folder: &Path,
        variables: &[(OsString, OsString)],
        (output, input): (Output, bool),
    ) -> Option<(Launched, HeldNamespaces)> {
        let starting = async {
            let launcher = timeout(PATIENCE, self.launcher()).await??;
            let mark = launcher.child.mark().map(Mark::variable);
            let mark = mark.map(|(name, value)| (name.as_ref(), value.as_ref()));
            let variables = variables.iter().map(|(name, value)| (&**name, &**value));
            let message = plan.launcher_message(folder, command, variables.chain(mark));
            let mut told = launcher.child.tell(message, output, input).await?;
            let namespaces = match launcher.namespaces {
                Some(namespaces) => namespaces,
                None => {
                    // It goes on by itself, so this is not given up: an error means that it has ended without the command.
                    told.is_ready(waiting::READY).await?;
                    HeldNamespaces::of(told.id())
                }
            };
            io::Result::Ok((told.launched(), namespaces))
        };
        let started = starting.await;
        started
            .inspect_err(|error| {
                tracing::debug!(%error, "no launcher could be forked");
                launchers().server = None;
            })
            .ok()
    }

    async fn launcher(&self) -> io::Result<Ready> {
        let spare = launchers().take(self.request);
        if let Some(spare) = spare {
            return spare.await.map_err(io::Error::other)?;
        }
        let forking = launchers().fork(self.request)?;
        Ok(Ready {
            child: forking.await.map_err(io::Error::other)??,
            namespaces: None,
        })
    }

    /// It has been started, in these namespaces if that is known.
    pub(super) fn running(self, namespaces: Option<HeldNamespaces>) -> RunningCommand {
        let (running, mut ended) = oneshot::channel();
        let Self { request, young } = self;
        tokio::spawn(async move {
            if timeout(SHORT, &mut ended).await.is_ok() {
                drop(young);
                sleep(TOLD).await;
                launchers().prepare(request);
            } else {
                drop(young);
                launchers().prepare(request);
                // An error, for nothing is ever sent.
                let _ = ended.await;
            }
            drop(tokio::task::spawn_blocking(|| drop(namespaces)));
        });
        RunningCommand { _running: running }
    }
}

/// Counts among [`YOUNG`].
#[derive(Debug)]
struct Young;

impl Young {
    fn new() -> Self {
        YOUNG.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Young {
    fn drop(&mut self) {
        YOUNG.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Launchers {
    /// The launcher that was forked ahead, if there is one that serves.
    fn take(&mut self, request: ForkRequest) -> Option<Making> {
        let runtime = Handle::current().id();
        let spare = self
            .next
            .take_if(|spare| spare.request == request || spare.runtime != runtime)?;
        (spare.runtime == runtime && !spare.mounts.has_changed()).then_some(spare.making)
    }

    /// Has a launcher made ready for the next command, unless there is one, or others have to begin.
    fn prepare(&mut self, request: ForkRequest) {
        let runtime = Handle::current().id();
        let serves = |spare: &Spare| spare.request == request && spare.runtime == runtime;
        if YOUNG.load(Ordering::Relaxed) > 0 || self.next.as_ref().is_some_and(serves) {
            return;
        }
        let (Ok(mounts), Ok(forking)) = (MountTable::now(), self.fork(request)) else {
            return;
        };
        let making = tokio::spawn(async move {
            let mut child = forking.await.map_err(io::Error::other)??;
            child.is_ready(waiting::READY).await?;
            let namespaces = Some(HeldNamespaces::of(child.id()));
            Ok(Ready { child, namespaces })
        });
        self.next = Some(Spare {
            request,
            mounts,
            making,
            runtime,
        });
    }

    /// Has a launcher forked, by a task, so that it comes to its end whatever becomes of the command.
    fn fork(&mut self, request: ForkRequest) -> io::Result<JoinHandle<io::Result<WaitingChild>>> {
        let server = self.server()?;
        self.keep();
        Ok(tokio::spawn(async move { server.fork(request.encode()).await }))
    }

    fn server(&mut self) -> io::Result<Arc<ForkServer>> {
        let runtime = Handle::current().id();
        match &self.server {
            Some((owner, server)) if *owner == runtime => return Ok(Arc::clone(server)),
            _ => {}
        }
        let (program, arguments) = waiting::fork_server()?;
        let launcher = Launcher::new(program, arguments, Variables::Only(Vec::new()), Output::Stdout);
        let server = Arc::new(ForkServer::start(launcher.in_folder(Path::new("/")))?);
        self.server = Some((runtime, Arc::clone(&server)));
        Ok(server)
    }

    /// Keeps everything for some more time.
    fn keep(&mut self) {
        let timer = tokio::spawn(async {
            sleep(KEPT).await;
            let mut launchers = launchers();
            launchers.server = None;
            launchers.next = None;
        });
        if let Some(old) = self.timer.replace(timer.abort_handle()) {
            old.abort();
        }
    }
}

fn launchers() -> MutexGuard<'static, Launchers> {
    LAUNCHERS.lock().unwrap_or_else(PoisonError::into_inner)
}
