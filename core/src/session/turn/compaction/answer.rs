//! The request for a summary, and what comes back.

use serde_json::json;

use super::super::Turn;
use crate::instructions;
use crate::model::{
    CompactionMetadata, ContentItem, KnownItem, ModelError, Prompt, ResponseEvent, ResponseItem,
};
use crate::net::client::network;
use crate::session::history::message;
use crate::session::inbox::StreamInterrupt;
use crate::{Event, TokenUsage};

/// A response to a request for a summary.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) response_id: String,
    pub(super) usage: Option<TokenUsage>,
    /// Text of the last finished message.
    pub(super) text: String,
    /// Text of all messages as it came in, for servers that finish none.
    pub(super) streamed: String,
    pub(super) sealed: Vec<ResponseItem>,
    pub(super) items: usize,
}

impl Turn<'_> {
    /// Sends the history from an item on, with the demand for a summary, and takes the answer.
    pub(super) async fn ask_for_summary(
        &mut self,
        prompt: &mut Prompt,
        start: usize,
        remote: bool,
        why: &CompactionMetadata,
    ) -> Result<Answer, StreamInterrupt> {
        let mut older = self.session.history.take_items();
        prompt.input = older.split_off(start.min(older.len()));
        prompt.input.push(if remote {
            ResponseItem::Other(json!({"type": "compaction_trigger"}))
        } else {
            let own = self.services.config.compact_prompt.as_deref();
            message("user", [own.unwrap_or(instructions::COMPACT).to_owned()])
        });
        let opening = self.client.stream_compaction(prompt, why.clone());
        let opened = self.inbox.uninterrupted(opening).await;
        prompt.input.pop();
        older.append(&mut prompt.input);
        self.session.history.restore_items(older);
        for warning in network().take_warnings() {
            self.services.outbox.emit(Event::Warning(warning));
        }
        let opened = opened?.map_err(|error| StreamInterrupt::Failed(Box::new(error)));
        let mut stream = opened.map_err(|mut cut| {
            self.take_limits(&mut cut);
            cut
        })?;
        // As clients of the contract release know it: the counts before those of the summary.
        if !remote && self.session.usage.any() {
            self.tell_usage();
        }
        let mut answer = Answer::default();
        loop {
            let event = match self.inbox.uninterrupted(stream.next()).await? {
                Some(Ok(event)) => event,
                Some(Err(mut error)) => {
                    self.limits.append(&mut error.rate_limits);
                    return Err(StreamInterrupt::Failed(Box::new(error)));
                }
                None => {
                    let error = ModelError::disconnected("stream closed before response.completed");
                    return Err(StreamInterrupt::Failed(Box::new(error)));
                }
            };
            match event {
                ResponseEvent::TextDelta { delta, .. } => answer.streamed.push_str(&delta),
                ResponseEvent::ItemDone { item, .. } => {
                    // As in the contract release, a sealed summary is not told.
                    if !remote {
                        self.session.history.tell_aside(&item);
                    }
                    answer.take(item);
                }
                ResponseEvent::Completed {
                    response_id,
                    usage,
                    usage_as_sent,
                    failure,
                    ..
                } => {
                    if let Some(failure) = failure {
                        return Err(StreamInterrupt::Failed(failure));
                    }
                    answer.usage = usage.map(TokenUsage::bounded);
                    let history = &mut self.session.history;
                    history.response_completed(&response_id, usage, usage_as_sent);
                    answer.response_id = response_id;
                    return Ok(answer);
                }
                aside => self.event_aside(aside),
            }
        }
    }
}

impl Answer {
    fn take(&mut self, item: ResponseItem) {
        self.items += 1;
        match item {
            ResponseItem::Known(KnownItem::Message { content, .. }) => {
                let text: String = content.iter().filter_map(ContentItem::said).collect();
                if !text.trim().is_empty() {
                    self.text = text;
                }
            }
            ResponseItem::Other(value) if value["type"] == "compaction" => {
                self.sealed.push(ResponseItem::Other(value));
            }
            _ => {}
        }
    }
}
