//! News of items: begin, growth, end (docs/contract/items-and-approvals.md#commands).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::thread_item::ThreadItem;

crate::rpc::methods! {
    notify ItemStarted "item/started" (ItemStartedNotification), stable, "An item started.";
    notify ItemCompleted "item/completed" (ItemCompletedNotification), stable, "An item is complete.";
    notify AgentMessageDelta "item/agentMessage/delta" (AgentMessageDeltaNotification), stable, "More text of an agent message.";
    notify ReasoningSummaryPartAdded "item/reasoning/summaryPartAdded" (ReasoningSummaryPartAddedNotification), stable, "A section of a reasoning summary begins.";
    notify ReasoningSummaryTextDelta "item/reasoning/summaryTextDelta" (ReasoningSummaryTextDeltaNotification), stable, "More text of a reasoning summary.";
    notify ReasoningTextDelta "item/reasoning/textDelta" (ReasoningTextDeltaNotification), stable, "More raw reasoning.";
    notify CommandExecutionOutputDelta "item/commandExecution/outputDelta" (CommandExecutionOutputDeltaNotification), stable, "More output of a command.";
    notify TerminalInteraction "item/commandExecution/terminalInteraction" (TerminalInteractionNotification), stable, "Input was written to a running command.";
}

/// An item began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ItemStartedNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// The item, as far as it is known.
    pub item: ThreadItem,
    /// When it began, in Unix milliseconds.
    pub started_at_ms: i64,
}

/// An item is complete. This is the truth about it, whatever was streamed before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ItemCompletedNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// When it ended, in Unix milliseconds.
    pub completed_at_ms: i64,
    /// The item.
    pub item: ThreadItem,
    /// Tokens of its content, where they are counted.
    pub content_token_count: Option<u64>,
}

/// More text of an agent message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentMessageDeltaNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// The item.
    pub item_id: String,
    /// What comes next.
    pub delta: String,
}

/// A section of a reasoning summary begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReasoningSummaryPartAddedNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// The item.
    pub item_id: String,
    /// Number of the section, from 0.
    pub summary_index: i64,
}

/// More text of a reasoning summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReasoningSummaryTextDeltaNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// The item.
    pub item_id: String,
    /// What comes next.
    pub delta: String,
    /// Number of the section, from 0.
    pub summary_index: i64,
}

/// More raw reasoning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReasoningTextDeltaNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// The item.
    pub item_id: String,
    /// Number of the part, from 0.
    pub content_index: i64,
    /// What comes next.
    pub delta: String,
}

/// More output of a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandExecutionOutputDeltaNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// The item.
    pub item_id: String,
    /// What comes next.
    pub delta: String,
}

/// Somebody wrote into a running command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TerminalInteractionNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// The item.
    pub item_id: String,
    /// Terminal session of the command.
    pub process_id: String,
    /// What was written.
    pub stdin: String,
}
