//! YAML of small files that users write: read into a tree, bounded, with the place of each value.

mod simple;

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

/// How deep values may nest.
const MAX_DEPTH: usize = 32;
/// Values of a text at most.
const MAX_VALUES: usize = 10_000;

/// A value, and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Yaml {
    pub(crate) value: YamlValue,
    pub(crate) place: Place,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum YamlValue {
    /// Nothing: empty, `~` or `null`.
    Null,
    /// A text, number or switch, as written.
    Text(String),
    /// A list.
    List(Vec<Yaml>),
    /// A table, in its order. Keys that are no texts are left out.
    Table(Vec<(String, Yaml)>),
}

/// A place in a text. Lines and columns count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct YamlError {
    pub(crate) message: Cow<'static, str>,
    /// `None`: with all of it.
    pub(crate) place: Option<Place>,
}

impl YamlError {
    /// The same in a text that begins on a later line of its file.
    pub(crate) fn below(mut self, lines: usize) -> Self {
        if let Some(place) = &mut self.place {
            place.line += lines;
        }
        self
    }
}

impl std::fmt::Display for YamlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "invalid YAML: {}", self.message)?;
        match self.place {
            Some(Place { line, column }) => write!(f, " at line {line} column {column}"),
            None => Ok(()),
        }
    }
}

impl Yaml {
    /// A member of a table.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            YamlValue::Table(members) => members
                .iter()
                .find_map(|(name, value)| (name == key).then_some(value)),
            _ => None,
        }
    }

    /// The text, unless it is something else.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            YamlValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entries of a list, none if it is something else.
    pub(crate) fn entries(&self) -> &[Self] {
        match &self.value {
            YamlValue::List(entries) => entries,
            _ => &[],
        }
    }

    /// What it is, in a word.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            YamlValue::Null => "null",
            YamlValue::Text(_) => "string",
            YamlValue::List(_) => "sequence",
            YamlValue::Table(_) => "map",
        }
    }
}

/// Reads the first document of a text.
pub(crate) fn parse(text: &str) -> Result<Yaml, YamlError> {
    match simple::parse(text) {
        Some(read) => Ok(read),
        None => parse_all(text),
    }
}

fn parse_all(text: &str) -> Result<Yaml, YamlError> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| YamlError {
            message: error.info().to_owned().into(),
            place: Some(place(error.marker())),
        })?;
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        builder.take(event, place(&span.start))?;
    }
    Ok(builder.root.unwrap_or(Yaml {
        value: YamlValue::Null,
        place: Place { line: 1, column: 1 },
    }))
}

fn place(marker: &Marker) -> Place {
    Place {
        line: marker.line(),
        column: marker.col() + 1,
    }
}

/// A list or table that is not complete.
struct Open {
    value: Yaml,
    /// The key whose value comes next.
    key: Option<Yaml>,
}

#[derive(Default)]
struct Builder {
    root: Option<Yaml>,
    open: Vec<Open>,
    values: usize,
    /// Texts that have a name in the file.
    anchors: HashMap<usize, String>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), YamlError> {
        let refuse = |message: &'static str| YamlError {
            message: message.into(),
            place: Some(place),
        };
        let value = match event {
            Event::Scalar(text, style, anchor, _) => {
                let is_null =
                    style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                if is_null {
                    YamlValue::Null
                } else {
                    if anchor > 0 {
                        self.anchors.insert(anchor, text.to_string());
                    }
                    YamlValue::Text(text.into_owned())
                }
            }
            Event::Alias(anchor) => {
                let text = self.anchors.get(&anchor).cloned();
                let text = text.ok_or_else(|| refuse("an alias that stands for no text"))?;
                YamlValue::Text(text)
            }
            Event::SequenceStart(..) => YamlValue::List(Vec::new()),
            Event::MappingStart(..) => YamlValue::Table(Vec::new()),
            Event::SequenceEnd | Event::MappingEnd => {
                return match self.open.pop() {
                    Some(done) => self.add(done.value),
                    None => Ok(()),
                };
            }
            _ => return Ok(()),
        };
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(refuse("too many values"));
        }
        let value = Yaml { value, place };
        if matches!(value.value, YamlValue::List(_) | YamlValue::Table(_)) {
            if self.open.len() == MAX_DEPTH {
                return Err(refuse("values are nested too deep"));
            }
            self.open.push(Open { value, key: None });
            return Ok(());
        }
        self.add(value)
    }

    /// Puts a complete value where it belongs.
    fn add(&mut self, value: Yaml) -> Result<(), YamlError> {
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(value);
            return Ok(());
        };
        match &mut open.value.value {
            YamlValue::List(entries) => entries.push(value),
            YamlValue::Table(members) => match open.key.take() {
                None => open.key = Some(value),
                Some(Yaml {
                    value: YamlValue::Text(key),
                    place,
                }) => {
                    if members.iter().any(|(name, _)| *name == key) {
                        return Err(YamlError {
                            message: format!("duplicate field `{key}`").into(),
                            place: Some(place),
                        });
                    }
                    members.push((key, value));
                }
                Some(_) => {}
            },
            YamlValue::Null | YamlValue::Text(_) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tables_lists_and_all_ways_to_write_a_text_are_read() {
        let read = parse(
            "a: plain text # not this\nb: 'it''s'\nc: \"x\\ty\"\nd: >\n  folded\n  text\ne: |\n  one\n  two\n\
             f: [1, {g: h}]\ni:\n  - j\n  - k: l\nm: ~\nn:\n",
        )
        .expect("valid");
        let text = |key: &str| read.get(key).and_then(Yaml::text);
        assert_eq!(text("a"), Some("plain text"));
        assert_eq!(text("b"), Some("it's"));
        assert_eq!(text("c"), Some("x\ty"));
        assert_eq!(text("d"), Some("folded text\n"));
        assert_eq!(text("e"), Some("one\ntwo\n"));
        let flow = read.get("f").expect("there").entries();
        assert_eq!(flow[0].text(), Some("1"));
        assert_eq!(flow[1].get("g").and_then(Yaml::text), Some("h"));
        assert_eq!(read.get("i").expect("there").entries().len(), 2);
        assert_eq!(read.get("m").expect("there").value, YamlValue::Null);
        assert_eq!(read.get("b").expect("there").place, Place { line: 2, column: 4 });
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let wrong = |text: &str| parse(text).expect_err("refused").to_string();
        assert_eq!(
            wrong("a: 1\na: 2\n"),
            "invalid YAML: duplicate field `a` at line 2 column 1"
        );
        assert!(wrong("a: [1\nb: 2\n").contains(" at line 2 "));
        let deep = wrong(&"[".repeat(5000));
        assert!(deep.contains("deep") || deep.contains("recursion"), "{deep}");
        assert!(wrong(&format!("[{}]", "1,".repeat(20_000))).contains("too many"));
        assert!(wrong("a: &x [1]\nb: *x\n").contains("alias"));
        assert_eq!(
            parse("a: &x v\nb: *x\n")
                .expect("valid")
                .get("b")
                .and_then(Yaml::text),
            Some("v")
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z:\\-\\[\\]{}'\"|>&*!%@`# \n\t,?]{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn quoted_texts_come_back(text in "[ -~]{0,60}") {
            let line = format!("a: '{}'\n", text.replace('\'', "''"));
            let read = parse(&line).expect("valid");
            prop_assert_eq!(read.get("a").and_then(Yaml::text), Some(text.as_str()));
        }
    }
}
