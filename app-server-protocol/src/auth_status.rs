//! How clients of earlier days ask who is signed in (docs/contract/authentication.md#account). The method is part of the
//! contract but of no schema.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::AuthMode;
use crate::secret::Secret;

crate::rpc::methods! {
    client GetAuthStatus "getAuthStatus" (GetAuthStatusParams) -> GetAuthStatusResponse, stable, in GlobalRead("account-auth"), "Reads how the user is signed in, and the token if asked for.";
}

/// What else is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetAuthStatusParams {
    /// Whether the token is wanted; null is no.
    pub include_token: Option<bool>,
    /// Whether tokens are to be refreshed first; null is no.
    pub refresh_token: Option<bool>,
}

/// How the user is signed in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetAuthStatusResponse {
    /// How; null if nobody is, or the provider needs no account.
    pub auth_method: Option<AuthMode>,
    /// The bearer token or API key, if it was asked for.
    pub auth_token: Option<Secret>,
    /// Whether the provider needs an account.
    pub requires_openai_auth: bool,
}
