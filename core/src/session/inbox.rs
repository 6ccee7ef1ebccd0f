//! What reaches a running turn from outside: more words of the user, and its interruption.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::calls::Calls;
use super::history::ModelHistory;
use super::request::Request;
use super::user_shell::RunningShellCommand;
use crate::model::{ModelError, ResponseItem};
use crate::{ContextEntry, ThreadSettings, ToolOutput, UserInput};

/// Something for a running turn.
#[derive(Debug)]
pub(crate) enum TurnMessage {
    /// The user says more.
    Steer(TurnInput),
    /// Somebody says more, and does not want to cut what is being said for it.
    Queued(TurnInput),
    /// Items for the history.
    Inject {
        items: Vec<ResponseItem>,
        /// The turn does not end before the model has read them.
        is_urgent: bool,
    },
    /// Somebody wants to know the history as it is.
    Snapshot(oneshot::Sender<Vec<ResponseItem>>),
    /// Other settings for the rest of the turn.
    Settings(Box<NewTurnSettings>),
    /// The user has started a command.
    Shell(RunningShellCommand),
}

/// What a turn goes on with from its next request.
#[derive(Debug)]
pub(crate) struct NewTurnSettings {
    pub(crate) settings: Arc<ThreadSettings>,
    /// Without what was chosen for this turn only.
    pub(crate) request: Request,
    /// The service tier is among what changed.
    pub(crate) new_tier: bool,
}

/// What the user says.
#[derive(Debug, Default)]
pub(crate) struct TurnInput {
    pub(crate) input: Vec<UserInput>,
    pub(crate) client_id: Option<String>,
    pub(crate) additional_context: BTreeMap<String, ContextEntry>,
    /// Said by another agent.
    pub(crate) agent_message: Option<ResponseItem>,
    /// What a tool of the client gave.
    pub(crate) tool_output: Option<ToolOutput>,
    /// What the turn's next requests tell of the client, if that changed.
    pub(crate) metadata: Option<BTreeMap<String, String>>,
}

impl TurnInput {
    /// Whether nothing is said, and nothing changes.
    pub(crate) fn is_empty(&self) -> bool {
        self.input.is_empty()
            && self.additional_context.is_empty()
            && self.tool_output.is_none()
            && self.metadata.is_none()
    }
}

/// Why a request was given up.
pub(crate) enum StreamInterrupt {
    /// The turn is over.
    Interrupted,
    /// The user has said more.
    Steered,
    /// The request failed.
    Failed(Box<ModelError>),
}

/// What may reach a turn from outside while it waits for something.
pub(crate) struct TurnInbox {
    pub(crate) mail: mpsc::UnboundedReceiver<TurnMessage>,
    /// The turn is to stop.
    pub(crate) cancel: CancellationToken,
    /// It is not to wait for anything while it stops: the process ends.
    pub(crate) hurry: CancellationToken,
    /// Another turn takes its place at once: the model need not hear that it was stopped.
    pub(crate) replaced: CancellationToken,
    /// Taken out of the mailbox, not yet heard.
    pub(crate) waiting: Vec<TurnMessage>,
}

impl TurnInbox {
    /// Waits for a future, while tool calls go on, until the turn is interrupted or the user says more.
    pub(crate) async fn watch<T>(
        &mut self,
        calls: &mut Calls,
        what: impl Future<Output = T>,
    ) -> Result<T, StreamInterrupt> {
        let mut what = std::pin::pin!(what);
        loop {
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Err(StreamInterrupt::Interrupted),
                Some(mail) = self.mail.recv() => {
                    let steer = matches!(mail, TurnMessage::Steer(_));
                    self.waiting.push(mail);
                    if steer {
                        return Err(StreamInterrupt::Steered);
                    }
                }
                () = calls.next() => {
                    if calls.stopped() {
                        return Err(StreamInterrupt::Interrupted);
                    }
                }
                done = &mut what => return Ok(done),
            }
        }
    }

    /// Waits for a future until the turn is interrupted. What the user says meanwhile waits.
    pub(crate) async fn uninterrupted<T>(
        &mut self,
        what: impl Future<Output = T>,
    ) -> Result<T, StreamInterrupt> {
        let cancel = self.cancel.clone();
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(StreamInterrupt::Interrupted),
            done = what => Ok(done),
        }
    }

    /// Answers those who want to know the history. Nobody may be there any more.
    pub(crate) fn give_snapshots(&mut self, history: &ModelHistory) {
        let is_wanted = |mail: &mut TurnMessage| matches!(mail, TurnMessage::Snapshot(_));
        for mail in self.waiting.extract_if(.., is_wanted) {
            if let TurnMessage::Snapshot(answer) = mail {
                let _ = answer.send(history.snapshot());
            }
        }
    }

    pub(crate) fn take_mail(&mut self) {
        while let Ok(mail) = self.mail.try_recv() {
            self.waiting.push(mail);
        }
    }

    /// Whether there is something that the model is to read before the turn ends.
    pub(crate) fn has_urgent(&mut self) -> bool {
        let is_urgent = |mail: &TurnMessage| matches!(mail, TurnMessage::Inject { is_urgent: true, .. });
        self.has_steer() || self.waiting.iter().any(is_urgent)
    }

    /// Whether the user has said something that the model has not heard.
    pub(crate) fn has_steer(&mut self) -> bool {
        self.take_mail();
        self.waiting
            .iter()
            .any(|mail| matches!(mail, TurnMessage::Steer(_) | TurnMessage::Queued(_)))
    }
}
