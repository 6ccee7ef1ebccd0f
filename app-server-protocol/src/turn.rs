//! Turns: start, steer, interrupt (docs/contract/turns.md#turn-start, docs/contract/turns.md#interrupt, docs/contract/turns.md#steer).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::input::{FunctionCallOutputBody, UserInput};
use crate::path::AbsolutePathBuf;
use crate::policy::{ApprovalsReviewer, AskForApproval, SandboxPolicy};
use crate::settings::{
    CollaborationMode, CyberAccessProgram, MultiAgentMode, Personality, ReasoningEffort, ReasoningSummary,
    TurnEnvironmentParams,
};
use crate::shape::double_option;
use crate::turn_data::Turn;

crate::rpc::methods! {
    client TurnStart "turn/start" (TurnStartParams) -> TurnStartResponse, stable, in Thread, "Starts a turn, or adds input to the running one.";
    client TurnSteer "turn/steer" (TurnSteerParams) -> TurnSteerResponse, stable, in Thread, "Adds input to the running turn.";
    client TurnInterrupt "turn/interrupt" (TurnInterruptParams) -> TurnInterruptResponse, stable, in Thread, "Stops the running turn.";
    client TurnSettingsUpdate "turn/settings/update" (TurnSettingsUpdateParams) -> TurnSettingsUpdateResponse, experimental, in Thread, "Changes settings for the rest of the running turn.";
    notify TurnStarted "turn/started" (TurnStartedNotification), stable, "A turn started.";
    notify TurnCompleted "turn/completed" (TurnCompletedNotification), stable, "A turn ended.";
}

/// Changes settings for the rest of the running turn: its next request to the model has them. Later turns don't. What is
/// absent stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TurnSettingsUpdateParams {
    /// The thread.
    pub thread_id: String,
    /// The turn that runs.
    pub turn_id: String,
    /// Who answers approval requests.
    pub approvals_reviewer: Option<ApprovalsReviewer>,
    /// How hard the model thinks.
    pub effort: Option<ReasoningEffort>,
    /// Where commands run.
    pub environments: Option<Vec<TurnEnvironmentParams>>,
    /// Model slug; another model forgets the effort unless that is given too.
    pub model: Option<String>,
    /// Service tier; null is the default.
    #[serde(default, with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub service_tier: Option<Option<String>>,
    /// How reasoning is summed up.
    pub summary: Option<ReasoningSummary>,
}

/// Whether the turn has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnSettingsUpdateResponse {
    /// Whether the turn has them.
    pub status: TurnSettingsUpdateStatus,
}

/// What became of a change of a turn's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TurnSettingsUpdateStatus {
    /// The turn's next request has them.
    Applied,
    /// That turn does not run, or not any more.
    TargetUnavailable,
}

