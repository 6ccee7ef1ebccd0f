//! The reviewer of approvals: judges in the user's place what the agent may do (docs/contract/agents.md#automatic-review).
//!
//! There is one for each thread. Its conversation is a [`Delegate`], which begins with the first question and then hears
//! what is new with each; it begins anew when its window is half full, when it could not be stopped in time, and after the
//! thread has been resumed.
//!
//! Where to look: `asking` (its conversation), `transcript` (what it is told of the thread), `breaker` (when a turn is
//! stopped), `direct` (reviews that clients ask for)

mod asking;
mod breaker;
mod direct;
mod transcript;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use self::asking::NoAssessment;
use self::breaker::CircuitBreaker;
pub(super) use self::direct::review_last_call;
use self::transcript::Transcript;
use super::delegate::{Delegate, DelegateHost};
use crate::approval_review::{ApprovalReviewer, ReviewRequest, ReviewVerdict};
use crate::instructions;
use crate::model::ResponseItem;
use crate::outbox::Outbox;
use crate::{
    ApprovalPolicy, ApprovalReview, ApprovalsReviewer, Assessment, AssessmentOutcome, ErrorKind, Event,
    ReviewStatus, RiskLevel, ThreadSettings, TurnError, UserAuthorization, features, new_id, now_ms,
};

/// See the module.
pub(crate) struct Guardian {
    host: Arc<DelegateHost>,
    outbox: Outbox,
    /// Locks, because calls of one turn run side by side; held for a few instructions.
    transcript: Mutex<Transcript>,
    breaker: Mutex<CircuitBreaker>,
    /// Held as long as a review takes: the next one waits.
    conversation: tokio::sync::Mutex<Option<Delegate>>,
}

impl Guardian {
    /// Of a thread that leaves by this way.
    pub(crate) fn new(host: Arc<DelegateHost>, outbox: Outbox) -> Arc<Self> {
        Arc::new(Self {
            host,
            outbox,
            transcript: Mutex::default(),
            breaker: Mutex::default(),
            conversation: tokio::sync::Mutex::default(),
        })
    }

    /// Whether a thread with these settings has its approvals reviewed.
    pub(crate) fn is_asked(settings: &ThreadSettings) -> bool {
        let may_judge = match settings.approval_policy {
            ApprovalPolicy::OnRequest | ApprovalPolicy::Granular(_) => true,
            ApprovalPolicy::Untrusted | ApprovalPolicy::Never => false,
        };
        may_judge && settings.approvals_reviewer != ApprovalsReviewer::User
    }

    /// Whether it may be asked in a thread with these settings: everywhere where permissions can be granted on the condition
    /// that all is reviewed, too. Then it has to hear everything.
    pub(crate) fn listens(&self, settings: &ThreadSettings) -> bool {
        let features = &self.host.config.features;
        Self::is_asked(settings) || features.enabled(features::REQUEST_PERMISSIONS_TOOL)
    }

    /// What an interrupted turn has for an error, if it was stopped for too many denials and the configuration asks for it.
    pub(crate) fn error_of(&self, turn_id: &str) -> Option<TurnError> {
        let message = lock(&self.breaker).stopped(turn_id)?;
        self.host.config.auto_review_strict.then_some(TurnError {
            message,
            kind: ErrorKind::TooManyDenials,
            details: None,
            misalignment: None,
        })
    }

    /// Takes note of what is new in the thread's history.
    pub(crate) fn heard(&self, history: &[ResponseItem]) {
        lock(&self.transcript).hear(history);
    }

    /// The history, of which it has heard all, was replaced by one of so many items, which say nothing new.
    pub(crate) fn history_replaced(&self, length: usize) {
        lock(&self.transcript).history_replaced(length);
    }

    /// Ends its conversation.
    pub(crate) async fn close(&self) {
        // One that is being asked belongs to a turn that was given up.
        let Ok(mut conversation) = self.conversation.try_lock() else {
            return;
        };
        if let Some(delegate) = conversation.take() {
            delegate.close().await;
        }
    }

    /// Judges an action without telling anybody. `Err`: why there is no verdict, for the user.
    pub(crate) async fn assess(&self, request: &ReviewRequest) -> Result<Assessment, String> {
        self.assessment(request).await.map_err(|why| why.text())
    }

    async fn judge(&self, request: ReviewRequest) -> ReviewVerdict {
        let mut review = ApprovalReview {
            id: new_id(),
            turn_id: Arc::clone(&request.turn_id),
            item_id: Arc::clone(&request.item_id),
            started_at_ms: now_ms(),
            completed_at_ms: None,
            status: ReviewStatus::InProgress,
            risk_level: None,
            user_authorization: None,
            rationale: None,
            action: request.action.clone(),
        };
        self.outbox.emit(Event::ApprovalReview(Box::new(review.clone())));
        let assessment = self.assessment(&request).await;
        let verdict = match &assessment {
            Ok(assessment) => {
                let denied = assessment.outcome == AssessmentOutcome::Deny;
                review.status = if denied {
                    ReviewStatus::Denied
                } else {
                    ReviewStatus::Approved
                };
                review.risk_level = Some(assessment.risk_level);
                review.user_authorization = Some(assessment.user_authorization);
                review.rationale = Some(assessment.rationale.clone());
                self.warn(summary(assessment));
                let stop = lock(&self.breaker).reviewed(&request.turn_id, denied);
                if denied {
                    let text = instructions::action_denied(&assessment.rationale);
                    ReviewVerdict::Rejected { text, stop }
                } else {
                    ReviewVerdict::Approved
                }
            }
            Err(NoAssessment::Aborted) => {
                review.status = ReviewStatus::Aborted;
                ReviewVerdict::Aborted
            }
            Err(why) => {
                let text = why.text();
                review.status = match why {
                    NoAssessment::TimedOut(_) => ReviewStatus::TimedOut,
                    _ => ReviewStatus::Denied,
                };
                review.rationale = Some(text.clone());
                self.warn(text.clone());
                lock(&self.breaker).reviewed(&request.turn_id, false);
                ReviewVerdict::Rejected {
                    text: instructions::action_not_reviewed(&text),
                    stop: None,
                }
            }
        };
        review.completed_at_ms = Some(now_ms());
        self.outbox.emit(Event::ApprovalReview(Box::new(review)));
        verdict
    }

    fn warn(&self, text: String) {
        self.outbox.emit(Event::GuardianWarning(text));
    }
}

impl ApprovalReviewer for Guardian {
    fn review(self: Arc<Self>, request: ReviewRequest) -> BoxFuture<'static, ReviewVerdict> {
        async move { self.judge(request).await }.boxed()
    }
}

/// A verdict, for the user.
fn summary(assessment: &Assessment) -> String {
    let decision = match assessment.outcome {
        AssessmentOutcome::Allow => "approved",
        AssessmentOutcome::Deny => "denied",
    };
    let risk = match assessment.risk_level {
        RiskLevel::Low => "low",
        RiskLevel::Medium => "medium",
        RiskLevel::High => "high",
        RiskLevel::Critical => "critical",
    };
    let authorization = match assessment.user_authorization {
        UserAuthorization::Unknown => "unknown",
        UserAuthorization::Low => "low",
        UserAuthorization::Medium => "medium",
        UserAuthorization::High => "high",
    };
    let rationale = if assessment.rationale.is_empty() {
        "no reason given"
    } else {
        &assessment.rationale
    };
    format!(
        "Automatic approval review {decision} (risk: {risk}, authorization: {authorization}): {rationale}"
    )
}

/// A poisoned lock only means that a holder panicked between two assignments of plain data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
