//! Servers over streamable HTTP (Model Context Protocol 2025-06-18, "Transports"): every message is a POST, answered by JSON
//! or by a stream of events; one GET stream brings what the server says by itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use reqwest::Response;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::error::{CallError, short};
use super::peer::{Outgoing, Peer, WAITING};
use crate::CONTRACT_VERSION;
use crate::model::SseDecoder;
use crate::net::body::{self, BodyLimit, ERROR_BODY};
use crate::net::client::{error_chain, network};
use crate::secret::Secret;

/// Largest answer that is one JSON text, in bytes, and how long it may take; whoever asked may give up earlier.
const ANSWER: BodyLimit = BodyLimit {
    bytes: 32 << 20,
    time: Duration::from_secs(86_400),
};
/// How long a message that has no answer may take.
const NOTIFICATION: Duration = Duration::from_secs(10);
/// How long the farewell may take.
const FAREWELL: Duration = Duration::from_millis(500);
/// Pauses before the GET stream is opened again, in seconds.
const PAUSES: [u64; 6] = [1, 2, 5, 10, 30, 60];

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// Tokens of a user who has signed in.
pub(super) trait Tokens: Send + Sync {
    /// The token to send now; it is renewed before it ends. `None`: nobody is signed in.
    fn access(&self) -> BoxFuture<'_, Option<Secret>>;

    /// The server refuses this token. Whether there is another one to try.
    fn refused(&self, token: Option<Secret>) -> BoxFuture<'_, bool>;
}

/// A conversation with a server. It is over when this is dropped.
pub(super) struct HttpServer(Arc<Shared>);

struct Shared {
    url: String,
    /// Of every request.
    headers: HeaderMap,
    tokens: Option<Arc<dyn Tokens>>,
    /// A lock, because requests run side by side; held for a few instructions.
    session: Mutex<Session>,
    peer: Peer,
    stop: CancellationToken,
}

#[derive(Default)]
struct Session {
    id: Option<HeaderValue>,
    version: Option<HeaderValue>,
}

impl HttpServer {
    /// Begins a conversation; nothing is sent yet. `headers`: of every request.
    pub(super) fn start(
        name: &str,
        url: &str,
        headers: HeaderMap,
        tokens: Option<Arc<dyn Tokens>>,
    ) -> (Peer, Self) {
        let (out, waiting) = mpsc::channel(WAITING);
        let peer = Peer::new(out);
        let shared = Arc::new(Shared {
            url: url.to_owned(),
            headers,
            tokens,
            session: Mutex::default(),
            peer: peer.clone(),
            stop: CancellationToken::new(),
        });
        tokio::spawn(send_all(
            Arc::clone(&shared),
            waiting,
            format!("the MCP server `{name}` was ended"),
        ));
        (peer, Self(shared))
    }

    /// The handshake is over, with this revision of the protocol: the server may speak by itself.
    pub(super) fn opened(&self, version: &str) {
        self.0.session().version = HeaderValue::from_str(version).ok();
        tokio::spawn(Arc::clone(&self.0).listen());
    }

    /// Takes leave.
    pub(super) async fn end(&self) {
        self.0.stop.cancel();
        if self.0.session().id.is_none() {
            return;
        }
        let farewell = async {
            if let Ok(request) = self.0.request(Method::DELETE, None).await {
                let _ = request.send().await;
            }
        };
        let _ = tokio::time::timeout(FAREWELL, farewell).await;
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.0.stop.cancel();
    }
}

