//! Programs that have a language of their own, as far as it is known to be harmless.

/// `sed` that prints, deletes or replaces lines of what it reads, and prints the rest.
pub(super) fn sed(arguments: &[String]) -> bool {
    let mut scripts = 0;
    let mut rest = arguments.iter();
    let mut operands = Vec::new();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "-n" | "-E" | "-r" | "-u" | "-s" | "-z" | "-nE" | "-En" | "-nr" | "-rn" | "--quiet"
            | "--silent" | "--regexp-extended" => {}
            "-e" | "-ne" | "-nEe" | "-Ee" => match rest.next() {
                Some(script) if is_sed_script(script) => scripts += 1,
                _ => return false,
            },
            word if super::is_option(word) => return false,
            word => operands.push(word),
        }
    }
    // An option behind the operands counts, too, and has been looked at.
    scripts > 0 || operands.first().is_some_and(|script| is_sed_script(script))
}

/// Commands `p`, `d`, `q`, `=` and `s`, with addresses; joined by `;`. No `w`, `e`, `r`, no groups, no labels.
fn is_sed_script(script: &str) -> bool {
    // A bracket that closes first stands for itself, for some implementations.
    if script.contains("[]") || script.contains("[^]") {
        return false;
    }
    let mut rest = script;
    loop {
        rest = rest.trim_start_matches(' ');
        let Some(after) = address(rest) else { return false };
        rest = after;
        if let Some(second) = rest.strip_prefix(',') {
            let second = second.strip_prefix(['+', '~']).unwrap_or(second);
            match address(second) {
                Some(after) if after.len() < second.len() => rest = after,
                _ => return false,
            }
        }
        rest = rest.trim_start_matches(' ');
        rest = rest.strip_prefix('!').unwrap_or(rest);
        let mut chars = rest.chars();
        rest = match chars.next() {
            Some('p' | 'd' | 'q' | '=') => chars.as_str(),
            Some('s') => match substitution(chars.as_str()) {
                Some(after) => after,
                None => return false,
            },
            _ => return false,
        };
        rest = rest.trim_start_matches(' ');
        match rest.strip_prefix(';') {
            Some(after) if !after.trim().is_empty() => rest = after,
            Some(_) => return true,
            None => return rest.is_empty(),
        }
    }
}

/// What follows an address; all of it if there is none. `None`: an address that can't be read.
fn address(text: &str) -> Option<&str> {
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    if digits.len() < text.len() {
        return Some(digits);
    }
    if let Some(rest) = text.strip_prefix('$') {
        return Some(rest);
    }
    match text.strip_prefix('/') {
        Some(pattern) => {
            let rest = behind(pattern, '/')?;
            Some(rest.strip_prefix('I').unwrap_or(rest))
        }
        None => Some(text),
    }
}

/// What follows `s/…/…/flags`; none of the flags writes or runs.
fn substitution(text: &str) -> Option<&str> {
    let delimiter = text.chars().next()?;
    if delimiter.is_alphanumeric() || matches!(delimiter, '\\' | '\n' | ' ' | ';' | '[') {
        return None;
    }
    let rest = behind(&text[delimiter.len_utf8()..], delimiter)?;
    let rest = behind(rest, delimiter)?;
    Some(rest.trim_start_matches(|c: char| matches!(c, 'g' | 'p' | 'i' | 'I') || c.is_ascii_digit()))
}

/// What follows the next delimiter that is not escaped. `None` also for brackets: implementations don't agree on
/// delimiters within them, and for line ends.
fn behind(text: &str, delimiter: char) -> Option<&str> {
    let mut chars = text.chars();
    let mut in_brackets = false;
    while let Some(c) = chars.next() {
        match c {
            '\n' => return None,
            '\\' => {
                chars.next().filter(|escaped| *escaped != '\n')?;
            }
            c if c == delimiter => return (!in_brackets).then_some(chars.as_str()),
            '[' => in_brackets = true,
            ']' => in_brackets = false,
            _ => {}
        }
    }
    None
}

/// `awk` with a program that neither runs, reads nor writes anything by itself.
pub(super) fn awk(arguments: &[String]) -> bool {
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "-F" | "-v" => {
                if rest.next().is_none() {
                    return false;
                }
            }
            word if word.starts_with("-F") || (word.starts_with("-v") && word.contains('=')) => {}
            word if super::is_option(word) => return false,
            program => {
                let words = [
                    "system",
                    "getline",
                    "close",
                    "fflush",
                    "extension",
                    "ENVIRON",
                    "PROCINFO",
                ];
                // An operand behind the program is never an option for POSIX, but for some awks.
                return !program.contains(['|', '>', '<', '@', '\\', '\n'])
                    && !words.iter().any(|word| program.contains(word))
                    && !rest.any(|word| super::is_option(word));
            }
        }
    }
    false
}
