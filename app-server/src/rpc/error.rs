//! Errors of handlers. `rpc::core_error` makes them of the engine's errors.

use codex_app_server_protocol::ErrorObject;
use codex_app_server_protocol::error::{INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST};
use codex_core::Error as CoreError;

use crate::convert::invalid_params::InvalidParams;

/// What a handler answers when it cannot do what it was asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct RpcError(pub(crate) ErrorObject);

/// What a handler answers.
pub(crate) type RpcResult<T> = Result<T, RpcError>;

impl RpcError {
    /// Cannot be granted as things stand.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self(ErrorObject::new(INVALID_REQUEST, message))
    }

    /// A parameter is out of its range or not supported.
    pub(crate) fn params(message: impl Into<String>) -> Self {
        Self(ErrorObject::new(INVALID_PARAMS, message))
    }

    /// Something broke on our side.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self(ErrorObject::new(INTERNAL_ERROR, message))
    }
}

impl From<ErrorObject> for RpcError {
    fn from(error: ErrorObject) -> Self {
        Self(error)
    }
}

impl From<InvalidParams> for RpcError {
    fn from(error: InvalidParams) -> Self {
        match error {
            InvalidParams::Refused(message) => Self::invalid(message),
            InvalidParams::Malformed(message) => Self::params(message),
            InvalidParams::Config(error) => CoreError::from(error).into(),
        }
    }
}
