//! Carries bytes between standard input and output and the control socket, for clients that can only start a program.

use std::io;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy};
use tokio::net::UnixStream;

use super::unix;

/// The connection could not be made.
#[derive(Debug, thiserror::Error)]
#[error("failed to connect to socket at {path}")]
pub struct ProxyError {
    path: PathBuf,
    source: io::Error,
}

/// Carries bytes until the daemon closes the connection. `socket`: its path; the control socket of this home unless
/// given. The client speaks the upgrade to WebSocket by itself.
pub async fn proxy(
    socket: Option<PathBuf>,
    codex_home: &Path,
    mut input: impl AsyncRead + Send + Unpin + 'static,
    mut output: impl AsyncWrite + Unpin,
) -> Result<(), ProxyError> {
    let path = socket.unwrap_or_else(|| unix::default_path(codex_home));
    let path = std::path::absolute(&path).unwrap_or(path);
    let stream = match UnixStream::connect(unix::address_of(&path)).await {
        Ok(stream) => stream,
        Err(source) => return Err(ProxyError { path, source }),
    };
    if !unix::is_ours(&stream) {
        let source = io::ErrorKind::PermissionDenied.into();
        return Err(ProxyError { path, source });
    }
    let (mut from_daemon, mut to_daemon) = stream.into_split();
    tokio::spawn(async move {
        // How it ends is seen from the other direction.
        drop(copy(&mut input, &mut to_daemon).await);
        drop(to_daemon.shutdown().await);
    });
    if let Err(error) = copy(&mut from_daemon, &mut output).await {
        tracing::debug!(%error, "the proxy's connection broke");
    }
    drop(output.flush().await);
    Ok(())
}
