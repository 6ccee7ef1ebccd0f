//! An engine with a recorder as its sink and a mock model to talk to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use codex_core::auth::AuthManager;
use codex_core::config::ConfigSource;
use codex_core::mock_model::{MockModel, Script};
use codex_core::*;
use futures_util::future::BoxFuture;
use tokio::sync::{oneshot, watch};

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// Everything that threads told and answered, in order, one line each.
#[derive(Default)]
pub(crate) struct Recorder {
    lines: watch::Sender<Vec<String>>,
    approvals: Mutex<HashMap<i64, oneshot::Sender<ApprovalDecision>>>,
    congested: watch::Sender<bool>,
    /// See [`Recorder::trap`].
    trap: Mutex<Option<&'static str>>,
}

impl Recorder {
    /// Panics, in the middle of whoever tells it, at the next line that begins like this: a fault of ours.
    pub(crate) fn trap(&self, line: &'static str) {
        *self.trap.lock().unwrap() = Some(line);
    }

    fn line(&self, line: String) {
        self.lines.send_modify(|lines| lines.push(line));
    }

    /// A reply that is recorded under this name.
    pub(crate) fn reply<T: Send + 'static>(
        self: &Arc<Self>,
        name: &'static str,
        show: impl FnOnce(T) -> String + Send + 'static,
    ) -> Reply<T> {
        let recorder = Arc::clone(self);
        Reply::new(move |answer| {
            recorder.line(match answer {
                Ok(answer) => format!("{name} -> {}", show(answer)),
                Err(error) => format!("{name} -> error: {error:?}"),
            });
        })
    }
}

impl EventSink for Recorder {
    fn emit(&self, _thread: ThreadId, event: Event) {
        let is_output = matches!(
            event,
            Event::Delta {
                kind: DeltaKind::CommandOutput,
                ..
            }
        );
        let line = show(event, &self.approvals);
        let shown = line.as_deref().or(is_output.then_some("output"));
        let sprung = {
            let mut trap = self.trap.lock().unwrap();
            trap.take_if(|trap| shown.is_some_and(|line| line.starts_with(*trap)))
        };
        if let Some(trap) = sprung {
            panic!("the test's trap at {trap:?}");
        }
        if let Some(line) = line {
            self.line(line);
        }
    }

    fn congested(&self, _thread: ThreadId, _: Traffic) -> bool {
        *self.congested.borrow()
    }

    fn drained(&self, _thread: ThreadId, _: Traffic) -> BoxFuture<'static, ()> {
        let mut congested = self.congested.subscribe();
        Box::pin(async move {
            let _ = congested.wait_for(|congested| !congested).await;
        })
    }
}

fn show(event: Event, approvals: &Mutex<HashMap<i64, oneshot::Sender<ApprovalDecision>>>) -> Option<String> {
    Some(match event {
        Event::Status(status) => format!("status {}", status_text(&status)),
        Event::Settings(settings) => {
            format!("settings model={} effort={:?}", settings.model, settings.effort)
        }
        // Tests of the whole program look at these.
        Event::RawItem { .. } | Event::RawResponse { .. } | Event::ReadState(_) => return None,
        Event::TurnStarted(turn) => format!("turn started {:?}", turn.status),
        Event::TurnCompleted(turn) => {
            let items: Vec<_> = turn.items.iter().map(item_text).collect();
            let error = turn
                .error
                .map(|error| format!(" {}", error.message))
                .unwrap_or_default();
            format!("turn {:?} {items:?}{error}", turn.status)
        }
        Event::ItemStarted { item, .. } => format!("started {}", item_text(&item)),
        Event::ItemCompleted { item, .. } => format!("completed {}", item_text(&item)),
        Event::Delta {
            item_id, kind, text, ..
        } => match kind {
            DeltaKind::AgentMessage => format!("delta {item_id} {text}"),
            // Output comes in pieces that nobody can foretell.
            DeltaKind::CommandOutput => return None,
            kind => format!("delta {item_id} {kind:?} {text}"),
        },
        Event::ReasoningPartAdded { summary_index, .. } => format!("part {summary_index}"),
        Event::TokenUsage { usage, .. } => {
            format!(
                "usage total={} last={}",
                usage.total.total_tokens, usage.last.total_tokens
            )
        }
        Event::RateLimits(limits) => format!("limits {:?}", limits.limit_id),
        Event::Error {
            error, will_retry, ..
        } => {
            format!(
                "error {} details={:?} will_retry={will_retry}",
                error.message, error.details
            )
        }
        Event::Warning(text) => format!("warning {text}"),
        Event::ModelRerouted { from, to, .. } => format!("rerouted {from} {to}"),
        Event::ModelVerification { verifications, .. } => format!("verification {verifications:?}"),
        Event::CommandApproval(question) => {
            let line = format!("question {} {:?}", question.item_id, question.reason);
            approvals
                .lock()
                .unwrap()
                .insert(question.approval, question.answer);
            line
        }
        Event::ApprovalWithdrawn { .. } => "withdrawn".into(),
        Event::Realtime(event) => realtime_text(*event),
        Event::Closed => "closed".into(),
        other => format!("{other:?}"),
    })
}

