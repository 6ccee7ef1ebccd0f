//! Tools that a model is shown once it looks for them (docs/contract/tools.md#tool-search). What they are found by is worked
//! out once, and shared by all turns and threads that offer them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::tool_spec::ToolSpec;

/// Tools that a search finds, unless it asks for another number.
pub(crate) const FOUND: usize = 8;

/// Longest description of a namespace in the list of all, in characters.
const MAX_LINE_CHARS: usize = 250;

/// What a longer one ends in.
const CUT: &str = "...";

/// Words that say nothing about what a tool does.
const COMMON: [&str; 28] = [
    "a", "an", "and", "any", "are", "as", "at", "be", "by", "can", "do", "for", "from", "how", "i", "in",
    "is", "it", "of", "on", "or", "so", "that", "the", "this", "to", "with", "you",
];

/// The two constants of the ranking, at their usual values: Robertson and Zaragoza, "The Probabilistic Relevance
/// Framework: BM25 and Beyond" (2009), section 3.5.
const TERM_SATURATION: f64 = 1.2;
const LENGTH_NORMALISATION: f64 = 0.75;

/// Tools of a turn that are not shown before they are searched for. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeferredTools {
    namespaces: Vec<Arc<Namespace>>,
}

#[derive(Debug)]
struct Namespace {
    /// As the API describes it.
    spec: Arc<ToolSpec>,
    /// What its tools are found by, in their order.
    words: Vec<Vec<String>>,
}

impl Namespace {
    fn name(&self) -> &str {
        self.spec["name"].as_str().unwrap_or_default()
    }

    fn description(&self) -> &str {
        self.spec["description"].as_str().unwrap_or_default()
    }
}

/// A tool that can be found.
struct Deferred<'a> {
    namespace: &'a Namespace,
    spec: &'a Value,
    words: &'a [String],
}

impl DeferredTools {
    /// The tools of these namespaces, which are given as the API describes them.
    pub(crate) fn new(namespaces: impl IntoIterator<Item = Arc<ToolSpec>>) -> Self {
        let namespaces = namespaces.into_iter().map(|spec| {
            let name = spec["name"].as_str().unwrap_or_default();
            let tools = spec["tools"].as_array().into_iter().flatten();
            let words = tools.map(|tool| words_of(name, tool)).collect();
            Arc::new(Namespace { spec, words })
        });
        Self {
            namespaces: namespaces
                .filter(|namespace| !namespace.words.is_empty())
                .collect(),
        }
    }

    /// These and others.
    pub(crate) fn and(&self, others: &Self) -> Self {
        Self {
            namespaces: [&*self.namespaces, &*others.namespaces].concat(),
        }
    }

