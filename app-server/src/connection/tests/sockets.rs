//! Connections over sockets, with pipes in memory in their place.

use codex_core::ThreadId;
use futures_util::{SinkExt, StreamExt};
use tokio::io::DuplexStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as WsMessage;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::*;
use crate::client::handle::Identity;
use crate::client::transport::MessageReader;
use crate::server::SOCKET_SLOTS;
use crate::sessions::EXTENSION;

struct Peer {
    socket: WebSocketStream<DuplexStream>,
}

fn server() -> Arc<Server> {
    let home = tempfile::tempdir().unwrap();
    let config = ConfigSource {
        codex_home: home.path().to_owned(),
        ..ConfigSource::default()
    };
    Server::new(config, handlers::router())
}

impl Peer {
    async fn connect(server: &Arc<Server>, identity: &str) -> Self {
        let (near, far) = tokio::io::duplex(1 << 16);
        let (input, output) = tokio::io::split(far);
        let client = server.subscriptions.connect_as(Some(Identity::new(identity)));
        let server = Arc::clone(server);
        tokio::spawn(async move {
            let messages = MessageReader::frames(input, Vec::new());
            let ending = serve(&server, client, messages, output, std::future::pending()).await;
            ending.finish(&server, Duration::from_secs(1)).await;
        });
        let socket = WebSocketStream::from_raw_socket(near, Role::Client, None).await;
        Self { socket }
    }

    async fn send(&mut self, frame: Value) {
        self.socket
            .send(WsMessage::text(frame.to_string()))
            .await
            .unwrap();
    }

    async fn next(&mut self) -> Value {
        let next = tokio::time::timeout(Duration::from_secs(10), self.socket.next()).await;
        let WsMessage::Text(text) = next.unwrap().unwrap().unwrap() else {
            panic!("no text")
        };
        serde_json::from_str(&text).unwrap()
    }

    /// `initialize`, with what it says of the extension; what the daemon says of it.
    async fn initialize(&mut self, extension: Value) -> Value {
        let capabilities = json!({"extensions": {EXTENSION: extension}});
        let params = json!({"clientInfo": {"name": "test", "version": "1"}, "capabilities": capabilities});
        self.send(json!({"id": 0, "method": "initialize", "params": params}))
            .await;
        let answer = self.next().await;
        assert_eq!(answer["id"], 0);
        answer["result"]["extensions"][EXTENSION].clone()
    }
}

#[tokio::test]
async fn too_many_requests_of_all_sockets_are_refused_and_later_ones_are_not() {
    let server = server();
    let mut peer = Peer::connect(&server, "").await;
    peer.initialize(json!({})).await;
    let all = u32::try_from(SOCKET_SLOTS).unwrap();
    let taken = Arc::clone(&server.socket_slots)
        .acquire_many_owned(all)
        .await
        .unwrap();
    let request = json!({"id": 1, "method": "thread/loaded/list", "params": {}});
    peer.send(request.clone()).await;
    let refused = peer.next().await;
    assert_eq!(refused["error"]["code"], -32001);
    assert_eq!(refused["error"]["message"], "Server overloaded; retry later.");
    drop(taken);
    peer.send(request).await;
    assert!(peer.next().await["result"].is_object());
    assert_eq!(server.socket_slots.available_permits(), SOCKET_SLOTS);
}

#[tokio::test]
async fn a_token_is_no_good_for_somebody_else() {
    let server = server();
    let mut peer = Peer::connect(&server, "alice").await;
    let token = peer.initialize(json!({})).await["token"].clone();
    let wish = json!({"token": token, "cursor": 0});
    let stranger = Peer::connect(&server, "mallory")
        .await
        .initialize(wish.clone())
        .await;
    assert_eq!(stranger["resumed"], false);
    let back = Peer::connect(&server, "alice").await.initialize(wish).await;
    assert_eq!(back["resumed"], true);
}

#[tokio::test]
async fn only_what_was_not_seen_is_kept_and_sent_again() {
    let server = server();
    let mut peer = Peer::connect(&server, "").await;
    let token = peer.initialize(json!({})).await["token"].clone();
    for id in 1..=10 {
        peer.send(json!({"id": id, "method": "no/such/method"})).await;
        let answer = peer.next().await;
        assert_eq!((&answer["id"], &answer["seq"]), (&json!(id), &json!(id)));
    }
    let seen = json!({"method": "codex-app-server/reconnect/seen", "params": {"cursor": 4}});
    peer.send(seen).await;
    peer.send(json!({"id": 11, "method": "no/such/method"})).await;
    peer.next().await;
    drop(peer);
    // It claims to have seen less than it said before.
    let mut peer = Peer::connect(&server, "").await;
    let back = peer.initialize(json!({"token": token, "cursor": 2})).await;
    assert_eq!((&back["missed"], &back["cursor"]), (&json!(true), &json!(4)));
    for number in 5..=11 {
        assert_eq!(peer.next().await["seq"], number);
    }
    // Nobody else counts as connected.
    let client = server
        .sessions
        .find(token.as_str().unwrap(), Some(&Identity::new("")))
        .unwrap();
    server.watch(ThreadId::new(), &client);
    assert_eq!(server.subscriptions.initialized().len(), 1);
}
