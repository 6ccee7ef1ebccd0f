//! A launcher of the sandbox that was made ready before its command was known.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{App, Home, wait_until_dead};

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

/// The launcher that waits for a command. Its first child is there, so that it has entered its namespaces.
async fn ready_launcher(app: &App) -> i32 {
    let is_ready = |pid: &i32| {
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words.ends_with(b"\0spare\0") && !children(*pid).is_empty()
    };
    found("a launcher that is ready", || {
        children(app.pid()).into_iter().find(is_ready)
    })
    .await
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
async fn namespaces_of_commands_that_have_ended_are_let_go() {
    let home = Home::empty();
    let app = App::start(&home).await;
    for _ in 0..4 {
        assert_eq!(sh(&app, &home, "true").await["exitCode"], 0);
        ready_launcher(&app).await;
    }
    let held = || {
        let files = std::fs::read_dir(format!("/proc/{}/fd", app.pid())).unwrap();
        let targets = files.filter_map(|file| std::fs::read_link(file.unwrap().path()).ok());
        let is_view = |target: &PathBuf| target.to_string_lossy().starts_with("mnt:[");
        targets.filter(is_view).count()
    };
    found("an end of views of the disk that nobody uses", || {
        // That of the launcher that is ready.
        (held() == 1).then_some(())
    })
    .await;
    app.stop().await;
}
