//! The one place where a thread's WebSocket waits for its next request: opened ahead of the first turn, and kept
//! between turns.
//!
//! A small task keeps the connection while nobody uses it: it answers pings and notices the end, so that a turn
//! never starts on a dead connection. The slot is idle, in flight or ready; a request takes what is there.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use opentelemetry::KeyValue;
use tokio::sync::oneshot;
use tracing::Instrument;

use super::TurnIdentity;
use super::auth_recovery::AuthRecoveryListener;
use super::client::{Shared, lock};
use super::turn_metadata::{RequestIdentity, RequestKind};
use super::websocket::{ConnectFailure, Connection, connect_websocket};
use crate::git::GitProbe;
use crate::telemetry;

/// Holds at most one connection, or the attempt at one.
#[derive(Debug, Default)]
pub(super) struct PreconnectSlot {
    /// How to ask for it. `None` is idle. Locked for moments only.
    kept: Mutex<Option<Ask>>,
    /// When a preconnect began that no turn has asked for yet.
    began: Mutex<Option<Instant>>,
}

/// A keeper gives up its connection to the sender that it gets. When this is dropped, it closes the connection.
type Ask = oneshot::Sender<oneshot::Sender<Connection>>;
type Asked = oneshot::Receiver<oneshot::Sender<Connection>>;

impl PreconnectSlot {
    /// Starts to open a connection, unless there is one. It sends nothing.
    pub(super) fn preconnect(&self, shared: &Arc<Shared>, look: GitProbe) {
        let mut kept = lock(&self.kept);
        if kept.as_ref().is_some_and(|ask| !ask.is_closed()) {
            return;
        }
        let (ask, asked) = oneshot::channel();
        tokio::spawn(open(Arc::clone(shared), look, asked).in_current_span());
        *kept = Some(ask);
        *lock(&self.began) = Some(Instant::now());
    }

    /// Keeps a connection for the next request.
    pub(super) fn keep(&self, connection: Connection) {
        let (ask, asked) = oneshot::channel();
        tokio::spawn(hold(connection, asked));
        *lock(&self.kept) = Some(ask);
    }

    /// Takes the connection; one in flight is waited for, which ends with the connect time-out at the latest. `None`:
    /// there is none, or it has failed or died.
    pub(super) async fn adopt(&self) -> Option<Connection> {
        let began = lock(&self.began).take();
        let connection = self.take().await;
        if let Some(began) = began {
            let status = if connection.is_some() {
                "consumed"
            } else {
                "failed"
            };
            let status = [KeyValue::new("status", status)];
            telemetry::duration(
                "codex.startup_prewarm.age_at_first_turn_ms",
                began.elapsed(),
                &status,
            );
        }
        connection
    }

    async fn take(&self) -> Option<Connection> {
        let ask = lock(&self.kept).take()?;
        let (give, given) = oneshot::channel();
        ask.send(give).ok()?;
        given.await.ok()
    }

    /// Whether there is a connection; one in flight is waited for. It stays.
    pub(super) async fn settled(&self) -> bool {
        match self.take().await {
            Some(connection) => {
                self.keep(connection);
                true
            }
            None => false,
        }
    }

    /// Waits for the end of what is kept.
    pub(super) async fn ended(&self) {
        let kept = lock(&self.kept).take();
        if let Some(mut ask) = kept {
            ask.closed().await;
            *lock(&self.kept) = Some(ask);
        }
    }

    /// Lets go of what is there. An attempt is broken off, a connection closed.
    pub(super) fn clear(&self) {
        lock(&self.kept).take();
    }
}

async fn open(shared: Arc<Shared>, look: GitProbe, mut asked: Asked) {
    let started = Instant::now();
    // Whoever asks meanwhile gets the connection as soon as it is there.
    let mut waiting = None;
    let result = {
        let connecting = handshake(&shared, &look);
        tokio::pin!(connecting);
        loop {
            tokio::select! {
                result = &mut connecting => break result,
                ask = &mut asked, if waiting.is_none() => match ask {
                    Ok(give) => waiting = Some(give),
                    Err(_) => return,
                },
            }
        }
    };
    let status = [KeyValue::new(
        "status",
        if result.is_ok() { "ready" } else { "failed" },
    )];
    telemetry::duration("codex.startup_prewarm.duration_ms", started.elapsed(), &status);
    match result {
        Ok(connection) => {
            // From here on nothing of the thread is needed, so its end closes the connection.
            drop(shared);
            match waiting {
                Some(give) => drop(give.send(connection)),
                None => hold(connection, asked).await,
            }
        }
        Err(ConnectFailure::UpgradeRequired) => {
            shared.fall_back("the server wants HTTP");
        }
        Err(ConnectFailure::Failed(error)) => {
            tracing::info!(
                reason = ?error.error.kind,
                "no model connection could be opened ahead of the first turn"
            );
        }
    }
}

async fn handshake(shared: &Shared, look: &GitProbe) -> Result<Connection, ConnectFailure> {
    let workspaces = look.in_time().await;
    let nobody = TurnIdentity::default();
    let identity = RequestIdentity::new(
        shared,
        &nobody,
        &RequestKind::Preconnect,
        None,
        workspaces.as_ref(),
    )
    .map_err(ConnectFailure::failed)?;
    // No turn waits that could be told.
    connect_websocket(shared, &identity, None, &AuthRecoveryListener::default()).await
}

async fn hold(mut connection: Connection, mut asked: Asked) {
    tokio::select! {
        ask = &mut asked => match ask {
            Ok(give) if connection.is_alive() => drop(give.send(connection)),
            Ok(_) => tracing::debug!("the connection has just ended"),
            Err(_) => connection.close().await,
        },
        why = connection.end_of_idleness() => tracing::debug!("the connection ended while idle: {why}"),
    }
}