/// Sends messages until the conversation is over: requests side by side, those without an answer one after the other beside
/// them, so that a server that is slow to take one holds up no request. Only the end of the handshake comes first.
async fn send_all(shared: Arc<Shared>, mut waiting: mpsc::Receiver<Outgoing>, over: String) {
    let (tell, mut to_tell) = mpsc::channel::<String>(WAITING);
    let sending = async {
        while let Some(outgoing) = waiting.recv().await {
            let Outgoing { message, request } = outgoing;
            let shared = Arc::clone(&shared);
            if let Some((id, over)) = request {
                tokio::spawn(async move {
                    tokio::select! {
                        biased;
                        () = shared.stop.cancelled() => {}
                        () = over.cancelled() => {}
                        () = shared.ask(id, message.to_string()) => {}
                    }
                });
            } else if message["method"] == "notifications/initialized" {
                shared.tell(message.to_string()).await;
            } else if tell.try_send(message.to_string()).is_err() {
                tracing::debug!("an MCP server does not read what it is told");
            }
        }
    };
    let telling = async {
        while let Some(message) = to_tell.recv().await {
            shared.tell(message).await;
        }
    };
    tokio::select! {
        biased;
        () = shared.stop.cancelled() => {}
        () = sending => {}
        () = telling => {}
    }
    shared.peer.close(&over);
}

impl Shared {
    /// Sends a message that has no answer.
    async fn tell(&self, message: String) {
        match tokio::time::timeout(NOTIFICATION, self.exchange(message, None)).await {
            Ok(Ok(()) | Err(CallError::SessionLost)) => {}
            Ok(Err(error)) => tracing::debug!("an MCP server can't be told: {error}"),
            Err(_) => tracing::debug!("an MCP server does not answer what it is told"),
        }
    }

    /// Sends a request, and sees to it that it gets an answer.
    async fn ask(&self, id: u64, message: String) {
        match self.exchange(message, Some(id)).await {
            // If it has been answered, nobody is there to hear it.
            Ok(()) => self
                .peer
                .fail(id, CallError::Transport("the server did not answer".to_owned())),
            Err(CallError::SessionLost) => {
                self.peer.lose_session();
                self.peer.fail(id, CallError::SessionLost);
            }
            Err(error) => self.peer.fail(id, error),
        }
    }

    /// Sends a message and takes what comes back.
    async fn exchange(&self, message: String, id: Option<u64>) -> Result<(), CallError> {
        let response = self.post(message).await?;
        if let Some(session) = response.headers().get(SESSION) {
            self.session().id = Some(session.clone());
        }
        match content_type(&response) {
            ContentType::Events => self.events(response, id).await,
            ContentType::Json => {
                let text = body::read(response, ANSWER).await;
                let text = text.map_err(|error| CallError::Transport(error.to_string()))?;
                if text.is_empty() {
                    return Ok(());
                }
                if self.peer.read(text, id).await {
                    return Ok(());
                }
                Err(CallError::Transport(
                    "the server's answer is no message".to_owned(),
                ))
            }
            ContentType::Other if id.is_none() => Ok(()),
            ContentType::Other => {
                let what = "the server answered with something that is neither JSON nor a stream of events";
                Err(CallError::Transport(what.to_owned()))
            }
        }
    }

    /// Sends a message; a token that is refused is renewed once.
    async fn post(&self, message: String) -> Result<Response, CallError> {
        for is_first in [true, false] {
            let (token, request) = self
                .request_with_token(Method::POST, Some(message.clone()))
                .await?;
            let response = request
                .send()
                .await
                .map_err(|error| CallError::Transport(error_chain(&error.without_url())))?;
            let status = response.status();
            if status.is_success() {
                return Ok(response);
            }
            if status == StatusCode::UNAUTHORIZED {
                if let Some(tokens) = self.tokens.as_ref().filter(|_| is_first)
                    && tokens.refused(token).await
                {
                    continue;
                }
                return Err(CallError::NotSignedIn("the server asks for a sign-in".to_owned()));
            }
            if status == StatusCode::NOT_FOUND && self.session().id.is_some() {
                return Err(CallError::SessionLost);
            }
            return Err(CallError::Transport(refusal_text(response).await));
        }
        Err(CallError::NotSignedIn("the server asks for a sign-in".to_owned()))
    }

    async fn request(
        &self,
        method: Method,
        text: Option<String>,
    ) -> Result<reqwest::RequestBuilder, CallError> {
        Ok(self.request_with_token(method, text).await?.1)
    }

