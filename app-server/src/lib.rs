//! JSON-RPC in front of the engine: connections, dispatch, handlers, and the events of threads as notifications.
//!
//! [`Server`] is one engine with what its connections share; [`serve`] lets one client speak to it over any pair of
//! byte streams.

pub mod bench;
#[doc(hidden)]
pub(crate) mod client;
mod convert;
mod events;
mod external_tokens;
mod handlers;
pub(crate) mod rpc;
mod server;
mod subscriptions;
mod user_agent;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite};

pub use client::transport::stdio;
pub use server::Server;

/// How long threads may take to end.
const THREADS_END: Duration = Duration::from_millis(700);

/// How long the end waits for the token endpoint, if tokens are being renewed: a refresh token is good for one use, so
/// an answer that is lost signs the user out.
const RENEWAL_END: Duration = Duration::from_secs(5);

/// How long the last messages may take to be read.
const LAST_MESSAGES: Duration = Duration::from_millis(100);

/// Serves one client until its input ends, it stops reading, or `stop` resolves. Then ends the server: requests that
/// were read are answered, running turns are recorded as interrupted, children are killed, and what waits is written.
/// All of that takes less than a second, and up to five if account tokens are being renewed.
pub async fn serve<R, W>(server: &Arc<Server>, input: R, output: W, stop: impl Future<Output = ()>)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let ending = client::connection::serve(server, input, output, stop).await;
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
