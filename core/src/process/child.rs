//! A child, however it came to be.

use std::io;
use std::process::ExitStatus;

use super::forked_child::ForkedChild;

/// A child of ours. Ends when this is dropped.
#[derive(Debug)]
pub(crate) enum Child {
    /// We have started it.
    Started(tokio::process::Child),
    /// A fork server has forked it for us.
    Forked(ForkedChild),
}

impl Child {
    /// Its process number; `None` once it was waited for.
    pub(crate) fn id(&self) -> Option<u32> {
        match self {
            Self::Started(child) => child.id(),
            Self::Forked(child) => child.id(),
        }
    }

    /// Resolves when it has ended. Can be asked again.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        match self {
            Self::Started(child) => child.wait().await,
            Self::Forked(child) => child.wait().await,
        }
    }
}
