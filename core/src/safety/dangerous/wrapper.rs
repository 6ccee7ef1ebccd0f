//! Programs that run other programs.

use crate::safety::shell::Word;

/// What a command runs.
pub(super) enum Step<'w> {
    /// These words, as a command.
    Command(&'w [Word]),
    /// Each of these, as a command.
    Commands(Vec<&'w [Word]>),
    /// This text, as a script.
    Script(String),
    /// Itself.
    Program,
}

/// What a program with these arguments runs.
pub(super) fn step<'w>(name: &str, rest: &'w [Word]) -> Step<'w> {
    match name {
        "sudo" | "doas" => {
            let values = [
                "--user", "--group", "--host", "--prompt", "--chdir", "--role", "--type", "--chroot",
            ];
            Step::Command(without_assignments(without_options(
                rest,
                "CDgGhpRrtTUu",
                &values,
            )))
        }
        "env" => env(rest),
        // Words of the shell itself, where the grammar lost its way.
        "!" | "then" | "do" | "else" | "{" | "(" => Step::Command(rest),
        "nohup" | "setsid" | "builtin" | "time" | "busybox" | "toybox" | "fakeroot" | "caffeinate" => {
            Step::Command(without_options(rest, "", &[]))
        }
        "command" => match rest.first() {
            Some(word) if word.text == "-v" || word.text == "-V" => Step::Program,
            _ => Step::Command(without_options(rest, "", &[])),
        },
        "exec" => Step::Command(without_options(rest, "a", &[])),
        "nice" => Step::Command(without_options(rest, "n", &["--adjustment"])),
        "ionice" => Step::Command(without_options(rest, "cnpPu", &["--class", "--classdata"])),
        "stdbuf" => Step::Command(without_options(rest, "ioe", &["--input", "--output", "--error"])),
        "strace" | "ltrace" => Step::Command(without_options(rest, "aeoOpPsSuUX", &["--output"])),
        "timeout" | "gtimeout" => Step::Command(behind_first(without_options(
            rest,
            "ks",
            &["--kill-after", "--signal"],
        ))),
        "chrt" | "taskset" | "chroot" => Step::Command(behind_first(without_options(rest, "", &[]))),
        "flock" => match value_of_c(rest) {
            Some(script) => Step::Script(script),
            None => Step::Command(behind_first(without_options(
                rest,
                "wE",
                &["--timeout", "--wait"],
            ))),
        },
        "xargs" | "gxargs" => {
            let values = [
                "--arg-file",
                "--delimiter",
                "--max-args",
                "--max-chars",
                "--max-procs",
                "--replace",
                "--process-slot-var",
            ];
            Step::Command(without_options(rest, "adEILnPs", &values))
        }
        "parallel" => Step::Command(without_options(
            rest,
            "jIaCdLnNs",
            &["--jobs", "--arg-file", "--delimiter"],
        )),
        "watch" => Step::Script(joined(without_options(rest, "nq", &["--interval"]))),
        "eval" => Step::Script(joined(rest)),
        "trap" => match rest {
            [action, _, ..] if !action.text.starts_with('-') => Step::Script(action.text.clone()),
            _ => Step::Program,
        },
        "su" | "runuser" | "script" => match value_of_c(rest) {
            Some(script) => Step::Script(script),
            None => Step::Program,
        },
        "find" | "gfind" | "bfs" => find(rest),
        "fd" | "fdfind" => {
            let runs = |word: &Word| matches!(&*word.text, "-x" | "-X" | "--exec" | "--exec-batch");
            match rest.iter().position(runs) {
                Some(at) => Step::Command(&rest[at + 1..]),
                None => Step::Program,
            }
        }
        name if is_shell(name) => match shell_script(rest) {
            ShellScriptSource::Argument(script) => Step::Script(script),
            ShellScriptSource::File | ShellScriptSource::Input => Step::Program,
        },
        _ => Step::Program,
    }
}

/// Whether a command is a shell that reads its script from standard input.
pub(super) fn is_shell_without_script(words: &[Word]) -> bool {
    let Some((program, rest)) = words.split_first() else {
        return false;
    };
    let name = program.text.rsplit('/').next().unwrap_or_default();
    if is_shell(name) {
        return matches!(shell_script(rest), ShellScriptSource::Input);
    }
    match name {
        "sudo" | "env" | "nohup" | "command" | "exec" => rest.iter().any(|word| {
            let name = word.text.rsplit('/').next().unwrap_or_default();
            is_shell(name)
        }),
        _ => false,
    }
}

