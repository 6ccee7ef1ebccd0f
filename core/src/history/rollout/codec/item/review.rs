//! Shapes of reviews.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ItemBody, ReviewOutput, ReviewTarget};

/// A review's begin as an event of older files tells it.
pub(crate) fn entered_review(event: &Value) -> ItemBody {
    let review = event.get("user_facing_hint").and_then(Value::as_str);
    let target = event.get("target").unwrap_or(&Value::Null);
    ItemBody::EnteredReviewMode {
        review: review.map_or_else(|| hint(target), str::to_owned),
        target: ReviewTarget::deserialize(target).ok(),
    }
}

/// A review's end as an event of older files tells it.
pub(crate) fn exited_review(mut event: Value) -> ItemBody {
    let output = event.get_mut("review_output").map(Value::take);
    ItemBody::ExitedReviewMode {
        output: output.and_then(|output| serde_json::from_value(output).ok()),
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Entered<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Cow<'a, str>,
    #[serde(default)]
    pub(crate) target: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_facing_hint: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Exited<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Cow<'a, str>,
    #[serde(default)]
    pub(crate) review_output: Option<ReviewOutput>,
}

/// What a review is about, for files without a hint.
pub(crate) fn hint(target: &Value) -> String {
    ["instructions", "title", "branch", "sha"]
        .iter()
        .find_map(|key| target.get(key)?.as_str())
        .unwrap_or("current changes")
        .to_owned()
}
