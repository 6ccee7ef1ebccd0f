//! JSON Schema files, with the names and folders of the contract release.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::surface::{REF, Surface};
use super::{Files, pretty};
use crate::rpc::{Direction, MethodInfo};

const DRAFT: &str = "http://json-schema.org/draft-07/schema#";

/// The kinds of messages, with the file that lists all of a kind.
const KINDS: &[(Direction, &str, &str)] = &[
    (
        Direction::ClientRequest,
        "ClientRequest",
        "A request of the client.",
    ),
    (
        Direction::ClientNotification,
        "ClientNotification",
        "A notification of the client.",
    ),
    (
        Direction::ServerRequest,
        "ServerRequest",
        "A request of the server.",
    ),
    (
        Direction::ServerNotification,
        "ServerNotification",
        "A notification of the server.",
    ),
];

pub(super) fn files(surface: &Surface) -> Files {
    let mut files = Files::new();
    for (name, definition) in &surface.definitions {
        if let Some(folder) = folder(surface, name) {
            files.insert(
                format!("{folder}{name}.json"),
                standalone(surface, name, definition),
            );
        }
    }
    for &(direction, name, description) in KINDS {
        let union = union(surface, direction, description);
        files.insert(format!("{name}.json"), standalone(surface, name, &union));
    }
    files.insert(
        "codex_app_server_protocol.schemas.json".to_owned(),
        bundle(surface),
    );
    files.insert(
        "codex_app_server_protocol.v2.schemas.json".to_owned(),
        flat_bundle(surface),
    );
    files
}

/// The folder of a type that has a file of its own: the types that methods name, and the envelopes.
fn folder(surface: &Surface, name: &str) -> Option<&'static str> {
    if name.starts_with("JSONRPC") || name == "RequestId" {
        return Some("");
    }
    surface
        .methods
        .iter()
        .find(|info| {
            [info.params, info.response]
                .iter()
                .flatten()
                .any(|of| (of.name)() == name)
        })
        .map(|info| match (info.direction, info.method) {
            (_, "initialize") => "v1/",
            (Direction::ServerRequest, _) => "",
            (_, method) if method.starts_with("fuzzyFileSearch") => "",
            _ => "v2/",
        })
}

/// All messages of a kind.
fn union(surface: &Surface, direction: Direction, description: &str) -> Value {
    let choices: Vec<Value> = surface
        .methods(direction)
        .map(|info| message(surface, info))
        .collect();
    let mut union = json!({ "description": description, "oneOf": choices });
    if direction == Direction::ServerNotification {
        union["properties"] = json!({
            "emittedAtMs": {
                "description": "When the server sent it, in Unix milliseconds.",
                "type": ["integer", "null"],
                "format": "int64",
            },
        });
    }
    union
}

/// One message with its envelope.
fn message(surface: &Surface, info: &MethodInfo) -> Value {
    let answered = info.response.is_some();
    let title = {
        let mut letters = info.method.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        let kind = if answered { "Request" } else { "Notification" };
        format!("{}{}{kind}", first.unwrap_or_default(), letters.as_str())
    };
    let mut properties = Map::new();
    let mut required = vec!["method"];
    let method = json!({ "type": "string", "enum": [info.method], "title": format!("{title}Method") });
    properties.insert("method".to_owned(), method);
    if answered {
        properties.insert("id".to_owned(), json!({ "$ref": format!("{REF}RequestId") }));
        required.push("id");
    }
    if let Some(params) = info.params {
        let name = (params.name)();
        properties.insert("params".to_owned(), json!({ "$ref": format!("{REF}{name}") }));
        if needs_params(surface, &name) {
            required.push("params");
        }
    } else if answered {
        properties.insert("params".to_owned(), json!({ "type": "null" }));
    }
    required.sort_unstable();
    json!({
        "title": title,
        "description": info.summary,
        "type": "object",
        "properties": properties,
        "required": required,
    })
}

/// Whether a method with these parameters cannot be called without any.
pub(super) fn needs_params(surface: &Surface, name: &str) -> bool {
    surface.definitions.get(name).is_some_and(|params| {
        params.get("type") != Some(&json!("object"))
            || params
                .get("required")
                .and_then(Value::as_array)
                .is_some_and(|required| !required.is_empty())
    })
}

/// A schema with everything that it needs.
fn standalone(surface: &Surface, name: &str, schema: &Value) -> String {
    let mut open = Vec::new();
    super::surface::references(schema, &mut open);
    let needed: Map<String, Value> = surface
        .closure(open)
        .into_iter()
        .filter_map(|name| Some((name.clone(), surface.definitions.get(&name)?.clone())))
        .collect();
    let mut file = schema.clone();
    file["$schema"] = json!(DRAFT);
    file["title"] = json!(name);
    if !needed.is_empty() {
        file["definitions"] = Value::Object(needed);
    }
    pretty(file)
}

/// Everything; what is not about envelopes, initialize and requests of the server is under `definitions.v2`.
fn bundle(surface: &Surface) -> String {
    let by_folder = |v2: bool| {
        surface
            .definitions
            .keys()
            .filter(move |name| folder(surface, name).is_some_and(|folder| (folder == "v2/") == v2))
            .cloned()
    };
    let v2 = surface.closure(by_folder(true));
    let mut top = Map::new();
    let mut nested = Map::new();
    for (name, definition) in &surface.definitions {
        let target = if v2.contains(name) { &mut nested } else { &mut top };
        target.insert(name.clone(), definition.clone());
    }
    for &(direction, name, description) in KINDS {
        top.insert(name.to_owned(), union(surface, direction, description));
    }
    top.insert("v2".to_owned(), Value::Object(nested));
    let mut definitions = Value::Object(top);
    redirect(&mut definitions, &v2);
    pretty(json!({
        "$schema": DRAFT,
        "title": "CodexAppServerProtocol",
        "type": "object",
        "definitions": definitions,
    }))
}

/// Everything about methods that clients call, on one level.
fn flat_bundle(surface: &Surface) -> String {
    let mut definitions = surface.definitions.clone();
    for &(direction, name, description) in KINDS {
        definitions.insert(name.to_owned(), union(surface, direction, description));
    }
    pretty(json!({
        "$schema": DRAFT,
        "title": "CodexAppServerProtocolV2",
        "type": "object",
        "definitions": definitions,
    }))
}

/// Points references to these types one level down.
fn redirect(schema: &mut Value, v2: &BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(path) if key == "$ref" => {
                        if let Some(name) = path.strip_prefix(REF).filter(|name| v2.contains(*name)) {
                            *path = format!("{REF}v2/{name}");
                        }
                    }
                    _ => redirect(member, v2),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redirect(item, v2)),
        _ => {}
    }
}
