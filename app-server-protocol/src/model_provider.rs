//! Model providers: where requests to models go (docs/contract/services.md#model-providers).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::ConfigWriteResponse;
use crate::shape::double_option;

crate::rpc::methods! {
    client ModelProviderList "modelProvider/list" (ModelProviderListParams) -> ModelProviderListResponse, stable, in GlobalRead("config"), "Lists the model providers, and which one new threads use.";
    client ModelProviderCapabilitiesRead "modelProvider/capabilities/read" (ModelProviderCapabilitiesReadParams) -> ModelProviderCapabilitiesReadResponse, stable, in GlobalRead("config"), "Tells what the provider of new threads can do.";
    client ModelProviderConfigWrite "modelProvider/config/write" (ModelProviderConfigWriteParams) -> ModelProviderConfigWriteResponse, stable, in Global("config"), "Adds a model provider, or changes one.";
    client ModelProviderDefaultSet "modelProvider/default/set" (ModelProviderDefaultSetParams) -> ConfigWriteResponse, stable, in Global("config"), "Chooses the provider of new threads.";
    notify ModelProviderAuthRecoveryStarted "modelProvider/authRecoveryStarted" (AuthRecoveryNotification), stable, "A model server has refused the credentials of a turn's request; new ones are being obtained.";
    notify ModelProviderAuthRecoveryCompleted "modelProvider/authRecoveryCompleted" (AuthRecoveryNotification), stable, "New credentials were obtained, and the request is sent again.";
}

/// Asks for the model providers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelProviderListParams {}

/// The model providers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelProviderListResponse {
    /// All of them, by id.
    pub data: Vec<ModelProviderSummary>,
    /// The one that new threads use.
    pub default_provider_id: String,
    /// Whether another one can be chosen.
    pub can_change_default: bool,
}

/// A model provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelProviderSummary {
    /// Its key in the configuration.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// Whether `modelProvider/config/write` can change it.
    pub can_edit: bool,
    /// Root of its API; null where that follows from the account.
    pub base_url: Option<String>,
    /// What kind of provider it is.
    pub settings: ProviderSettings,
}

/// What kind of provider it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ProviderSettings {
    /// OpenAI itself.
    Openai,
    /// A server that speaks the Responses API.
    CustomGateway {
        /// How requests are authorised.
        auth: GatewayAuth,
    },
}

/// How requests to a provider are authorised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "mode", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum GatewayAuth {
    /// They are not.
    None,
    /// By a key in an environment variable.
    EnvironmentVariable {
        /// Name of the variable.
        env_key: String,
    },
    /// By what the configuration file says beyond that.
    ExternallyConfigured {
        /// Name of a variable, if there is one as well.
        env_key: Option<String>,
    },
}

/// Asks what a provider can do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelProviderCapabilitiesReadParams {}

/// What a provider can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelProviderCapabilitiesReadResponse {
    /// Whether it makes images.
    pub image_generation: bool,
    /// Whether it searches the web.
    pub web_search: bool,
}

/// Adds or changes a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelProviderConfigWriteParams {
    /// The provider, and what to change.
    pub settings: ProviderSettingsPatch,
}

/// A provider, and what to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum ProviderSettingsPatch {
    /// A server that speaks the Responses API.
    CustomGateway {
        /// The provider; absent for a new one, whose id is made from its name.
        provider_id: Option<String>,
        /// Its name, for people.
        name: Option<String>,
        /// Root of its API.
        base_url: Option<String>,
        /// Environment variable with its key; null for none, absent to leave it.
        #[serde(default, with = "double_option", skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        env_key: Option<Option<String>>,
    },
    /// Amazon Bedrock.
    Bedrock {
        /// Which of its services.
        provider_id: BedrockProviderId,
        /// Profile in the credentials file of AWS.
        profile: Option<String>,
        /// Region.
        region: Option<String>,
    },
    /// Google Cloud.
    Gcp {
        /// Its only service.
        provider_id: GcpProviderId,
        /// File with credentials.
        credential_file: Option<String>,
        /// Region.
        location: Option<String>,
        /// Project.
        project_id: Option<String>,
    },
}

/// A service of Amazon Bedrock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BedrockProviderId {
    /// The service with the Responses API.
    AmazonBedrock,
    /// The runtime.
    AmazonBedrockRuntime,
}

/// A service of Google Cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GcpProviderId {
    /// Vertex AI.
    Gcp,
}

/// The provider as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelProviderConfigWriteResponse {
    /// The provider.
    pub provider: ModelProviderSummary,
}

/// Chooses the provider of new threads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelProviderDefaultSetParams {
    /// The provider.
    pub provider_id: String,
}

/// Credentials of a turn's requests are obtained again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthRecoveryNotification {
    /// What happens, for people.
    pub message: String,
    /// Id of the provider.
    pub provider: String,
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
}
