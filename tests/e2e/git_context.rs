//! What the model is told of git (docs/contract/context.md#git).

use std::path::Path;
use std::process::Command;

use codex_core::mock_model::{Answer, MockModel, Request};
use serde_json::json;

use crate::support::{App, Config, Home};

fn git(folder: &Path, arguments: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@t"])
        .args(["-c", "init.defaultBranch=main"])
        .args(["-c", "protocol.file.allow=always"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// What a request tells of git: every part, in order.
fn told(request: &Request) -> Vec<String> {
    let messages = request.input().iter().filter(|item| item["role"] == "user");
    let parts = messages.flat_map(|item| item["content"].as_array().unwrap());
    parts
        .filter_map(|part| part["text"].as_str())
        .filter(|text| text.starts_with("<git_context>"))
        .map(str::to_owned)
        .collect()
}

/// A repository that is one commit ahead of what it was cloned from, and one behind.
fn cloned(home: &Home) {
    let upstream = home.path().join("upstream");
    std::fs::create_dir(&upstream).unwrap();
    git(&upstream, &["init"]);
    git(&upstream, &["commit", "--allow-empty", "-m", "First"]);
    git(&home.work(), &["init"]);
    git(
        &home.work(),
        &["remote", "add", "origin", "https://user:secret@example.org/x"],
    );
    let path = upstream.to_str().unwrap().to_owned();
    let fetch = |refspec: &str| git(&home.work(), &["fetch", &path, refspec]);
    fetch("main:refs/remotes/origin/main");
    git(&home.work(), &["reset", "--hard", "refs/remotes/origin/main"]);
    git(&home.work(), &["config", "branch.main.remote", "origin"]);
    git(&home.work(), &["config", "branch.main.merge", "refs/heads/main"]);
    git(&upstream, &["commit", "--allow-empty", "-m", "Theirs"]);
    fetch("main:refs/remotes/origin/main");
    git(
        &home.work(),
        &["commit", "--allow-empty", "-m", "Fix <the> parser"],
    );
}

#[tokio::test]
async fn the_repository_is_told_at_first_and_again_when_it_has_changed() {
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", json!({"cmd": "true"})),
        Answer::from("One"),
        Answer::from("Two"),
        Answer::from("Three"),
        Answer::from("Four"),
    ]);
    let home = Home::new(&model);
    cloned(&home);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Hi").await;
    let first = model.requests()[0].clone();
    let messages = first.input().iter().filter(|item| item["role"] == "user");
    let surroundings = messages
        .map(|item| item["content"].as_array().unwrap())
        .find(|parts| {
            parts[0]["text"]
                .as_str()
                .unwrap()
                .starts_with("<environment_context>")
        })
        .unwrap();
    assert_eq!(surroundings.len(), 2, "a part of its own");
    let [context] = &told(&first)[..] else {
        panic!("{:?}", told(&first))
    };
    for piece in [
        format!("<root>{}</root>", home.work().display()),
        "<branch>main</branch>".to_owned(),
        " Fix &lt;the&gt; parser</head>".to_owned(),
        "<upstream ahead=\"1\" behind=\"1\">origin/main</upstream>".to_owned(),
    ] {
        assert!(context.contains(&piece), "{piece} in {context}");
    }
    assert!(!context.contains("secret"));
    assert_eq!(told(&model.requests()[1]).len(), 1, "not with each request");

    app.run_turn(&thread, "Nothing happened").await;
    assert_eq!(told(&model.requests()[2]).len(), 1);
    git(&home.work(), &["checkout", "-b", "topic"]);
    git(&home.work(), &["commit", "--allow-empty", "-m", "Another"]);
    // Packed objects and refs are read as well.
    git(&home.work(), &["gc"]);
    app.run_turn(&thread, "Something happened").await;
    let news = told(&model.requests()[3]);
    assert_eq!(news.len(), 2);
    assert!(news[1].contains("<branch>topic</branch>") && news[1].contains(" Another</head>"));
    assert!(!news[1].contains("upstream"));
    assert_eq!(news[0], *context, "what was told stays as it is");

    // It is known after a restart.
    app.stop().await;
    let app = App::start(&home).await;
    app.call("thread/resume", json!({"threadId": thread, "excludeTurns": true}))
        .await;
    app.run_turn(&thread, "Still there?").await;
    assert_eq!(told(&model.requests()[4]).len(), 2);
    app.stop().await;
}

#[tokio::test]
async fn every_root_has_its_repository_and_a_commit_without_a_branch_is_told_as_such() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    git(&home.work(), &["init"]);
    git(&home.work(), &["commit", "--allow-empty", "-m", "First"]);
    let other = home.path().join("other");
    git(
        &home.work(),
        &["worktree", "add", "--detach", other.to_str().unwrap()],
    );
    let app = App::start(&home).await;
    let roots = json!([home.work(), other]);
    let thread = app
        .start_thread(json!({"cwd": home.work(), "runtimeWorkspaceRoots": roots}))
        .await;
    app.run_turn(&thread, "Hi").await;
    let context = told(&model.requests()[0]).remove(0);
    assert_eq!(context.matches("<repository>").count(), 2, "{context}");
    assert!(context.contains("<kind>worktree</kind>") && context.contains("HEAD is detached"));
    app.stop().await;
}

#[tokio::test]
async fn nothing_is_told_without_a_repository_or_without_the_feature() {
    let model = MockModel::start("ok");
    let off = Config {
        extra: "[features]\ngit_context = false\n".to_owned(),
        ..Config::default()
    };
    for (config, in_repository) in [(Config::default(), false), (off, true)] {
        let home = Home::with(&model, &config);
        if in_repository {
            git(&home.work(), &["init"]);
        }
        let (app, thread) = App::with_thread(&home).await;
        app.run_turn(&thread, "Hi").await;
        assert!(told(model.requests().last().unwrap()).is_empty());
        let warned = app.frames().iter().any(|frame| frame.method() == "configWarning");
        assert!(!warned, "the key is known");
        app.stop().await;
    }
}

#[tokio::test]
async fn clients_see_the_repository_of_a_thread_once_it_has_worked() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    cloned(&home);
    let app = App::start(&home).await;
    let started = app.call("thread/start", json!({})).await;
    assert!(started["thread"]["gitInfo"].is_null());
    let thread = started["thread"]["id"].as_str().unwrap().to_owned();
    app.run_turn(&thread, "Hi").await;
    let params = json!({"threadId": thread, "excludeTurns": true});
    let resumed = app.call("thread/resume", params).await;
    assert_eq!(resumed["thread"]["gitInfo"]["branch"], "main");
    let read = app.call("thread/read", json!({"threadId": thread})).await;
    assert_eq!(resumed["thread"]["gitInfo"], read["thread"]["gitInfo"]);
}
