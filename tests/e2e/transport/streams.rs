//! What standard input and output may be, and clients that do not read.

use std::io::{BufRead, Read, Write};
use std::process::Stdio;
use std::time::Duration;

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use crate::support::{Config, Ear, Home, Launch};

#[tokio::test]
async fn a_client_that_does_not_read_costs_little_memory_and_loses_no_text() {
    const DELTAS: usize = 60_000;
    let text = "0123456789abcdef ".repeat(DELTAS);
    let call = json!({"cmd": "echo here > ear", "login": false});
    let model = MockModel::start([
        Answer::new()
            .say_in(&text, DELTAS)
            .call("c1", "exec_command", call),
        Answer::new().say("end"),
    ]);
    let home = Home::new(&model);
    let mut ear = Ear::new(home.work().join("ear"));
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
    let client = json!({
        "clientInfo": {"name": "x", "version": "1"},
        "capabilities": {"optOutNotificationMethods": ["remoteControl/status/changed"]},
    });
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

    // Nothing is read until the model's answer has been taken: the call at its end runs.
    assert_eq!(ear.line().await, "here");
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
    assert_eq!(streamed, text + "end");
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

/// Many clients subscribe to what follows an answer when they have dealt with it. What they read together is too early.
#[test]
fn an_answer_is_read_alone_before_the_news_behind_it() {
    const THREADS: usize = 20;
    let home = Home::empty();
    let mut command = Launch::new(&home).into_command().into_std();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut chunk = vec![0; 1 << 20];
    // Reads until `end` has come; says whether the answer with this id came at the end of what was read at once.
    let mut read_until = |id: usize, end: &str| -> bool {
        let (mut alone, mut rest) = (false, Vec::new());
        loop {
            let count = stdout.read(&mut chunk).unwrap();
            assert_ne!(count, 0, "the program runs");
            rest.extend_from_slice(&chunk[..count]);
            while let Some(at) = rest.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = rest.drain(..=at).collect();
                let json: Value = serde_json::from_slice(&line).unwrap();
                alone |= json["id"] == id && rest.is_empty();
                if json["method"] == end {
                    return alone;
                }
            }
        }
    };
    let client = json!({"clientInfo": {"name": "x", "version": "1"}});
    writeln!(
        stdin,
        "{}",
        json!({"id": 0, "method": "initialize", "params": client})
    )
    .unwrap();
    read_until(0, "remoteControl/status/changed");
    let alone = (1..=THREADS).filter(|&id| {
        writeln!(
            stdin,
            "{}",
            json!({"id": id, "method": "thread/start", "params": {}})
        )
        .unwrap();
        read_until(id, "thread/started")
    });
    // A loaded machine may let us read late, but not every time.
    assert_ne!(alone.count(), 0, "of {THREADS} answers");
    drop(stdin);
    assert!(child.wait().unwrap().success());
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

#[tokio::test]
async fn an_approval_is_read_from_a_client_that_has_stopped_reading() {
    const MORE: i64 = 1500;
    let call =
        json!({"cmd": "echo here > ear", "sandbox_permissions": "require_escalated", "justification": "?"});
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", call),
        Answer::new().say("end"),
    ]);
    let home = Home::with(&model, &Config::asking());
    let mut ear = Ear::new(home.work().join("ear"));
    let mut child = Launch::new(&home)
        .into_command()
        .stdout(Stdio::piped())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut until = async |fits: &dyn Fn(&Value) -> bool| -> Value {
        loop {
            let line = lines.next_line().await.unwrap().expect("the program runs");
            let json = serde_json::from_str(&line).unwrap();
            if fits(&json) {
                return json;
            }
        }
    };
    let client = json!({"clientInfo": {"name": "x", "version": "1"}});
    let mut thread = Value::Null;
    for frame in [
        json!({"id": 1, "method": "initialize", "params": client}),
        json!({"id": 2, "method": "thread/start", "params": {}}),
    ] {
        stdin.write_all(format!("{frame}\n").as_bytes()).await.unwrap();
        let answer = until(&|json| json["id"] == frame["id"]).await;
        thread = answer["result"]["thread"]["id"].clone();
    }
    let input = json!([{"type": "text", "text": "Hi"}]);
    let start = json!({"id": 3, "method": "turn/start", "params": {"threadId": thread, "input": input}});
    stdin.write_all(format!("{start}\n").as_bytes()).await.unwrap();
    let question = until(&|json| json["method"] == "item/commandExecution/requestApproval").await;

    // The answers to these fill the queue; nothing is read until the approval has had its effect.
    let mut all = String::new();
    for id in 0..MORE {
        let request = json!({"id": 100 + id, "method": "model/list", "params": {"includeHidden": true}});
        all.push_str(&request.to_string());
        all.push('\n');
    }
    let answer = json!({"id": question["id"], "result": {"decision": "accept"}});
    all.push_str(&answer.to_string());
    all.push('\n');
    let write = tokio::time::timeout(Duration::from_secs(20), stdin.write_all(all.as_bytes())).await;
    write.expect("the program reads").unwrap();
    assert_eq!(ear.line().await, "here");
    until(&|json| json["id"] == 100 + MORE - 1).await;
    drop(stdin);
    assert!(child.wait().await.unwrap().success());
}
