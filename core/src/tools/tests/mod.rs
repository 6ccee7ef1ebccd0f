//! The command tools with real processes, from the call to the events and the output.

mod approvals;
mod commands;
#[path = "../../../../tests/support/fifo.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "shared with the tests of the whole program"
)]
mod fifo;
mod images;
#[path = "../../../../tests/support/process.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "shared with the tests of the whole program"
)]
mod process;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    CallContext, CallRecord, ExecCommand, RequestPermissions, ToolCall, ToolEnd, ToolSet, ViewImage,
    WriteStdin,
};
use crate::config::{Config, ConfigSource, ShellEnvironmentPolicy};
use crate::exec::{ExecOptions, ExecSessions, OutputLimit};
use crate::exec_policy::RuleSet;
use crate::exec_policy::store::{HomeRules, ThreadRules};
use crate::goal_tracker::GoalTracker;
use crate::history::{Layout, ThreadLog, ThreadStore};
use crate::hooks::ThreadHooks;
use crate::mcp::ThreadMcp;
use crate::model::FunctionOutput;
use crate::outbox::Outbox;
use crate::safety::ThreadApprovals;
use crate::{
    ApprovalPolicy, ApprovalsReviewer, CommandApproval, CommandExecution, Event, EventSink, ItemBody,
    ModeKind, SandboxPolicy, ThreadId, ThreadSettings, Traffic,
};

struct Sink(mpsc::UnboundedSender<Event>);

impl EventSink for Sink {
    fn emit(&self, _: ThreadId, event: Event) {
        let _ = self.0.send(event);
    }

    fn congested(&self, _: ThreadId, _: Traffic) -> bool {
        false
    }

    fn drained(&self, _: ThreadId, _: Traffic) -> BoxFuture<'static, ()> {
        std::future::ready(()).boxed()
    }
}

/// The configuration of an empty home.
fn config(home: &Path) -> Config {
    let source = ConfigSource {
        codex_home: home.to_owned(),
        ..ConfigSource::default()
    };
    Arc::unwrap_or_clone(Config::load(&source, home, &[]).expect("a configuration"))
}

/// A thread with nothing but its tools.
struct Bench {
    cx: CallContext,
    events: mpsc::UnboundedReceiver<Event>,
    tools: ToolSet,
    dir: tempfile::TempDir,
}

impl Bench {
    fn new(sandbox: SandboxPolicy, approval: ApprovalPolicy) -> Self {
        // As in the daemon: children don't ignore what we handle, whoever started us.
        drop(tokio::signal::unix::signal(
            tokio::signal::unix::SignalKind::interrupt(),
        ));
        let dir = tempfile::tempdir().expect("temp dir");
        let (sender, events) = mpsc::unbounded_channel();
        let thread_id = ThreadId::new();
        let settings = ThreadSettings {
            model: "m".into(),
            model_provider: "p".into(),
            effort: None,
            summary: None,
            service_tier: None,
            cwd: dir.path().to_owned(),
            workspace_roots: vec![dir.path().to_owned()],
            has_environment: true,
            approval_policy: approval,
            approvals_reviewer: ApprovalsReviewer::User,
            sandbox_policy: sandbox,
            permission_profile: None,
            profile_rules: None,
            personality: None,
            collaboration_mode: ModeKind::Default,
            mode_instructions: None,
            disabled_plugin_ids: Vec::new(),
        };
        let exec = ExecSessions::new(ExecOptions {
            thread_id,
            session_id: thread_id.to_string(),
            codex_home: PathBuf::from("/codex"),
            environment: ShellEnvironmentPolicy::default(),
            allow_login_shell: true,
            max_poll: Duration::from_secs(300),
        });
        let rules = ThreadRules::new(HomeRules::new(dir.path().join("home"), None), RuleSet::default());
        let outbox = Outbox::new(
            thread_id,
            Arc::new(Sink(sender)),
            ThreadLog::none(),
            None,
            crate::ThreadStatus::Idle,
            false,
        );
        let store = ThreadStore::new(Layout::new(dir.path().join("home")), "openai");
        let cx = CallContext {
            goals: GoalTracker::new(thread_id, store, outbox.clone(), false, None),
            outbox,
            turn_id: "t1".into(),
            settings: Arc::new(settings),
            output_limit: OutputLimit::Tokens(10_000),
            image_detail: "original",
            cancel: CancellationToken::new(),
            exec,
            dynamic: crate::DynamicTools::default(),
            patches: Arc::new(crate::patch::PatchState::new(PathBuf::from("/codex"))),
            approvals: ThreadApprovals::new(rules),
            config: Arc::new(config(dir.path())),
            mcp: ThreadMcp::none(Arc::new(config(dir.path()))),
            images: None,
            turn_started_at_ms: 0,
            root_turn_id: "t1".into(),
            agents: None,
            reviewer: None,
            guardian: None,
            hooks: ThreadHooks::none(),
            record: CallRecord::default(),
        };
        Self {
            cx,
            events,
            tools: ToolSet::new([
                Arc::new(ExecCommand { permissions: true }) as _,
                Arc::new(WriteStdin) as _,
                Arc::new(RequestPermissions) as _,
                Arc::new(ViewImage) as _,
            ]),
            dir,
        }
    }

