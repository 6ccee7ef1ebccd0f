//! Servers of the Model Context Protocol (docs/contract/mcp.md).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::item_progress::McpToolCallProgressNotification;
use crate::mcp_elicitation::{McpServerElicitationRequestParams, McpServerElicitationRequestResponse};
use crate::shape::{nullable, require};

crate::rpc::methods! {
    client McpServerStatusList "mcpServerStatus/list" (ListMcpServerStatusParams) -> ListMcpServerStatusResponse, stable, in None, "Lists tool servers, and what each offers.";
    client McpServerToolCall "mcpServer/tool/call" (McpServerToolCallParams) -> McpServerToolCallResponse, stable, in None, "Calls a tool of a tool server.";
    client McpServerResourceRead "mcpServer/resource/read" (McpResourceReadParams) -> McpResourceReadResponse, stable, in None, "Reads a resource of a tool server.";
    client McpServerRefresh "config/mcpServer/reload" () -> McpServerRefreshResponse, stable, in Global("mcp-registry"), "Has loaded threads read again which tool servers there are.";
    client McpServerOauthLogin "mcpServer/oauth/login" (McpServerOauthLoginParams) -> McpServerOauthLoginResponse, stable, in Global("mcp-registry"), "Begins to sign in to a tool server.";
    client McpServerEventStreamStart "mcpServer/event/stream/start" (McpServerEventStreamStartParams) -> McpServerEventStreamStartResponse, experimental, in None, "Subscribes to events of a hosted app.";
    client McpServerEventStreamStop "mcpServer/event/stream/stop" (McpServerEventStreamStopParams) -> McpServerEventStreamStopResponse, experimental, in None, "Ends a subscription to events of a hosted app.";
    server McpServerElicitationRequest "mcpServer/elicitation/request" (McpServerElicitationRequestParams) -> McpServerElicitationRequestResponse, stable, "Asks the user something that a tool server, or a call of one of its tools, wants to know.";
    notify McpServerStartupStatusUpdated "mcpServer/startupStatus/updated" (McpServerStatusUpdatedNotification), stable, "A tool server of a thread stands in another way.";
    notify McpServerOauthLoginCompleted "mcpServer/oauthLogin/completed" (McpServerOauthLoginCompletedNotification), stable, "A sign-in to a tool server has ended.";
    notify McpToolCallProgress "item/mcpToolCall/progress" (McpToolCallProgressNotification), stable, "A tool server says how far a call is.";
}

/// Which servers to list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListMcpServerStatusParams {
    /// Where to go on, from an earlier answer.
    pub cursor: Option<String>,
    /// How much to tell of each; null is `full`.
    pub detail: Option<McpServerStatusDetail>,
    /// The environment that they belong to; null is the thread as a whole.
    pub environment_id: Option<String>,
    /// How many at most.
    pub limit: Option<u32>,
    /// The name of the only one to list.
    pub server_name: Option<String>,
    /// A loaded thread; without one, servers are started to be asked.
    pub thread_id: Option<String>,
}

/// How much to tell of each server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum McpServerStatusDetail {
    /// Everything.
    Full,
    /// No resources.
    ToolsAndAuthOnly,
}

/// Servers by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListMcpServerStatusResponse {
    /// One page of them.
    pub data: Vec<McpServerStatus>,
    /// Where to go on; null at the end.
    pub next_cursor: Option<String>,
}

/// A tool server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpServerStatus {
    /// Its name in the configuration.
    pub name: String,
    /// The environment that it belongs to; null is the thread as a whole.
    pub environment_id: Option<String>,
    /// How it stands for the thread; null without one.
    pub runtime_status: Option<McpServerConnectionStatus>,
    /// The plugin that it belongs to.
    pub plugin_id: Option<String>,
    /// Scheme, host and port of one that is reached over HTTP.
    pub http_origin: Option<String>,
    /// What it says of itself; null if it can't be reached.
    pub server_info: Option<McpServerInfo>,
    /// `capabilities` of its handshake.
    #[serde(default)]
    pub server_capabilities: Value,
    /// `_meta` of its list of tools.
    #[serde(default)]
    pub tool_list_meta: Value,
    /// The tools that are used, by the server's names.
    pub tools: BTreeMap<String, Tool>,
    /// Why they are not known.
    pub tools_error: Option<String>,
    /// What it has to read.
    pub resources: Vec<Resource>,
    /// What it has to read, with parts of the URI left open.
    pub resource_templates: Vec<ResourceTemplate>,
    /// How users sign in there.
    pub auth_status: McpAuthStatus,
}

