//! The control socket, and the proxy in front of it.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use codex_core::mock_model::MockModel;
use rustix::process::Signal;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Daemon, Home, Launch};

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

fn url(path: &Path) -> String {
    format!("unix://{}", path.display())
}

#[tokio::test]
async fn the_control_socket_belongs_to_the_user_and_to_one_daemon() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let path = home.codex().join("app-server-control/app-server-control.sock");
    let daemon = Daemon::listen(Launch::new(&home), &url(&path)).await;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    let (_, response) = daemon.open(&[]).await.unwrap();
    let limit = &response.headers()["x-codex-websocket-max-unfragmented-message-bytes"];
    assert_eq!(limit, "16777216");
    daemon.connect().await.call("thread/loaded/list", json!({})).await;

    // Without a path it is the same socket.
    let second = Launch::new(&home)
        .args(&["--listen", "unix://"])
        .into_command()
        .output()
        .await
        .unwrap();
    let stderr = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1));
    let expected = format!(
        "app-server control socket is already in use at {}",
        path.display()
    );
    assert!(stderr.contains(&expected), "{stderr}");
    daemon.connect().await.call("thread/loaded/list", json!({})).await;

    daemon.signal(Signal::TERM);
    assert_eq!(daemon.exit().await.code(), Some(0));
    assert!(!path.exists(), "the socket is left behind");
}

#[tokio::test]
async fn the_socket_of_a_dead_daemon_is_taken_over_and_other_files_are_not() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let path = home.path().join("folder/my.sock");
    let daemon = Daemon::listen(Launch::new(&home), &url(&path)).await;
    daemon.signal(Signal::KILL);
    daemon.exit().await;
    assert!(path.metadata().unwrap().file_type().is_socket());
    let daemon = Daemon::listen(Launch::new(&home), &url(&path)).await;
    daemon.connect().await.call("thread/loaded/list", json!({})).await;

    let file = home.path().join("file");
    std::fs::write(&file, "mine").unwrap();
    let refused = Launch::new(&home)
        .args(&["--listen", &url(&file)])
        .into_command()
        .output()
        .await
        .unwrap();
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("a file of another kind"), "{stderr}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

#[tokio::test]
async fn a_path_that_is_too_long_for_a_socket_is_a_link_to_one() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let path = home.path().join("x".repeat(150)).join("my.sock");
    let mut daemon = Launch::new(&home)
        .args(&["--listen", &url(&path)])
        .into_command()
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let linked = async {
        while !path.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), linked)
        .await
        .expect("a link");
    let answer = through_proxy(&home, &path, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let target = path.read_link().unwrap();
    let pid = rustix::process::Pid::from_raw(daemon.id().unwrap().cast_signed()).unwrap();
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    daemon.wait().await.unwrap();
    assert!(!path.is_symlink() && !target.exists());
}

/// Says this through the proxy, and gives what comes back until the daemon closes or answers in full.
async fn through_proxy(home: &Home, path: &Path, say: &str) -> String {
    let mut proxy = Launch::new(home)
        .args(&["proxy", "--sock", path.to_str().unwrap()])
        .into_command()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    proxy
        .stdin
        .as_mut()
        .unwrap()
        .write_all(say.as_bytes())
        .await
        .unwrap();
    let mut stdout = proxy.stdout.take().unwrap();
    let mut answer = Vec::new();
    let read = async {
        while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
            if stdout.read_buf(&mut answer).await.unwrap() == 0 {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), read)
        .await
        .expect("an answer");
    drop(proxy.stdin.take());
    let status = tokio::time::timeout(Duration::from_secs(20), proxy.wait()).await;
    assert!(status.expect("the proxy ends").unwrap().success());
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn the_proxy_carries_bytes_and_says_where_nobody_listens() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let path = home.path().join("my.sock");
    let nobody = Launch::new(&home)
        .args(&["proxy"])
        .into_command()
        .output()
        .await
        .unwrap();
    let stderr = String::from_utf8_lossy(&nobody.stderr);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(stderr.contains("failed to connect to socket at "), "{stderr}");
    let _daemon = Daemon::listen(Launch::new(&home), &url(&path)).await;
    let upgrade = "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: \
                   13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let answer = through_proxy(&home, &path, upgrade).await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
}
