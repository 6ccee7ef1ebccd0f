//! `request_user_input`: asks the user questions (docs/contract/items-and-approvals.md#questions-to-the-user).

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{CallContext, Tool, ToolCall, ToolEnd, arguments};
use crate::{ModeKind, UserQuestion, UserQuestionOption};

/// Asks the user questions, and waits for the answers.
#[derive(Debug)]
pub(crate) struct RequestUserInput {
    /// In every mode; else in plan mode only.
    pub(crate) in_every_mode: bool,
}

#[derive(Debug, Deserialize)]
struct Arguments {
    questions: Vec<Question>,
}

#[derive(Debug, Deserialize)]
struct Question {
    id: String,
    #[serde(default)]
    header: String,
    #[serde(rename = "question")]
    text: String,
    #[serde(rename = "isSecret", default)]
    is_secret: bool,
    #[serde(default)]
    options: Vec<Choice>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    label: String,
    #[serde(default)]
    description: String,
}

impl Tool for RequestUserInput {
    fn name(&self) -> &'static str {
        "request_user_input"
    }

    fn spec(&self) -> Value {
        let text = |description: &str| json!({"type": "string", "description": description});
        let option = json!({
            "type": "object",
            "properties": {
                "label": text("A few words to choose by."),
                "description": text("What follows from the choice, in one sentence."),
            },
            "required": ["label", "description"],
            "additionalProperties": false,
        });
        let question = json!({
            "type": "object",
            "properties": {
                "id": text("A name for the answer, such as `database`, unique in this call."),
                "header": text("One or two words above the question."),
                "question": text("The question, one sentence."),
                "options": {
                    "type": "array",
                    "items": option,
                    "description": "Two or three answers that exclude each other, the one you would choose first. \
                        The user may always answer in other words.",
                },
            },
            "required": ["id", "header", "question", "options"],
            "additionalProperties": false,
        });
        let when = if self.in_every_mode {
            ""
        } else {
            " Only in plan mode."
        };
        json!({
            "type": "function",
            "name": self.name(),
            "description": format!(
                "Asks the user up to three short questions and waits for the answers. Use it for decisions that only \
                 the user can make.{when}"
            ),
            "strict": false,
            "parameters": {
                "type": "object",
                "properties": {
                    "questions": {
                        "type": "array",
                        "items": question,
                        "description": "The questions; one is best.",
                    },
                },
                "required": ["questions"],
                "additionalProperties": false,
            },
        })
    }

    fn runs_alone(&self) -> bool {
        true
    }

    fn run(&self, cx: CallContext, call: ToolCall) -> BoxFuture<'_, ToolEnd> {
        async move {
            if !self.in_every_mode && cx.settings.collaboration_mode != ModeKind::Plan {
                return ToolEnd::text("request_user_input is unavailable in Default mode");
            }
            match arguments(&call) {
                Ok(arguments) => ask(cx, &call.call_id, arguments).await,
                Err(end) => end,
            }
        }
        .boxed()
    }
}

async fn ask(cx: CallContext, call_id: &str, arguments: Arguments) -> ToolEnd {
    let questions: Vec<UserQuestion> = arguments.questions.into_iter().map(Into::into).collect();
    if questions.is_empty() {
        return ToolEnd::text("request_user_input needs at least one question");
    }
    if questions.iter().any(|question| question.options.is_empty()) {
        return ToolEnd::text(
            "request_user_input needs answers to choose from (`options`) for each question",
        );
    }
    let answers = tokio::select! {
        biased;
        () = cx.cancel.cancelled() => return ToolEnd::text("aborted by user"),
        answers = cx.outbox.ask_user(&cx.turn_id, call_id, questions) => answers,
    };
    // An answer that can't be read is none.
    let answers: Map<String, Value> = answers
        .unwrap_or_default()
        .into_iter()
        .map(|(id, answers)| (id, json!({ "answers": answers })))
        .collect();
    cx.record
        .succeeded(ToolEnd::text(json!({ "answers": answers }).to_string()))
}

impl From<Question> for UserQuestion {
    fn from(question: Question) -> Self {
        let options = question.options.into_iter().map(|choice| UserQuestionOption {
            label: choice.label,
            description: choice.description,
        });
        Self {
            id: question.id,
            header: question.header,
            question: question.text,
            is_secret: question.is_secret,
            options: options.collect(),
        }
    }
}
