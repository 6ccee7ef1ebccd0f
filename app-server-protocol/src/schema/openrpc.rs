//! OpenRPC: the methods of the server, for generators and documents.

use serde_json::{Map, Value, json};

use super::json::needs_params;
use super::pretty;
use super::surface::{REF, Surface};
use crate::error::CODES;
use crate::rpc::{Direction, MethodInfo, Scope};

/// Version of OpenRPC that the document follows.
const OPENRPC: &str = "1.3.2";
/// Release of the contract that the types are those of.
pub const RELEASE: &str = "0.171.0";

pub(super) fn document(surface: &Surface) -> String {
    let list = |direction| -> Vec<Value> {
        surface
            .methods(direction)
            .map(|info| method(surface, info))
            .collect()
    };
    let errors: Map<String, Value> = CODES
        .iter()
        .map(|&(code, message)| (error_name(code), json!({ "code": code, "message": message })))
        .collect();
    let mut document = json!({
        "openrpc": OPENRPC,
        "info": {
            "title": "codex-app-server",
            "version": RELEASE,
            "description": "Threads, turns and items of a coding agent. JSON-RPC 2.0, one message per line; the \
                `jsonrpc` member may be left out. `params` may be left out where all members are optional. \
                Requests of the server (`x-server-requests`) are answered by the client.",
            "license": { "name": "Apache-2.0" },
        },
        "methods": list(Direction::ClientRequest),
        "x-client-notifications": list(Direction::ClientNotification),
        "x-server-requests": list(Direction::ServerRequest),
        "x-server-notifications": list(Direction::ServerNotification),
        "components": { "schemas": surface.definitions, "errors": errors },
    });
    redirect(&mut document);
    pretty(document)
}

fn method(surface: &Surface, info: &MethodInfo) -> Value {
    let mut method = json!({
        "name": info.method,
        "summary": info.summary,
        "paramStructure": "by-name",
        "params": params(surface, info),
    });
    if let Some(response) = info.response {
        let name = (response.name)();
        method["result"] = json!({ "name": name, "schema": { "$ref": format!("{REF}{name}") } });
        let errors = CODES
            .iter()
            .map(|&(code, _)| json!({ "$ref": format!("#/components/errors/{}", error_name(code)) }));
        method["errors"] = errors.collect();
    }
    if info.experimental {
        method["x-experimental"] = json!(true);
    }
    if info.direction == Direction::ClientRequest {
        method["x-runs-after"] = match info.scope {
            Scope::None => json!("nothing"),
            Scope::Thread | Scope::ThreadOrPath => json!("earlier requests of the same thread"),
            Scope::Global(name) | Scope::GlobalRead(name) => {
                json!(format!("earlier requests that change {name}"))
            }
            Scope::Handle(member) => json!(format!("earlier requests with the same {member}")),
        };
    }
    method
}

/// One content descriptor per member. Parameters that are a choice of objects have one descriptor for the whole.
fn params(surface: &Surface, info: &MethodInfo) -> Vec<Value> {
    let Some(of) = info.params else {
        return Vec::new();
    };
    let name = (of.name)();
    let schema = surface.definitions.get(&*name).unwrap_or(&Value::Null);
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        if schema.get("oneOf").is_none() && schema.get("anyOf").is_none() {
            return Vec::new();
        }
        return vec![json!({
            "name": "params",
            "description": "All of `params`.",
            "required": needs_params(surface, &name),
            "schema": { "$ref": format!("{REF}{name}") },
            "x-whole": true,
        })];
    };
    let required = schema.get("required").and_then(Value::as_array);
    properties
        .iter()
        .map(|(member, schema)| {
            let is_required = required.is_some_and(|names| names.iter().any(|name| name == member));
            let mut descriptor = json!({ "name": member, "required": is_required, "schema": schema });
            if let Some(description) = schema.get("description") {
                descriptor["description"] = description.clone();
            }
            descriptor
        })
        .collect()
}

fn error_name(code: i64) -> String {
    format!("E{}", code.unsigned_abs())
}

/// Points references to where OpenRPC keeps schemas.
fn redirect(node: &mut Value) {
    match node {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(path) if key == "$ref" => {
                        if let Some(name) = path.strip_prefix(REF) {
                            *path = format!("#/components/schemas/{name}");
                        }
                    }
                    _ => redirect(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redirect),
        _ => {}
    }
}
