//! The YAML that most files have: lines `key: text`, and nothing else. There may be thousands of such files, and the
//! parser of all of YAML takes ten times as long. What is any less simple is left to that.

use super::{Place, Yaml, YamlValue};

/// Most lines that are read here: every key is compared to all before it.
const MAX_LINES: usize = 32;
/// Longest key, in bytes.
const MAX_KEY: usize = 64;

/// Reads a text if it is as simple as that. Gives exactly what the parser of all of YAML does, or `None`.
pub(super) fn parse(text: &str) -> Option<Yaml> {
    let mut members: Vec<(String, Yaml)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let (key, value) = line.split_once(':')?;
        let is_new = members.iter().all(|(name, _)| name != key);
        if at == MAX_LINES || !is_key(key) || !is_new {
            return None;
        }
        let place = Place {
            line: at + 1,
            column: line.len() - value.trim_start_matches(' ').len() + 1,
        };
        let value = scalar(value.strip_prefix(' ')?.trim_matches(' '))?;
        members.push((key.to_owned(), Yaml { value, place }));
    }
    (!members.is_empty()).then_some(Yaml {
        value: YamlValue::Table(members),
        place: Place { line: 1, column: 1 },
    })
}

fn is_key(key: &str) -> bool {
    let is_word = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'-';
    key.len() <= MAX_KEY
        && key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.bytes().all(is_word)
        && !is_null(key)
}

/// A text in one line.
fn scalar(written: &str) -> Option<YamlValue> {
    let is_simple = |c: char| match c {
        // Line ends.
        '\u{2028}' | '\u{2029}' => false,
        ' '..='~' | '\u{a0}'..='\u{d7ff}' => true,
        _ => false,
    };
    if !written.chars().all(is_simple) {
        return None;
    }
    let text = match written.as_bytes() {
        [b'"', inside @ .., b'"'] if !inside.iter().any(|byte| matches!(byte, b'"' | b'\\')) => {
            &written[1..written.len() - 1]
        }
        [b'\'', inside @ .., b'\''] if !inside.contains(&b'\'') => &written[1..written.len() - 1],
        [first, ..] if first.is_ascii_alphanumeric() => {
            let is_more = written.contains(": ") || written.contains(" #") || written.ends_with(':');
            if is_more {
                return None;
            }
            if is_null(written) {
                return Some(YamlValue::Null);
            }
            written
        }
        _ => return None,
    };
    Some(YamlValue::Text(text.to_owned()))
}

fn is_null(text: &str) -> bool {
    matches!(text, "null" | "Null" | "NULL")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_usual_front_matter_is_simple() {
        let text = "name: a-skill\ndescription: What it is for, and when (e.g. always); it's [good].\nversion: 1.0\n\
                    license: \"MIT: see LICENSE\"\r\nempty: ''\nallowed-tools: Bash(git:*), Read\nnone: null\nlast: \u{e9}x  ";
        // Text that begins with more than a letter or digit is for the other parser.
        assert!(parse(text).is_none());
        let text = text
            .trim_end()
            .strip_suffix("last: \u{e9}x")
            .expect("the last line");
        let read = parse(text).expect("simple");
        assert_eq!(Some(&read), super::super::parse_all(text).ok().as_ref());
        assert_eq!(read.get("license").and_then(Yaml::text), Some("MIT: see LICENSE"));
        assert_eq!(read.get("none").map(|none| &none.value), Some(&YamlValue::Null));
    }

    fn line() -> impl Strategy<Value = String> {
        let key = prop_oneof![
            4 => "[a-z]{1,3}",
            1 => "null",
            1 => "[A-Za-z0-9_ -]{1,5}",
            1 => ".{0,3}",
        ];
        let between = prop_oneof![6 => Just(": "), 1 => Just(":"), 1 => Just(":  "), 1 => Just(" : "), 1 => Just(":\t")];
        let value = prop_oneof![
            4 => "[a-zA-Z0-9 ,.'\"#:()\\[\\]{}&*!|>%@`/\\\\-]{0,20}",
            1 => "\"[ -~]{0,10}\" {0,2}",
            1 => "'[ -~]{0,10}' {0,2}",
            1 => "(null|Null|NULL|~|true|1|---|\\.\\.\\.|- a)",
            1 => "[a-z].{0,10}",
            1 => "[a-z][\u{80}-\u{2030}\u{d700}-\u{d7ff}\u{e000}-\u{ffff}]{0,3}",
        ];
        let end = prop_oneof![8 => Just("\n"), 1 => Just("\r\n"), 1 => Just("\r"), 1 => Just(" \n"), 1 => Just("\n\n"), 1 => Just("\n ")];
        (key, between, value, end)
            .prop_map(|(key, between, value, end)| format!("{key}{between}{value}{end}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn what_is_read_here_is_what_the_parser_of_all_of_yaml_reads(
            lines in prop::collection::vec(line(), 1..5), cut in 0..3_usize,
        ) {
            let mut text = lines.concat();
            for _ in 0..cut {
                text.pop();
            }
            if let Some(read) = parse(&text) {
                prop_assert_eq!(Ok(read), super::super::parse_all(&text), "{:?}", text);
            }
        }
    }
}
