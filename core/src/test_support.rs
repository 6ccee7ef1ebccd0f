//! The one door for hooks that only tests use.

use std::time::Duration;

use crate::model::ModelClient;

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
