//! A launcher that is ready before the next command of the sandbox is known: most of what a sandbox costs has been paid
//! when the command comes.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::{self, Handle};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::timeout;

use crate::process::launcher::{Launched, Launcher, Output, Variables};
use crate::process::orphan_reaper_client::Mark;
use crate::process::waiting_child::WaitingChild;
use crate::sandbox::spare::MountTable;
use crate::sandbox::{SandboxPlan, spare};

/// How long one that nobody needs is kept.
const KEPT: Duration = Duration::from_secs(60);

/// How long to wait for one that is on its way. To start another one takes as long.
const PATIENCE: Duration = Duration::from_millis(50);

/// At most one for the process. A lock, because commands of all threads come here; held for a few instructions.
static NEXT: Mutex<Option<Spare>> = Mutex::new(None);

struct Spare {
    /// What was mounted when it was started; it does not see what was since.
    mounts: MountTable,
    /// Its output is ready when it is.
    making: JoinHandle<io::Result<WaitingChild>>,
    /// A child belongs to the runtime that has started it.
    runtime: runtime::Id,
    /// Gives it up when nobody has needed it for [`KEPT`].
    timer: AbortHandle,
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
) -> Option<Launched> {
    if !plan.fits_spare() {
        return None;
    }
    let mut spare = next().take()?;
    if spare.runtime != Handle::current().id() || spare.mounts.has_changed() {
        return None;
    }
    let ready = timeout(PATIENCE, &mut spare.making).await.ok()?.ok()?;
    let started = async {
        let ready = ready?;
        let mark = ready.mark().map(Mark::variable);
        let mark = mark.map(|(name, value)| (name.as_ref(), value.as_ref()));
        let variables = variables.iter().map(|(name, value)| (&**name, &**value));
        let message = plan.spare_message(folder, command, variables.chain(mark));
        ready.tell(message, output, input).await
    };
    started
        .await
        .inspect_err(|error| tracing::debug!(%error, "the launcher that was ready could not be used"))
        .ok()
}

/// Has a launcher made ready for the next command, unless there is one.
pub(super) fn prepare() {
    let mut next = next();
    let runtime = Handle::current().id();
    if next.as_ref().is_some_and(|spare| spare.runtime == runtime) {
        return;
    }
    let Ok(mounts) = MountTable::now() else {
        return;
    };
    let timer = tokio::spawn(async {
        tokio::time::sleep(KEPT).await;
        *self::next() = None;
    });
    *next = Some(Spare {
        mounts,
        making: tokio::spawn(make()),
        runtime,
        timer: timer.abort_handle(),
    });
}

async fn make() -> io::Result<WaitingChild> {
    let (program, arguments) = spare::command()?;
    let launcher = Launcher::new(program, arguments, Variables::Only(Vec::new()), Output::Stdout);
    let mut child = launcher.in_folder(Path::new("/")).spawn_waiting()?;
    child.is_ready(spare::READY).await?;
    Ok(child)
}

fn next() -> MutexGuard<'static, Option<Spare>> {
    NEXT.lock().unwrap_or_else(PoisonError::into_inner)
}
