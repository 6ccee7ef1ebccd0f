//! A loaded thread, as others reach it.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::agents::ThreadAgents;
use crate::exec::ExecSessions;
use crate::goal_tracker::GoalTracker;
use crate::history::ThreadLog;
use crate::hooks::ThreadHooks;
use crate::mcp::ThreadMcp;
use crate::outbox::Outbox;
use crate::session::{Mail, MessageQueue, ThreadMessage};
use crate::{BackgroundTerminal, Error, Op, Reply, ThreadId, instructions};

/// A loaded thread.
#[derive(Debug, Clone)]
pub struct ThreadHandle {
    pub(super) id: ThreadId,
    pub(super) mail: mpsc::UnboundedSender<Mail>,
    pub(super) outbox: Outbox,
    pub(super) exec: Arc<ExecSessions>,
    pub(super) agents: Arc<ThreadAgents>,
    pub(super) goals: Arc<GoalTracker>,
    pub(super) queue: Arc<MessageQueue>,
    pub(super) hooks: Arc<ThreadHooks>,
    pub(super) mcp: Arc<ThreadMcp>,
}

impl ThreadHandle {
    /// Its id.
    pub fn id(&self) -> ThreadId {
        self.id
    }

    /// Where its history is written.
    pub(crate) fn log(&self) -> &ThreadLog {
        self.outbox.log()
    }

    /// Its way out.
    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Its side of the agents.
    pub(crate) fn agents(&self) -> &ThreadAgents {
        &self.agents
    }

    /// Hands an operation of a client to the thread, in the order of the calls. If the thread has ended, the operation's
    /// reply is answered with an error; so is input for an agent that only other agents speak to.
    pub fn submit(&self, op: Op) {
        if self.agents.place.is_path_agent() {
            self.deliver_without_input(op);
        } else {
            self.deliver(op);
        }
    }

    fn deliver_without_input(&self, op: Op) {
        let refused = Error::NoDirectInput(self.id);
        match op {
            Op::StartTurn { reply, .. } | Op::StartQueued { reply, .. } | Op::StartReview { reply, .. } => {
                reply.send(Err(refused));
            }
            Op::UpdateTurnSettings { reply, .. } => reply.send(Err(refused)),
            Op::Steer { reply, .. } => reply.send(Err(refused)),
            Op::UpdateSettings { reply, .. }
            | Op::InjectItems { reply, .. }
            | Op::Compact { reply }
            | Op::PrepareApprovedPlan { reply, .. }
            | Op::StartRealtime { reply, .. }
            | Op::ShellCommand { reply, .. } => reply.send(Err(refused)),
            other => self.deliver(other),
        }
    }

    /// Hands an operation to the thread, whoever wants it.
    pub(crate) fn deliver(&self, op: Op) {
        // An operation that finds nobody comes back and is dropped, which answers its reply.
        let _ = self.mail.send(Box::new(ThreadMessage::Op(op)));
    }

    /// Something has come up that a turn may begin for by itself.
    pub(super) fn wake(&self) {
        let _ = self.mail.send(Box::new(ThreadMessage::Wake));
    }

    /// Tells its model, before the next request, that the user approves an action which a review has denied.
    pub fn approve_denied_action(&self, action: &serde_json::Value, reply: Reply<()>) {
        let text = instructions::action_approved(action);
        let content = serde_json::json!([{"type": "input_text", "text": text}]);
        let item = serde_json::json!({"type": "message", "role": "developer", "content": content});
        let items = vec![item];
        self.submit(Op::InjectItems {
            items,
            is_urgent: false,
            reply,
        });
    }

    /// Its commands that run, in the order of their numbers.
    pub async fn background_terminals(&self) -> Vec<BackgroundTerminal> {
        self.exec.background_terminals().await
    }

    /// Ends all its commands that run.
    pub async fn clean_background_terminals(&self) {
        self.exec.terminate_all().await;
    }

    /// Ends the command of this number. False if none of that number runs.
    pub async fn terminate_background_terminal(&self, process_id: &str) -> bool {
        self.exec.terminate(process_id).await
    }

    /// Tells how many clients watch the thread; with none it is unloaded after its idle time.
    pub fn set_subscribers(&self, count: usize) {
        let _ = self.mail.send(Box::new(ThreadMessage::Subscribers(count)));
    }
}
