//! The types that clients see, as one map of definitions.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::definitions::Definitions;
use crate::methods::METHODS;
use crate::rpc::{Direction, MethodInfo, TypeInfo};

/// Mark of members and variants that only clients with `experimentalApi` may use.
pub(crate) const EXPERIMENTAL: &str = "x-experimental";
/// Mark of a variant that the stable schema shows, though only clients with `experimentalApi` may send it. Its value
/// is what such a refusal calls it.
pub(crate) const EXPERIMENTAL_VALUE: &str = "x-experimental-value";

/// Path of references inside the definitions.
pub(crate) const REF: &str = "#/definitions/";

/// Methods, and the definitions that they need.
pub(crate) struct Surface {
    /// Methods, in the order of the table.
    pub(crate) methods: Vec<&'static MethodInfo>,
    /// Draft-7 schemas by type name; references are `#/definitions/Name`.
    pub(crate) definitions: Map<String, Value>,
}

impl Surface {
    /// What a reader must accept: members with defaults may be missing.
    pub(crate) fn read(definitions: &Definitions, experimental: bool) -> Self {
        Self::new(definitions.read.clone(), experimental)
    }

    /// What a writer produces, for types that are ever written; parameters as in [`Surface::read`].
    pub(crate) fn write(definitions: &Definitions, experimental: bool) -> Self {
        let mut surface = Self::read(definitions, experimental);
        let mut written = Self::new(definitions.written(), experimental);
        for name in surface.reachable(|info| match info.direction {
            Direction::ClientRequest | Direction::ClientNotification => info.response,
            Direction::ServerRequest | Direction::ServerNotification => info.params,
        }) {
            if let Some(definition) = written.definitions.remove(&name) {
                surface.definitions.insert(name, definition);
            }
        }
        surface
    }

    fn new(mut definitions: Map<String, Value>, experimental: bool) -> Self {
        let methods: Vec<_> = METHODS
            .iter()
            .filter(|info| experimental || !info.experimental)
            .collect();
        for definition in definitions.values_mut() {
            tidy(definition, experimental);
        }
        definitions.extend(envelopes());
        let mut surface = Self { methods, definitions };
        let needed = surface.reachable(|info| info.params);
        let needed = &needed | &surface.reachable(|info| info.response);
        let needed = &needed | &surface.closure(envelopes().into_iter().map(|(name, _)| name));
        surface.definitions.retain(|name, _| needed.contains(name));
        surface
    }

    /// Names of the types that some part of the methods needs.
    fn reachable(&self, part: impl Fn(&MethodInfo) -> Option<TypeInfo>) -> BTreeSet<String> {
        let roots = self.methods.iter().filter_map(|info| part(info));
        self.closure(roots.map(|of| (of.name)().into_owned()))
    }

    /// These types and all that they refer to.
    pub(crate) fn closure(&self, names: impl IntoIterator<Item = String>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open: Vec<String> = names.into_iter().collect();
        while let Some(name) = open.pop() {
            if let Some(definition) = self.definitions.get(&name)
                && found.insert(name)
            {
                references(definition, &mut open);
            }
        }
        found
    }

    /// Those of the methods that go in one direction.
    pub(crate) fn methods(&self, direction: Direction) -> impl Iterator<Item = &'static MethodInfo> {
        self.methods
            .iter()
            .copied()
            .filter(move |info| info.direction == direction)
    }
}

/// Adds the names that a schema refers to.
pub(crate) fn references(schema: &Value, names: &mut Vec<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(name) = members.get("$ref").and_then(Value::as_str) {
                names.extend(name.strip_prefix(REF).map(str::to_owned));
            }
            members.values().for_each(|member| references(member, names));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, names)),
        _ => {}
    }
}

/// Takes out what is not for this surface, and our marks where they say nothing to clients.
fn tidy(schema: &mut Value, experimental: bool) {
    let marked = |schema: &Value| !experimental && schema.get(EXPERIMENTAL).is_some();
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get_mut("properties") {
                let mut gone = Vec::new();
                properties.retain(|name, property| {
                    if marked(property) {
                        gone.push(name.clone());
                    }
                    !marked(property)
                });
                if let Some(Value::Array(required)) = members.get_mut("required") {
                    required.retain(|name| {
                        name.as_str()
                            .is_none_or(|name| !gone.iter().any(|gone| gone == name))
                    });
                }
            }
            for choices in ["oneOf", "anyOf"] {
                if let Some(Value::Array(choices)) = members.get_mut(choices) {
                    choices.retain(|choice| !marked(choice));
                }
            }
            if !experimental {
                members.remove(EXPERIMENTAL_VALUE);
            }
            if let Some(Value::Array(required)) = members.get_mut("required") {
                required.sort_unstable_by(|a, b| a.as_str().cmp(&b.as_str()));
                required.dedup();
            }
            // The contract release writes a fixed text as an enum of one.
            if let Some(text) = members.get("const").filter(|text| text.is_string()).cloned() {
                members.remove("const");
                members.insert("type".into(), json!("string"));
                members.insert("enum".into(), json!([text]));
            }
            members.values_mut().for_each(|member| tidy(member, experimental));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| tidy(item, experimental)),
        _ => {}
    }
}

/// The envelopes of JSON-RPC, which no method names.
fn envelopes() -> Map<String, Value> {
    let any = json!(true);
    let id = json!({ "$ref": "#/definitions/RequestId" });
    let method = json!({ "type": "string" });
    let Value::Object(envelopes) = json!({
        "JSONRPCMessage": {
            "description": "Any message.",
            "anyOf": [
                { "$ref": "#/definitions/JSONRPCRequest" },
                { "$ref": "#/definitions/JSONRPCNotification" },
                { "$ref": "#/definitions/JSONRPCResponse" },
                { "$ref": "#/definitions/JSONRPCError" },
            ],
        },
        "JSONRPCRequest": {
            "description": "Wants an answer.",
            "type": "object",
            "properties": {
                "id": id,
                "method": method,
                "params": any,
                "trace": {
                    "description": "Where the work belongs in a distributed trace.",
                    "anyOf": [{ "$ref": "#/definitions/W3cTraceContext" }, { "type": "null" }],
                },
            },
            "required": ["id", "method"],
        },
        "JSONRPCNotification": {
            "description": "Wants no answer.",
            "type": "object",
            "properties": { "method": method, "params": any },
            "required": ["method"],
        },
        "JSONRPCResponse": {
            "description": "A request went well.",
            "type": "object",
            "properties": { "id": id, "result": any },
            "required": ["id", "result"],
        },
        "JSONRPCError": {
            "description": "A request failed.",
            "type": "object",
            "properties": { "id": id, "error": { "$ref": "#/definitions/JSONRPCErrorError" } },
            "required": ["error", "id"],
        },
        "JSONRPCErrorError": {
            "description": "What went wrong.",
            "type": "object",
            "properties": {
                "code": { "type": "integer", "format": "int64" },
                "message": { "type": "string" },
                "data": any,
            },
            "required": ["code", "message"],
        },
        "W3cTraceContext": {
            "description": "A place in a distributed trace (W3C Trace Context).",
            "type": "object",
            "properties": {
                "traceparent": { "type": ["string", "null"] },
                "tracestate": { "type": ["string", "null"] },
            },
        },
    }) else {
        return Map::new();
    };
    envelopes
}
