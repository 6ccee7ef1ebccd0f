//! Who may connect to a WebSocket listener. Tokens and secrets are compared in constant time, and shown nowhere.

mod signed_token;

use std::path::{Path, PathBuf};

use codex_core::external_file::{self, FileError};
use codex_core::hex::bytes_of;
use http::HeaderValue;
use sha2::{Digest, Sha256};

use crate::client::handle::Identity;
use signed_token::SignedTokens;

/// Longest token or secret, in bytes of its file.
const MAX_SECRET: usize = 64 * 1024;

/// Shortest secret that tokens may be signed with, in bytes.
const MIN_SIGNING_SECRET: usize = 32;

/// Seconds by which clocks may differ, unless the command line says otherwise.
const CLOCK_SKEW: u64 = 30;

/// How clients prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMode {
    /// By a token that all of them know.
    CapabilityToken,
    /// By a JSON Web Token, signed with HS256.
    SignedBearerToken,
}

/// What the command line says about authentication.
#[derive(Debug, Clone, Default)]
pub struct AuthOptions {
    /// The mode; `None`: everybody may connect.
    pub mode: Option<AuthMode>,
    /// File with the capability token.
    pub token_file: Option<PathBuf>,
    /// SHA-256 of the capability token, in hexadecimal digits.
    pub token_sha256: Option<String>,
    /// File with the secret that tokens are signed with.
    pub shared_secret_file: Option<PathBuf>,
    /// Who must have issued a token.
    pub issuer: Option<String>,
    /// Whom a token must be for.
    pub audience: Option<String>,
    /// Seconds by which clocks may differ; 30 unless given.
    pub max_clock_skew_seconds: Option<u64>,
}

/// Why the options are refused.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// An option without a mode.
    #[error("websocket auth flags require `--ws-auth capability-token` or `--ws-auth signed-bearer-token`")]
    NoMode,
    /// Neither of them.
    #[error("`--ws-token-file` or `--ws-token-sha256` is required when `--ws-auth capability-token` is set")]
    NoToken,
    /// Both of them.
    #[error("`--ws-token-file` and `--ws-token-sha256` are mutually exclusive")]
    TwoTokens,
    /// Not a hash.
    #[error("--ws-token-sha256 must be a 64-character hex SHA-256 digest")]
    NoHash,
    /// An option of the other mode.
    #[error(
        "`--ws-shared-secret-file`, `--ws-issuer`, `--ws-audience`, and `--ws-max-clock-skew-seconds` require `--ws-auth \
         signed-bearer-token`"
    )]
    NotSigned,
    /// An option of the other mode.
    #[error("`--ws-token-file` and `--ws-token-sha256` require `--ws-auth capability-token`")]
    NotCapability,
    /// No secret.
    #[error("`--ws-shared-secret-file` is required when `--ws-auth signed-bearer-token` is set")]
    NoSecret,
    /// The file can't be read.
    #[error("failed to read websocket auth secret {path}: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: FileError,
    },
    /// Nothing is in the file.
    #[error("websocket auth secret {0} must not be empty")]
    Empty(PathBuf),
    /// A secret that can be guessed.
    #[error("signed websocket bearer secret {0} must be at least 32 bytes")]
    Short(PathBuf),
}

/// Who may connect.
pub(crate) enum Policy {
    /// Everybody.
    Open,
    /// Who knows the token that has this hash.
    CapabilityToken([u8; 32]),
    /// Who has a signed token.
    SignedTokens(Box<SignedTokens>),
}

impl AuthOptions {
    /// Reads the files, and says who may connect.
    pub(crate) fn policy(&self) -> Result<Policy, AuthError> {
        let of_capability = self.token_file.is_some() || self.token_sha256.is_some();
        let of_signed = self.shared_secret_file.is_some()
            || self.issuer.is_some()
            || self.audience.is_some()
            || self.max_clock_skew_seconds.is_some();
        match self.mode {
            None if of_capability || of_signed => Err(AuthError::NoMode),
            None => Ok(Policy::Open),
            Some(AuthMode::CapabilityToken) if of_signed => Err(AuthError::NotSigned),
            Some(AuthMode::CapabilityToken) => Ok(Policy::CapabilityToken(self.token_hash()?)),
            Some(AuthMode::SignedBearerToken) if of_capability => Err(AuthError::NotCapability),
            Some(AuthMode::SignedBearerToken) => {
                let path = self.shared_secret_file.as_ref().ok_or(AuthError::NoSecret)?;
                let secret = secret(path)?;
                if secret.len() < MIN_SIGNING_SECRET {
                    return Err(AuthError::Short(path.clone()));
                }
                Ok(Policy::SignedTokens(Box::new(SignedTokens::new(
                    secret.as_bytes(),
                    self.issuer.clone(),
                    self.audience.clone(),
                    self.max_clock_skew_seconds.unwrap_or(CLOCK_SKEW),
                ))))
            }
        }
    }

    fn token_hash(&self) -> Result<[u8; 32], AuthError> {
        match (&self.token_file, &self.token_sha256) {
            (None, None) => Err(AuthError::NoToken),
            (Some(_), Some(_)) => Err(AuthError::TwoTokens),
            (Some(path), None) => Ok(Sha256::digest(secret(path)?.as_bytes()).into()),
            (None, Some(digits)) => {
                let hash = bytes_of(digits.trim()).and_then(|hash| hash.try_into().ok());
                hash.ok_or(AuthError::NoHash)
            }
        }
    }
}

impl Policy {
    /// Whether everybody may connect.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }

    /// Who connects, by the `Authorization` header of a request. `None`: nobody who may. `now`: Unix seconds.
    pub(crate) fn identify(&self, authorization: Option<&HeaderValue>, now: i64) -> Option<Identity> {
        match self {
            Self::Open => Some(Identity::new("")),
            Self::CapabilityToken(expected) => {
                let hash: [u8; 32] = Sha256::digest(bearer(authorization?)?.as_bytes()).into();
                // What is compared are hashes: a time that differs tells nothing of the token. All the same, it doesn't.
                let differs = hash.iter().zip(expected).fold(0, |all, (a, b)| all | (a ^ b));
                (differs == 0).then(|| Identity::new("token"))
            }
            Self::SignedTokens(tokens) => tokens.identify(bearer(authorization?)?, now),
        }
    }
}

fn bearer(header: &HeaderValue) -> Option<&str> {
    let (scheme, token) = header.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn secret(path: &Path) -> Result<String, AuthError> {
    let read = external_file::read_text(path, MAX_SECRET).map_err(|error| AuthError::Unreadable {
        path: path.to_owned(),
        error,
    });
    let secret = read?.trim().to_owned();
    if secret.is_empty() {
        return Err(AuthError::Empty(path.to_owned()));
    }
    Ok(secret)
}

#[cfg(test)]
mod tests;
