//! Questions to the model beside a thread: one request with the thread's history, of which the thread does not hear
//! (docs/contract/turns.md#samples).

use tokio_util::sync::CancellationToken;

use super::history::message;
use crate::model::{
    ContentItem, KnownItem, ModelClientSession, ModelError, Prompt, ResponseEvent, ResponseItem,
    RetryDecision,
};
use crate::outbox::Outbox;
use crate::{Error, Result, Sample, SampleRequest, TokenUsage};

/// Longest question, in bytes.
const MAX_PROMPT: usize = 4000;

/// A question that is about to be asked.
pub(crate) struct SampleJob {
    pub(crate) turn_id: String,
    pub(crate) question: String,
    /// Usable tokens of the model's window.
    pub(crate) window: i64,
    /// Without the history.
    pub(crate) prompt: Prompt,
    pub(crate) client: ModelClientSession,
    pub(crate) cancel: CancellationToken,
}

/// Whether this can be asked of the thread with this way out, whatever its turns do.
pub(crate) fn check(request: &SampleRequest, thread: &Outbox) -> Result<()> {
    let is_asked = !request.prompt.trim().is_empty() && request.prompt.len() <= MAX_PROMPT;
    if !is_asked || request.expected_turn_id.is_empty() {
        return Err(Error::invalid(
            "thread/sample requires expectedTurnId and a prompt of at most 4000 bytes",
        ));
    }
    if thread.log().path().is_none() {
        return Err(Error::invalid("sample source must be a persistent root thread"));
    }
    Ok(())
}

impl SampleJob {
    /// Asks, with this history.
    pub(crate) async fn run(self, history: Vec<ResponseItem>) -> Result<Sample> {
        let cancel = self.cancel.clone();
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Error::internal("sample canceled")),
            sample = self.ask(history) => sample,
        }
    }

    async fn ask(mut self, history: Vec<ResponseItem>) -> Result<Sample> {
        self.prompt.input = history;
        self.prompt.input.push(message("user", [self.question.clone()]));
        loop {
            match self.attempt().await {
                Ok(sample) => return Ok(sample),
                Err(error) => match self.client.on_failure(&error) {
                    RetryDecision::GiveUp(error) => return Err(Error::internal(error.message)),
                    RetryDecision::FallBack { .. } => {}
                    RetryDecision::Retry { delay, .. } => tokio::time::sleep(delay).await,
                },
            }
        }
    }

    async fn attempt(&mut self) -> Result<Sample, ModelError> {
        let mut stream = self.client.stream(&self.prompt).await?;
        let mut text: Option<String> = None;
        while let Some(event) = stream.next().await {
            match event? {
                ResponseEvent::ItemDone { item, .. } => text = said(&item).or(text),
                ResponseEvent::Completed {
                    response_id,
                    usage,
                    failure,
                    ..
                } => {
                    if let Some(failure) = failure {
                        return Err(*failure);
                    }
                    return Ok(Sample {
                        turn_id: self.turn_id.clone(),
                        response_id,
                        text,
                        usage: usage.map(TokenUsage::bounded),
                    });
                }
                _ => {}
            }
        }
        Err(ModelError::disconnected(
            "stream closed before response.completed",
        ))
    }
}

/// The text of a message of the model.
fn said(item: &ResponseItem) -> Option<String> {
    let ResponseItem::Known(KnownItem::Message { role, content, .. }) = item else {
        return None;
    };
    (role == "assistant").then(|| {
        let texts = content.iter().filter_map(|part| match part {
            ContentItem::OutputText { text, .. } => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    })
}
