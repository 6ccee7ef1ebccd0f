//! The user's program that runs after each turn (docs/contract/turns.md#notify).

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::process::capture::Limits;
use crate::process::launcher::{Launcher, Output, Variables};

/// What such a program may take. It is for a sound or a message; nobody reads what it prints.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(60),
    output: 64 << 10,
};

/// What the program is told, as JSON in its last argument.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "agent-turn-complete", rename_all = "kebab-case")]
pub(super) struct TurnComplete<'a> {
    pub(super) thread_id: &'a str,
    pub(super) turn_id: &'a str,
    pub(super) cwd: &'a Path,
    /// Name of the client.
    pub(super) client: Option<&'a str>,
    /// What the user said.
    pub(super) input_messages: &'a [String],
    pub(super) last_assistant_message: Option<&'a str>,
}

/// Runs the program in the background. What goes wrong is for the log.
pub(super) fn notify(program: &[String], told: &TurnComplete<'_>) {
    let Some((command, arguments)) = program.split_first() else {
        return;
    };
    let Ok(json) = serde_json::to_string(told) else {
        return;
    };
    let arguments: Vec<String> = arguments.iter().cloned().chain([json]).collect();
    // The user has set it up as they would run it themselves, so it gets their environment.
    let mut launcher = Launcher::new(command, &arguments, Variables::Inherited, Output::Both);
    if told.cwd.is_dir() {
        launcher = launcher.in_folder(told.cwd);
    }
    let command = command.clone();
    tokio::spawn(async move {
        if let Err(why) = launcher.capture(LIMITS).await {
            tracing::warn!(command, %why, "the program of `notify` failed");
        }
    });
}
