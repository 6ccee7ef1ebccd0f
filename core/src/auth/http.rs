//! The HTTP client of the account code: built on first use, with the TLS settings and proxies of all connections.

use std::sync::OnceLock;

use crate::model::network::network;

/// The client to use for an address. Redirects are not followed: credentials go where they were sent, and nowhere
/// else.
pub(crate) async fn client(url: &str) -> Result<reqwest::Client, String> {
    static SECURE: OnceLock<reqwest::Client> = OnceLock::new();
    if !url.starts_with("https://") {
        // Its redirects stay on plain addresses, which are those of test set-ups.
        return network()
            .http_client(url)
            .await
            .map_err(|error| error.to_string());
    }
    if let Some(client) = SECURE.get() {
        return Ok(client.clone());
    }
    let tls = network().tls().await.map_err(|error| error.to_string())?;
    let client = reqwest::Client::builder()
        .http1_only()
        .tls_backend_preconfigured(tls.as_ref().clone())
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| error.to_string())?;
    Ok(SECURE.get_or_init(|| client).clone())
}

/// Words for a request that got no answer, without its address (which may hold a code or a token).
pub(crate) fn failure(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}
