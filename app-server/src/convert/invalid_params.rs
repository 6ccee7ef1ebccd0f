//! What a client asked for and the engine has no words for.

use codex_core::config::ConfigError;

/// Why parameters of a request cannot be handed to the engine. The messages are for the client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidParams {
    /// Values that are well-formed, but name something that does not exist here or exclude each other.
    #[error("{0}")]
    Refused(String),
    /// A value that the contract does not allow.
    #[error("{0}")]
    Malformed(String),
    /// The `config` map of the request.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl InvalidParams {
    /// Well-formed, but not to be had.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::Refused(message.into())
    }

    /// Not allowed by the contract.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::Malformed(message.into())
    }
}
