//! Control from other devices, through an account's servers. It is never on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    client RemoteControlStatusRead "remoteControl/status/read" () -> RemoteControlStatusReadResponse, experimental, "Tells whether other devices can control this server.";
    notify RemoteControlStatusChanged "remoteControl/status/changed" (RemoteControlStatusChangedNotification), stable, "Whether other devices can control this server, told to each client after it has been initialized.";
}

/// Whether other devices can control this server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemoteControlStatusReadResponse {
    /// What the account's servers call it; null unless it is on.
    pub environment_id: Option<String>,
    /// The identifier of the home.
    pub installation_id: String,
    /// The name of this machine.
    pub server_name: String,
    /// Whether it is on.
    pub status: RemoteControlConnectionStatus,
}

/// Whether other devices can control this server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemoteControlStatusChangedNotification {
    /// What the account's servers call it; null unless it is on.
    pub environment_id: Option<String>,
    /// The identifier of the home.
    pub installation_id: String,
    /// The name of this machine.
    pub server_name: String,
    /// Whether it is on.
    pub status: RemoteControlConnectionStatus,
}

/// Whether other devices can control this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RemoteControlConnectionStatus {
    /// They can't.
    Disabled,
    /// Soon.
    Connecting,
    /// They can.
    Connected,
    /// The connection failed.
    Errored,
}
