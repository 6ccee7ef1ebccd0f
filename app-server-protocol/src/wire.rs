//! One line of JSON in either direction.
//!
//! The envelope is JSON-RPC 2.0 whose `"jsonrpc":"2.0"` member may be left out (threads-and-turns §1.1). Reading
//! looks at the envelope only; parameters and results stay text until somebody knows their type. Writing goes
//! straight into the buffer that is sent.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;

use crate::error::{ErrorObject, INTERNAL_ERROR, INVALID_REQUEST, PARSE_ERROR};

/// What ties an answer to its request: any 64-bit integer or string, chosen by who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RequestId {
    /// A number.
    Integer(i64),
    /// A text.
    String(String),
}

/// Whether the peer wants to see `"jsonrpc":"2.0"`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// No `jsonrpc` member.
    #[default]
    Plain,
    /// Every frame begins with it. For peers that send it.
    JsonRpc2,
}

/// A frame that was read, and how it was written.
#[derive(Debug, Clone)]
pub struct Decoded<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// How the peer writes; answer in kind.
    pub dialect: Dialect,
}

/// One message. Its JSON parts borrow from the line.
#[derive(Debug, Clone)]
pub enum Frame<'a> {
    /// Wants an answer.
    Request {
        /// Repeated in the answer.
        id: RequestId,
        /// What to do.
        method: Cow<'a, str>,
        /// With what. `null` counts as absent.
        params: Option<&'a RawValue>,
        /// Where the work belongs in a distributed trace: `{"traceparent":…}`.
        trace: Option<&'a RawValue>,
    },
    /// Wants no answer.
    Notification {
        /// What happened.
        method: Cow<'a, str>,
        /// The details. `null` counts as absent.
        params: Option<&'a RawValue>,
    },
    /// A request went well.
    Response {
        /// Whose answer this is; `None` when the peer sent an id that no request can have.
        id: Option<RequestId>,
        /// What was asked for.
        result: &'a RawValue,
    },
    /// A request failed.
    Error {
        /// Whose answer this is; `None` when the peer could not tell.
        id: Option<RequestId>,
        /// Why.
        error: ErrorObject,
    },
}

/// A line that is no frame. It deserves the error answer that is in here.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{error}")]
pub struct FrameError {
    /// The id to answer with; `None` is written as `null`.
    pub id: Option<RequestId>,
    /// [`PARSE_ERROR`] or [`INVALID_REQUEST`], and why.
    pub error: ErrorObject,
}

/// Reads one line, with or without its line end. A blank line is bad JSON, too.
pub fn decode(line: &[u8]) -> Result<Decoded<'_>, FrameError> {
    let refuse = |id, code, message: &str| FrameError {
        id,
        error: ErrorObject::new(code, message),
    };
    let text = std::str::from_utf8(line)
        .map_err(|e| refuse(None, PARSE_ERROR, &format!("Parse error: not UTF-8: {e}")))?;
    let envelope = match serde_json::from_str::<Envelope<'_>>(text) {
        Ok(envelope) => envelope,
        Err(e) if e.is_data() && serde_json::from_str::<IgnoredAny>(text).is_ok() => {
            return Err(refuse(
                None,
                INVALID_REQUEST,
                "Invalid request: a message is a JSON object",
            ));
        }
        Err(e) => return Err(refuse(None, PARSE_ERROR, &format!("Parse error: {e}"))),
    };
    let dialect = if envelope.jsonrpc {
        Dialect::JsonRpc2
    } else {
        Dialect::Plain
    };
    let id = envelope.id.and_then(|id| serde_json::from_str(id.get()).ok());
    let frame = match (envelope.method, envelope.id) {
        (Some(method), sent_id) => {
            let Ok(Text(method)) = serde_json::from_str(method.get()) else {
                let message = "Invalid request: `method` must be a string";
                return Err(refuse(id, INVALID_REQUEST, message));
            };
            let params = envelope.params.filter(|params| params.get() != "null");
            match (id, sent_id) {
                (Some(id), _) => Frame::Request {
                    id,
                    method,
                    params,
                    trace: envelope.trace,
                },
                (None, None) => Frame::Notification { method, params },
                (None, Some(_)) => {
                    let message = "Invalid request: `id` must be a string or a 64-bit integer";
                    return Err(refuse(None, INVALID_REQUEST, message));
                }
            }
        }
        (None, _) => match (
            envelope.error.filter(|error| error.get() != "null"),
            envelope.result,
        ) {
            (Some(error), _) => Frame::Error {
                id,
                error: read_error(error),
            },
            (None, Some(result)) => Frame::Response { id, result },
            (None, None) => {
                let message = "Invalid request: one of `method`, `result` and `error` is needed";
                return Err(refuse(id, INVALID_REQUEST, message));
            }
        },
    };
    Ok(Decoded { frame, dialect })
}

