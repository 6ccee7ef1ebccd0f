//! Credentials of Amazon that are set up on this machine.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    client BedrockDiscover "account/bedrock/discover" (BedrockDiscoverParams) -> BedrockDiscoverResponse, experimental, "Tells which credentials of Amazon are set up.";
    client BedrockCheckGovCloudRequirements "account/bedrock/checkGovCloudRequirements" (BedrockCheckGovCloudRequirementsParams) -> BedrockCheckGovCloudRequirementsResponse, experimental, "Tells whether the model provider is in a region for governments.";
}

/// Nothing to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BedrockDiscoverParams {}

/// Which credentials are set up; never what they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BedrockDiscoverResponse {
    /// In the environment.
    pub environment_credentials: Vec<BedrockEnvironmentCredential>,
    /// In the user's files, the chosen one first.
    pub profiles: Vec<BedrockAwsProfile>,
}

/// Credentials in the environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BedrockEnvironmentCredential {
    /// Where requests go.
    pub region: Option<String>,
    /// What they are.
    #[serde(rename = "type")]
    pub kind: AwsCredentialType,
}

/// A kind of credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AwsCredentialType {
    /// A key and its secret.
    AccessKeys,
    /// A key for models only.
    BedrockApiKey,
}

/// A profile of the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BedrockAwsProfile {
    /// Its name.
    pub name: String,
    /// Where its requests go.
    pub region: Option<String>,
}

/// Nothing to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BedrockCheckGovCloudRequirementsParams {}

/// Whether the model provider is in a region for governments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BedrockCheckGovCloudRequirementsResponse {
    /// It is.
    pub is_gov_cloud: bool,
    /// The user should know something about it.
    pub should_warn: bool,
}
