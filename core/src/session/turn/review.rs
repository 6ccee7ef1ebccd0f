//! A turn that reviews changes (docs/contract/agents.md#review): a reviewer with a conversation of its own does the work, and
//! the thread's history gets the result.

use std::sync::Arc;

use super::Turn;
use crate::external_file::{READ_TIMEOUT, in_background};
use crate::git::{self, Repository};
use crate::instructions::{REVIEW_INTERRUPTED, REVIEWER, review_action, review_request};
use crate::model::ResponseItem;
use crate::session::delegate::{Delegate, DelegateKind, DelegateTurn};
use crate::session::review::ReviewEvents;
use crate::session::state::ThreadState;
use crate::session::turn_end::Outcome;
use crate::session::user_message;
use crate::{
    ApprovalPolicy, ApprovalsReviewer, ErrorKind, Item, ItemBody, ModeKind, Reply, Result, ReviewOutput,
    ReviewTarget, StartTurn, ThreadSettings, Turn as TurnInfo, TurnError, UserInput, new_id, now_ms,
};

use super::{TurnPlan, TurnTask};

impl ThreadState {
    /// Answers review/start, and tells that its turn began. `None`: it was refused.
    pub(in crate::session) fn start_review(
        &mut self,
        target: ReviewTarget,
        reply: Reply<TurnInfo>,
    ) -> Option<TurnPlan> {
        let hint = target.hint();
        let answer = move |turn: Result<TurnInfo>| {
            reply.send(turn.map(|turn| TurnInfo {
                items: vec![Item {
                    id: turn.id.clone(),
                    started_at_ms: None,
                    completed_at_ms: None,
                    body: said(hint),
                }],
                root_turn_id: None,
                ..turn
            }));
        };
        let plan = self.start_turn(StartTurn::default(), Reply::new(answer))?;
        self.heard(&[UserInput::plain(review_request(&target, None))]);
        Some(TurnPlan {
            task: TurnTask::Review(target),
            ..plan
        })
    }
}

impl Turn<'_> {
    /// Has the changes reviewed, and tells the result.
    pub(super) async fn review(&mut self, target: ReviewTarget) -> Result<(), Outcome> {
        if let Some(error) = not_reviewable(&target, &self.plan.settings).await {
            return Err(Outcome::Failed(error));
        }
        let merge_base = merge_base(&target, &self.plan.settings).await;
        let request = review_request(&target, merge_base.as_deref());
        let review = target.hint();
        let target = Some(target);
        self.tell(new_id(), ItemBody::EnteredReviewMode { target, review })
            .await;
        self.tell(new_id(), said(request.clone())).await;

        let services = self.services;
        let mut reviewer = Delegate::new(
            &services.delegates,
            DelegateKind::Review,
            reviewer_settings(&self.plan.settings, services.config.review_model.as_deref()),
            REVIEWER.into(),
            Arc::new(ReviewEvents::new(services.outbox.clone())),
            Some(services.hooks.as_ref()),
        );
        let result = reviewer
            .run(DelegateTurn {
                id: Arc::clone(&self.plan.id),
                root_id: self.plan.root_id.clone(),
                parent_turn_id: self.plan.id.to_string(),
                input: vec![UserInput::plain(request)],
                output_schema: None,
                cancel: self.inbox.cancel.clone(),
                hurry: self.inbox.hurry.clone(),
            })
            .await;
        reviewer.close().await;
        self.first_token = result.first_token;
        let answer = match &result.outcome {
            Outcome::Completed => result.last_text().filter(|text| !text.trim().is_empty()),
            Outcome::Interrupted => None,
            Outcome::Failed(error) => {
                services.outbox.turn_fails(Arc::clone(&self.plan.id), error);
                None
            }
        };
        self.end_review(answer.map(ReviewOutput::parse)).await;
        while self.any_shell() {
            self.finish_shells().await?;
        }
        self.drain_inbox().await;
        match result.outcome {
            Outcome::Completed => Ok(()),
            outcome => Err(outcome),
        }
    }

    /// Tells the result, to the clients and to the thread's own model.
    async fn end_review(&mut self, output: Option<ReviewOutput>) {
        let text = output.as_ref().map(ReviewOutput::text);
        let history = &mut self.session.history;
        history.push([user_message(&review_action(text.as_deref()))]);
        let has_result = output.is_some();
        self.tell(new_id(), ItemBody::ExitedReviewMode { output }).await;
        let text = text.unwrap_or_else(|| REVIEW_INTERRUPTED.to_owned());
        self.session.history.push([ResponseItem::of_model(text.clone())]);
        let message = ItemBody::AgentMessage {
            text,
            phase: None,
            delivery: None,
            memory_citation: None,
        };
        let message = self.tell(format!("msg_{}", new_id()), message).await;
        self.answered = has_result;
        self.answer = Some(message.clone());
        self.last_message = Some(message);
    }

    /// Tells an item that is complete at once.
    async fn tell(&mut self, id: String, body: ItemBody) -> Item {
        let mut item = Item {
            id,
            started_at_ms: Some(now_ms()),
            completed_at_ms: None,
            body,
        };
        let outbox = &self.services.outbox;
        outbox.item_started(&self.plan.id, item.clone());
        item.completed_at_ms = Some(now_ms());
        outbox.item_completed(&self.plan.id, item.clone()).await;
        item
    }
}

/// See [`git::merge_base`].
async fn merge_base(target: &ReviewTarget, settings: &ThreadSettings) -> Option<String> {
    let ReviewTarget::BaseBranch { branch } = target else {
        return None;
    };
    let (cwd, branch) = (settings.cwd.clone(), branch.clone());
    let found = in_background(READ_TIMEOUT, move || git::merge_base(&cwd, &branch));
    found.await.ok().flatten()
}

/// Why a review can't be done at all.
async fn not_reviewable(target: &ReviewTarget, settings: &ThreadSettings) -> Option<TurnError> {
    if !matches!(target, ReviewTarget::BaseBranch { .. }) {
        return None;
    }
    let cwd = settings.cwd.clone();
    let found = in_background(READ_TIMEOUT, move || Repository::around(&cwd).is_some()).await;
    // What can't be looked at in time, the reviewer's own commands may still find.
    found.is_ok_and(|found| !found).then(|| TurnError {
        message: format!("\"{}\" is not a git repository", settings.cwd.display()),
        kind: ErrorKind::Other,
        details: None,
        misalignment: None,
    })
}

/// The thread's settings for a reviewer: the same sandbox, and nobody is asked.
fn reviewer_settings(thread: &ThreadSettings, model: Option<&str>) -> ThreadSettings {
    let mut settings = ThreadSettings {
        approval_policy: ApprovalPolicy::Never,
        approvals_reviewer: ApprovalsReviewer::User,
        collaboration_mode: ModeKind::Default,
        mode_instructions: None,
        ..thread.clone()
    };
    if let Some(model) = model
        && model != settings.model
    {
        model.clone_into(&mut settings.model);
        settings.effort = None;
    }
    settings
}

fn said(text: String) -> ItemBody {
    ItemBody::UserMessage {
        client_id: None,
        content: vec![UserInput::plain(text)],
    }
}