/// Writes the answer to a request that went well.
pub fn encode_response(
    out: &mut Vec<u8>,
    dialect: Dialect,
    id: &RequestId,
    result: &(impl Serialize + ?Sized),
) -> serde_json::Result<()> {
    whole(out, dialect, |out| {
        out.extend_from_slice(b"\"id\":");
        serde_json::to_writer(&mut *out, id)?;
        out.extend_from_slice(b",\"result\":");
        serde_json::to_writer(&mut *out, result)
    })
}

/// Writes the answer to a request that failed. Without an id, to a line that could not be read.
pub fn encode_error(
    out: &mut Vec<u8>,
    dialect: Dialect,
    id: Option<&RequestId>,
    error: &ErrorObject,
) -> serde_json::Result<()> {
    whole(out, dialect, |out| {
        out.extend_from_slice(b"\"id\":");
        serde_json::to_writer(&mut *out, &id)?;
        out.extend_from_slice(b",\"error\":");
        serde_json::to_writer(&mut *out, error)
    })
}

/// Writes a request.
pub fn encode_request(
    out: &mut Vec<u8>,
    dialect: Dialect,
    id: &RequestId,
    method: &str,
    params: &(impl Serialize + ?Sized),
) -> serde_json::Result<()> {
    whole(out, dialect, |out| {
        out.extend_from_slice(b"\"id\":");
        serde_json::to_writer(&mut *out, id)?;
        out.extend_from_slice(b",\"method\":");
        serde_json::to_writer(&mut *out, method)?;
        out.extend_from_slice(b",\"params\":");
        serde_json::to_writer(&mut *out, params)
    })
}

/// Writes a notification. `emitted_at_ms` is the time of the event in Unix milliseconds; clients send none.
pub fn encode_notification(
    out: &mut Vec<u8>,
    dialect: Dialect,
    method: &str,
    params: &(impl Serialize + ?Sized),
    emitted_at_ms: Option<i64>,
) -> serde_json::Result<()> {
    whole(out, dialect, |out| {
        out.extend_from_slice(b"\"method\":");
        serde_json::to_writer(&mut *out, method)?;
        out.extend_from_slice(b",\"params\":");
        serde_json::to_writer(&mut *out, params)?;
        if let Some(at) = emitted_at_ms {
            out.extend_from_slice(b",\"emittedAtMs\":");
            serde_json::to_writer(&mut *out, &at)?;
        }
        Ok(())
    })
}

/// Wraps the members in braces; a frame that fails half-way leaves no trace.
fn whole(
    out: &mut Vec<u8>,
    dialect: Dialect,
    members: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<()>,
) -> serde_json::Result<()> {
    let start = out.len();
    out.push(b'{');
    if dialect == Dialect::JsonRpc2 {
        out.extend_from_slice(b"\"jsonrpc\":\"2.0\",");
    }
    let written = members(out);
    match written {
        Ok(()) => out.push(b'}'),
        Err(_) => out.truncate(start),
    }
    written
}

/// The peer's error, whatever shape it has.
fn read_error(raw: &RawValue) -> ErrorObject {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| {
        ErrorObject::new(INTERNAL_ERROR, "the peer sent an error without code and message").with_data(&raw)
    })
}

