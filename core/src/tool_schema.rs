//! Schemas of what tools take, as models are told of them (docs/contract/mcp.md#schemas).
//!
//! Model servers refuse all of a request for a schema that they can't read, and each request has all of them: what is sent is
//! what they know of JSON Schema, and not too long.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value, json};

/// A schema that is longer, as JSON in bytes, is told without descriptions; if that doesn't help, without definitions; and
/// then without what lies deep in it.
const SHORT: usize = 5000;
/// So deep below the root nothing is told that has other schemas in it.
const DEEP: usize = 3;
const TYPES: [&str; 7] = [
    "string", "number", "boolean", "integer", "object", "array", "null",
];
const COMBINATORS: [&str; 3] = ["anyOf", "oneOf", "allOf"];
const DEFINITIONS: [&str; 2] = ["$defs", "definitions"];

/// What models are told of a schema. `None`: it is none.
pub(crate) fn for_models(schema: &Value) -> Option<Value> {
    let mut told = known(schema)?;
    let root = told.as_object_mut()?;
    if !root.contains_key("type") && !is_combined(root) {
        root.insert("type".to_owned(), "object".into());
    }
    root.entry("properties").or_insert_with(|| json!({}));
    drop_dangling(&mut told);
    let used = used_definitions(&mut told);
    retain_definitions(&mut told, |key, name| {
        used.contains(&(key.to_owned(), name.to_owned()))
    });
    shorten(&mut told);
    Some(told)
}

/// What is known of JSON Schema. `None`: it can't be read.
fn known(schema: &Value) -> Option<Value> {
    let source = match schema {
        Value::Bool(_) => return Some(json!({"type": "string"})),
        Value::Object(source) => source,
        _ => return None,
    };
    let kind = kind(source);
    if kind.is_none() && !is_combined(source) {
        // Of anything, people may say what it is.
        let description = source.get("description").and_then(Value::as_str);
        return Some(description.map_or_else(|| json!({}), |text| json!({"description": text})));
    }
    let is = |name: &str| match &kind {
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == name),
        kind => kind.as_ref().is_some_and(|kind| kind == name),
    };
    let mut kept = Map::new();
    for (key, value) in source.iter().filter(|(_, value)| !value.is_null()) {
        let value = match key.as_str() {
            "description" | "$ref" => value.as_str().map(Value::from)?,
            "minItems" => value.as_u64().map(Value::from)?,
            "encrypted" => value.as_bool().map(Value::from)?,
            "required" => {
                let names = value.as_array()?;
                names.iter().all(Value::is_string).then(|| value.clone())?
            }
            "enum" => value.as_array().map(|values| Value::Array(values.clone()))?,
            "additionalProperties" if value.is_boolean() => value.clone(),
            "items" | "additionalProperties" => known(value)?,
            "properties" | "$defs" | "definitions" => {
                let members = value.as_object()?.iter();
                let members = members.map(|(name, schema)| Some((name.clone(), known(schema)?)));
                Value::Object(members.collect::<Option<_>>()?)
            }
            combinator if COMBINATORS.contains(&combinator) => {
                let schemas = value.as_array()?.iter().map(known);
                Value::Array(schemas.collect::<Option<_>>()?)
            }
            _ => continue,
        };
        kept.insert(key.clone(), value);
    }
    if let Some(value) = source.get("const") {
        kept.insert("enum".to_owned(), json!([value]));
    }
    // They want to know what is in it.
    if is("object") && !source.contains_key("properties") {
        kept.insert("properties".to_owned(), json!({}));
    }
    if is("array") && !source.contains_key("items") {
        kept.insert("items".to_owned(), json!({"type": "string"}));
    }
    if let Some(kind) = kind {
        kept.insert("type".to_owned(), kind);
    }
    Some(Value::Object(kept))
}

/// The type of a schema, or what it must be by what else it says.
fn kind(schema: &Map<String, Value>) -> Option<Value> {
    let is_type = |kind: &Value| kind.as_str().is_some_and(|kind| TYPES.contains(&kind));
    let has = |keys: &[&str]| keys.iter().any(|key| schema.contains_key(*key));
    match schema.get("type") {
        Some(kind) if is_type(kind) => return Some(kind.clone()),
        Some(Value::Array(kinds)) if kinds.iter().any(is_type) => {
            return Some(kinds.iter().filter(|kind| is_type(kind)).cloned().collect());
        }
        _ if is_combined(schema) => return None,
        _ => {}
    }
    let kind = if has(&["properties", "required", "additionalProperties"]) {
        "object"
    } else if has(&["items", "prefixItems"]) {
        "array"
    } else if has(&["enum", "const"]) {
        "string"
    } else {
        return None;
    };
    Some(kind.into())
}

/// Whether it says that it is what others are.
fn is_combined(schema: &Map<String, Value>) -> bool {
    let mut keys = COMBINATORS.iter().chain(&["$ref"]);
    keys.any(|key| schema.contains_key(*key))
}

