//! Commands that destroy what nobody can bring back: `rm -f` in any form, and the like
//! (docs/contract/safety.md#dangerous-commands).
//!
//! This finds what people and models write, through the usual wrappers and quotes. It is no wall against those who
//! hide what they do: the sandbox is.

mod git;
mod wrapper;

use self::wrapper::Step;
use super::shell::{ShellScript, Word};

/// Scripts within scripts (`bash -c "bash -c …"`) and commands within commands that are followed.
const MAX_DEPTH: u32 = 16;

/// Whether a script does such a thing, wherever in it.
pub(super) fn is_dangerous(script: &ShellScript<'_>) -> bool {
    script_at(script, 0)
}

/// Whether these words do such a thing if they are run.
pub(super) fn are_dangerous(words: &[String]) -> bool {
    let words: Vec<_> = words
        .iter()
        .map(|text| Word {
            text: text.clone(),
            exact: true,
        })
        .collect();
    command(&words, 0)
}

fn text_at(text: &str, depth: u32) -> bool {
    // Nobody nests so deep who wants to be understood.
    depth >= MAX_DEPTH || script_at(&ShellScript::parse(text), depth + 1)
}

fn script_at(script: &ShellScript<'_>, depth: u32) -> bool {
    let found = script.scan();
    if found.multiplies
        || found.targets.iter().any(|target| is_disk(&target.text))
        || found.commands.iter().any(|words| command(words, depth))
        || (found.incomplete && looks_dangerous(script.source()))
    {
        return true;
    }
    // What a shell reads from a pipe or a here-document is a script, too.
    let reads_script = found
        .commands
        .iter()
        .any(|words| wrapper::is_shell_without_script(words));
    reads_script
        && (found.inputs.iter().any(|text| text_at(text, depth))
            || found
                .commands
                .iter()
                .filter(|words| matches!(words[..], [Word { ref text, .. }, ..] if text == "echo" || text == "printf"))
                .any(|words| text_at(&wrapper::joined(&words[1..]), depth)))
}

fn command(mut words: &[Word], depth: u32) -> bool {
    if depth >= MAX_DEPTH {
        return true;
    }
    loop {
        let Some((program, rest)) = words.split_first() else {
            return false;
        };
        let name = program.text.rsplit('/').next().unwrap_or_default();
        words = match wrapper::step(name, rest) {
            Step::Command(inner) => inner,
            Step::Script(script) => return text_at(&script, depth),
            Step::Commands(inner) => return inner.iter().any(|words| command(words, depth + 1)),
            Step::Program if program.exact => return destroys(name, rest),
            // A program that is only known when it runs, with the options of `rm -rf`.
            Step::Program => {
                return destroys(name, rest)
                    || rest
                        .iter()
                        .any(|word| word.exact && is_forced_removal(&word.text));
            }
        };
    }
}

/// Whether a program with these arguments destroys something.
fn destroys(name: &str, arguments: &[Word]) -> bool {
    let options = || {
        arguments
            .iter()
            .map(|word| word.text.as_str())
            .take_while(|text| *text != "--")
    };
    let has = |wanted: &str| arguments.iter().any(|word| word.text == wanted);
    match name {
        "rm" | "grm" => options().any(forces),
        "find" | "gfind" | "bfs" => has("-delete"),
        "git" => git::destroys(arguments),
        "dd" => arguments
            .iter()
            .any(|word| word.text.strip_prefix("of=").is_some_and(is_disk)),
        "shred" | "wipefs" | "blkdiscard" | "mke2fs" | "mkswap" | "shutdown" | "reboot" | "halt"
        | "poweroff" | "killall5" => !(has("--help") || has("--version")),
        "fdisk" | "sfdisk" | "parted" | "sgdisk" => {
            !(has("-l") || has("--list") || has("--help") || has("--version"))
        }
        "systemctl" => ["poweroff", "reboot", "halt", "kexec"].into_iter().any(has),
        "init" | "telinit" => has("0") || has("6"),
        "kill" => {
            has("-1")
                && arguments
                    .iter()
                    .position(|word| word.text == "-1")
                    .is_some_and(|at| at > 0)
        }
        "chmod" | "chown" | "chgrp" => {
            let recurses = |text: &str| text == "--recursive" || (is_cluster(text) && text.contains('R'));
            options().any(recurses)
                && arguments
                    .iter()
                    .any(|word| matches!(&*word.text, "/" | "/*" | "~" | "$HOME"))
        }
        _ => name.starts_with("mkfs"),
    }
}

/// `-f`, `-rf`, `--force` and what getopt takes for it.
fn forces(option: &str) -> bool {
    match option.strip_prefix("--") {
        Some(long) => !long.is_empty() && "force".starts_with(long),
        None => is_cluster(option) && option.contains('f') && !option.contains(['$', '`']),
    }
}

/// `-rf`, `-fr`, `-Rf`, …
fn is_forced_removal(option: &str) -> bool {
    is_cluster(option) && option.len() == 3 && option.contains('f') && option.contains(['r', 'R'])
}

/// Short options in one word.
fn is_cluster(option: &str) -> bool {
    option.len() > 1 && option.starts_with('-') && !option.starts_with("--")
}

/// A device whose content is gone when it is written to.
fn is_disk(path: &str) -> bool {
    let Some(device) = path.strip_prefix("/dev/") else {
        return false;
    };
    let harmless = [
        "null", "zero", "full", "stdout", "stderr", "stdin", "tty", "random", "urandom", "ptmx",
    ];
    !(harmless.contains(&device)
        || ["fd/", "pts/", "shm/", "tcp/", "udp/", "tty"]
            .iter()
            .any(|prefix| device.starts_with(prefix)))
}

