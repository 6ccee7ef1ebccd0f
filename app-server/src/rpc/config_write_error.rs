//! Why a configuration was not written, as clients are told: the code in `data` is what they tell cases apart by.

use codex_app_server_protocol::ErrorObject;
use codex_app_server_protocol::error::INVALID_REQUEST;
use codex_core::config::ConfigWriteError;
use serde_json::json;

use super::error::RpcError;

impl From<ConfigWriteError> for RpcError {
    fn from(error: ConfigWriteError) -> Self {
        let code = match &error {
            ConfigWriteError::VersionConflict => "configVersionConflict",
            ConfigWriteError::LayerReadonly => "configLayerReadonly",
            ConfigWriteError::Managed(_) => "configRequirementReadonly",
            ConfigWriteError::Validation(_) => "configValidationError",
            ConfigWriteError::PathNotFound(_) => "configPathNotFound",
            ConfigWriteError::Config(_) => {
                return codex_core::Error::unreadable_config(&error).into();
            }
            ConfigWriteError::File { .. } => return Self::internal(error.to_string()),
        };
        Self(ErrorObject {
            code: INVALID_REQUEST,
            message: error.to_string(),
            data: Some(json!({"config_write_error_code": code})),
        })
    }
}
