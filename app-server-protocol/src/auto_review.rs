//! Approvals that a model reviews in the user's place (docs/contract/agents.md#automatic-review).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::approval::NetworkApprovalProtocol;
use crate::path::{AbsolutePathBuf, LegacyAppPathString};
use crate::permission::RequestPermissionProfile;

crate::rpc::methods! {
    client ThreadApproveGuardianDeniedAction "thread/approveGuardianDeniedAction" (ThreadApproveGuardianDeniedActionParams) -> ThreadApproveGuardianDeniedActionResponse, stable, in Thread, "Approves by hand what a review has denied.";
    client ThreadGuardianReview "thread/guardianReview" (ThreadGuardianReviewParams) -> ThreadGuardianReviewResponse, experimental, in Thread, "Has the last call of a thread reviewed.";
    notify ItemGuardianApprovalReviewStarted "item/autoApprovalReview/started" (ItemGuardianApprovalReviewStartedNotification), stable, "A model reviews an approval.";
    notify ItemGuardianApprovalReviewCompleted "item/autoApprovalReview/completed" (ItemGuardianApprovalReviewCompletedNotification), stable, "A model has reviewed an approval.";
    notify GuardianWarning "guardianWarning" (GuardianWarningNotification), stable, "Something about a review that the user should know.";
}

/// Approves an action that a review has denied. The agent is told so before its next turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadApproveGuardianDeniedActionParams {
    /// The thread.
    pub thread_id: String,
    /// The denial: an object with `id`, `status` and `action`.
    pub event: Value,
}

/// The agent will be told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadApproveGuardianDeniedActionResponse {}

/// Has the last call of a thread reviewed, as if it were to be carried out now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadGuardianReviewParams {
    /// The thread.
    pub thread_id: String,
}

/// What the reviewer says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadGuardianReviewResponse {
    /// The call.
    pub call_id: String,
    /// The verdict; null if the call needs no approval.
    pub assessment: Option<ThreadGuardianAssessment>,
}

/// A reviewer's verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadGuardianAssessment {
    /// The decision.
    pub outcome: GuardianAssessmentOutcome,
    /// What is at stake.
    pub risk_level: GuardianRiskLevel,
    /// How far the user's words cover it.
    pub user_authorization: GuardianUserAuthorization,
    /// Why.
    pub rationale: String,
}

/// A model reviews an approval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ItemGuardianApprovalReviewStartedNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// Id of the review.
    pub review_id: String,
    /// The call that waits for it; its item's id, if it has one.
    #[serde(default)]
    pub target_item_id: Option<String>,
    /// When it began, in Unix milliseconds.
    pub started_at_ms: i64,
    /// How it stands.
    pub review: GuardianApprovalReview,
    /// What is reviewed.
    pub action: GuardianApprovalReviewAction,
}

/// A model has reviewed an approval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ItemGuardianApprovalReviewCompletedNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// Id of the review.
    pub review_id: String,
    /// The call that waited for it; its item's id, if it has one.
    #[serde(default)]
    pub target_item_id: Option<String>,
    /// When it began, in Unix milliseconds.
    pub started_at_ms: i64,
    /// When it ended, in Unix milliseconds.
    pub completed_at_ms: i64,
    /// Who decided.
    pub decision_source: AutoReviewDecisionSource,
    /// How it ended.
    pub review: GuardianApprovalReview,
    /// What was reviewed.
    pub action: GuardianApprovalReviewAction,
}

/// Something about a review that the user should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuardianWarningNotification {
    /// The thread.
    pub thread_id: String,
    /// The text.
    pub message: String,
}

/// Who decided in the user's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AutoReviewDecisionSource {
    /// A model.
    Agent,
}

/// How a review stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuardianApprovalReview {
    /// The status.
    pub status: GuardianApprovalReviewStatus,
    /// What is at stake.
    #[serde(default)]
    pub risk_level: Option<GuardianRiskLevel>,
    /// How far the user's words cover it.
    #[serde(default)]
    pub user_authorization: Option<GuardianUserAuthorization>,
    /// Why.
    #[serde(default)]
    pub rationale: Option<String>,
}

/// The status of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum GuardianApprovalReviewStatus {
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

/// What a reviewer decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum GuardianAssessmentOutcome {
    /// It may be carried out.
    Allow,
    /// It may not.
    Deny,
}

/// What an action can do at worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum GuardianRiskLevel {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum GuardianUserAuthorization {
    /// Nothing is known.
    Unknown,
    /// Hardly.
    Low,
    /// By and large.
    Medium,
    /// Fully.
    High,
}

/// Which tool runs a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum GuardianCommandSource {
    /// A shell tool.
    Shell,
    /// `exec_command`.
    UnifiedExec,
}

/// What is reviewed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum GuardianApprovalReviewAction {
    /// A command.
    Command {
        /// Its tool.
        source: GuardianCommandSource,
        /// The command line.
        command: String,
        /// Its folder.
        cwd: LegacyAppPathString,
    },
    /// A program.
    Execve {
        /// Its tool.
        source: GuardianCommandSource,
        /// The program.
        program: String,
        /// Its arguments.
        argv: Vec<String>,
        /// Its folder.
        cwd: AbsolutePathBuf,
    },
    /// Input for a command that runs.
    WriteStdin {
        /// Id of the approval.
        approval_id: String,
        /// The command's process.
        process_id: String,
        /// The input.
        stdin: String,
        /// The command's folder.
        cwd: LegacyAppPathString,
    },
    /// A patch.
    ApplyPatch {
        /// Folder that it is relative to.
        cwd: LegacyAppPathString,
        /// The files that it changes.
        files: Vec<LegacyAppPathString>,
    },
    /// A connection.
    NetworkAccess {
        /// Where to.
        target: String,
        /// The host.
        host: String,
        /// How.
        protocol: NetworkApprovalProtocol,
        /// The port.
        port: u16,
    },
    /// A call of a tool of an MCP server.
    McpToolCall {
        /// The server.
        server: String,
        /// The tool.
        tool_name: String,
        /// Id of the connector.
        connector_id: Option<String>,
        /// Name of the connector.
        connector_name: Option<String>,
        /// The tool's title.
        tool_title: Option<String>,
    },
    /// A request for permissions.
    RequestPermissions {
        /// Why.
        reason: Option<String>,
        /// Which.
        permissions: RequestPermissionProfile,
    },
}
