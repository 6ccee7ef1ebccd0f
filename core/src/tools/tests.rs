//! The command tools with real processes, from the call to the events and the output.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{CallContext, ExecCommand, ToolCall, ToolEnd, ToolSet, WriteStdin};
use crate::config::ShellEnvironmentPolicy;
use crate::exec::{ExecOptions, ExecSessions};
use crate::history::ThreadLog;
use crate::model::FunctionOutput;
use crate::session::Outbox;
use crate::{
    ApprovalDecision, ApprovalPolicy, ApprovalsReviewer, CallStatus, CommandApproval, CommandExecution,
    CommandSource, Event, EventSink, ItemBody, ModeKind, SandboxPolicy, ThreadId, ThreadSettings,
};

struct Sink(mpsc::UnboundedSender<Event>);

impl EventSink for Sink {
    fn emit(&self, _: ThreadId, event: Event) {
        let _ = self.0.send(event);
    }

    fn congested(&self, _: ThreadId) -> bool {
        false
    }

    fn drained(&self, _: ThreadId) -> BoxFuture<'static, ()> {
        std::future::ready(()).boxed()
    }
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
            approval_policy: approval,
            approvals_reviewer: ApprovalsReviewer::User,
            sandbox_policy: sandbox,
            permission_profile: None,
            personality: None,
            collaboration_mode: ModeKind::Default,
            mode_instructions: None,
            disabled_plugin_ids: Vec::new(),
            client_metadata: std::collections::BTreeMap::default(),
        };
        let exec = ExecSessions::new(ExecOptions {
            thread_id,
            session_id: thread_id.to_string(),
            codex_home: PathBuf::from("/codex"),
            environment: ShellEnvironmentPolicy::default(),
            allow_login_shell: true,
            max_poll: Duration::from_secs(300),
        });
        let cx = CallContext {
            outbox: Outbox::new(thread_id, Arc::new(Sink(sender)), ThreadLog::none(), false),
            turn_id: "t1".into(),
            settings: Arc::new(settings),
            output_tokens: 10_000,
            cancel: CancellationToken::new(),
            exec,
        };
        Self {
            cx,
            events,
            tools: ToolSet::new([Arc::new(ExecCommand) as _, Arc::new(WriteStdin) as _]),
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

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(10), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn is_alive(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.trim())).unwrap_or_default();
    !(stat.is_empty() || stat.contains(") Z "))
}

#[tokio::test]
async fn a_command_streams_and_ends_with_its_exit_code() {
    let mut bench = Bench::free();
    let end = bench.exec(json!({"cmd": "echo out; echo err >&2; exit 3"})).await;
    let Event::ItemStarted { turn_id, item } = bench.event().await else {
        panic!("the item comes first");
    };
    assert_eq!((&*turn_id, item.id.as_str()), ("t1", "c1"));
    let started = command(item.body);
    assert_eq!(started.source, CommandSource::UnifiedExecStartup);
    assert_eq!(started.status, CallStatus::InProgress);
    assert!(
        started
            .process_id
            .expect("a session")
            .parse::<u32>()
            .expect("a number")
            >= 1000
    );
    assert_eq!(started.command[1..], ["-c", "echo out; echo err >&2; exit 3"]);
    let (completed, deltas) = bench.completed().await;
    assert_eq!(deltas, "out\nerr\n");
    assert_eq!(completed.aggregated_output.as_deref(), Some("out\nerr\n"));
    assert_eq!(
        (completed.status, completed.exit_code),
        (CallStatus::Failed, Some(3))
    );
    let text = text(end);
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[0].starts_with("Chunk ID: ") && lines[0].len() == 16,
        "{text}"
    );
    assert!(
        lines[1].starts_with("Wall time: ") && lines[1].ends_with(" seconds"),
        "{text}"
    );
    assert_eq!(
        lines[2..],
        [
            "Process exited with code 3",
            "Original token count: 2",
            "Output:",
            "out",
            "err"
        ]
    );
}

#[tokio::test]
async fn a_silent_success_has_no_output() {
    let mut bench = Bench::free();
    assert_eq!(output(bench.exec(json!({"cmd": "cat"})).await), "");
    let (completed, _) = bench.completed().await;
    assert_eq!(
        (completed.status, completed.exit_code),
        (CallStatus::Completed, Some(0))
    );
    assert_eq!(completed.aggregated_output, None);
}

