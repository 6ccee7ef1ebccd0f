//! A launcher that is ready before the next command of the sandbox is known: most of what a sandbox costs has been paid
//! when the command comes.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{sleep, timeout};

use crate::process::launcher::{Launched, Launcher, Output, Variables};
use crate::process::orphan_reaper_client::Mark;
use crate::process::waiting_child::WaitingChild;
use crate::sandbox::spare::{HeldNamespaces, MountTable};
use crate::sandbox::{SandboxPlan, spare};

/// How long one that nobody needs is kept.
const KEPT: Duration = Duration::from_secs(60);

/// How long to wait for one that is on its way. To start another one takes as long.
const PATIENCE: Duration = Duration::from_millis(50);

/// A command that takes longer is not waited for before the next launcher is made ready.
const SHORT: Duration = Duration::from_millis(20);

/// So long after the end of a command, clients have been told of it.
const TOLD: Duration = Duration::from_millis(2);

/// At most one for the process. A lock, because commands of all threads come here; held for a few instructions.
static NEXT: Mutex<Option<Spare>> = Mutex::new(None);

struct Spare {
    /// What was mounted when it was started; it does not see what was since.
    mounts: MountTable,
    /// Its output is ready when it is.
    making: JoinHandle<io::Result<(WaitingChild, Option<HeldNamespaces>)>>,
    /// A child belongs to the runtime that has started it.
    runtime: runtime::Id,
    /// Gives it up when nobody has needed it for [`KEPT`].
    timer: AbortHandle,
}

/// A command of the sandbox runs. To be dropped when it has ended: then, at the latest, the launcher for the next one is
/// made ready. To make one takes time of this thread and of a processor, for which short commands would wait.
#[derive(Debug)]
pub(super) struct RunningCommand {
    _running: oneshot::Sender<Infallible>,
}

impl RunningCommand {
    /// One that has just been started, in these namespaces if that is known.
    pub(super) fn new(namespaces: Option<HeldNamespaces>) -> Self {
        let (running, mut ended) = oneshot::channel();
        tokio::spawn(async move {
            if timeout(SHORT, &mut ended).await.is_ok() {
                sleep(TOLD).await;
                prepare();
            } else {
                prepare();
                // An error, for nothing is ever sent.
                let _ = ended.await;
            }
            drop(tokio::task::spawn_blocking(|| drop(namespaces)));
        });
        Self { _running: running }
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        self.timer.abort();
    }
}

/// Starts a command by the launcher that is ready, if there is one and it serves for this plan. The command reads
/// something if `input`.
pub(super) async fn start(
    plan: &SandboxPlan,
    command: &[String],
    folder: &Path,
    variables: &[(OsString, OsString)],
    (output, input): (Output, bool),
) -> Option<(Launched, Option<HeldNamespaces>)> {
    if !plan.fits_spare() {
        return None;
    }
    let mut spare = next().take()?;
    if spare.runtime != Handle::current().id() || spare.mounts.has_changed() {
        return None;
    }
    let ready = timeout(PATIENCE, &mut spare.making).await.ok()?.ok()?;
    let started = async {
        let (ready, namespaces) = ready?;
        let mark = ready.mark().map(Mark::variable);
        let mark = mark.map(|(name, value)| (name.as_ref(), value.as_ref()));
        let variables = variables.iter().map(|(name, value)| (&**name, &**value));
        let message = plan.spare_message(folder, command, variables.chain(mark));
        let launched = ready.tell(message, output, input).await?;
        io::Result::Ok((launched, namespaces))
    };
    started
        .await
        .inspect_err(|error| tracing::debug!(%error, "the launcher that was ready could not be used"))
        .ok()
}

/// Has a launcher made ready for the next command, unless there is one.
fn prepare() {
    let mut next = next();
    let runtime = Handle::current().id();
    if next.as_ref().is_some_and(|spare| spare.runtime == runtime) {
        return;
    }
    let Ok(mounts) = MountTable::now() else {
        return;
    };
    let timer = tokio::spawn(async {
        sleep(KEPT).await;
        *self::next() = None;
    });
    *next = Some(Spare {
        mounts,
        making: tokio::spawn(make()),
        runtime,
        timer: timer.abort_handle(),
    });
}

async fn make() -> io::Result<(WaitingChild, Option<HeldNamespaces>)> {
    let (program, arguments) = spare::command()?;
    let launcher = Launcher::new(program, arguments, Variables::Only(Vec::new()), Output::Stdout);
    let mut child = launcher.in_folder(Path::new("/")).spawn_waiting()?;
    child.is_ready(spare::READY).await?;
    let namespaces = child.id().map(HeldNamespaces::of);
    Ok((child, namespaces))
}

fn next() -> MutexGuard<'static, Option<Spare>> {
    NEXT.lock().unwrap_or_else(PoisonError::into_inner)
}
