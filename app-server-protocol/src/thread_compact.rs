//! Summing up what a thread's model was told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    client ThreadCompactStart "thread/compact/start" (ThreadCompactStartParams) -> ThreadCompactStartResponse, stable, in Thread, "Sums up the history of a thread, as a turn of its own; a turn that runs is interrupted.";
}

/// The thread to sum up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadCompactStartParams {
    /// The thread.
    pub thread_id: String,
}

/// It is about to begin; its turn tells the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadCompactStartResponse {}
