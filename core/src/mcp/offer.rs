//! What models are told of the tools of servers: their namespaces and names (docs/contract/mcp.md#tools).

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::connection::Catalog;
use super::thread_server::ThreadServer;
use crate::char_boundary;
use crate::config::PluginOfServer;
use crate::deferred_tools::DeferredTools;
use crate::hex::hex;
use crate::tool_spec::ToolSpec;

/// Longest namespace with a name in it, in characters.
const MAX_NAMES: usize = 126;
/// Longest namespace that is not cut.
const MAX_NAMESPACE: usize = 64;
/// Longest reason why a server can't be used, in bytes.
const MAX_REASON: usize = 500;
/// Characters of a hash, with the line before it.
const SUFFIX: usize = 13;

/// A tool of a server.
#[derive(Clone)]
pub(crate) struct McpTool {
    /// Its server.
    pub(crate) server: Arc<ThreadServer>,
    /// Its name there.
    pub(crate) name: String,
    /// What the server says of what it does; null if it says nothing.
    pub(crate) annotations: Value,
    /// What the server says of it to people and models.
    pub(crate) description: Option<String>,
}

/// The tools of a server, as models are told of them. Shared by all threads that use the same of them.
#[derive(Debug)]
pub(crate) struct Namespace {
    /// As the API describes it.
    pub(crate) spec: Arc<ToolSpec>,
    /// See [`Namespace::deferred`].
    deferred: OnceLock<DeferredTools>,
}

impl PartialEq for Namespace {
    fn eq(&self, other: &Self) -> bool {
        self.spec == other.spec
    }
}

impl Eq for Namespace {}

impl Namespace {
    /// Its tools for models that search for them.
    pub(crate) fn deferred(&self) -> &DeferredTools {
        self.deferred
            .get_or_init(|| DeferredTools::new([Arc::clone(&self.spec)]))
    }
}

/// Tools that are used.
#[derive(Debug, PartialEq, Eq)]
struct Used {
    /// Their names at the server and for models.
    names: Vec<(String, String)>,
    /// The plugin that they come with.
    plugin: Option<PluginOfServer>,
}

/// What was made of a catalogue first: which tools are used, and their namespace.
#[derive(Debug, Default)]
pub(crate) struct FirstNamespace(OnceLock<(Used, Arc<Namespace>)>);

/// Of a copy, which may be changed, nothing has been made.
impl Clone for FirstNamespace {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// It says nothing that the catalogue doesn't.
impl PartialEq for FirstNamespace {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl FirstNamespace {
    /// The namespace with this name and these tools.
    fn get(&self, name: &str, used: Used, make: impl FnOnce() -> Value) -> Arc<Namespace> {
        let make = || {
            Arc::new(Namespace {
                spec: Arc::new(make().into()),
                deferred: OnceLock::new(),
            })
        };
        match self.0.get() {
            Some((same, namespace)) if *same == used && namespace.spec["name"] == *name => {
                Arc::clone(namespace)
            }
            // Threads may differ in what they use.
            Some(_) => make(),
            None => {
                let namespace = make();
                // Whoever was first stays first.
                let _ = self.0.set((used, Arc::clone(&namespace)));
                namespace
            }
        }
    }
}

/// What a thread's servers offer at some moment.
#[derive(Default)]
pub(crate) struct McpOffer {
    /// Changes with what is offered.
    pub(crate) version: u64,
    /// Namespaces as the API describes them, in order.
    pub(crate) namespaces: Vec<Arc<Namespace>>,
    /// There is a server, whether it offers something or not.
    pub(crate) any: bool,
    /// Servers that can't be used, with the reason.
    pub(crate) missing: Vec<(String, String)>,
    tools: BTreeMap<(String, String), McpTool>,
}

impl McpOffer {
    /// What these servers offer.
    pub(super) fn of(version: u64, servers: &[(Arc<ThreadServer>, Option<Arc<Catalog>>)]) -> Self {
        let mut offer = Self {
            version,
            any: !servers.is_empty(),
            ..Self::default()
        };
        let names = namespaces(servers.iter().map(|(server, _)| server.name()));
        for ((server, catalog), namespace) in servers.iter().zip(names) {
            if let Some(catalog) = catalog {
                offer.add(server, catalog, &namespace);
            }
        }
        offer
            .namespaces
            .sort_by(|a, b| a.spec["name"].as_str().cmp(&b.spec["name"].as_str()));
        offer
    }

    fn add(&mut self, server: &Arc<ThreadServer>, catalog: &Catalog, namespace: &str) {
        let used: Vec<_> = catalog
            .tools
            .iter()
            .filter(|tool| server.uses(tool))
            .filter_map(|tool| Some((tool["name"].as_str()?, tool)))
            // Model servers refuse all of a request for one that can't be read.
            .filter(|(name, _)| catalog.told_schemas.contains_key(*name))
            .collect();
        if used.is_empty() {
            return;
        }
        let names = tool_names(server.name(), namespace, used.iter().map(|(name, _)| *name));
        let mut shown = Vec::with_capacity(used.len());
        for ((raw, tool), name) in used.iter().zip(names) {
            // A server can call another tool as we would call this one; model servers refuse all of a request with two
            // of one name.
            let key = (namespace.to_owned(), name.clone());
            if self.tools.contains_key(&key) {
                continue;
            }
            shown.push((*tool, name));
            let tool = McpTool {
                server: Arc::clone(server),
                name: (*raw).to_owned(),
                annotations: tool["annotations"].clone(),
                description: tool["description"].as_str().map(str::to_owned),
            };
            self.tools.insert(key, tool);
        }
        let raw = |tool: &Value| tool["name"].as_str().unwrap_or_default().to_owned();
        let names = shown.iter().map(|(tool, name)| (raw(tool), name.clone()));
        let made = || namespace_spec(server, catalog, namespace, &shown);
        let used = Used {
            names: names.collect(),
            plugin: server.plugin().cloned(),
        };
        self.namespaces
            .push(catalog.first_namespace.get(namespace, used, made));
    }

