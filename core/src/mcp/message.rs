//! Messages of servers as JSON: never more values than a machine bears, since a short text can say a lot of them.

use std::cell::Cell;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Values in one message, at most.
const MAX_VALUES: usize = 500_000;
/// Longer ones are read off the runtime's thread, in bytes.
const LARGE: usize = 256 << 10;

/// A text as it was read.
#[derive(Debug, PartialEq)]
pub(super) enum Read {
    /// JSON.
    Message(Value),
    /// JSON with too many values: an answer to this request.
    TooLarge(u64),
    /// Something else.
    Noise,
}

/// Reads a message.
pub(super) async fn read(text: Vec<u8>) -> Read {
    if text.len() < LARGE {
        return read_now(&text);
    }
    let read = tokio::task::spawn_blocking(move || read_now(&text));
    read.await.unwrap_or(Read::Noise)
}

fn read_now(text: &[u8]) -> Read {
    let left = Cell::new(MAX_VALUES);
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Counted(&left).deserialize(&mut reader);
    match value.and_then(|value| reader.end().map(|()| value)) {
        Ok(value) => Read::Message(value),
        Err(_) if left.get() == 0 => id_of(text).map_or(Read::Noise, Read::TooLarge),
        Err(_) => Read::Noise,
    }
}

/// The request that a text answers, of which no more than that is read.
fn id_of(text: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Answer {
        id: u64,
        method: Option<IgnoredAny>,
    }
    let answer: Answer = serde_json::from_slice(text).ok()?;
    answer.method.is_none().then_some(answer.id)
}

/// The request that a text answers of which there is only the beginning: servers name it before they answer.
pub(super) fn id_in_head(head: &[u8]) -> Option<u64> {
    const ID: &[u8] = b"\"id\"";
    let before = |mark: &[u8]| memchr::memmem::find(head, mark).unwrap_or(head.len());
    let at = memchr::memmem::find(head, ID)?;
    if at
        > before(b"\"result\"")
            .min(before(b"\"error\""))
            .min(before(b"\"params\""))
    {
        return None;
    }
    let rest = head[at + ID.len()..]
        .trim_ascii_start()
        .strip_prefix(b":")?
        .trim_ascii_start();
    let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&rest[..end]).ok()?.parse().ok()
}

/// Reads a value while there are some left.
#[derive(Clone, Copy)]
struct Counted<'a>(&'a Cell<usize>);

impl Counted<'_> {
    fn take<E: Error>(self) -> Result<(), E> {
        match self.0.get() {
            0 => Err(E::custom("too many values")),
            left => {
                self.0.set(left - 1);
                Ok(())
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Counted<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        self.take()?;
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Counted<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(value) = values.next_element_seed(self)? {
            all.push(value);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            all.insert(name, members.next_value_seed(self)?);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_with_too_many_values_is_an_answer_that_is_too_large() {
        let zeros = "0,".repeat(MAX_VALUES);
        let answer = |id: &str| format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"a":[{zeros}0]}}}}"#);
        assert_eq!(read_now(answer("7").as_bytes()), Read::TooLarge(7));
        assert_eq!(read_now(answer("\"x\"").as_bytes()), Read::Noise);
        let enough = format!("[{}0]", "0,".repeat(MAX_VALUES - 3));
        assert!(matches!(
            read_now(enough.as_bytes()),
            Read::Message(Value::Array(_))
        ));
    }

    #[test]
    fn the_head_of_an_answer_names_its_request() {
        for (head, id) in [
            (r#"{"jsonrpc":"2.0","id":12,"result":{"#, Some(12)),
            (r#"{"id" : 3 ,"jsonrpc":"2.0""#, Some(3)),
            (r#"{"result":{"id":5,"#, None),
            (r#"{"method":"x","params":{"id":5,"#, None),
            (r#"{"id":"a","result":"#, None),
            (r#"{"id":4"#, None),
            ("", None),
        ] {
            assert_eq!(id_in_head(head.as_bytes()), id, "{head}");
        }
    }

    #[test]
    fn values_are_read_as_they_are() {
        let value = json!({"a": [1, -2, 1.5, true, null, "ü\n"], "b": {"c": []}, "d": u64::MAX});
        assert_eq!(read_now(value.to_string().as_bytes()), Read::Message(value));
        for noise in ["", "{", "[1] 2", "x", "{\"a\":1e999}"] {
            assert_eq!(read_now(noise.as_bytes()), Read::Noise, "{noise}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_serde_reads_it(text in "[\\[\\]{}:,\"a1 .e-]{0,40}") {
            let read = read_now(text.as_bytes());
            match serde_json::from_str::<Value>(&text) {
                Ok(value) => prop_assert_eq!(read, Read::Message(value)),
                Err(_) => prop_assert_eq!(read, Read::Noise),
            }
            let _ = id_in_head(text.as_bytes());
        }
    }
}
