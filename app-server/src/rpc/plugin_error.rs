//! Why something was not done about plugins, as clients are told.

use codex_core::plugins::PluginError;

use super::error::RpcError;

impl From<PluginError> for RpcError {
    fn from(error: PluginError) -> Self {
        match error {
            PluginError::Refused(message) => Self::invalid(message),
            PluginError::Failed(message) => Self::internal(message),
            PluginError::Config(error) => error.into(),
        }
    }
}
