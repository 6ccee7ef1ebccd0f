//! Launchers of the sandbox that were made ready before their command was known.

use std::path::PathBuf;
use std::time::Duration;

use codex_core::mock_model::{Answer, MockModel};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{App, Config, Home, wait_until_dead};

/// How long to wait for what happens in the background.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until this finds something.
async fn found<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, found).await;
    found.unwrap_or_else(|_| panic!("there is never {what}"))
}

/// The children of a process.
fn children(of: i32) -> Vec<i32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_child = |pid: &i32| {
        // State and parent follow the command's name, which is in brackets and may hold anything.
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let rest = stat.rsplit(')').next().unwrap_or_default();
        rest.split_whitespace().nth(1) == Some(&of.to_string())
    };
    pids.filter(is_child).collect()
}

/// The daemon's children that are launchers, or the process that forks them.
fn forked(app: &App) -> Vec<i32> {
    let is_forked = |pid: &i32| {
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words.ends_with(b"\0fork-server\0")
    };
    children(app.pid()).into_iter().filter(is_forked).collect()
}

/// The launcher that waits for a command. Its first child is there, so that it has entered its namespaces.
async fn ready_launcher(app: &App) -> i32 {
    found("a launcher that is ready", || {
        let mut forked = forked(app).into_iter();
        forked.find(|pid| !children(*pid).is_empty())
    })
    .await
}

/// The process that forks launchers.
async fn fork_server(app: &App) -> i32 {
    ready_launcher(app).await;
    found("a process that forks launchers", || {
        let mut forked = forked(app).into_iter();
        forked.find(|pid| children(*pid).is_empty())
    })
    .await
}

/// Views of the disk that the daemon keeps from ending.
fn held_views(app: &App) -> usize {
    let files = std::fs::read_dir(format!("/proc/{}/fd", app.pid())).unwrap();
    let targets = files.filter_map(|file| std::fs::read_link(file.unwrap().path()).ok());
    let is_view = |target: &PathBuf| target.to_string_lossy().starts_with("mnt:[");
    targets.filter(is_view).count()
}

async fn sh(app: &App, home: &Home, script: &str) -> Value {
    let policy = json!({"type": "workspaceWrite", "excludeSlashTmp": true, "excludeTmpdirEnvVar": true});
    let command = json!(["/bin/sh", "-c", script]);
    let params = json!({"command": command, "cwd": home.work(), "sandboxPolicy": policy});
    app.call("command/exec", params).await
}

#[tokio::test]
async fn what_has_come_since_it_was_made_ready_is_protected_all_the_same() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let work = home.work();
    sh(&app, &home, "true").await;
    let launcher = ready_launcher(&app).await;

    let outside = home.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::create_dir(work.join(".git")).unwrap();
    std::fs::create_dir(work.join("new")).unwrap();
    std::os::unix::fs::symlink(&outside, work.join("link")).unwrap();
    let script = "echo a > new/file && echo b > file; for path in .git/file link/file .codex; do \
                  if mkdir $path 2> /dev/null; then echo $path; fi; done";
    let ended = sh(&app, &home, script).await;
    assert_eq!(ended, json!({"exitCode": 0, "stdout": "", "stderr": ""}));
    assert!(work.join("new/file").exists() && work.join("file").exists());
    // It serves one command.
    wait_until_dead(launcher).await;

    ready_launcher(&app).await;
    std::fs::remove_dir_all(work.join("new")).unwrap();
    std::os::unix::fs::symlink(&outside, work.join("new")).unwrap();
    let ended = sh(&app, &home, "mkdir new/folder").await;
    assert_ne!(
        ended["exitCode"], 0,
        "a folder that has become a link leads nowhere: {ended}"
    );
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    app.stop().await;
}