#[tokio::test]
async fn a_command_runs_in_its_folder_with_its_environment() {
    let bench = Bench::free();
    std::fs::create_dir(bench.path().join("sub")).expect("mkdir");
    let script = "pwd; echo $CODEX_TOOL_CALL_ID $CODEX_HOME $TERM $PAGER";
    let out = output(bench.exec(json!({"cmd": script, "workdir": "sub"})).await);
    let sub = bench.path().join("sub").canonicalize().expect("there");
    assert_eq!(out, format!("{}\nc1 /codex dumb cat\n", sub.display()));
}

#[tokio::test]
async fn a_command_that_cannot_start_has_a_failed_item() {
    let mut bench = Bench::free();
    let said = text(bench.exec(json!({"cmd": "ls", "workdir": "nowhere"})).await);
    assert_eq!(
        said,
        "exec_command failed: CreateProcess { message: \"Rejected(\\\"Failed to create unified exec process: \
         No such file or directory (os error 2)\\\")\" }"
    );
    let (completed, _) = bench.completed().await;
    assert_eq!(
        (completed.status, completed.exit_code),
        (CallStatus::Failed, Some(-1))
    );
    assert_eq!(completed.process_id, None);
}

#[tokio::test]
async fn signals_count_from_128() {
    let bench = Bench::free();
    let said = text(bench.exec(json!({"cmd": "kill -KILL $$"})).await);
    assert!(said.contains("Process exited with code 137"), "{said}");
}

#[tokio::test]
async fn long_output_streams_whole_and_is_cut_for_the_model() {
    let mut bench = Bench::free();
    let end = bench
        .exec(json!({"cmd": "seq 1 300000", "max_output_tokens": 100}))
        .await;
    let all: String = (1..=300_000).map(|n| format!("{n}\n")).collect();
    let (completed, deltas) = bench.completed().await;
    assert_eq!(deltas, all);
    let kept = completed.aggregated_output.expect("output");
    assert!(kept.len() < 1024 * 1024 + 100 && kept.contains(" bytes omitted ..."));
    let said = text(end);
    assert!(said.contains(&format!("Original token count: {}\n", all.len().div_ceil(4))));
    assert!(
        said.contains("Output:\nWarning: truncated output (original token count: "),
        "{said}"
    );
    assert!(
        said.contains(" tokens truncated…") && said.ends_with("300000\n") && said.len() < 700,
        "{said}"
    );
}

#[tokio::test]
async fn what_is_not_utf8_is_replaced() {
    let mut bench = Bench::free();
    let end = bench
        .exec(json!({"cmd": r"printf 'a\303'; sleep 0.1; printf '\244b\377'"}))
        .await;
    assert_eq!(bench.completed().await.1, "aäb\u{fffd}");
    assert_eq!(output(end), "aäb\u{fffd}");
}

#[tokio::test]
async fn a_long_command_goes_on_and_can_be_followed() {
    let mut bench = Bench::free();
    let gate = bench.path().join("gate");
    let script = "echo begin; until [ -e gate ]; do sleep 0.02; done; echo end; exit 7";
    let end = bench.exec(json!({"cmd": script, "yield_time_ms": 1})).await;
    let said = text(end.clone());
    assert!(said.ends_with("Output:\nbegin\n"), "{said}");
    let id = session_id(end);
    std::fs::write(gate, "").expect("write");
    bench.cx.turn_id = "t2".into();
    let end = text(bench.call("write_stdin", &json!({"session_id": id})).await);
    assert!(
        end.contains("Process exited with code 7") && end.ends_with("Output:\nend\n"),
        "{end}"
    );
    let mut seen = Vec::new();
    loop {
        match bench.event().await {
            Event::TerminalInteraction {
                turn_id,
                item_id,
                process_id,
                stdin,
            } => {
                assert_eq!((&*turn_id, &*item_id, stdin.as_str()), ("t2", "c1", ""));
                seen.push(process_id);
            }
            Event::ItemCompleted { turn_id, item } => {
                assert_eq!(&*turn_id, "t1", "the item stays with its turn");
                assert_eq!(
                    command(item.body).aggregated_output.as_deref(),
                    Some("begin\nend\n")
                );
                break;
            }
            _ => {}
        }
    }
    assert_eq!(seen, [id.to_string()]);
    let gone = text(bench.call("write_stdin", &json!({"session_id": id})).await);
    assert_eq!(gone, format!("write_stdin failed: Unknown process id {id}"));
}

