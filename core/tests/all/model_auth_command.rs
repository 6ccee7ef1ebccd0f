//! Providers whose key is printed by a command.

use std::fs;
use std::time::Duration;

use codex_core::ErrorKind;
use codex_core::mock_model::{Answer, MockModel};

use crate::model_support::{ask, client, prompt, turn, user};

#[tokio::test]
async fn a_command_may_print_the_token_and_is_run_again_after_a_401() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("token.sh");
    fs::write(
        &script,
        "echo x >> \"$1/runs\"\necho \" tok-$(wc -l < \"$1/runs\" | tr -d ' ') \"\n",
    )
    .unwrap();
    let settings = format!(
        "request_max_retries = 0\nstream_max_retries = 0\nauth = {{ command = 'sh', args = ['{}', '{}'] }}",
        script.display(),
        dir.path().display()
    );
    let model = MockModel::start([
        Answer::new(),
        Answer::status(401),
        Answer::new(),
        Answer::status(401).always(),
    ]);
    let client = client(&model, &settings);
    ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    ask(&mut turn(&client, "t2"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    let error = ask(&mut turn(&client, "t3"), &prompt(vec![user("hi")]))
        .await
        .unwrap_err();
    assert_eq!(
        error.error.kind,
        ErrorKind::HttpConnectionFailed { status: Some(401) }
    );
    let tokens: Vec<String> = model
        .requests()
        .iter()
        .map(|r| r.header("authorization").unwrap().to_owned())
        .collect();
    assert_eq!(
        tokens,
        [
            "Bearer tok-1",
            "Bearer tok-1",
            "Bearer tok-2",
            "Bearer tok-2",
            "Bearer tok-3"
        ]
    );
}

/// The `Authorization` that a request has when this script is the provider's command.
async fn authorization_by(script: &str, timeout_ms: u64) -> Option<String> {
    let settings = format!(
        "request_max_retries = 0\nstream_max_retries = 0\n\
         auth = {{ command = 'sh', args = ['-c', \"\"\"{script}\"\"\"], timeout_ms = {timeout_ms} }}"
    );
    let model = MockModel::start(Answer::new());
    let client = client(&model, &settings);
    ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    model.requests()[0].header("authorization").map(str::to_owned)
}

#[tokio::test]
async fn a_token_command_is_ended_with_what_it_left_running() {
    let dir = tempfile::tempdir().unwrap();
    let pid = dir.path().join("pid");
    // The child holds the pipe open, and would outlive everybody.
    let script = format!("sleep 300 & echo $! > {}; echo tok", pid.display());
    assert_eq!(authorization_by(&script, 60_000).await.unwrap(), "Bearer tok");
    let pid = fs::read_to_string(&pid).unwrap();
    let stat = format!("/proc/{}/stat", pid.trim());
    let gone = async {
        while fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
}

#[tokio::test]
async fn a_token_command_that_prints_without_end_or_does_not_end_gives_no_token() {
    assert_eq!(authorization_by("yes tok", 60_000).await, None);
    assert_eq!(authorization_by("echo tok; sleep 300", 300).await, None);
}
