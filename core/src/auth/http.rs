//! HTTP for the account code: the client of all connections. It follows no redirects: credentials go where they were
//! sent, and nowhere else.

use crate::net::client::{error_chain, network};

/// The client to use for an address.
pub(crate) async fn client(url: &str) -> Result<reqwest::Client, String> {
    network()
        .http_client(url)
        .await
        .map_err(|error| error.to_string())
}

/// Words for a request that got no answer, without its address (which may hold a code or a token).
pub(crate) fn failure(error: reqwest::Error) -> String {
    error_chain(&error.without_url())
}