    fn free() -> Self {
        Self::new(SandboxPolicy::DangerFullAccess, ApprovalPolicy::Never)
    }

    fn call(&self, name: &str, arguments: &Value) -> BoxFuture<'static, ToolEnd> {
        let call = ToolCall {
            call_id: "c1".into(),
            name: name.into(),
            namespace: None,
            arguments: arguments.to_string(),
            custom: false,
        };
        self.tools.run(self.cx.clone(), call)
    }

    /// Runs a command with `-c`, so that nobody's profile plays a part.
    fn exec(&self, mut arguments: Value) -> BoxFuture<'static, ToolEnd> {
        arguments["login"] = false.into();
        self.call("exec_command", &arguments)
    }

    async fn event(&mut self) -> Event {
        let next = tokio::time::timeout(Duration::from_secs(20), self.events.recv());
        next.await.expect("an event in time").expect("an event")
    }

    /// Skips to the completion of the item. Gives it with the text of all deltas on the way.
    async fn completed(&mut self) -> (CommandExecution, String) {
        let mut text = String::new();
        loop {
            match self.event().await {
                Event::Delta { text: more, .. } => text.push_str(&more),
                Event::ItemCompleted { item, .. } => return (command(item.body), text),
                _ => {}
            }
        }
    }

    async fn question(&mut self) -> CommandApproval {
        loop {
            if let Event::CommandApproval(question) = self.event().await {
                return *question;
            }
        }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }
}

fn command(body: ItemBody) -> CommandExecution {
    match body {
        ItemBody::CommandExecution(command) => command,
        other => panic!("not a command: {other:?}"),
    }
}

fn text(end: ToolEnd) -> String {
    match end {
        ToolEnd::Output(FunctionOutput::Text(text)) | ToolEnd::StopTurn(FunctionOutput::Text(text)) => text,
        other => panic!("no text: {other:?}"),
    }
}

/// What stands behind `Output:`.
fn output(end: ToolEnd) -> String {
    let text = text(end);
    let (_, output) = text.split_once("\nOutput:\n").expect("an output");
    output.to_owned()
}

fn session_id(end: ToolEnd) -> u32 {
    let text = text(end);
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Process running with session ID "));
    line.expect("a running session").parse().expect("a number")
}

fn is_alive(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.trim())).unwrap_or_default();
    !(stat.is_empty() || stat.contains(") Z "))
}

#[tokio::test]
async fn the_tools_are_described_as_they_are() {
    let bench = Bench::free();
    for spec in bench.tools.specs().iter() {
        assert_eq!(spec["type"], "function");
        assert_eq!(spec["strict"], false);
        let required = spec["parameters"]["required"].as_array().expect("a list");
        let properties = spec["parameters"]["properties"].as_object().expect("an object");
        assert!(
            required
                .iter()
                .all(|name| properties.contains_key(name.as_str().expect("a name")))
        );
        assert!(
            properties
                .values()
                .all(|property| property["description"].is_string())
        );
    }
}
