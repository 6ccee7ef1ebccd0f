//! Conversations beside that of a thread: a delegate has its own history, rollout file, base instructions and commands, and
//! works in the thread's name while a turn of the thread waits for it (docs/contract/agents.md#delegates). The engine does
//! not know of it: nobody finds, resumes or asks it as long as the thread lives.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::inbox::{TurnInbox, TurnInput};
use super::request::{Request, ToolSources, TurnChoices};
use super::turn::{self, TurnPlan, TurnTask};
use super::turn_end::{TurnResult, TurnTimes};
use super::{ConversationState, MessageQueue, Services};
use crate::agents::ThreadAgents;
use crate::config::Config;
use crate::dynamic_tools::DynamicTools;
use crate::exec::{ExecOptions, ExecSessions};
use crate::exec_policy::store::ThreadRules;
use crate::goal_tracker::GoalTracker;
use crate::history::{
    BaseInstructions, ContextWindow as FirstWindow, Layout, LogPosition, LogWriter, NewLog, Provenance,
    SessionMeta, ThreadLog, ThreadStore, timestamp,
};
use crate::hooks::ThreadHooks;
use crate::mcp::{McpOffer, ThreadMcp};
use crate::model::{
    ContextWindow, ModelCatalog, ModelClient, ModelClientOptions, ModelClientSession, ThreadLineage,
    TurnIdentity,
};
use crate::outbox::Outbox;
use crate::patch::PatchState;
use crate::realtime::Realtime;
use crate::safety::ThreadApprovals;
use crate::skills::ThreadSkills;
use crate::tools::ImageService;
use crate::{
    CONTRACT_VERSION, EventSink, HistoryMode, ThreadId, ThreadSettings, ThreadStatus, UserInput, new_id,
    now_ms, now_s, tools,
};

/// How long the commands of a delegate may take to end with it.
const COMMANDS_END: Duration = Duration::from_millis(500);

/// What a delegate is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DelegateKind {
    /// To review changes.
    Review,
    /// To judge what the thread's agent wants to do.
    ApprovalReview,
}

impl DelegateKind {
    /// What model servers are told that it is.
    fn label(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::ApprovalReview => "guardian",
        }
    }

    /// `source` of its first line.
    fn source(self) -> Value {
        match self {
            Self::Review => json!({"subagent": self.label()}),
            Self::ApprovalReview => json!({"subagent": {"other": self.label()}}),
        }
    }

    fn thread_source(self) -> &'static str {
        match self {
            Self::Review => "subagent",
            Self::ApprovalReview => "guardian_review",
        }
    }

    /// The tools that it has, if the thread has them.
    fn tools(self) -> &'static [&'static str] {
        match self {
            Self::Review => &[
                "exec_command",
                "write_stdin",
                "update_plan",
                "request_user_input",
                "apply_patch",
                "view_image",
            ],
            Self::ApprovalReview => &["exec_command", "write_stdin", "view_image"],
        }
    }
}

/// What the delegates of a thread are made of.
pub(crate) struct DelegateHost {
    pub(crate) config: Arc<Config>,
    /// The thread's own client.
    pub(crate) client: ModelClientOptions,
    pub(crate) models: Arc<ModelCatalog>,
    pub(crate) rules: ThreadRules,
    pub(crate) writer: LogWriter,
    pub(crate) store: ThreadStore,
    /// Not used by delegates, which start no agents.
    pub(crate) agents: Arc<ThreadAgents>,
    /// The thread is not stored, and its delegates are not either.
    pub(crate) ephemeral: bool,
    /// Skills of the thread.
    pub(crate) skills: Arc<ThreadSkills>,
}

/// One turn of a delegate.
pub(crate) struct DelegateTurn {
    pub(crate) id: Arc<str>,
    pub(crate) root_id: String,
    /// The turn of the thread that waits for it.
    pub(crate) parent_turn_id: String,
    /// What it is to do.
    pub(crate) input: Vec<UserInput>,
    /// JSON Schema that its answer must follow.
    pub(crate) output_schema: Option<Value>,
    /// Stops it.
    pub(crate) cancel: CancellationToken,
    /// See [`TurnInbox::hurry`].
    pub(crate) hurry: CancellationToken,
}

/// See the module.
pub(crate) struct Delegate {
    kind: DelegateKind,
    host: Arc<DelegateHost>,
    services: Services,
    session: ConversationState,
    settings: Arc<ThreadSettings>,
    /// It has had a turn.
    begun: bool,
}

