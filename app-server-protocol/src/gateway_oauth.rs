//! Signing in at the gateway of a model provider. No provider of this server has one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    client GatewayOAuthRead "account/gatewayOAuth/read" (GatewayOAuthReadParams) -> GatewayOAuthReadResponse, stable, "Tells whether a provider wants the user to sign in at its gateway.";
    client GatewayOAuthLogin "account/gatewayOAuth/login" (GatewayOAuthLoginParams) -> GatewayOAuthLoginResponse, stable, "Signs in at a provider's gateway.";
    client GatewayOAuthCancel "account/gatewayOAuth/cancel" () -> GatewayOAuthCancelResponse, stable, "Gives up signing in at a gateway.";
}

/// Which provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayOAuthReadParams {
    /// The provider; absent for the configured one.
    pub model_provider: Option<String>,
}

/// Whether a provider wants the user to sign in at its gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayOAuthReadResponse {
    /// Why it failed.
    pub error: Option<String>,
    /// The provider.
    pub provider_id: String,
    /// Its name.
    pub provider_name: String,
    /// It does.
    pub required: bool,
    /// How far it is.
    pub status: Option<GatewayOAuthStatus>,
    /// It can be done on another device.
    #[serde(default)]
    pub supports_device_auth: bool,
}

/// How far signing in at a gateway is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum GatewayOAuthStatus {
    /// It can't begin yet.
    NotReady,
    /// It has begun.
    Started,
    /// The user has signed in.
    Succeeded,
    /// The user has not.
    Failed,
}

/// Where to sign in, and how.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayOAuthLoginParams {
    /// On another device.
    #[serde(default)]
    pub device_auth: bool,
    /// The provider; absent for the configured one.
    pub model_provider: Option<String>,
}

/// What the user has to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayOAuthLoginResponse {
    /// On another device.
    pub prompt: Option<GatewayOAuthPrompt>,
}

/// What the user has to do on another device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayOAuthPrompt {
    /// The attempt.
    pub login_id: String,
    /// What to type there.
    pub user_code: String,
    /// Where.
    pub verification_url: String,
}

/// It doesn't run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GatewayOAuthCancelResponse {}
