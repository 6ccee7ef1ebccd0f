//! What is refused while the server waits for its last turns (docs/contract/connection.md#network-transports).

use codex_app_server_protocol::{ErrorObject, error};
use serde_json::json;

use super::Connection;

/// Methods that begin work.
const WORK: [&str; 13] = [
    "review/start",
    "thread/compact/start",
    "thread/fork",
    "thread/goal/set",
    "thread/queue/add",
    "thread/queue/start",
    "thread/realtime/start",
    "thread/resume",
    "thread/sample",
    "thread/shellCommand",
    "thread/start",
    "turn/start",
    "turn/steer",
];

impl Connection {
    /// Why a request of this method is refused, if the server takes no more work.
    pub(super) fn refused_while_draining(&self, method: &str) -> Option<ErrorObject> {
        if !self.server.engine.is_draining() || !WORK.contains(&method) {
            return None;
        }
        let message = "Server is draining; retry after reconnecting";
        let error = ErrorObject::new(error::INVALID_REQUEST, message);
        Some(error.with_data(&json!({"reason": "serverShuttingDown"})))
    }
}

#[cfg(test)]
mod tests {
    use super::WORK;
    use codex_app_server_protocol::methods;

    #[test]
    fn all_of_them_are_methods() {
        for method in WORK {
            assert!(methods::find(method).is_some(), "{method}");
        }
    }
}
