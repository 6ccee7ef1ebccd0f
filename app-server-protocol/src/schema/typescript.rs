//! TypeScript from JSON Schema.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::Files;
use super::surface::{REF, Surface, references};
use crate::rpc::{Direction, MethodInfo};

const HEADER: &str = "// Generated from the protocol crate. Do not edit.\n";

/// Types that clients import from the top folder, as in the contract release; all others are in `v2/`.
const TOP: &str = " AbsolutePathBuf AgentMessageInputContent AgentPath ApplyPatchApprovalParams \
    ApplyPatchApprovalResponse AuthMode AutoCompactTokenLimitScope ClientInfo CodexResponseHandoffMode \
    CollaborationMode ConfigurationReasoning ContentItem ConversationTextRole ExecCommandApprovalParams \
    ExecCommandApprovalResponse FileChange ForcedLoginMethod FunctionCallOutputBody FunctionCallOutputContentItem \
    FuzzyFileSearchMatchType FuzzyFileSearchParams FuzzyFileSearchResponse FuzzyFileSearchResult \
    FuzzyFileSearchSessionCompletedNotification FuzzyFileSearchSessionUpdatedNotification ImageDetail \
    ImageGenerationFailure ImageGenerationInputImage InitializeCapabilities InitializeParams InitializeResponse \
    InputModality InternalChatMessageMetadataPassthrough JSONRPCError JSONRPCErrorError JSONRPCMessage \
    JSONRPCNotification JSONRPCRequest JSONRPCResponse LegacyAppPathString LocalShellAction LocalShellStatus \
    McpServerInfo MessagePhase ModeKind MultiAgentMode NetworkPolicyAmendment NetworkPolicyRuleAction ParsedCommand \
    PathUri Personality PlanType RealtimeConversationVersion RealtimeOutputModality RealtimeVoice RealtimeVoicesList \
    ReasoningEffort ReasoningItemContent ReasoningItemReasoningSummary ReasoningSummary RequestId Resource \
    ResourceContent ResourceTemplate ResponseItem ReviewDecision SessionSource Settings SubAgentSource ThreadId \
    ThreadMemoryMode Tool ToolExposureSurface Verbosity W3cTraceContext WebSearchAction WebSearchContextSize \
    WebSearchLocation WebSearchMode WebSearchProvider WebSearchToolConfig ";

/// The kinds of messages, with their types.
const KINDS: &[(Direction, &str)] = &[
    (Direction::ClientRequest, "ClientRequest"),
    (Direction::ClientNotification, "ClientNotification"),
    (Direction::ServerRequest, "ServerRequest"),
    (Direction::ServerNotification, "ServerNotification"),
];

pub(super) fn files(surface: &Surface) -> Files {
    let mut files = Files::new();
    let (mut top, mut v2) = (BTreeSet::new(), BTreeSet::new());
    for (name, schema) in &surface.definitions {
        let in_top = is_top(name);
        let mut needed = Vec::new();
        references(schema, &mut needed);
        let mut text = HEADER.to_owned();
        imports(
            &mut text,
            in_top,
            needed.into_iter().filter(|needed| needed != name),
        );
        let body = print(schema, 0);
        if body.contains("JsonValue") {
            let folder = if in_top { "./" } else { "../" };
            let _ = writeln!(
                text,
                "import type {{ JsonValue }} from \"{folder}serde_json/JsonValue\";"
            );
        }
        text += "\n";
        comment(&mut text, schema, 0);
        let gap = if body.starts_with('\n') { "" } else { " " };
        let _ = writeln!(text, "export type {name} ={gap}{body};");
        let folder = if in_top { "" } else { "v2/" };
        files.insert(format!("{folder}{name}.ts"), text);
        if in_top { &mut top } else { &mut v2 }.insert(name.clone());
    }
    for &(direction, name) in KINDS {
        files.insert(format!("{name}.ts"), union(surface, direction, name));
        top.insert(name.to_owned());
    }
    let envelope = "ServerNotificationEnvelope";
    files.insert(format!("{envelope}.ts"), format!(
        "{HEADER}import type {{ ServerNotification }} from \"./ServerNotification\";\n\n\
         /** A notification as it is sent. */\nexport type {envelope} = {{\n  \
         /** When the server sent it, in Unix milliseconds. */\n  emittedAtMs?: number;\n}} & ServerNotification;\n"
    ));
    top.insert(envelope.to_owned());
    files.insert("serde_json/JsonValue.ts".to_owned(), format!(
        "{HEADER}\n/** Any JSON. */\nexport type JsonValue =\n  | null\n  | boolean\n  | number\n  | string\n  \
         | JsonValue[]\n  | {{ [key: string]: JsonValue | undefined }};\n"
    ));
    files.insert("v2/index.ts".to_owned(), index(&v2));
    files.insert(
        "index.ts".to_owned(),
        index(&top) + "export * as v2 from \"./v2\";\n",
    );
    files
}

pub(super) fn is_top(name: &str) -> bool {
    TOP.contains(&format!(" {name} "))
}

fn index(names: &BTreeSet<String>) -> String {
    names.iter().fold(HEADER.to_owned(), |mut text, name| {
        let _ = writeln!(text, "export type {{ {name} }} from \"./{name}\";");
        text
    })
}

fn imports(text: &mut String, in_top: bool, names: impl IntoIterator<Item = String>) {
    for name in names.into_iter().collect::<BTreeSet<_>>() {
        let path = match (in_top, is_top(&name)) {
            (true, false) => "./v2/",
            (false, true) => "../",
            _ => "./",
        };
        let _ = writeln!(text, "import type {{ {name} }} from \"{path}{name}\";");
    }
}

