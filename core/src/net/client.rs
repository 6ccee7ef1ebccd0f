//! What HTTP and WebSocket share of the network: TLS roots, proxies, and one pool of HTTP connections per process.
//!
//! Everything is made when it is first needed: a process that only talks to `http://` servers never reads the
//! certificates of the machine.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use rustls::{ClientConfig, RootCertStore};

use super::certificates::add_bundle;

/// Limit for reaching a server: name, TCP, proxy, TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Idle connections that are kept per server. A hundred threads that were busy at once must not leave a hundred
/// connections with their buffers behind.
const MAX_IDLE_CONNECTIONS: usize = 4;
/// How long they are kept.
const IDLE_CONNECTION_LIFE: Duration = Duration::from_secs(60);

/// Variables that name certificate files of the user; the first one wins.
const CODEX_FILE: &str = "CODEX_CA_CERTIFICATE";
const SSL_FILE: &str = "SSL_CERT_FILE";

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

/// The network as this process sees it. Only what could be set up is kept: a certificate file that is mended counts for
/// the next request.
pub(crate) struct Network {
    plain: OnceLock<reqwest::Client>,
    secure: OnceLock<reqwest::Client>,
    tls: OnceLock<Arc<ClientConfig>>,
    proxies: LazyLock<Matcher>,
    /// What users should know and have not been told. A lock, because any thread's turn may be the one that tells it.
    warnings: Mutex<Vec<String>>,
}

static NETWORK: Network = Network {
    plain: OnceLock::new(),
    secure: OnceLock::new(),
    tls: OnceLock::new(),
    proxies: LazyLock::new(Matcher::from_env),
    warnings: Mutex::new(Vec::new()),
};

/// The network of this process.
pub(crate) fn network() -> &'static Network {
    &NETWORK
}

impl Network {
    /// The HTTP client to use for an address. Proxies are those of the environment. Redirects are not followed: they
    /// would carry the conversation, credentials and custom headers to somebody else.
    pub(crate) async fn http_client(&self, url: &str) -> Result<reqwest::Client, NetworkError> {
        let is_plain = url
            .get(..7)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"));
        let slot = if is_plain { &self.plain } else { &self.secure };
        if let Some(client) = slot.get() {
            return Ok(client.clone());
        }
        let tls = if is_plain {
            // It trusts nobody, and so need not read the machine's certificates.
            Arc::new(client_config(RootCertStore::empty())?)
        } else {
            self.tls().await?
        };
        let client = build(tls.as_ref().clone())?;
        Ok(slot.get_or_init(|| client).clone())
    }

    /// TLS settings for all connections: the roots of the machine and the user's own.
    pub(crate) async fn tls(&self) -> Result<Arc<ClientConfig>, NetworkError> {
        if let Some(config) = self.tls.get() {
            return Ok(Arc::clone(config));
        }
        // Reading the roots takes milliseconds.
        let (config, warnings) = tokio::task::spawn_blocking(|| tls_config(|name| std::env::var(name).ok()))
            .await
            .unwrap_or_else(|e| Err(NetworkError::Client(e.to_string())))?;
        for warning in &warnings {
            tracing::warn!("{warning}");
        }
        *self.warnings() = warnings;
        Ok(Arc::clone(self.tls.get_or_init(|| config)))
    }

    /// What is wrong with the user's certificates; each is given once in the life of the process.
    pub(crate) fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut *self.warnings())
    }

    fn warnings(&self) -> MutexGuard<'_, Vec<String>> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The proxy to use for an address (scheme `http` or `https`).
    pub(crate) fn proxy(&self, url: &http::Uri) -> Option<Intercept> {
        self.proxies.intercept(url)
    }
}

fn build(tls: ClientConfig) -> Result<reqwest::Client, NetworkError> {
    reqwest::Client::builder()
        .http1_only()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
        .pool_idle_timeout(IDLE_CONNECTION_LIFE)
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(tls)
        .build()
        .map_err(|e| NetworkError::Client(error_chain(&e)))
}

