//! The first request of a connection.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::path::AbsolutePathBuf;

crate::rpc::methods! {
    client Initialize "initialize" (InitializeParams) -> InitializeResponse, stable, "Opens the connection. Must be the first request, once.";
    tell Initialized "initialized" (), stable, "The client has read the response to initialize.";
}

/// The first request of every connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InitializeParams {
    /// Who is calling.
    pub client_info: ClientInfo,
    /// What the client can do and wants.
    pub capabilities: Option<InitializeCapabilities>,
}

/// What a client can do and wants.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InitializeCapabilities {
    /// Opens methods and parameters that may still change.
    #[serde(default)]
    pub experimental_api: bool,
    /// The client signs in to gateways by itself, on request.
    #[serde(default)]
    pub explicit_gateway_oauth: bool,
    /// Protocol extensions that the client understands, by name, with their settings.
    pub extensions: Option<BTreeMap<String, Value>>,
    /// The client can show forms that a tool server asks for.
    #[serde(default)]
    pub mcp_server_openai_form_elicitation: bool,
    /// Notifications that this connection must not receive; exact method names, unknown ones do no harm.
    pub opt_out_notification_methods: Option<Vec<String>>,
    /// The client can answer `attestation/generate`.
    #[serde(default)]
    pub request_attestation: bool,
    /// Approvals should come from a person. Accepted; without effect: who answers is a setting of each thread
    /// (`approvalsReviewer`).
    #[serde(default)]
    pub required_human_approval: bool,
}

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientInfo {
    /// Name of the program; part of the user agent, so it must be a valid HTTP header value.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its name as people know it.
    pub title: Option<String>,
}

/// Where the client has arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InitializeResponse {
    /// Home folder of the server, absolute.
    pub codex_home: AbsolutePathBuf,
    /// `unix` or `windows`.
    pub platform_family: String,
    /// Operating system, such as `linux` or `macos`.
    pub platform_os: String,
    /// User agent that the server sends to model servers.
    pub user_agent: String,
    /// Extensions that the client has announced and the server speaks, by name. An addition of ours: no part of the
    /// contract's schema, absent for clients that announce none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub extensions: Option<BTreeMap<String, Value>>,
}
