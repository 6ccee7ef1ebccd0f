//! Lines, envelopes and connections: what may come in, and what goes out (threads-and-turns §1).

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, Write};
use std::process::Stdio;
use std::time::Duration;

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use crate::support::{App, Home, Launch, eventually};

/// Sends a line and gives the next answer, whatever its id.
async fn answer_to(app: &App, line: &[u8]) -> Value {
    app.write(line).await;
    app.write(b"\n").await;
    let (_, frame) = app
        .wait_frame("an answer", |frame| frame.json.get("method").is_none())
        .await;
    frame.json
}

async fn code_of(app: &App, line: &str) -> (Value, Value) {
    let answer = answer_to(app, line.as_bytes()).await;
    (answer["id"].clone(), answer["error"]["code"].clone())
}

/// A program that has a thread and a model behind it.
async fn ready(home: &Home) -> (App, String) {
    let app = App::start(home).await;
    let thread = app.start_thread(json!({})).await;
    (app, thread)
}

#[tokio::test]
async fn initialize_says_who_we_are() {
    let home = Home::empty();
    let app = Launch::new(&home).env("TERM", "xterm").spawn();
    let result = app.initialize(json!({})).await;
    assert_eq!(result["codexHome"], json!(home.codex()));
    assert_eq!(result["platformFamily"], "unix");
    assert_eq!(result["platformOs"], std::env::consts::OS);
    let agent = result["userAgent"].as_str().unwrap();
    assert!(agent.starts_with("e2e/0.169.0 ("), "{agent}");
    assert!(agent.ends_with(" xterm (e2e; 0.1.0)"), "{agent}");
}

#[tokio::test]
async fn nothing_works_before_initialize_and_initialize_works_once() {
    let home = Home::empty();
    let app = Launch::new(&home).spawn();
    let error = app.call_err("thread/loaded/list", json!({})).await;
    assert_eq!((error.code, error.message.as_str()), (-32600, "Not initialized"));
    assert_eq!(app.call_err("no/such/method", json!({})).await.code, -32601);

    let client = |name: &str| json!({"clientInfo": {"name": name, "version": "1"}});
    let error = app.call_err("initialize", client("two\nlines")).await;
    assert_eq!(error.code, -32600);
    assert!(
        error
            .message
            .starts_with("Invalid clientInfo.name: 'two\nlines'.")
    );
    app.call("initialize", client("")).await;
    let error = app.call_err("initialize", client("again")).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "Already initialized")
    );
}

#[tokio::test]
async fn requests_behind_initialize_need_not_wait_for_its_answer() {
    let home = Home::empty();
    let app = Launch::new(&home).spawn();
    app.write(
        b"{\"id\":\"a\",\"method\":\"initialize\",\"params\":{\"clientInfo\":{\"name\":\"x\",\"version\":\"1\"}}}\r\n\
          \n{\"id\":\"b\",\"method\":\"thread/loaded/list\",\"params\":{}}\n",
    )
    .await;
    app.response("a").await.unwrap();
    assert_eq!(app.response("b").await.unwrap()["data"], json!([]));
}

