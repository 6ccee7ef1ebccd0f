//! Reviews of approvals by a model: what is judged, and how (docs/contract/agents.md#automatic-review).

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{AdditionalPermissions, ThreadSettings, char_boundary};

/// Longest rationale that is kept, in bytes.
const MAX_RATIONALE: usize = 2_000;

/// What the agent wants to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewedAction {
    /// To run a command.
    Command {
        /// Argument vector.
        command: Vec<String>,
        /// Working folder.
        cwd: PathBuf,
    },
    /// To change files.
    Patch {
        /// Working folder.
        cwd: PathBuf,
        /// The files.
        files: Vec<PathBuf>,
    },
    /// To type at a command that runs with more rights than commands have now.
    Input {
        /// The call that types.
        call_id: String,
        /// Number of the command.
        process_id: String,
        /// What is typed.
        stdin: String,
        /// The folder that the command was started in.
        cwd: PathBuf,
    },
    /// To call a tool of an MCP server.
    McpToolCall {
        /// The server.
        server: String,
        /// The tool.
        tool: String,
        /// Its title for people.
        title: Option<String>,
    },
    /// To have permissions.
    Permissions {
        /// Why, in its own words.
        reason: Option<String>,
        /// Which.
        permissions: AdditionalPermissions,
    },
}

/// How a review stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewStatus {
    /// The reviewer is at work.
    InProgress,
    /// The action may be carried out.
    Approved,
    /// It may not.
    Denied,
    /// The reviewer took too long.
    TimedOut,
    /// The turn was interrupted.
    Aborted,
}

/// What an action can do at worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RiskLevel {
    /// Little.
    Low,
    /// Something that can be undone.
    Medium,
    /// Something that is hard to undo.
    High,
    /// A disaster.
    Critical,
}

/// How far the user's words cover an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserAuthorization {
    /// Nothing is known.
    Unknown,
    /// Hardly.
    Low,
    /// By and large.
    Medium,
    /// Fully.
    High,
}

/// What a reviewer decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AssessmentOutcome {
    /// It may be carried out.
    Allow,
    /// It may not.
    Deny,
}

/// A reviewer's verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The decision.
    pub outcome: AssessmentOutcome,
    /// What is at stake.
    pub risk_level: RiskLevel,
    /// What the user has said about it.
    pub user_authorization: UserAuthorization,
    /// Why, in a sentence or two; may be empty.
    pub rationale: String,
}

/// A review, as clients see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalReview {
    /// Identifier.
    pub id: String,
    /// Its turn.
    pub turn_id: Arc<str>,
    /// The call that the action belongs to; also the id of its item, if it has one.
    pub item_id: Arc<str>,
    /// Unix milliseconds.
    pub started_at_ms: i64,
    /// Unix milliseconds; `None` while it is in progress.
    pub completed_at_ms: Option<i64>,
    /// How it stands.
    pub status: ReviewStatus,
    /// What is at stake, if the reviewer said so.
    pub risk_level: Option<RiskLevel>,
    /// What the user has said about it, if the reviewer said so.
    pub user_authorization: Option<UserAuthorization>,
    /// Why.
    pub rationale: Option<String>,
    /// What was judged.
    pub action: ReviewedAction,
}

/// Judges in the user's place. Reviews of one thread take place one after the other.
pub(crate) trait ApprovalReviewer: Send + Sync {
    /// Judges an action, and tells clients of it. Resolves within 2.5 seconds once `request.cancel` is cancelled.
    fn review(self: Arc<Self>, request: ReviewRequest) -> BoxFuture<'static, ReviewVerdict>;
}

/// What is to be judged.
pub(crate) struct ReviewRequest {
    /// The turn that waits.
    pub(crate) turn_id: Arc<str>,
    /// The call.
    pub(crate) item_id: Arc<str>,
    /// For clients.
    pub(crate) action: ReviewedAction,
    /// For the reviewer: all there is to know, as JSON.
    pub(crate) details: Value,
    /// What the agent may do anyway.
    pub(crate) settings: Arc<ThreadSettings>,
    /// The turn is interrupted.
    pub(crate) cancel: CancellationToken,
}

/// How a review ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReviewVerdict {
    /// The action may be carried out.
    Approved,
    /// It may not.
    Rejected {
        /// For the agent.
        text: String,
        /// Why the turn is to be interrupted, if it is: told to the user after the action's item has ended.
        stop: Option<String>,
    },
    /// The turn was interrupted; nothing is decided.
    Aborted,
}

impl Assessment {
    /// Reads an answer: JSON, perhaps with words around it. Only the outcome must be there; what else can't be read
    /// counts as the worst that goes with it.
    pub(crate) fn parse(answer: &str) -> Option<Self> {
        let object = answer.get(answer.find('{')?..=answer.rfind('}')?)?;
        let value: Value = serde_json::from_str(object).ok()?;
        let outcome = member(&value, "outcome")?;
        let mut rationale: String = member(&value, "rationale").unwrap_or_default();
        rationale.truncate(char_boundary::floor(&rationale, MAX_RATIONALE));
        Some(Self {
            outcome,
            risk_level: member(&value, "risk_level").unwrap_or(match outcome {
                AssessmentOutcome::Allow => RiskLevel::Low,
                AssessmentOutcome::Deny => RiskLevel::High,
            }),
            user_authorization: member(&value, "user_authorization").unwrap_or(UserAuthorization::Unknown),
            rationale,
        })
    }

    /// What an answer must look like, as JSON Schema.
    pub(crate) fn schema() -> Value {
        let words = |words: &[&str]| json!({"type": "string", "enum": words});
        json!({
            "type": "object",
            "properties": {
                "risk_level": words(&["low", "medium", "high", "critical"]),
                "user_authorization": words(&["unknown", "low", "medium", "high"]),
                "outcome": words(&["allow", "deny"]),
                "rationale": {"type": "string"},
            },
            "required": ["risk_level", "user_authorization", "outcome", "rationale"],
            "additionalProperties": false,
        })
    }
}

fn member<T: serde::de::DeserializeOwned>(value: &Value, name: &str) -> Option<T> {
    T::deserialize(value.get(name)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_assessment_needs_its_outcome_only() {
        let read =
            Assessment::parse("```json\n{\"outcome\":\"deny\",\"risk_level\":\"extreme\"}\n```").unwrap();
        assert_eq!(
            read,
            Assessment {
                outcome: AssessmentOutcome::Deny,
                risk_level: RiskLevel::High,
                user_authorization: UserAuthorization::Unknown,
                rationale: String::new(),
            }
        );
        for bad in [
            "",
            "allow",
            "{}",
            r#"{"outcome":"maybe"}"#,
            "}{",
            r#"{"outcome":"allow""#,
        ] {
            assert_eq!(Assessment::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_is_too_odd(answer in ".*", rationale in ".{0,3000}") {
            let _ = Assessment::parse(&answer);
            let json = json!({"outcome": "allow", "rationale": rationale}).to_string();
            let read = Assessment::parse(&json).unwrap();
            prop_assert!(rationale.starts_with(&read.rationale) && read.rationale.len() <= MAX_RATIONALE);
        }
    }
}