#[tokio::test]
async fn a_running_command_can_be_interrupted_but_not_written_to() {
    let bench = Bench::free();
    let id = session_id(
        bench
            .exec(json!({"cmd": "exec sleep 60", "yield_time_ms": 1}))
            .await,
    );
    let said = text(
        bench
            .call("write_stdin", &json!({"session_id": id, "chars": "hello\n"}))
            .await,
    );
    assert!(
        said.starts_with("write_stdin failed: stdin is closed for this session"),
        "{said}"
    );
    let call = json!({"session_id": id, "chars": "\u{3}", "yield_time_ms": 10_000});
    let said = text(bench.call("write_stdin", &call).await);
    assert!(said.contains("Process exited with code 130"), "{said}");
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let bench = Bench::free();
    let said = text(bench.exec(json!({"cmd": "ls", "tty": true})).await);
    assert!(said.contains("no terminal"), "{said}");
    let said = text(bench.exec(json!({"command": "ls"})).await);
    assert!(
        said.starts_with("failed to parse function arguments: missing field `cmd`"),
        "{said}"
    );
    assert_eq!(
        text(bench.call("nonesuch", &json!({})).await),
        "unsupported call: nonesuch"
    );
}

#[tokio::test]
async fn an_interrupt_ends_the_command_and_completes_its_item() {
    let mut bench = Bench::free();
    let running = bench.exec(json!({"cmd": "sleep 60 & echo $!; wait"}));
    let running = tokio::spawn(running);
    let child = loop {
        if let Event::Delta { text, .. } = bench.event().await {
            break text;
        }
    };
    let begin = Instant::now();
    bench.cx.cancel.cancel();
    let said = text(running.await.expect("no panic"));
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    assert!(
        said.starts_with("Wall time: ") && said.ends_with(" seconds\naborted by user"),
        "{said}"
    );
    let (completed, _) = bench.completed().await;
    assert_eq!(
        (completed.status, completed.exit_code),
        (CallStatus::Failed, Some(143))
    );
    until("the child of the command ends", || !is_alive(&child)).await;
}

#[tokio::test]
async fn a_command_that_ignores_the_interrupt_is_killed() {
    let mut bench = Bench::free();
    let running =
        tokio::spawn(bench.exec(json!({"cmd": "trap '' TERM; echo on; while :; do sleep 0.1; done"})));
    while !matches!(bench.event().await, Event::Delta { .. }) {}
    bench.cx.cancel.cancel();
    let said = text(running.await.expect("no panic"));
    assert!(said.ends_with("aborted by user"), "{said}");
    assert_eq!(bench.completed().await.0.exit_code, Some(137));
}

#[tokio::test]
async fn commands_in_the_background_survive_an_interrupt_but_not_the_end() {
    let mut bench = Bench::free();
    let end = bench
        .exec(json!({"cmd": "echo $$; sleep 60 & wait", "yield_time_ms": 1}))
        .await;
    let process = output(end.clone());
    let id = session_id(end);
    let look = tokio::spawn(bench.call("write_stdin", &json!({"session_id": id})));
    while !matches!(bench.event().await, Event::TerminalInteraction { .. }) {}
    bench.cx.cancel.cancel();
    assert!(text(look.await.expect("no panic")).ends_with("aborted by user"));
    assert!(is_alive(&process));
    let begin = Instant::now();
    bench.cx.exec.shutdown().await;
    assert!(
        begin.elapsed() < Duration::from_millis(600),
        "{:?}",
        begin.elapsed()
    );
    assert!(!is_alive(&process));
    assert_eq!(bench.completed().await.0.exit_code, Some(143));
    let said = text(bench.exec(json!({"cmd": "ls"})).await);
    assert!(
        said.contains("the thread is ending"),
        "no command starts after the end: {said}"
    );
}

#[tokio::test]
async fn what_a_command_leaves_behind_does_not_hold_it_up() {
    let mut bench = Bench::free();
    let begin = Instant::now();
    let end = bench.exec(json!({"cmd": "sleep 60 & echo $!"})).await;
    assert!(begin.elapsed() < Duration::from_secs(5));
    let left = output(end);
    assert_eq!(bench.completed().await.0.exit_code, Some(0));
    assert!(is_alive(&left));
    bench.cx.exec.shutdown().await;
    assert!(!is_alive(&left));
}

