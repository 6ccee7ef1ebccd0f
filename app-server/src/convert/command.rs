//! Commands: what they do, who started them, how they stand.

use codex_app_server_protocol as wire;
use codex_app_server_protocol::LegacyAppPathString;
use codex_core::{CallStatus, CommandAction, CommandSource};

/// Towards the client.
pub(crate) fn action_to_wire(action: CommandAction) -> wire::CommandAction {
    match action {
        CommandAction::Read { command, name, path } => wire::CommandAction::Read {
            command,
            name,
            path: LegacyAppPathString::from(path.as_path()),
        },
        CommandAction::ListFiles { command, path } => wire::CommandAction::ListFiles { command, path },
        CommandAction::Search { command, query, path } => {
            wire::CommandAction::Search { command, path, query }
        }
        CommandAction::Unknown { command } => wire::CommandAction::Unknown { command },
    }
}

/// Towards the client.
pub(crate) fn source_to_wire(source: CommandSource) -> wire::CommandExecutionSource {
    match source {
        CommandSource::Agent => wire::CommandExecutionSource::Agent,
        CommandSource::UserShell => wire::CommandExecutionSource::UserShell,
        CommandSource::UnifiedExecStartup => wire::CommandExecutionSource::UnifiedExecStartup,
        CommandSource::UnifiedExecInteraction => wire::CommandExecutionSource::UnifiedExecInteraction,
    }
}

/// Towards the client.
pub(crate) fn status_to_wire(status: CallStatus) -> wire::CommandExecutionStatus {
    match status {
        CallStatus::InProgress => wire::CommandExecutionStatus::InProgress,
        CallStatus::Completed => wire::CommandExecutionStatus::Completed,
        CallStatus::Failed => wire::CommandExecutionStatus::Failed,
        CallStatus::Declined => wire::CommandExecutionStatus::Declined,
    }
}

/// An argument vector as one line that a shell would split into it again.
pub(crate) fn line(command: &[String]) -> String {
    shlex::try_join(command.iter().map(String::as_str)).unwrap_or_else(|_| command.join(" "))
}