    /// The tool that a model calls by these names.
    pub(crate) fn find(&self, namespace: Option<&str>, name: &str) -> Option<&McpTool> {
        self.tools.get(&(namespace?.to_owned(), name.to_owned()))
    }

    /// What models are told of servers that can't be used. `None`: there are none.
    pub(crate) fn missing_text(&self) -> Option<String> {
        if self.missing.is_empty() {
            return None;
        }
        let mut text = "These MCP servers are configured but can't be used now; do without them:".to_owned();
        for (name, why) in &self.missing {
            // Servers have a say in it.
            let why = why.lines().next().unwrap_or_default();
            let why = &why[..char_boundary::floor(why, MAX_REASON)];
            // Writing to a String can't fail.
            let _ = write!(text, "\n- {name}: {why}");
        }
        Some(text)
    }
}

/// A namespace with these tools, which have these names for models, as the API describes it.
fn namespace_spec(
    server: &ThreadServer,
    catalog: &Catalog,
    namespace: &str,
    tools: &[(&Value, String)],
) -> Value {
    let spec = |(tool, name): &(&Value, String)| {
        json!({
            "type": "function",
            "name": name,
            "description": server.description(tool),
            "strict": false,
            "parameters": catalog.told_schemas.get(tool["name"].as_str().unwrap_or_default()),
        })
    };
    let mut specs: Vec<_> = tools.iter().map(spec).collect();
    specs.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    let description = match &catalog.instructions {
        Some(instructions) if !instructions.is_empty() => instructions.clone(),
        _ => format!("Tools in the {namespace} namespace."),
    };
    json!({
        "type": "namespace",
        "name": namespace,
        "description": description,
        "tools": specs,
    })
}

/// The name with nothing in it that names of tools may not have.
fn plain(name: &str) -> String {
    let keep = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' {
            c
        } else {
            '_'
        }
    };
    name.chars().map(keep).collect()
}

/// What tells names apart that would be the same.
fn suffix(identity: &str) -> String {
    let mut digest = hex(&Sha1::digest(identity.as_bytes()));
    digest.truncate(SUFFIX - 1);
    format!("_{digest}")
}

/// How often each of these is there.
fn counts<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    let mut counts = HashMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// Namespaces of servers.
fn namespaces<'a>(servers: impl Iterator<Item = &'a str>) -> Vec<String> {
    let named: Vec<_> = servers
        .map(|server| (server, format!("mcp__{}", plain(server))))
        .collect();
    let counts = counts(named.iter().map(|(_, name)| name.as_str()));
    let unique = |(server, name): &(&str, String)| {
        if counts[name.as_str()] == 1 && name.len() <= MAX_NAMESPACE {
            return name.clone();
        }
        let kept = name.len().min(MAX_NAMESPACE - SUFFIX);
        format!("{}{}", &name[..kept], suffix(&format!("{server}\0{server}\0")))
    };
    named.iter().map(unique).collect()
}

/// Names of the tools of a server, as models call them.
fn tool_names<'a>(server: &str, namespace: &str, tools: impl Iterator<Item = &'a str>) -> Vec<String> {
    let named: Vec<_> = tools.map(|tool| (tool, plain(tool))).collect();
    let room = MAX_NAMES.saturating_sub(namespace.len());
    let counts = counts(named.iter().map(|(_, name)| name.as_str()));
    let unique = |(tool, name): &(&str, String)| {
        if counts[name.as_str()] == 1 && name.len() <= room {
            return name.clone();
        }
        let kept = name.len().min(room.saturating_sub(SUFFIX));
        let identity = format!("{server}\0{server}\0\0{tool}\0{tool}");
        format!("{}{}", &name[..kept], suffix(&identity))
    };
    named.iter().map(unique).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_plain_and_told_apart() {
        assert_eq!(namespaces(["a.b", "c"].into_iter()), ["mcp__a_b", "mcp__c"]);
        let twins = namespaces(["a.b", "a/b"].into_iter());
        assert!(
            twins
                .iter()
                .all(|name| name.starts_with("mcp__a_b_") && name.len() == 21),
            "{twins:?}"
        );
        assert_ne!(twins[0], twins[1]);
        let names = tool_names("s", "mcp__s", ["x.y", "x-y", "z"].into_iter());
        assert!(names[0].starts_with("x_y_") && names[1].starts_with("x_y_") && names[0] != names[1]);
        assert_eq!(names[2], "z");
    }

    proptest! {
        #[test]
        fn no_name_is_too_long_or_twice(servers in prop::collection::btree_set("[a-c./_-]{1,90}", 1..5),
                                        tools in prop::collection::btree_set("\\PC{1,150}", 1..5)) {
            let spaces = namespaces(servers.iter().map(String::as_str));
            let unique: std::collections::BTreeSet<_> = spaces.iter().collect();
            prop_assert_eq!(unique.len(), servers.len());
            for (server, space) in servers.iter().zip(&spaces) {
                let names = tool_names(server, space, tools.iter().map(String::as_str));
                let unique: std::collections::BTreeSet<_> = names.iter().collect();
                prop_assert_eq!(unique.len(), tools.len());
                for name in &names {
                    prop_assert!(name.len() + space.len() <= MAX_NAMES && space.len() <= MAX_NAMESPACE);
                    prop_assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
                }
            }
        }
    }
}