#[tokio::test]
async fn a_process_that_forks_launchers_is_replaced_when_it_has_ended() {
    let home = Home::empty();
    let app = App::start(&home).await;
    sh(&app, &home, "true").await;
    let server = fork_server(&app).await;
    kill_process(Pid::from_raw(server).unwrap(), Signal::KILL).unwrap();
    wait_until_dead(server).await;
    // The one that was made ready, and two for which there is none.
    for _ in 0..3 {
        let ended = sh(&app, &home, "mkdir .git; echo $?; : > file").await;
        assert_eq!(ended["stdout"], "1\n", "{ended}");
        assert_eq!(ended["exitCode"], 0, "{ended}");
    }
    assert_ne!(fork_server(&app).await, server);
    app.stop().await;
}

#[tokio::test]
async fn commands_run_once_although_the_process_that_forks_launchers_hangs() {
    let home = Home::empty();
    let app = App::start(&home).await;
    sh(&app, &home, "true").await;
    let server = fork_server(&app).await;
    let send = |signal| kill_process(Pid::from_raw(server).unwrap(), signal).unwrap();
    send(Signal::STOP);
    // The launcher that was made ready takes the first one.
    for _ in 0..3 {
        assert_eq!(sh(&app, &home, "echo x >> file").await["exitCode"], 0);
    }
    found("another process that forks launchers", || {
        forked(&app).into_iter().find(|pid| *pid != server)
    })
    .await;
    send(Signal::CONT);
    wait_until_dead(server).await;
    let written = std::fs::read_to_string(home.work().join("file")).unwrap();
    assert_eq!(written, "x\nx\nx\n");
    app.stop().await;
}

#[tokio::test]
async fn policies_with_and_without_network_take_turns_at_once() {
    let home = Home::empty();
    let app = App::start(&home).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let connect = format!("exec 3<>/dev/tcp/127.0.0.1/{port}");
    for round in 0..12 {
        let network = round % 3 == 0;
        let policy = json!({"type": "readOnly", "networkAccess": network});
        let command = json!(["/bin/bash", "-c", &connect]);
        let params = json!({"command": command, "cwd": home.work(), "sandboxPolicy": policy});
        let ended = app.call("command/exec", params).await;
        assert_eq!(ended["exitCode"] == 0, network, "{round}: {ended}");
    }
    app.stop().await;
}

#[tokio::test]
async fn nothing_is_left_of_launchers_when_the_daemon_is_killed() {
    let home = Home::empty();
    let app = App::start(&home).await;
    sh(&app, &home, "true").await;
    let server = fork_server(&app).await;
    let launcher = ready_launcher(&app).await;
    let first = children(launcher);
    app.signal(Signal::KILL);
    for pid in first.into_iter().chain([server, launcher]) {
        wait_until_dead(pid).await;
    }
}

#[tokio::test]
async fn namespaces_of_commands_that_have_ended_are_let_go() {
    let home = Home::empty();
    let app = App::start(&home).await;
    for _ in 0..4 {
        assert_eq!(sh(&app, &home, "true").await["exitCode"], 0);
        ready_launcher(&app).await;
    }
    found("an end of views of the disk that nobody uses", || {
        // That of the launcher that is ready.
        (held_views(&app) == 1).then_some(())
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn namespaces_are_let_go_although_somebody_holds_what_the_command_wrote_to() {
    let call = Answer::new().call("c0", "exec_command", json!({"cmd": "exec cat held.fifo"}));
    let model = MockModel::start([call, Answer::from("Seen")]);
    let config = Config {
        sandbox_mode: "workspace-write".into(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let fifo = home.work().join("held.fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::RWXU, 0).unwrap();
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Go").await;
    let pid = found("a command that reads", || {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        pids.find(|pid| {
            let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let folder = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
            words == b"cat\0held.fifo\0" && folder == home.work()
        })
    })
    .await;
    let mut options = std::fs::OpenOptions::new();
    let output = options.write(true).open(format!("/proc/{pid}/fd/1")).unwrap();
    std::fs::write(&fifo, "words").unwrap();
    app.end_of(running).await;
    ready_launcher(&app).await;
    found("an end of views of the disk that nobody uses", || {
        (held_views(&app) == 1).then_some(())
    })
    .await;
    drop(output);
    app.stop().await;
}
