//! Who may connect.

use codex_core::mock_model::MockModel;
use serde_json::json;
use tokio_tungstenite::tungstenite::Error;

use crate::support::{Client, Daemon, Home, Launch};

async fn status(daemon: &Daemon, authorization: Option<&str>) -> u16 {
    let headers: Vec<_> = authorization
        .map(|value| ("authorization", value))
        .into_iter()
        .collect();
    match daemon.open(&headers).await {
        Ok((_, response)) => response.status().as_u16(),
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_capability_token_opens_every_interface_to_those_who_know_it() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let file = home.path().join("token");
    std::fs::write(&file, "open sesame\n").unwrap();
    let launch = Launch::new(&home).env("RUST_LOG", "trace").args(&[
        "--ws-auth",
        "capability-token",
        "--ws-token-file",
        file.to_str().unwrap(),
    ]);
    let daemon = Daemon::listen(launch, "ws://0.0.0.0:0").await;
    assert_eq!(status(&daemon, Some("bearer open sesame")).await, 101);
    for wrong in [
        None,
        Some("Bearer open"),
        Some("Basic open sesame"),
        Some("open sesame"),
    ] {
        assert_eq!(status(&daemon, wrong).await, 401, "{wrong:?}");
    }
    let (socket, _) = daemon
        .open(&[("authorization", "Bearer open sesame")])
        .await
        .unwrap();
    let client = Client::new(socket);
    client.initialize(json!({})).await;
    client.call("thread/loaded/list", json!({})).await;
    assert!(!daemon.stderr().contains("sesame"), "the token is in the log");
}

#[tokio::test]
async fn a_wrong_option_ends_the_program_with_what_to_do() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let file = home.path().join("secret");
    std::fs::write(&file, "short").unwrap();
    let file = file.to_str().unwrap();
    for (args, text) in [
        (
            &[
                "--ws-auth",
                "signed-bearer-token",
                "--ws-shared-secret-file",
                file,
            ][..],
            "at least 32 bytes",
        ),
        (
            &["--ws-auth", "capability-token"],
            "`--ws-token-file` or `--ws-token-sha256` is required",
        ),
        (&["--ws-issuer", "me"], "websocket auth flags require `--ws-auth"),
    ] {
        let launch = Launch::new(&home)
            .args(&["--listen", "ws://127.0.0.1:0"])
            .args(args);
        let output = launch.into_command().output().await.unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(
            stderr.contains(text) && !stderr.contains("listening on"),
            "{stderr}"
        );
    }
}