fn realtime_text(event: RealtimeEvent) -> String {
    match event {
        RealtimeEvent::Started { version, .. } => format!("voice started {}", version.name()),
        RealtimeEvent::Sdp(sdp) => format!("voice sdp {sdp:?}"),
        RealtimeEvent::ItemStarted(item) => format!("voice item started {:?}", item.body),
        RealtimeEvent::ItemCompleted(item) => format!("voice item completed {:?}", item.body),
        RealtimeEvent::TranscriptDelta { speaker, delta, .. } => {
            format!("voice delta {} {delta}", speaker.map_or("-", Speaker::name))
        }
        RealtimeEvent::TranscriptDone { speaker, text } => format!("voice done {} {text}", speaker.name()),
        RealtimeEvent::ItemAdded(item) => format!("voice added {item}"),
        RealtimeEvent::Audio(frame) => format!("voice sound {}", frame.data),
        RealtimeEvent::Error(why) => format!("voice error {why}"),
        RealtimeEvent::Closed(end) => format!("voice closed {}", end.name()),
    }
}

fn status_text(status: &ThreadStatus) -> String {
    match status {
        ThreadStatus::Active {
            waiting_on_approval: true,
            ..
        } => "active, waiting on approval".into(),
        ThreadStatus::Active { .. } => "active".into(),
        other => format!("{other:?}"),
    }
}

fn item_text(item: &Item) -> String {
    assert!(item.started_at_ms.is_some());
    match &item.body {
        ItemBody::UserMessage { content, client_id } => {
            let texts: Vec<_> = content
                .iter()
                .map(|part| match part {
                    UserInput::Text { text, .. } => text.clone(),
                    other => format!("{other:?}"),
                })
                .collect();
            let client = client_id
                .as_ref()
                .map(|id| format!(" ({id})"))
                .unwrap_or_default();
            format!("user{client} {}", texts.join("|"))
        }
        ItemBody::AgentMessage { text, phase, .. } => {
            let phase = phase.map(|phase| format!(" {phase:?}")).unwrap_or_default();
            format!("message {}{phase} '{text}'", item.id)
        }
        ItemBody::Reasoning { summary, content } => format!("reasoning {} {summary:?} {content:?}", item.id),
        ItemBody::CommandExecution(command) => {
            format!(
                "command {} {:?} exit={:?}",
                item.id, command.status, command.exit_code
            )
        }
        ItemBody::WebSearch { query, action, .. } => format!("search {} '{query}' {action:?}", item.id),
        other => format!("{} {other:?}", item.id),
    }
}

/// One thread on an engine of its own.
pub(crate) struct Probe {
    pub(crate) model: MockModel,
    pub(crate) engine: Arc<Engine>,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) thread: ThreadHandle,
    home: tempfile::TempDir,
}

impl Probe {
    pub(crate) async fn start(script: impl Into<Script>) -> Self {
        Self::start_with(script, "", StartThread::default()).await
    }

    /// With more lines for the top of config.toml.
    pub(crate) async fn start_with(script: impl Into<Script>, config: &str, start: StartThread) -> Self {
        Self::start_on(script, config, "", start).await
    }

    /// With more lines for the top of config.toml and for the table of the provider. `{model}` in them is the address of
    /// the model.
    pub(crate) async fn start_on(
        script: impl Into<Script>,
        config: &str,
        provider: &str,
        start: StartThread,
    ) -> Self {
        let home = tempfile::tempdir().unwrap();
        let model = MockModel::start(script);
        let retries = if provider.contains("request_max_retries") {
            ""
        } else {
            "request_max_retries = 0\n"
        };
        let text = format!(
            "model = \"gpt-5.5\"\nmodel_provider = \"mock\"\napproval_policy = \"never\"\n\
             sandbox_mode = \"danger-full-access\"\n{config}\n\
             [model_providers.mock]\nname = \"mock\"\nbase_url = \"{}\"\n{retries}\
             stream_max_retries = 2\n{provider}\n",
            model.base_url()
        );
        let text = text.replace("{model}", &model.address().to_string());
        std::fs::write(home.path().join("config.toml"), text).unwrap();
        std::fs::create_dir(home.path().join("work")).unwrap();
        let recorder = Arc::new(Recorder::default());
        let engine = Engine::new(EngineOptions {
            config: ConfigSource {
                codex_home: home.path().to_owned(),
                overrides: Vec::new(),
                ..ConfigSource::default()
            },
            sink: recorder.clone(),
            auth: AuthManager::new(home.path().to_owned()),
        });
        let start = StartThread {
            settings: SettingsPatch {
                cwd: Some(start.settings.cwd.unwrap_or_else(|| home.path().join("work"))),
                ..start.settings
            },
            originator: "probe".into(),
            user_agent: "probe/1".into(),
            ..start
        };
        let (reply, answer) = Reply::channel();
        engine.start_thread(start, reply).await;
        let started = answer.await.unwrap();
        let thread = engine.thread(started.info.id).unwrap();
        thread.set_subscribers(1);
        Self {
            model,
            engine,
            recorder,
            thread,
            home,
        }
    }

