//! JSON-RPC in front of the engine: connections, dispatch, handlers, and the events of threads as notifications.
//!
//! [`Server`] is one engine with what its connections share, made by [`new_server`]; [`serve`] lets one client speak to it
//! over any pair of byte streams, [`listen::serve`] any number of clients over sockets.
//!
//! Each module uses only those below it. From the bottom to the top:
//!
//! * `convert`: between the engine's types and those of the contract
//! * `events`: from an event of a thread to a message for clients
//! * `client`: one client: its bytes, its queue, what it said of itself
//! * `rpc`: from a request to its handler and its answer
//! * `subscriptions`: who is connected, who watches which thread, what they are asked
//! * `sessions`: clients that may come back
//! * `external_tokens`: asks clients for tokens that they own; `attestation`: for proofs of what they are
//! * `server`: the engine, and all of the above
//! * `handlers`: what each method does
//! * `connection`: serves one client
//! * `listen`: serves clients that come over sockets

mod attestation;
pub mod bench;
#[cfg(test)]
mod captured_log;
mod client;
mod connection;
mod convert;
mod events;
mod external_tokens;
mod handlers;
pub mod listen;
mod rpc;
mod server;
mod sessions;
mod skill_lists;
mod subscriptions;
mod user_agent;

use std::sync::Arc;
use std::time::{Duration, Instant};

use codex_core::config::ConfigSource;
use tokio::io::{AsyncRead, AsyncWrite};

use client::handle::Client;
use client::transport::MessageReader;
pub use client::transport::stdio;
use client::transport::stdio::Stdio;
pub use server::Server;

/// How long threads may take to end.
const THREADS_END: Duration = Duration::from_millis(700);

/// How long the end waits for the token endpoint, if tokens are being renewed: a refresh token is good for one use, so
/// an answer that is lost signs the user out.
const RENEWAL_END: Duration = Duration::from_secs(5);

/// How long the last messages may take to be read.
const LAST_MESSAGES: Duration = Duration::from_millis(100);

/// A server over this configuration that knows all methods. Call it within a tokio runtime. Reads and opens nothing yet.
///
/// Never inlined: what it needs of the stack is not held while the server runs.
#[inline(never)]
pub fn new_server(config: ConfigSource) -> Arc<Server> {
    Server::new(config, handlers::router())
}

/// Serves the parent program over standard input and output, as [`serve`] does.
pub async fn serve_stdio(server: &Arc<Server>, stdio: Stdio, stop: impl Future<Output = ()>) {
    let client = server.subscriptions.connect();
    client.outgoing.set_gauge(move || stdio.gauge.is_read());
    serve_client(server, client, stdio.input, stdio.output, stop).await;
}

/// Serves one client until its input ends, it stops reading, or `stop` resolves. Then ends the server: requests that
/// were read are answered, running turns are recorded as interrupted, children are killed, and what waits is written.
/// All of that takes less than a second, and up to five if account tokens are being renewed.
pub async fn serve<R, W>(server: &Arc<Server>, input: R, output: W, stop: impl Future<Output = ()>)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let client = server.subscriptions.connect();
    serve_client(server, client, input, output, stop).await;
}

async fn serve_client<R, W>(
    server: &Arc<Server>,
    client: Arc<Client>,
    input: R,
    output: W,
    stop: impl Future<Output = ()>,
) where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let ending = connection::serve(server, client, MessageReader::lines(input), output, stop).await;
    let began = Instant::now();
    let renewal = server.auth.finish_renewal(RENEWAL_END);
    let threads = async {
        server.shutdown(THREADS_END).await;
        // Threads that end quickly leave their time to a client that reads slowly.
        let within = (THREADS_END + LAST_MESSAGES).saturating_sub(began.elapsed());
        ending.finish(server, within.max(LAST_MESSAGES)).await;
    };
    tokio::join!(renewal, threads);
}
