//! The HTTP client of the account code: built on first use.

use std::sync::Arc;

use tokio::sync::OnceCell;

/// The client. Redirects are not followed: credentials go where they were sent, and nowhere else.
pub(crate) async fn client() -> Result<reqwest::Client, String> {
    static CLIENT: OnceCell<reqwest::Client> = OnceCell::const_new();
    let built = CLIENT
        .get_or_try_init(|| async {
            // Reading the system's certificates takes some milliseconds.
            tokio::task::spawn_blocking(build)
                .await
                .map_err(|_| "the HTTP client could not be built".to_owned())?
        })
        .await?;
    Ok(built.clone())
}

fn build() -> Result<reqwest::Client, String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| error.to_string())
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
