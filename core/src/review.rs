//! Reviews of changes: what is reviewed, and what the reviewer answers (docs/contract/agents.md#review).

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::{Error, Field, Result};

/// How much of a commit's hash is shown, in characters.
const SHORT_SHA: usize = 7;

/// What stands in the place of a review that did not come to a result.
const NO_REVIEW: &str = "Reviewer failed to output a response.";

/// What is reviewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ReviewTarget {
    /// Everything that is not committed: staged, not staged, untracked.
    UncommittedChanges,
    /// What the present branch would bring into another one.
    BaseBranch {
        /// The other branch.
        branch: String,
    },
    /// What one commit changed.
    Commit {
        /// Its hash, whole or the first part of it.
        sha: String,
        /// The first line of its message, to be shown.
        title: Option<String>,
    },
    /// What the user describes.
    Custom {
        /// In their words.
        instructions: String,
    },
}

impl ReviewTarget {
    /// The same without blanks around its words. An error if there is nothing left.
    pub fn checked(self) -> Result<Self> {
        let filled = |text: String, field| match text.trim() {
            "" => Err(Error::Empty(field)),
            text => Ok(text.to_owned()),
        };
        Ok(match self {
            Self::UncommittedChanges => Self::UncommittedChanges,
            Self::BaseBranch { branch } => Self::BaseBranch {
                branch: filled(branch, Field::Branch)?,
            },
            Self::Commit { sha, title } => Self::Commit {
                sha: filled(sha, Field::Sha)?,
                title: title.and_then(|title| filled(title, Field::Sha).ok()),
            },
            Self::Custom { instructions } => Self::Custom {
                instructions: filled(instructions, Field::Instructions)?,
            },
        })
    }

    /// What is reviewed, for the user, in a few words.
    pub fn hint(&self) -> String {
        match self {
            Self::UncommittedChanges => "current changes".into(),
            Self::BaseBranch { branch } => format!("changes against '{branch}'"),
            Self::Commit { sha, title } => {
                let short: String = sha.chars().take(SHORT_SHA).collect();
                match title {
                    Some(title) => format!("commit {short}: {title}"),
                    None => format!("commit {short}"),
                }
            }
            Self::Custom { instructions } => instructions.clone(),
        }
    }
}

/// What a reviewer found. Members that can't be read count as absent: a model wrote them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReviewOutput {
    /// Faults, the gravest first.
    #[serde(deserialize_with = "findings")]
    pub findings: Vec<ReviewFinding>,
    /// `patch is correct` or `patch is incorrect`.
    #[serde(deserialize_with = "lenient")]
    pub overall_correctness: String,
    /// Why, in one to three sentences.
    #[serde(deserialize_with = "lenient")]
    pub overall_explanation: String,
    /// How sure the reviewer is, from 0 to 1.
    #[serde(deserialize_with = "lenient")]
    pub overall_confidence_score: f64,
}

/// A fault that a reviewer found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReviewFinding {
    /// What is wrong, in one line.
    #[serde(deserialize_with = "lenient")]
    pub title: String,
    /// Why, and when it happens.
    #[serde(deserialize_with = "lenient")]
    pub body: String,
    /// How sure the reviewer is, from 0 to 1.
    #[serde(deserialize_with = "lenient")]
    pub confidence_score: f64,
    /// From 0, the gravest, to 3.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
    /// Where.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub code_location: Option<CodeLocation>,
}

/// Lines of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CodeLocation {
    /// The file.
    #[serde(deserialize_with = "lenient")]
    pub absolute_file_path: String,
    /// Its lines.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub line_range: Option<LineRange>,
}

/// The first and the last line, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineRange {
    /// First line.
    pub start: u64,
    /// Last line.
    pub end: u64,
}

impl ReviewOutput {
    /// Reads a reviewer's answer: JSON, perhaps with words around it. Any other text is the review as it is.
    pub fn parse(answer: &str) -> Self {
        let answer = answer.trim();
        let inner = answer
            .find('{')
            .zip(answer.rfind('}'))
            .and_then(|(start, end)| answer.get(start..=end));
        [Some(answer), inner]
            .into_iter()
            .flatten()
            .find_map(Self::from_json)
            .unwrap_or_else(|| Self {
                overall_explanation: answer.to_owned(),
                ..Self::default()
            })
    }

    fn from_json(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let is_review = value.get("findings").is_some_and(Value::is_array)
            || value.get("overall_explanation").is_some_and(Value::is_string);
        is_review.then(|| serde_json::from_value(value).ok())?
    }

