//! A child that another process has forked for us.

use std::io;
use std::process::ExitStatus;

use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};

use crate::sys::process::{Signal, ended_child, signal_process};

/// A child that we have not started. Ends when this is dropped.
#[derive(Debug)]
pub(crate) struct ForkedChild {
    id: i32,
    ended: Option<ExitStatus>,
}

impl ForkedChild {
    /// The child of this number, which nobody else waits for. Until it is waited for, the number stays its own.
    pub(super) fn new(id: u32) -> io::Result<Self> {
        let id = i32::try_from(id).ok().filter(|id| *id > 1);
        let id = id.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self { id, ended: None })
    }

    /// Its number; `None` once it was waited for.
    pub(super) fn id(&self) -> Option<u32> {
        let running = self.ended.is_none();
        running.then(|| self.id.cast_unsigned())
    }

    /// Resolves when it has ended. Can be asked again.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.ended {
            return Ok(status);
        }
        let status = end_of(self.id).await?;
        self.ended = Some(status);
        Ok(status)
    }
}

impl Drop for ForkedChild {
    fn drop(&mut self) {
        if self.ended.is_some() {
            return;
        }
        let _ = signal_process(self.id, Signal::Kill);
        // Somebody has to ask how it ended. Without a runtime we end, too, and others do.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(end_of(self.id));
        }
    }
}

async fn end_of(id: i32) -> io::Result<ExitStatus> {
    // Before the first look, so that no end is missed.
    let mut ends = signal(SignalKind::child())?;
    loop {
        if let Some(status) = ended_child(id)? {
            return Ok(status);
        }
        ends.recv().await;
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;
    use crate::sys::process::find_process;

    #[expect(clippy::zombie_processes, reason = "what is tested waits for it")]
    fn started(script: &str) -> u32 {
        let child = Command::new("/bin/sh")
            .args(["-c", script])
            .stdin(Stdio::null())
            .spawn()
            .expect("starts");
        child.id()
    }

    #[tokio::test]
    async fn tells_how_it_ended_as_often_as_it_is_asked() {
        let mut child = ForkedChild::new(started("exit 7")).expect("a child");
        assert_eq!(child.wait().await.expect("an end").code(), Some(7));
        assert_eq!(child.wait().await.expect("an end").code(), Some(7));
        assert_eq!(child.id(), None);
        let mut child = ForkedChild::new(started("kill -TERM $$")).expect("a child");
        assert_eq!(child.wait().await.expect("an end").signal(), Some(15));
    }

    #[tokio::test]
    async fn ends_and_leaves_no_zombie_when_it_is_dropped() {
        let id = started("exec sleep 600");
        drop(ForkedChild::new(id).expect("a child"));
        let gone = async {
            while find_process(id.cast_signed()).is_some() {
                tokio::task::yield_now().await;
            }
        };
        let waited = timeout(Duration::from_secs(20), gone).await;
        assert!(waited.is_ok(), "it is still there");
    }
}
