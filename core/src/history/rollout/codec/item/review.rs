//! Shapes of reviews.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ItemBody;

/// A review's begin as an event of older files tells it.
pub(crate) fn entered_review(event: &Value) -> ItemBody {
    let review = event.get("user_facing_hint").and_then(Value::as_str);
    ItemBody::EnteredReviewMode {
        review: review.map_or_else(
            || hint(event.get("target").unwrap_or(&Value::Null)),
            str::to_owned,
        ),
    }
}

/// A review's end as an event of older files tells it.
pub(crate) fn exited_review(mut event: Value) -> ItemBody {
    let output = event.get_mut("review_output").map(Value::take);
    let output = output.and_then(|o| serde_json::from_value::<ReviewOutput>(o).ok());
    ItemBody::ExitedReviewMode {
        review: output.map_or_else(String::new, |o| o.text()),
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

#[derive(Serialize, Deserialize)]
pub(crate) struct ReviewOutput {
    #[serde(default)]
    pub(crate) findings: Vec<Value>,
    #[serde(default)]
    pub(crate) overall_correctness: String,
    #[serde(default)]
    pub(crate) overall_explanation: String,
    #[serde(default)]
    pub(crate) overall_confidence_score: f64,
}

impl ReviewOutput {
    /// The review as text: the explanation, then each finding with its place.
    pub(crate) fn text(&self) -> String {
        let mut text = self.overall_explanation.trim().to_owned();
        for finding in &self.findings {
            let word = |key: &str| finding.get(key).and_then(Value::as_str).unwrap_or_default();
            let place = finding.get("code_location").map_or_else(String::new, |at| {
                let path = at
                    .get("absolute_file_path")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let line = |key: &str| {
                    at.get("line_range")
                        .and_then(|r| r.get(key))
                        .and_then(Value::as_i64)
                };
                match (line("start"), line("end")) {
                    (Some(start), Some(end)) => format!(" — {path}:{start}-{end}"),
                    _ => format!(" — {path}"),
                }
            });
            text.push_str("\n\n- ");
            text.push_str(word("title"));
            text.push_str(&place);
            for line in word("body").lines() {
                text.push_str("\n  ");
                text.push_str(line);
            }
        }
        text
    }
}

/// What a review is about, for files without a hint.
pub(crate) fn hint(target: &Value) -> String {
    ["instructions", "title", "branch", "sha"]
        .iter()
        .find_map(|key| target.get(key)?.as_str())
        .unwrap_or("current changes")
        .to_owned()
}
