//! Scripts as lists of simple commands.

use tree_sitter::Node;

use super::word::literal;

/// A script of simple commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plain {
    /// The commands in order; at least one.
    pub(crate) commands: Vec<Simple>,
    /// It has redirections. Only such as write nothing: to and from `/dev/null`, and to standard output and error.
    pub(crate) redirects: bool,
    /// It has comments.
    pub(crate) comments: bool,
}

/// A simple command: words that mean what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Simple {
    /// The words, without their quotes; at least one.
    pub(crate) words: Vec<String>,
    /// It reads what the command before it writes.
    pub(crate) piped: bool,
}

/// Words that begin something other than a simple command (POSIX.1-2024, Shell Command Language, 2.4; bash).
const RESERVED: [&str; 21] = [
    "!", "{", "}", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if",
    "in", "select", "then", "time", "until", "while", "[[",
];

/// Splits a script. `None` if it has anything whose meaning the words don't tell: expansions, other redirections,
/// globs, assignments, groups, loops, background commands, or what the grammar doesn't understand.
pub(super) fn split(source: &str, root: Node<'_>) -> Option<Plain> {
    if root.has_error() {
        return None;
    }
    let mut splitter = Splitter {
        source,
        plain: Plain {
            commands: Vec::new(),
            redirects: false,
            comments: false,
        },
        piped: false,
        end: 0,
    };
    let mut rest = vec![root];
    while let Some(node) = rest.pop() {
        match node.kind() {
            "program" | "list" | "pipeline" | "redirected_statement" => {
                let first = rest.len();
                let mut cursor = node.walk();
                rest.extend(node.children(&mut cursor));
                rest[first..].reverse();
            }
            "command" => splitter.command(node)?,
            "file_redirect" => splitter.redirect(node)?,
            "comment" => splitter.comment(node)?,
            "&&" | "||" | ";" | "\n" => splitter.operator(node, false)?,
            "|" => splitter.operator(node, true)?,
            _ => return None,
        }
    }
    let is_over = is_blank(&source[splitter.end..]);
    (is_over && !splitter.plain.commands.is_empty()).then_some(splitter.plain)
}

struct Splitter<'s> {
    source: &'s str,
    plain: Plain,
    /// The next command reads a pipe.
    piped: bool,
    /// Where what has been looked at ends.
    end: usize,
}

impl Splitter<'_> {
    /// What lies before a node: nothing but blanks and line ends.
    fn gap(&self, node: Node<'_>) -> Option<&str> {
        let gap = self.source.get(self.end..node.start_byte())?;
        is_blank(gap).then_some(gap)
    }

    fn text(&mut self, node: Node<'_>) -> Option<&str> {
        self.end = node.end_byte();
        self.source.get(node.byte_range())
    }

    fn operator(&mut self, node: Node<'_>, piped: bool) -> Option<()> {
        self.gap(node)?;
        self.end = node.end_byte();
        self.piped = piped;
        Some(())
    }

    fn comment(&mut self, node: Node<'_>) -> Option<()> {
        let gap = self.gap(node)?;
        let before = self.source.get(..node.start_byte())?.chars().next_back();
        // A number sign within a word is part of the word, whatever the grammar makes of it.
        if gap.is_empty() && !before.is_none_or(|c| matches!(c, '\n' | ';' | '&' | '|')) {
            return None;
        }
        self.end = node.end_byte();
        self.plain.comments = true;
        Some(())
    }

    fn redirect(&mut self, node: Node<'_>) -> Option<()> {
        self.gap(node)?;
        let is_harmless = writes_nothing(self.text(node)?);
        self.plain.redirects = true;
        is_harmless.then_some(())
    }

    fn command(&mut self, node: Node<'_>) -> Option<()> {
        self.gap(node)?;
        self.end = node.start_byte();
        let mut words = Vec::new();
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            let gap = self.gap(child)?;
            let is_first = child.start_byte() == node.start_byte();
            if !is_first && (gap.is_empty() || has_line_end(gap)) {
                return None;
            }
            match child.kind() {
                "file_redirect" => self.redirect(child)?,
                "command_name" | "word" | "string" | "raw_string" | "number" | "concatenation" => {
                    words.push(literal(self.text(child)?)?);
                }
                _ => return None,
            }
        }
        let first = words.first()?;
        let assigns = first.split_once('=').is_some_and(|(name, _)| {
            name.chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '+')
        });
        if first.is_empty() || assigns || RESERVED.contains(&first.as_str()) {
            return None;
        }
        let piped = std::mem::take(&mut self.piped);
        self.plain.commands.push(Simple { words, piped });
        Some(())
    }
}

