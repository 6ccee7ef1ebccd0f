//! Questions of the agent to the user.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    server ToolRequestUserInput "item/tool/requestUserInput" (ToolRequestUserInputParams) -> ToolRequestUserInputResponse, stable, "Asks the user questions of the agent.";
}

/// Questions of the agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolRequestUserInputParams {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// The call that asks.
    pub item_id: String,
    /// The questions.
    pub questions: Vec<ToolRequestUserInputQuestion>,
    /// Whether the agent waits for the answer.
    pub is_blocking: bool,
    /// When the client is to answer by itself, in milliseconds; null is never.
    #[serde(default)]
    pub auto_resolution_ms: Option<u64>,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolRequestUserInputQuestion {
    /// What the answer refers to.
    pub id: String,
    /// A word or two above it.
    pub header: String,
    /// The question.
    pub question: String,
    /// Whether the user may answer in words of their own.
    #[serde(default)]
    pub is_other: bool,
    /// Whether the answer is not to be shown.
    #[serde(default)]
    pub is_secret: bool,
    /// Answers to choose from.
    pub options: Option<Vec<ToolRequestUserInputOption>>,
}

/// An answer to choose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolRequestUserInputOption {
    /// A few words.
    pub label: String,
    /// What follows from it.
    pub description: String,
}

/// The answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolRequestUserInputResponse {
    /// By the ids of the questions.
    pub answers: BTreeMap<String, ToolRequestUserInputAnswer>,
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolRequestUserInputAnswer {
    /// What was chosen or written.
    pub answers: Vec<String>,
}
