//! Questions that a client has open with the user by itself (docs/contract/items-and-approvals.md#questions-of-clients).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    client ThreadIncrementElicitation "thread/increment_elicitation" (ThreadIncrementElicitationParams) -> ThreadIncrementElicitationResponse, experimental, in Thread, "Says that the client asks the user something: time-outs rest.";
    client ThreadDecrementElicitation "thread/decrement_elicitation" (ThreadDecrementElicitationParams) -> ThreadDecrementElicitationResponse, experimental, in Thread, "Says that a question of the client is answered.";
}

/// The client asks the user something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadIncrementElicitationParams {
    /// The thread.
    pub thread_id: String,
}

/// How many questions are open now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadIncrementElicitationResponse {
    /// Open questions of clients.
    pub count: u64,
    /// Whether time-outs rest.
    pub paused: bool,
}

/// A question of the client is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadDecrementElicitationParams {
    /// The thread.
    pub thread_id: String,
}

/// How many questions are still open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadDecrementElicitationResponse {
    /// Open questions of clients.
    pub count: u64,
    /// Whether time-outs rest.
    pub paused: bool,
}
