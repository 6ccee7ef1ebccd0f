//! A byte stream to a server for protocols that are not HTTP: TCP, through a proxy if one is configured, with TLS if
//! the address asks for it.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::client::legacy::connect::proxy::{SocksV4, SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::client::{NetworkError, network};

/// Anything that bytes can be read from and written to.
pub(crate) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin + std::fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + std::fmt::Debug> ByteStream for T {}

/// An open connection.
pub(crate) type Connected = Box<dyn ByteStream>;

/// The server could not be reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The address is not told: it may hold secrets.
    #[error("the address has no host")]
    NoHost,
    #[error(transparent)]
    Network(#[from] NetworkError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("the proxy {proxy} could not be used: {cause}")]
    Proxy {
        /// Address without credentials.
        proxy: String,
        cause: String,
    },
}

/// Connects to the host of an `http` or `https` address, by the proxies of the environment.
pub(crate) async fn connect(url: &Uri) -> Result<Connected, ConnectError> {
    connect_by(url, network().proxy(url)).await
}

async fn connect_by(url: &Uri, proxy: Option<Intercept>) -> Result<Connected, ConnectError> {
    let host = host(url)?;
    let stream = match proxy {
        None => dial(host, port(url)).await?,
        Some(proxy) => through(url, &proxy).await?,
    };
    if url.scheme_str() == Some("https") {
        tls(network().tls().await?, host, stream).await
    } else {
        Ok(stream)
    }
}

fn host(url: &Uri) -> Result<&str, ConnectError> {
    let host = url.host().ok_or(ConnectError::NoHost)?;
    // IPv6 addresses stand in brackets only inside of URLs.
    Ok(host.trim_start_matches('[').trim_end_matches(']'))
}

fn port(url: &Uri) -> u16 {
    let secure = url.scheme_str() == Some("https");
    url.port_u16().unwrap_or(if secure { 443 } else { 80 })
}

async fn dial(host: &str, port: u16) -> Result<Connected, ConnectError> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}

async fn tls(config: Arc<ClientConfig>, host: &str, stream: Connected) -> Result<Connected, ConnectError> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|e| std::io::Error::new(std::io::ErrorKind::InvalidInput, e))?;
    Ok(Box::new(TlsConnector::from(config).connect(name, stream).await?))
}

async fn through(url: &Uri, proxy: &Intercept) -> Result<Connected, ConnectError> {
    let uri = proxy.uri().clone();
    let failed = |cause: String| ConnectError::Proxy {
        proxy: format!(
            "{}://{}:{}",
            uri.scheme_str().unwrap_or("http"),
            uri.host().unwrap_or("?"),
            port(&uri)
        ),
        cause,
    };
    // Tunnels take the port from the address only.
    let target = with_port(url).map_err(|e| failed(e.to_string()))?;
    let scheme = uri.scheme_str().unwrap_or("http").to_owned();
    let stream = match scheme.as_str() {
        "socks5" | "socks5h" => {
            let mut socks = SocksV5::new(uri.clone(), Dialer).local_dns(scheme == "socks5");
            if let Some((user, password)) = proxy.raw_auth() {
                socks = socks.with_auth(user.to_owned(), password.to_owned());
            }
            socks.call(target).await.map_err(|e| failed(e.to_string()))?
        }
        "socks4" | "socks4a" => SocksV4::new(uri.clone(), Dialer)
            .local_dns(scheme == "socks4")
            .call(target)
            .await
            .map_err(|e| failed(e.to_string()))?,
        _ => {
            let mut tunnel = Tunnel::new(uri.clone(), Dialer);
            if let Some(auth) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(auth.clone());
            }
            tunnel.call(target).await.map_err(|e| failed(e.to_string()))?
        }
    };
    Ok(stream.into_inner())
}

