//! Lines about what a history takes up of the model's window: token counts, and compactions.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::Encoder;
use crate::history::Compaction;
use crate::model::ResponseItem;
use crate::{ThreadTokenUsage, TokenUsage};

impl Encoder {
    pub(super) fn usage(
        &mut self,
        out: &mut Vec<u8>,
        at: DateTime<Utc>,
        response_id: &str,
        usage: TokenUsage,
        turn: TokenUsage,
        thread: ThreadTokenUsage,
    ) {
        self.in_response = false;
        let record = self.usage_record(response_id, usage, turn, thread);
        self.line(out, at, "token_usage_record", &record, None);
        self.token_count(out, at, thread);
    }

    fn usage_record(
        &self,
        response_id: &str,
        usage: TokenUsage,
        turn: TokenUsage,
        thread: ThreadTokenUsage,
    ) -> Value {
        json!({
            "thread_id": self.thread_id,
            "turn_id": self.turn_id,
            "session_id": self.session_id,
            "root_turn_id": self.root_turn_id,
            "response_id": response_id,
            "usage": usage,
            "turn_token_usage": turn,
            "thread_token_usage": thread.total,
        })
    }

    pub(super) fn token_count(&mut self, out: &mut Vec<u8>, at: DateTime<Utc>, thread: ThreadTokenUsage) {
        let count = json!({
            "info": {
                "total_token_usage": thread.total,
                "last_token_usage": thread.last,
                "model_context_window": thread.model_context_window,
            },
            "rate_limits": null,
        });
        self.event(out, at, "token_count", &count);
    }

    /// The line of a compaction. What other programs keep of single messages beside the history is not kept by us, and
    /// said to be incomplete.
    pub(super) fn compacted(&mut self, out: &mut Vec<u8>, at: DateTime<Utc>, compaction: &Compaction) {
        #[derive(Serialize)]
        struct Compacted<'a> {
            message: &'a str,
            replacement_history: &'a [ResponseItem],
            replacement_history_metadata: Vec<Value>,
            retained_context: Value,
            window_number: u64,
            first_window_id: &'a str,
            previous_window_id: Option<&'a str>,
            window_id: &'a str,
            compaction_response_id: &'a str,
            latest_token_usage_record: Option<Value>,
            resume_metadata: Value,
        }
        self.in_response = false;
        self.at.sampled_through = self.at.sequence;
        let metadata = compaction.replacement_history.iter().map(|item| {
            self.at.sequence += 1;
            self.metadata(item)
        });
        let metadata: Vec<_> = metadata.collect();
        let window = &compaction.window;
        let usage = compaction.usage;
        let payload = Compacted {
            message: &compaction.message,
            replacement_history: &compaction.replacement_history,
            retained_context: json!({
                "verified_answers": [],
                "incomplete": true,
                "user_messages": [],
                "user_messages_incomplete": true,
                "assistant_messages": [],
                "assistant_messages_incomplete": true,
                "next_order": metadata.len(),
            }),
            replacement_history_metadata: metadata,
            window_number: window.number,
            first_window_id: &window.first_id,
            previous_window_id: window.previous_id.as_deref(),
            window_id: &window.id,
            compaction_response_id: &compaction.response_id,
            latest_token_usage_record: usage
                .map(|(usage, turn, thread)| self.usage_record(&compaction.response_id, usage, turn, thread)),
            resume_metadata: json!({
                "dynamic_tools": {"thread_id": self.thread_id, "tools": compaction.dynamic_tools},
                "multi_agent_version": null,
                "last_started_turn_id": self.turn_id,
                "turn_attribution": self.turn_attribution(),
                "previous_turn_settings": {
                    "model": compaction.model,
                    "comp_hash": compaction.comp_hash,
                    "realtime_active": false,
                },
            }),
        };
        self.line(out, at, "compacted", &payload, None);
    }
}