#[tokio::test]
async fn errors_say_which_kind_they_are() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let cases = [
        (r#"{"id":1,"method":"no/such"}"#, json!(1), -32601),
        (
            r#"{"id":2,"method":"thread/unsubscribe","params":{}}"#,
            json!(2),
            -32602,
        ),
        (
            r#"{"id":3,"method":"thread/unsubscribe","params":{"threadId":5}}"#,
            json!(3),
            -32602,
        ),
        (
            r#"{"id":4,"method":"thread/unsubscribe","params":[]}"#,
            json!(4),
            -32602,
        ),
        (
            r#"{"id":5,"method":"thread/unsubscribe","params":{"threadId":"zz"}}"#,
            json!(5),
            -32600,
        ),
        (r#"{"id":6,"method":7}"#, json!(6), -32600),
        (r#"{"id":13}"#, json!(13), -32600),
        (r#"{"id":7.5,"method":"thread/loaded/list"}"#, Value::Null, -32600),
        (
            r#"{"id":null,"method":"thread/loaded/list"}"#,
            Value::Null,
            -32600,
        ),
        (r#"{"method":5}"#, Value::Null, -32600),
        ("[]", Value::Null, -32600),
        ("5", Value::Null, -32600),
        ("{", Value::Null, -32700),
        ("hello", Value::Null, -32700),
    ];
    for (line, id, code) in cases {
        assert_eq!(code_of(&app, line).await, (id, json!(code)), "{line}");
    }
    let answer = answer_to(&app, b"{\"id\":8,\"method\":\"\xff\"}").await;
    assert_eq!(
        (&answer["id"], &answer["error"]["code"]),
        (&Value::Null, &json!(-32700))
    );
    // Strange, but harmless.
    for line in [
        r#"{"id":99,"result":{}}"#,
        r#"{"id":"x","error":{"code":1,"message":"m"}}"#,
        r#"{"method":"no/such"}"#,
    ] {
        app.write(format!("{line}\n").as_bytes()).await;
    }
    app.call("thread/loaded/list", Value::Null).await;
}

#[tokio::test]
async fn a_line_that_is_too_long_is_refused_and_the_next_one_served() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let piece = vec![b'x'; 1 << 20];
    app.write(b"{\"id\":1,\"method\":\"").await;
    for _ in 0..65 {
        app.write(&piece).await;
    }
    let answer = answer_to(&app, b"\"}").await;
    assert_eq!(
        (&answer["id"], &answer["error"]["code"]),
        (&Value::Null, &json!(-32600))
    );
    app.call("thread/loaded/list", json!({})).await;
}

#[tokio::test]
async fn a_long_line_within_the_limit_is_served() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let text = "x".repeat(20 << 20);
    let error = app.call_err("thread/loaded/list", json!({"cursor": text})).await;
    assert_eq!(error.code, -32600);
}

#[tokio::test]
async fn the_last_line_needs_no_end() {
    let home = Home::empty();
    let app = App::start(&home).await;
    app.write(br#"{"id":"last","method":"thread/loaded/list","params":{}}"#)
        .await;
    app.close_stdin().await;
    app.response("last").await.unwrap();
    let (status, time) = app.exit().await;
    assert!(
        status.success() && time < Duration::from_secs(1),
        "{status} after {time:?}"
    );
}

#[tokio::test]
async fn every_one_of_a_burst_of_requests_is_answered_once() {
    const BURST: usize = 5_000;
    let home = Home::empty();
    let app = App::start(&home).await;
    let mut lines = String::new();
    for id in 0..BURST {
        let line = match id % 4 {
            0 => json!({"id": format!("r{id}"), "method": "thread/loaded/list", "params": {}}),
            1 => {
                json!({"id": format!("r{id}"), "method": "thread/unsubscribe", "params": {"threadId": "zz"}})
            }
            2 => json!({"id": format!("r{id}"), "method": "no/such"}),
            _ => json!({"id": format!("r{id}"), "method": "thread/unsubscribe",
                        "params": {"threadId": "00000000-0000-0000-0000-000000000000"}}),
        };
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    app.write(lines.as_bytes()).await;
    app.stop().await;
    eventually("all answers are read", || app.mark() > BURST).await;
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    for frame in app.frames() {
        if let Some(id) = frame.json["id"].as_str() {
            *answers.entry(id.to_owned()).or_default() += 1;
        }
    }
    assert_eq!(answers.len(), BURST);
    assert!(answers.values().all(|count| *count == 1));
}

#[tokio::test]
async fn two_requests_with_one_id_are_both_answered() {
    let home = Home::empty();
    let app = App::start(&home).await;
    app.write(
        b"{\"id\":7,\"method\":\"thread/loaded/list\"}\n{\"id\":7,\"method\":\"thread/loaded/list\"}\n",
    )
    .await;
    app.response(7).await.unwrap();
    app.response(7).await.unwrap();
}

#[tokio::test]
async fn a_client_that_writes_jsonrpc_gets_it_back_on_every_frame() {
    let model = MockModel::start("Hello");
    let home = Home::new(&model);
    let app = Launch::new(&home).spawn();
    app.send(&json!({"jsonrpc": "2.0", "id": 1, "method": "initialize",
                     "params": {"clientInfo": {"name": "x", "version": "1"}}}))
        .await;
    app.response(1).await.unwrap();
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Hi").await;
    app.stop().await;
    for frame in app.frames() {
        assert_eq!(frame.json["jsonrpc"], "2.0", "{}", frame.json);
    }
}

#[tokio::test]
async fn other_clients_do_not_get_jsonrpc_and_notifications_tell_their_time() {
    let model = MockModel::start("Hello");
    let home = Home::new(&model);
    let (app, thread) = ready(&home).await;
    app.run_turn(&thread, "Hi").await;
    for frame in app.frames() {
        assert!(frame.json.get("jsonrpc").is_none(), "{}", frame.json);
        assert_eq!(
            frame.json["emittedAtMs"].is_i64(),
            frame.is_notification(),
            "{}",
            frame.json
        );
    }
}

#[tokio::test]
async fn a_client_does_not_hear_what_it_opted_out_of() {
    let model = MockModel::start(Answer::new().say_in("one two three", 3));
    let home = Home::new(&model);
    let app = Launch::new(&home).spawn();
    let unwanted = [
        "item/agentMessage/delta",
        "thread/started",
        "turn/start",
        "no/such",
    ];
    app.initialize(json!({"optOutNotificationMethods": unwanted}))
        .await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Hi").await;
    assert_eq!(turn.status(), "completed");
    let frames = app.frames();
    assert!(frames.iter().any(|frame| frame.method() == "item/completed"));
    for method in unwanted {
        assert!(frames.iter().all(|frame| frame.method() != method), "{method}");
    }
}

#[tokio::test]
async fn what_is_experimental_needs_the_capability() {
    let home = Home::empty();
    let app = Launch::new(&home).spawn();
    app.initialize(json!({})).await;
    let refusals = [
        (
            json!({"dynamicTools": []}),
            -32600,
            "thread/start.dynamicTools requires experimentalApi capability",
        ),
        (
            json!({"environments": []}),
            -32600,
            "thread/start.environments requires experimentalApi capability",
        ),
        (
            json!({"approvalPolicy": {"granular": {"mcp_elicitations": true, "rules": true, "sandbox_approval": true}}}),
            -32600,
            "askForApproval.granular requires experimentalApi capability",
        ),
    ];
    for (params, code, message) in refusals {
        let error = app.call_err("thread/start", params).await;
        assert_eq!((error.code, error.message.as_str()), (code, message));
    }
    // What cannot be read is refused for that reason.
    let error = app
        .call_err("thread/start", json!({"dynamicTools": [], "cwd": 5}))
        .await;
    assert_eq!(error.code, -32602);
    app.call("thread/start", json!({"dynamicTools": null})).await;
}

#[tokio::test]
async fn what_would_be_unsafe_to_ignore_is_refused() {
    let home = Home::empty();
    let (app, thread) = ready(&home).await;
    let starts = [
        (
            json!({"permissions": ":workspace", "sandbox": "read-only"}),
            "`permissions` cannot be combined with `sandbox`",
        ),
        (
            json!({"environments": [{"environmentId": "zz", "cwd": "/"}]}),
            "unknown turn environment id `zz`",
        ),
        (json!({"environments": []}), "environments must name `local`"),
        (
            json!({"dynamicTools": [{"type": "function", "name": "a", "description": "", "inputSchema": {}}]}),
            "dynamicTools",
        ),
        (json!({"projectId": "p1"}), "project not found: p1"),
        (json!({"model": ""}), "No models are available."),
        (
            json!({"modelProvider": "zzz"}),
            "failed to load configuration: Model provider `zzz` not found",
        ),
    ];
    for (params, message) in starts {
        let error = app.call_err("thread/start", params.clone()).await;
        assert_eq!(error.code, -32600, "{params}");
        assert!(error.message.starts_with(message), "{params}: {}", error.message);
    }
    let text = |text: &str| json!([{"type": "text", "text": text}]);
    let turns = [
        (
            json!({"threadId": "zz", "input": []}),
            -32600,
            "invalid thread id: ",
        ),
        (
            json!({"threadId": "00000000-0000-0000-0000-000000000000", "input": []}),
            -32600,
            "thread not found: 00000000-0000-0000-0000-000000000000",
        ),
        (
            json!({"threadId": thread, "input": [{"type": "image", "url": "https://example.com/x.png"}]}),
            -32600,
            "remote image URLs are not supported; use an inline data URL instead",
        ),
        (
            json!({"threadId": thread, "input": text(&"x".repeat((1 << 20) + 1))}),
            -32602,
            "Input exceeds the maximum length",
        ),
        (
            json!({"threadId": thread, "input": [], "permissions": ":workspace", "sandboxPolicy": {"type": "readOnly"}}),
            -32600,
            "`permissions` cannot be combined with `sandboxPolicy`",
        ),
        (
            json!({"threadId": thread, "input": [], "runtimeWorkspaceRoots": ["a"]}),
            -32602,
            "Invalid params",
        ),
    ];
    for (params, code, message) in turns {
        let error = app.call_err("turn/start", params).await;
        assert_eq!(error.code, code, "{}", error.message);
        assert!(error.message.starts_with(message), "{}", error.message);
    }
    let steer = json!({"threadId": thread, "expectedTurnId": "x", "input": []});
    assert_eq!(app.call_err("turn/steer", steer).await.code, -32600);
}

#[tokio::test]
async fn loaded_threads_are_listed_page_by_page() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(app.start_thread(json!({})).await);
    }
    let list = |params: Value| app.call("thread/loaded/list", params);
    assert_eq!(list(json!({})).await, json!({"data": ids, "nextCursor": null}));
    assert_eq!(
        list(json!({"limit": 0})).await,
        json!({"data": [ids[0]], "nextCursor": ids[0]})
    );
    let page = list(json!({"limit": 2, "cursor": ids[0]})).await;
    assert_eq!(page, json!({"data": [ids[1], ids[2]], "nextCursor": null}));
    assert_eq!(
        app.call_err("thread/loaded/list", json!({"cursor": "zz"}))
            .await
            .message,
        "invalid cursor: zz"
    );
}

#[tokio::test]
async fn one_who_unsubscribed_hears_of_the_thread_but_not_of_its_turns() {
    let model = MockModel::start("Hello");
    let home = Home::new(&model);
    let (app, thread) = ready(&home).await;
    let unsubscribe = || app.call("thread/unsubscribe", json!({"threadId": thread}));
    assert_eq!(unsubscribe().await, json!({"status": "unsubscribed"}));
    assert_eq!(unsubscribe().await, json!({"status": "notSubscribed"}));
    let none = json!({"threadId": "00000000-0000-0000-0000-000000000000"});
    assert_eq!(
        app.call("thread/unsubscribe", none).await,
        json!({"status": "notLoaded"})
    );

    let mark = app.mark();
    let input = json!([{"type": "text", "text": "Hi"}]);
    app.call("turn/start", json!({"threadId": thread, "input": input}))
        .await;
    app.wait_where("thread/status/changed", |params| {
        params["status"]["type"] == "idle"
    })
    .await;
    let methods = app.notified_since(mark);
    assert!(
        methods.iter().all(|method| method == "thread/status/changed"),
        "{methods:?}"
    );
}

#[tokio::test]
async fn thread_start_is_answered_before_the_thread_is_announced() {
    let home = Home::empty();
    let (app, thread) = ready(&home).await;
    let frames = app.frames();
    let answer = frames
        .iter()
        .position(|frame| frame.json["result"]["thread"]["id"] == thread.as_str());
    let announced = frames.iter().position(|frame| frame.method() == "thread/started");
    let announced = match announced {
        Some(at) => at,
        None => {
            app.wait_frame("thread/started", |frame| frame.method() == "thread/started")
                .await
                .0
        }
    };
    assert!(answer.unwrap() < announced);
}

#[tokio::test]
async fn a_client_that_does_not_read_costs_little_memory_and_loses_no_text() {
    const DELTAS: usize = 60_000;
    let text = "0123456789abcdef ".repeat(DELTAS);
    let model = MockModel::start(Answer::new().say_in(&text, DELTAS));
    let home = Home::new(&model);
    let mut child = Launch::new(&home)
        .into_command()
        .stdout(Stdio::piped())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = async || -> Value {
        let line = lines.next_line().await.unwrap();
        serde_json::from_str(&line.expect("the program runs")).unwrap()
    };
    let client = json!({"clientInfo": {"name": "x", "version": "1"}});
    let mut thread = Value::Null;
    for frame in [
        json!({"id": 1, "method": "initialize", "params": client}),
        json!({"id": 2, "method": "thread/start", "params": {}}),
    ] {
        stdin.write_all(format!("{frame}\n").as_bytes()).await.unwrap();
        let answer = next().await;
        assert_eq!(answer["id"], frame["id"]);
        thread = answer["result"]["thread"]["id"].clone();
    }
    let before = resident_kib(pid);
    let input = json!([{"type": "text", "text": "Hi"}]);
    let start = json!({"id": 3, "method": "turn/start", "params": {"threadId": thread, "input": input}});
    stdin.write_all(format!("{start}\n").as_bytes()).await.unwrap();

    // Nothing is read until the model's answer has been taken or held back.
    let (mut size, mut same) = (0, 0);
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = resident_kib(pid);
        same = if now == size { same + 1 } else { 0 };
        size = now;
        if same == 5 {
            break;
        }
    }
    let grown = resident_kib(pid).saturating_sub(before);
    assert!(grown < 40 * 1024, "grew by {grown} KiB");

    let mut deltas = 0;
    let mut streamed = String::new();
    loop {
        let json = next().await;
        match json["method"].as_str() {
            Some("item/agentMessage/delta") => {
                deltas += 1;
                streamed.push_str(json["params"]["delta"].as_str().unwrap());
            }
            Some("turn/completed") => break,
            _ => {}
        }
    }
    assert_eq!(streamed, text);
    assert!(deltas < DELTAS, "text that waited was merged");
    drop(stdin);
    assert!(child.wait().await.unwrap().success());
}

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or_default()
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_program() {
    let home = Home::empty();
    let mut child = Launch::new(&home)
        .into_command()
        .stdout(Stdio::piped())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    stdin
        .write_all(b"{\"id\":1,\"method\":\"no/such\"}\n")
        .await
        .unwrap();
    let status = tokio::time::timeout(Duration::from_secs(2), child.wait()).await;
    assert!(status.unwrap().unwrap().success(), "its input is still open");
}

#[tokio::test]
async fn the_end_of_the_thread_that_started_the_program_is_not_the_end_of_its_parent() {
    let home = Home::empty();
    let mut command = Launch::new(&home).into_command().into_std();
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let start = std::thread::spawn(move || command.spawn().unwrap());
    let mut child = start.join().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    for id in 0..3 {
        writeln!(stdin, "{}", json!({"id": id, "method": "no/such"})).unwrap();
        let answer: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer["id"], id);
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

/// Numbers from a seed: a xorshift generator, so that a failure can be had again.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }
}

fn mutate(line: &mut Vec<u8>, numbers: &mut Numbers) {
    const PIECES: [&[u8]; 10] = [
        b"{", b"}", b"\"", b"null", b"\xff", b"[", b"1e999", b"\\u0000", b"-", b":",
    ];
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(line.len().max(1));
        match numbers.below(5) {
            0 if !line.is_empty() => drop(line.remove(at)),
            1 => drop(line.splice(at..at, PIECES[numbers.below(PIECES.len())].iter().copied())),
            2 if !line.is_empty() => line[at] = numbers.next().to_le_bytes()[0],
            3 => line.truncate(at),
            _ => {
                let copied = line[at..].to_vec();
                line.extend(copied);
            }
        }
    }
    line.retain(|byte| *byte != b'\n');
}