#[tokio::test]
async fn within_limits_every_command_is_asked_for() {
    let sandbox = SandboxPolicy::ReadOnly {
        network_access: false,
    };
    let mut bench = Bench::new(sandbox, ApprovalPolicy::OnRequest);
    let running = tokio::spawn(bench.exec(json!({"cmd": "echo hi", "justification": "may I?"})));
    let started = loop {
        if let Event::ItemStarted { item, .. } = bench.event().await {
            break command(item.body);
        }
    };
    assert_eq!((started.source, started.process_id), (CommandSource::Agent, None));
    let question = bench.question().await;
    assert_eq!(
        (&*question.item_id, question.reason.as_deref()),
        ("c1", Some("may I?"))
    );
    assert_eq!(question.command[1..], ["-c", "echo hi"]);
    assert_eq!(question.cwd, bench.path());
    question
        .answer
        .send(ApprovalDecision::AcceptForSession)
        .expect("waits");
    assert_eq!(output(running.await.expect("no panic")), "hi\n");
    let mut more = Vec::new();
    while let Ok(event) = bench.events.try_recv() {
        more.push(event);
    }
    assert!(
        !more
            .iter()
            .any(|event| matches!(event, Event::ItemStarted { .. })),
        "started once"
    );
    let completed = more.into_iter().find_map(|event| match event {
        Event::ItemCompleted { item, .. } => Some(command(item.body)),
        _ => None,
    });
    let completed = completed.expect("completed");
    assert_eq!(completed.source, CommandSource::UnifiedExecStartup);
    assert!(completed.process_id.is_some());

    assert_eq!(
        output(bench.exec(json!({"cmd": "echo hi"})).await),
        "hi\n",
        "not asked again"
    );
}

#[tokio::test]
async fn a_refused_command_has_a_declined_item() {
    for (decision, said, stops) in [
        (ApprovalDecision::Decline, "rejected by user", false),
        (ApprovalDecision::Cancel, "rejected by user", true),
        (ApprovalDecision::Failed, "approval request failed", false),
    ] {
        let mut bench = Bench::new(SandboxPolicy::DangerFullAccess, ApprovalPolicy::Untrusted);
        let running = tokio::spawn(bench.exec(json!({"cmd": "echo hi"})));
        bench.question().await.answer.send(decision).expect("waits");
        let end = running.await.expect("no panic");
        assert_eq!(matches!(end, ToolEnd::StopTurn(_)), stops);
        assert_eq!(
            text(end),
            format!("exec_command failed: CreateProcess {{ message: \"Rejected(\\\"{said}\\\")\" }}")
        );
        let (completed, _) = bench.completed().await;
        assert_eq!(
            (completed.status, completed.source),
            (CallStatus::Declined, CommandSource::Agent)
        );
    }
}

#[tokio::test]
async fn an_interrupt_withdraws_the_question() {
    let mut bench = Bench::new(SandboxPolicy::DangerFullAccess, ApprovalPolicy::Untrusted);
    let running = tokio::spawn(bench.exec(json!({"cmd": "echo hi"})));
    let question = bench.question().await;
    bench.cx.cancel.cancel();
    assert!(text(running.await.expect("no panic")).ends_with("aborted by user"));
    assert!(
        matches!(bench.event().await, Event::ApprovalWithdrawn { approval } if approval == question.approval)
    );
    assert_eq!(bench.completed().await.0.status, CallStatus::Declined);
}

#[tokio::test]
async fn where_nobody_may_be_asked_limits_mean_no() {
    let sandbox = SandboxPolicy::ReadOnly {
        network_access: false,
    };
    let mut bench = Bench::new(sandbox, ApprovalPolicy::Never);
    let said = text(bench.exec(json!({"cmd": "ls"})).await);
    assert!(
        said.contains("Rejected(") && said.contains("no sandbox"),
        "{said}"
    );
    assert_eq!(bench.completed().await.0.status, CallStatus::Declined);
    let said = text(
        bench
            .exec(json!({"cmd": "ls", "sandbox_permissions": "require_escalated"}))
            .await,
    );
    assert_eq!(
        said,
        "approval policy is Never; reject command — you cannot ask for escalated permissions if the approval policy \
         is Never"
    );
    assert_eq!(bench.completed().await.0.status, CallStatus::Declined);
}

#[test]
fn the_tools_are_described_as_they_are() {
    let bench = Bench::free();
    for spec in bench.tools.specs() {
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
