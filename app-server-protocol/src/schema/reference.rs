//! `docs/protocol.md`: every method for people. What a method takes and gives comes from the table and the types; what
//! they can't tell (errors, notifications that follow, an example) from the notes in the folder `reference/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::definitions::Definitions;
use super::surface::{EXPERIMENTAL, Surface, references};
use super::typescript;
use crate::methods::METHODS;
use crate::rpc::{Direction, MethodInfo, Scope};

/// The notes on all methods.
#[derive(Debug)]
pub struct Reference {
    families: Vec<Family>,
    shapes: BTreeMap<String, Shape>,
}

/// The notes on one family: a file of the folder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Family {
    /// Heading; families of one title share it.
    title: String,
    methods: BTreeMap<String, Notes>,
}

/// What the table doesn't tell of a method.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Notes {
    /// Page and anchor below `docs/contract/`.
    see: String,
    /// Code to cases; `any` for requests to clients.
    #[serde(default)]
    errors: BTreeMap<String, String>,
    /// Notifications that follow, in order.
    #[serde(default)]
    then: Vec<String>,
    /// Example, as written; `"@name"` stands for a [`Shape`].
    params: Option<Box<RawValue>>,
    result: Option<Box<RawValue>>,
}

/// An object that many examples have in common.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    /// How examples show it.
    shown: String,
    /// All of it.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests read the examples with it"))]
    value: Value,
}

