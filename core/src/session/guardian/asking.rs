//! Asking the reviewer: its conversation, in time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Guardian, lock};
use crate::approval_review::ReviewRequest;
use crate::instructions;
use crate::outbox::Outbox;
use crate::session::delegate::{Delegate, DelegateHost, DelegateKind, DelegateTurn};
use crate::session::turn_end::Outcome;
use crate::{
    ApprovalPolicy, ApprovalsReviewer, Assessment, Event, EventSink, ModeKind, SandboxPolicy, ThreadId,
    ThreadSettings, Traffic, UserInput, new_id,
};

/// How long a review that is to stop may take to do so: children have two seconds between TERM and KILL.
const GRACE: Duration = Duration::from_millis(2_200);

/// How often the reviewer is asked for an answer that can be read.
const ATTEMPTS: usize = 3;

/// The share of the reviewer's window, in per cent, after which its conversation begins anew.
const FULL_PERCENT: i64 = 50;

/// Longest action that is judged, as JSON, in bytes.
const MAX_ACTION: usize = 100_000;

/// What each question is headed by.
const TITLE: &str = "Approval review";

/// Why there is no assessment.
pub(super) enum NoAssessment {
    /// The turn was interrupted.
    Aborted,
    /// It took too long.
    TimedOut(Duration),
    /// No answer could be read.
    Unreadable,
    /// The action can't be judged as a whole.
    TooLong,
    /// The reviewer could not be asked.
    Failed(String),
}

impl Guardian {
    /// Asks the reviewer. Ends in time, and soon after the turn is interrupted.
    pub(super) async fn assessment(&self, request: &ReviewRequest) -> Result<Assessment, NoAssessment> {
        let details = format!("{:#}", request.details);
        if details.len() > MAX_ACTION {
            return Err(NoAssessment::TooLong);
        }
        let stop = request.cancel.child_token();
        let mut conversation = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(NoAssessment::Aborted),
            conversation = self.conversation.lock() => conversation,
        };
        let limit = self.host.config.auto_review_timeout;
        let mut asking = std::pin::pin!(self.ask(request, &details, &mut conversation, &stop));
        let why = tokio::select! {
            biased;
            () = stop.cancelled() => NoAssessment::Aborted,
            answer = &mut asking => return answer,
            () = tokio::time::sleep(limit) => NoAssessment::TimedOut(limit),
        };
        stop.cancel();
        // What does not stop in time is dropped, and with it the conversation.
        let _ = tokio::time::timeout(GRACE, asking).await;
        Err(why)
    }

    async fn ask(
        &self,
        request: &ReviewRequest,
        details: &str,
        conversation: &mut Option<Delegate>,
        stop: &CancellationToken,
    ) -> Result<Assessment, NoAssessment> {
        let settings = settings(&self.host, &request.settings);
        if let Some(full) = conversation.take_if(|delegate| delegate.used_percent() >= FULL_PERCENT) {
            tokio::spawn(full.close());
        }
        let mut delegate = match conversation.take() {
            Some(mut delegate) => {
                delegate.set_settings(settings);
                delegate
            }
            None => {
                lock(&self.transcript).tell_anew();
                self.begin(settings)
            }
        };
        let question = self.question(request, details);
        let answer = answers(&mut delegate, request, question, stop).await;
        if matches!(answer, Err(NoAssessment::Failed(_))) {
            // The conversation itself may be the reason.
            tokio::spawn(delegate.close());
        } else {
            *conversation = Some(delegate);
        }
        answer
    }

    fn begin(&self, settings: ThreadSettings) -> Delegate {
        let policy = self.host.config.auto_review_policy.as_deref();
        Delegate::new(
            &self.host,
            DelegateKind::ApprovalReview,
            settings,
            instructions::approval_reviewer(policy).into(),
            Arc::new(Unheard(self.outbox.clone())),
            None,
        )
    }

    /// What is new, and what is to be judged.
    fn question(&self, request: &ReviewRequest, details: &str) -> String {
        let record = lock(&self.transcript).tell();
        let settings = &request.settings;
        let allowed = json!({
            "sandbox": settings.sandbox_policy,
            "workspace_roots": settings.workspace_roots,
            "cwd": settings.cwd,
        });
        format!(
            "{record}\nWhat the agent may do without approval:\n{allowed}\n\nThe planned action:\n{details}\n"
        )
    }
}

/// Asks until an answer can be read.
async fn answers(
    delegate: &mut Delegate,
    request: &ReviewRequest,
    mut question: String,
    stop: &CancellationToken,
) -> Result<Assessment, NoAssessment> {
    for _ in 0..ATTEMPTS {
        let text = std::mem::replace(&mut question, instructions::ANSWER_AGAIN.to_owned());
        let turn = DelegateTurn {
            id: new_id().into(),
            root_id: request.turn_id.to_string(),
            parent_turn_id: request.turn_id.to_string(),
            // The first text is what lists show of the conversation.
            input: [TITLE.to_owned(), text].map(UserInput::plain).into(),
            output_schema: Some(Assessment::schema()),
            cancel: stop.clone(),
            hurry: CancellationToken::new(),
        };
        let result = delegate.run(turn).await;
        match &result.outcome {
            Outcome::Completed => {}
            Outcome::Interrupted => return Err(NoAssessment::Aborted),
            Outcome::Failed(error) => return Err(NoAssessment::Failed(error.message.clone())),
        }
        if let Some(assessment) = result.last_text().and_then(Assessment::parse) {
            return Ok(assessment);
        }
    }
    Err(NoAssessment::Unreadable)
}

/// The thread's settings for the reviewer: it may look, and nothing else.
fn settings(host: &DelegateHost, thread: &ThreadSettings) -> ThreadSettings {
    let (model, _) = host.models.find(&thread.model);
    let has_low = model
        .supported_reasoning_levels
        .iter()
        .any(|level| level.effort == "low");
    ThreadSettings {
        approval_policy: ApprovalPolicy::Never,
        approvals_reviewer: ApprovalsReviewer::User,
        sandbox_policy: SandboxPolicy::ReadOnly {
            network_access: false,
        },
        permission_profile: None,
        // What can't be read stays so.
        profile_rules: thread
            .profile_rules
            .as_ref()
            .map(|rules| Arc::new(rules.denials())),
        collaboration_mode: ModeKind::Default,
        mode_instructions: None,
        effort: has_low.then(|| "low".to_owned()),
        ..thread.clone()
    }
}

impl NoAssessment {
    /// For the user, and for the agent.
    pub(super) fn text(&self) -> String {
        let why = match self {
            Self::Aborted => "the turn was interrupted".to_owned(),
            Self::TimedOut(limit) => format!("no verdict within {} seconds", limit.as_secs_f64()),
            Self::Unreadable => "the reviewer's answer was not valid JSON".to_owned(),
            Self::TooLong => "the action is too long to be judged".to_owned(),
            Self::Failed(why) => why.clone(),
        };
        format!("Automatic approval review failed: {why}")
    }
}

/// What the reviewer tells while it thinks: clients of the thread hear of rate limits only.
struct Unheard(Outbox);

impl EventSink for Unheard {
    fn emit(&self, _: ThreadId, event: Event) {
        if matches!(event, Event::RateLimits(_)) {
            self.0.emit(event);
        }
    }

    fn congested(&self, _: ThreadId, _: Traffic) -> bool {
        false
    }

    fn drained(&self, _: ThreadId, _: Traffic) -> BoxFuture<'static, ()> {
        std::future::ready(()).boxed()
    }
}
