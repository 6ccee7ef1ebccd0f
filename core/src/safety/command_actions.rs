//! What a command does, for people who watch: reads a file, lists, searches, or something else
//! (docs/contract/items-and-approvals.md#command-actions).

use std::path::{Component, Path, PathBuf};

use super::shell::{ShellScript, Simple};
use crate::CommandAction;

/// What the parts of a script do. One part that can't be told makes the whole script unknown.
pub(crate) fn command_actions(script: &str, cwd: &Path) -> Vec<CommandAction> {
    actions_of(&ShellScript::parse(script), cwd)
}

/// As [`command_actions`], of a script that has been read.
pub(super) fn actions_of(script: &ShellScript<'_>, cwd: &Path) -> Vec<CommandAction> {
    parts(script, cwd).unwrap_or_else(|| {
        vec![CommandAction::Unknown {
            command: script.source().to_owned(),
        }]
    })
}

fn parts(script: &ShellScript<'_>, cwd: &Path) -> Option<Vec<CommandAction>> {
    let plain = script
        .plain()
        .filter(|plain| !plain.redirects && !plain.comments)?;
    let commands = plain.commands;
    let several = commands.len() > 1;
    let mut cwd = cwd.to_owned();
    let mut actions = Vec::new();
    let mut lines_only = false;
    for (index, simple) in commands.iter().enumerate() {
        let (name, arguments) = simple.words.split_first()?;
        match name.as_str() {
            "cd" => {
                if let Some(folder) = arguments.iter().find(|word| !word.starts_with('-')) {
                    cwd = absolute(&cwd, folder);
                }
            }
            "true" if several => {}
            // Said before something is done, to those who read the output.
            "echo" if several && index == 0 && !commands[1].piped => {}
            name if simple.piped && formats(name, arguments) => lines_only |= name == "sed",
            name => actions.push(action(simple, name, arguments, &cwd)?),
        }
    }
    // Which lines of a file are read is part of what is told.
    if lines_only && let [CommandAction::Read { command, .. }] = actions.as_mut_slice() {
        script.source().trim().clone_into(command);
    }
    Some(actions)
}

fn action(simple: &Simple, name: &str, arguments: &[String], cwd: &Path) -> Option<CommandAction> {
    let command = shlex::try_join(simple.words.iter().map(String::as_str)).ok()?;
    if let Some(file) = file_read(name, arguments) {
        let path = absolute(cwd, file);
        let name = path.file_name()?.to_string_lossy().into_owned();
        return Some(CommandAction::Read { command, name, path });
    }
    let list = |path: Option<&str>| CommandAction::ListFiles {
        command: command.clone(),
        path: path.map(short),
    };
    let search = |query: Option<&str>, path: Option<&str>| CommandAction::Search {
        command: command.clone(),
        query: query.map(str::to_owned),
        path: path.map(short),
    };
    let words = |with_value: &[&str]| Words::new(arguments, with_value);
    Some(match (name, arguments.first().map(String::as_str)) {
        ("ls", _) => list(words(&["-I", "-w", "-T", "--ignore", "--width", "--hide"]).operand(0)),
        ("tree", _) => {
            list(words(&["-L", "-P", "-I", "-o", "--filelimit", "--sort", "--charset"]).operand(0))
        }
        ("eza" | "exa", _) => {
            list(words(&["-I", "-L", "-s", "-t", "--level", "--sort", "--ignore-glob"]).operand(0))
        }
        ("du", _) => list(words(&["-d", "-B", "-t", "-X", "--max-depth", "--exclude"]).operand(0)),
        ("find", _) => {
            let path = arguments
                .first()
                .map(String::as_str)
                .filter(|word| !word.starts_with(['-', '(', '!']));
            let named = arguments
                .iter()
                .position(|word| matches!(&**word, "-name" | "-iname" | "-path" | "-regex"));
            match named {
                Some(at) => search(arguments.get(at + 1).map(String::as_str), path),
                None => list(path),
            }
        }
        ("fd" | "fdfind", _) => {
            let words = words(&[
                "-t",
                "-e",
                "-E",
                "-d",
                "-j",
                "--type",
                "--extension",
                "--exclude",
                "--max-depth",
            ]);
            match words.operand(0) {
                None => list(None),
                query => search(query, words.operand(1)),
            }
        }
        ("rg" | "rga" | "ripgrep-all", _) => {
            let words = words(&RG_VALUES);
            if arguments.iter().any(|word| word == "--files") {
                list(words.operand(0))
            } else {
                words.search(search)
            }
        }
        ("grep" | "egrep" | "fgrep" | "ag" | "ack", _) => words(&GREP_VALUES).search(search),
        ("git", Some("grep")) => Words::new(&arguments[1..], &GREP_VALUES).search(search),
        ("git", Some("ls-files")) => list(Words::new(&arguments[1..], &["-x", "-X", "--exclude"]).operand(0)),
        _ => return None,
    })
}

const GREP_VALUES: [&str; 10] = [
    "-A",
    "-B",
    "-C",
    "-m",
    "-e",
    "-f",
    "-d",
    "-D",
    "--max-count",
    "--regexp",
];

