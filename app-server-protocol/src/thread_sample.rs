//! Questions to the model beside a thread (docs/contract/turns.md#samples).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::origin::ThreadSource;
use crate::settings::ReasoningEffort;
use crate::shape::is_false;
use crate::wire::RequestId;

crate::rpc::methods! {
    client ThreadSample "thread/sample" (ThreadSampleParams) -> ThreadSampleResponse, experimental, in None, "Asks the model something about a thread, which stays as it is.";
    client ThreadSampleCancel "thread/sample/cancel" (ThreadSampleCancelParams) -> ThreadSampleCancelResponse, experimental, in None, "Gives up a sample.";
}

/// Asks the model something about a thread. The thread's history does not hear of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSampleParams {
    /// The thread, which must be loaded.
    pub thread_id: String,
    /// Its last finished turn or, with `allowInProgressTurn`, the one that runs.
    pub expected_turn_id: String,
    /// What the model is asked; 4,000 bytes at most.
    pub prompt: String,
    /// Whether a turn may run meanwhile.
    #[serde(default, skip_serializing_if = "is_false")]
    pub allow_in_progress_turn: bool,
    /// Whether MCP tools are left out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disable_mcp: bool,
    /// How hard the model thinks; null is as in the thread.
    pub effort: Option<ReasoningEffort>,
    /// Accepted; a sample that is given up always ends its request.
    pub interrupt_on_cancel: Option<bool>,
    /// The client's metadata that goes to the model server.
    pub responsesapi_client_metadata: Option<BTreeMap<String, String>>,
    /// Accepted; without effect.
    pub thread_source: Option<ThreadSource>,
    /// Why the client asks; goes into the turn metadata.
    pub turn_trigger: Option<String>,
}

/// What the model said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSampleResponse {
    /// The turn up to which the model knew the thread.
    pub source_turn_id: String,
    /// The model server's name for the response.
    pub response_id: String,
    /// The text; null if the model said nothing but called tools, which don't run.
    pub text: Option<String>,
    /// Input tokens, if the server counted.
    pub input_tokens: Option<i64>,
    /// Input tokens from the cache, if the server counted.
    pub cached_input_tokens: Option<i64>,
    /// Output tokens, if the server counted.
    pub output_tokens: Option<i64>,
}

/// Gives up a sample of the same connection. One that is not running, or not any more, is no error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ThreadSampleCancelParams {
    /// The request that samples.
    pub request_id: RequestId,
}

/// Empty: the sample, if it was still running, answers with an error of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadSampleCancelResponse {}
