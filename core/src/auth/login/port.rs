//! The port of the login listener. The authority knows a few ports only, so an older login that holds one is asked to
//! give way.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Pause between two tries.
const TRY_AGAIN: Duration = Duration::from_millis(200);
/// Tries per port after the first.
const TRIES: usize = 10;
/// How long the holder of a port may take to answer.
const CANCEL_LIMIT: Duration = Duration::from_secs(2);

/// Listens on the first of these ports that is free or becomes free. Port 0 is any.
pub(super) async fn listen(ports: &[u16]) -> io::Result<TcpListener> {
    let mut last = io::Error::new(io::ErrorKind::AddrInUse, "no port to listen on");
    for &port in ports {
        match listen_on(port).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                last = io::Error::new(error.kind(), format!("Port 127.0.0.1:{port} is already in use"));
            }
            done => return done,
        }
    }
    Err(last)
}

async fn listen_on(port: u16) -> io::Result<TcpListener> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut bound = TcpListener::bind(address).await;
    for attempt in 0..TRIES {
        match &bound {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            _ => break,
        }
        if attempt == 0 {
            let _ = tokio::time::timeout(CANCEL_LIMIT, ask_to_give_way(address)).await;
        }
        tokio::time::sleep(TRY_AGAIN).await;
        bound = TcpListener::bind(address).await;
    }
    bound
}

async fn ask_to_give_way(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /cancel HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    // The answer tells nothing that trying the port does not, but it is read so that the holder can write it.
    let mut answer = [0; 1024];
    while stream.read(&mut answer).await? > 0 {}
    Ok(())
}