/// Where a schema lies in another one.
#[derive(Debug, Clone, Default)]
struct Place {
    /// How many schemas are around it.
    depth: usize,
    /// The innermost definition that it is part of.
    within: Option<Definition>,
}

/// Gives each schema in one.
fn each(schema: &mut Value, place: &Place, take: &mut impl FnMut(&mut Value, &Place)) {
    take(schema, place);
    let Value::Object(members) = schema else { return };
    let inner = Place {
        depth: place.depth + 1,
        within: place.within.clone(),
    };
    for (key, value) in members {
        match (key.as_str(), value) {
            ("items" | "additionalProperties", value) => each(value, &inner, take),
            ("properties", Value::Object(schemas)) => {
                for schema in schemas.values_mut() {
                    each(schema, &inner, take);
                }
            }
            (key, Value::Object(definitions)) if DEFINITIONS.contains(&key) => {
                for (name, schema) in definitions {
                    let within = Some((key.to_owned(), name.clone()));
                    each(schema, &Place { within, ..inner }, take);
                }
            }
            (key, Value::Array(schemas)) if COMBINATORS.contains(&key) => {
                for schema in schemas {
                    each(schema, &inner, take);
                }
            }
            _ => {}
        }
    }
}

/// A definition: the key of those that it is one of, and its name.
type Definition = (String, String);

/// Those that a reference leads through.
fn on_the_way(reference: &str) -> impl Iterator<Item = Definition> {
    let pairs = reference.split('/').zip(reference.split('/').skip(1));
    pairs
        .filter(|(key, _)| DEFINITIONS.contains(key))
        .map(|(key, name)| (key.to_owned(), name.replace("~1", "/").replace("~0", "~")))
}

/// Takes references to nothing, or out of the schema, for anything.
fn drop_dangling(root: &mut Value) {
    let mut references = BTreeSet::new();
    each(root, &Place::default(), &mut |schema, _| {
        references.extend(schema["$ref"].as_str().map(str::to_owned));
    });
    references.retain(|reference| {
        let place = reference.strip_prefix('#');
        place.and_then(|place| root.pointer(place)).is_none()
    });
    if !references.is_empty() {
        each(root, &Place::default(), &mut |schema, place| {
            if schema["$ref"]
                .as_str()
                .is_some_and(|reference| references.contains(reference))
            {
                drop_reference(schema, place.depth);
            }
        });
    }
}

/// It may be anything; the root an object.
fn drop_reference(schema: &mut Value, depth: usize) {
    match schema {
        Value::Object(root) if depth == 0 => {
            root.remove("$ref");
            root.entry("type").or_insert_with(|| "object".into());
        }
        schema => *schema = json!({}),
    }
}

/// The definitions that are referred to, from outside of any or by one of these.
fn used_definitions(root: &mut Value) -> HashSet<Definition> {
    let mut refers: HashMap<Option<Definition>, Vec<Definition>> = HashMap::new();
    each(root, &Place::default(), &mut |schema, place| {
        if let Some(reference) = schema["$ref"].as_str() {
            let by = refers.entry(place.within.clone()).or_default();
            by.extend(on_the_way(reference));
        }
    });
    let mut used = HashSet::new();
    let mut ahead = refers.remove(&None).unwrap_or_default();
    while let Some(definition) = ahead.pop() {
        if used.insert(definition.clone()) {
            ahead.extend(refers.remove(&Some(definition)).unwrap_or_default());
        }
    }
    used
}

/// Drops definitions that are not used.
fn retain_definitions(root: &mut Value, is_used: impl Fn(&str, &str) -> bool) {
    each(root, &Place::default(), &mut |schema, _| {
        let Value::Object(members) = schema else { return };
        for key in DEFINITIONS {
            if let Some(Value::Object(definitions)) = members.get_mut(key) {
                definitions.retain(|name, _| is_used(key, name));
                if definitions.is_empty() {
                    members.remove(key);
                }
            }
        }
    });
}

fn shorten(root: &mut Value) {
    let is_long = |root: &Value| root.to_string().len() > SHORT;
    let without = |schema: &mut Value, keys: &[&str]| {
        if let Value::Object(members) = schema {
            members.retain(|key, _| !keys.contains(&key.as_str()));
        }
    };
    if is_long(root) {
        each(root, &Place::default(), &mut |schema, _| {
            without(schema, &["description"]);
        });
    }
    if is_long(root) {
        each(root, &Place::default(), &mut |schema, place| {
            without(schema, &DEFINITIONS);
            if schema.get("$ref").is_some() {
                drop_reference(schema, place.depth);
            }
        });
    }
    if is_long(root) {
        each(root, &Place::default(), &mut |schema, place| {
            let mut has_others = false;
            each(schema, &Place::default(), &mut |_, below| {
                has_others |= below.depth > 0;
            });
            if place.depth >= DEEP && has_others {
                *schema = json!({});
            }
        });
    }
}