/// An error with its causes: reqwest keeps the telling part at the end of the chain. Take the address out of a reqwest
/// error before (`without_url`).
pub(crate) fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        let next = e.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = e.source();
    }
    text
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

/// TLS settings, and what is wrong with single certificates of the user.
fn tls_config(
    env: impl Fn(&str) -> Option<String>,
) -> Result<(Arc<ClientConfig>, Vec<String>), NetworkError> {
    let env = |name| env(name).filter(|value| !value.is_empty());
    let mut roots = RootCertStore::empty();
    // Single certificates of the machine that can't be read are not our concern. What the user names instead is read
    // by us, or may never end.
    let machine = match (env(SSL_FILE), env("SSL_CERT_DIR")) {
        (None, None) => rustls_native_certs::load_native_certs().certs,
        (_, folders) => std::env::split_paths(&folders.unwrap_or_default())
            .filter(|folder| !folder.as_os_str().is_empty())
            .flat_map(|folder| rustls_native_certs::load_certs_from_paths(None, Some(&folder)).certs)
            .collect(),
    };
    roots.add_parsable_certificates(machine);
    let mut warnings = Vec::new();
    let files = [CODEX_FILE, SSL_FILE]
        .into_iter()
        .filter_map(|name| Some((name, env(name)?)));
    // The first one must be right.
    for (index, (variable, path)) in files.enumerate() {
        match add_file(&mut roots, variable, Path::new(&path)) {
            Ok(problems) => warnings.extend(problems),
            Err(error) if index == 0 => return Err(error),
            Err(error) => warnings.push(error.to_string()),
        }
    }
    if roots.is_empty() {
        return Err(NetworkError::NoRoots);
    }
    Ok((client_config(roots).map(Arc::new)?, warnings))
}

/// Adds the user's certificates. Gives a warning for each one that can't be used, if there are others.
fn add_file(
    roots: &mut RootCertStore,
    variable: &'static str,
    path: &Path,
) -> Result<Vec<String>, NetworkError> {
    let bad = |cause: String| NetworkError::BadCertificateFile {
        variable,
        path: path.to_owned(),
        cause,
    };
    let added = add_bundle(roots, path).map_err(|error| bad(error.to_string()))?;
    if added.count == 0 {
        let nothing = || "it holds no certificate; a PEM file is needed".to_owned();
        return Err(bad(added.problems.into_iter().next().unwrap_or_else(nothing)));
    }
    let warning = |problem| {
        format!(
            "A certificate in {} (from {variable}) is not used: {problem}. The other {} are.",
            path.display(),
            added.count
        )
    };
    Ok(added.problems.into_iter().map(warning).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_ca(text: &str) -> Result<(Arc<ClientConfig>, Vec<String>), NetworkError> {
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
    fn a_bad_certificate_among_good_ones_is_a_warning_that_says_which() {
        let good = include_str!("../../tests/all/certificates/root.pem");
        let bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let (_, warnings) = with_ca(&format!("{good}{bad}{good}")).unwrap();
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("certificate 2 (line 12)"), "{warnings:?}");
        let error = with_ca(bad).unwrap_err().to_string();
        assert!(error.contains("certificate 1 (line 1)"), "{error}");
    }

    #[test]
    fn a_certificate_file_that_is_a_pipe_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let path = pipe.to_str().unwrap().to_owned();
        for variable in [CODEX_FILE, SSL_FILE] {
            let error = tls_config(|name| (name == variable).then(|| path.clone())).unwrap_err();
            assert!(error.to_string().contains("a pipe"), "{error}");
        }
    }

    #[test]
    fn a_missing_certificate_file_is_an_error() {
        let error = tls_config(|name| (name == "SSL_CERT_FILE").then(|| "/does/not/exist".to_owned()));
        assert!(error.unwrap_err().to_string().contains("/does/not/exist"));
    }
}
