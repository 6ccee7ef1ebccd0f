//! Talking to a model server: the Responses API over HTTP (server-sent events) and over WebSocket.
//!
//! A [`ModelClient`] lives as long as its thread: provider, account, connection and fallback state. A
//! [`ModelClientSession`] lives as long as one turn and holds what must not outlive it, such as the turn state.

mod built_in_models;
mod catalog;
mod client;
mod compression;
mod connector;
mod event_parser;
mod events;
mod failure;
mod fingerprint;
mod headers;
mod http;
mod items;
mod model_info;
mod models_endpoint;
pub(crate) mod network;
mod preconnect;
mod provider;
mod provider_auth;
mod rate_limits;
mod request;
mod retry;
mod setup;
mod sse;
mod turn_log;
mod turn_metadata;
mod usage_limit;
mod web_search;
mod websocket;

pub use catalog::ModelCatalog;
pub use client::{
    ModelClient, ModelClientOptions, ModelClientSession, Prompt, ResponseStream, RetryDecision, TurnIdentity,
};
pub use event_parser::EventParser;
pub use events::{ModelError, ResponseEvent};
pub use items::{ContentItem, FunctionOutput, KnownItem, ReasoningContent, ResponseItem, SummaryPart};
pub use model_info::{
    InputModality, ModelInfo, ModelUpgrade, ReasoningLevel, ServiceTier, ShellType, TruncationMode,
    TruncationPolicy, Visibility, WebSearchKind,
};
pub use provider::{AuthCommand, Provider};
pub use rate_limits::{CreditsSnapshot, RateLimitSnapshot, RateLimitWindow, SpendLimit};
pub use sse::SseDecoder;
pub use turn_metadata::{CompactionMetadata, ThreadLineage};
pub(crate) use web_search::web_search_tool;
