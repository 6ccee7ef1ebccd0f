//! Tests of the real program: a child process, driven over its standard input and output.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test that panics has failed, as it should, and then says what it saw"
)]

#[path = "../support/mod.rs"]
mod support;

mod account;
mod account_embedding;
mod account_login;
mod account_tokens;
mod commands;
mod config;
mod demo;
mod feature;
mod history;
mod hostile_folder;
mod hostile_server;
mod models;
mod numbers;
mod orphans;
mod read_state;
mod shutdown;
mod telemetry;
mod thread_lifecycle;
mod thread_search;
mod thread_unstarted;
mod transport;
mod turns;
mod websocket;
