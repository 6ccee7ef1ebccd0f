//! Single words of shell scripts.

/// What the shell makes of a word if nothing in it is expanded: its text without quotes. `None` if that can't be told
/// by looking at it: expansions, globs, braces, tildes, quotes that don't end, or more than one word.
pub(super) fn literal(source: &str) -> Option<String> {
    let mut word = String::with_capacity(source.len());
    let mut chars = source.chars().peekable();
    let mut is_first = true;
    while let Some(c) = chars.next() {
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
            // What `find -exec` and `xargs -I` call the file; nothing to expand.
            '{' if chars.next_if_eq(&'}').is_some() => word.push_str("{}"),
            // What is expanded, and what ends a word.
            '$' | '`' | '<' | '>' | '(' | ')' | '*' | '?' | '[' | '{' | '}' | ' ' | '\t' | '\n' | ';'
            | '&' | '|' => {
                return None;
            }
            '~' | '#' if is_first => return None,
            c => word.push(c),
        }
        is_first = false;
    }
    Some(word)
}

/// The text of a word without its quotes; what would be expanded stays as it is written. Never fails: for those who
/// look for something that must not be overlooked.
pub(super) fn loose(source: &str) -> String {
    let mut word = String::with_capacity(source.len());
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '$' if chars.peek() == Some(&'\'') => {
                chars.next();
                ansi_c(&mut chars, &mut word);
            }
            '$' if chars.peek() == Some(&'"') => {}
            '\'' => word.extend(chars.by_ref().take_while(|c| *c != '\'')),
            '"' => {
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => match chars.next() {
                            Some(c @ ('$' | '`' | '"' | '\\')) => word.push(c),
                            Some('\n') | None => {}
                            Some(c) => word.extend(['\\', c]),
                        },
                        c => word.push(c),
                    }
                }
            }
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some(c) => word.push(c),
            },
            c => word.push(c),
        }
    }
    word
}

/// `$'…'`: what stands between the quotes, with its escapes resolved (bash manual, ANSI-C Quoting).
fn ansi_c(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, word: &mut String) {
    while let Some(c) = chars.next() {
        match c {
            '\'' => return,
            '\\' => match chars.next() {
                Some('n') => word.push('\n'),
                Some('t') => word.push('\t'),
                Some('x') => push_code(chars, word, 16, 2, 0),
                Some('u') => push_code(chars, word, 16, 4, 0),
                Some('U') => push_code(chars, word, 16, 8, 0),
                Some(c @ '0'..='7') => push_code(chars, word, 8, 2, c.to_digit(8).unwrap_or_default()),
                Some(c) => word.push(c),
                None => return,
            },
            c => word.push(c),
        }
    }
}

fn push_code(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    word: &mut String,
    radix: u32,
    digits: usize,
    first: u32,
) {
    let mut code = first;
    for _ in 0..digits {
        let Some(digit) = chars.peek().and_then(|c| c.to_digit(radix)) else {
            break;
        };
        chars.next();
        code = code.saturating_mul(radix).saturating_add(digit);
    }
    word.extend(char::from_u32(code));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_removed_and_nothing_else_is_done() {
        for (source, text) in [
            ("a", "a"),
            ("'a b'", "a b"),
            (r#""a \"b\" \n""#, r#"a "b" \n"#),
            (r"a\ b", "a b"),
            ("a'b'\"c\"d", "abcd"),
            ("a#b", "a#b"),
            ("a~", "a~"),
            ("{}", "{}"),
            ("''", ""),
        ] {
            assert_eq!(literal(source).as_deref(), Some(text), "{source}");
        }
        for source in [
            "$a", "\"$a\"", "`a`", "*", "a?", "[a]", "{a,b}", "~", "~a", "#a", "'a", "\"a", "a b", "a;b",
        ] {
            assert_eq!(literal(source), None, "{source}");
        }
    }

    #[test]
    fn a_word_that_hides_its_letters_is_read_all_the_same() {
        for source in [
            "rm",
            "r''m",
            "r\\m",
            "\"rm\"",
            "$'rm'",
            r"$'\x72\155'",
            "$\"rm\"",
            r"$'\u0072m'",
        ] {
            assert_eq!(loose(source), "rm", "{source}");
        }
        assert_eq!(loose("\"rm -rf $x\""), "rm -rf $x");
    }
}