    fn tools(&self) -> impl Iterator<Item = Deferred<'_>> {
        self.namespaces.iter().flat_map(|namespace| {
            let specs = namespace.spec["tools"].as_array().into_iter().flatten();
            specs.zip(&namespace.words).map(|(spec, words)| Deferred {
                namespace,
                spec,
                words,
            })
        })
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.namespaces.is_empty()
    }

    /// What the model is told of them at first. `None`: there are none.
    pub(crate) fn overview(&self) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        let mut text = "<tools>\nDeferred tool namespaces:\n".to_owned();
        let namespaces = self.namespaces.iter();
        let namespaces: BTreeMap<_, _> = namespaces
            .map(|namespace| (namespace.name(), namespace.description()))
            .collect();
        for (name, description) in namespaces {
            text.push_str("- ");
            text.push_str(name);
            let line = first_line(description);
            if !line.is_empty() && line != format!("Tools in the {name} namespace.") {
                text.push_str(": ");
                text.push_str(&line);
            }
            text.push('\n');
        }
        text.push_str("</tools>");
        Some(text)
    }

    /// Carries out a search with these arguments: the namespaces of what it found, the best first. Arguments that make
    /// no sense find nothing.
    pub(crate) fn search(&self, arguments: &Value) -> Vec<Value> {
        // As JSON, or as the text of JSON.
        let parsed = arguments
            .as_str()
            .and_then(|text| serde_json::from_str(text).ok());
        let arguments: &Value = parsed.as_ref().unwrap_or(arguments);
        let query = arguments["query"].as_str().unwrap_or_default();
        let limit = match &arguments["limit"] {
            Value::Null => FOUND,
            limit => limit.as_f64().filter(|limit| *limit >= 1.0).map_or(0, whole),
        };
        let mut found: Vec<Value> = Vec::new();
        for tool in self.ranked(query).into_iter().take(limit) {
            let name = tool.namespace.name();
            let known = found.iter_mut().find(|group| group["name"] == *name);
            let group = if let Some(group) = known {
                group
            } else {
                found.push(json!({
                    "type": "namespace",
                    "name": name,
                    "description": tool.namespace.description(),
                    "tools": [],
                }));
                let Some(group) = found.last_mut() else { break };
                group
            };
            if let Value::Array(tools) = &mut group["tools"] {
                tools.push(marked(tool.spec.clone()));
            }
        }
        found
    }

    /// The tools that share a word with the query, the best first.
    fn ranked(&self, query: &str) -> Vec<Deferred<'_>> {
        let query: BTreeSet<String> = words(query).collect();
        let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        let tools: Vec<_> = self.tools().collect();
        let total = count(tools.len());
        let average = count(tools.iter().map(|tool| tool.words.len()).sum()) / total.max(1.0);
        let mut containing: HashMap<&str, usize> = HashMap::new();
        for word in &query {
            let tools = tools.iter().filter(|tool| tool.words.contains(word));
            containing.insert(word, tools.count());
        }
        let score = |tool: &Deferred<'_>| -> f64 {
            let length = 1.0 - LENGTH_NORMALISATION
                + LENGTH_NORMALISATION * count(tool.words.len()) / average.max(1.0);
            let of_word = |word: &String| {
                let frequency = count(tool.words.iter().filter(|other| *other == word).count());
                let containing = count(containing.get(word.as_str()).copied().unwrap_or(0));
                let rarity = ((total - containing + 0.5) / (containing + 0.5)).ln_1p();
                rarity * frequency * (TERM_SATURATION + 1.0) / (frequency + TERM_SATURATION * length)
            };
            query.iter().map(of_word).sum()
        };
        let scored = tools.into_iter().map(|tool| (score(&tool), tool));
        let mut scored: Vec<_> = scored.filter(|(score, _)| *score > 0.0).collect();
        scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        scored.into_iter().map(|(_, tool)| tool).collect()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive; what doesn't fit becomes the largest number"
)]
fn whole(number: f64) -> usize {
    number as usize
}

/// The description of a tool that was found.
fn marked(mut spec: Value) -> Value {
    if let Value::Object(members) = &mut spec {
        members.insert("defer_loading".to_owned(), Value::Bool(true));
    }
    spec
}

/// What a tool can be found by: the names of its namespace, of itself and of its parameters, and its description.
fn words_of(namespace: &str, spec: &Value) -> Vec<String> {
    let text = |name: &str| spec[name].as_str().unwrap_or_default();
    let parameters = spec["parameters"]["properties"].as_object();
    let parameters = parameters.into_iter().flat_map(|properties| properties.keys());
    [namespace, text("name"), text("description")]
        .into_iter()
        .chain(parameters.map(String::as_str))
        .flat_map(words)
        .collect()
}

/// Words in lower case and singular, but for the commonest; `openFile` and `open_file` are two each.
fn words(text: &str) -> impl Iterator<Item = String> {
    let mut parts = vec![String::new()];
    let mut after_lower = false;
    for c in text.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && after_lower) {
            parts.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(part) = parts.last_mut()
        {
            part.extend(c.to_lowercase());
        }
        after_lower = c.is_lowercase();
    }
    let telling = |part: &String| !part.is_empty() && !COMMON.contains(&part.as_str());
    parts.into_iter().filter(telling).map(|mut word| {
        if word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") {
            word.pop();
        }
        word
    })
}

