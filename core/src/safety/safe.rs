//! The commands that are known to change nothing, whatever they are given (docs/contract/safety.md#known-safe-commands).
//!
//! A conservative list: a program, or an option, that is not here is not safe. Under `untrusted` these run without a
//! question, in the read-only sandbox without network, so that a mistake here costs nothing.

mod git;
mod text;

use super::shell::Simple;

/// Whether all commands of a script are known to be safe.
pub(super) fn are_safe(commands: &[Simple]) -> bool {
    commands.iter().all(|command| is_safe(&command.words))
}

/// Whether a command is known to be safe.
fn is_safe(words: &[String]) -> bool {
    let Some((program, arguments)) = words.split_first() else {
        return false;
    };
    let options = Options { arguments };
    match program.as_str() {
        // Whatever their options are, these only read and print.
        "cat" | "comm" | "cmp" | "cut" | "df" | "dirname" | "basename" | "du" | "echo" | "egrep" | "expr"
        | "false" | "fgrep" | "fold" | "free" | "grep" | "groups" | "head" | "hexdump" | "id" | "join"
        | "ls" | "lscpu" | "md5sum" | "nl" | "nproc" | "od" | "paste" | "pwd" | "readlink" | "realpath"
        | "rev" | "seq" | "sha1sum" | "sha224sum" | "sha256sum" | "sha384sum" | "sha512sum" | "cksum"
        | "sum" | "sleep" | "stat" | "strings" | "tac" | "tail" | "tr" | "true" | "tty" | "uname"
        | "uptime" | "wc" | "which" | "whoami" | "arch" | "expand" | "unexpand" | "cd" | "ps" | "column"
        | "jq" | "b2sum" | "type" => true,
        // `-v` assigns, and some shells evaluate numbers: what looks like an index in them may be run.
        "printf" => !options.any(|word| word.starts_with("-v") || word.contains(['[', '$', '`'])),
        "test" => test(arguments),
        "base64" | "base32" => !options.short_or_long("o", &["output"]),
        "command" => matches!(arguments, [option, _] if option == "-v" || option == "-V"),
        "hostname" => arguments
            .iter()
            .all(|word| matches!(&**word, "-f" | "-s" | "-i" | "-I" | "-d" | "-A")),
        "date" => date(arguments),
        "diff" => !options.short_or_long("l", &["paginate"]),
        "file" => !options.short_or_long("CzZ", &["compile", "uncompress", "uncompress-noreport"]),
        "tree" => !options.short_or_long("oR", &["output"]),
        // The second operand is a file to write to.
        "uniq" => arguments.iter().filter(|word| !is_option(word)).count() <= 1,
        "sort" => sort(arguments),
        "rg" => {
            let denied = |word: &String| {
                let name = word.split('=').next().unwrap_or_default();
                matches!(name, "--pre" | "--hostname-bin" | "--search-zip")
                    || (is_short(word) && word.contains('z'))
            };
            !options.any(|word| denied(word))
        }
        "fd" | "fdfind" => options.all_options(|word| {
            let runs = is_short(word) && word.contains(['x', 'X', 'l']);
            !(runs || word.starts_with("--exec") || word.starts_with("--list"))
        }),
        "find" => find(arguments),
        "sed" => text::sed(arguments),
        "awk" | "gawk" | "mawk" => text::awk(arguments),
        "git" => git::is_safe(arguments),
        "cargo" | "rustc" | "node" | "npm" | "python" | "python3" | "ruby" | "gcc" | "clang" | "make"
        | "cmake" | "perl" | "php" | "bash" | "docker" | "pnpm" | "yarn" | "pip" | "pip3" | "uv" | "deno"
        | "bun" | "rustup" => {
            matches!(arguments, [option] if option == "--version")
        }
        "go" => matches!(arguments, [option] if option == "version"),
        _ => false,
    }
}

/// The arguments of a program.
#[derive(Clone, Copy)]
struct Options<'w> {
    arguments: &'w [String],
}

impl Options<'_> {
    fn any(self, test: impl Fn(&String) -> bool) -> bool {
        self.arguments.iter().any(test)
    }

    fn all_options(self, test: impl Fn(&String) -> bool) -> bool {
        self.arguments.iter().filter(|word| is_option(word)).all(test)
    }

    /// Whether there may be one of these options: a letter in any word of letters, a long one in full or shortened.
    fn short_or_long(self, short: &str, long: &[&str]) -> bool {
        self.any(|word| (is_short(word) && word.contains(|c| short.contains(c))) || is_long(word, long))
    }
}

