//! Children that are run for what they print.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::{sleep, sleep_until, timeout};

use super::launcher::{Launched, Launcher};
use super::remaining_output::RemainingOutput;
use super::stdio::ChildOutput;
use crate::sys::process::Signal;

/// Bytes of one read at most.
const READ: usize = 8 * 1024;

/// How long a group that was killed may take to end.
const KILL_TIME: Duration = Duration::from_secs(2);

/// Time between two looks whether it has.
const KILL_LOOK: Duration = Duration::from_millis(5);

/// What a child may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// From its start to its end.
    pub(crate) time: Duration,
    /// Bytes that it may print.
    pub(crate) output: usize,
}

/// Why there is no output.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CaptureError {
    /// It could not be started.
    #[error("it could not be started: {0}")]
    Start(io::Error),
    /// It took too long.
    #[error("it took longer than {} ms", .0.as_millis())]
    TooSlow(Duration),
    /// It printed too much.
    #[error("it printed more than {0} bytes")]
    TooLong(usize),
    /// It ended, but not well.
    #[error("it failed: {0}")]
    Failed(ExitStatus),
    /// The system does not tell what became of it.
    #[error("it could not be followed: {0}")]
    Lost(io::Error),
}

impl Launcher {
    /// Runs it to its end, and gives what it printed. Whatever it left running in its group is ended then, as it is
    /// when it breaks a limit or nobody waits for this any more.
    pub(crate) async fn capture(self, limits: Limits) -> Result<Vec<u8>, CaptureError> {
        let captured = self.converse(Vec::new(), limits).await?;
        if captured.status.success() {
            Ok(captured.output)
        } else {
            Err(CaptureError::Failed(captured.status))
        }
    }

    /// As [`Launcher::capture`], with what it gets as input, if it has one; it need not read it. Gives what it printed
    /// as [`Output::Separate`](super::launcher::Output), too, and ends well whatever its exit code.
    pub(crate) async fn converse(self, input: Vec<u8>, limits: Limits) -> Result<Captured, CaptureError> {
        let mut launched = self.spawn().map_err(CaptureError::Start)?;
        timeout(limits.time, launched.exchange(&input, limits.output))
            .await
            .unwrap_or(Err(CaptureError::TooSlow(limits.time)))
    }
}

impl Launcher {
    /// As [`Launcher::converse`] without input, until `given_up` resolves; `Err` is what that gives. When that happens, or a
    /// limit is broken, waits until nothing of the child's group lives any more, if only for a moment: what it has worked
    /// on is left as it is.
    pub(crate) async fn converse_until<E>(
        self,
        limits: Limits,
        given_up: impl Future<Output = E>,
    ) -> Result<Result<Captured, CaptureError>, E> {
        let mut launched = match self.spawn() {
            Ok(launched) => launched,
            Err(error) => return Ok(Err(CaptureError::Start(error))),
        };
        let result = tokio::select! {
            captured = timeout(limits.time, launched.exchange(&[], limits.output)) => {
                Ok(captured.unwrap_or(Err(CaptureError::TooSlow(limits.time))))
            }
            error = given_up => Err(error),
        };
        if !matches!(result, Ok(Ok(_))) {
            launched.kill().await;
        }
        result
    }
}

/// What a child has printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Captured {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// Its standard output.
    pub(crate) output: Vec<u8>,
    /// Its standard error.
    pub(crate) errors: Vec<u8>,
}

impl Launched {
    /// Ends the group, and waits until it has ended, [`KILL_TIME`] at most.
    async fn kill(&mut self) {
        let group = self.group.group();
        group.signal(Signal::Kill);
        let ended = async {
            // Whoever has been waited for has ended, too.
            let _ = self.child.wait().await;
            while group.may_have_members() {
                sleep(KILL_LOOK).await;
            }
        };
        if timeout(KILL_TIME, ended).await.is_err() {
            tracing::warn!("a child has not ended in time though it was killed");
        }
    }

    async fn exchange(&mut self, input: &[u8], limit: usize) -> Result<Captured, CaptureError> {
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let (mut from_output, mut from_errors) = (vec![0; READ], vec![0; READ]);
        let mut output_open = true;
        let mut errors_open = self.errors.is_some();
        let mut ended: Option<(ExitStatus, RemainingOutput)> = None;
        let stdin = self.input.take();
        let write = async {
            if let Some(mut stdin) = stdin {
                // It may end, or close its input, before it has read everything.
                let _ = stdin.write(input).await;
            }
        };
        tokio::pin!(write);
        let mut writing = true;
        while output_open || errors_open || ended.is_none() {
            let until = ended.as_ref().map(|(_, rest)| rest.until());
            let stderr = &mut self.errors;
            let (length, of_output) = tokio::select! {
                biased;
                status = self.child.wait(), if ended.is_none() => {
                    let status = status.map_err(CaptureError::Lost)?;
                    ended = Some((status, RemainingOutput::of(output_open.then_some(&self.output))));
                    continue;
                }
                length = self.output.read(&mut from_output), if output_open => {
                    (length.map_err(CaptureError::Lost)?, true)
                }
                length = read_from(stderr, &mut from_errors), if errors_open => {
                    (length.map_err(CaptureError::Lost)?, false)
                }
                () = &mut write, if writing => {
                    writing = false;
                    continue;
                }
                () = sleep_until(until.unwrap_or_else(tokio::time::Instant::now)), if until.is_some() => break,
            };
            if of_output {
                output_open = length > 0;
                output.extend_from_slice(&from_output[..length]);
            } else {
                errors_open = length > 0;
                errors.extend_from_slice(&from_errors[..length]);
            }
            if output.len().max(errors.len()) > limit {
                return Err(CaptureError::TooLong(limit));
            }
            if let Some((_, rest)) = &mut ended {
                rest.read(if of_output { length } else { 0 });
                if !errors_open && rest.is_over() {
                    break;
                }
            }
        }
        match ended {
            Some((status, _)) => Ok(Captured {
                status,
                output,
                errors,
            }),
            None => Err(CaptureError::Lost(io::Error::other("it has no exit status"))),
        }
    }
}