impl Delegate {
    /// A delegate with nothing said yet. What it tells goes to `listener`. `hooks`: those of the thread, if they have a say
    /// in what it does.
    pub(crate) fn new(
        host: &Arc<DelegateHost>,
        kind: DelegateKind,
        settings: ThreadSettings,
        instructions: Arc<str>,
        listener: Arc<dyn EventSink>,
        hooks: Option<&ThreadHooks>,
    ) -> Self {
        let id = ThreadId::new();
        let config = &host.config;
        let (log, path) = if host.ephemeral {
            (ThreadLog::none(), None)
        } else {
            let (log, path) = log(host, kind, id, &settings, &instructions);
            (log, Some(path))
        };
        let client = ModelClient::with_lineage(
            ModelClientOptions {
                thread_id: id,
                ..host.client.clone()
            },
            ThreadLineage {
                history_initialization: Some("new".to_owned()),
                forked_from_thread_id: None,
                parent_thread_id: Some(host.client.thread_id.to_string()),
                subagent: Some(kind.label().to_owned()),
                agent_path: None,
                thread_source: Some(kind.thread_source().to_owned()),
            },
        );
        client.inform(&host.models);
        if let Some(window) = log.first_window_id() {
            client.restore_window(ContextWindow::first(window.to_owned()));
        }
        let exec = ExecSessions::new(ExecOptions {
            thread_id: id,
            session_id: host.client.session_id.clone(),
            codex_home: config.codex_home.clone(),
            environment: config.shell_environment_policy.clone(),
            allow_login_shell: config.allow_login_shell,
            max_poll: config.background_terminal_max_timeout,
        });
        let mut session = ConversationState::new(log.clone());
        if kind == DelegateKind::ApprovalReview {
            session.context.leave_out_project();
        }
        let outbox = Outbox::new(id, listener, log, None, ThreadStatus::ACTIVE, false);
        let store = host.store.clone();
        let images = ImageService::new(client.side_channel(), config.codex_home.clone(), id, false);
        let services = Services {
            // It has neither a goal nor a queue nor a voice.
            goals: GoalTracker::new(id, store.clone(), outbox.clone(), false, None),
            queue: MessageQueue::new(id, store.clone(), outbox.clone()),
            realtime: Realtime::none(),
            memories: None,
            store,
            outbox,
            config: Arc::clone(config),
            client,
            tools: tools::built_in(config).only(kind.tools()),
            exec,
            dynamic_tools: DynamicTools::default(),
            patches: Arc::new(PatchState::new(config.codex_home.clone())),
            approvals: ThreadApprovals::new(host.rules.clone()),
            instructions,
            developer_instructions: None,
            agents: Arc::clone(&host.agents),
            delegates: Arc::clone(host),
            guardian: None,
            // Nobody's words but the user's may bring instructions to who judges approvals.
            skills: match kind {
                DelegateKind::Review => Arc::clone(&host.skills),
                DelegateKind::ApprovalReview => ThreadSkills::none(Arc::clone(config)),
            },
            hooks: hooks.map_or_else(ThreadHooks::none, |hooks| hooks.of_delegate(path)),
            mcp: ThreadMcp::none(Arc::clone(config)),
            images,
            draining: Arc::default(),
        };
        Self {
            kind,
            host: Arc::clone(host),
            services,
            session,
            settings: Arc::new(settings),
            begun: false,
        }
    }

