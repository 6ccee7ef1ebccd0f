//! Tools that the client of a thread carries out (docs/contract/tools.md#dynamic-tools).

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::tool_schema;

/// Longest name of a tool, and of a namespace, in characters.
const MAX_NAME: usize = 128;
const MAX_NAMESPACE: usize = 64;

/// How the names of tools begin that MCP servers offer.
const RESERVED: &str = "mcp__";

/// The dynamic tools of a thread, in the order in which the model sees them. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DynamicTools(Option<Arc<List>>);

#[derive(Debug, PartialEq)]
struct List {
    /// As the client gave them, for the thread's file.
    source: Value,
    groups: Vec<Group>,
}

/// Why tools are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DynamicToolsError {
    /// Not the shape of the contract.
    #[error("{0}")]
    Malformed(String),
    /// A schema of a tool's input that can't be read.
    #[error("the input schema of dynamic tool {0} is no JSON schema that a model can be told of")]
    Schema(String),
    /// A name that no request to a model can have.
    #[error("dynamic tool name must match ^[a-zA-Z0-9_-]+$ to match Responses API: {0}")]
    Name(String),
    /// A name that is too long.
    #[error("dynamic tool name must be at most {max} characters: {name}")]
    Long {
        /// The name.
        name: String,
        /// The limit.
        max: usize,
    },
    /// Two tools of one name.
    #[error("duplicate dynamic tool name: {0}")]
    Duplicate(String),
    /// The name of something else.
    #[error("dynamic tool name is reserved: {0}")]
    Reserved(String),
    /// A tool that is to be searched for, but belongs to no namespace: searches find namespaces.
    #[error("deferred dynamic tool must include a namespace: {0}")]
    NoNamespace(String),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Group {
    Function(Function),
    Namespace {
        name: String,
        description: String,
        tools: Vec<Member>,
    },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Member {
    Function(Function),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Function {
    name: String,
    description: String,
    /// As models are told of it.
    input_schema: Value,
    /// The model is to see it only once it searches for it.
    #[serde(default)]
    defer_loading: bool,
}

impl DynamicTools {
    /// Reads tools as thread/start takes them.
    pub fn read(source: Value) -> Result<Self, DynamicToolsError> {
        Self::read_with(source, |name| Err(DynamicToolsError::Schema(name.to_owned())))
    }

    /// Reads tools of a stored thread: one whose schema can't be read takes any object.
    pub(crate) fn read_stored(source: Value) -> Result<Self, DynamicToolsError> {
        Self::read_with(source, |_| Ok(json!({"type": "object", "properties": {}})))
    }

    /// `without`: what stands for the schema of a tool that can't be read.
    fn read_with(
        source: Value,
        without: fn(&str) -> Result<Value, DynamicToolsError>,
    ) -> Result<Self, DynamicToolsError> {
        if source.as_array().is_none_or(Vec::is_empty) {
            return Ok(Self::default());
        }
        let mut groups = Vec::<Group>::deserialize(&source)
            .map_err(|error| DynamicToolsError::Malformed(error.to_string()))?;
        for function in groups.iter_mut().flat_map(Group::functions) {
            let schema = tool_schema::for_models(&function.input_schema);
            function.input_schema = match schema {
                Some(schema) => schema,
                None => without(&function.name)?,
            };
        }
        let mut taken = BTreeSet::new();
        for group in &groups {
            let name = match group {
                Group::Function(function) => {
                    let name = check_name(&function.name, MAX_NAME)?;
                    if function.defer_loading {
                        return Err(DynamicToolsError::NoNamespace(name.to_owned()));
                    }
                    name
                }
                Group::Namespace { name, tools, .. } => {
                    check_name(name, MAX_NAMESPACE)?;
                    let mut taken = BTreeSet::new();
                    for Member::Function(function) in tools {
                        check_name(&function.name, MAX_NAME)?;
                        if !taken.insert(function.name.as_str()) {
                            return Err(DynamicToolsError::Duplicate(function.name.clone()));
                        }
                    }
                    name
                }
            };
            if !taken.insert(name) {
                return Err(DynamicToolsError::Duplicate(name.to_owned()));
            }
        }
        Ok(Self(Some(Arc::new(List { source, groups }))))
    }

    /// As they were given; `None` if there are none.
    pub(crate) fn source(&self) -> Option<&Value> {
        self.0.as_ref().map(|list| &list.source)
    }

    /// Whether there is a tool of this name.
    pub(crate) fn contains(&self, namespace: Option<&str>, tool: &str) -> bool {
        self.groups().iter().any(|group| match (group, namespace) {
            (Group::Function(function), None) => function.name == tool,
            (Group::Namespace { name, tools, .. }, Some(namespace)) => {
                name == namespace
                    && tools
                        .iter()
                        .any(|Member::Function(function)| function.name == tool)
            }
            _ => false,
        })
    }

    /// Whether there is a namespace of this name.
    pub(crate) fn has_namespace(&self, wanted: &str) -> bool {
        self.groups()
            .iter()
            .any(|group| matches!(group, Group::Namespace { name, .. } if name == wanted))
    }

    /// What the model is told of them.
    pub(crate) fn specs(&self) -> impl Iterator<Item = Value> {
        self.specs_of(|_| true)
    }

    /// What a model is told of them that can search for the others.
    pub(crate) fn shown_specs(&self) -> impl Iterator<Item = Value> {
        self.specs_of(|function| !function.defer_loading)
    }

    /// Those that it has to search for.
    pub(crate) fn deferred_specs(&self) -> impl Iterator<Item = Value> {
        self.specs_of(|function| function.defer_loading)
    }

    fn specs_of(&self, wanted: fn(&Function) -> bool) -> impl Iterator<Item = Value> {
        self.groups().iter().filter_map(move |group| match group {
            Group::Function(function) => wanted(function).then(|| function.spec()),
            Group::Namespace {
                name,
                description,
                tools,
            } => {
                let shown: Vec<_> = tools
                    .iter()
                    .filter(|Member::Function(function)| wanted(function))
                    .map(|Member::Function(function)| function.spec())
                    .collect();
                (tools.is_empty() || !shown.is_empty()).then(
                    || json!({"type": "namespace", "name": name, "description": description, "tools": shown}),
                )
            }
        })
    }

    fn groups(&self) -> &[Group] {
        self.0.as_ref().map_or(&[], |list| &list.groups)
    }
}

impl Group {
    fn functions(&mut self) -> Vec<&mut Function> {
        match self {
            Self::Function(function) => vec![function],
            Self::Namespace { tools, .. } => tools
                .iter_mut()
                .map(|Member::Function(function)| function)
                .collect(),
        }
    }
}

impl Function {
    fn spec(&self) -> Value {
        json!({
            "type": "function",
            "name": self.name,
            "description": self.description,
            "strict": false,
            "parameters": self.input_schema,
        })
    }
}

fn check_name(name: &str, max: usize) -> Result<&str, DynamicToolsError> {
    if name.is_empty()
        || !name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    {
        return Err(DynamicToolsError::Name(name.to_owned()));
    }
    if name.len() > max {
        let name = name.to_owned();
        return Err(DynamicToolsError::Long { name, max });
    }
    if name.starts_with(RESERVED) {
        return Err(DynamicToolsError::Reserved(name.to_owned()));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(name: &str) -> Value {
        json!({"type": "function", "name": name, "description": "d", "inputSchema": {"type": "object"}})
    }

    #[test]
    fn tools_are_found_by_namespace_and_name() {
        let group = json!({"type": "namespace", "name": "ide", "description": "d", "tools": [tool("open")]});
        let tools = DynamicTools::read(json!([tool("look"), group])).expect("tools");
        assert!(tools.contains(None, "look") && tools.contains(Some("ide"), "open"));
        assert!(!tools.contains(None, "open") && !tools.contains(Some("ide"), "look"));
        let specs: Vec<_> = tools.specs().collect();
        assert_eq!(
            specs[0]["parameters"],
            json!({"type": "object", "properties": {}})
        );
        assert_eq!(
            (&specs[1]["type"], &specs[1]["tools"][0]["name"]),
            (&json!("namespace"), &json!("open"))
        );
    }

    #[test]
    fn names_that_no_request_can_have_are_refused() {
        let refused = |tools: Value| DynamicTools::read(tools).expect_err("refused").to_string();
        assert_eq!(
            refused(json!([tool("a b")])),
            "dynamic tool name must match ^[a-zA-Z0-9_-]+$ to match Responses API: a b"
        );
        assert_eq!(
            refused(json!([tool("a"), tool("a")])),
            "duplicate dynamic tool name: a"
        );
        assert_eq!(
            refused(json!([tool("mcp__x")])),
            "dynamic tool name is reserved: mcp__x"
        );
        assert!(refused(json!([tool(&"a".repeat(129))])).contains("at most 128"));
        assert!(refused(json!([{"type": "function"}])).contains("missing field"));
        assert_eq!(DynamicTools::read(Value::Null), Ok(DynamicTools::default()));
    }
}