/// `E2E_FUZZ_LINES` and `E2E_FUZZ_SEED` choose how many lines and which.
#[tokio::test]
async fn garbage_never_ends_the_program_and_nothing_is_answered_twice() {
    let number = |name: &str, default: u64| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let count = number("E2E_FUZZ_LINES", 3_000);
    let mut numbers = Numbers(number("E2E_FUZZ_SEED", 0x9e37_79b9_7f4a_7c15));
    let model = MockModel::start([Answer::new().say("ok").always()]);
    let home = Home::new(&model);
    let (app, thread) = ready(&home).await;
    let whole = |id: &str, choice: usize| {
        let (method, params) = match choice {
            0 => ("thread/loaded/list", json!({"limit": 3})),
            1 => (
                "thread/unsubscribe",
                json!({"threadId": "00000000-0000-0000-0000-000000000000"}),
            ),
            2 => ("turn/interrupt", json!({"threadId": thread, "turnId": "none"})),
            3 => (
                "turn/steer",
                json!({"threadId": thread, "expectedTurnId": "none", "input": [{"type": "text", "text": "x"}]}),
            ),
            4 => ("initialize", json!({"clientInfo": {"name": "x", "version": "1"}})),
            _ => (
                "turn/start",
                json!({"threadId": "zz", "input": [{"type": "text", "text": "x"}]}),
            ),
        };
        json!({"id": id, "method": method, "params": params})
            .to_string()
            .into_bytes()
    };
    let mut sure = Vec::new();
    let before = app.mark();
    for number in 0..count {
        let choice = numbers.below(6);
        let mut line = match numbers.below(8) {
            0 => {
                let id = format!("sure-{number}");
                let line = whole(&id, choice);
                sure.push(id);
                line
            }
            1 => (0..numbers.below(200))
                .map(|_| numbers.next().to_le_bytes()[0])
                .filter(|byte| *byte != b'\n')
                .collect(),
            _ => {
                let mut line = whole(&format!("fuzz-{number}"), choice);
                mutate(&mut line, &mut numbers);
                line
            }
        };
        line.push(b'\n');
        app.write(&line).await;
    }
    let turn = app.run_turn(&thread, "Still there?").await;
    assert_eq!(turn.status(), "completed");

    let mut answers: HashMap<Value, usize> = HashMap::new();
    let frames = app.frames();
    for frame in frames[before..].iter().filter(|frame| frame.method().is_empty()) {
        *answers.entry(frame.json["id"].clone()).or_default() += 1;
    }
    for id in sure {
        assert_eq!(answers.get(&json!(id)), Some(&1), "{id}");
    }
    // One for the turn.
    assert!(answers.values().sum::<usize>() as u64 <= count + 1);
    app.stop().await;
}

