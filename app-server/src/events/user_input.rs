//! Questions of the model to the user (docs/contract/items-and-approvals.md#questions-to-the-user).

use codex_app_server_protocol::{
    ToolRequestUserInput, ToolRequestUserInputOption, ToolRequestUserInputParams,
    ToolRequestUserInputQuestion,
};
use codex_core::{ThreadId, UserInputRequest, UserQuestion};

use super::delivery::Delivery;

/// Asks those who watch the thread. After a refusal to answer, or an answer that is not understood, there is none.
pub(super) fn ask(delivery: &impl Delivery, thread: ThreadId, request: UserInputRequest) {
    let params = ToolRequestUserInputParams {
        thread_id: thread.to_string(),
        turn_id: request.turn_id.to_string(),
        item_id: request.call_id,
        questions: request.questions.into_iter().map(question).collect(),
        is_blocking: true,
        auto_resolution_ms: None,
    };
    let answer = request.answer;
    delivery.ask::<ToolRequestUserInput>(thread, request.request, &params, move |reply| match reply {
        Ok(response) => {
            let answers = response.answers.into_iter();
            // The turn may be over.
            drop(answer.send(answers.map(|(id, answer)| (id, answer.answers)).collect()));
        }
        Err(error) => tracing::warn!(%error, "questions to the user got no answer"),
    });
}

fn question(question: UserQuestion) -> ToolRequestUserInputQuestion {
    let options = question
        .options
        .into_iter()
        .map(|option| ToolRequestUserInputOption {
            label: option.label,
            description: option.description,
        });
    ToolRequestUserInputQuestion {
        id: question.id,
        header: question.header,
        question: question.question,
        is_other: true,
        is_secret: question.is_secret,
        options: Some(options.collect()),
    }
}