    async fn request_with_token(
        &self,
        method: Method,
        text: Option<String>,
    ) -> Result<(Option<Secret>, reqwest::RequestBuilder), CallError> {
        let client = network().http_client(&self.url).await;
        let client = client.map_err(|error| CallError::Transport(error.to_string()))?;
        let mut headers = self.headers.clone();
        let accept = match method {
            Method::GET => "text/event-stream",
            _ => "text/event-stream, application/json",
        };
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        if !headers.contains_key(USER_AGENT)
            && let Ok(agent) = HeaderValue::from_str(&format!("codex-mcp-client/{CONTRACT_VERSION}"))
        {
            headers.insert(USER_AGENT, agent);
        }
        {
            let session = self.session();
            if let Some(id) = &session.id {
                headers.insert(SESSION, id.clone());
            }
            if let Some(version) = &session.version {
                headers.insert(VERSION, version.clone());
            }
        }
        let token = match &self.tokens {
            Some(tokens) if !headers.contains_key(AUTHORIZATION) => tokens.access().await,
            _ => None,
        };
        if let Some(token) = &token {
            let value = token.authorization("The token of an MCP server");
            let value = value.map_err(|error| CallError::NotSignedIn(error.to_string()))?;
            headers.insert(AUTHORIZATION, value);
        }
        let mut request = client.request(method, &self.url);
        if let Some(text) = text {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            request = request.body(text);
        }
        Ok((token, request.headers(headers)))
    }

    /// Takes the messages of a stream to its end.
    async fn events(&self, mut response: Response, origin: Option<u64>) -> Result<(), CallError> {
        let mut decoder = SseDecoder::new();
        loop {
            let chunk = response.chunk().await;
            let chunk = chunk.map_err(|error| CallError::Transport(error_chain(&error.without_url())))?;
            let Some(chunk) = chunk else {
                let last = decoder.finish().map(|(_, data)| data.to_vec());
                self.event(last, origin).await;
                return Ok(());
            };
            let pushed = decoder.push(&chunk);
            pushed.map_err(|error| CallError::Transport(error.to_string()))?;
            while let Some(data) = decoder.next_data() {
                let data = data.to_vec();
                self.event(Some(data), origin).await;
            }
        }
    }

    async fn event(&self, data: Option<Vec<u8>>, origin: Option<u64>) {
        let Some(data) = data.filter(|data| !data.is_empty()) else {
            return;
        };
        if !self.peer.read(data, origin).await {
            tracing::debug!("an MCP server sends an event that is no message");
        }
    }

    /// Takes what the server says by itself, as long as it has something to say.
    async fn listen(self: Arc<Self>) {
        let listening = async {
            for pause in PAUSES.into_iter().chain(std::iter::repeat(60)) {
                let Ok(request) = self.request(Method::GET, None).await else {
                    return;
                };
                match request.send().await {
                    Ok(response) if response.status().is_success() => {
                        if !matches!(content_type(&response), ContentType::Events) {
                            return;
                        }
                        let _ = self.events(response, None).await;
                    }
                    // Most servers have nothing to say by themselves.
                    Ok(response) if response.status().is_client_error() => return,
                    Ok(_) | Err(_) => {}
                }
                tokio::time::sleep(Duration::from_secs(pause)).await;
            }
        };
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {}
            _ = self.peer.closed() => {}
            () = self.peer.session_lost() => {}
            () = listening => {}
        }
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum ContentType {
    Json,
    Events,
    Other,
}

fn content_type(response: &Response) -> ContentType {
    let kind = response.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("text/event-stream") {
        ContentType::Events
    } else if kind.eq_ignore_ascii_case("application/json") {
        ContentType::Json
    } else {
        ContentType::Other
    }
}

/// What a server says with an error, in a line.
async fn refusal_text(response: Response) -> String {
    let status = response.status();
    let body = body::read_start(response, ERROR_BODY).await;
    let text = short(String::from_utf8_lossy(&body).trim().to_owned());
    if text.is_empty() {
        format!("the server answered with HTTP status {status}")
    } else {
        format!("the server answered with HTTP status {status}: {text}")
    }
}
