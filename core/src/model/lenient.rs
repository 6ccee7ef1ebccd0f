//! JSON of servers that break its rules: what can't be read costs as little as possible.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// How deep members that can't be read are looked for; what lies deeper costs everything from there on.
const MAX_DEPTH: usize = 8;

/// A text of an event. What is no text is empty, but a number stands for its digits.
#[derive(Debug, Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text)))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Text<'de>, E> {
                Ok(Text::default())
            }

            fn visit_unit<E: Error>(self) -> Result<Text<'de>, E> {
                Ok(Text::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Text<'de>, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Text::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

/// A number of an event; also as text. What is no whole number is none.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Index(pub(super) Option<i64>);

impl<'de> Deserialize<'de> for Index {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IndexVisitor;
        impl<'de> Visitor<'de> for IndexVisitor {
            type Value = Index;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Index, E> {
                Ok(Index(number.try_into().ok()))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Index, E> {
                Ok(Index(Some(number)))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Index, E> {
                Ok(Index(whole(number)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Index, E> {
                let number = text.parse().ok();
                Ok(Index(number.or_else(|| whole(text.parse().ok()?))))
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Index, E> {
                Ok(Index(None))
            }

            fn visit_unit<E: Error>(self) -> Result<Index, E> {
                Ok(Index(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Index, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Index(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Index, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Index(None))
            }
        }
        deserializer.deserialize_any(IndexVisitor)
    }
}

/// A number that is whole, or was meant to be.
fn whole(number: f64) -> Option<i64> {
    const MAX: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "within the bounds just checked")]
    (number.abs() <= MAX).then_some(number as i64)
}

/// A number of tokens or the like: also a float, also as text; negative ones are 0, and none is so large that sums could
/// overflow.
pub(super) fn count(value: &Value) -> Option<i64> {
    const MAX: i64 = 1 << 50;
    let number = match value {
        Value::Number(number) => match number.as_i64() {
            Some(number) => number,
            None => whole(number.as_f64()?).unwrap_or(MAX),
        },
        Value::String(text) => match text.trim().parse() {
            Ok(number) => number,
            Err(_) => whole(text.trim().parse().ok()?)?,
        },
        _ => return None,
    };
    Some(number.clamp(0, MAX))
}

/// Reads an object. What breaks the rules of JSON inside of it is mended, or costs the member that it stands in. `None`
/// if it is no object, or not all of it has come.
pub(super) fn object(data: &[u8]) -> Option<Map<String, Value>> {
    let value = match serde_json::from_slice(data) {
        Ok(value) => value,
        Err(_) => member(&mended(data), 0)?,
    };
    match value {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

/// Reads a value, without the members in it that can't be read.
fn member(text: &str, depth: usize) -> Option<Value> {
    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    if depth == MAX_DEPTH {
        return None;
    }
    match text.trim_start().as_bytes().first()? {
        b'{' => {
            let map: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            let members = map
                .into_iter()
                .filter_map(|(name, raw)| Some((name, member(raw.get(), depth + 1)?)));
            Some(Value::Object(members.collect()))
        }
        b'[' => {
            let list: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            let elements = list.into_iter().filter_map(|raw| member(raw.get(), depth + 1));
            Some(Value::Array(elements.collect()))
        }
        _ => None,
    }
}

/// The text with everything replaced that no reader of JSON takes though it is clear where it ends: bytes that are no
/// UTF-8 and halves of characters (by U+FFFD), control characters and escapes that there are none of (by themselves),
/// words and numbers that there are none of (by null).
fn mended(data: &[u8]) -> String {
    let text = String::from_utf8_lossy(data);
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text.trim_start_matches('\u{feff}');
    while let Some(first) = rest.chars().next() {
        match first {
            '"' => rest = mended_string(&rest[1..], &mut out),
            '{' | '}' | '[' | ']' | ':' | ',' => {
                out.push(first);
                rest = &rest[1..];
            }
            _ if first.is_whitespace() || first.is_control() => {
                out.push(' ');
                rest = &rest[first.len_utf8()..];
            }
            _ => {
                let ends =
                    |c: char| matches!(c, '"' | '{' | '}' | '[' | ']' | ':' | ',') || c.is_whitespace();
                let (word, behind) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
                let fits = serde_json::from_str::<Value>(word).is_ok();
                out.push_str(if fits { word } else { "null" });
                rest = behind;
            }
        }
    }
    out
}

/// Writes the string that has just begun; gives what is behind it.
fn mended_string<'a>(text: &'a str, out: &mut String) -> &'a str {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') {
        out.push_str(&rest[..at]);
        let (special, behind) = rest[at..].split_at(1);
        rest = behind;
        match special {
            "\"" => {
                out.push('"');
                return rest;
            }
            "\\" => rest = mended_escape(rest, out),
            control => {
                for byte in control.bytes() {
                    let _ = write!(out, "\\u{byte:04x}");
                }
            }
        }
    }
    out.push_str(rest);
    ""
}

/// Writes the escape whose backslash has just been passed; gives what is behind it.
fn mended_escape<'a>(text: &'a str, out: &mut String) -> &'a str {
    let Some(kind) = text.chars().next() else {
        return text;
    };
    let behind = &text[kind.len_utf8()..];
    match kind {
        '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' => {
            out.push('\\');
            out.push(kind);
            behind
        }
        'u' => {
            let unit = |text: &str| u16::from_str_radix(text.get(..4)?, 16).ok();
            let Some(first) = unit(behind) else {
                out.push('\u{fffd}');
                return behind;
            };
            let after = &behind[4..];
            let second = after.strip_prefix("\\u").and_then(unit);
            match (first, second) {
                (0xd800..=0xdbff, Some(0xdc00..=0xdfff)) => {
                    out.push_str("\\u");
                    out.push_str(&behind[..10]);
                    &after[6..]
                }
                (0xd800..=0xdfff, _) => {
                    out.push('\u{fffd}');
                    after
                }
                _ => {
                    out.push_str("\\u");
                    out.push_str(&behind[..4]);
                    after
                }
            }
        }
        other => {
            out.push_str("\\\\");
            out.push(other);
            behind
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Value {
        object(text.as_bytes()).map_or(Value::Null, Value::Object)
    }

    #[test]
    fn halves_of_characters_are_replaced() {
        assert_eq!(
            read(r#"{"a":"x\ud83d","b":"\ude00y","c":"\ud83d\ude00"}"#),
            json!({"a": "x\u{fffd}",
            "b": "\u{fffd}y", "c": "\u{1f600}"})
        );
        assert_eq!(
            read(r#"{"a":"\ud83d\n\ud83d\ud83d\ude00"}"#),
            json!({"a": "\u{fffd}\n\u{fffd}\u{1f600}"})
        );
        assert_eq!(object(b"{\"a\":\"\xff!\"}").unwrap()["a"], "\u{fffd}!");
    }

    #[test]
    fn what_is_no_json_costs_its_member() {
        assert_eq!(
            read(
                "{\"a\":NaN,\"b\":1e999,\"c\":\"tab\there\",\"d\":\"\\x\\u12\",\"e\":-Infinity,\"f\":01,\"g\":1}"
            ),
            json!({"a": null, "b": null, "c": "tab\there", "d": "\\x\u{fffd}12", "e": null, "f": null, "g": 1})
        );
        assert_eq!(read(r#"{"a":1,"a":2}"#), json!({"a": 2}));
        for broken in [
            "{",
            "[1]",
            "\"x\"",
            "",
            "{\"a\":\"",
            "{\"a\":1]",
            "[DONE]",
            "{a:1}",
        ] {
            assert_eq!(object(broken.as_bytes()), None, "{broken}");
        }
    }

    #[test]
    fn a_member_that_is_too_deep_costs_that_member() {
        let bomb = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let text = format!(r#"{{"item":{{"text":"hi","x":{bomb}}},"list":[1,{bomb},2],"y":{bomb}}}"#);
        assert_eq!(
            read(&text),
            json!({"item": {"text": "hi", "x": [[[[[[]]]]]]}, "list": [1, [[[[[[]]]]]], 2],
            "y": [[[[[[[]]]]]]]})
        );
        assert_eq!(object("{\"a\":".repeat(100_000).as_bytes()), None);
    }

    #[test]
    fn counts_are_taken_as_they_are_meant() {
        for (value, expected) in [
            (json!(7), Some(7)),
            (json!(7.9), Some(7)),
            (json!("7"), Some(7)),
            (json!(-7), Some(0)),
            (json!(u64::MAX), Some(1 << 50)),
            (json!(1e300), Some(1 << 50)),
            (json!(null), None),
            (json!("many"), None),
        ] {
            assert_eq!(count(&value), expected, "{value}");
        }
    }
}