/// Blanks, line ends, and line ends that are taken away by a backslash. Not the other blanks of Unicode, which are
/// letters to a shell and blanks to the grammar.
fn is_blank(gap: &str) -> bool {
    let mut chars = gap.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\n' => {}
            '\\' if chars.next() == Some('\n') => {}
            _ => return false,
        }
    }
    true
}

/// Whether a gap of [`is_blank`] ends a line.
fn has_line_end(gap: &str) -> bool {
    gap.replace("\\\n", "").contains('\n')
}

/// Whether a redirection changes no file.
fn writes_nothing(redirect: &str) -> bool {
    let rest = redirect.trim_start_matches(|c: char| c.is_ascii_digit());
    let operators = [
        ("&>>", true),
        ("&>", true),
        (">>", true),
        (">&", false),
        (">", true),
        ("<", true),
    ];
    let Some((target, to_file)) = operators
        .iter()
        .find_map(|(operator, to_file)| Some((rest.strip_prefix(operator)?, *to_file)))
    else {
        return false;
    };
    let target = target.trim_start_matches([' ', '\t']);
    if to_file {
        target == "/dev/null"
    } else {
        matches!(target, "1" | "2")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ShellScript;
    use super::*;

    fn plain(script: &str) -> Option<Plain> {
        ShellScript::parse(script).plain()
    }

    fn words(script: &str) -> Option<Vec<Vec<String>>> {
        Some(
            plain(script)?
                .commands
                .into_iter()
                .map(|simple| simple.words)
                .collect(),
        )
    }

    #[expect(clippy::unnecessary_wraps, reason = "the shape that it is compared with")]
    fn all(commands: &[&[&str]]) -> Option<Vec<Vec<String>>> {
        let owned = |words: &&[&str]| words.iter().map(ToString::to_string).collect();
        Some(commands.iter().map(owned).collect())
    }

    #[test]
    fn simple_commands_are_split() {
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
        assert_eq!(words("\n\n a \n\n b &&\n c\n"), all(&[&["a"], &["b"], &["c"]]));
        assert_eq!(
            words("echo 1 2.5 -3 --x=4"),
            all(&[&["echo", "1", "2.5", "-3", "--x=4"]])
        );
        assert_eq!(
            words("find . -name x -exec cat {} \\;"),
            all(&[&["find", ".", "-name", "x", "-exec", "cat", "{}", ";"]])
        );
    }

    #[test]
    fn pipes_redirections_and_comments_are_told() {
        let split = plain("a | b && c || d | e").expect("plain");
        let piped: Vec<_> = split.commands.iter().map(|simple| simple.piped).collect();
        assert_eq!(piped, [false, true, false, false, true]);
        for script in [
            "a 2>/dev/null",
            "a > /dev/null 2>&1",
            "a && b &>/dev/null",
            "a 2>&1 | b",
            "a >&2",
            "a </dev/null",
        ] {
            let split = plain(script).unwrap_or_else(|| panic!("{script}"));
            assert!(split.redirects && !split.comments, "{script}");
        }
        let split = plain("# what\na # why\nb").expect("plain");
        assert!(split.comments && !split.redirects);
        assert_eq!(split.commands.len(), 2);
    }

    #[test]
    fn what_the_words_do_not_tell_is_not_split() {
        for script in [
            "",
            "  ",
            "a >b",
            "a 2>b",
            "a <b",
            "a >/dev/null b >c",
            "a > /dev/null/../../etc/x",
            "a >&3",
            "a >&b",
            "echo $x",
            "echo \"$x\"",
            "echo `x`",
            "echo $(x)",
            "echo $'x'",
            "echo $\"x\"",
            "(a)",
            "{ a; }",
            "a &",
            "a & b",
            "a |& b",
            "ls *",
            "ls a?",
            "ls [ab]",
            "ls {a,b}",
            "ls ~",
            "X=1 a",
            "X=1",
            "! a",
            "time a",
            "if a; then b; fi",
            "while a; do b; done",
            "f() { a; }",
            "a 'b",
            "a \"b",
            "a &&",
            "a |",
            "&& a",
            "; a",
            "a && ; b",
            "a ||& b",
            "a <<X\nb\nX",
            "a <<< b",
            "[ -f a ]",
            "[[ a ]]",
            "((a))",
            "export a=b",
            "a <(b)",
            "coproc a",
        ] {
            assert_eq!(plain(script), None, "{script}");
        }
    }

    #[test]
    fn blanks_that_the_grammar_reads_otherwise_than_a_shell_are_not_taken_for_blanks() {
        for (script, blank) in [
            ("ls\u{a0}-la", '\u{a0}'),
            ("ls\r\nrm", '\r'),
            ("ls\u{b}-la", '\u{b}'),
            ("ls\u{2003}x", '\u{2003}'),
            ("ls -la\r", '\r'),
            ("a \u{c} b", '\u{c}'),
        ] {
            let split = words(script);
            let kept = |words: &Vec<Vec<String>>| words.iter().flatten().any(|word| word.contains(blank));
            assert!(split.as_ref().is_none_or(kept), "{script:?}: {split:?}");
        }
        // A blank behind a backslash belongs to the word.
        for script in ["ls \\ -la", "ls \\ x", "ls\\ -la"] {
            let split = words(script);
            let glued = |words: &Vec<Vec<String>>| words[0].iter().any(|word| word.contains(' '));
            assert!(split.as_ref().is_none_or(glued), "{script:?}: {split:?}");
        }
        for script in ["a\"b\"#c", "'a'#b c", "a ''#b"] {
            let split = plain(script);
            assert!(
                split.as_ref().is_none_or(|split| !split.comments),
                "{script:?}: {split:?}"
            );
        }
    }

    /// The commands that bash runs of a script in which no program is found: their words, in any order.
    fn run_by_bash(script: &str) -> Vec<Vec<String>> {
        let tell = "command_not_found_handle() { printf '%s\\0' \"$@\" $'\\n' >&3; }; PATH=; eval \"$1\"";
        let output = std::process::Command::new("/bin/bash")
            .args([
                "-c",
                &format!("{{ {tell}; }} 3>&1 >/dev/null 2>/dev/null"),
                "bash",
                script,
            ])
            .stdin(std::process::Stdio::null())
            .env_clear()
            .output()
            .expect("bash runs");
        let text = String::from_utf8(output.stdout).expect("text");
        let mut commands = vec![Vec::new()];
        for word in text.split_terminator('\0') {
            match word {
                "\n" => commands.push(Vec::new()),
                word => commands.last_mut().expect("one").push(word.to_owned()),
            }
        }
        commands.pop();
        commands
    }

    proptest! {
        #[test]
        fn bash_runs_nothing_but_what_was_split(script in "(qa|qb|qc|-x|[ \t\n]|'|\"|\\\\|&&|\\|\\||[;&|#=~!{}\u{a0}\r\u{b}]){1,16}") {
            if let Some(split) = plain(&script) {
                let split: Vec<_> = split.commands.into_iter().map(|simple| simple.words).collect();
                for run in run_by_bash(&script) {
                    prop_assert!(split.contains(&run), "{:?} of {:?}", run, split);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn quoted_words_come_back_or_nothing_does(commands in prop::collection::vec(
            prop::collection::vec("[^\0]{0,8}", 1..4), 1..4)) {
            let mut commands: Vec<Vec<String>> = commands;
            for words in &mut commands {
                words.insert(0, "cmd".to_owned());
            }
            let script: Vec<_> = commands
                .iter()
                .map(|words| shlex::try_join(words.iter().map(String::as_str)).expect("no NUL"))
                .collect();
            if let Some(split) = words(&script.join(" && ")) {
                prop_assert_eq!(split, commands);
            }
        }

        #[test]
        fn single_quoted_words_come_back(quoted in prop::collection::vec("[^\0'\r]{1,8}", 1..4)) {
            let script = quoted.iter().fold("cmd".to_owned(), |script, word| format!("{script} '{word}'"));
            let mut all = vec!["cmd".to_owned()];
            all.extend(quoted);
            prop_assert_eq!(words(&script), Some(vec![all]));
        }

        #[test]
        fn any_text_is_taken(script in any::<String>()) {
            let parsed = ShellScript::parse(&script);
            let _ = parsed.scan();
            if let Some(plain) = parsed.plain() {
                prop_assert!(!plain.commands.is_empty());
                prop_assert!(plain.commands.iter().all(|simple| !simple.words.is_empty()));
            }
        }

        #[test]
        fn any_shell_like_text_is_taken(script in "[a-c &|;'\"\\\\$<>()=\n#~*{}`!-]{0,24}") {
            let parsed = ShellScript::parse(&script);
            let _ = parsed.scan();
            if let Some(plain) = parsed.plain() {
                prop_assert!(plain.commands.iter().all(|simple| !simple.words[0].is_empty()));
            }
        }
    }
}