impl Reference {
    /// Reads the folder: `shapes.json`, and one file per family. Errors name the file.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut families = Vec::new();
        let mut shapes = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let text = fs::read_to_string(&path)?;
            let bad = |error| io::Error::other(format!("{}: {error}", path.display()));
            if path.file_name().is_some_and(|name| name == "shapes.json") {
                shapes = serde_json::from_str(&text).map_err(bad)?;
            } else {
                families.push(serde_json::from_str(&text).map_err(bad)?);
            }
        }
        Ok(Self { families, shapes })
    }

    /// What is wrong with the notes: methods without any, names that no method has, examples that are missing.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        for info in &METHODS {
            let method = info.method;
            match self.notes(method).collect::<Vec<_>>()[..] {
                [(_, notes)] => {
                    let wanted = [(info.params, &notes.params), (info.response, &notes.result)];
                    if wanted
                        .iter()
                        .any(|(of, example)| of.is_some() && example.is_none())
                    {
                        mistakes.push(format!("{method} has no example"));
                    }
                }
                [] => mistakes.push(format!("{method} has no notes")),
                _ => mistakes.push(format!("{method} has notes in several files")),
            }
        }
        let known = |method: &str| METHODS.iter().any(|info| info.method == method);
        for (method, notes) in self.families.iter().flat_map(|family| &family.methods) {
            let unknown = std::iter::once(method)
                .chain(&notes.then)
                .filter(|name| !known(name));
            mistakes.extend(unknown.map(|name| format!("{method}: there is no method {name}")));
        }
        mistakes
    }

    /// The document, in Markdown.
    pub fn document(&self, definitions: &Definitions) -> String {
        let pages = Pages {
            shown: Surface::write(definitions, true),
            linked: Surface::write(definitions, false)
                .definitions
                .keys()
                .cloned()
                .collect(),
        };
        let titles = self.titles();
        let mut text = INTRODUCTION.to_owned();
        for title in &titles {
            let _ = write!(text, "\n**[{title}](#{})**:", anchor(title));
            let links = self.of_title(title).map(|(info, _)| link(info.method));
            text += &links.fold(String::new(), |all, link| format!("{all} {link},"));
            text.pop();
            text.push('\n');
        }
        for title in &titles {
            let _ = write!(text, "\n## {title}\n");
            for (info, notes) in self.of_title(title) {
                self.method(&mut text, &pages, info, notes);
            }
        }
        text
    }

    /// Titles in the order of the table.
    fn titles(&self) -> Vec<&str> {
        let mut titles = Vec::new();
        for (title, _) in METHODS.iter().flat_map(|info| self.notes(info.method)) {
            if !titles.contains(&title) {
                titles.push(title);
            }
        }
        titles
    }

    fn of_title(&self, title: &str) -> impl Iterator<Item = (&'static MethodInfo, &Notes)> {
        METHODS.iter().flat_map(move |info| {
            let notes = self.notes(info.method).filter(move |(of, _)| *of == title);
            notes.map(move |(_, notes)| (info, notes))
        })
    }

    fn notes(&self, method: &str) -> impl Iterator<Item = (&str, &Notes)> {
        self.families
            .iter()
            .filter_map(move |family| Some((&*family.title, family.methods.get(method)?)))
    }

    fn method(&self, text: &mut String, pages: &Pages, info: &MethodInfo, notes: &Notes) {
        let kind = match info.direction {
            Direction::ClientRequest => "Request",
            Direction::ClientNotification => "Notification of the client",
            Direction::ServerRequest => "Request to the client",
            Direction::ServerNotification => "Notification",
        };
        let stability = if info.experimental {
            "experimental"
        } else {
            "stable"
        };
        let _ = write!(text, "\n### {}\n\n*{kind}, {stability}", info.method);
        match info.scope {
            Scope::None => {}
            Scope::Thread => *text += "; runs after earlier requests for the same thread",
            Scope::ThreadOrPath => *text += "; runs after earlier requests for the same thread or path",
            Scope::Global(name) => {
                let _ = write!(text, "; one at a time with others of `{name}`");
            }
            Scope::GlobalRead(name) => {
                let _ = write!(text, "; runs after earlier changes of `{name}`");
            }
            Scope::Handle(member) => {
                let _ = write!(text, "; runs after earlier requests with the same `{member}`");
            }
        }
        let _ = writeln!(
            text,
            ".* {} See [the contract](contract/{}).",
            info.summary, notes.see
        );
        let mut types = BTreeSet::new();
        for (heading, of) in [("Parameter", info.params), ("Answer", info.response)] {
            if let Some(of) = of {
                pages.members(text, heading, &(of.name)(), &mut types);
            }
        }
        if !types.is_empty() {
            let types: Vec<String> = types.into_iter().collect();
            let _ = write!(text, "\nTypes: {}.\n", types.join(", "));
        }
        if !notes.errors.is_empty() {
            *text += "\nErrors:\n\n";
            for (code, cases) in &notes.errors {
                let code = if code == "any" {
                    String::new()
                } else {
                    format!("`{code}` ")
                };
                let _ = writeln!(text, "- {code}{cases}");
            }
        }
        if !notes.then.is_empty() {
            let then: Vec<String> = notes.then.iter().map(|method| link(method)).collect();
            let _ = write!(text, "\nThen, where they apply: {}.\n", then.join(", "));
        }
        self.example(text, info, notes);
    }

    fn example(&self, text: &mut String, info: &MethodInfo, notes: &Notes) {
        *text += "\n```json\n{";
        if info.response.is_some() {
            *text += "\"id\": 1, ";
        }
        let _ = write!(text, "\"method\": \"{}\"", info.method);
        if let Some(params) = &notes.params {
            let _ = write!(text, ", \"params\": {}", self.shown(params));
        }
        *text += "}\n";
        if let Some(result) = &notes.result {
            let _ = writeln!(text, "{{\"id\": 1, \"result\": {}}}", self.shown(result));
        }
        *text += "```\n";
    }

    /// An example as it is shown.
    fn shown(&self, example: &RawValue) -> String {
        self.shapes
            .iter()
            .fold(example.get().to_owned(), |text, (name, shape)| {
                text.replace(&format!("\"@{name}\""), &shape.shown)
            })
    }
}

/// The types that the document speaks of.
struct Pages {
    shown: Surface,
    /// Types that have a file of their own.
    linked: BTreeSet<String>,
}

impl Pages {
    /// A table of the members of a type.
    fn members(&self, text: &mut String, heading: &str, name: &str, types: &mut BTreeSet<String>) {
        let Some(schema) = self.shown.definitions.get(name) else {
            return;
        };
        let choices = schema
            .get("oneOf")
            .or_else(|| schema.get("anyOf"))
            .and_then(Value::as_array);
        let parts: Vec<&Value> = match choices {
            Some(choices) if schema.get("properties").is_none() => choices.iter().collect(),
            _ => vec![schema],
        };
        let mut rows = String::new();
        for part in parts {
            self.rows(&mut rows, part, types);
        }
        if rows.is_empty() {
            let _ = write!(text, "\n{heading}: `{{}}`.\n");
        } else {
            let _ = write!(text, "\n| {heading} | Type | |\n|---|---|---|\n{rows}");
        }
    }

