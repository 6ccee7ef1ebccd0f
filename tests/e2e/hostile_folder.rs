//! What a folder that somebody else made may do to us when it is opened: nothing.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use crate::support::{App, Home, Launch};

const SECRET: &str = "hunter2-of-the-user";
const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

fn pipe(path: &Path) {
    let _ = std::fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn git(folder: &Path, arguments: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@t"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// A repository made by hand.
fn repository(folder: &Path) {
    let git = folder.join(".git");
    std::fs::create_dir_all(git.join("refs/heads")).unwrap();
    std::fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    std::fs::write(git.join("refs/heads/main"), SHA).unwrap();
    std::fs::write(
        git.join("config"),
        "[remote \"origin\"]\nurl = https://u:p4ss@h/x\n",
    )
    .unwrap();
}

/// All that is stored of threads.
fn stored(home: &Home) -> String {
    let found = Command::new("find")
        .arg(home.codex().join("sessions"))
        .args(["-name", "*.jsonl", "-exec", "cat", "{}", ";"])
        .output()
        .unwrap();
    String::from_utf8(found.stdout).unwrap()
}

async fn listed(app: &App) -> Value {
    app.call("thread/list", json!({})).await["data"][0].clone()
}

#[tokio::test]
async fn no_program_of_a_repository_runs() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let canary = home.path().join("canary");
    let work = home.work();
    git(&work, &["init", "-q"]);
    std::fs::write(work.join("a"), "1").unwrap();
    git(&work, &["add", "."]);
    git(&work, &["commit", "-q", "-m", "one"]);
    let command = format!("env > {}; cat", canary.display());
    for key in [
        "filter.x.clean",
        "filter.x.process",
        "core.fsmonitor",
        "diff.external",
    ] {
        git(&work, &["config", key, &command]);
    }
    std::fs::write(work.join(".git/info/attributes"), "* filter=x\n").unwrap();
    std::fs::write(work.join("a"), "2").unwrap();
    // Whoever runs git at all is seen.
    let tools = home.path().join("tools");
    std::fs::create_dir(&tools).unwrap();
    let ran = home.path().join("ran");
    std::fs::write(tools.join("git"), format!("#!/bin/sh\ntouch {}\n", ran.display())).unwrap();
    assert!(
        Command::new("chmod")
            .arg("+x")
            .arg(tools.join("git"))
            .status()
            .unwrap()
            .success()
    );
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    let app = Launch::new(&home).env("PATH", path).start().await;
    let thread = app.start_thread(json!({"sandbox": "read-only"})).await;
    assert_eq!(app.run_turn(&thread, "Hi").await.status(), "completed");
    app.run_turn(&thread, "Again").await;
    assert!(!canary.exists(), "a filter was run");
    assert!(!ran.exists(), "git was run");
    assert!(listed(&app).await["gitInfo"]["branch"].is_string());
}

#[tokio::test]
async fn pipes_and_endless_files_hold_nothing_up() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let work = home.work();
    repository(&work);
    for name in [
        ".git/HEAD",
        ".git/config",
        ".git/index",
        ".git/packed-refs",
        "AGENTS.md",
        ".git/refs/heads/main",
    ] {
        for endless in [false, true] {
            let path = work.join(name);
            let before = std::fs::read(&path).ok();
            if endless {
                std::fs::remove_file(&path).unwrap();
                symlink("/dev/zero", &path).unwrap();
            } else {
                pipe(&path);
            }
            let thread = app.start_thread(json!({"cwd": work})).await;
            assert_eq!(app.run_turn(&thread, "Hi").await.status(), "completed", "{name}");
            std::fs::remove_file(&path).unwrap();
            if let Some(before) = before {
                std::fs::write(&path, before).unwrap();
            } else if !endless {
                std::fs::write(&path, "").unwrap();
            }
        }
    }
    std::fs::remove_dir_all(work.join(".git")).unwrap();
    pipe(&work.join(".git"));
    let thread = app.start_thread(json!({"cwd": work})).await;
    assert_eq!(app.run_turn(&thread, "Hi").await.status(), "completed");
}

#[tokio::test]
async fn a_configuration_that_is_a_pipe_is_a_warning() {
    let home = Home::empty();
    pipe(&home.codex().join("config.toml"));
    let app = App::start(&home).await;
    let warning = app.wait_for("configWarning").await;
    assert!(warning.to_string().contains("a pipe"), "{warning}");
    let error = app.call_err("thread/start", json!({})).await;
    assert!(error.message.contains("a pipe"), "{}", error.message);
    app.call("thread/loaded/list", json!({})).await;
}

#[tokio::test]
async fn a_configuration_that_is_a_pipe_holds_no_request_up() {
    let home = Home::empty();
    pipe(&home.codex().join("config.toml"));
    let app = App::start(&home).await;
    // The default provider needs an account.
    let account = app.call("account/read", json!({})).await;
    assert_eq!(account["requiresOpenaiAuth"], true);
    assert!(app.call("model/list", json!({})).await["data"].is_array());
    for (method, words) in [
        (
            "experimentalFeature/list",
            "failed to read configuration layers: ",
        ),
        ("thread/start", "failed to load configuration: "),
    ] {
        let error = app.call_err(method, json!({})).await;
        assert!(error.message.starts_with(words), "{method}: {}", error.message);
        assert!(error.message.contains("a pipe"), "{method}: {}", error.message);
    }
}

