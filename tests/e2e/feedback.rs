//! What a user wants to tell the makers (docs/contract/services.md#feedback).

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use crate::support::{App, Config, Home};

/// The entries of an archive, as another program reads them.
fn unzip(path: &Path) -> Vec<(String, String)> {
    let script = "import json,sys,zipfile\nz = zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n\
                  print(json.dumps([[n, z.read(n).decode()] for n in z.namelist()]))";
    let output = std::process::Command::new("python3")
        .args(["-c", script])
        .arg(path)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn feedback_is_a_zip_for_the_user_alone_and_without_secrets() {
    let model = MockModel::start("Fine, but sk-proj-abcdefghijklmnopqrstuvwxyz0123 is a secret");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "How are you?").await;
    let log = home.work().join("client.log");
    std::fs::write(&log, "ready\npassword = hunter2hunter2\n").unwrap();
    let path = home.work().join("feedback.zip");
    let params = json!({"classification": "bug", "savePath": path, "includeLogs": true, "threadId": thread,
        "reason": "It broke with token=abcdefgh12345678", "tags": {"screen": "diff"}, "extraLogFiles": [log]});
    let saved = app.call("feedback/save", params.clone()).await;
    assert_eq!(
        saved,
        json!({"savedPath": path, "threadId": thread, "promptHash": null})
    );
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let entries = unzip(&path);
    let names: Vec<_> = entries.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), 5, "{names:?}");
    assert_eq!((names[0], names[4]), ("report.json", "manifest.json"));
    let report: Value = serde_json::from_str(&entries[0].1).unwrap();
    assert_eq!(report["message"], format!("[Bug]: Codex session {thread}"));
    assert_eq!(
        (&report["tags"]["screen"], &report["tags"]["thread_id"]),
        (&json!("diff"), &json!(thread))
    );
    let reason = report["tags"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("It broke with"));
    let manifest: Value = serde_json::from_str(&entries[4].1).unwrap();
    let listed: Vec<_> = manifest
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["entry"].as_str().unwrap())
        .collect();
    assert_eq!(listed, names[1..4]);
    assert!(names[1].ends_with("codex-doctor-report.json") && names[3].ends_with("/client.log"));
    assert!(entries[2].1.contains("How are you?"), "the rollout goes along");
    let all: String = entries.iter().map(|(_, text)| text.as_str()).collect();
    for secret in ["hunter2", "abcdefgh12345678", "sk-proj-abcdef"] {
        assert!(!all.contains(secret), "{secret} is in there");
    }

    let again = app.call_err("feedback/save", params).await;
    let message = "failed to save feedback: feedback save path already exists";
    assert_eq!((again.code, again.message.as_str()), (-32603, message));
    app.stop().await;
}

#[tokio::test]
async fn feedback_overwrites_nothing_and_names_what_it_can_not_read() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let save = |path: &Path, more: Value| {
        let mut params = json!({"classification": "other", "savePath": path});
        params
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        params
    };
    let relative = app
        .call_err("feedback/save", save(Path::new("x.zip"), json!({})))
        .await;
    let message = "feedback savePath must be an absolute host path";
    assert_eq!((relative.code, relative.message.as_str()), (-32600, message));

    let link = home.work().join("link.zip");
    let target = home.work().join("target");
    symlink(&target, &link).unwrap();
    assert_eq!(
        app.call_err("feedback/save", save(&link, json!({}))).await.code,
        -32603
    );
    assert!(!target.exists(), "not written through a link");

    let path = home.work().join("feedback.zip");
    let missing = home.work().join("none.log");
    let error = app
        .call_err("feedback/save", save(&path, json!({"extraLogFiles": [missing]})))
        .await;
    let message = format!(
        "failed to save feedback: failed to read selected attachment {}: No such file or directory (os error 2)",
        missing.display()
    );
    assert_eq!((error.code, error.message), (-32603, message));
    let folder = app
        .call_err(
            "feedback/save",
            save(&path, json!({"extraLogFiles": [home.work()]})),
        )
        .await;
    assert!(folder.message.contains("nonregular"), "{}", folder.message);
    assert!(!path.exists());

    let saved = app.call("feedback/save", save(&path, json!({}))).await;
    assert!(
        saved["threadId"]
            .as_str()
            .unwrap()
            .starts_with("no-active-thread-")
    );
    assert_eq!(unzip(&path).len(), 2);
    app.stop().await;
}

#[tokio::test]
async fn feedback_is_sent_to_a_configured_server_only() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let upload = json!({"classification": "bug", "reason": "It broke"});
    let error = app.call_err("feedback/upload", upload.clone()).await;
    assert_eq!(error.code, -32600);
    assert!(error.message.contains("feedback.endpoint"), "{}", error.message);
    app.stop().await;

    let off = Config {
        extra: "[feedback]\nenabled = false\n".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &off);
    let app = App::start(&home).await;
    let error = app.call_err("feedback/upload", upload.clone()).await;
    let message = "sending feedback is disabled by configuration";
    assert_eq!((error.code, error.message.as_str()), (-32600, message));
    app.stop().await;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let on = Config {
        extra: format!("[feedback]\nendpoint = \"http://{address}/feedback\"\n"),
        ..Config::default()
    };
    let home = Home::with(&model, &on);
    let app = App::start(&home).await;
    for (status, accepted) in [("204 No Content", true), ("403 Forbidden", false)] {
        let id = app.request("feedback/upload", upload.clone()).await;
        let (mut stream, _) = listener.accept().await.unwrap();
        let body = request_body(&mut stream).await;
        assert!(body.starts_with(b"PK\x03\x04"));
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        tokio::io::AsyncWriteExt::write_all(&mut stream, answer.as_bytes())
            .await
            .unwrap();
        drop(stream);
        let answer = app.response(id).await;
        assert_eq!(answer.is_ok(), accepted, "{answer:?}");
    }
    app.stop().await;
}

/// The body of an HTTP request that says how long it is.
async fn request_body(stream: &mut tokio::net::TcpStream) -> Vec<u8> {
    use tokio::io::AsyncReadExt;
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.unwrap();
        assert!(read > 0, "the request ends too soon");
        bytes.extend_from_slice(&piece[..read]);
        let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
        let length = text
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.lines().next());
        let length: usize = length.expect("a length").trim().parse().unwrap();
        if bytes.len() >= head + 4 + length {
            return bytes[head + 4..].to_vec();
        }
    }
}

#[tokio::test]
async fn files_that_are_no_text_go_along_byte_for_byte() {
    let model = MockModel::start("Fine");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let image: Vec<u8> = b"\x89PNG\r\n\x1a\n".iter().copied().chain(0..=255).collect();
    let file = home.work().join("screen.png");
    std::fs::write(&file, &image).unwrap();
    let path = home.work().join("feedback.zip");
    let params =
        json!({"classification": "bug", "savePath": path, "includeLogs": false, "extraLogFiles": [file]});
    app.call("feedback/save", params).await;
    let script = "import sys,zipfile\nz = zipfile.ZipFile(sys.argv[1])\n\
                  sys.stdout.buffer.write(z.read(next(n for n in z.namelist() if n.endswith('screen.png'))))";
    let output = std::process::Command::new("python3")
        .args(["-c", script])
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(output.stdout, image);
    app.stop().await;
}