/// The first line of a description that says something, cut to what a list has room for.
fn first_line(description: &str) -> String {
    let mut lines = description.lines().map(str::trim);
    let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
    if line.chars().nth(MAX_LINE_CHARS).is_none() {
        return line.to_owned();
    }
    let head: String = line.chars().take(MAX_LINE_CHARS - CUT.len()).collect();
    head + CUT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools() -> DeferredTools {
        let tool = |name: &str, description: &str, parameter: &str| {
            json!({
                "type": "function", "name": name, "description": description, "strict": false,
                "parameters": {"type": "object", "properties": {parameter: {"type": "string"}}},
            })
        };
        let namespaces = [
            json!({"type": "namespace", "name": "ide", "description": "The editor.\nMore.", "tools": [
                tool("openFile", "Shows a file.", "path"),
                tool("close_all", "Closes every window.", "force"),
            ]}),
            json!({"type": "namespace", "name": "sky", "description": "The sky.", "tools": [
                tool("look", "Tells the weather of today.", "city"),
            ]}),
        ];
        DeferredTools::new(namespaces.map(|spec| Arc::new(spec.into())))
    }

    fn found(arguments: &Value) -> Vec<String> {
        let name = |value: &Value| value["name"].as_str().unwrap_or("?").to_owned();
        let groups = tools().search(arguments);
        let tools = groups.iter().flat_map(|group| {
            let tools = group["tools"].as_array().cloned().unwrap_or_default();
            tools
                .into_iter()
                .map(|tool| format!("{}.{}", name(group), name(&tool)))
        });
        tools.collect()
    }

    #[test]
    fn finds_by_any_word_of_names_and_descriptions() {
        for (query, first) in [
            ("open files", "ide.openFile"),
            ("WEATHER", "sky.look"),
            ("city", "sky.look"),
            ("close windows", "ide.close_all"),
            ("sky", "sky.look"),
        ] {
            assert_eq!(
                found(&json!({"query": query})).first().map(String::as_str),
                Some(first),
                "{query}"
            );
        }
        assert_eq!(found(&json!("{\"query\":\"weather\"}")), ["sky.look"]);
    }

    #[test]
    fn finds_nothing_where_nothing_fits_or_nothing_was_asked() {
        for arguments in [
            json!({"query": "zzzz"}),
            json!({"query": ""}),
            json!({"query": "the of a to"}),
            json!({"nope": 1}),
            json!({"query": "editor", "limit": 0}),
            json!({"query": "editor", "limit": -3}),
            json!([]),
            json!("not JSON"),
        ] {
            assert!(found(&arguments).is_empty(), "{arguments}");
        }
        assert_eq!(found(&json!({"query": "ide", "limit": 1})).len(), 1);
        assert_eq!(found(&json!({"query": "ide", "limit": 1e300})).len(), 2);
    }

    #[test]
    fn what_is_found_is_marked_as_deferred() {
        let groups = tools().search(&json!({"query": "weather"}));
        let tool = json!({
            "type": "function", "name": "look", "description": "Tells the weather of today.", "strict": false,
            "defer_loading": true, "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        });
        let expected =
            json!([{"type": "namespace", "name": "sky", "description": "The sky.", "tools": [tool]}]);
        assert_eq!(Value::Array(groups), expected);
    }

    #[test]
    fn the_overview_names_each_namespace_once() {
        let overview = tools().overview();
        let expected = "<tools>\nDeferred tool namespaces:\n- ide: The editor.\n- sky: The sky.\n</tools>";
        assert_eq!(overview.as_deref(), Some(expected));
        assert_eq!(DeferredTools::default().overview(), None);
    }
}
