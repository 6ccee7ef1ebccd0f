//! Running the command of a hook.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::exec::{shell_flag, user_shell};
use crate::process::capture::{CaptureError, Limits};
use crate::process::launcher::{Launcher, Output, Variables};

/// The most that is read of a hook's output, and of its standard error, in bytes.
const MAX_OUTPUT: usize = 1 << 20;

/// A command that has ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) ending: Ending,
    /// Standard output.
    pub(super) output: String,
    /// Standard error.
    pub(super) errors: String,
}

/// How a command has ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With this exit code.
    Exited(i32),
    /// By a signal.
    Signalled,
    /// It was ended after so many seconds.
    TimedOut(u64),
    /// It could not be run to its end; the text says why.
    Broken(String),
}

/// Runs a command in the user's shell to its end, with all variables of ours and these, in a session of its own. What it leaves
/// running in its group is ended then; so is all of it when nobody waits for this any more.
pub(super) async fn run(
    command: &str,
    variables: &[(String, PathBuf)],
    folder: &Path,
    input: String,
    timeout: Duration,
) -> Ended {
    let arguments = [shell_flag(false), command];
    let launcher = Launcher::new(user_shell(), arguments, Variables::Inherited, Output::Separate)
        .in_folder(folder)
        .with_variables(variables)
        .with_input();
    let limits = Limits {
        time: timeout,
        output: MAX_OUTPUT,
    };
    let ending = match launcher.converse(input.into_bytes(), limits).await {
        Ok(captured) => {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            return Ended {
                ending: captured.status.code().map_or(Ending::Signalled, Ending::Exited),
                output: text(&captured.output),
                errors: text(&captured.errors),
            };
        }
        Err(CaptureError::TooSlow(limit)) => Ending::TimedOut(limit.as_secs()),
        Err(CaptureError::TooLong(limit)) => Ending::Broken(format!("hook printed more than {limit} bytes")),
        Err(CaptureError::Start(error)) => Ending::Broken(format!("hook could not be started: {error}")),
        Err(error) => Ending::Broken(format!("hook failed: {error}")),
    };
    Ended {
        ending,
        output: String::new(),
        errors: String::new(),
    }
}
