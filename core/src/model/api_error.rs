//! The error that a server tells in JSON, in whatever shape it comes: a member that can't be read costs that member.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::Misalignment;
use crate::net::server_message;

/// Last second that a time of a server may name: the end of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// The `error` object of the Responses API. Everything may be missing. Texts are fit to be shown.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ApiError {
    /// A short word, or the digits of a number.
    pub(super) code: Option<String>,
    /// A short word: the kind of the error.
    pub(super) kind: Option<String>,
    /// For people.
    pub(super) message: Option<String>,
    /// HTTP status that the error stands for.
    pub(super) status: Option<u16>,
    pub(super) plan_type: Option<String>,
    /// Unix seconds.
    pub(super) resets_at: Option<i64>,
    pub(super) misalignment: Option<Misalignment>,
}

impl<'de> Deserialize<'de> for ApiError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::read(&Value::deserialize(deserializer)?))
    }
}

impl ApiError {
    /// Reads an `error` member: an object, a text, or a list of either.
    pub(super) fn read(value: &Value) -> Self {
        match value {
            Value::Object(map) => Self::from_object(map),
            Value::Array(all) => all.first().map(Self::read_shallow).unwrap_or_default(),
            other => Self {
                message: text(Some(other)),
                ..Self::default()
            },
        }
    }

    /// Lists in lists are not looked into.
    fn read_shallow(value: &Value) -> Self {
        match value {
            Value::Object(map) => Self::from_object(map),
            other => Self {
                message: text(Some(other)),
                ..Self::default()
            },
        }
    }

    fn from_object(map: &Map<String, Value>) -> Self {
        let said = [
            "message",
            "msg",
            "detail",
            "error_description",
            "description",
            "error",
        ];
        Self {
            code: word(map.get("code")),
            kind: word(map.get("type")),
            message: said.into_iter().find_map(|name| text(map.get(name))),
            status: status_of(map),
            plan_type: word(map.get("plan_type")),
            resets_at: seconds(map.get("resets_at")),
            misalignment: map.get("misalignment").and_then(misalignment),
        }
    }

    /// Finds the error in a whole body or event: `error`, `response.error`, the first of `errors`, or members for people
    /// (`message`, `detail`, …) at the top. `None`: the object tells of no error.
    pub(super) fn find(body: &Value) -> Option<Self> {
        let Value::Object(map) = body else {
            return match body {
                Value::Array(all) => all
                    .first()
                    .filter(|first| first.is_object())
                    .and_then(Self::find_in_first),
                _ => None,
            };
        };
        let inner = map.get("error").filter(|error| is_told(error));
        let response = map.get("response").and_then(Value::as_object);
        let of_response = response
            .and_then(|response| response.get("error"))
            .filter(|error| is_told(error));
        let first = map.get("errors").filter(|errors| is_told(errors));
        if let Some(error) = inner.or(of_response).or(first) {
            let mut found = Self::read(error);
            found.status = found.status.or_else(|| status_of(map));
            found.message = found.message.or_else(|| text(map.get("message")));
            return Some(found);
        }
        let top = Self::from_object(map);
        (top.message.is_some() || top.code.is_some()).then_some(top)
    }

    fn find_in_first(first: &Value) -> Option<Self> {
        let map = first.as_object()?;
        match map.get("error") {
            Some(error) => Some(Self::read(error)),
            None => Some(Self::from_object(map)).filter(|error| error.message.is_some()),
        }
    }

    /// The code; empty if there is none.
    pub(super) fn code(&self) -> &str {
        self.code.as_deref().unwrap_or_default()
    }

    /// What is said for people; else the code or the kind; else nothing.
    pub(super) fn words(&self) -> String {
        let said = self
            .message
            .as_ref()
            .or(self.code.as_ref())
            .or(self.kind.as_ref());
        said.cloned().unwrap_or_default()
    }

    /// The message alone.
    pub(super) fn text(&self) -> String {
        self.message.clone().unwrap_or_default()
    }
}