const RG_VALUES: [&str; 22] = [
    "-A",
    "-B",
    "-C",
    "-E",
    "-M",
    "-T",
    "-d",
    "-e",
    "-f",
    "-g",
    "-j",
    "-m",
    "-r",
    "-t",
    "--glob",
    "--iglob",
    "--type",
    "--type-not",
    "--max-count",
    "--max-depth",
    "--regexp",
    "--sort",
];

/// The one file that a command shows.
fn file_read<'a>(name: &str, arguments: &'a [String]) -> Option<&'a str> {
    let only = |words: &Words<'a>| match words.operands[..] {
        [file] if file != "-" => Some(file),
        _ => None,
    };
    match name {
        "cat" | "bat" | "batcat" | "more" => only(&Words::new(arguments, &[])),
        "less" => only(&Words::new(arguments, &["-p", "-x", "-j"])),
        "nl" => only(&Words::new(
            arguments,
            &["-b", "-d", "-f", "-h", "-i", "-l", "-n", "-s", "-v", "-w"],
        )),
        "head" | "tail" => {
            let counts = |word: &String| {
                let number = |text: &str| {
                    let digits = text.strip_prefix('+').unwrap_or(text);
                    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
                };
                word.strip_prefix("-n")
                    .is_some_and(|rest| rest.is_empty() || number(rest))
            };
            let files = Words::new(arguments, &["-n"]);
            arguments
                .iter()
                .filter(|word| word.starts_with('-'))
                .all(counts)
                .then(|| files.operand(0))?
        }
        "sed" => {
            let rest = arguments.strip_prefix(&["-n".to_owned()][..])?;
            let rest = rest.strip_prefix(&["-e".to_owned()][..]).unwrap_or(rest);
            match rest {
                [range, file] if is_line_range(range) => Some(file),
                _ => None,
            }
        }
        "awk" => {
            let words = Words::new(arguments, &["-F", "-v", "-f"]);
            let program = usize::from(words.value_of("-f").is_none());
            words.operand(program)
        }
        _ => None,
    }
}

/// Whether a command at the end of a pipe only shapes what it gets.
fn formats(name: &str, arguments: &[String]) -> bool {
    match name {
        "wc" | "sort" | "uniq" | "cut" | "tr" | "column" | "xargs" | "tee" | "true" => true,
        "head" | "tail" | "nl" | "awk" => file_read(name, arguments).is_none(),
        "sed" => match arguments {
            [flag, range] => flag == "-n" && is_line_range(range),
            [flag, script, range] => flag == "-n" && script == "-e" && is_line_range(range),
            _ => false,
        },
        _ => false,
    }
}

/// `5p` or `1,5p`.
fn is_line_range(script: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    script
        .strip_suffix('p')
        .is_some_and(|range| match range.split_once(',') {
            Some((first, last)) => number(first) && number(last),
            None => number(range),
        })
}

/// Arguments, told apart by their dashes.
struct Words<'a> {
    operands: Vec<&'a str>,
    values: Vec<(&'a str, &'a str)>,
}

impl<'a> Words<'a> {
    /// `with_value`: the options whose value is the next word.
    fn new(arguments: &'a [String], with_value: &[&str]) -> Self {
        let mut found = Self {
            operands: Vec::new(),
            values: Vec::new(),
        };
        let mut words = arguments.iter().map(String::as_str);
        while let Some(word) = words.next() {
            if word == "--" {
                found.operands.extend(words);
                break;
            } else if with_value.contains(&word) {
                found.values.extend(words.next().map(|value| (word, value)));
            } else if word == "-" || !word.starts_with('-') {
                found.operands.push(word);
            }
        }
        found
    }

    fn operand(&self, index: usize) -> Option<&'a str> {
        self.operands.get(index).copied()
    }

    fn value_of(&self, option: &str) -> Option<&'a str> {
        self.values
            .iter()
            .find_map(|(name, value)| (*name == option).then_some(*value))
    }

    fn search(&self, search: impl Fn(Option<&str>, Option<&str>) -> CommandAction) -> CommandAction {
        match self.value_of("-e").or_else(|| self.value_of("--regexp")) {
            Some(query) => search(Some(query), self.operand(0)),
            None => search(self.operand(0), self.operand(1)),
        }
    }
}

/// The part of a path that tells most: the last one that is not the name of every other folder.
fn short(path: &str) -> String {
    let parts = || path.split('/').filter(|part| !part.is_empty());
    let telling = parts().rfind(|part| !matches!(*part, "src" | "build" | "dist" | "node_modules" | "."));
    telling.or_else(|| parts().next_back()).unwrap_or(path).to_owned()
}

