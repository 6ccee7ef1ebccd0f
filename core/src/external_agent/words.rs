//! What the other agent is called in texts becomes what we are called.

use std::borrow::Cow;

/// Names of the other agent and of its files; longer ones come first.
const WORDS: [(&str, &str); 3] = [
    ("claude.md", "AGENTS.md"),
    ("claude code", "Codex"),
    ("claude", "Codex"),
];

/// Replaces the names where they stand as words, however they are written. Parts of paths, addresses and identifiers, such as
/// `.claude/skills` or `claude-3`, stay as they are.
pub(super) fn translate(text: &str) -> Cow<'_, str> {
    let lower = text.to_ascii_lowercase();
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = lower[at..].find("claude") {
        let start = at + found;
        let word = WORDS.iter().find(|(word, _)| {
            lower[start..].starts_with(word) && is_word(&text[..start], &text[start + word.len()..])
        });
        let Some((word, ours)) = word else {
            at = start + "claude".len();
            continue;
        };
        out.push_str(&text[copied..start]);
        out.push_str(ours);
        at = start + word.len();
        copied = at;
    }
    if copied == 0 {
        return text.into();
    }
    out.push_str(&text[copied..]);
    out.into()
}

fn is_word(before: &str, behind: &str) -> bool {
    let before = before.chars().next_back();
    let mut behind = behind.chars();
    let (next, second) = (behind.next(), behind.next());
    let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "_-/\\.@".contains(c));
    // A dot ends a sentence, unless something follows it.
    let ends_sentence = next == Some('.') && !second.is_some_and(char::is_alphanumeric);
    !joins(before) && (ends_sentence || !joins(next))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_replaced_where_they_are_words() {
        for (text, expected) in [
            (
                "Claude should read CLAUDE.md. claude code",
                "Codex should read AGENTS.md. Codex",
            ),
            ("# Project for Claude Code\n", "# Project for Codex\n"),
            ("Ask Claude.", "Ask Codex."),
            ("Claude's (claude)", "Codex's (Codex)"),
            (
                "see .claude/skills, claude-3, claude.ai and ./CLAUDE.md",
                "see .claude/skills, claude-3, claude.ai and ./CLAUDE.md",
            ),
            ("eclaude claudette", "eclaude claudette"),
        ] {
            assert_eq!(translate(text), expected);
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_translated(text in "([cC]laude|[ .é\n-]|code|md){0,20}") {
            let _ = translate(&text);
        }
    }
}
