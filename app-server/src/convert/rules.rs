//! Rules about commands.

use codex_app_server_protocol::{ConfigWarningNotification, TextPosition, TextRange};
use codex_core::exec_policy::RulesProblem;

/// Towards the client.
pub(crate) fn problem_to_wire(problem: &RulesProblem) -> ConfigWarningNotification {
    let place = match problem.line {
        Some(line) => format!("{}:{line}", problem.path.display()),
        None => problem.path.display().to_string(),
    };
    let position = |line| TextPosition {
        line: line as u64,
        column: 1,
    };
    ConfigWarningNotification {
        summary: format!("Invalid rules in {place}; what they allow does not hold."),
        details: Some(problem.to_string()),
        path: Some(problem.path.to_string_lossy().into_owned()),
        range: problem.line.map(|line| TextRange {
            start: position(line),
            end: position(line),
        }),
    }
}
