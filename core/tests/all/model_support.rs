//! What the tests of the model transport share.

use std::sync::Arc;
use std::time::Duration;

use codex_core::ThreadId;
use codex_core::auth::AuthManager;
use codex_core::config::{ProcessMode, Provider};
use codex_core::mock_model::{MockModel, Transport};
use codex_core::model::{
    ModelClient, ModelClientOptions, ModelClientSession, ModelError, Prompt, ResponseEvent, ResponseItem,
    ResponseStream, RetryDecision, TurnIdentity,
};
use serde_json::{Value, json};

/// Nothing in these tests takes longer, unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A provider at the mock model, with these further settings (TOML).
pub(crate) fn provider(model: &MockModel, settings: &str) -> Provider {
    let text = format!("name = 'mock'\nbase_url = '{}'\n{settings}", model.base_url());
    Provider::from_config("mock", &text.parse().unwrap()).unwrap()
}

/// Options for a client without an account.
pub(crate) fn options(provider: Provider) -> ModelClientOptions {
    let thread_id = ThreadId::new();
    ModelClientOptions {
        thread_id,
        session_id: thread_id.to_string(),
        provider: provider.into(),
        auth: AuthManager::new(std::env::temp_dir().join("no-such-home")),
        originator: "tester".into(),
        user_agent: "tester/1".into(),
        installation_id: "installation".into(),
        compress_requests: true,
        prefer_websockets: false,
        process_mode: ProcessMode::Streaming,
    }
}

/// A client of the mock model.
pub(crate) fn client(model: &MockModel, settings: &str) -> ModelClient {
    ModelClient::new(options(provider(model, settings)))
}

/// A turn in a folder without a repository.
pub(crate) fn turn(client: &ModelClient, id: &str) -> ModelClientSession {
    client.turn(TurnIdentity {
        turn_id: id.into(),
        root_turn_id: id.into(),
        started_at_ms: 1,
        cwd: std::path::PathBuf::from("/"),
        sandbox: "none".into(),
        sandbox_mode: "read-only".into(),
        ..TurnIdentity::default()
    })
}

/// An item from its JSON.
pub(crate) fn item(json: Value) -> ResponseItem {
    serde_json::from_value(json).unwrap()
}

/// A message of the user.
pub(crate) fn user(text: &str) -> ResponseItem {
    item(json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}))
}

/// A prompt with this history.
pub(crate) fn prompt(input: Vec<ResponseItem>) -> Prompt {
    Prompt {
        model: "mock-model".into(),
        instructions: "be good".into(),
        input,
        tools: Arc::new(Vec::new()),
        parallel_tool_calls: true,
        effort: None,
        summary: None,
        verbosity: None,
        service_tier: None,
        output_schema: None,
    }
}

/// All events up to the end of the response.
pub(crate) async fn collect(mut stream: ResponseStream) -> Result<Vec<ResponseEvent>, ModelError> {
    let all = async {
        let mut events = Vec::new();
        while let Some(event) = stream.next().await {
            events.push(event?);
        }
        Ok(events)
    };
    tokio::time::timeout(PATIENCE, all)
        .await
        .expect("the response never ended")
}

/// One request and all its events.
pub(crate) async fn ask(
    session: &mut ModelClientSession,
    prompt: &Prompt,
) -> Result<Vec<ResponseEvent>, ModelError> {
    let stream = tokio::time::timeout(PATIENCE, session.stream(prompt))
        .await
        .expect("the request was never answered")?;
    let events = collect(stream).await;
    if events.is_ok() {
        session.on_success();
    }
    events
}

/// What became of a turn of one sampling request with its retries.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Events of the last attempt, or why there is none.
    pub(crate) result: Option<Result<Vec<ResponseEvent>, String>>,
    /// Messages of the retry notices.
    pub(crate) notices: Vec<String>,
    /// Warnings of a fall-back.
    pub(crate) warnings: Vec<String>,
    /// Waits before the retries.
    pub(crate) delays: Vec<Duration>,
}

impl Outcome {
    /// The events of a turn that went well.
    pub(crate) fn events(self) -> Vec<ResponseEvent> {
        self.result.unwrap().unwrap()
    }

    /// Why the turn failed.
    pub(crate) fn error(self) -> String {
        self.result.unwrap().unwrap_err()
    }
}

/// One sampling request with all retries, as a thread does it, but with waits shortened to 20 ms.
pub(crate) async fn sample(session: &mut ModelClientSession, prompt: &Prompt) -> Outcome {
    let mut outcome = Outcome::default();
    loop {
        let error = match ask(session, prompt).await {
            Ok(events) => {
                outcome.result = Some(Ok(events));
                return outcome;
            }
            Err(error) => error,
        };
        match session.on_failure(&error) {
            RetryDecision::Retry { notice, delay } => {
                outcome.notices.extend(notice.map(|n| n.message));
                outcome.delays.push(delay);
                tokio::time::sleep(delay.min(Duration::from_millis(20))).await;
            }
            RetryDecision::FallBack { warning } => outcome.warnings.push(warning),
            RetryDecision::GiveUp(error) => {
                outcome.result = Some(Err(error.message));
                return outcome;
            }
        }
    }
}

/// The text of all deltas.
pub(crate) fn text(events: &[ResponseEvent]) -> String {
    events
        .iter()
        .filter_map(|event| match event {
            ResponseEvent::TextDelta { delta, .. } => Some(delta.as_str()),
            _ => None,
        })
        .collect()
}

/// The items that the response completed.
pub(crate) fn items(events: &[ResponseEvent]) -> Vec<ResponseItem> {
    events
        .iter()
        .filter_map(|event| match event {
            ResponseEvent::ItemDone { item, .. } => Some(item.clone()),
            _ => None,
        })
        .collect()
}

/// A client that uses WebSockets, with these further settings of the provider.
pub(crate) fn websocket_client(model: &MockModel, settings: &str) -> ModelClient {
    client(model, &format!("supports_websockets = true\n{settings}"))
}

/// How the requests came, in order.
pub(crate) fn transports(model: &MockModel) -> Vec<Transport> {
    model.requests().iter().map(|request| request.transport).collect()
}
