//! The engine of codex-app-server: threads, turns and items; model transport; tools; accounts; history.
//!
//! The boundary is small. An [`Engine`] starts, resumes and finds threads. A [`ThreadHandle`] takes an [`Op`]; the
//! thread's actor carries it out and tells what happens as [`Event`]s to the [`EventSink`] that the engine was
//! given. Answers travel as a [`Reply`], called by the actor at the very point of the event order where the answer
//! belongs.
//!
//! This crate knows nothing of JSON-RPC; `codex-app-server` converts.

// A turn's future, inside of its spans, is nested deeper than the compiler follows by itself.
#![recursion_limit = "256"]

pub(crate) mod agents;
mod approval_review;
pub mod auth;
mod aws_profiles;
pub mod backend;
mod busy;
mod char_boundary;
pub mod client_files;
mod collab_item;
pub mod config;
mod deferred_tools;
mod derived_file;
mod dynamic_tools;
mod engine;
mod error;
mod event;
mod exec;
pub mod exec_policy;
pub mod external_agent;
pub mod external_file;
pub mod features;
pub mod feedback;
pub mod file_search;
mod file_stamp;
pub mod file_watch;
pub mod git;
mod goal;
mod goal_tracker;
pub mod hex;
pub mod history;
mod home_lock;
mod hook_run;
mod hooks;
mod ids;
mod image_data;
mod instructions;
mod item;
pub mod mcp;
mod mcp_event;
pub mod memory;
pub mod mock_model;
pub mod model;
pub(crate) mod net;
mod one_line;
mod op;
pub(crate) mod outbox;
mod patch;
mod permissions;
pub mod plugins;
pub mod process;
mod profile_rules;
mod project;
mod project_doc;
mod realtime;
mod realtime_item;
mod review;
mod safety;
pub mod sandbox;
pub(crate) mod secret;
mod session;
mod settings;
pub mod skills;
mod sys;
pub mod telemetry;
pub mod test_support;
mod thread_info;
mod tool_schema;
mod tool_spec;
mod tools;
mod turn;
pub mod url_redaction;
mod xml;
mod yaml;

pub use agents::is_path_agent;
pub use approval_review::{
    ApprovalReview, Assessment, AssessmentOutcome, ReviewStatus, ReviewedAction, RiskLevel, UserAuthorization,
};
pub use aws_profiles::{
    AwsCredentials, AwsProfile, aws_credentials_of_environment, aws_profiles, aws_region_of_environment,
};
pub use collab_item::*;
pub use dynamic_tools::{DynamicTools, DynamicToolsError};
pub use engine::{
    Engine, EngineOptions, ForkThread, ResumeThread, ResumedThread, RevertedThread, StartThread,
    StartedThread, ThreadHandle,
};
pub use error::{
    DatabaseProblem, Error, Field, Holder, LoginKind, Media, Result, SandboxSetting, SectionOperation,
    ThreadOperation, TurnOperation,
};
pub use event::*;
pub use exec::{
    BackgroundTerminal, CapturedOutput, ClientCommand, ClientCommandError, LocalMachine, ProcessControl,
    ProcessControlError, ProcessControlled, ProcessExit, ProcessSink, ProcessStream, TerminalSize,
};
pub use goal::{Goal, GoalPatch, GoalStatus};
pub use hook_run::*;
pub use ids::{ThreadId, new_id, new_request_id, now_ms, now_s};
pub use item::*;
pub use mcp_event::*;
pub use op::*;
pub use permissions::*;
pub use profile_rules::{DenyPattern, ProfileRules, ReadableOnly};
pub use project::*;
pub use realtime::{default_realtime_voice, realtime_voices};
pub use realtime_item::*;
pub use review::*;
pub use settings::*;
pub use thread_info::*;
pub use tool_spec::ToolSpec;
pub use turn::*;

/// Release of the contract with clients that this engine speaks; sent as the client version to model servers.
pub const CONTRACT_VERSION: &str = "0.171.0";
