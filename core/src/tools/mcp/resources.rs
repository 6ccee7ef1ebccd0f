//! Tools about what servers have to read: `list_mcp_resources`, `list_mcp_resource_templates`, `read_mcp_resource`.

use std::time::Instant;

use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::{CallContext, ToolCall, ToolEnd};
use super::ordered;
use crate::exec::cut_middle;
use crate::mcp::{ThreadServer, taken};

/// One of the tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tools) enum ResourceTool {
    List,
    Templates,
    Read,
}

#[derive(Deserialize)]
struct ListArguments {
    server: Option<String>,
    cursor: Option<String>,
}

#[derive(Deserialize)]
struct ReadArguments {
    server: String,
    uri: String,
}

impl ResourceTool {
    const ALL: [Self; 3] = [Self::List, Self::Templates, Self::Read];

    /// The tool of this name.
    pub(in crate::tools) fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::List => "list_mcp_resources",
            Self::Templates => "list_mcp_resource_templates",
            Self::Read => "read_mcp_resource",
        }
    }

    /// The method and the member of its answer.
    fn listed(self) -> (&'static str, &'static str) {
        match self {
            Self::Templates => ("resources/templates/list", "resourceTemplates"),
            Self::List | Self::Read => ("resources/list", "resources"),
        }
    }

    /// Carries out one call.
    pub(in crate::tools) async fn run(self, cx: CallContext, call: ToolCall) -> ToolEnd {
        let arguments: Value = match super::read_arguments(&call) {
            Ok(arguments) => arguments,
            Err(end) => return end,
        };
        let read = match self {
            Self::Read => {
                ReadArguments::deserialize(&arguments).map(|read| (Some(read.server), Some(read.uri)))
            }
            Self::List | Self::Templates => {
                let read = ListArguments::deserialize(&arguments);
                // Models that must fill in everything write an empty name for all of them.
                read.map(|list| (list.server.filter(|name| !name.is_empty()), list.cursor))
            }
        };
        let (server, text) = match read {
            Ok(read) => read,
            Err(error) => {
                return ToolEnd::text(format!("failed to parse function arguments: {error}"));
            }
        };
        let found = server.as_deref().map(|name| cx.mcp.server(name));
        if let (Some(name), Some(None)) = (&server, &found) {
            return ToolEnd::text(format!(
                "unknown MCP server '{name}' for the selected environment"
            ));
        }
        let found = found.flatten();
        let begin = Instant::now();
        let item = super::item(
            &call,
            server.as_deref().unwrap_or("codex"),
            self.name(),
            &arguments,
            None,
        );
        cx.outbox.item_started(&cx.turn_id, item.clone());
        let result = tokio::select! {
            biased;
            () = cx.cancel.cancelled() => return super::aborted(begin.elapsed()),
            result = self.result(&cx, found.as_deref(), text) => result,
        };
        let result = result.map(|value| ordered::to_text(&value));
        let shown = result.as_ref().map(|text| {
            let mut text = text.clone();
            // Clients see what the model reads.
            cut_middle(&mut text, cx.output_limit.in_history());
            json!({"content": [{"type": "text", "text": text}]})
        });
        super::complete(&cx, item, begin, &shown.map_err(Clone::clone)).await;
        match result {
            Ok(text) => cx.record.succeeded(ToolEnd::text(text)),
            Err(why) => ToolEnd::text(why),
        }
    }

    async fn result(
        self,
        cx: &CallContext,
        server: Option<&ThreadServer>,
        text: Option<String>,
    ) -> Result<Value, String> {
        let (method, member) = self.listed();
        let failed = |error: crate::mcp::CallError| format!("{method} failed: {error}");
        match (self, server) {
            (Self::Read, Some(server)) => {
                let params = Map::from_iter([("uri".to_owned(), text.clone().into())]);
                let mut read = cx
                    .mcp
                    .request(server, "resources/read", params)
                    .await
                    .map_err(|error| format!("resources/read failed: {error}"))?;
                Ok(json!({"server": server.name(), "uri": text, "contents": taken(&mut read, "contents")}))
            }
            (_, Some(server)) => {
                let mut params = Map::new();
                params.extend(text.map(|cursor| ("cursor".to_owned(), cursor.into())));
                let mut page = cx.mcp.request(server, method, params).await.map_err(failed)?;
                let entries = named(server, taken(&mut page, member));
                let mut result = json!({"server": server.name(), member: entries});
                if page["nextCursor"].is_string() {
                    result["nextCursor"] = taken(&mut page, "nextCursor");
                }
                Ok(result)
            }
            (_, None) if text.is_some() => {
                Err("cursor can only be used when a server is specified".to_owned())
            }
            (_, None) => {
                let servers = cx.mcp.connected();
                let lists = join_all(servers.iter().map(|server| async {
                    // A server that does not answer costs its own.
                    let listed = cx.mcp.list(server, method, member).await.unwrap_or_default();
                    named(server, listed.into())
                }));
                let all: Vec<Value> = lists.await.into_iter().flatten().collect();
                Ok(json!({member: all}))
            }
        }
    }
}

/// Entries of a list, with the server's name in each.
fn named(server: &ThreadServer, entries: Value) -> Vec<Value> {
    let Value::Array(mut entries) = entries else {
        return Vec::new();
    };
    entries.retain(Value::is_object);
    for entry in &mut entries {
        entry["server"] = server.name().into();
    }
    entries
}

/// The tools, as the API describes them.
pub(in crate::tools) fn specs() -> [Value; 3] {
    let list = |tool: ResourceTool, what: &str| {
        json!({
            "type": "function",
            "name": tool.name(),
            "description": format!("Lists {what} of MCP servers: things that can be read, such as files, schemas or \
                                    documents. Look here before you search the web for them."),
            "strict": false,
            "parameters": {
                "type": "object",
                "properties": {
                    "cursor": {
                        "type": "string",
                        "description": "What an earlier call gave as nextCursor, for the next page; goes with server.",
                    },
                    "server": {
                        "type": "string",
                        "description": "Name of one server; all of them unless given.",
                    },
                },
                "additionalProperties": false,
            },
        })
    };
    [
        list(ResourceTool::List, "resources"),
        list(ResourceTool::Templates, "templates of resources"),
        json!({
            "type": "function",
            "name": ResourceTool::Read.name(),
            "description": "Reads a resource of an MCP server.",
            "strict": false,
            "parameters": {
                "type": "object",
                "properties": {
                    "server": {
                        "type": "string",
                        "description": "Name of the server, as the list of resources has it.",
                    },
                    "uri": {
                        "type": "string",
                        "description": "URI of the resource, as the list has it.",
                    },
                },
                "required": ["server", "uri"],
                "additionalProperties": false,
            },
        }),
    ]
}
