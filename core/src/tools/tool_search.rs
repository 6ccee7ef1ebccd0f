//! `tool_search`: how a model looks for tools that it isn't shown (docs/contract/tools.md#tool-search).

use serde_json::{Value, json};

use crate::deferred_tools::FOUND;

/// The tool, as the API describes it.
pub(crate) fn spec() -> Value {
    json!({
        "type": "tool_search",
        "execution": "client",
        "description": "Finds tools that are available but not shown yet. Say in a few words what you want to do; the \
                        best matches become callable from your next step on. Look here before you decide that there is \
                        no tool for something.",
        "parameters": {
            "type": "object",
            "properties": {
                "limit": {
                    "type": "number",
                    "description": format!("How many tools to show at most; {FOUND} unless given."),
                },
                "query": {
                    "type": "string",
                    "description": "What the tool should do, in words that its name or description may contain.",
                },
            },
            "required": ["query"],
            "additionalProperties": false,
        },
    })
}

/// Whether a description is that of the tool.
pub(crate) fn is_spec(spec: &Value) -> bool {
    spec["type"] == "tool_search"
}
