//! Failures, warnings and other notices.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::turn_data::TurnError;

crate::rpc::methods! {
    notify ErrorNotice "error" (ErrorNotification), stable, "A request to the model failed.";
    notify Warning "warning" (WarningNotification), stable, "Something the user should know.";
    notify ConfigWarning "configWarning" (ConfigWarningNotification), stable, "Something is wrong with the configuration.";
    notify DeprecationNotice "deprecationNotice" (DeprecationNoticeNotification), stable, "Something the client did is deprecated.";
}

/// A request to the model failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorNotification {
    /// The thread.
    pub thread_id: String,
    /// The turn.
    pub turn_id: String,
    /// Why.
    pub error: TurnError,
    /// Whether it is tried again; if not, the turn fails.
    pub will_retry: bool,
}

/// Something that the user should know; nothing stops.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WarningNotification {
    /// The thread that it is about; null when it is about the server.
    pub thread_id: Option<String>,
    /// What it is.
    pub message: String,
}

/// Something is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigWarningNotification {
    /// One line about it, for people.
    pub summary: String,
    /// More about it, if there is more.
    pub details: Option<String>,
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Where in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<TextRange>,
}

/// A range of a text file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TextRange {
    /// Where it begins.
    pub start: TextPosition,
    /// Where it ends.
    pub end: TextPosition,
}

/// A place in a text file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TextPosition {
    /// Column, from 1.
    pub column: u64,
    /// Line, from 1.
    pub line: u64,
}

/// Something that the client did will stop to work one day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeprecationNoticeNotification {
    /// One line about it, for people.
    pub summary: String,
    /// More about it, if there is more.
    pub details: Option<String>,
}
