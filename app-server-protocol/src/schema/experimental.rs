//! From the marks in the types to the rules of the gate ([`crate::experimental`]).

use serde_json::{Map, Value};

use super::definitions::Definitions;
use super::surface::{EXPERIMENTAL, EXPERIMENTAL_VALUE, REF};
use crate::experimental::{Member, Node, Refusal, Rules};
use crate::methods::METHODS;
use crate::rpc::MethodInfo;

/// `schema/experimental.json`: what of each method's parameters is experimental.
pub(super) fn rules_file(definitions: &Definitions) -> String {
    let rules: Rules = METHODS
        .iter()
        .map(|info| (info.method.to_owned(), of_method(definitions, info)))
        .filter(|(_, node)| !node.is_empty())
        .collect();
    serde_json::to_string_pretty(&rules).unwrap_or_default() + "\n"
}

fn of_method(definitions: &Definitions, info: &'static MethodInfo) -> Node {
    let mut node = Node::default();
    if let Some(params) = info.params
        && let Some((name, schema)) = definitions.read.get_key_value(&*(params.name)())
    {
        let mut reader = Reader {
            definitions: &definitions.read,
            path: vec![name],
        };
        reader.read(schema, info.method, &mut node);
    }
    node
}

/// Turns a schema into rules.
struct Reader<'a> {
    definitions: &'a Map<String, Value>,
    /// Types that are being read, against recursion.
    path: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    /// Adds the rules of a schema. `place` is what refusals call it.
    fn read(&mut self, schema: &'a Value, place: &str, node: &mut Node) {
        if let Some(name) = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|path| path.strip_prefix(REF))
        {
            if let Some(definition) = self.definitions.get(name).filter(|_| !self.path.contains(&name)) {
                self.path.push(name);
                self.read(definition, place, node);
                self.path.pop();
            }
            return;
        }
        for parts in ["allOf", "anyOf", "oneOf"] {
            for part in schema.get(parts).and_then(Value::as_array).into_iter().flatten() {
                self.read(part, place, node);
            }
        }
        if let Some(items) = schema.get("items") {
            let mut inside = Node::default();
            self.read(items, place, &mut inside);
            if !inside.is_empty() {
                node.items = Some(Box::new(inside));
            }
        }
        let value = schema.get(EXPERIMENTAL_VALUE).and_then(Value::as_str);
        for (name, property) in schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let place = format!("{place}.{name}");
            let mut inside = Node::default();
            self.read(property, &place, &mut inside);
            let mark = property.get(EXPERIMENTAL);
            let descriptor = value.map(str::to_owned).or_else(|| mark.map(|_| place));
            let refusal = descriptor.map(|descriptor| Refusal {
                descriptor,
                empty_is_absent: mark.and_then(Value::as_str) == Some("nonEmpty"),
                false_is_absent: property.get("type").and_then(Value::as_str) == Some("boolean"),
            });
            if refusal.is_some() || !inside.is_empty() {
                node.members.push(Member {
                    name: name.clone(),
                    refusal,
                    inside,
                });
            }
        }
    }
}