#[tokio::test]
async fn head_shows_no_other_file_and_remotes_no_credentials() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let work = home.work();
    repository(&work);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Hi").await;
    let info = listed(&app).await["gitInfo"].clone();
    assert_eq!(
        info,
        json!({"sha": SHA, "branch": "main", "originUrl": "https://h/x"})
    );
    assert!(!stored(&home).contains("p4ss"));
    assert!(
        !model.requests()[0]
            .header("x-codex-turn-metadata")
            .unwrap()
            .contains("p4ss")
    );

    let secret = home.path().join("id_rsa");
    std::fs::write(&secret, SECRET).unwrap();
    for head in [format!("ref: {}", secret.display()), SECRET.into()] {
        std::fs::write(work.join(".git/HEAD"), head).unwrap();
        let thread = app.start_thread(json!({})).await;
        app.run_turn(&thread, "Hi").await;
        let read = app.call("thread/read", json!({"threadId": thread})).await;
        assert_eq!(read["thread"]["gitInfo"], Value::Null, "{read}");
    }
    assert!(!stored(&home).contains(SECRET));
}

#[tokio::test]
async fn of_a_repository_without_a_commit_nothing_is_told() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let work = home.work();
    repository(&work);
    std::fs::remove_file(work.join(".git/refs/heads/main")).unwrap();
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Hi").await;
    assert_eq!(listed(&app).await["gitInfo"], Value::Null);
    let read = app.call("thread/read", json!({"threadId": thread})).await;
    assert_eq!(read["thread"]["gitInfo"], Value::Null);
    app.stop().await;
}

#[tokio::test]
async fn a_project_that_the_user_does_not_trust_gives_no_instructions() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let work = home.work();
    let inner = work.join("inner");
    std::fs::create_dir_all(&inner).unwrap();
    git(&work, &["init", "-q"]);
    std::fs::write(home.codex().join("AGENTS.md"), "Mine").unwrap();
    std::fs::write(work.join("AGENTS.md"), "Theirs").unwrap();
    std::fs::write(inner.join("AGENTS.md"), "Theirs, too").unwrap();
    let config = home.codex().join("config.toml");
    let before = std::fs::read_to_string(&config).unwrap();
    for untrusted in [&work, &inner] {
        let trust = format!("\n[projects.{untrusted:?}]\ntrust_level = \"untrusted\"\n");
        std::fs::write(&config, format!("{before}{trust}")).unwrap();
        let app = App::start(&home).await;
        let started = app.call("thread/start", json!({"cwd": inner})).await;
        let mine = home.codex().join("AGENTS.md");
        assert_eq!(started["instructionSources"], json!([mine]));
        app.run_turn(started["thread"]["id"].as_str().unwrap(), "Hi")
            .await;
        let input = model.requests().last().unwrap().body["input"].to_string();
        assert!(input.contains("Mine") && !input.contains("Theirs"), "{input}");
        app.stop().await;
    }
}

#[tokio::test]
async fn instructions_that_lie_elsewhere_are_neither_sent_nor_stored_and_told_once() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let work = home.work();
    std::fs::write(home.path().join("secret"), SECRET).unwrap();
    for target in ["/proc/self/environ", "../secret"] {
        let _ = std::fs::remove_file(work.join("AGENTS.md"));
        symlink(target, work.join("AGENTS.md")).unwrap();
        let app = Launch::new(&home).env("MY_API_KEY", SECRET).start().await;
        let thread = app.start_thread(json!({})).await;
        let warning = app.wait_for("warning").await;
        assert_eq!(warning["threadId"], thread.as_str());
        let message = warning["message"].as_str().unwrap();
        assert!(message.contains("AGENTS.md was not read"), "{message}");
        app.run_turn(&thread, "Hi").await;
        app.run_turn(&thread, "Again").await;
        let frames = app.frames();
        let told = frames
            .iter()
            .filter(|frame| frame.params().to_string().contains("was not read"));
        assert_eq!(told.count(), 1, "told once");
        assert!(!stored(&home).contains(SECRET));
        for request in model.requests() {
            assert!(!request.body.to_string().contains(SECRET));
        }
    }
}

#[tokio::test]
async fn folders_are_absolute_or_in_the_users_home_or_the_programs_own() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    std::fs::create_dir(home.path().join("project")).unwrap();
    let app = App::start(&home).await;
    for (given, folder) in [
        ("~", home.path().to_owned()),
        ("~/project", home.path().join("project")),
        (".", home.work()),
    ] {
        let started = app.call("thread/start", json!({"cwd": given})).await;
        assert_eq!(started["cwd"], folder.to_str().unwrap());
    }
    let thread = app.start_thread(json!({})).await;
    for given in ["", "project", "./x", "../x", "~nobody", "a\0b"] {
        let error = app.call_err("thread/start", json!({"cwd": given})).await;
        assert!(
            error.message.contains("absolute path"),
            "{given}: {}",
            error.message
        );
        let turn = json!({"threadId": thread, "cwd": given, "input": [{"type": "text", "text": "Hi"}]});
        let error = app.call_err("turn/start", turn).await;
        assert!(
            error.message.contains("absolute path"),
            "{given}: {}",
            error.message
        );
    }
    let turn = app
        .run_turn_with(&thread, "Hi", json!({"cwd": "~/project"}))
        .await;
    assert_eq!(turn.status(), "completed");
}
