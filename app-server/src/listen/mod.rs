//! Clients that come over sockets (docs/contract/connection.md#network-transports). Each has a connection as the one over
//! standard input and output is; what differs is how its messages are framed, and that a slow one is cut off at last.
//!
//! Where to look:
//!
//! * what `--listen` says: `address`
//! * who may connect: `auth`, and `auth::signed_token`
//! * health, refusals and the upgrade to WebSocket: `http`; connections that have not come so far: `handshakes`
//! * TCP and its banner: `tcp`; the control socket: `unix`
//! * standard input and output in front of that socket: `proxy`

mod address;
mod auth;
mod handshakes;
mod http;
mod proxy;
mod tcp;
mod unix;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::client::transport::MessageReader;
use crate::client::transport::stdio::{Input, Output};
use crate::connection;
use crate::server::Server;
use crate::{RENEWAL_END, THREADS_END};

pub use address::{Address, AddressError};
pub use auth::{AuthError, AuthMode, AuthOptions};
use handshakes::{Handshakes, Place};
use http::{Duplex, Gate};
pub use proxy::{ProxyError, proxy};
use unix::ControlSocket;

/// WebSockets that are open at the same time, at most.
const MAX_CONNECTIONS: usize = 4096;

/// How long a connection may take to become a WebSocket.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Time until the next try when no connection can be taken, for instance because there are no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long turns that run may take to end after a signal. A second signal ends them at once.
const DRAIN: Duration = Duration::from_secs(300);

/// How long requests that were read before a signal may take to be answered: a turn that they begin is waited for.
const LAST_REQUESTS: Duration = Duration::from_secs(1);

/// Time between two looks whether they are.
const DRAIN_LOOK: Duration = Duration::from_millis(10);

/// How long the last messages may take to be written at the end.
const LAST_MESSAGES: Duration = Duration::from_secs(1);