/// Words as the text that they would be for a shell.
pub(super) fn joined(words: &[Word]) -> String {
    let texts: Vec<_> = words.iter().map(|word| word.text.as_str()).collect();
    texts.join(" ")
}

fn is_shell(name: &str) -> bool {
    matches!(
        name,
        "sh" | "bash" | "dash" | "zsh" | "ksh" | "mksh" | "ash" | "fish" | "rbash" | "yash"
    )
}

/// Where a shell gets its script from.
enum ShellScriptSource {
    Argument(String),
    File,
    Input,
}

fn shell_script(arguments: &[Word]) -> ShellScriptSource {
    let mut is_argument = false;
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        match word.text.as_str() {
            "--rcfile" | "--init-file" | "-o" | "+o" | "-O" | "+O" => drop(rest.next()),
            "--" | "-" => {}
            "--command" => is_argument = true,
            "-s" => return ShellScriptSource::Input,
            text if text.starts_with("--") => {}
            text if text.len() > 1 && text.starts_with(['-', '+']) => is_argument |= text.contains('c'),
            text if is_argument => return ShellScriptSource::Argument(text.to_owned()),
            _ => return ShellScriptSource::File,
        }
    }
    ShellScriptSource::Input
}

fn env(rest: &[Word]) -> Step<'_> {
    let split = rest.iter().position(|word| {
        let text = &word.text;
        text.starts_with("--split-string") || (is_short(text) && text.contains('S'))
    });
    if let Some(at) = split {
        let word = &rest[at].text;
        let attached = match word.strip_prefix("--split-string") {
            Some(value) => value.trim_start_matches('='),
            None => word.split_once('S').map_or("", |(_, value)| value),
        };
        return Step::Script(format!("{attached} {}", joined(&rest[at + 1..])));
    }
    Step::Command(without_assignments(without_options(
        rest,
        "uC",
        &["--unset", "--chdir"],
    )))
}

/// What `find` runs for its files. That it deletes by itself is another matter.
fn find(rest: &[Word]) -> Step<'_> {
    let runs = |word: &Word| matches!(&*word.text, "-exec" | "-execdir" | "-ok" | "-okdir");
    if rest.iter().any(|word| word.text == "-delete") {
        return Step::Program;
    }
    let commands: Vec<_> = rest
        .iter()
        .enumerate()
        .filter(|(_, word)| runs(word))
        .map(|(at, _)| &rest[at + 1..])
        .collect();
    match commands.len() {
        0 => Step::Program,
        // `rm` needs no `-f` here: there is nobody to be asked.
        _ if commands.iter().any(|words| {
            words
                .first()
                .is_some_and(|word| word.text.rsplit('/').next() == Some("rm"))
        }) =>
        {
            Step::Script("rm -f".to_owned())
        }
        1..=8 => Step::Commands(commands),
        _ => Step::Script("rm -f".to_owned()),
    }
}

/// The value of `-c`, `--command` or `--command=…`.
fn value_of_c(rest: &[Word]) -> Option<String> {
    let at = rest
        .iter()
        .position(|word| word.text == "-c" || word.text.starts_with("--command"))?;
    match rest[at].text.split_once('=') {
        Some((_, value)) => Some(value.to_owned()),
        None => rest.get(at + 1).map(|word| word.text.clone()),
    }
}

fn is_short(text: &str) -> bool {
    text.len() > 1 && text.starts_with('-') && !text.starts_with("--")
}

/// What follows the options. `short` and `long` are those that take a value.
fn without_options<'w>(mut rest: &'w [Word], short: &str, long: &[&str]) -> &'w [Word] {
    while let Some((word, after)) = rest.split_first() {
        let text = word.text.as_str();
        let takes_next = if text == "--" {
            return after;
        } else if text.starts_with("--") {
            long.contains(&text)
        } else if is_short(text) {
            // A letter that takes a value takes the rest of its word, unless nothing follows.
            text.find(|c| short.contains(c))
                .is_some_and(|at| at + 1 == text.len())
        } else {
            return rest;
        };
        rest = if takes_next {
            after.get(1..).unwrap_or_default()
        } else {
            after
        };
    }
    rest
}

fn without_assignments(mut rest: &[Word]) -> &[Word] {
    while let Some((word, after)) = rest.split_first()
        && word.text.contains('=')
    {
        rest = after;
    }
    rest
}

fn behind_first(words: &[Word]) -> &[Word] {
    words.get(1..).unwrap_or_default()
}
