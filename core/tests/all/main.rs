//! Tests of the engine through its boundary.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod auth;
mod auth_backend;
mod auth_device_login;
mod auth_login;
mod auth_login_listener;
mod auth_logout;
mod auth_parent;
#[path = "../../../tests/support/authority/mod.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "shared with the tests of the whole program"
)]
mod authority;
#[path = "../../../tests/support/browser.rs"]
#[expect(unreachable_pub, reason = "shared with the tests of the whole program")]
mod browser;
mod config;
mod conversation;
mod conversation_hostile;
mod conversation_sideband;
mod conversation_support;
mod exec;
#[path = "../../../tests/support/fifo.rs"]
#[expect(unreachable_pub, reason = "shared with the tests of the whole program")]
mod fifo;
mod history_compression;
mod history_formats;
mod history_fuzz;
mod history_hostile;
mod history_live;
mod history_log;
mod history_search;
mod history_store;
mod history_support;
mod history_torn;
mod history_user_data;
mod history_watch;
mod mock_model;
mod model_auth_command;
mod model_catalog;
mod model_hostile;
mod model_http;
mod model_support;
mod model_turn_state;
mod session;
mod session_context;
mod session_fault;
mod session_gateways;
mod session_probe;
mod session_stop;
mod websocket_fallback;
mod websocket_preconnect;
mod websocket_soak;
mod websocket_stream;
mod websocket_turn_state;

mod sandbox_at_home;
mod sandbox_command;
mod sandbox_escapes;
mod sandbox_support;

/// Shared with the benchmark.
#[path = "../../benches/rollouts/mod.rs"]
mod rollouts;
