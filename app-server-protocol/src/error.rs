//! Errors as they travel: codes, and data that programs read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The line is not JSON, or not UTF-8 (JSON-RPC 2.0 §5.1).
pub const PARSE_ERROR: i64 = -32700;
/// Not a request, or one that cannot be granted as things stand.
pub const INVALID_REQUEST: i64 = -32600;
/// No such method, or the operation does not exist for this kind of thread.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// The parameters do not fit the method.
pub const INVALID_PARAMS: i64 = -32602;
/// Something broke on our side.
pub const INTERNAL_ERROR: i64 = -32603;
/// Too much at once on a network transport; try again later.
pub const OVERLOADED: i64 = -32001;

/// Every code that a client may meet, with a short name for documents.
pub const CODES: &[(i64, &str)] = &[
    (PARSE_ERROR, "The line is not JSON"),
    (
        INVALID_REQUEST,
        "The request is malformed or cannot be granted now",
    ),
    (METHOD_NOT_FOUND, "The method does not exist"),
    (INVALID_PARAMS, "The parameters do not fit the method"),
    (INTERNAL_ERROR, "Something broke inside the server"),
    (OVERLOADED, "The server is busy; try again later"),
];

/// The `error` member of a failed answer (JSON-RPC 2.0 §5.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "JSONRPCErrorError")]
pub struct ErrorObject {
    /// What kind of error, one of [`CODES`].
    pub code: i64,
    /// What happened and what can be done about it, for people.
    pub message: String,
    /// Details for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

impl ErrorObject {
    /// An error without data.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    /// Adds data; what cannot be written as JSON is left out.
    #[must_use]
    pub fn with_data(mut self, data: &impl Serialize) -> Self {
        self.data = serde_json::to_value(data).ok();
        self
    }
}

impl std::fmt::Display for ErrorObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for ErrorObject {}

/// Error data of a text input that is too long (docs/contract/connection.md#error-codes).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InputTooLargeData {
    /// Always `input_too_large`.
    pub input_error_code: InputErrorCode,
    /// The most that is taken, in characters.
    pub max_chars: u64,
    /// What was sent, in characters.
    pub actual_chars: u64,
}

/// Why an input was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InputErrorCode {
    /// Longer than `max_chars`.
    InputTooLarge,
}

impl InputTooLargeData {
    /// The refusal of an input of `actual_chars` characters where `max_chars` are allowed.
    pub fn error(max_chars: u64, actual_chars: u64) -> ErrorObject {
        ErrorObject::new(
            INVALID_PARAMS,
            format!("Input exceeds the maximum length of {max_chars} characters."),
        )
        .with_data(&Self {
            input_error_code: InputErrorCode::InputTooLarge,
            max_chars,
            actual_chars,
        })
    }
}
