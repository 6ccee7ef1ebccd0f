//! One command from its start to its end.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::input_limits::{InputLimits, StartedWith};
use super::output_limit::OutputLimit;
use super::spare::RunningCommand;
use super::text::{HeadTail, Utf8Stream, pieces};
use super::waiting::Timeouts;
use crate::outbox::Outbox;
use crate::process::child::Child;
use crate::process::end_in_background;
use crate::process::group::Group;
use crate::process::orphan_reaper_client::Mark;
use crate::process::remaining_output::RemainingOutput;
use crate::process::stdio::{ChildInput, ChildOutput};
use crate::sys::process::{Signal, exit_code as code_of};
use crate::{AdditionalPermissions, CallStatus, DeltaKind, Item, ItemBody, ThreadSettings, Traffic};

/// Output that is kept, bytes: of the whole command for its item, and since the last look for the model.
const KEPT: usize = 1024 * 1024;

/// Bytes of one delta at most.
const DELTA: usize = 8 * 1024;

/// Bytes of one read at most; also what a pipe holds at most.
const READ: usize = 64 * 1024;

/// The exit code that is told of a command that somebody has ended.
const ABORTED: i32 = -1;

/// A command that was started.
#[derive(Debug)]
pub(crate) struct CommandSession {
    id: u32,
    item_id: Arc<str>,
    /// Argument vector.
    command: Vec<String>,
    cwd: PathBuf,
    group: Group,
    mark: Option<Mark>,
    /// Where the model can write; `None` without a terminal, and once that is closed. A lock, because writing waits for
    /// the command, and calls of one turn run side by side.
    input: tokio::sync::Mutex<Option<ChildInput>>,
    has_terminal: bool,
    started_with: StartedWith,
    stage: watch::Sender<Stage>,
    /// The user does not want it any more: its item is complete as it stands.
    aborted: CancellationToken,
    /// Somebody has ended it.
    stopped: AtomicBool,
    timeouts: Timeouts,
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
    /// Its bytes as they came, kept or not.
    bytes: usize,
    last_look: Instant,
}

/// What a look at a command found.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// Output since the last look.
    pub(crate) text: String,
    /// Bytes of output since the last look as they came, kept or not.
    pub(crate) bytes: usize,
    /// Bytes that `text` lacks in its middle.
    omitted: usize,
    /// How long the look took.
    pub(crate) wall_time: Duration,
    /// Set when the command has ended.
    pub(crate) exit_code: Option<i32>,
    /// The look was cut short.
    pub(crate) cancelled: bool,
}

impl Chunk {
    /// What the model gets of the output within this limit.
    pub(crate) fn within(&self, limit: OutputLimit) -> String {
        limit.cut_rest(&self.text, self.bytes, self.omitted)
    }
}