    /// The review as text: the explanation, then each finding with its place.
    pub fn text(&self) -> String {
        let mut text = self.overall_explanation.trim().to_owned();
        if self.findings.is_empty() {
            return text;
        }
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(if self.findings.len() == 1 {
            "Review comment:"
        } else {
            "Full review comments:"
        });
        for finding in &self.findings {
            text.push_str("\n\n- ");
            text.push_str(finding.title.trim());
            if let Some(place) = finding.code_location.as_ref().and_then(CodeLocation::text) {
                text.push_str(" — ");
                text.push_str(&place);
            }
            for line in finding.body.trim().lines() {
                text.push_str("\n  ");
                text.push_str(line);
            }
        }
        text
    }

    /// The text of a review, or of its failure.
    pub fn text_of(output: Option<&Self>) -> String {
        output.map_or_else(|| NO_REVIEW.to_owned(), Self::text)
    }
}

impl CodeLocation {
    fn text(&self) -> Option<String> {
        let path = self.absolute_file_path.trim();
        if path.is_empty() {
            return None;
        }
        Some(match self.line_range {
            Some(LineRange { start, end }) => format!("{path}:{start}-{end}"),
            None => path.to_owned(),
        })
    }
}

/// What has another shape than expected counts as absent.
fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: for<'a> Deserialize<'a> + Default,
{
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// Findings; what is none is left out.
fn findings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ReviewFinding>, D::Error> {
    let Value::Array(values) = Value::deserialize(deserializer)? else {
        return Ok(Vec::new());
    };
    let read = values
        .into_iter()
        .filter_map(|value| serde_json::from_value(value).ok());
    Ok(read.collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn finding(title: &str, body: &str, start: u64) -> Value {
        json!({"title": title, "body": body, "confidence_score": 0.9, "priority": 1,
            "code_location": {"absolute_file_path": "/w/a.rs", "line_range": {"start": start, "end": start + 1}}})
    }

    #[test]
    fn a_review_is_rendered_with_its_findings() {
        let one =
            json!({"findings": [finding("[P1] Bad", "It is.\nReally.", 3)], "overall_explanation": "Look."});
        assert_eq!(
            ReviewOutput::parse(&format!("Here:\n```json\n{one}\n```")).text(),
            "Look.\n\nReview comment:\n\n- [P1] Bad — /w/a.rs:3-4\n  It is.\n  Really."
        );
        let two =
            json!({"findings": [finding("A", "a", 1), finding("B", "b", 5)], "overall_explanation": ""});
        assert_eq!(
            ReviewOutput::parse(&two.to_string()).text(),
            "Full review comments:\n\n- A — /w/a.rs:1-2\n  a\n\n- B — /w/a.rs:5-6\n  b"
        );
        assert_eq!(ReviewOutput::parse(" just words ").text(), "just words");
        assert_eq!(
            ReviewOutput::parse(r#"{"findings":[],"overall_explanation":"Fine."}"#).text(),
            "Fine."
        );
    }

    #[test]
    fn members_in_another_shape_cost_themselves_only() {
        let odd = json!({"findings": [7, {"title": "A", "body": 3, "priority": "P1", "code_location":
            {"absolute_file_path": "/w/a", "line_range": "1-2"}}], "overall_explanation": "E",
            "overall_confidence_score": "high"});
        assert_eq!(
            ReviewOutput::parse(&odd.to_string()).text(),
            "E\n\nReview comment:\n\n- A — /w/a"
        );
        assert_eq!(ReviewOutput::parse(r#"{"a":1}"#).text(), r#"{"a":1}"#);
    }

    #[test]
    fn targets_are_checked_and_hinted_at() {
        let commit = |sha: &str, title: Option<&str>| ReviewTarget::Commit {
            sha: sha.into(),
            title: title.map(Into::into),
        };
        let hint = |target: ReviewTarget| target.checked().unwrap().hint();
        assert_eq!(hint(commit("9b3ba3c1234", Some("Fix"))), "commit 9b3ba3c: Fix");
        assert_eq!(hint(commit(" 9b3ba3c1234 ", Some(" "))), "commit 9b3ba3c");
        assert_eq!(
            hint(ReviewTarget::Custom {
                instructions: " look ".into()
            }),
            "look"
        );
        let empty = ReviewTarget::BaseBranch { branch: " ".into() };
        assert_eq!(empty.checked(), Err(Error::Empty(Field::Branch)));
    }

    proptest! {
        #[test]
        fn any_answer_is_a_review(answer in ".*") {
            let output = ReviewOutput::parse(&answer);
            let json = serde_json::to_value(&output).unwrap();
            prop_assert_eq!(serde_json::from_value::<ReviewOutput>(json).unwrap(), output);
        }
    }
}