/// How a server stands for a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum McpServerConnectionStatus {
    /// Nobody has started it.
    NotStarted,
    /// It is being started.
    Starting,
    /// It answers.
    Connected,
    /// The user has to sign in.
    AuthenticationRequired,
    /// It could not be started, or has ended.
    Failed,
    /// Its start was given up.
    Cancelled,
    /// The user has switched it off.
    Disabled,
}

/// How users sign in at a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum McpAuthStatus {
    /// Not known.
    Unknown,
    /// Not at all.
    Unsupported,
    /// They have yet to.
    NotLoggedIn,
    /// By a token of the configuration.
    BearerToken,
    /// They are signed in.
    OAuth,
}

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpServerInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its name for people.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Icons, as in the Model Context Protocol.
    pub icons: Option<Vec<Value>>,
    /// Its page.
    pub website_url: Option<String>,
}

/// A tool of a server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    /// The server's name for it.
    pub name: String,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON Schema of its arguments.
    pub input_schema: Value,
    /// JSON Schema of `structuredContent`.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub output_schema: Value,
    /// What the server says of its effects.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub annotations: Value,
    /// Icons, as in the Model Context Protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icons: Option<Vec<Value>>,
    /// Metadata of the server.
    #[serde(default, rename = "_meta", skip_serializing_if = "Value::is_null")]
    pub meta: Value,
}

/// Something to read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// To read it by.
    pub uri: String,
    /// Its name.
    pub name: String,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its media type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// Its size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
    /// Whom it is for.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub annotations: Value,
    /// Icons, as in the Model Context Protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icons: Option<Vec<Value>>,
    /// Metadata of the server.
    #[serde(default, rename = "_meta", skip_serializing_if = "Value::is_null")]
    pub meta: Value,
}

/// Things to read, with parts of the URI left open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceTemplate {
    /// The URI with its open parts (RFC 6570).
    pub uri_template: String,
    /// Its name.
    pub name: String,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Their media type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// Whom they are for.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub annotations: Value,
}

/// Which tool to call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpServerToolCallParams {
    /// A loaded thread.
    pub thread_id: String,
    /// The server.
    pub server: String,
    /// The tool, as the server spells it.
    pub tool: String,
    /// Its arguments.
    #[serde(default)]
    pub arguments: Value,
    /// The environment that the server belongs to; null is the thread as a whole.
    pub environment_id: Option<String>,
    /// Metadata for the server.
    #[serde(default, rename = "_meta")]
    pub meta: Value,
}

/// What a tool returned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpServerToolCallResponse {
    /// Content blocks, as in the Model Context Protocol.
    pub content: Vec<Value>,
    /// The same as data.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub structured_content: Value,
    /// Whether it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_error: Option<bool>,
    /// Metadata of the server.
    #[serde(default, rename = "_meta", skip_serializing_if = "Value::is_null")]
    pub meta: Value,
}

/// Which resource to read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpResourceReadParams {
    /// The server.
    pub server: String,
    /// The resource.
    pub uri: String,
    /// A loaded thread; without one, the server is started for it.
    pub thread_id: Option<String>,
    /// The environment that the server belongs to; null is the thread as a whole.
    pub environment_id: Option<String>,
    /// The app that it belongs to; there are none here.
    pub connector_id: Option<String>,
    /// The call that it is read for; comes back.
    pub origin_call_id: Option<String>,
    /// The app that it belongs to; there are none here.
    pub target: Option<McpResourceReadTarget>,
    /// Metadata for the server.
    #[serde(rename = "_meta")]
    pub meta: Option<Map<String, Value>>,
}

