//! Tests of the engine through its boundary.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod config;
mod history_log;
mod mock_model;
mod model_http;
mod model_support;
