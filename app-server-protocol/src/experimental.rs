//! The gate: what clients without `experimentalApi` may not use (threads-and-turns §1.3, §1.4).
//!
//! It derives from the same marks as the stable schema: `experimental` in a method's table line, and the extension
//! `x-experimental` of a member. `true` there means that the presence of the member counts, even when it is empty;
//! `"nonEmpty"` lets an empty text pass. Nulls, and `false` where null is impossible, count as absent.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use schemars::generate::SchemaSettings;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::rpc::{METHODS, MethodInfo, find};
use crate::schema::{EXPERIMENTAL, EXPERIMENTAL_VALUE, REF};

/// What a call uses first that only clients with `experimentalApi` may use: `<method>`, `<method>.<member>`, or the
/// name of a value. The refusal is this and ` requires experimentalApi capability`. Ask after the parameters were
/// read, because parameters that do not fit are refused first.
pub fn first_use(method: &str, params: Option<&RawValue>) -> Option<Cow<'static, str>> {
    let info = find(method)?;
    if info.experimental {
        return Some(info.method.into());
    }
    rules(info).used(params?)
}

/// The rules for a method's parameters, made when they are first needed.
fn rules(info: &'static MethodInfo) -> &'static Node {
    static RULES: LazyLock<HashMap<&str, OnceLock<Node>>> = LazyLock::new(|| {
        METHODS
            .iter()
            .map(|info| (info.method, OnceLock::new()))
            .collect()
    });
    static NONE: Node = Node {
        members: Vec::new(),
        items: None,
    };
    RULES
        .get(info.method)
        .map_or(&NONE, |rules| rules.get_or_init(|| Node::of_method(info)))
}

/// What to look for in one place of the parameters.
#[derive(Default)]
struct Node {
    members: Vec<Member>,
    items: Option<Box<Node>>,
}

struct Member {
    name: String,
    /// What the refusal calls it, if the member itself is experimental.
    refusal: Option<Refusal>,
    /// What to look for inside.
    inside: Node,
}

struct Refusal {
    descriptor: String,
    empty_is_absent: bool,
    false_is_absent: bool,
}

impl Node {
    fn of_method(info: &'static MethodInfo) -> Self {
        let mut node = Self::default();
        if let Some(params) = info.params {
            let mut generator = SchemaSettings::draft07().into_generator();
            let schema = (params.schema)(&mut generator);
            let definitions = generator.take_definitions(true);
            let mut reader = Reader {
                definitions: &definitions,
                path: Vec::new(),
            };
            reader.read(schema.as_value(), info.method, &mut node);
        }
        node
    }

    fn is_empty(&self) -> bool {
        self.members.is_empty() && self.items.is_none()
    }

    fn used(&self, value: &RawValue) -> Option<Cow<'static, str>> {
        if let Some(items) = &self.items {
            let values: Vec<&RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
            if let Some(used) = values.into_iter().find_map(|value| items.used(value)) {
                return Some(used);
            }
        }
        if self.members.is_empty() {
            return None;
        }
        let members: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
        self.members.iter().find_map(|member| {
            let value = members.get(&*member.name)?;
            match &member.refusal {
                Some(refusal) if refusal.counts(value) => Some(refusal.descriptor.clone().into()),
                _ => member.inside.used(value),
            }
        })
    }
}

impl Refusal {
    fn counts(&self, value: &RawValue) -> bool {
        match value.get() {
            "null" => false,
            "false" => !self.false_is_absent,
            "\"\"" => !self.empty_is_absent,
            _ => true,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn used(method: &str, params: &str) -> Option<String> {
        let params = RawValue::from_string(params.to_owned()).unwrap();
        first_use(method, Some(&params)).map(Cow::into_owned)
    }

    #[test]
    fn a_member_counts_when_it_is_present_even_if_empty() {
        let name = |member: &str| Some(format!("thread/start.{member}"));
        assert_eq!(
            used("thread/start", r#"{"environments":[]}"#),
            name("environments")
        );
        assert_eq!(
            used("thread/start", r#"{"mockExperimentalField":""}"#),
            name("mockExperimentalField")
        );
        assert_eq!(
            used("thread/start", r#"{"experimentalRawEvents":true}"#),
            name("experimentalRawEvents")
        );
        assert_eq!(
            used(
                "turn/start",
                r#"{"threadId":"t","input":[],"additionalContext":{}}"#
            )
            .as_deref(),
            Some("turn/start.additionalContext")
        );
        assert_eq!(
            used("turn/steer", r#"{"responsesapiClientMetadata":{}}"#).as_deref(),
            Some("turn/steer.responsesapiClientMetadata")
        );
    }

    #[test]
    fn null_and_a_default_false_count_as_absent() {
        assert_eq!(
            used(
                "thread/start",
                r#"{"environments":null,"experimentalRawEvents":false}"#
            ),
            None
        );
        assert_eq!(
            used("thread/start", r#"{"cwd":"/w","model":"m","ephemeral":true}"#),
            None
        );
        assert_eq!(first_use("thread/start", None), None);
        assert_eq!(
            used("initialize", r#"{"capabilities":{"experimentalApi":true}}"#),
            None
        );
        assert_eq!(used("nonsense", "{}"), None);
    }

    #[test]
    fn granular_approvals_have_a_name_of_their_own() {
        let params = r#"{"approvalPolicy":{"granular":{"rules":true}},"environments":[]}"#;
        assert_eq!(
            used("thread/start", params).as_deref(),
            Some("askForApproval.granular")
        );
        assert_eq!(used("turn/start", r#"{"approvalPolicy":"never"}"#), None);
    }

    #[test]
    fn every_mark_of_the_parameters_becomes_a_rule() {
        let members: Vec<_> = rules(find("thread/start").unwrap())
            .members
            .iter()
            .filter(|member| member.refusal.is_some())
            .map(|member| &*member.name)
            .collect();
        assert_eq!(
            members,
            [
                "allowProviderModelFallback",
                "daybreakEnabled",
                "dynamicTools",
                "environments",
                "experimentalRawEvents",
                "historyMode",
                "mockExperimentalField",
                "multiAgentMode",
                "permissions",
                "projectId",
                "runtimeWorkspaceRoots",
                "selectedCapabilityRoots",
            ]
        );
    }
}
