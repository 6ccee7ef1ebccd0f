//! The front matter of a Markdown file: YAML between two lines `---` at its beginning. People write values there that
//! are no YAML (`description: Use it when: always`, `name: [draft`); those are taken as they are.

use std::borrow::Cow;

use crate::yaml::{self, Yaml, YamlError, YamlValue};

/// What comes before the YAML in the file, in lines.
pub(crate) const LINES_BEFORE: usize = 1;

/// Keys whose values are texts, whatever is written there.
const TEXTS: [&str; 3] = ["name", "description", "short-description"];

/// A Markdown file in two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrontMatter<'a> {
    /// Between the lines `---`.
    yaml: &'a str,
    /// Behind them.
    pub(crate) body: &'a str,
}

/// Takes a file apart. `None`: it has no front matter.
pub(crate) fn split(text: &str) -> Option<FrontMatter<'_>> {
    let (first, rest) = text.split_once('\n')?;
    if first.trim_end() != "---" {
        return None;
    }
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            return Some(FrontMatter {
                yaml: &rest[..at],
                body: &rest[at + line.len()..],
            });
        }
        at += line.len();
    }
    None
}

impl FrontMatter<'_> {
    /// Reads the YAML. Lines of an error are those of the file.
    pub(crate) fn read(&self) -> Result<Yaml, YamlError> {
        let first = yaml::parse(self.yaml);
        let usable = first.as_ref().is_ok_and(|read| !has_table_for_text(read));
        if usable {
            return first;
        }
        let all = |_: &str| true;
        let texts = |key: &str| TEXTS.contains(&key);
        let second = yaml::parse(&quote_values(self.yaml, &texts))
            .or_else(|_| yaml::parse(&quote_values(self.yaml, &all)));
        second.or(first).map_err(|error| error.below(LINES_BEFORE))
    }
}

/// Whether there is a table, such as `{a: b}`, where a text is meant.
fn has_table_for_text(read: &Yaml) -> bool {
    let is_table = |key: &&str| {
        let value = read.get(key).map(|value| &value.value);
        matches!(value, Some(YamlValue::Table(_)))
    };
    TEXTS.iter().any(is_table)
}

/// Puts values of these keys into quotes that YAML would not take for the text that they are meant to be.
fn quote_values(yaml: &str, keys: &dyn Fn(&str) -> bool) -> String {
    let mut quoted = String::with_capacity(yaml.len() + 16);
    let mut lines = yaml.lines().peekable();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        let pair = line.trim_start().split_once(':');
        let pair = pair.filter(|(key, _)| is_key(key) && keys(key));
        let value = pair
            .map(|(key, value)| (key, value.trim()))
            .filter(|(_, value)| needs_quotes(value));
        let Some((key, value)) = value else {
            match pair {
                // YAML wants a space there.
                Some((key, value)) if value.starts_with('\t') => {
                    quoted.push_str(&line[..indent]);
                    quoted.push_str(key);
                    quoted.push_str(": ");
                    quoted.push_str(value.trim_start());
                }
                _ => quoted.push_str(line),
            }
            quoted.push('\n');
            continue;
        };
        let mut value = Cow::Borrowed(value);
        // A text goes on in lines that are indented more.
        while let Some(more) = lines.next_if(|next| {
            !next.trim().is_empty() && next.len() - next.trim_start().len() > indent && TEXTS.contains(&key)
        }) {
            value = format!("{value} {}", more.trim()).into();
        }
        quoted.push_str(&line[..indent]);
        quoted.push_str(key);
        quoted.push_str(": '");
        quoted.push_str(&value.replace('\'', "''"));
        quoted.push_str("'\n");
    }
    quoted
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

fn needs_quotes(value: &str) -> bool {
    value.starts_with(['[', '{', '@', '`', '%'])
        || !value.starts_with(['"', '\'', '|', '>', '#', '&', '*', '!'])
            && (value.contains(": ") || value.ends_with(':') || value.contains(":\t"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(of: &str, key: &str) -> String {
        let file = format!("---\n{of}\n---\nBody\n");
        let read = split(&file).expect("front matter").read().expect("readable");
        read.get(key).and_then(Yaml::text).unwrap_or_default().to_owned()
    }

    #[test]
    fn values_that_are_no_yaml_are_taken_as_they_are() {
        for (yaml, key, expected) in [
            ("name: [unclosed\ndescription: d", "name", "[unclosed"),
            ("description: foo: bar: baz", "description", "foo: bar: baz"),
            ("description: {a: b}", "description", "{a: b}"),
            ("description: @foo `bar`", "description", "@foo `bar`"),
            ("description: Use when:\nname: n", "description", "Use when:"),
            (
                "description: Use it: now\n  and: then\nname: n",
                "description",
                "Use it: now and: then",
            ),
            (
                "description: it's: so\nmetadata:\n  short-description: a: b",
                "description",
                "it's: so",
            ),
            ("description: d\nurl: @x\nname: n", "name", "n"),
            ("name:\ttabbed\ndescription:\t'd'", "name", "tabbed"),
            ("name:\ttabbed\ndescription:\t'd'", "description", "d"),
        ] {
            assert_eq!(text(yaml, key), expected, "{yaml}");
        }
    }

    #[test]
    fn errors_tell_the_line_of_the_file() {
        let file = "---\nname: x\ndescription: \"never closed\n---\n";
        let error = split(file).expect("front matter").read().expect_err("refused");
        assert!(error.place.is_some_and(|place| place.line >= 3), "{error}");
    }

    #[test]
    fn the_two_lines_must_be_there_and_the_first_must_come_first() {
        assert!(split("").is_none());
        assert!(split("---").is_none());
        assert!(split("---\nname: x\n").is_none());
        assert!(split("\n---\nname: x\n---\n").is_none());
        assert!(split("----\nname: x\n----\n").is_none());
        let parts = split("---  \r\nname: x\r\n---\r\nbody").expect("front matter");
        assert_eq!((parts.yaml, parts.body), ("name: x\r\n", "body"));
        assert_eq!(split("---\n---").expect("front matter").body, "");
    }

    proptest! {
        #[test]
        fn any_text_in_the_place_of_a_description_is_read_or_refused(value in "[ -~\n\t]{0,120}") {
            let file = format!("---\nname: x\ndescription: {value}\n---\nbody");
            if let Some(parts) = split(&file) {
                let _ = parts.read();
            }
        }
    }
}