#[tokio::test]
async fn the_command_line_names_its_mistakes() {
    let home = Home::empty();
    let run = async |args: &[&str]| {
        let mut command = Launch::new(&home).args(args).into_command();
        let output = command.stdin(Stdio::null()).output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    assert_eq!(
        run(&["app-server", "--stdio"]).await,
        (Some(0), String::new(), String::new())
    );
    let (code, stdout, _) = run(&["--version"]).await;
    assert_eq!(
        (code, stdout.as_str()),
        (
            Some(0),
            concat!("codex-app-server ", env!("CARGO_PKG_VERSION"), "\n")
        )
    );
    let mistakes: [(&[&str], i32, &str); 6] = [
        (
            &["--listen", "ws://127.0.0.1:0"],
            2,
            "unsupported --listen URL `ws://127.0.0.1:0`",
        ),
        (&["--no-such-flag"], 2, "--no-such-flag"),
        (&["-c", "nokey"], 1, "Invalid override (missing '='): nokey"),
        (&["-c", "=x"], 1, "Empty key in override: =x"),
        (
            &["--enable", "no_such_feature"],
            1,
            "Unknown feature flag: no_such_feature",
        ),
        (&["-c", "approval_policy=5"], 1, "approval_policy"),
    ];
    for (args, expected, words) in mistakes {
        let (code, stdout, stderr) = run(args).await;
        assert_eq!(
            (code, stdout.as_str()),
            (Some(expected), ""),
            "{args:?}: {stderr}"
        );
        assert!(stderr.contains(words), "{args:?}: {stderr}");
    }
}

#[tokio::test]
async fn a_home_that_is_missing_is_an_error_at_start() {
    let home = Home::empty();
    let missing = home.path().join("missing");
    let mut command = Launch::new(&home).env("CODEX_HOME", &missing).into_command();
    let output = command.stdin(Stdio::null()).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("that path does not exist"), "{stderr}");
}

