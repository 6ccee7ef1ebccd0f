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
mod account_limits;
mod account_login;
mod account_session;
mod account_tokens;
mod account_usage;
mod agents;
mod app;
mod approval;
mod attestation;
mod auth_status;
mod auto_review;
mod bedrock;
mod collaboration_mode;
mod command_exec;
mod commands;
mod config;
mod config_effects;
mod config_kinds;
mod config_layers;
mod config_requirements;
mod config_write;
mod demo;
mod dynamic_tool;
mod environment;
mod external_agent_config;
mod feature;
mod feedback;
mod file_change;
mod fs;
mod fuzzy_file_search;
mod gateway_oauth;
mod git_context;
mod history;
mod hooks;
mod hostile_folder;
mod hostile_server;
mod image_generation;
mod initialize;
mod listen;
mod marketplace;
mod mcp_server;
mod memory;
mod method_coverage;
mod mock;
mod model;
mod model_provider;
mod numbers;
mod orphans;
mod permission;
mod permission_pattern;
mod permission_profile;
mod plugin;
mod plugin_share;
mod process;
mod project;
mod remote_control;
mod review;
mod rollout;
mod rules;
mod rules_required;
mod sandbox_launcher;
mod server_diagnostics;
mod shutdown;
mod skills;
mod telemetry;
mod thread;
mod thread_attachment;
mod thread_command;
mod thread_compact;
mod thread_elicitation;
mod thread_goal;
mod thread_lifecycle;
mod thread_list;
mod thread_metadata;
mod thread_plan;
mod thread_queue;
mod thread_read;
mod thread_read_state;
mod thread_realtime;
mod thread_revert;
mod thread_sample;
mod thread_search;
mod thread_section;
mod thread_timeline;
mod thread_unstarted;
mod transport;
mod turn;
mod user_input;
mod user_verification;
mod view_image;
mod websocket;
mod windows_sandbox;
