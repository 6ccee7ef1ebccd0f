//! What git destroys.

use crate::safety::shell::Word;

/// Options of git itself that take the next word.
const VALUES: [&str; 7] = [
    "-C",
    "-c",
    "--git-dir",
    "--work-tree",
    "--namespace",
    "--exec-path",
    "--config-env",
];

/// Whether git with these arguments throws away work that is in no commit, or commits of others.
pub(super) fn destroys(arguments: &[Word]) -> bool {
    let mut rest = arguments;
    let (subcommand, options) = loop {
        let Some((word, after)) = rest.split_first() else {
            return false;
        };
        if VALUES.contains(&word.text.as_str()) {
            rest = after.get(1..).unwrap_or_default();
        } else if word.text.starts_with('-') {
            rest = after;
        } else {
            break (word.text.as_str(), after);
        }
    };
    let long = |name: &str, least: usize| {
        options.iter().any(|word| {
            let given = word.text.strip_prefix("--").unwrap_or_default();
            given.len() >= least && name.starts_with(given)
        })
    };
    let short = |letter: char| {
        options.iter().any(|word| {
            let text = &word.text;
            text.len() > 1 && text.starts_with('-') && !text.starts_with("--") && text.contains(letter)
        })
    };
    match subcommand {
        "reset" => long("hard", 1),
        "clean" => (long("force", 1) || short('f')) && !(long("dry-run", 1) || short('n')),
        "push" => {
            let forced = |word: &Word| word.text.starts_with('+');
            long("force", 5) || long("mirror", 1) || short('f') || options.iter().any(forced)
        }
        _ => false,
    }
}
