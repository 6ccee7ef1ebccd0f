//! Talking to a model server: the Responses API over HTTP (server-sent events) and over WebSocket.
//!
//! A [`ModelClient`] lives as long as its thread: provider, account, connection and fallback state. A
//! [`ModelClientSession`] lives as long as one turn and holds what must not outlive it, such as the turn state.

mod client;
mod events;
mod items;
mod provider;
mod rate_limits;

pub use client::{
    ModelClient, ModelClientOptions, ModelClientSession, Prompt, ResponseStream, RetryDecision, TurnIdentity,
};
pub use events::{ModelError, ResponseEvent};
pub use items::{ContentItem, FunctionOutput, KnownItem, ReasoningContent, ResponseItem, SummaryPart};
pub use provider::Provider;
pub use rate_limits::{CreditsSnapshot, RateLimitSnapshot, RateLimitWindow, SpendLimit};