    /// Runs a turn to its end. It ends soon after it is cancelled; it is not to be dropped before.
    pub(crate) async fn run(&mut self, turn: DelegateTurn) -> TurnResult {
        let DelegateTurn {
            id,
            root_id,
            parent_turn_id,
            input,
            output_schema,
            cancel,
            hurry,
        } = turn;
        let (began, started_at) = (Instant::now(), now_s());
        let settings = Arc::clone(&self.settings);
        let identity = TurnIdentity {
            turn_id: id.to_string(),
            root_turn_id: root_id.clone(),
            parent_turn_id: Some(parent_turn_id.clone()),
            started_at_ms: now_ms(),
            client_metadata: std::collections::BTreeMap::new(),
            ..identity(&settings)
        };
        let request = Request::new(
            &self.host.models,
            &self.host.config,
            &settings,
            &ToolSources {
                dynamic: &DynamicTools::default(),
                agents: &self.host.agents,
                servers: &McpOffer::default(),
                drawing: false,
            },
            TurnChoices {
                service_tier: None,
                output_schema,
            },
        );
        let plan = TurnPlan {
            id: Arc::clone(&id),
            root_id,
            parent_id: Some(parent_turn_id),
            trigger: None,
            started_at,
            settings,
            new_settings: !std::mem::replace(&mut self.begun, true),
            request: request.with_tools(self.kind.tools()),
            turn_input: TurnInput {
                input,
                ..TurnInput::default()
            },
            task: TurnTask::Regular,
            is_handoff: false,
        };
        // Nobody writes to a delegate.
        let (_nobody, mail) = mpsc::unbounded_channel();
        let inbox = TurnInbox {
            mail,
            cancel,
            hurry,
            replaced: CancellationToken::new(),
            waiting: Vec::new(),
        };
        let client = self.services.client.turn(identity);
        let result = boxed(&self.services, &mut self.session, plan, client, inbox).await;
        let log = self.services.outbox.log();
        log.append(vec![result.entry(&id, TurnTimes::until_now(started_at, began))]);
        log.flushed().await;
        self.services.outbox.settled().await;
        log.sync();
        result
    }

    /// What its next turn runs with.
    pub(crate) fn set_settings(&mut self, settings: ThreadSettings) {
        self.settings = Arc::new(settings);
    }

    /// How much of its window the last request and answer took, in per cent.
    pub(crate) fn used_percent(&self) -> i64 {
        let usage = self.session.usage.thread();
        let window = usage.model_context_window.unwrap_or(i64::MAX).max(1);
        usage.last.total_tokens.saturating_mul(100) / window
    }

    /// Ends its commands, and what it has to write.
    pub(crate) async fn close(self) {
        self.services.exec.shutdown(Instant::now() + COMMANDS_END).await;
        if let Err(lost) = self.services.outbox.log().close().await {
            tracing::warn!("{lost}");
        }
    }
}

/// A turn within a turn. In a box, because its future holds itself otherwise.
fn boxed<'a>(
    services: &'a Services,
    session: &'a mut ConversationState,
    plan: TurnPlan,
    client: ModelClientSession,
    inbox: TurnInbox,
) -> BoxFuture<'a, TurnResult> {
    turn::run(services, session, plan, client, inbox).boxed()
}

/// What the settings say of a turn to the model's server.
pub(super) fn identity(settings: &ThreadSettings) -> TurnIdentity {
    let (sandbox, mode) = settings.sandbox_policy.words();
    TurnIdentity {
        cwd: settings.cwd.clone(),
        workspace_roots: settings.workspace_roots.clone(),
        sandbox: sandbox.into(),
        sandbox_mode: mode.into(),
        ..TurnIdentity::default()
    }
}

fn log(
    host: &DelegateHost,
    kind: DelegateKind,
    id: ThreadId,
    settings: &ThreadSettings,
    instructions: &str,
) -> (ThreadLog, PathBuf) {
    let now = chrono::Local::now();
    let layout = Layout::new(host.config.codex_home.clone());
    let path: PathBuf = layout.rollout(id, now);
    let meta = SessionMeta {
        id: Some(id),
        session_id: Some(host.client.session_id.clone()),
        parent_thread_id: Some(host.client.thread_id),
        timestamp: timestamp(now.to_utc()),
        cwd: settings.cwd.clone(),
        runtime_workspace_roots: Some(settings.workspace_roots.clone()),
        originator: host.client.originator.clone(),
        cli_version: CONTRACT_VERSION.into(),
        source: kind.source(),
        thread_source: Some(kind.thread_source().to_owned()),
        model_provider: Some(settings.model_provider.clone()),
        base_instructions: Some(BaseInstructions {
            text: instructions.into(),
            provenance: Some(Provenance::Custom),
        }),
        history_mode: Some(HistoryMode::Paginated),
        context_window: Some(FirstWindow { window_id: new_id() }),
        ..SessionMeta::default()
    };
    let new = NewLog {
        layout,
        id,
        path: path.clone(),
        meta,
        position: LogPosition::default(),
        lock: None,
        on_warning: Arc::new(move |text| tracing::warn!(thread = %id, "{text}")),
    };
    (ThreadLog::create(&host.writer, new), path)
}