    fn rows(&self, rows: &mut String, schema: &Value, types: &mut BTreeSet<String>) {
        let Some(members) = schema.get("properties").and_then(Value::as_object) else {
            return;
        };
        let required = schema.get("required").and_then(Value::as_array);
        let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
        // What tells choices apart comes first, then what must be there.
        let mut all: Vec<_> = members.iter().collect();
        all.sort_by_key(|(name, member)| (member.get("enum").is_none(), !is_required(name), *name));
        for (name, member) in all {
            let mut named = Vec::new();
            references(member, &mut named);
            types.extend(named.into_iter().filter_map(|name| self.type_link(&name)));
            let of = typescript::print(member, 0);
            let of = if of.contains('\n') {
                "object".to_owned()
            } else {
                of.replace('|', "\\|")
            };
            // What tells a choice apart is described where the choice is.
            let described = if member.get("enum").is_some() {
                schema
            } else {
                member
            };
            let description = described
                .get("description")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let description = description.replace('\n', " ").replace('|', "\\|");
            let name = if is_required(name) {
                format!("**`{name}`**")
            } else {
                format!("`{name}`")
            };
            let mark = if member.get(EXPERIMENTAL).is_some() {
                " *Experimental.*"
            } else {
                ""
            };
            let _ = writeln!(rows, "| {name} | `{of}` | {description}{mark} |");
        }
    }

    fn type_link(&self, name: &str) -> Option<String> {
        let folder = if typescript::is_top(name) { "" } else { "v2/" };
        self.linked
            .contains(name)
            .then(|| format!("[{name}](../schema/typescript/{folder}{name}.ts)"))
    }
}

fn link(method: &str) -> String {
    format!("[`{method}`](#{})", anchor(method))
}

/// The anchor of a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    heading
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() })
        .collect()
}

const INTRODUCTION: &str = "\
# Protocol

<!-- Generated from the method table of the protocol crate. Do not edit: change the table, the types or the notes in
app-server-protocol/reference/, then run `UPDATE_SCHEMA=1 cargo test -p codex-app-server-protocol`. -->

Every method, by family. [The contract](contract/README.md) tells the rest: [lines and messages](contract/connection.md#framing),
[order](contract/connection.md#order), [what every method may answer](contract/connection.md#error-codes). The types are in
[`schema/`](../schema).

* Requests go from the client to the daemon unless said otherwise; \"request to the client\" means that the daemon asks.
* Members in bold are always there; others may be absent or, where the type says so, null. Where a table has several rows
  `type`, each begins a choice.
* Experimental methods and members need `capabilities.experimentalApi`.
* Errors that any request may have are not repeated: `-32600` before `initialize`, `-32601` for unknown methods, `-32602`
  for parameters that do not fit, `-32603` for faults inside.
* In examples `…` stands for what is left out.
";

#[cfg(test)]
mod tests {
    use super::*;

    impl Reference {
        /// An example in full.
        fn whole(&self, example: &RawValue) -> Value {
            let text = self
                .shapes
                .iter()
                .fold(example.get().to_owned(), |text, (name, shape)| {
                    text.replace(&format!("\"@{name}\""), &shape.value.to_string())
                });
            serde_json::from_str(&text).unwrap()
        }
    }

    /// Whether all of `part` is in `whole`; a null may be left out.
    fn covers(whole: &Value, part: &Value) -> bool {
        match (whole, part) {
            (Value::Object(whole), Value::Object(part)) => part.iter().all(|(key, part)| {
                let found = whole.get(key).unwrap_or(&Value::Null);
                covers(found, part)
            }),
            (Value::Array(whole), Value::Array(part)) => {
                whole.len() == part.len() && whole.iter().zip(part).all(|(whole, part)| covers(whole, part))
            }
            _ => whole == part,
        }
    }

    #[test]
    fn examples_are_what_the_types_take_and_give() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference");
        let reference = Reference::read(&folder).unwrap();
        for info in &METHODS {
            for (_, notes) in reference.notes(info.method) {
                let both = [(info.params, &notes.params), (info.response, &notes.result)];
                for (of, example) in both {
                    let (Some(of), Some(example)) = (of, example) else {
                        continue;
                    };
                    let example = reference.whole(example);
                    let back = (of.round_trip)(example.clone())
                        .unwrap_or_else(|error| panic!("{}: {error}: {example}", info.method));
                    assert!(
                        covers(&back, &example),
                        "{}: {example} came back as {back}",
                        info.method
                    );
                }
            }
        }
    }
}