#[tokio::test]
async fn under_the_name_codex_the_version_is_that_of_the_contract() {
    let home = Home::empty();
    let link = home.path().join("codex");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_codex-app-server"), &link).unwrap();
    let output = std::process::Command::new(&link)
        .arg("--version")
        .output()
        .unwrap();
    assert_eq!(output.stdout, b"codex-cli 0.169.0\n");
}

#[tokio::test]
async fn sockets_serve_as_standard_streams_too() {
    let home = Home::empty();
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let mut command = Launch::new(&home).into_command();
    command.stdin(std::os::fd::OwnedFd::from(theirs.try_clone().unwrap()));
    command.stdout(std::os::fd::OwnedFd::from(theirs));
    let mut child = command.spawn().unwrap();
    drop(command);
    ours.set_nonblocking(true).unwrap();
    let mut socket = tokio::net::UnixStream::from_std(ours).unwrap();
    socket
        .write_all(b"{\"id\":1,\"method\":\"no/such\"}\n")
        .await
        .unwrap();
    socket.shutdown().await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("-32601"), "{answer}");
    assert!(child.wait().await.unwrap().success());
}

#[tokio::test]
async fn files_serve_as_standard_streams_too() {
    let home = Home::empty();
    let (input, output) = (home.path().join("in"), home.path().join("out"));
    std::fs::write(
        &input,
        "{\"id\":1,\"method\":\"no/such\"}\n{\"id\":2,\"method\":\"no/such\"}",
    )
    .unwrap();
    let mut command = Launch::new(&home).into_command();
    command.stdin(std::fs::File::open(&input).unwrap());
    command.stdout(std::fs::File::create(&output).unwrap());
    assert!(command.status().await.unwrap().success());
    let text = std::fs::read_to_string(&output).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
}
