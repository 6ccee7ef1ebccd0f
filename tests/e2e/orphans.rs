//! No command outlives the program, also when it is killed.

use std::process::Stdio;

use codex_core::mock_model::{Answer, MockModel};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::support::{App, Ear, Home, alive, wait_until_dead};

/// Prints its own process id and those of a child, of a child that left the group, and of one that left the group and
/// has lost its parent.
const FAMILY: &str = "
    tell() { echo $1 >> pids; }
    tell $$
    sleep 300 & tell $!
    setsid bash -c 'echo $$ >> pids; exec sleep 300' &
    (setsid bash -c 'echo $$ >> pids; exec sleep 300' > /dev/null 2>&1 &)
    wait";

#[tokio::test]
async fn commands_die_with_the_program_when_it_is_killed() {
    let call = json!({"cmd": FAMILY, "login": false, "yield_time_ms": 30_000});
    let model = MockModel::start(Answer::new().call("c1", "exec_command", call));
    let home = Home::new(&model);
    let mut pids = Ear::new(home.work().join("pids"));
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.start_turn(&thread, "Run").await;
    let pids = pids.pids(4).await;
    assert!(pids.iter().all(|pid| alive(*pid)));
    app.signal(Signal::KILL);
    app.exit().await;
    for pid in pids {
        wait_until_dead(pid).await;
    }
}

#[tokio::test]
async fn they_do_so_when_the_guard_was_killed_before() {
    let call = json!({"cmd": FAMILY, "login": false, "yield_time_ms": 30_000});
    let model = MockModel::start(Answer::new().call("c1", "exec_command", call));
    let home = Home::new(&model);
    let mut pids = Ear::new(home.work().join("pids"));
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.start_turn(&thread, "Run").await;
    let pids = pids.pids(4).await;
    let guard = another_guard(app.pid(), 0).await;
    kill_process(Pid::from_raw(guard).unwrap(), Signal::KILL).unwrap();
    another_guard(app.pid(), guard).await;
    // No other command begins before that one has been told of those that run.
    app.call("command/exec", json!({"command": ["true"]})).await;
    assert!(
        pids.iter().all(|pid| alive(*pid)),
        "they live on with the program"
    );
    app.signal(Signal::KILL);
    app.exit().await;
    for pid in pids {
        wait_until_dead(pid).await;
    }
}

/// Waits, at most 10 s, until a process has a guard that is not this one.
async fn another_guard(of: i32, than: i32) -> i32 {
    let look = || {
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
            .filter(|pid| *pid != than && alive(*pid))
            .find(|pid| {
                let of_process =
                    |file: &str| std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
                let status = String::from_utf8_lossy(&of_process("status")).into_owned();
                status.contains(&format!("\nPPid:\t{of}\n"))
                    && String::from_utf8_lossy(&of_process("cmdline")).contains("--internal-exec-guard")
            })
    };
    let found = async {
        loop {
            match look() {
                Some(pid) => return pid,
                None => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            }
        }
    };
    let found = tokio::time::timeout(std::time::Duration::from_secs(10), found).await;
    found.expect("a guard")
}

#[tokio::test]
async fn commands_get_neither_our_terminal_nor_what_our_parent_left_open() {
    let script = "for fd in 0 1 2 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$fd ] && echo $fd; done; \
                  cut -d' ' -f6 /proc/$$/stat; echo $$";
    let model = MockModel::start([
        Answer::new().call(
            "c1",
            "exec_command",
            json!({"cmd": script, "login": false, "shell": "/bin/sh"}),
        ),
        Answer::from("ok"),
    ]);
    let home = Home::new(&model);
    // A shell leaves a descriptor open in the program.
    let program = env!("CARGO_BIN_EXE_codex-app-server");
    let mut shell = tokio::process::Command::new("/bin/sh")
        .args(["-c", "exec 7</etc/passwd; exec \"$0\"", program])
        .env("HOME", home.path())
        .env("CODEX_HOME", home.codex())
        .current_dir(home.work())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = shell.stdin.take().unwrap();
    let mut lines = BufReader::new(shell.stdout.take().unwrap()).lines();
    let mut until = async |frame: Value, is_it: &dyn Fn(&Value) -> bool| -> Value {
        stdin.write_all(format!("{frame}\n").as_bytes()).await.unwrap();
        loop {
            let line = lines.next_line().await.unwrap().unwrap();
            let json: Value = serde_json::from_str(&line).unwrap();
            if is_it(&json) {
                return json;
            }
        }
    };
    let info = json!({"clientInfo": {"name": "e2e", "version": "1"}});
    until(
        json!({"method": "initialize", "id": 1, "params": info}),
        &|json| json["id"] == 1,
    )
    .await;
    let start = json!({"method": "thread/start", "id": 2, "params": {}});
    let thread = until(start, &|json| json["id"] == 2).await["result"]["thread"]["id"].clone();
    let input = json!([{"type": "text", "text": "Run"}]);
    let start = json!({"method": "turn/start", "id": 3, "params": {"threadId": thread, "input": input}});
    until(start, &|json| json["method"] == "turn/completed").await;
    let requests = model.requests();
    let output = requests[1].tool_output("c1").unwrap();
    let words: Vec<_> = output
        .rsplit("Output:\n")
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    assert_eq!(words[..3], ["0", "1", "2"], "{output}");
    assert_eq!(words.len(), 5, "{output}");
    assert_eq!(words[3], words[4], "it leads its session: {output}");
    drop(stdin);
    shell.wait().await.unwrap();
}