/// The members that matter. The last of a repeated member counts; unknown ones are skipped.
#[derive(Default)]
struct Envelope<'a> {
    jsonrpc: bool,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    params: Option<&'a RawValue>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    trace: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Member {
    JsonRpc,
    Id,
    Method,
    Params,
    Result,
    Error,
    Trace,
    #[serde(other)]
    Unknown,
}

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Envelope<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut envelope = Envelope::default();
                while let Some(member) = map.next_key()? {
                    let slot = match member {
                        Member::JsonRpc => {
                            envelope.jsonrpc = map.next_value::<&RawValue>()?.get() == "\"2.0\"";
                            continue;
                        }
                        Member::Unknown => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                        Member::Id => &mut envelope.id,
                        Member::Method => &mut envelope.method,
                        Member::Params => &mut envelope.params,
                        Member::Result => &mut envelope.result,
                        Member::Error => &mut envelope.error,
                        Member::Trace => &mut envelope.trace,
                    };
                    *slot = Some(map.next_value()?);
                }
                Ok(envelope)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// A string that is borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Integer(n) => serializer.serialize_i64(*n),
            Self::String(s) => serializer.serialize_str(s),
        }
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Id;
        impl Visitor<'_> for Id {
            type Value = RequestId;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string or a 64-bit integer")
            }
            fn visit_i64<E>(self, n: i64) -> Result<RequestId, E> {
                Ok(RequestId::Integer(n))
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<RequestId, E> {
                i64::try_from(n)
                    .map(RequestId::Integer)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(n), &self))
            }
            fn visit_str<E>(self, s: &str) -> Result<RequestId, E> {
                Ok(RequestId::String(s.to_owned()))
            }
        }
        deserializer.deserialize_any(Id)
    }
}

impl JsonSchema for RequestId {
    fn schema_name() -> Cow<'static, str> {
        "RequestId".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What ties an answer to its request, chosen by who asks.",
            "anyOf": [{ "type": "string" }, { "type": "integer", "format": "int64" }],
        })
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(n) => n.fmt(f),
            Self::String(s) => s.fmt(f),
        }
    }
}