/// All messages of a kind.
fn union(surface: &Surface, direction: Direction, name: &str) -> String {
    let methods: Vec<_> = surface.methods(direction).collect();
    let params = |info: &&MethodInfo| info.params.map(|of| (of.name)().into_owned());
    let mut needed: Vec<String> = methods.iter().filter_map(params).collect();
    if methods.iter().any(|info| info.response.is_some()) {
        needed.push("RequestId".to_owned());
    }
    let mut text = HEADER.to_owned();
    imports(&mut text, true, needed);
    let _ = write!(text, "\nexport type {name} =");
    for info in &methods {
        let id = if info.response.is_some() {
            "id: RequestId; "
        } else {
            ""
        };
        let params = params(info).map_or(String::new(), |name| {
            let optional = if super::json::needs_params(surface, &name) {
                ""
            } else {
                "?"
            };
            format!("; params{optional}: {name}")
        });
        let _ = write!(
            text,
            "\n  /** {} */\n  | {{ {id}method: \"{}\"{params} }}",
            info.summary, info.method
        );
    }
    if methods.is_empty() {
        text += " never";
    }
    text + ";\n"
}

/// The type that a schema describes.
pub(super) fn print(schema: &Value, indent: usize) -> String {
    let Value::Object(schema) = schema else {
        return "JsonValue".to_owned();
    };
    if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
        return path.strip_prefix(REF).unwrap_or("JsonValue").to_owned();
    }
    let mut parts = Vec::new();
    if let Some(Value::Array(all)) = schema.get("allOf") {
        parts.extend(all.iter().map(|part| print(part, indent)));
    }
    let choices = ["oneOf", "anyOf"]
        .iter()
        .find_map(|key| schema.get(*key)?.as_array());
    if schema.contains_key("properties") {
        parts.push(object(schema, indent));
    }
    if let Some(choices) = choices {
        let choices = alternatives(choices, indent);
        parts.push(if parts.is_empty() {
            choices
        } else {
            format!("({choices})")
        });
    }
    if !parts.is_empty() {
        return parts.join(" & ");
    }
    if let Some(Value::Array(values)) = schema.get("enum") {
        return unique(values.iter().map(Value::to_string));
    }
    if let Some(value) = schema.get("const") {
        return value.to_string();
    }
    match schema.get("type") {
        Some(Value::Array(types)) => unique(
            types
                .iter()
                .filter_map(Value::as_str)
                .map(|of| plain(of, schema, indent)),
        ),
        Some(Value::String(of)) => plain(of, schema, indent),
        _ => "JsonValue".to_owned(),
    }
}

fn plain(of: &str, schema: &Map<String, Value>, indent: usize) -> String {
    match of {
        "integer" | "number" => "number".to_owned(),
        "array" => {
            let item = schema
                .get("items")
                .map_or("JsonValue".to_owned(), |items| print(items, indent));
            format!("Array<{item}>")
        }
        "object" => match schema.get("additionalProperties") {
            Some(Value::Object(values)) => {
                format!(
                    "{{ [key: string]: {} }}",
                    print(&Value::Object(values.clone()), indent)
                )
            }
            Some(Value::Bool(true)) => "{ [key: string]: JsonValue }".to_owned(),
            _ => "Record<string, never>".to_owned(),
        },
        other => other.to_owned(),
    }
}

fn object(schema: &Map<String, Value>, indent: usize) -> String {
    let Some(Value::Object(properties)) = schema.get("properties") else {
        return "{}".to_owned();
    };
    let required = schema.get("required").and_then(Value::as_array);
    let mut text = "{\n".to_owned();
    for (name, property) in properties {
        comment(&mut text, property, indent + 1);
        let is_required = required.is_some_and(|names| names.iter().any(|other| other == name));
        let optional = if is_required { "" } else { "?" };
        let quoted = if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            name.clone()
        } else {
            format!("\"{name}\"")
        };
        let _ = writeln!(
            text,
            "{}{quoted}{optional}: {};",
            pad(indent + 1),
            print(property, indent + 1)
        );
    }
    text + &pad(indent) + "}"
}

/// A union, one alternative per line where one of them has a comment or members.
fn alternatives(choices: &[Value], indent: usize) -> String {
    let printed: Vec<_> = choices.iter().map(|choice| print(choice, indent + 1)).collect();
    let short = printed.iter().all(|text| !text.contains('\n'));
    if short && choices.iter().all(|choice| choice.get("description").is_none()) {
        return unique(printed.into_iter());
    }
    choices
        .iter()
        .zip(printed)
        .fold(String::new(), |mut text, (choice, printed)| {
            text.push('\n');
            comment(&mut text, choice, indent + 1);
            text + &pad(indent + 1) + "| " + &printed
        })
}

fn unique(types: impl Iterator<Item = String>) -> String {
    let mut seen = Vec::new();
    for of in types {
        if !seen.contains(&of) {
            seen.push(of);
        }
    }
    seen.join(" | ")
}

fn comment(text: &mut String, schema: &Value, indent: usize) {
    if let Some(description) = schema.get("description").and_then(Value::as_str) {
        let description = description.replace("*/", "* /").replace('\n', " ");
        let _ = writeln!(text, "{}/** {description} */", pad(indent));
    }
}

fn pad(indent: usize) -> String {
    "  ".repeat(indent)
}
