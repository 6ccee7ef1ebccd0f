//! What a thread asks its clients: whether something may be done, what the user answers, and to carry out tool calls.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{Outbox, Waiting};
use crate::{
    AdditionalPermissions, ApprovalDecision, ClientToolCall, ClientToolReply, CommandAction, CommandApproval,
    Event, FileChangeApproval, Item, McpAnswer, McpElicitation, McpElicitationKind, PermissionGrant,
    PermissionsApproval, UserAnswers, UserInputRequest, UserQuestion, new_request_id, now_ms,
};

/// A question whether a command may run: [`CommandApproval`] without its number and sender.
#[derive(Debug)]
pub(crate) struct CommandQuestion {
    /// Its turn.
    pub(crate) turn_id: Arc<str>,
    /// The command's item.
    pub(crate) item_id: Arc<str>,
    /// The item, if it has not been announced: it is started between the change of the status and the question, and completed
    /// as declined, unless the command may run, before the status changes again.
    pub(crate) item: Option<Item>,
    /// See [`CommandApproval::input_call`].
    pub(crate) input_call: Option<Arc<str>>,
    /// The model's justification, or the rule's.
    pub(crate) reason: Option<String>,
    /// Argument vector.
    pub(crate) command: Vec<String>,
    /// Working folder.
    pub(crate) cwd: std::path::PathBuf,
    /// What its parts do.
    pub(crate) actions: Vec<CommandAction>,
    /// A rule that would allow it in future.
    pub(crate) proposed_rule: Option<Vec<String>>,
    /// What it would be allowed beyond its sandbox.
    pub(crate) additional_permissions: Option<AdditionalPermissions>,
}

/// A question whether the model may have permissions: [`PermissionsApproval`] without its number and sender.
#[derive(Debug)]
pub(crate) struct PermissionsQuestion {
    /// Its turn.
    pub(crate) turn_id: Arc<str>,
    /// Id of the call.
    pub(crate) item_id: Arc<str>,
    /// Why, in the model's words.
    pub(crate) reason: Option<String>,
    /// Working folder of the turn.
    pub(crate) cwd: std::path::PathBuf,
    /// What it asks for.
    pub(crate) permissions: AdditionalPermissions,
}

/// A call of a tool that the client carries out: [`ClientToolCall`] without its number and sender.
#[derive(Debug)]
pub(crate) struct ClientToolQuestion {
    /// Its turn.
    pub(crate) turn_id: Arc<str>,
    /// The model's id of the call.
    pub(crate) call_id: String,
    /// Namespace of the tool.
    pub(crate) namespace: Option<String>,
    /// Name of the tool.
    pub(crate) tool: String,
    /// Arguments.
    pub(crate) arguments: serde_json::Value,
}

/// A question about an MCP server, or of one: [`McpElicitation`] without its number and sender.
#[derive(Debug)]
pub(crate) struct McpQuestion {
    /// Its turn.
    pub(crate) turn_id: Option<Arc<str>>,
    /// The server.
    pub(crate) server: String,
    /// `_meta`
    pub(crate) meta: serde_json::Value,
    /// What is asked.
    pub(crate) kind: McpElicitationKind,
}

impl Outbox {
    /// Asks whether a command may run, and waits for the answer as long as it takes. If the future is dropped, or `cancel`
    /// comes first, the question is withdrawn; `None` then.
    pub(crate) async fn approve_command(
        &self,
        question: CommandQuestion,
        cancel: &CancellationToken,
    ) -> Option<ApprovalDecision> {
        let CommandQuestion {
            turn_id,
            item_id,
            item,
            input_call,
            reason,
            command,
            cwd,
            actions,
            proposed_rule,
            additional_permissions,
        } = question;
        let (turn, declined) = (Arc::clone(&turn_id), item.clone());
        let started = item.map(|item| (Arc::clone(&turn_id), item));
        let answered = self.ask_open(Waiting::Approval, started, |approval, answer| {
            Event::CommandApproval(Box::new(CommandApproval {
                approval,
                turn_id,
                item_id,
                input_call,
                started_at_ms: now_ms(),
                reason,
                command,
                cwd,
                actions,
                proposed_rule,
                additional_permissions,
                answer,
            }))
        });
        let (decision, open) = tokio::select! {
            biased;
            () = cancel.cancelled() => return None,
            answered = answered => answered,
        };
        let decision = decision.unwrap_or(ApprovalDecision::Failed);
        if !decision.allows()
            && let Some(mut item) = declined
        {
            item.body.decline();
            self.item_completed(&turn, item).await;
        }
        drop(open);
        Some(decision)
    }

    /// Asks whether files may be changed as an item says that has been told. Waits as [`Self::ask`] does.
    pub(crate) async fn approve_file_change(&self, turn_id: &Arc<str>, item_id: &str) -> ApprovalDecision {
        let (turn_id, item_id) = (Arc::clone(turn_id), item_id.into());
        let decision = self.ask(Waiting::Approval, None, |approval, answer| {
            Event::FileChangeApproval(Box::new(FileChangeApproval {
                approval,
                turn_id,
                item_id,
                started_at_ms: now_ms(),
                answer,
            }))
        });
        decision.await.unwrap_or(ApprovalDecision::Failed)
    }