/// For text that can't be read as a script: whether its words, without quotes and signs, look like such a command.
fn looks_dangerous(text: &str) -> bool {
    let separator = |c: char| {
        c.is_whitespace() || matches!(c, ';' | '|' | '&' | '(' | ')' | '{' | '}' | '`' | '<' | '>' | '=')
    };
    let words: Vec<_> = text
        .split(separator)
        .map(|word| word.trim_matches(['\'', '"', '\\', '$']))
        .filter(|word| !word.is_empty())
        .collect();
    words.iter().enumerate().any(|(at, word)| {
        let name = word.rsplit('/').next().unwrap_or_default();
        let options = words[at + 1..].iter().take_while(|word| word.starts_with('-'));
        (name == "rm" && options.clone().any(|option| forces(option))) || name.starts_with("mkfs.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dangerous(script: &str) -> bool {
        is_dangerous(&ShellScript::parse(script))
    }

    #[test]
    fn forced_removals_are_found_wherever_they_stand() {
        for script in [
            "rm -f a",
            "rm -rf a",
            "rm a -f",
            "rm -r -f a",
            "rm --force a",
            "rm --fo a",
            "/bin/rm -f a",
            "r\\m -f a",
            "'rm' \"-rf\" a",
            "$'rm' -rf a",
            "rm -r''f a",
            "X=1 rm -f a",
            "env rm -f a",
            "env -i X=1 rm -f a",
            "env -S 'rm -f a'",
            "sudo rm -rf a",
            "sudo -u x rm -f a",
            "bash -c 'rm -f a'",
            "bash -lc \"rm -rf $x\"",
            "sh -ec 'bash -c \"rm -f a\"'",
            "eval 'rm -f a'",
            "eval rm -f a",
            "echo $(rm -f a)",
            "echo `rm -f a`",
            "if true; then rm -f a; fi",
            "for i in a; do rm -rf $i; done",
            "f() { rm -rf a; }; f",
            "a | rm -f b",
            "a && rm -f b",
            "a || rm -f b",
            "a; rm -f b",
            "a & rm -f b",
            "(rm -f b)",
            "{ rm -f b; }",
            "! rm -f b",
            "cat <(rm -f b)",
            "xargs rm -f",
            "find . | xargs -0 -n 1 rm -rf",
            "xargs -I{} rm -f {}",
            "timeout 5 rm -rf a",
            "timeout -k 3 -s KILL 5 rm -rf a",
            "nice -n 5 rm -f a",
            "nohup rm -f a &",
            "command rm -f a",
            "exec rm -f a",
            "time rm -f a",
            "busybox rm -f a",
            "find . -delete",
            "find . -name x -exec rm {} +",
            "find . -exec sh -c 'rm -f \"$1\"' _ {} \\;",
            "fd -x rm -f",
            "trap 'rm -rf a' EXIT",
            "echo 'rm -rf a' | sh",
            "bash <<< 'rm -rf a'",
            "bash <<E\nrm -rf a\nE",
            "$CMD -rf a",
            "R=rm; $R -rf a",
            "cat <<E > a\n$(rm -f b)\nE",
            "rm -rf a >/dev/null 2>&1",
            ">/dev/null rm -rf a",
            "rm > /dev/null -rf a",
            "if rm -rf a; then",
            "rm -rf 'a",
        ] {
            assert!(dangerous(script), "{script}");
        }
    }

    #[test]
    fn what_is_like_a_forced_removal_is_found() {
        for script in [
            "git reset --hard",
            "git -C a reset --hard HEAD~1",
            "git clean -fd",
            "git push --force origin main",
            "git push -f",
            "git push origin +main",
            "dd if=/dev/zero of=/dev/sda",
            "echo x > /dev/sda",
            "mkfs.ext4 /dev/sda1",
            "shutdown -h now",
            "sudo reboot",
            "systemctl poweroff",
            ":(){ :|:& };:",
            "b() { b | b & }; b",
            "kill -9 -1",
            "shred a",
            "chmod -R 777 /",
        ] {
            assert!(dangerous(script), "{script}");
        }
    }

    #[test]
    fn the_rest_is_not() {
        for script in [
            "rm a",
            "rm -r a",
            "rm -i a",
            "rm -- -f",
            "echo rm -f a",
            "grep 'rm -rf' a",
            "cat <<E > a\nrm -rf b\nE",
            "sed 's/rm -f//' a",
            "ls -rf",
            "cp -rf a b",
            "git reset",
            "git reset --soft HEAD~1",
            "git clean -n",
            "git clean -nfd",
            "git push",
            "git push --force-with-lease",
            "dd if=a of=b",
            "echo x > /dev/null",
            "echo x > /dev/stderr",
            "find . -name '*.rs'",
            "kill -9 123",
            "kill -1 123",
            "chmod -R u+x a",
            "f() { f; }; f",
            "command -v rm",
            "xargs rm",
            "git commit -m 'rm -rf a'",
        ] {
            assert!(!dangerous(script), "{script}");
        }
    }

    #[test]
    fn nesting_without_end_ends() {
        let sudo = "sudo ".repeat(2_000) + "ls";
        assert!(!dangerous(&sudo));
        let find = "find -exec ".repeat(200);
        assert!(dangerous(&find));
        let groups = "(".repeat(30_000) + &")".repeat(30_000);
        let _ = dangerous(&groups);
        let evals = "eval ".repeat(500) + "ls";
        assert!(dangerous(&evals));
        let long = format!("{} rm -rf a", "x".repeat(70_000));
        assert!(dangerous(&long), "too long to be read");
    }
}
