//! A method without effect, for tests of clients.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    client MockExperimentalMethod "mock/experimentalMethod" (MockExperimentalMethodParams) -> MockExperimentalMethodResponse, experimental, "Answers what it is given; lets clients test the gate of experimental methods.";
}

/// What to answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MockExperimentalMethodParams {
    /// Any text.
    pub value: Option<String>,
}

/// The answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MockExperimentalMethodResponse {
    /// The value of the request.
    pub echoed: Option<String>,
}