/// Why nothing can be listened to.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// No transport at all.
    #[error("no transport configured; use --listen or enable remote control")]
    Nothing,
    /// Strangers could connect.
    #[error(
        "refusing to start non-loopback websocket listener {0} without auth; configure --ws-auth capability-token or \
         --ws-auth signed-bearer-token, or listen on 127.0.0.1"
    )]
    OpenToAll(SocketAddr),
    /// Another daemon listens.
    #[error("app-server control socket is already in use at {0}")]
    InUse(PathBuf),
    /// The system refuses.
    #[error("cannot listen on {0}: {1}")]
    Bind(String, #[source] io::Error),
    /// The options about authentication do not fit.
    #[error(transparent)]
    Auth(#[from] AuthError),
}

/// A socket that is listened to.
pub struct Listener {
    socket: Socket,
    gate: Arc<Gate>,
    handshakes: Arc<Handshakes>,
}

enum Socket {
    Tcp(TcpListener),
    Unix(ControlSocket),
}

/// A connection, with its address if it has one.
type Accepted = (Box<dyn Duplex>, Option<IpAddr>);

impl Listener {
    /// Listens on this address, and says so on standard error if it is one of TCP. Call it within a tokio runtime.
    pub async fn bind(address: Address, auth: &AuthOptions, codex_home: &Path) -> Result<Self, ListenError> {
        let policy = auth.policy()?;
        let (socket, policy) = match address {
            Address::WebSocket(address) => {
                let listener = tcp::bind(address, policy.is_open()).await?;
                (Socket::Tcp(listener), policy)
            }
            Address::Unix(path) => {
                let path = path.unwrap_or_else(|| unix::default_path(codex_home));
                (Socket::Unix(unix::bind(&path).await?), auth::Policy::Open)
            }
            Address::Stdio | Address::Off => return Err(ListenError::Nothing),
        };
        if let Socket::Tcp(listener) = &socket
            && let Err(error) = tcp::announce(listener)
        {
            tracing::warn!(%error, "the address could not be told on standard error");
        }
        let gate = Gate {
            policy,
            is_unix: matches!(socket, Socket::Unix(_)),
            places: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
        };
        Ok(Self {
            socket,
            gate: Arc::new(gate),
            handshakes: Arc::default(),
        })
    }

    /// The next connection, with its place among those that are no WebSocket yet.
    async fn accept(&self) -> (Box<dyn Duplex>, Place) {
        let mut told = false;
        loop {
            let accepted: io::Result<Option<Accepted>> = match &self.socket {
                Socket::Tcp(listener) => listener.accept().await.map(|(stream, peer)| {
                    tcp::set_up(&stream);
                    Some((Box::new(stream) as Box<dyn Duplex>, Some(peer.ip())))
                }),
                Socket::Unix(socket) => socket.listener.accept().await.map(|(stream, _)| {
                    unix::is_ours(&stream).then(|| (Box::new(stream) as Box<dyn Duplex>, None))
                }),
            };
            match accepted {
                Ok(Some((stream, peer))) => return (stream, self.handshakes.enter(peer)),
                Ok(None) => {
                    tracing::warn!("a process of another user was turned away from the control socket");
                }
                Err(error) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::warn!(%error, "a connection could not be taken; trying again");
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// Serves all clients that connect until `stop` resolves. Then no more work is taken, turns that run may end (for five
/// minutes at most), what they told is written, connections are closed, and the server ends.
pub async fn serve(server: &Arc<Server>, listener: Listener, stop: impl Future<Output = ()>) {
    let connections = TaskTracker::new();
    let end = CancellationToken::new();
    let serving = async {
        loop {
            let (stream, handshake_place) = listener.accept().await;
            let (server, gate, end) = (Arc::clone(server), Arc::clone(&listener.gate), end.clone());
            connections.spawn(serve_stream(server, stream, gate, handshake_place, end));
        }
    };
    tokio::select! {
        () = serving => {}
        () = async {
            stop.await;
            drain(server).await;
        } => {}
    }
    end.cancel();
    connections.close();
    let threads = async {
        // Connections first: nothing is told any more by threads that are ended.
        if tokio::time::timeout(2 * LAST_MESSAGES, connections.wait())
            .await
            .is_err()
        {
            tracing::info!("some clients did not read the last messages in time");
        }
        server.shutdown(THREADS_END).await;
    };
    tokio::join!(server.auth.finish_renewal(RENEWAL_END), threads);
}

/// Takes no more work, and waits for that which was taken.
async fn drain(server: &Server) {
    server.engine.drain();
    // To wait for all slots at once would take those that are free from requests that are still answered.
    let answered = async {
        while server.socket_slots.available_permits() < crate::server::SOCKET_SLOTS {
            tokio::time::sleep(DRAIN_LOOK).await;
        }
    };
    let _ = tokio::time::timeout(LAST_REQUESTS, answered).await;
    let running = server.running_turns.count();
    if running == 0 {
        return;
    }
    tracing::info!(
        running,
        "waiting for turns to end; another signal ends them at once"
    );
    if tokio::time::timeout(DRAIN, server.running_turns.none())
        .await
        .is_err()
    {
        tracing::warn!("turns did not end in time and are interrupted");
    }
}

async fn serve_stream(
    server: Arc<Server>,
    stream: Box<dyn Duplex>,
    gate: Arc<Gate>,
    handshake_place: Place,
    end: CancellationToken,
) {
    let given_up = handshake_place.given_up();
    let handshake = Box::pin(async {
        tokio::select! {
            opened = tokio::time::timeout(HANDSHAKE, http::handshake(stream, &gate)) => opened.ok().flatten(),
            () = given_up.cancelled() => None,
            () = end.cancelled() => None,
        }
    });
    let Some(opened) = handshake.await else { return };
    let (input, output) = tokio::io::split(opened.stream);
    let (input, output): (Input, Output) = (Box::new(input), Box::new(output));
    let client = server.subscriptions.connect_as(Some(opened.identity));
    client.hold_until_initialized(handshake_place);
    let messages = MessageReader::frames(input, opened.read_already);
    let stop = async {
        tokio::select! {
            () = end.cancelled() => {}
            () = given_up.cancelled() => {}
        }
    };
    let ending = connection::serve(&server, client, messages, output, stop).await;
    drop(opened.place);
    ending.finish(&server, LAST_MESSAGES).await;
}