impl From<i64> for RequestId {
    fn from(n: i64) -> Self {
        Self::Integer(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(line: &str) -> (Option<RequestId>, i64) {
        let e = decode(line.as_bytes()).unwrap_err();
        (e.id, e.error.code)
    }

    #[test]
    fn a_request_keeps_its_id_and_the_text_of_its_params() {
        let line = br#"{"jsonrpc":"2.0","extra":[1],"id":"a\u0062","method":"thread/start","params":{ "cwd" : "/w" },"trace":{"traceparent":"00"}}"#;
        let Decoded { frame, dialect } = decode(line).unwrap();
        assert_eq!(dialect, Dialect::JsonRpc2);
        let Frame::Request {
            id,
            method,
            params,
            trace,
        } = frame
        else {
            panic!("{frame:?}")
        };
        assert_eq!(id, RequestId::String("ab".into()));
        assert_eq!(method, "thread/start");
        assert_eq!(params.unwrap().get(), r#"{ "cwd" : "/w" }"#);
        assert_eq!(trace.unwrap().get(), r#"{"traceparent":"00"}"#);
    }

    #[test]
    fn null_params_count_as_absent() {
        let Frame::Notification { params, .. } = decode(br#"{"method":"initialized","params":null}"#)
            .unwrap()
            .frame
        else {
            panic!()
        };
        assert!(params.is_none());
    }

    #[test]
    fn a_null_result_is_an_answer() {
        let Frame::Response { id, result } = decode(br#"{"id":7,"result":null}"#).unwrap().frame else {
            panic!()
        };
        assert_eq!((id, result.get()), (Some(RequestId::Integer(7)), "null"));
    }

    #[test]
    fn an_error_of_any_shape_is_an_answer() {
        let Frame::Error { id, error } = decode(br#"{"id":7,"error":"no"}"#).unwrap().frame else {
            panic!()
        };
        assert_eq!(id, Some(RequestId::Integer(7)));
        assert_eq!(error.data, Some("no".into()));
        let Frame::Error { id, error } = decode(br#"{"id":null,"error":{"code":-1,"message":"m","more":1}}"#)
            .unwrap()
            .frame
        else {
            panic!()
        };
        assert_eq!((id, error), (None, ErrorObject::new(-1, "m")));
    }

    #[test]
    fn what_is_not_json_is_a_parse_error_without_id() {
        for line in [
            "",
            " ",
            "{",
            "nul",
            r#"{"id":1,"method":"x"} y"#,
            r#"{"id":1,}"#,
            "[1,",
        ] {
            assert_eq!(refused(line), (None, PARSE_ERROR), "{line}");
        }
        assert_eq!(
            decode(b"{\"method\":\"\xff\"}").unwrap_err().error.code,
            PARSE_ERROR
        );
    }

    #[test]
    fn what_is_no_request_is_refused_with_its_id_if_that_is_usable() {
        let id = |n| Some(RequestId::Integer(n));
        for (line, expected) in [
            ("[]", None),
            ("5", None),
            ("\"x\"", None),
            ("null", None),
            ("{}", None),
            (r#"{"id":13}"#, id(13)),
            (r#"{"id":13,"method":5}"#, id(13)),
            (r#"{"method":5}"#, None),
            (r#"{"id":7.5,"method":"x"}"#, None),
            (r#"{"id":null,"method":"x"}"#, None),
            (r#"{"id":99999999999999999999,"method":"x"}"#, None),
            (r#"{"id":[],"method":"x"}"#, None),
            (r#"{"id":13,"error":null}"#, id(13)),
        ] {
            assert_eq!(refused(line), (expected, INVALID_REQUEST), "{line}");
        }
    }

    #[test]
    fn the_last_of_a_repeated_member_counts() {
        let Frame::Request { id, .. } = decode(br#"{"id":1,"id":2,"method":"x"}"#).unwrap().frame else {
            panic!()
        };
        assert_eq!(id, RequestId::Integer(2));
    }

    #[test]
    fn frames_are_written_member_by_member() {
        let mut out = b"before".to_vec();
        encode_notification(
            &mut out,
            Dialect::Plain,
            "a/b",
            &serde_json::json!({"x": 1}),
            Some(5),
        )
        .unwrap();
        assert_eq!(out, br#"before{"method":"a/b","params":{"x":1},"emittedAtMs":5}"#);
        out.clear();
        encode_error(&mut out, Dialect::JsonRpc2, None, &ErrorObject::new(-1, "m")).unwrap();
        assert_eq!(
            out,
            br#"{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"m"}}"#
        );
    }

    #[test]
    fn a_frame_that_cannot_be_written_leaves_nothing_behind() {
        struct Bad;
        impl Serialize for Bad {
            fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(serde::ser::Error::custom("bad"))
            }
        }
        let mut out = b"before".to_vec();
        assert!(encode_response(&mut out, Dialect::Plain, &RequestId::Integer(1), &Bad).is_err());
        assert_eq!(out, b"before");
    }

    fn ids() -> impl Strategy<Value = RequestId> {
        prop_oneof![
            any::<i64>().prop_map(RequestId::Integer),
            any::<String>().prop_map(RequestId::String)
        ]
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(decode(&line));
        }

        #[test]
        fn anything_that_looks_like_a_frame_is_read_or_refused(
            line in r#"\{("(id|method|params|result|error|jsonrpc|x)":(1|-1|1\.5|null|"a"|\{\}|\[\]|\{"code":1\}),?){0,5}\}"#
        ) {
            drop(decode(line.as_bytes()));
        }

        #[test]
        fn requests_come_back_as_written(id in ids(), method in any::<String>(), text in any::<String>(), v2 in any::<bool>()) {
            let dialect = if v2 { Dialect::JsonRpc2 } else { Dialect::Plain };
            let mut out = Vec::new();
            encode_request(&mut out, dialect, &id, &method, &text).unwrap();
            let decoded = decode(&out).unwrap();
            prop_assert_eq!(decoded.dialect, dialect);
            let Frame::Request { id: id2, method: method2, params, .. } = decoded.frame else { panic!() };
            prop_assert_eq!(id2, id);
            prop_assert_eq!(method2, method);
            prop_assert_eq!(serde_json::from_str::<String>(params.unwrap().get()).unwrap(), text);
        }
    }
}