/// A path as seen from a folder, without `.` and `..`.
fn absolute(cwd: &Path, path: &str) -> PathBuf {
    let mut result = PathBuf::new();
    for part in cwd.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                result.pop();
            }
            part => result.push(part),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line per action: `read <command>: <path>`, `list <command>: <path>`, `search <command>: <query> in <path>`.
    fn told(script: &str) -> Vec<String> {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        command_actions(script, Path::new("/w"))
            .into_iter()
            .map(|action| match action {
                CommandAction::Read { command, path, name } => {
                    assert!(path.ends_with(&name));
                    format!("read {command}: {}", path.display())
                }
                CommandAction::ListFiles { command, path } => format!("list {command}: {}", or_none(path)),
                CommandAction::Search { command, query, path } => {
                    format!("search {command}: {} in {}", or_none(query), or_none(path))
                }
                CommandAction::Unknown { command } => format!("unknown {command}"),
            })
            .collect()
    }

    #[test]
    fn commands_that_show_one_file_read_it() {
        for (script, path) in [
            ("cat a", "/w/a"),
            ("cat -n ./sub/a", "/w/sub/a"),
            ("cat -- /etc/passwd", "/etc/passwd"),
            ("cat sub/../a", "/w/a"),
            ("bat -p a", "/w/a"),
            ("head -n 5 a", "/w/a"),
            ("head -n5 a", "/w/a"),
            ("tail -n +5 a", "/w/a"),
            ("sed -n 1p a", "/w/a"),
            ("sed -n -e 1p a", "/w/a"),
            ("nl -ba a", "/w/a"),
            ("less -N a", "/w/a"),
            ("awk -f x.awk a", "/w/a"),
        ] {
            assert_eq!(told(script), [format!("read {script}: {path}")]);
        }
        assert_eq!(told("sed -n 1,5p 'a b'"), ["read sed -n '1,5p' 'a b': /w/a b"]);
        assert_eq!(told("awk '{print $1}' a"), ["read awk '{print $1}' a: /w/a"]);
    }

    #[test]
    fn listings_name_the_part_of_the_path_that_tells_most() {
        for (script, path) in [
            ("ls", "-"),
            ("ls -la", "-"),
            ("ls src", "src"),
            ("ls src/foo/", "foo"),
            ("ls packages/app/node_modules", "app"),
            ("ls .", "."),
            ("ls -I x src", "src"),
            ("tree -L 2 src", "src"),
            ("find . -type f", "."),
            ("rg --files src", "src"),
            ("git ls-files", "-"),
            ("du -sh src", "src"),
            ("fd", "-"),
        ] {
            assert_eq!(told(script), [format!("list {script}: {path}")]);
        }
    }

    #[test]
    fn searches_tell_what_and_where() {
        for (script, what) in [
            ("rg foo", "foo in -"),
            ("rg -n foo src/bar", "foo in bar"),
            ("rg -e foo src", "foo in src"),
            ("rg -A 3 foo src", "foo in src"),
            ("grep -rn foo .", "foo in ."),
            ("git grep -n foo -- src", "foo in src"),
            ("find src -name x.rs", "x.rs in src"),
            ("fd foo src", "foo in src"),
            ("rg -n", "- in -"),
        ] {
            assert_eq!(told(script), [format!("search {script}: {what}")]);
        }
    }

    #[test]
    fn parts_are_told_one_by_one_and_formatting_is_left_out() {
        assert_eq!(told("ls && cat a"), ["list ls: -", "read cat a: /w/a"]);
        assert_eq!(told("cd sub && cat a"), ["read cat a: /w/sub/a"]);
        assert_eq!(told("cd sub && cd .. && cat a"), ["read cat a: /w/a"]);
        assert_eq!(told("cd sub"), [""; 0]);
        assert_eq!(told("rg foo | sort | head -n 20"), ["search rg foo: foo in -"]);
        assert_eq!(
            told("cat a | grep foo"),
            ["read cat a: /w/a", "search grep foo: foo in -"]
        );
        assert_eq!(told("echo hi && ls || true"), ["list ls: -"]);
        for script in [
            "cat a | sed -n 1,3p",
            "nl -ba a | head -n 3 | sed -n '1,2p'",
            "cat a | sed -n -e 5p | wc -l",
        ] {
            assert_eq!(told(script), [format!("read {script}: /w/a")]);
        }
        assert_eq!(
            told("cd sub && cat a | sed -n 1p\n"),
            ["read cd sub && cat a | sed -n 1p: /w/sub/a"]
        );
        assert_eq!(
            told("cat a | sed -n 1p && ls"),
            ["read cat a: /w/a", "list ls: -"]
        );
        assert_eq!(told("rg foo | sed -n 1,9p"), ["search rg foo: foo in -"]);
    }

    #[test]
    fn one_unknown_part_makes_the_script_unknown() {
        for script in [
            "pwd",
            "true",
            "pwd && ls",
            "cat a b",
            "cat",
            "cat -",
            "sed -i s/a/b/ a",
            "sed s/a/b/ a",
            "head -5 a",
            "tail -f a",
            "git status",
            "wc -l a",
            "cat a > b",
            "X=1 ls",
            "ls *",
            "(ls)",
            "ls &",
            "cat $(ls)",
            "/bin/cat a",
            "bash -lc ls",
            "echo hi",
            "ls && echo hi",
            "yes | head",
            "cat a | less",
            "",
            "cargo test",
        ] {
            assert_eq!(told(script), [format!("unknown {script}")]);
        }
    }
}