    pub(crate) fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    pub(crate) fn work(&self) -> std::path::PathBuf {
        self.home.path().join("work")
    }

    /// Submits turn/start.
    pub(crate) fn turn(&self, text: &str) {
        self.turn_with(StartTurn {
            input: vec![say(text)],
            ..StartTurn::default()
        });
    }

    pub(crate) fn turn_with(&self, start: StartTurn) {
        let reply = self
            .recorder
            .reply("turn/start", |turn: Turn| format!("{:?}", turn.status));
        let start = Box::new(start);
        self.thread.submit(Op::StartTurn { start, reply });
    }

    /// Runs a turn to its end; gives the lines since it was asked for.
    pub(crate) async fn run(&self, text: &str) -> Vec<String> {
        let from = self.lines().len();
        self.turn(text);
        self.until_turn_end(from).await
    }

    pub(crate) async fn until_turn_end(&self, from: usize) -> Vec<String> {
        let ends = ["turn Completed", "turn Failed", "turn Interrupted"];
        self.wait(from, |line| ends.iter().any(|end| line.starts_with(end)))
            .await;
        self.lines()[from..].to_vec()
    }

    pub(crate) fn steer(&self, turn_id: &str, text: &str) {
        let reply = self.recorder.reply("turn/steer", |_| "ok".to_owned());
        self.thread.submit(Op::Steer {
            expected_turn_id: turn_id.into(),
            input: vec![say(text)],
            client_user_message_id: None,
            additional_context: std::collections::BTreeMap::new(),
            metadata: ClientMetadata::default(),
            reply,
        });
    }

    pub(crate) fn interrupt(&self, turn_id: &str) {
        let reply = self.recorder.reply("turn/interrupt", |()| "ok".to_owned());
        self.thread.submit(Op::Interrupt {
            turn_id: turn_id.into(),
            reply,
        });
    }

    pub(crate) async fn snapshot(&self) -> ThreadSnapshot {
        let (reply, answer) = Reply::channel();
        self.thread.submit(Op::Snapshot {
            include_turns: true,
            reply,
        });
        tokio::time::timeout(PATIENCE, answer).await.unwrap().unwrap()
    }

    /// All turns, as thread/read gives them.
    pub(crate) async fn turns(&self) -> Vec<Turn> {
        let turns = self.engine.read_turns(self.thread.id()).await.unwrap();
        turns.map(Result::unwrap).collect()
    }

    /// Id of the turn that runs.
    pub(crate) async fn active_turn(&self) -> String {
        self.snapshot().await.turns.last().unwrap().id.clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.recorder.lines.borrow().clone()
    }

    /// Waits for a line, looking from an index.
    pub(crate) async fn wait(&self, from: usize, is_it: impl Fn(&str) -> bool) {
        let mut lines = self.recorder.lines.subscribe();
        let found = lines.wait_for(|lines| lines.iter().skip(from).any(|line| is_it(line)));
        let found = tokio::time::timeout(PATIENCE, found).await;
        assert!(
            found.is_ok(),
            "never came; told so far:\n{}",
            self.lines().join("\n")
        );
    }

    /// Answers the only open question.
    pub(crate) fn answer(&self, decision: ApprovalDecision) {
        let mut approvals = self.recorder.approvals.lock().unwrap();
        let open = *approvals.keys().next().unwrap();
        let _ = approvals.remove(&open).unwrap().send(decision);
    }

    /// Makes the reader of all events slow, or quick again.
    pub(crate) fn congest(&self, congested: bool) {
        self.recorder.congested.send_replace(congested);
    }
}

pub(crate) fn say(text: &str) -> UserInput {
    UserInput::Text {
        text: text.into(),
        elements: Vec::new(),
    }
}

/// Asserts that these lines were told, one right after the other.
pub(crate) fn assert_told<S: AsRef<str>>(lines: &[String], story: &[S]) {
    place_of(lines, story);
}

/// Asserts that these lines were told first, one right after the other.
pub(crate) fn assert_told_first<S: AsRef<str>>(lines: &[String], story: &[S]) {
    assert_eq!(place_of(lines, story), 0, "not at the beginning of {lines:#?}");
}

/// Asserts that these lines were told last, one right after the other.
pub(crate) fn assert_told_last<S: AsRef<str>>(lines: &[String], story: &[S]) {
    let end = place_of(lines, story) + story.len();
    assert_eq!(end, lines.len(), "not at the end of {lines:#?}");
}

fn place_of<S: AsRef<str>>(lines: &[String], story: &[S]) -> usize {
    let told = |lines: &[String]| lines.iter().zip(story).all(|(line, told)| line == told.as_ref());
    let place = lines.windows(story.len()).position(told);
    place.unwrap_or_else(|| {
        let story: Vec<&str> = story.iter().map(AsRef::as_ref).collect();
        panic!("{story:#?} is not in {lines:#?}")
    })
}
