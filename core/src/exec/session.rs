//! One command from its start to its end.

use std::os::fd::OwnedFd;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::process::Child;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::group::Group;
use super::text::{HeadTail, Utf8Stream, pieces};
use crate::session::Outbox;
use crate::{CallStatus, DeltaKind, Item, ItemBody};

/// Output that is kept, bytes: of the whole command for its item, and since the last look for the model.
const KEPT: usize = 1024 * 1024;

/// Bytes of one delta at most.
const DELTA: usize = 8 * 1024;

/// Bytes of one read at most; also what a pipe holds at most.
const READ: usize = 64 * 1024;

/// How long the output of an ended command may pause while somebody else still holds its pipe.
const LINGER: Duration = Duration::from_millis(50);

/// A command that was started.
#[derive(Debug)]
pub(crate) struct Session {
    id: u32,
    item_id: Arc<str>,
    group: Group,
    stage: watch::Sender<Stage>,
    /// A lock between the task that reads and the calls that look. Held for copies in memory.
    seen: Mutex<Seen>,
}

/// How far a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Running,
    /// Ended, and its item is complete.
    Completed {
        exit_code: i32,
    },
}

#[derive(Debug)]
struct Seen {
    /// Output since the last look.
    fresh: HeadTail,
    last_look: Instant,
}

/// What a look at a command found.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// Output since the last look.
    pub(crate) text: String,
    /// Bytes of output since the last look, kept or not.
    pub(crate) bytes: usize,
    /// How long the look took.
    pub(crate) wall_time: Duration,
    /// Set when the command has ended.
    pub(crate) exit_code: Option<i32>,
    /// The look was cut short.
    pub(crate) cancelled: bool,
}

impl Session {
    pub(super) fn new(id: u32, item_id: Arc<str>, group: Group) -> Arc<Self> {
        Arc::new(Self {
            id,
            item_id,
            group,
            stage: watch::Sender::new(Stage::Running),
            seen: Mutex::new(Seen {
                fresh: HeadTail::new(KEPT),
                last_look: Instant::now(),
            }),
        })
    }

    /// The number that the model knows it by.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// The command's item.
    pub(crate) fn item_id(&self) -> &Arc<str> {
        &self.item_id
    }

    pub(super) fn last_look(&self) -> Instant {
        self.seen().last_look
    }

    /// Waits for the end, `patience`, or `cancel`, whichever comes first, and takes the output so far.
    pub(crate) async fn look(&self, patience: Duration, cancel: &CancellationToken) -> Chunk {
        let begin = Instant::now();
        self.seen().last_look = begin;
        let cancelled = tokio::select! {
            biased;
            () = self.completed() => false,
            () = cancel.cancelled() => true,
            () = tokio::time::sleep(patience) => false,
        };
        let fresh = std::mem::replace(&mut self.seen().fresh, HeadTail::new(KEPT));
        Chunk {
            bytes: fresh.total(),
            text: fresh.into_text(),
            wall_time: begin.elapsed(),
            exit_code: self.exit_code(),
            cancelled,
        }
    }

    /// Asks it to end, as Ctrl-C would.
    pub(crate) fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Ends it with all of its group: asks first, forces after `grace`. Resolves when its item is complete, or cannot
    /// be completed in time.
    pub(crate) async fn end(&self, grace: Duration) {
        let deadline = Instant::now() + grace;
        self.signal(Signal::TERM);
        let _ = timeout_at(deadline, self.completed()).await;
        if self.exit_code().is_none() {
            self.signal(Signal::KILL);
            // The item waits for those who read it; the caller doesn't wait for them.
            let _ = timeout(Duration::from_millis(200), self.completed()).await;
        } else if self.group.has_members() {
            // The command itself ended, some of its children ask for more time.
            let group = self.group;
            tokio::spawn(async move {
                sleep_until(deadline).await;
                group.signal(Signal::KILL);
            });
        }
    }