fn is_option(word: &str) -> bool {
    word.len() > 1 && word.starts_with('-')
}

fn is_short(word: &str) -> bool {
    is_option(word) && !word.starts_with("--")
}

/// Whether a word is one of these long options, in full or shortened, with or without a value.
fn is_long(word: &str, long: &[&str]) -> bool {
    let Some(given) = word.strip_prefix("--") else {
        return false;
    };
    let name = given.split('=').next().unwrap_or_default();
    !name.is_empty() && long.iter().any(|option| option.starts_with(name))
}

/// Looks at files and compares strings. Not numbers, which some shells evaluate.
fn test(arguments: &[String]) -> bool {
    const HARMLESS: [&str; 16] = [
        "-f", "-d", "-e", "-r", "-w", "-x", "-s", "-n", "-z", "-L", "-h", "-a", "-o", "-p", "-nt", "-ot",
    ];
    arguments
        .iter()
        .all(|word| (!is_option(word) || HARMLESS.contains(&word.as_str())) && !word.contains('['))
}

/// Prints the time; sets it with `-s`, and with an operand that is no format.
fn date(arguments: &[String]) -> bool {
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "-u" | "--utc" | "-R" | "--rfc-email" | "-I" => {}
            "-d" | "-r" => {
                if rest.next().is_none() {
                    return false;
                }
            }
            word if word.starts_with('+')
                || word.starts_with("-I")
                || word.starts_with("--date=")
                || word.starts_with("--iso-8601") => {}
            _ => return false,
        }
    }
    true
}

/// Sorts without a file to write to, a folder for temporary files, or a program that packs them.
fn sort(arguments: &[String]) -> bool {
    let long = [
        "reverse",
        "numeric-sort",
        "unique",
        "human-numeric-sort",
        "version-sort",
        "ignore-case",
        "check",
        "stable",
        "general-numeric-sort",
        "month-sort",
        "zero-terminated",
        "dictionary-order",
        "ignore-leading-blanks",
        "debug",
    ];
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        if let Some(name) = word.strip_prefix("--") {
            let with_value = ["key=", "field-separator="];
            if !(long.contains(&name) || with_value.iter().any(|option| name.starts_with(option))) {
                return false;
            }
        } else if is_short(word) {
            let letters = &word[1..];
            if let Some(at) = letters.find(['k', 't']) {
                if !letters[..at].chars().all(|c| "bdfghiMnRrVuCcszm".contains(c)) {
                    return false;
                }
                if at + 1 == letters.len() && rest.next().is_none_or(|value| is_option(value)) {
                    return false;
                }
            } else if !letters.chars().all(|c| "bdfghiMnRrVuCcszm".contains(c)) {
                return false;
            }
        }
    }
    true
}

/// Looks for files, with none of the actions that run, delete or write.
fn find(arguments: &[String]) -> bool {
    const HARMLESS: [&str; 62] = [
        "-H",
        "-L",
        "-P",
        "-name",
        "-iname",
        "-path",
        "-ipath",
        "-wholename",
        "-iwholename",
        "-regex",
        "-iregex",
        "-regextype",
        "-type",
        "-xtype",
        "-size",
        "-empty",
        "-mtime",
        "-mmin",
        "-atime",
        "-amin",
        "-ctime",
        "-cmin",
        "-newer",
        "-anewer",
        "-cnewer",
        "-newermt",
        "-newerct",
        "-maxdepth",
        "-mindepth",
        "-depth",
        "-prune",
        "-quit",
        "-not",
        "-a",
        "-and",
        "-o",
        "-or",
        "-print",
        "-print0",
        "-printf",
        "-ls",
        "-user",
        "-group",
        "-uid",
        "-gid",
        "-nouser",
        "-nogroup",
        "-perm",
        "-readable",
        "-writable",
        "-executable",
        "-links",
        "-inum",
        "-samefile",
        "-lname",
        "-ilname",
        "-follow",
        "-xdev",
        "-mount",
        "-true",
        "-false",
        "-daystart",
    ];
    arguments.iter().all(|word| {
        let is_number = word[1.min(word.len())..].starts_with(|c: char| c.is_ascii_digit());
        !is_option(word) || is_number || HARMLESS.contains(&word.as_str())
    })
}
