//! Where to listen, as `--listen` says it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// Where clients come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Address {
    /// `stdio://`: one client, over standard input and output.
    #[default]
    Stdio,
    /// `ws://IP:PORT`: WebSockets over TCP; port 0 takes a free one.
    WebSocket(SocketAddr),
    /// `unix://PATH`: WebSockets over a Unix socket; `unix://` is the control socket of the home.
    Unix(Option<PathBuf>),
    /// `off`: from nowhere.
    Off,
}

/// A URL that names no such place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// A scheme that is not known.
    #[error(
        "unsupported --listen URL `{0}`; expected `stdio://`, `unix://`, `unix://PATH`, `ws://IP:PORT`, or `off`"
    )]
    Unsupported(String),
    /// Not the address of an interface.
    #[error("invalid websocket --listen URL `{0}`; expected `ws://IP:PORT`")]
    WebSocket(String),
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(url: &str) -> Result<Self, AddressError> {
        if let Some(place) = url.strip_prefix("ws://") {
            let address = place
                .parse()
                .map_err(|_| AddressError::WebSocket(url.to_owned()))?;
            return Ok(Self::WebSocket(address));
        }
        match url {
            "stdio://" => Ok(Self::Stdio),
            "unix://" => Ok(Self::Unix(None)),
            "off" => Ok(Self::Off),
            _ => match url.strip_prefix("unix://") {
                Some(path) => Ok(Self::Unix(Some(path.into()))),
                None => Err(AddressError::Unsupported(url.to_owned())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_others_refused_with_what_is_expected() {
        let read = |url: &str| url.parse::<Address>();
        assert_eq!(read("stdio://"), Ok(Address::Stdio));
        assert_eq!(read("off"), Ok(Address::Off));
        assert_eq!(read("unix://"), Ok(Address::Unix(None)));
        assert_eq!(read("unix:///tmp/a"), Ok(Address::Unix(Some("/tmp/a".into()))));
        assert_eq!(
            read("ws://127.0.0.1:0"),
            Ok(Address::WebSocket(([127, 0, 0, 1], 0).into()))
        );
        assert!(matches!(
            read("ws://[::1]:80"),
            Ok(Address::WebSocket(SocketAddr::V6(_)))
        ));
        for url in [
            "ws://localhost:0",
            "ws://127.0.0.1",
            "ws://",
            "ws://127.0.0.1:1/path",
        ] {
            let error = read(url).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("invalid websocket --listen URL `{url}`; expected `ws://IP:PORT`")
            );
        }
        for url in ["", "wss://127.0.0.1:0", "http://x", "tcp"] {
            assert!(
                read(url)
                    .unwrap_err()
                    .to_string()
                    .starts_with("unsupported --listen URL")
            );
        }
    }
}