    /// The exit code, once the command has ended: 128 + n for signal n.
    pub(crate) fn exit_code(&self) -> Option<i32> {
        match *self.stage.borrow() {
            Stage::Running => None,
            Stage::Completed { exit_code } => Some(exit_code),
        }
    }

    /// Resolves when the command has ended and its item is complete.
    pub(super) async fn completed(&self) {
        let mut stage = self.stage.subscribe();
        // The sender lives as long as we do.
        let _ = stage.wait_for(|stage| *stage != Stage::Running).await;
    }

    fn signal(&self, signal: Signal) {
        // After its end the number of the group may be somebody else's.
        if self.exit_code().is_none() || self.group.has_members() {
            self.group.signal(signal);
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a command reports.
pub(super) struct Reporter {
    pub(super) outbox: Outbox,
    pub(super) turn_id: Arc<str>,
    /// As it was announced.
    pub(super) item: Item,
    pub(super) begin: Instant,
}

/// Follows a command: streams its output, completes its item, and stays until nobody holds its pipe any more, so that
/// what it left running can still write.
pub(super) async fn follow(session: Arc<Session>, mut child: Child, output: OwnedFd, report: Reporter) {
    let mut all = HeadTail::new(KEPT);
    let mut decoder = Utf8Stream::default();
    let mut pipe = match pipe::Receiver::from_owned_fd(output) {
        Ok(pipe) => Some(pipe),
        Err(error) => {
            tracing::warn!(%error, "the output of a command can't be read");
            None
        }
    };
    let mut buffer = vec![0; READ];
    let mut exit = None;
    // What an ended command wrote is all within one pipe's length.
    let mut left = READ;
    loop {
        let Some(open) = &mut pipe else {
            if exit.is_none() {
                exit = Some(child.wait().await);
            }
            break;
        };
        let linger = Instant::now() + LINGER;
        let text = tokio::select! {
            biased;
            status = child.wait(), if exit.is_none() => {
                exit = Some(status);
                continue;
            }
            read = open.read(&mut buffer) => match read {
                Ok(0) => {
                    pipe = None;
                    decoder.finish()
                }
                Ok(length) => {
                    if exit.is_some() {
                        left = left.saturating_sub(length);
                    }
                    Some(decoder.decode(&buffer[..length]))
                }
                Err(error) => {
                    tracing::warn!(%error, "the output of a command can't be read");
                    pipe = None;
                    decoder.finish()
                }
            },
            () = sleep_until(linger), if exit.is_some() => break,
        };
        for text in text
            .into_iter()
            .flat_map(|text| pieces(text, DELTA))
            .filter(|text| !text.is_empty())
        {
            all.push(&text);
            session.seen().fresh.push(&text);
            report.outbox.ready().await;
            report
                .outbox
                .delta(&report.turn_id, &session.item_id, DeltaKind::CommandOutput, text);
        }
        if left == 0 {
            break;
        }
    }
    let exit_code = exit_code(exit.as_ref());
    report.complete(all, exit_code).await;
    session.stage.send_replace(Stage::Completed { exit_code });
    drop((report, session));

    while let Some(open) = &mut pipe
        && open.read(&mut buffer).await.is_ok_and(|length| length > 0)
    {}
}

impl Reporter {
    async fn complete(&self, output: HeadTail, exit_code: i32) {
        let mut item = self.item.clone();
        if let ItemBody::CommandExecution(command) = &mut item.body {
            command.status = if exit_code == 0 {
                CallStatus::Completed
            } else {
                CallStatus::Failed
            };
            command.aggregated_output = Some(output.into_text()).filter(|text| !text.is_empty());
            command.exit_code = Some(exit_code);
            command.duration = Some(self.begin.elapsed());
        }
        self.outbox.item_completed(&self.turn_id, item).await;
    }
}

fn exit_code(exit: Option<&std::io::Result<ExitStatus>>) -> i32 {
    use std::os::unix::process::ExitStatusExt;

    match exit {
        Some(Ok(status)) => status
            .code()
            .or_else(|| status.signal().map(|signal| 128 + signal))
            .unwrap_or(-1),
        _ => -1,
    }
}
