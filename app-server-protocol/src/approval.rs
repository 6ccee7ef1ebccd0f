//! Questions whether something may be done (docs/contract/items-and-approvals.md#server-requests).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::item_parts::CommandAction;
use crate::path::LegacyAppPathString;
use crate::permission::AdditionalPermissionProfile;
use crate::wire::RequestId;

crate::rpc::methods! {
    server CommandExecutionRequestApproval "item/commandExecution/requestApproval" (CommandExecutionRequestApprovalParams) -> CommandExecutionRequestApprovalResponse, stable, "Asks for approval to run a command.";
    notify ServerRequestResolved "serverRequest/resolved" (ServerRequestResolvedNotification), stable, "A request to the client no longer needs a response.";
}

/// Asks whether a command may run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandExecutionRequestApprovalParams {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// Item of the command.
    pub item_id: String,
    /// When the question came up, in Unix milliseconds.
    pub started_at_ms: i64,
    /// What the command would be allowed beyond its sandbox.
    #[schemars(extend("x-experimental" = true))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_permissions: Option<AdditionalPermissionProfile>,
    /// Tells questions about the same item apart; null when there is only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<String>,
    /// Answers that make sense here.
    #[schemars(extend("x-experimental" = true))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_decisions: Option<Vec<CommandExecutionApprovalDecision>>,
    /// The command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// What its parts do, as far as can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command_actions: Option<Vec<CommandAction>>,
    /// Working folder of the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<LegacyAppPathString>,
    /// The environment; the machine of the server is `local`.
    pub environment_id: Option<String>,
    /// What is asked about.
    #[serde(default)]
    pub kind: CommandExecutionApprovalKind,
    /// The network access that is asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_approval_context: Option<NetworkApprovalContext>,
    /// First words of commands that would be allowed from now on (`acceptWithExecpolicyAmendment`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_execpolicy_amendment: Option<Vec<String>>,
    /// Hosts that would be allowed or denied from now on (`applyNetworkPolicyAmendment`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_network_policy_amendments: Option<Vec<NetworkPolicyAmendment>>,
    /// Why it is asked, in words of the model or of the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What is asked about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CommandExecutionApprovalKind {
    /// A command of the agent.
    #[default]
    Command,
    /// Input for a command that runs.
    WriteStdin,
    /// A command that a person must decide on.
    HumanCommand,
}

/// An answer to the question whether a command may run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CommandExecutionApprovalDecision {
    /// Yes, this time.
    Accept,
    /// Yes, and whenever it is the same command in this thread.
    AcceptForSession,
    /// Yes, and from now on whatever begins with these words.
    AcceptWithExecpolicyAmendment {
        /// First words of the commands.
        execpolicy_amendment: Vec<String>,
    },
    /// Do with this host from now on as it says.
    ApplyNetworkPolicyAmendment {
        /// The host, and what to do.
        network_policy_amendment: NetworkPolicyAmendment,
    },
    /// No; the turn goes on.
    Decline,
    /// No; the turn stops.
    Cancel,
}

/// The answer to the question whether a command may run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandExecutionRequestApprovalResponse {
    /// The answer.
    pub decision: CommandExecutionApprovalDecision,
}

/// What to do with a host from now on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkPolicyAmendment {
    /// What to do.
    pub action: NetworkPolicyRuleAction,
    /// The host.
    pub host: String,
}

/// What to do with a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NetworkPolicyRuleAction {
    /// Let it be reached.
    Allow,
    /// Keep it out of reach.
    Deny,
}

/// Network access that is asked about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkApprovalContext {
    /// The host.
    pub host: String,
    /// The protocol.
    pub protocol: NetworkApprovalProtocol,
}

/// A network protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NetworkApprovalProtocol {
    /// HTTP.
    Http,
    /// HTTPS.
    Https,
    /// TCP over SOCKS 5.
    Socks5Tcp,
    /// UDP over SOCKS 5.
    Socks5Udp,
}

/// A question to the client needs no answer any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerRequestResolvedNotification {
    /// The thread.
    pub thread_id: String,
    /// Id of the question.
    pub request_id: RequestId,
}
