//! Takes care that no child outlives us, however we end.
//!
//! A second process of our own program holds the reading end of a pipe. We tell it the process groups that we start;
//! when we end, even by SIGKILL, the pipe ends, and it ends those groups and what came out of them: the processes
//! below them, and those that carry our mark in their environment (a process that left its group and lost its
//! parent has nothing else that tells where it came from).

use std::collections::BTreeSet;
use std::io::{self, BufRead};
use std::process::ExitCode;
use std::time::Duration;

use super::descendants::end_all;
use super::group::Group;

/// The argument that makes the program a guard: see [`orphan_reaper_main`].
pub const ORPHAN_REAPER_ARGUMENT: &str = "--internal-exec-guard";

/// The variable that marks our children.
pub(super) const MARK: &str = "CODEX_EXEC_GUARD";

/// How long children may take to end after SIGTERM.
const GRACE: Duration = Duration::from_millis(300);

/// What the guard is told, one a line.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tell<'a> {
    /// The mark of our children.
    Mark(&'a str),
    /// A group is to end with us.
    Hold(Group),
    /// A group has ended.
    Release(Group),
}

impl Tell<'_> {
    pub(super) fn line(self) -> String {
        match self {
            Self::Mark(mark) => format!("={mark}\n"),
            Self::Hold(group) => format!("+{group}\n"),
            Self::Release(group) => format!("-{group}\n"),
        }
    }
}

/// The guard's whole life: reads what to guard on standard input; when that ends, ends it and returns. Runs without
/// the rest of the program: before threads, runtime or log.
pub fn orphan_reaper_main() -> ExitCode {
    let mut groups = BTreeSet::new();
    let mut mark = None;
    for line in io::stdin().lock().lines() {
        // What can't be read counts as the end.
        let Ok(line) = line else { break };
        if let Some(text) = line.strip_prefix('=') {
            mark = Some(format!("{MARK}={text}."));
        } else if let Some(Ok(group)) = line.strip_prefix('+').map(str::parse::<Group>) {
            groups.insert(group);
        } else if let Some(Ok(group)) = line.strip_prefix('-').map(str::parse::<Group>) {
            groups.remove(&group);
        }
    }
    end_all(&groups, mark.as_deref(), GRACE);
    ExitCode::SUCCESS
}
