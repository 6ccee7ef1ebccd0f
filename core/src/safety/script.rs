//! Splits shell scripts into simple commands, as far as that can be done by looking at the words alone.

/// A script made of simple commands joined by `&&`, `||`, `;`, `|` or line ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script {
    /// The commands in order.
    pub(super) commands: Vec<Simple>,
}

/// A simple command: words that mean what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Simple {
    /// The words, without their quotes.
    pub(super) words: Vec<String>,
    /// It reads what the command before it writes.
    pub(super) piped: bool,
}

/// Splits a script. `None` if it has anything whose meaning the words don't tell: expansions, redirections, globs,
/// assignments, groups, loops, background commands, comments, or quotes that don't end.
pub(super) fn split(script: &str) -> Option<Script> {
    let mut commands = Vec::new();
    let mut current = Simple::new(false);
    let mut chars = script.chars().peekable();
    // What joins the last command to the next.
    let mut open = false;
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => {}
            '\\' if chars.peek() == Some(&'\n') => {
                chars.next();
            }
            '\n' if current.words.is_empty() => {}
            ';' | '\n' => {
                commands.push(current.end()?);
                current = Simple::new(false);
                open = false;
            }
            '&' => {
                chars.next_if_eq(&'&')?;
                commands.push(current.end()?);
                current = Simple::new(false);
                open = true;
            }
            '|' => {
                let or = chars.next_if_eq(&'|').is_some();
                if chars.peek() == Some(&'&') {
                    return None;
                }
                commands.push(current.end()?);
                current = Simple::new(!or);
                open = true;
            }
            first => {
                let word = word(first, &mut chars)?;
                current.words.push(word);
            }
        }
    }
    if !current.words.is_empty() {
        commands.push(current.end()?);
        open = false;
    }
    (!open && !commands.is_empty()).then_some(Script { commands })
}

impl Simple {
    fn new(piped: bool) -> Self {
        Self {
            words: Vec::new(),
            piped,
        }
    }

    /// The command, if there is one that is a plain call.
    fn end(self) -> Option<Self> {
        let first = self.words.first()?;
        let assigns = first
            .split_once('=')
            .is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
        (!assigns && !RESERVED.contains(&first.as_str())).then_some(self)
    }
}

/// Words that begin something other than a simple command (POSIX.1-2024, Shell Command Language, 2.4).
const RESERVED: [&str; 20] = [
    "!", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in",
    "select", "then", "time", "until", "while", "[[",
];

fn word(first: char, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut word = String::new();
    let mut next = Some(first);
    while let Some(c) = next {
        match c {
            '\'' => loop {
                match chars.next()? {
                    '\'' => break,
                    c => word.push(c),
                }
            },
            '"' => loop {
                match chars.next()? {
                    '"' => break,
                    '$' | '`' => return None,
                    '\\' => match chars.next()? {
                        c @ ('$' | '`' | '"' | '\\') => word.push(c),
                        '\n' => {}
                        c => word.extend(['\\', c]),
                    },
                    c => word.push(c),
                }
            },
            '\\' => match chars.next()? {
                '\n' => {}
                c => word.push(c),
            },
            '$' | '`' | '<' | '>' | '(' | ')' | '*' | '?' | '[' | '{' | '}' => return None,
            '~' | '#' if word.is_empty() => return None,
            c => word.push(c),
        }
        next = chars.next_if(|c| !matches!(c, ' ' | '\t' | '\n' | ';' | '&' | '|'));
    }
    Some(word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(script: &str) -> Option<Vec<Vec<String>>> {
        Some(
            split(script)?
                .commands
                .into_iter()
                .map(|simple| simple.words)
                .collect(),
        )
    }

    #[test]
    fn simple_commands_are_split() {
        let all = |commands: &[&[&str]]| {
            Some(
                commands
                    .iter()
                    .map(|words| words.iter().map(ToString::to_string).collect())
                    .collect(),
            )
        };
        assert_eq!(words("ls -la"), all(&[&["ls", "-la"]]));
        assert_eq!(
            words("a&&b||c;d|e\nf;"),
            all(&[&["a"], &["b"], &["c"], &["d"], &["e"], &["f"]])
        );
        assert_eq!(
            words("cat 'a b' \"c d\"e f\\ g"),
            all(&[&["cat", "a b", "c de", "f g"]])
        );
        assert_eq!(words("echo \"a\\\"b\\n\" ''"), all(&[&["echo", "a\"b\\n", ""]]));
        assert_eq!(words("ls \\\n -la"), all(&[&["ls", "-la"]]));
        assert_eq!(words("echo a#b a~b a=b"), all(&[&["echo", "a#b", "a~b", "a=b"]]));
    }

    #[test]
    fn what_the_words_do_not_tell_is_not_split() {
        for script in [
            "",
            "  ",
            "a >b",
            "a 2>&1",
            "a <b",
            "echo $x",
            "echo \"$x\"",
            "echo `x`",
            "echo $(x)",
            "(a)",
            "{ a; }",
            "a &",
            "a |& b",
            "ls *",
            "ls a?",
            "ls [ab]",
            "ls {a,b}",
            "ls ~",
            "X=1 a",
            "! a",
            "if a; then b; fi",
            "a 'b",
            "a \"b",
            "a # b",
            "a &&",
            "a |",
            "&& a",
            "; a",
            "a && ; b",
            "a ||& b",
            "a \\",
        ] {
            assert_eq!(split(script), None, "{script}");
        }
    }

    proptest! {
        #[test]
        fn quoted_words_come_back(commands in prop::collection::vec(
            prop::collection::vec("[^\0]{0,8}", 1..4), 1..4)) {
            let mut commands: Vec<Vec<String>> = commands;
            for words in &mut commands {
                words.insert(0, "cmd".to_owned());
            }
            let script: Vec<_> = commands
                .iter()
                .map(|words| shlex::try_join(words.iter().map(String::as_str)).expect("no NUL"))
                .collect();
            prop_assert_eq!(words(&script.join(" && ")), Some(commands));
        }

        #[test]
        fn any_text_is_taken(script in any::<String>()) {
            if let Some(script) = split(&script) {
                prop_assert!(!script.commands.is_empty());
                prop_assert!(script.commands.iter().all(|simple| !simple.words.is_empty()));
            }
        }

        #[test]
        fn any_shell_like_text_is_taken(script in "[a-c &|;'\"\\\\$<>()=\n#~*-]{0,24}") {
            if let Some(script) = split(&script) {
                prop_assert!(script.commands.iter().all(|simple| !simple.words.is_empty()));
            }
        }
    }
}
