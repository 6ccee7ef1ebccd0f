//! WebSockets over TCP.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpStream};

use super::ListenError;

/// After this time without a sign of life, the other side is asked for one, and again after [`KEEPALIVE_PAUSE`].
const KEEPALIVE_AFTER: Duration = Duration::from_secs(30);

/// Time between two questions.
const KEEPALIVE_PAUSE: Duration = Duration::from_secs(10);

/// Questions without an answer, after which the connection is broken.
const KEEPALIVE_COUNT: u32 = 3;

/// Listens on this address. `is_open`: everybody may connect.
pub(super) async fn bind(address: SocketAddr, is_open: bool) -> Result<TcpListener, ListenError> {
    if is_open && !address.ip().to_canonical().is_loopback() {
        return Err(ListenError::OpenToAll(address));
    }
    TcpListener::bind(address)
        .await
        .map_err(|error| ListenError::Bind(format!("ws://{address}"), error))
}

/// Tells on standard error where the listener is; programs that start us read it there.
pub(super) fn announce(listener: &TcpListener) -> io::Result<()> {
    let address = listener.local_addr()?;
    let note = if address.ip().to_canonical().is_loopback() {
        "binds localhost only (use SSH port-forwarding for remote access)"
    } else {
        "reachable from other machines; traffic is not encrypted (put a TLS proxy in front of it)"
    };
    let text = format!(
        "codex app-server (WebSockets)\n  listening on: ws://{address}\n  readyz: http://{address}/readyz\n  healthz: \
         http://{address}/healthz\n  note: {note}\n"
    );
    io::stderr().write_all(text.as_bytes())
}

/// Small messages leave at once, and a peer that has vanished is noticed.
pub(super) fn set_up(stream: &TcpStream) {
    let set = || -> io::Result<()> {
        stream.set_nodelay(true)?;
        sockopt::set_socket_keepalive(stream, true)?;
        sockopt::set_tcp_keepidle(stream, KEEPALIVE_AFTER)?;
        sockopt::set_tcp_keepintvl(stream, KEEPALIVE_PAUSE)?;
        sockopt::set_tcp_keepcnt(stream, KEEPALIVE_COUNT)?;
        Ok(())
    };
    if let Err(error) = set() {
        tracing::debug!(%error, "a socket could not be set up");
    }
}