/// Null and empty members tell nothing.
fn is_told(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(all) => !all.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    }
}

/// A text as it is, anything else as JSON.
fn text(value: Option<&Value>) -> Option<String> {
    let value = value.filter(|value| is_told(value))?;
    let text = match value {
        Value::String(text) => server_message::clean(text),
        other => server_message::clean(&other.to_string()),
    };
    Some(text).filter(|text| !text.is_empty())
}

/// A text or a number.
fn word(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(server_message::clean_up_to(text, 200)).filter(|word| !word.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A status of 400 and above, as a number or its digits, by any of the names that servers use.
fn status_of(map: &Map<String, Value>) -> Option<u16> {
    ["status", "status_code", "statusCode", "http_status", "code"]
        .into_iter()
        .find_map(|name| {
            let status = match map.get(name)? {
                Value::Number(number) => u16::try_from(number.as_u64()?).ok()?,
                Value::String(digits) => digits.trim().parse().ok()?,
                _ => return None,
            };
            (400..600).contains(&status).then_some(status)
        })
}

/// A moment in Unix seconds, as a number or its digits; fractions are cut off.
fn seconds(value: Option<&Value>) -> Option<i64> {
    let number = match value? {
        Value::Number(number) => number.as_f64()?,
        Value::String(digits) => digits.trim().parse().ok()?,
        _ => return None,
    };
    #[expect(clippy::cast_precision_loss, reason = "the bound is far below 2^53")]
    let fits = (0.0..=LAST_SECOND as f64).contains(&number);
    #[expect(clippy::cast_possible_truncation, reason = "within the bounds just checked")]
    fits.then_some(number as i64)
}

fn misalignment(value: &Value) -> Option<Misalignment> {
    let map = value.as_object()?;
    Some(Misalignment {
        error_type: text(map.get("error_type")),
        detailed_explanation: text(map.get("detailed_explanation")),
        steer_message: text(map.get("steer").and_then(|steer| steer.get("message"))),
        review_target: text(map.get("review_target")),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_member_that_cannot_be_read_costs_that_member() {
        let error = ApiError::read(&json!({
            "code": 402, "type": ["x"], "message": "pay", "plan_type": {}, "resets_at": "soon", "misalignment": 3,
        }));
        assert_eq!((error.code(), error.text().as_str()), ("402", "pay"));
        assert_eq!(
            (error.status, error.kind, error.resets_at),
            (Some(402), None, None)
        );
    }

    #[test]
    fn errors_are_found_in_all_their_shapes() {
        for body in [
            json!({"error": {"message": "m"}}),
            json!({"error": "m"}),
            json!({"error": {"message": null, "detail": "m"}}),
            json!({"error": {}, "message": "m"}),
            json!({"error": null, "detail": "m"}),
            json!({"errors": [{"message": "m"}]}),
            json!({"errors": ["m"]}),
            json!([{"error": {"message": "m"}}]),
            json!({"response": {"error": {"message": "m"}}}),
            json!({"type": "error", "message": "m", "param": null}),
            json!({"error": {"code": "c"}, "message": "m"}),
            json!({"error": "m", "error_description": "more"}),
        ] {
            assert_eq!(ApiError::find(&body).unwrap().text(), "m", "{body}");
        }
        assert_eq!(
            ApiError::find(&json!({"id": "resp_1", "output": [], "error": null})),
            None
        );
        assert_eq!(
            ApiError::find(&json!({"detail": [{"msg": "m"}]})).unwrap().text(),
            r#"[{"msg":"m"}]"#
        );
    }

    #[test]
    fn moments_outside_of_the_calendar_are_none() {
        for (value, expected) in [
            (json!(1.9), Some(1)),
            (json!("7"), Some(7)),
            (json!(-1), None),
            (json!(1e300), None),
            (json!(i64::MAX), None),
            (json!(u64::MAX), None),
        ] {
            assert_eq!(seconds(Some(&value)), expected, "{value}");
        }
    }
}
