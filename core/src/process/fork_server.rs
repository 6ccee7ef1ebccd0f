//! Children that are forked from a process that has started before: what a start costs is paid once.

use std::io;
use std::os::fd::AsFd;

use tokio::io::AsyncReadExt;

use super::child::Child;
use super::forked_child::ForkedChild;
use super::launcher::{Launcher, guarded};
use super::orphan_reaper_client;
use super::waiting_child::{WaitingChild, control_socket, send_files};

/// A process of our own program that forks when it is asked. Ends when this is dropped.
#[derive(Debug)]
pub(crate) struct ForkServer(WaitingChild);

impl ForkServer {
    /// Starts one. It takes bytes with a socket on its standard input; for each, it forks a child of ours that has the
    /// socket as its standard input, leads a session, and says its number there, in four bytes.
    pub(crate) fn start(launcher: Launcher) -> io::Result<Self> {
        launcher.spawn_waiting().map(Self)
    }

    /// Has a child forked. To be run to its end: a child that nobody knows of is a zombie for ever.
    pub(crate) async fn fork(&self, request: u8) -> io::Result<WaitingChild> {
        let (mut control, theirs) = control_socket()?;
        send_files(&self.0.control, &[request], &[theirs.as_fd()]).await?;
        drop(theirs);
        let child = Child::Forked(ForkedChild::new(control.read_u32_le().await?)?);
        Ok(WaitingChild {
            group: guarded(&child)?,
            child,
            mark: orphan_reaper_client::mark(),
            control,
        })
    }
}
