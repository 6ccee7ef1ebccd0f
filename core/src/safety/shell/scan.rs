//! Everything that stands in a script, wherever it stands.

use tree_sitter::Node;

use super::word::{literal, loose};

/// What was found in a script.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The words of each command, in substitutions, loops, functions and the like too.
    pub(crate) commands: Vec<Vec<Word>>,
    /// Text that a command reads: here-documents and here-strings.
    pub(crate) inputs: Vec<String>,
    /// Where output is written to.
    pub(crate) targets: Vec<Word>,
    /// Functions that start themselves twice at the same time.
    pub(crate) multiplies: bool,
    /// The grammar didn't understand all of it, or it is too long: commands may be missing.
    pub(crate) incomplete: bool,
}

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Its text without quotes; what would be expanded stands as it was written.
    pub(crate) text: String,
    /// The shell expands nothing in it.
    pub(crate) exact: bool,
}

impl Found {
    /// Of a script that can't be read.
    pub(super) fn unreadable() -> Self {
        Self {
            incomplete: true,
            ..Self::default()
        }
    }
}

/// Looks at every node once.
pub(super) fn scan(source: &str, root: Node<'_>) -> Found {
    let mut found = Found {
        incomplete: root.has_error(),
        ..Found::default()
    };
    let text = |node: Node<'_>| source.get(node.byte_range()).unwrap_or_default();
    let word = |node: Node<'_>| {
        let source = text(node);
        Word {
            text: loose(source),
            exact: literal(source).is_some(),
        }
    };
    let mut rest = vec![root];
    while let Some(node) = rest.pop() {
        let mut cursor = node.walk();
        match node.kind() {
            "command" => {
                let words = node
                    .children(&mut cursor)
                    .filter(|child| {
                        !matches!(
                            child.kind(),
                            "variable_assignment" | "file_redirect" | "herestring_redirect" | "subshell"
                        )
                    })
                    .map(word)
                    .collect();
                found.commands.push(words);
            }
            "file_redirect" => {
                let operator = node.children(&mut cursor).find(|child| !child.is_named());
                let writes = operator.is_some_and(|operator| operator.kind().contains('>'));
                let mut cursor = node.walk();
                let mut targets = node.children_by_field_name("destination", &mut cursor).map(word);
                if writes {
                    found.targets.extend(targets.next());
                }
                // The grammar takes what follows for further targets; a shell takes it for arguments.
                if let Some(command) = found.commands.last_mut() {
                    command.extend(targets);
                }
            }
            "heredoc_redirect" => {
                // Likewise, what stands behind the mark in its line.
                if let Some(command) = found.commands.last_mut() {
                    command.extend(node.children_by_field_name("argument", &mut cursor).map(word));
                }
            }
            "heredoc_body" => found.inputs.push(text(node).to_owned()),
            "herestring_redirect" => {
                found
                    .inputs
                    .extend(node.children(&mut cursor).last().map(|last| loose(text(last))));
            }
            "function_definition" => found.multiplies |= multiplies(node, &text),
            _ => {}
        }
        let mut cursor = node.walk();
        let first = rest.len();
        rest.extend(node.children(&mut cursor));
        rest[first..].reverse();
    }
    found
}

/// Whether a function pipes itself into itself.
fn multiplies<'s>(function: Node<'_>, text: &impl Fn(Node<'_>) -> &'s str) -> bool {
    let Some(name) = function.child_by_field_name("name").map(text) else {
        return false;
    };
    let Some(body) = function.child_by_field_name("body") else {
        return false;
    };
    let mut rest = vec![body];
    while let Some(node) = rest.pop() {
        let mut cursor = node.walk();
        if node.kind() == "pipeline" {
            let itself = |child: &Node<'_>| child.kind() == "command" && text(*child).trim() == name;
            if node.children(&mut cursor).filter(itself).count() > 1 {
                return true;
            }
        }
        let mut cursor = node.walk();
        rest.extend(node.children(&mut cursor));
    }
    false
}
