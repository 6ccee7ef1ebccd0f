//! How a connection ends.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::task::JoinHandle;

use super::reconnect;
use crate::client::handle::Client;
use crate::client::outgoing::Attachment;
use crate::client::transport::{Departure, MessageReader, framing};
use crate::server::Server;

/// How long the other side may take to close a socket after us. Until then what it sends is read and forgotten.
const LINGER: Duration = Duration::from_millis(500);

/// Codes that a WebSocket is closed with (RFC 6455 §7.4.1).
mod code {
    pub(super) const NORMAL: u16 = 1000;
    pub(super) const GOING_AWAY: u16 = 1001;
    pub(super) const PROTOCOL_ERROR: u16 = 1002;
    pub(super) const POLICY_VIOLATION: u16 = 1008;
}

/// A connection whose input has ended. What is pushed to it is still written.
pub(crate) struct Ending<R, W> {
    pub(super) client: Arc<Client>,
    pub(super) attachment: Attachment,
    pub(super) writer: JoinHandle<io::Result<W>>,
    pub(super) messages: MessageReader<R>,
    /// `None`: the server stops.
    pub(super) departure: Option<Departure>,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Ending<R, W> {
    /// Writes what waits, within this time, and forgets the connection; a client that may come back is remembered for a
    /// while.
    pub(crate) async fn finish(mut self, server: &Arc<Server>, within: Duration) {
        if !self.attachment.is_last() {
            self.writer.abort();
            return;
        }
        let may_come_back = match self.departure {
            None | Some(Departure::Left(Some(code::NORMAL))) => false,
            Some(_) => reconnect::park(server, &self.client, &self.attachment),
        };
        if may_come_back {
            self.say_goodbye().await;
            return;
        }
        reconnect::end_session(server, &self.client, Some(self.close_code()));
        let written = tokio::time::timeout(within, &mut self.writer).await;
        if written.is_err() {
            tracing::info!("the client did not read the last messages in time");
            self.writer.abort();
        }
        self.client.outgoing.discard();
        if self.departure != Some(Departure::Vanished) {
            // The stream of output is closed by now, but not dropped: that would close the other direction as well.
            let _ = tokio::time::timeout(LINGER, self.messages.drain()).await;
        }
    }

    /// Closes the WebSocket of a client that may come back, if it is still there.
    async fn say_goodbye(mut self) {
        let code = self.close_code();
        let goodbye = async {
            // It has nothing more to write, and ends unless it is stuck.
            if self.departure != Some(Departure::Vanished)
                && let Ok(Ok(mut output)) = (&mut self.writer).await
            {
                let mut close = Vec::new();
                framing::close(&mut close, code);
                output.write_all(&close).await?;
                output.shutdown().await?;
                self.messages.drain().await;
            }
            io::Result::Ok(())
        };
        let _ = tokio::time::timeout(LINGER, goodbye).await;
        self.writer.abort();
    }

    fn close_code(&self) -> u16 {
        match self.departure {
            None => code::GOING_AWAY,
            Some(Departure::Vanished) => code::NORMAL,
            Some(Departure::Left(code)) => code.unwrap_or(code::NORMAL),
            Some(Departure::Violated) => code::PROTOCOL_ERROR,
            Some(Departure::Stalled) => code::POLICY_VIOLATION,
        }
    }
}
