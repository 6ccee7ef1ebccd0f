//! One line of JSON in either direction.
//!
//! The envelope is JSON-RPC 2.0 whose `"jsonrpc":"2.0"` member may be left out (docs/contract/connection.md#framing). Reading
//! looks at the envelope only; parameters and results stay text until somebody knows their type. Writing goes
//! straight into the buffer that is sent.

use std::borrow::Cow;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

pub use crate::request_id::RequestId;

use crate::error::{ErrorObject, INTERNAL_ERROR, INVALID_REQUEST, PARSE_ERROR};

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

#[cfg(test)]
mod tests;