    /// Asks the user questions of the model. Waits as [`Self::ask`] does. `None`: nobody could answer.
    pub(crate) async fn ask_user(
        &self,
        turn_id: &Arc<str>,
        call_id: &str,
        questions: Vec<UserQuestion>,
    ) -> Option<UserAnswers> {
        let (turn_id, call_id) = (Arc::clone(turn_id), call_id.to_owned());
        self.ask(Waiting::UserInput, None, |request, answer| {
            Event::UserInput(Box::new(UserInputRequest {
                request,
                turn_id,
                call_id,
                questions,
                answer,
            }))
        })
        .await
    }

    /// Asks for permissions. Waits as [`Self::ask`] does.
    pub(crate) async fn request_permissions(&self, question: PermissionsQuestion) -> PermissionGrant {
        let PermissionsQuestion {
            turn_id,
            item_id,
            reason,
            cwd,
            permissions,
        } = question;
        let grant = self.ask(Waiting::Approval, None, |approval, answer| {
            Event::PermissionsApproval(Box::new(PermissionsApproval {
                approval,
                turn_id,
                item_id,
                started_at_ms: now_ms(),
                reason,
                cwd,
                permissions,
                answer,
            }))
        });
        grant.await.unwrap_or_default()
    }

    /// Asks what an MCP server, or a call of it, wants to know. Waits as [`Self::ask`] does. `None`: nobody could
    /// answer.
    pub(crate) async fn ask_for_mcp(&self, question: McpQuestion) -> Option<McpAnswer> {
        let McpQuestion {
            turn_id,
            server,
            meta,
            kind,
        } = question;
        self.ask(Waiting::Approval, None, |request, answer| {
            Event::McpElicitation(Box::new(McpElicitation {
                request,
                turn_id,
                server,
                meta,
                kind,
                answer,
            }))
        })
        .await
    }

    /// Asks a question, and waits for its answer. `None`: there will be none. An item that is given is started between
    /// the change of the status and the question.
    async fn ask<T>(
        &self,
        waiting: Waiting,
        started: Option<(Arc<str>, Item)>,
        question: impl FnOnce(i64, oneshot::Sender<T>) -> Event,
    ) -> Option<T> {
        self.ask_open(waiting, started, question).await.0
    }

    /// The same; the thread's status says that it waits as long as the question is kept.
    async fn ask_open<T>(
        &self,
        waiting: Waiting,
        started: Option<(Arc<str>, Item)>,
        question: impl FnOnce(i64, oneshot::Sender<T>) -> Event,
    ) -> (Option<T>, OpenQuestion) {
        let (answer, decision) = oneshot::channel();
        let mut open = OpenQuestion::new(self, waiting);
        if let Some((turn_id, item)) = started {
            self.item_started(&turn_id, item);
        }
        self.emit(question(open.approval, answer));
        let decision = decision.await.ok();
        open.answered = true;
        (decision, open)
    }

    /// Has the client carry out a tool call. If the future is dropped, the request is withdrawn.
    pub(crate) async fn call_client_tool(&self, call: ClientToolQuestion) -> ClientToolReply {
        let (answer, reply) = oneshot::channel();
        let mut open = OpenRequest {
            outbox: self.clone(),
            request: new_request_id(),
            answered: false,
        };
        let ClientToolQuestion {
            turn_id,
            call_id,
            namespace,
            tool,
            arguments,
        } = call;
        self.emit(Event::ClientToolCall(Box::new(ClientToolCall {
            request: open.request,
            turn_id,
            call_id,
            namespace,
            tool,
            arguments,
            answer,
        })));
        let reply = reply.await.unwrap_or(ClientToolReply::Failed);
        open.answered = true;
        reply
    }

    /// Withdraws a request: at once, or after the end of the turn that is being stopped.
    pub(super) fn withdraw(&self, approval: i64) {
        let mut state = self.state();
        if state.stopping {
            state.withdrawn.push(approval);
        } else {
            drop(state);
            self.emit(Event::ApprovalWithdrawn { approval });
        }
    }
}

/// A question that waits for its answer; the thread's status says so as long as this lives.
struct OpenQuestion {
    outbox: Outbox,
    waiting: Waiting,
    approval: i64,
    answered: bool,
}

impl OpenQuestion {
    fn new(outbox: &Outbox, waiting: Waiting) -> Self {
        outbox.change_status(|state| *state.open(waiting) += 1);
        Self {
            outbox: outbox.clone(),
            waiting,
            approval: new_request_id(),
            answered: false,
        }
    }
}

impl Drop for OpenQuestion {
    fn drop(&mut self) {
        if !self.answered {
            self.outbox.withdraw(self.approval);
        }
        let waiting = self.waiting;
        self.outbox.change_status(|state| *state.open(waiting) -= 1);
    }
}

/// A request that waits for its answer, and that the thread's status says nothing of.
struct OpenRequest {
    outbox: Outbox,
    request: i64,
    answered: bool,
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        if !self.answered {
            self.outbox.withdraw(self.request);
        }
    }
}