async fn read_from(from: &mut Option<ChildOutput>, buffer: &mut [u8]) -> io::Result<usize> {
    match from {
        Some(from) => from.read(buffer).await,
        None => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::launcher::{Output, Variables};

    const LIMITS: Limits = Limits {
        time: Duration::from_secs(10),
        output: 1000,
    };

    async fn run(script: &str, limits: Limits) -> Result<String, CaptureError> {
        let launcher = Launcher::new("/bin/sh", ["-c", script], Variables::Inherited, Output::Stdout);
        let output = launcher.capture(limits).await?;
        Ok(String::from_utf8(output).expect("text"))
    }

    /// Waits until a process is gone, at most 10 s.
    async fn ends(id: &str) {
        let id = id.trim().parse().expect("a number");
        let gone = async {
            while crate::sys::process::is_alive(id) {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(10), gone).await.expect("it ends");
    }

    #[tokio::test]
    async fn gives_what_was_printed_though_a_child_in_the_background_holds_the_pipe() {
        let output = run("sleep 60 & echo $!; echo no >&2", LIMITS)
            .await
            .expect("output");
        ends(&output).await;
    }

    #[tokio::test]
    async fn limits_are_kept_and_nothing_is_left_running() {
        let folder = tempfile::tempdir().expect("a folder");
        let pid = folder.path().join("pid");
        let script = format!("sleep 60 & echo $! > {}; cat /dev/zero", pid.display());
        let error = run(&script, LIMITS).await.expect_err("too much");
        assert_eq!(error.to_string(), "it printed more than 1000 bytes");
        ends(&std::fs::read_to_string(&pid).expect("a file")).await;

        let script = format!(
            "sleep 60 & echo $! > {0}.new; mv {0}.new {0}; wait",
            pid.display()
        );
        std::fs::remove_file(&pid).expect("removed");
        let short = Limits {
            time: Duration::from_millis(1500),
            ..LIMITS
        };
        let error = run(&script, short).await.expect_err("too slow");
        assert_eq!(error.to_string(), "it took longer than 1500 ms");
        ends(&std::fs::read_to_string(&pid).expect("a file")).await;

        let error = run("exit 3", LIMITS).await.expect_err("failed");
        assert_eq!(error.to_string(), "it failed: exit status: 3");
    }

    #[tokio::test]
    async fn who_is_given_up_has_ended_when_that_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let grows = folder.path().join("grows");
        let script = format!("(while :; do echo x >> {0}; done) & wait", grows.display());
        let launcher = Launcher::new("/bin/sh", ["-c", &script], Variables::Inherited, Output::Separate);
        let size = || std::fs::metadata(&grows).map_or(0, |metadata| metadata.len());
        let large = async {
            while size() < 100 {
                tokio::task::yield_now().await;
            }
        };
        assert!(launcher.converse_until(LIMITS, large).await.is_err());
        let then = size();
        sleep(Duration::from_millis(30)).await;
        assert_eq!(size(), then, "nobody writes any more");
    }

    #[tokio::test]
    async fn there_is_no_terminal_and_no_input() {
        let script =
            "cat; (exec 3<>/dev/tty) 2>/dev/null && echo terminal; cut -d' ' -f6 /proc/$$/stat; echo $$";
        let output = run(script, LIMITS).await.expect("output");
        let words: Vec<_> = output.split_whitespace().collect();
        assert_eq!(words.len(), 2, "{output}");
        assert_eq!(words[0], words[1], "leads its session");
    }

    async fn converse(script: &str, input: usize) -> Result<(Option<i32>, usize, String), CaptureError> {
        let launcher = Launcher::new("/bin/sh", ["-c", script], Variables::Inherited, Output::Separate);
        let captured = launcher.with_input().converse(vec![b'x'; input], LIMITS).await?;
        let errors = String::from_utf8(captured.errors).expect("text");
        Ok((captured.status.code(), captured.output.len(), errors))
    }

    #[tokio::test]
    async fn a_child_may_read_its_input_or_not() {
        const LARGE: usize = 10 << 20;
        for (script, expected) in [
            ("wc -c | tr -d ' \\n'; echo no >&2; exit 3", (Some(3), 8, "no\n")),
            ("exit 0", (Some(0), 0, "")),
            ("exec <&-; echo closed", (Some(0), 7, "")),
            ("head -c 10", (Some(0), 10, "")),
            ("kill -9 $$", (None, 0, "")),
        ] {
            let (code, length, errors) = converse(script, LARGE).await.expect("it ends");
            assert_eq!((code, length, errors.as_str()), expected, "{script}");
        }
    }

    #[tokio::test]
    async fn endless_output_of_either_kind_ends_it() {
        for script in ["cat /dev/zero", "cat /dev/zero >&2"] {
            let error = converse(script, 0).await.expect_err("too much");
            assert_eq!(error.to_string(), "it printed more than 1000 bytes", "{script}");
        }
    }
}
