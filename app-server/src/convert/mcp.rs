//! Tool servers: what they say, which is theirs to spell, as the contract has it. What can't be read is left out.

use codex_app_server_protocol::{
    McpAuthStatus, McpElicitationSchema, McpServerConnectionStatus, McpServerElicitationRequestKind,
    McpServerElicitationRequestParams, McpServerInfo, McpServerStatus, McpServerToolCallResponse,
    ResourceContent,
};
use codex_core::mcp::{AuthStatus, RuntimeStatus, ServerReport};
use codex_core::{LOCAL_ENVIRONMENT, McpElicitationKind, ThreadId};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The environment that a server runs in: those of the configuration belong to the whole thread.
pub(crate) fn environment_of(of_plugin: bool) -> Option<String> {
    of_plugin.then(|| LOCAL_ENVIRONMENT.to_owned())
}

/// `McpServerStatus`
pub(crate) fn report_to_wire(report: ServerReport) -> McpServerStatus {
    let catalog = report.catalog.unwrap_or_default();
    let tools = catalog.tools.into_iter();
    let tools = tools.filter_map(|tool| Some((tool["name"].as_str()?.to_owned(), as_wire(tool)?)));
    McpServerStatus {
        name: report.name,
        environment_id: environment_of(report.plugin.is_some()),
        runtime_status: report.runtime.map(|runtime| match runtime {
            RuntimeStatus::NotStarted => McpServerConnectionStatus::NotStarted,
            RuntimeStatus::Starting => McpServerConnectionStatus::Starting,
            RuntimeStatus::Connected => McpServerConnectionStatus::Connected,
            RuntimeStatus::AuthenticationRequired => McpServerConnectionStatus::AuthenticationRequired,
            RuntimeStatus::Failed => McpServerConnectionStatus::Failed,
            RuntimeStatus::Disabled => McpServerConnectionStatus::Disabled,
        }),
        plugin_id: report.plugin,
        http_origin: report.http_origin,
        server_info: info(catalog.server_info),
        server_capabilities: catalog.capabilities,
        tool_list_meta: catalog.tools_meta.unwrap_or_default(),
        tools: tools.collect(),
        tools_error: report.tools_error,
        resources: report.resources.into_iter().filter_map(as_wire).collect(),
        resource_templates: report
            .resource_templates
            .into_iter()
            .filter_map(as_wire)
            .collect(),
        auth_status: match report.auth {
            AuthStatus::Unknown => McpAuthStatus::Unknown,
            AuthStatus::Unsupported => McpAuthStatus::Unsupported,
            AuthStatus::NotLoggedIn => McpAuthStatus::NotLoggedIn,
            AuthStatus::BearerToken => McpAuthStatus::BearerToken,
            AuthStatus::OAuth => McpAuthStatus::OAuth,
        },
    }
}

/// What a server says of itself; names and versions that are missing are empty.
fn info(mut said: Value) -> Option<McpServerInfo> {
    let members = said.as_object_mut()?;
    for name in ["name", "version"] {
        if !members.get(name).is_some_and(Value::is_string) {
            members.insert(name.to_owned(), json!(""));
        }
    }
    as_wire(said)
}

/// What a tool returned.
pub(crate) fn result_to_wire(mut result: Value) -> McpServerToolCallResponse {
    let is_error = result["isError"].as_bool();
    let mut taken = |member: &str| result.get_mut(member).map(Value::take).unwrap_or_default();
    let content = match taken("content") {
        Value::Array(content) => content,
        _ => Vec::new(),
    };
    McpServerToolCallResponse {
        content,
        structured_content: taken("structuredContent"),
        is_error,
        meta: taken("_meta"),
    }
}

/// What a resource holds.
pub(crate) fn contents_to_wire(contents: Vec<Value>) -> Vec<ResourceContent> {
    contents.into_iter().filter_map(as_wire).collect()
}

/// A question. `None`: its form is none that clients know.
pub(crate) fn elicitation_to_wire(
    thread: ThreadId,
    turn_id: Option<&str>,
    server: String,
    meta: Value,
    kind: McpElicitationKind,
) -> Option<McpServerElicitationRequestParams> {
    let request = match kind {
        McpElicitationKind::Form { message, schema } => McpServerElicitationRequestKind::Form {
            meta,
            message,
            requested_schema: as_wire::<McpElicitationSchema>(schema)?,
        },
        McpElicitationKind::Url {
            message,
            url,
            elicitation_id,
        } => McpServerElicitationRequestKind::Url {
            meta,
            message,
            url,
            elicitation_id,
        },
    };
    Some(McpServerElicitationRequestParams {
        thread_id: thread.to_string(),
        turn_id: turn_id.map(str::to_owned),
        server_name: server,
        environment_id: None,
        request,
    })
}

fn as_wire<T: DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value)
        .inspect_err(|error| tracing::debug!("what an MCP server says can't be read: {error}"))
        .ok()
}
