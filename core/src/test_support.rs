//! The one door for hooks that only tests use.

use std::time::Duration;

use crate::model::ModelClient;

/// Changes how long a WebSocket stream may be silent before it is pinged (30 s).
pub fn set_ping_interval(client: &ModelClient, interval: Duration) {
    client.set_ping_interval(interval);
}