/// An app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = require("linkId"))]
pub struct McpResourceReadTarget {
    /// Its id.
    pub connector_id: String,
    /// The account's link to it.
    #[serde(deserialize_with = "nullable")]
    pub link_id: Option<String>,
}

/// What a resource holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpResourceReadResponse {
    /// Its parts.
    pub contents: Vec<ResourceContent>,
    /// The call that it was read for.
    pub origin_call_id: Option<String>,
}

/// A part of a resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum ResourceContent {
    /// Text.
    Text {
        /// Its URI.
        uri: String,
        /// The text.
        text: String,
        /// Its media type.
        #[serde(skip_serializing_if = "Option::is_none")]
        mime_type: Option<String>,
        /// Metadata of the server.
        #[serde(default, rename = "_meta", skip_serializing_if = "Value::is_null")]
        meta: Value,
    },
    /// Bytes.
    Blob {
        /// Its URI.
        uri: String,
        /// The bytes in base64.
        blob: String,
        /// Its media type.
        #[serde(skip_serializing_if = "Option::is_none")]
        mime_type: Option<String>,
        /// Metadata of the server.
        #[serde(default, rename = "_meta", skip_serializing_if = "Value::is_null")]
        meta: Value,
    },
}

/// What to subscribe to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpServerEventStreamStartParams {
    /// The thread.
    pub thread_id: String,
    /// The hosted app.
    pub server: String,
    /// The event.
    pub name: String,
    /// Its arguments.
    pub arguments: Value,
    /// The client's name for the subscription.
    pub subscription_id: String,
    /// Metadata for the server.
    #[serde(default, rename = "_meta")]
    pub meta: Value,
}

/// The subscription has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct McpServerEventStreamStartResponse {}

/// Which subscription to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpServerEventStreamStopParams {
    /// The client's name for it.
    pub subscription_id: String,
}

/// The subscription has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct McpServerEventStreamStopResponse {}

/// Has loaded threads read the configuration again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct McpServerRefreshResponse {}

/// A tool server of a thread stands in another way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpServerStatusUpdatedNotification {
    /// The thread.
    pub thread_id: Option<String>,
    /// The server.
    pub name: String,
    /// The environment that it belongs to; null is the thread as a whole.
    pub environment_id: Option<String>,
    /// How it stands.
    pub status: McpServerStartupState,
    /// Why it can't be used.
    pub error: Option<String>,
    /// What the user can do about that.
    pub failure_reason: Option<McpServerStartupFailureReason>,
}

/// How the start of a server stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum McpServerStartupState {
    /// It has begun.
    Starting,
    /// The server's tools can be used.
    Ready,
    /// They can't.
    Failed,
    /// It was given up.
    Cancelled,
}

/// What the user can do about a server that can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum McpServerStartupFailureReason {
    /// Sign in again.
    ReauthenticationRequired,
}

/// Which server to sign in to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpServerOauthLoginParams {
    /// The server.
    pub name: String,
    /// The environment that it belongs to; null is the thread as a whole.
    pub environment_id: Option<String>,
    /// How this program becomes known there; null is `auto`.
    pub client_registration: Option<McpServerOauthClientRegistration>,
    /// What to ask for; null is what is configured, else what the server supports.
    pub scopes: Option<Vec<String>>,
    /// A loaded thread whose server it is; null is the configuration's.
    pub thread_id: Option<String>,
    /// How long the user may take, in seconds; null is five minutes.
    pub timeout_secs: Option<i64>,
}

/// How a program becomes known at a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum McpServerOauthClientRegistration {
    /// In whatever way works.
    Auto,
    /// By a document of its own; not supported.
    Cimd,
    /// By registering.
    Dcr,
}

/// A sign-in that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpServerOauthLoginResponse {
    /// The page where the user signs in.
    pub authorization_url: String,
    /// Names the sign-in.
    #[serde(default)]
    pub login_id: Option<String>,
}

/// A sign-in to a tool server has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpServerOauthLoginCompletedNotification {
    /// The server.
    pub name: String,
    /// The thread that it was asked for.
    pub thread_id: Option<String>,
    /// Names the sign-in.
    pub login_id: Option<String>,
    /// Whether the user is signed in.
    pub success: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
