//! The forms of git that only read.

use super::{is_long, is_option, is_short};

/// Options that write files or run programs, of any subcommand.
const DENIED: [&str; 11] = [
    "output",
    "ext-diff",
    "textconv",
    "filters",
    "open-files-in-pager",
    "show-signature",
    "exec",
    "upload-pack",
    "edit",
    "edit-description",
    "paginate",
];

/// Whether git with these arguments only reads.
pub(super) fn is_safe(arguments: &[String]) -> bool {
    let mut rest = arguments;
    let (subcommand, arguments) = loop {
        match rest {
            [option, _, after @ ..] if option == "-C" => rest = after,
            [option, after @ ..]
                if matches!(
                    &**option,
                    "--no-pager" | "-P" | "--no-optional-locks" | "--literal-pathspecs"
                ) =>
            {
                rest = after;
            }
            [option] if option == "--version" => return true,
            [option, ..] if is_option(option) => return false,
            [subcommand, after @ ..] => break (subcommand.as_str(), after),
            [] => return false,
        }
    };
    // `%G…` in a format checks signatures, which runs a program.
    let denied = |word: &String| {
        is_long(word, &DENIED) || word.contains("%G") || (is_short(word) && word.contains(['O', 'o']))
    };
    if arguments.iter().any(denied) {
        return false;
    }
    let only = |allowed: &[&str]| {
        arguments
            .iter()
            .all(|word| allowed.contains(&word.split('=').next().unwrap_or_default()))
    };
    let first = arguments.first().map(String::as_str);
    match subcommand {
        "status" | "log" | "diff" | "show" | "rev-parse" | "rev-list" | "ls-files" | "ls-tree"
        | "cat-file" | "blame" | "describe" | "shortlog" | "grep" | "merge-base" | "name-rev"
        | "for-each-ref" | "show-ref" | "cherry" | "count-objects" | "diff-tree" | "whatchanged"
        | "annotate" => true,
        "branch" => {
            let lists = arguments.iter().any(|word| word == "--list" || word == "-l");
            let flags = [
                "-a",
                "-r",
                "-v",
                "-vv",
                "-av",
                "-avv",
                "-rv",
                "--all",
                "--remotes",
                "--list",
                "-l",
                "--show-current",
                "--verbose",
                "--no-color",
                "--sort",
                "--format",
                "--column",
                "--no-column",
            ];
            arguments.iter().all(|word| {
                flags.contains(&word.split('=').next().unwrap_or_default()) || (lists && !is_option(word))
            })
        }
        "tag" => match first {
            None => true,
            Some("-l" | "--list") => arguments[1..].iter().all(|word| {
                !is_option(word)
                    || word.starts_with("--sort=")
                    || word == "-n"
                    || word.starts_with("--format=")
            }),
            Some(_) => false,
        },
        "remote" => match first {
            None | Some("get-url") => true,
            Some("-v" | "--verbose") => arguments.len() == 1,
            Some(_) => false,
        },
        "config" => {
            let reads = ["--get", "--get-all", "--get-regexp", "--list", "-l"];
            let flags = [
                "--global",
                "--local",
                "--system",
                "--show-origin",
                "--show-scope",
                "--name-only",
                "--type",
            ];
            arguments.iter().any(|word| reads.contains(&word.as_str()))
                && arguments.iter().all(|word| {
                    let name = word.split('=').next().unwrap_or_default();
                    !is_option(word) || reads.contains(&name) || flags.contains(&name)
                })
        }
        "stash" => matches!(first, Some("list" | "show")),
        "worktree" => first == Some("list"),
        "reflog" => match first {
            None => true,
            Some(word) => word == "show" || is_option(word),
        },
        "symbolic-ref" => {
            arguments.iter().filter(|word| !is_option(word)).count() <= 1 && only_flags(arguments)
        }
        "version" => only(&[]),
        _ => false,
    }
}

/// Whether the options are those of `symbolic-ref` that read.
fn only_flags(arguments: &[String]) -> bool {
    arguments
        .iter()
        .filter(|word| is_option(word))
        .all(|word| matches!(&**word, "--short" | "-q" | "--quiet"))
}