/// Starts a turn, or adds to the one that runs. What is chosen here stays for later turns unless said
/// otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnStartParams {
    /// The thread.
    pub thread_id: String,
    /// What the user says.
    pub input: Vec<UserInput>,
    /// Context of the client, by key. What did not change since the last turn is not sent to the model again.
    #[schemars(extend("x-experimental" = true))]
    pub additional_context: Option<BTreeMap<String, AdditionalContextEntry>>,
    /// When to ask before a command runs or a file changes.
    pub approval_policy: Option<AskForApproval>,
    /// Who answers approval requests.
    pub approvals_reviewer: Option<ApprovalsReviewer>,
    /// Comes back as `clientId` of the user message item.
    pub client_user_message_id: Option<String>,
    /// Plan or default mode; its model and effort win over `model` and `effort`.
    #[schemars(extend("x-experimental" = true))]
    pub collaboration_mode: Option<CollaborationMode>,
    /// Working folder.
    pub cwd: Option<String>,
    /// Programme of extended cyber access. Accepted; without effect.
    #[schemars(extend("x-experimental" = true))]
    pub cyber_access_program: Option<CyberAccessProgram>,
    /// Plugins that are switched off for this thread.
    pub disabled_plugin_ids: Option<Vec<String>>,
    /// How hard the model thinks; null is its default.
    pub effort: Option<ReasoningEffort>,
    /// Where commands run.
    #[schemars(extend("x-experimental" = true))]
    pub environments: Option<Vec<TurnEnvironmentParams>>,
    /// Model slug; another model forgets the effort unless that is given too.
    pub model: Option<String>,
    /// Whether the model may start other agents on its own. Accepted; without effect.
    #[schemars(extend("x-experimental" = true))]
    pub multi_agent_mode: Option<MultiAgentMode>,
    /// JSON Schema that the answer must follow, this turn only.
    pub output_schema: Option<Value>,
    /// Turn that caused this one.
    pub parent_turn_id: Option<String>,
    /// Permission profile, by name; not together with a sandbox.
    #[schemars(extend("x-experimental" = true))]
    pub permissions: Option<String>,
    /// Accepted and kept; without effect.
    pub personality: Option<Personality>,
    /// Replaces the client's metadata that goes to the model server.
    #[schemars(extend("x-experimental" = true))]
    pub responsesapi_client_metadata: Option<BTreeMap<String, String>>,
    /// Adds to the client's metadata that goes to the model server.
    #[schemars(extend("x-experimental" = true))]
    pub responsesapi_client_metadata_patch: Option<BTreeMap<String, String>>,
    /// First turn in the chain of work that led to this one.
    pub root_turn_id: Option<String>,
    /// Workspace roots, absolute.
    #[schemars(extend("x-experimental" = true))]
    pub runtime_workspace_roots: Option<Vec<AbsolutePathBuf>>,
    /// What commands may touch.
    pub sandbox_policy: Option<SandboxPolicy>,
    /// Service tier; null chooses the default one, absent changes nothing.
    #[serde(default, with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub service_tier: Option<Option<String>>,
    /// Service tier, this turn only.
    pub service_tier_for_turn: Option<String>,
    /// How much of its reasoning the model sums up.
    pub summary: Option<ReasoningSummary>,
    /// Output of a tool that the client ran by itself, given to the model in place of an input, which must be empty.
    pub tool_output: Option<TurnToolOutput>,
    /// Why the turn is started, in words of the client.
    pub turn_trigger: Option<String>,
}

/// The turn that was started, or that takes the input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnStartResponse {
    /// The turn.
    pub turn: Turn,
}

/// Adds input to the running turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnSteerParams {
    /// The thread.
    pub thread_id: String,
    /// The turn that the client believes to be running.
    pub expected_turn_id: String,
    /// What the user says.
    pub input: Vec<UserInput>,
    /// Context of the client, by key. What did not change since the last turn is not sent to the model again.
    #[schemars(extend("x-experimental" = true))]
    pub additional_context: Option<BTreeMap<String, AdditionalContextEntry>>,
    /// Comes back as `clientId` of the user message item.
    pub client_user_message_id: Option<String>,
    /// Replaces the client's metadata that goes to the model server.
    #[schemars(extend("x-experimental" = true))]
    pub responsesapi_client_metadata: Option<BTreeMap<String, String>>,
    /// Adds to the client's metadata that goes to the model server.
    #[schemars(extend("x-experimental" = true))]
    pub responsesapi_client_metadata_patch: Option<BTreeMap<String, String>>,
}

/// Where the input went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnSteerResponse {
    /// The turn that takes the input.
    pub turn_id: String,
}

/// Stops the running turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnInterruptParams {
    /// The thread.
    pub thread_id: String,
    /// The turn that the client believes to be running; empty stops whatever runs.
    pub turn_id: String,
}

/// The turn has stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TurnInterruptResponse {}

/// A turn began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnStartedNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn: Turn,
}

/// A turn ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnCompletedNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn: Turn,
}

/// A piece of context that the client gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdditionalContextEntry {
    /// Who vouches for it.
    pub kind: AdditionalContextKind,
    /// The text.
    pub value: String,
    /// Its name.
    pub name: Option<String>,
}

/// Who vouches for a piece of context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AdditionalContextKind {
    /// Nobody; the model takes it as data.
    Untrusted,
    /// The application; the model takes it as an instruction.
    Application,
}

/// Output of a tool that the client ran by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnToolOutput {
    /// Name of the tool.
    pub name: String,
    /// The output.
    pub output: FunctionCallOutputBody,
    /// Namespace of the tool, if it has one.
    pub namespace: Option<String>,
    /// Whether it stays when the history is summed up.
    #[serde(default)]
    pub retain: bool,
}