fn with_port(url: &Uri) -> Result<Uri, http::Error> {
    Uri::builder()
        .scheme(url.scheme_str().unwrap_or("http"))
        .authority(format!("{}:{}", url.host().unwrap_or_default(), port(url)))
        .path_and_query("/")
        .build()
}

/// Reaches the proxy itself.
#[derive(Debug, Clone)]
struct Dialer;

impl Service<Uri> for Dialer {
    type Response = TokioIo<Connected>;
    type Error = ConnectError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        Box::pin(async move {
            let host = host(&url)?;
            let socks = url.scheme_str().is_some_and(|s| s.starts_with("socks"));
            let default = if socks { 1080 } else { port(&url) };
            let stream = dial(host, url.port_u16().unwrap_or(default)).await?;
            let stream = if url.scheme_str() == Some("https") {
                tls(network().tls().await?, host, stream).await?
            } else {
                stream
            };
            Ok(TokioIo::new(stream))
        })
    }
}

#[cfg(test)]
mod tests {
    use hyper_util::client::proxy::matcher::Matcher;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A proxy for one connection: checks the head of the request, says yes, then echoes.
    async fn proxy(expect: &'static [u8], answer: &'static [u8]) -> std::net::SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 1024];
            let n = stream.read(&mut head).await.unwrap();
            assert!(
                head[..n].starts_with(expect),
                "{}",
                String::from_utf8_lossy(&head[..n])
            );
            stream.write_all(answer).await.unwrap();
            let (mut read, mut write) = stream.split();
            tokio::io::copy(&mut read, &mut write).await.unwrap();
        });
        address
    }

    async fn echoes(mut stream: Connected) -> bool {
        stream.write_all(b"ping").await.unwrap();
        let mut back = [0; 4];
        stream.read_exact(&mut back).await.is_ok() && &back == b"ping"
    }

    #[tokio::test]
    async fn an_http_proxy_is_asked_for_a_tunnel() {
        let at = proxy(b"CONNECT model.test:80 HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n\r\n").await;
        let url: Uri = "http://model.test/v1/responses".parse().unwrap();
        let matcher = Matcher::builder().all(format!("http://user:pass@{at}")).build();
        assert!(echoes(connect_by(&url, matcher.intercept(&url)).await.unwrap()).await);
    }

    #[tokio::test]
    async fn hosts_in_no_proxy_are_reached_directly() {
        let url: Uri = "http://model.test/v1".parse().unwrap();
        let matcher = Matcher::builder()
            .all("http://127.0.0.1:1")
            .no("model.test")
            .build();
        assert!(matcher.intercept(&url).is_none());
    }

    #[tokio::test]
    async fn a_proxy_that_refuses_is_named_without_its_password() {
        let at = proxy(b"CONNECT", b"HTTP/1.1 403 Forbidden\r\n\r\n").await;
        let url: Uri = "http://model.test/v1".parse().unwrap();
        let matcher = Matcher::builder().all(format!("http://user:hush@{at}")).build();
        let error = connect_by(&url, matcher.intercept(&url))
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&at.to_string()) && !error.contains("hush"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_socks_proxy_is_greeted_in_its_own_way() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut greeting = [0; 3];
            stream.read_exact(&mut greeting).await.unwrap();
            assert_eq!(greeting, [5, 1, 0]);
            stream.write_all(&[5, 0]).await.unwrap();
            let mut request = vec![0; 5 + 10 + 2];
            stream.read_exact(&mut request).await.unwrap();
            assert_eq!(&request[5..15], b"model.test");
            stream
                .write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 80])
                .await
                .unwrap();
            let (mut read, mut write) = stream.split();
            tokio::io::copy(&mut read, &mut write).await.unwrap();
        });
        let url: Uri = "http://model.test/v1".parse().unwrap();
        let matcher = Matcher::builder().all(format!("socks5h://{at}")).build();
        assert!(echoes(connect_by(&url, matcher.intercept(&url)).await.unwrap()).await);
    }
}