impl CommandSession {
    pub(super) fn new(id: u32, item_id: Arc<str>, started: Started, timeouts: Timeouts) -> Arc<Self> {
        Arc::new(Self {
            id,
            item_id,
            command: started.command,
            cwd: started.cwd,
            group: started.group,
            mark: started.mark,
            has_terminal: started.input.is_some(),
            input: started.input.into(),
            started_with: started.with,
            stage: watch::Sender::new(Stage::Running),
            aborted: CancellationToken::new(),
            stopped: AtomicBool::new(false),
            timeouts,
            seen: Mutex::new(Seen {
                fresh: HeadTail::new(KEPT),
                bytes: 0,
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

    /// Argument vector.
    pub(crate) fn command(&self) -> &[String] {
        &self.command
    }

    /// How its limits compare with those that a new command would have with these settings.
    pub(crate) fn input_limits(
        &self,
        settings: &ThreadSettings,
        granted: &AdditionalPermissions,
    ) -> InputLimits {
        self.started_with.compare(settings, granted)
    }

    /// Working folder.
    pub(crate) fn cwd(&self) -> &PathBuf {
        &self.cwd
    }

    /// The process group.
    pub(super) fn group(&self) -> Group {
        self.group
    }

    /// Whether it runs in a terminal, where it can be written to.
    pub(crate) fn has_terminal(&self) -> bool {
        self.has_terminal
    }

    /// Types this at its terminal. Waits for the command to take it, at most until `cancel` or for `patience`; what it
    /// has not taken by then is lost.
    pub(crate) async fn write(
        &self,
        text: &str,
        patience: Duration,
        cancel: &CancellationToken,
    ) -> io::Result<()> {
        let writing = async {
            let mut input = self.input.lock().await;
            let input = input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
            input.write(text.as_bytes()).await
        };
        tokio::select! {
            biased;
            written = writing => written,
            () = cancel.cancelled() => Ok(()),
            () = tokio::time::sleep(patience) => Err(io::ErrorKind::TimedOut.into()),
        }
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
            () = self.timeouts.pass(patience) => false,
        };
        let (fresh, bytes) = {
            let mut seen = self.seen();
            let fresh = std::mem::replace(&mut seen.fresh, HeadTail::new(KEPT));
            (fresh, std::mem::take(&mut seen.bytes))
        };
        let (text, omitted) = fresh.into_parts();
        Chunk {
            text,
            bytes,
            omitted,
            wall_time: begin.elapsed(),
            exit_code: self.exit_code(),
            cancelled,
        }
    }

    /// Asks it to end, as Ctrl-C would.
    pub(crate) fn interrupt(&self) {
        self.signal(Signal::Interrupt);
    }

    /// Ends it with all that it started, whether that stayed in its group or not: asks first, forces after `grace`.
    /// Resolves when its item is complete, or cannot be completed in time.
    pub(crate) async fn end(&self, grace: Duration) {
        self.note_stop();
        // It goes on when nobody waits any more: children of a command that has ended itself may ask for their time.
        end_in_background(self.group, self.mark.as_ref(), grace);
        // The item waits for those who read it; the caller doesn't wait for them.
        let _ = timeout(grace + Duration::from_millis(200), self.completed()).await;
    }

    /// It is being ended: however it does, that was not its own doing.
    pub(super) fn note_stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Completes its item as one that the user has aborted, unless it has ended by then, and ends it as
    /// [`CommandSession::end`] does.
    pub(crate) async fn abort(&self, grace: Duration) {
        self.aborted.cancel();
        self.end(grace).await;
    }

    /// The exit code, once the command has ended: 128 + n for signal n, but 1 in a terminal; -1 where somebody has ended it.
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

    /// Its item is complete.
    pub(super) fn completed_with(&self, exit_code: i32) {
        self.stage.send_replace(Stage::Completed { exit_code });
    }

    /// What is told of this end, which has just come.
    fn told_code(&self, exit: &io::Result<ExitStatus>) -> i32 {
        let Ok(status) = exit else { return ABORTED };
        match status.code() {
            Some(0) => 0,
            _ if self.stopped.load(Ordering::Relaxed) => ABORTED,
            Some(code) => code,
            // As programs tell that run others in terminals.
            None if self.has_terminal => 1,
            None => code_of(*status).unwrap_or(ABORTED),
        }
    }

    fn signal(&self, signal: Signal) {
        self.group.signal(signal);
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A command as it was started.
#[derive(Debug)]
pub(super) struct Started {
    /// Argument vector.
    pub(super) command: Vec<String>,
    /// Working folder.
    pub(super) cwd: PathBuf,
    pub(super) group: Group,
    pub(super) mark: Option<Mark>,
    /// Its terminal.
    pub(super) input: Option<ChildInput>,
    pub(super) with: StartedWith,
}

/// Where a command reports.
#[derive(Clone)]
pub(super) struct Reporter {
    pub(super) outbox: Outbox,
    pub(super) turn_id: Arc<str>,
    /// As it was announced.
    pub(super) item: Item,
    pub(super) begin: Instant,
}

/// Follows a command: streams its output, completes its item when it has ended or is aborted, and stays until nobody holds
/// its pipe any more, so that what it left running can still write.
pub(super) async fn follow(
    session: Arc<CommandSession>,
    mut child: Child,
    output: ChildOutput,
    report: Reporter,
    running: Option<RunningCommand>,
) {
    let mut all = HeadTail::new(KEPT);
    let mut decoder = Utf8Stream::default();
    let mut pipe = Some(output);
    let mut buffer = vec![0; READ];
    let mut ended = None;
    loop {
        let Some(open) = &mut pipe else {
            if ended.is_none() {
                ended = tokio::select! {
                    biased;
                    status = child.wait() => Some((session.told_code(&status), RemainingOutput::of(None))),
                    () = session.aborted.cancelled() => None,
                };
            }
            break;
        };
        let until = ended.as_ref().map(|(_, rest)| rest.until());
        let text = tokio::select! {
            biased;
            status = child.wait(), if ended.is_none() => {
                ended = Some((session.told_code(&status), RemainingOutput::of(Some(open))));
                continue;
            }
            () = session.aborted.cancelled(), if ended.is_none() => break,
            read = open.read(&mut buffer) => match read {
                Ok(0) => {
                    pipe = None;
                    decoder.finish()
                }
                Ok(length) => {
                    if let Some((_, rest)) = &mut ended {
                        rest.read(length);
                    }
                    session.seen().bytes += length;
                    Some(decoder.decode(&buffer[..length]))
                }
                Err(error) => {
                    tracing::warn!(%error, "the output of a command can't be read");
                    pipe = None;
                    decoder.finish()
                }
            },
            () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => break,
        };
        for text in text
            .into_iter()
            .flat_map(|text| pieces(text, DELTA))
            .filter(|text| !text.is_empty())
        {
            all.push(&text);
            session.seen().fresh.push(&text);
            report.outbox.ready(Traffic::Output).await;
            report
                .outbox
                .delta(&report.turn_id, &session.item_id, DeltaKind::CommandOutput, text);
        }
        if ended.as_ref().is_some_and(|(_, rest)| rest.is_over()) {
            break;
        }
    }
    let exit_code = ended.as_ref().map_or(ABORTED, |(code, _)| *code);
    let output = if ended.is_some() {
        all.into_text()
    } else {
        aborted_output(all.into_text())
    };
    report.complete(output, exit_code).await;
    session.completed_with(exit_code);
    drop((report, session));

    let ending = async {
        if ended.is_none() {
            // Whatever comes of it has been told.
            let _ = child.wait().await;
        }
        drop(running);
    };
    let draining = async {
        while let Some(open) = &mut pipe
            && open.read(&mut buffer).await.is_ok_and(|length| length > 0)
        {}
    };
    tokio::join!(ending, draining);
}

/// The output of a command that the user has aborted.
pub(crate) fn aborted_output(mut output: String) -> String {
    if !output.is_empty() && !output.ends_with('\n') {
        output.push('\n');
    }
    output + "command aborted by user"
}

impl Reporter {
    /// Tells that the command has ended.
    pub(super) async fn complete(&self, output: String, exit_code: i32) {
        tracing::info!(
            exit_code,
            duration_ms = self.begin.elapsed().as_millis(),
            "command ended"
        );
        let mut item = self.item.clone();
        if let ItemBody::CommandExecution(command) = &mut item.body {
            command.status = if exit_code == 0 {
                CallStatus::Completed
            } else {
                CallStatus::Failed
            };
            command.aggregated_output = Some(output).filter(|text| !text.is_empty());
            command.exit_code = Some(exit_code);
            command.duration = Some(self.begin.elapsed());
        }
        self.outbox.item_completed(&self.turn_id, item).await;
    }
}
