//! The one door for hooks that only tests use.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use crate::model::ModelClient;
use crate::sandbox::SandboxPlan;

/// Waits until the client's attempt to connect ahead of a request is over. True: its connection waits for the request.
pub async fn preconnected(client: &ModelClient) -> bool {
    client.preconnected().await
}

/// Waits until the connection that waits for the client's next request has ended by itself.
pub async fn kept_connection_ended(client: &ModelClient) {
    client.kept_connection_ended().await;
}

/// Changes how long a WebSocket stream may be silent before it is pinged (30 s).
pub fn set_ping_interval(client: &ModelClient, interval: Duration) {
    client.set_ping_interval(interval);
}

/// How a fork server is asked for a launcher that serves for this plan, and what that is told so that it runs a command: what
/// comes with the standard streams, and what comes after. `None`: none serves for it.
pub fn launcher_message<'a>(
    plan: &SandboxPlan,
    folder: &Path,
    command: &[&str],
    variables: impl Iterator<Item = (&'a OsStr, &'a OsStr)>,
) -> Option<(u8, [u8; 4], Vec<u8>)> {
    let request = plan.waiting_launcher()?;
    let (body, length) = plan.launcher_message(folder, command, variables);
    Some((request.encode(), length, body))
}
