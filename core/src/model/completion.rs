//! How a response ends: its identifier, its token counts, and what it consists of. An answer that has been delivered is
//! never asked for again because of what is wrong with these.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::ModelError;
use super::api_error::ApiError;
use super::failure;
use super::lenient::{self, Text};
use crate::TokenUsage;

/// The `response` object of the event that ends a response. Everything may be missing.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Response<'a> {
    #[serde(borrow, default)]
    pub(super) id: Text<'a>,
    #[serde(borrow, default)]
    status: Text<'a>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    end_turn: Option<&'a RawValue>,
    #[serde(borrow)]
    output: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    incomplete_details: Option<&'a RawValue>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Completed,
    Incomplete,
    Failed,
}

impl<'a> Response<'a> {
    pub(super) fn read(raw: Option<&'a RawValue>) -> Self {
        let object = raw.filter(|raw| raw.get().starts_with('{'));
        object
            .and_then(|raw| serde_json::from_str(raw.get()).ok())
            .unwrap_or_default()
    }

    /// The response may say otherwise than the event that brings it.
    pub(super) fn end(&self, event: End) -> End {
        match (event, &*self.status.0) {
            (End::Completed, "incomplete") => End::Incomplete,
            (End::Completed, "failed" | "cancelled") => End::Failed,
            (event, _) => event,
        }
    }

    /// Token counts, and the same as the server wrote them. `Err`: there are some, and none can be read.
    pub(super) fn usage(&self) -> Result<Option<(TokenUsage, Value)>, ()> {
        let Some(raw) = self.usage else {
            return Ok(None);
        };
        let Some(usage) = lenient::object(raw.get().as_bytes()) else {
            return Err(());
        };
        if usage.is_empty() {
            return Ok(None);
        }
        match tokens(&usage) {
            Some(tokens) => Ok(Some((tokens, Value::Object(usage)))),
            None => Err(()),
        }
    }

    /// `false`: the model wants another request in the same turn.
    pub(super) fn end_turn(&self) -> Option<bool> {
        match self.end_turn?.get() {
            "true" | "\"true\"" => Some(true),
            "false" | "\"false\"" => Some(false),
            _ => None,
        }
    }

    /// All output items.
    pub(super) fn output(&self) -> Vec<&'a RawValue> {
        let output = self.output.filter(|raw| raw.get().starts_with('['));
        output
            .and_then(|raw| serde_json::from_str(raw.get()).ok())
            .unwrap_or_default()
    }

    pub(super) fn failure(&self) -> ModelError {
        let error = self.error.filter(|raw| raw.get() != "null");
        failure::failed(error.and_then(|raw| serde_json::from_str::<ApiError>(raw.get()).ok()))
    }

    pub(super) fn incompleteness(&self) -> ModelError {
        let details = self.incomplete_details.map(RawValue::get).unwrap_or_default();
        let reason = lenient::object(details.as_bytes())
            .and_then(|details| Some(details.get("reason")?.as_str()?.to_owned()));
        failure::incomplete(reason.as_deref().unwrap_or("unknown"))
    }
}

/// Reads the counts, also by the names of chat completions. What is missing is 0, a missing total is the sum.
fn tokens(usage: &Map<String, Value>) -> Option<TokenUsage> {
    let any = |names: &[&str]| names.iter().find_map(|name| lenient::count(usage.get(*name)?));
    let input = any(&["input_tokens", "prompt_tokens"]);
    let output = any(&["output_tokens", "completion_tokens"]);
    let total = any(&["total_tokens"]);
    if input.is_none() && output.is_none() && total.is_none() {
        return None;
    }
    let detail = |groups: &[&str], name: &str| {
        let of = |group: &&str| lenient::count(usage.get(*group)?.get(name)?);
        groups.iter().find_map(of).unwrap_or(0)
    };
    let of_input = ["input_tokens_details", "prompt_tokens_details"];
    let of_output = ["output_tokens_details", "completion_tokens_details"];
    let (input, output) = (input.unwrap_or(0), output.unwrap_or(0));
    Some(TokenUsage {
        input_tokens: input,
        cached_input_tokens: detail(&of_input, "cached_tokens"),
        cache_write_input_tokens: detail(&of_input, "cache_write_tokens"),
        output_tokens: output,
        reasoning_output_tokens: detail(&of_output, "reasoning_tokens"),
        total_tokens: total.unwrap_or_else(|| input.saturating_add(output)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn usage(usage: &Value) -> Result<Option<(i64, i64, i64, i64)>, ()> {
        let raw = serde_json::value::to_raw_value(&json!({"usage": usage})).unwrap();
        let read = Response::read(Some(&raw)).usage()?;
        Ok(read.map(|(t, _)| {
            (
                t.input_tokens,
                t.cached_input_tokens,
                t.output_tokens,
                t.total_tokens,
            )
        }))
    }

    #[test]
    fn token_counts_are_read_number_by_number() {
        for (sent, expected) in [
            (
                json!({"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}),
                Ok(Some((3, 0, 2, 5))),
            ),
            (
                json!({"input_tokens": 3.0, "output_tokens": "2"}),
                Ok(Some((3, 0, 2, 5))),
            ),
            (
                json!({"input_tokens": null, "output_tokens": 2, "input_tokens_details": null}),
                Ok(Some((0, 0, 2, 2))),
            ),
            (
                json!({"input_tokens": 3, "input_tokens_details": {"cached_tokens": null}}),
                Ok(Some((3, 0, 0, 3))),
            ),
            (
                json!({"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}),
                Ok(Some((3, 1, 2, 5))),
            ),
            (
                json!({"input_tokens": -3, "output_tokens": u64::MAX}),
                Ok(Some((0, 0, 1 << 50, 1 << 50))),
            ),
            (json!(null), Ok(None)),
            (json!({}), Ok(None)),
            (json!({"input_tokens": "many"}), Err(())),
            (json!("many"), Err(())),
        ] {
            assert_eq!(usage(&sent), expected, "{sent}");
        }
    }

    #[test]
    fn everything_may_be_missing_or_something_else() {
        for raw in [
            "null",
            "{}",
            "7",
            "[]",
            r#"["id"]"#,
            r#"{"id":{},"status":7,"end_turn":"no","output":{}}"#,
        ] {
            let raw: Box<RawValue> = serde_json::from_str(raw).unwrap();
            let response = Response::read(Some(&raw));
            assert_eq!(response.end(End::Completed), End::Completed, "{raw}");
            assert_eq!((response.end_turn(), response.output().len()), (None, 0), "{raw}");
            assert_eq!(response.usage(), Ok(None), "{raw}");
            assert!(response.id.0.is_empty(), "{raw}");
        }
    }
}
