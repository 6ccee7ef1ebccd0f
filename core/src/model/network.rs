//! What HTTP and WebSocket share of the network: TLS roots, proxies, and one pool of HTTP connections per process.
//!
//! Everything is made when it is first needed: a process that only talks to `http://` servers never reads the
//! certificates of the machine.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Limit for reaching a server: name, TCP, proxy, TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Idle connections that are kept per server. A hundred threads that were busy at once must not leave a hundred
/// connections with their buffers behind.
const MAX_IDLE_CONNECTIONS: usize = 4;
/// How long they are kept.
const IDLE_CONNECTION_LIFE: Duration = Duration::from_secs(60);

/// TLS could not be set up.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum NetworkError {
    #[error("the certificate file {path} (from {variable}) could not be read: {cause}")]
    BadCertificateFile {
        variable: &'static str,
        path: PathBuf,
        cause: String,
    },
    #[error(
        "no trusted root certificates were found on this machine; point CODEX_CA_CERTIFICATE to a PEM file"
    )]
    NoRoots,
    #[error("the HTTP client could not be set up: {0}")]
    Client(String),
}

/// The network as this process sees it.
pub(crate) struct Network {
    plain: OnceLock<Result<reqwest::Client, NetworkError>>,
    secure: OnceLock<Result<reqwest::Client, NetworkError>>,
    tls: OnceLock<Result<Arc<ClientConfig>, NetworkError>>,
    proxies: LazyLock<Matcher>,
}

static NETWORK: Network = Network {
    plain: OnceLock::new(),
    secure: OnceLock::new(),
    tls: OnceLock::new(),
    proxies: LazyLock::new(Matcher::from_env),
};

/// The network of this process.
pub(crate) fn network() -> &'static Network {
    &NETWORK
}

impl Network {
    /// The HTTP client to use for an address. Proxies are those of the environment.
    pub(crate) async fn http_client(&'static self, url: &str) -> Result<reqwest::Client, NetworkError> {
        if url.starts_with("http://") {
            return self.plain.get_or_init(plain_client).clone();
        }
        if let Some(client) = self.secure.get() {
            return client.clone();
        }
        let tls = self.tls().await?;
        self.secure
            .get_or_init(|| build(builder().tls_backend_preconfigured(tls.as_ref().clone())))
            .clone()
    }

    /// TLS settings for all connections: the roots of the machine and the user's own.
    pub(crate) async fn tls(&'static self) -> Result<Arc<ClientConfig>, NetworkError> {
        if let Some(config) = self.tls.get() {
            return config.clone();
        }
        // Reading the roots takes milliseconds.
        tokio::task::spawn_blocking(|| {
            self.tls
                .get_or_init(|| tls_config(|name| std::env::var(name).ok()))
                .clone()
        })
        .await
        .unwrap_or_else(|e| Err(NetworkError::Client(e.to_string())))
    }

    /// The proxy to use for an address (scheme `http` or `https`).
    pub(crate) fn proxy(&self, url: &http::Uri) -> Option<Intercept> {
        self.proxies.intercept(url)
    }
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .http1_only()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
        .pool_idle_timeout(IDLE_CONNECTION_LIFE)
}

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, NetworkError> {
    builder.build().map_err(|e| NetworkError::Client(e.to_string()))
}

/// A client for `http://` addresses. It trusts nobody, so it follows no redirect to `https://`: the server's answer
/// is shown instead.
fn plain_client() -> Result<reqwest::Client, NetworkError> {
    let stay_plain = reqwest::redirect::Policy::custom(|attempt| {
        if attempt.url().scheme() == "http" && attempt.previous().len() < 10 {
            attempt.follow()
        } else {
            attempt.stop()
        }
    });
    let trust_nobody = client_config(RootCertStore::empty())?;
    build(
        builder()
            .redirect(stay_plain)
            .tls_backend_preconfigured(trust_nobody),
    )
}

fn client_config(roots: RootCertStore) -> Result<ClientConfig, NetworkError> {
    Ok(
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| NetworkError::Client(e.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth(),
    )
}

fn tls_config(env: impl Fn(&str) -> Option<String>) -> Result<Arc<ClientConfig>, NetworkError> {
    let mut roots = RootCertStore::empty();
    // Single certificates of the machine that can't be read are not our concern.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for variable in ["CODEX_CA_CERTIFICATE", "SSL_CERT_FILE"] {
        if let Some(path) = env(variable).filter(|p| !p.is_empty()) {
            add_file(&mut roots, variable, Path::new(&path))?;
            break;
        }
    }
    if roots.is_empty() {
        return Err(NetworkError::NoRoots);
    }
    client_config(roots).map(Arc::new)
}

fn add_file(roots: &mut RootCertStore, variable: &'static str, path: &Path) -> Result<(), NetworkError> {
    let bad = |cause: String| NetworkError::BadCertificateFile {
        variable,
        path: path.to_owned(),
        cause,
    };
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|e| bad(e.to_string()))?;
    if certificates.is_empty() {
        return Err(bad("it holds no certificate".to_owned()));
    }
    for certificate in certificates {
        roots.add(certificate).map_err(|e| bad(e.to_string()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_ca(text: &str) -> Result<Arc<ClientConfig>, NetworkError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let path = file.path().to_str().unwrap().to_owned();
        tls_config(|name| (name == "CODEX_CA_CERTIFICATE").then(|| path.clone()))
    }

    #[test]
    fn a_certificate_file_that_holds_none_is_an_error_that_names_it() {
        let error = with_ca("no certificate here").unwrap_err().to_string();
        assert!(error.contains("CODEX_CA_CERTIFICATE"), "{error}");
    }

    #[test]
    fn a_missing_certificate_file_is_an_error() {
        let error = tls_config(|name| (name == "SSL_CERT_FILE").then(|| "/does/not/exist".to_owned()));
        assert!(error.unwrap_err().to_string().contains("/does/not/exist"));
    }
}
