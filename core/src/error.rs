//! What can go wrong at the boundary of the engine.

/// Result of an engine operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A refused or failed operation. The message says what happened and what the caller can do about it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The request makes no sense in the present state (JSON-RPC -32600).
    #[error("{0}")]
    InvalidRequest(String),
    /// As [`Error::InvalidRequest`], with machine-readable detail for the client.
    #[error("{message}")]
    Refused {
        /// What happened.
        message: String,
        /// Goes to the client as `error.data`.
        data: serde_json::Value,
    },
    /// A value is out of its range or not supported (JSON-RPC -32602).
    #[error("{message}")]
    InvalidParams {
        /// What happened.
        message: String,
        /// Goes to the client as `error.data`.
        data: Option<serde_json::Value>,
    },
    /// The operation does not exist for this kind of thread or store (JSON-RPC -32601).
    #[error("{0}")]
    Unsupported(String),
    /// The fault is ours or the machine's (JSON-RPC -32603).
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// A request that makes no sense in the present state.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::InvalidRequest(message.into())
    }

    /// A value out of its range.
    pub fn params(message: impl Into<String>) -> Self {
        Self::InvalidParams {
            message: message.into(),
            data: None,
        }
    }

    /// A fault of ours or of the machine.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::Internal(message.into())
    }
}
