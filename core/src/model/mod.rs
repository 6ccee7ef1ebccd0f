//! Talking to a model server: the Responses API over HTTP (server-sent events) and over WebSocket.
//!
//! A [`ModelClient`] lives as long as its thread: provider, account, connection and fallback state. A
//! [`ModelClientSession`] lives as long as one turn and holds what must not outlive it, such as the turn state.
//!
//! How a thread uses it:
//!
//! ```text
//! client.preconnect(folders)                       when the thread is started, resumed or forked
//! session = client.turn(identity)                  when a turn starts
//! stream = session.stream(&prompt).await           for each request; stream.next() until it is complete
//! session.on_success()                             after a complete answer
//! session.on_failure(&error)                       after a failure: retry, fall back to HTTP, or give up
//! session.stream_compaction(&prompt, why).await    a request that sums up the history
//! client.start_window()                            after a compaction
//! ```
//!
//! Where to look:
//!
//! * who and where: `setup` (account and address of a request), `provider_auth`, `auth_recovery`, `headers`
//! * what is sent: `prompt`, `request` (the body), `sent_item`, `turn_metadata`, `compression`, `web_search`
//! * how it travels: `http`, `http_stream`, `whole_answer` and `sse`; `websocket`, `preconnect` (the connection between
//!   requests), `fingerprint` (what the server has already); TCP, TLS and proxies are in `crate::net`
//! * what comes back: `event_parser` with `event_metadata`, `output_items` (which item an event is about) and
//!   `completion` and `event_end` (how a response ends), `events`, `response`, `rate_limits`
//! * items: `items`, `item_reader` and, for what a model sends, `output_reader`; `lenient` (broken JSON), `pairing`
//!   (calls and their outputs), `item_size` (how long they are), `message_origin` (which of them the user wrote)
//! * what goes wrong: `failure` (codes), `status_failure` (statuses), `api_error`, `redact_addresses`, `usage_limit`,
//!   `retry`, `retry_after`
//! * what a thread sends beside its turns: `side_channel`
//! * what a turn's requests cost, for the log and metrics: `turn_log`
//! * the models: `catalog`, `model_info`, `built_in_models`, `models_endpoint`

mod api_error;
mod auth_recovery;
mod built_in_models;
mod catalog;
mod client;
mod completion;
mod compression;
mod event_end;
mod event_metadata;
mod event_parser;
mod events;
mod failure;
mod fingerprint;
mod headers;
mod http;
mod http_stream;
mod item_reader;
pub(crate) mod item_size;
mod items;
mod lenient;
pub(crate) mod message_origin;
mod model_info;
mod models_endpoint;
mod output_items;
mod output_reader;
pub(crate) mod pairing;
mod preconnect;
mod prompt;
mod provider_auth;
mod rate_limits;
mod redact_addresses;
mod request;
mod response;
mod retry;
mod retry_after;
mod sent_item;
mod setup;
pub(crate) mod side_channel;
mod sse;
mod status_failure;
mod turn;
mod turn_log;
mod turn_metadata;
mod usage_limit;
mod web_search;
mod websocket;
mod whole_answer;

pub(crate) use auth_recovery::{AuthRecovery, AuthRecoveryListener};
pub use catalog::ModelCatalog;
pub(crate) use catalog::read_own;
pub use client::{ModelClient, ModelClientOptions};
pub use event_parser::EventParser;
pub use events::{ModelError, ResponseEvent};
pub use items::{ContentItem, Extra, FunctionOutput, KnownItem, ReasoningContent, ResponseItem, SummaryPart};
pub use model_info::{
    InputModality, ModelInfo, ModelUpgrade, ReasoningLevel, ServiceTier, ShellType, TruncationMode,
    TruncationPolicy, Visibility, WebSearchKind,
};
pub use prompt::{Prompt, TurnIdentity};
pub use rate_limits::{CreditsSnapshot, RateLimitSnapshot, RateLimitWindow, SpendLimit};
pub use response::ResponseStream;
pub use sse::SseDecoder;
pub use turn::{ModelClientSession, RetryDecision};
pub use turn_metadata::{CompactionMetadata, ContextWindow, ThreadLineage};
pub(crate) use web_search::web_search_tool;
