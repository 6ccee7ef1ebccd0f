//! Files of the machine (docs/contract/services.md#files).

use std::collections::BTreeSet;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use crate::support::{App, Home};

async fn start() -> (MockModel, Home, App) {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    (model, home, app)
}

async fn refusal(app: &App, method: &str, params: Value) -> (i64, String) {
    let error = app.call_err(method, params).await;
    (error.code, error.message)
}

fn pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

#[tokio::test]
async fn files_are_written_and_read_as_bytes() {
    let (_model, home, app) = start().await;
    let file = home.work().join("data.bin");
    let bytes = [0u8, 255, 10, 13, 34];
    let params = json!({"path": file, "dataBase64": BASE64_STANDARD.encode(bytes)});
    assert_eq!(app.call("fs/writeFile", params).await, json!({}));
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
    let roundabout = home.work().join("nowhere/../data.bin");
    let read = app.call("fs/readFile", json!({"path": roundabout})).await;
    assert_eq!(read, json!({"dataBase64": BASE64_STANDARD.encode(bytes)}));
    app.call("fs/writeFile", json!({"path": file, "dataBase64": ""}))
        .await;
    assert_eq!(std::fs::read(&file).unwrap(), b"");

    let bad = refusal(&app, "fs/writeFile", json!({"path": file, "dataBase64": "!!"})).await;
    let message = "fs/writeFile requires valid base64 dataBase64: Invalid symbol 33, offset 0.";
    assert_eq!(bad, (-32600, message.to_owned()));
    let missing = home.work().join("no/file");
    let bad = refusal(&app, "fs/writeFile", json!({"path": missing, "dataBase64": ""})).await;
    assert_eq!(bad, (-32603, "No such file or directory (os error 2)".to_owned()));
    let full = refusal(
        &app,
        "fs/writeFile",
        json!({"path": "/dev/full", "dataBase64": "aGk="}),
    )
    .await;
    assert_eq!(full, (-32603, "No space left on device (os error 28)".to_owned()));
    let relative = refusal(&app, "fs/readFile", json!({"path": "data.bin"})).await;
    assert_eq!(relative.0, -32602);
    app.stop().await;
}

#[tokio::test]
async fn large_files_arrive_whole_and_too_large_ones_are_refused() {
    let (_model, home, app) = start().await;
    let file = home.work().join("large");
    for size in [1_048_576usize, 1_048_577, 786_432 * 4, 5_000_001] {
        let bytes: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).unwrap()).collect();
        std::fs::write(&file, &bytes).unwrap();
        let read = app.call("fs/readFile", json!({"path": file})).await;
        let read = BASE64_STANDARD
            .decode(read["dataBase64"].as_str().unwrap())
            .unwrap();
        assert!(read == bytes, "{size} bytes");
    }
    std::fs::File::create(&file)
        .unwrap()
        .set_len((512 << 20) + 1)
        .unwrap();
    let refused = refusal(&app, "fs/readFile", json!({"path": file})).await;
    let message = "file is too large to read: limit is 536870912 bytes";
    assert_eq!(refused, (-32600, message.to_owned()));
    app.stop().await;
}

#[tokio::test]
async fn pipes_devices_and_folders_are_refused_and_hold_nobody_up() {
    let (_model, home, app) = start().await;
    let fifo = home.work().join("fifo");
    pipe(&fifo);
    for path in [fifo.as_path(), &home.work(), Path::new("/dev/zero")] {
        let refused = refusal(&app, "fs/readFile", json!({"path": path})).await;
        assert_eq!(
            refused,
            (-32600, format!("path `{}` is not a file", path.display()))
        );
    }
    // Nobody reads from it.
    let refused = refusal(&app, "fs/writeFile", json!({"path": fifo, "dataBase64": "aGk="})).await;
    assert_eq!(
        refused,
        (-32603, "No such device or address (os error 6)".to_owned())
    );
    let target = home.work().join("copy");
    let refused = refusal(
        &app,
        "fs/copy",
        json!({"sourcePath": fifo, "destinationPath": target}),
    )
    .await;
    let message = "fs/copy only supports regular files, directories, and symlinks";
    assert_eq!(refused, (-32600, message.to_owned()));
    app.stop().await;
}

#[tokio::test]
async fn folders_are_made_listed_and_removed() {
    let (_model, home, app) = start().await;
    let folder = home.work().join("a");
    let deep = folder.join("b/c");
    let once = json!({"path": deep, "recursive": false});
    assert_eq!(refusal(&app, "fs/createDirectory", once.clone()).await.0, -32603);
    app.call("fs/createDirectory", json!({"path": deep})).await;
    app.call("fs/createDirectory", json!({"path": deep})).await;
    let again = refusal(&app, "fs/createDirectory", once).await;
    assert_eq!(again, (-32603, "File exists (os error 17)".to_owned()));

    std::fs::write(folder.join("file"), "x").unwrap();
    symlink("file", folder.join("link")).unwrap();
    symlink("nothing", folder.join("dangling")).unwrap();
    let listed = app.call("fs/readDirectory", json!({"path": folder})).await;
    let mut entries: Vec<_> = listed["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(Value::to_string)
        .collect();
    entries.sort();
    assert_eq!(
        entries,
        [
            r#"{"fileName":"b","isDirectory":true,"isFile":false}"#,
            r#"{"fileName":"file","isDirectory":false,"isFile":true}"#,
            r#"{"fileName":"link","isDirectory":false,"isFile":true}"#,
        ]
    );

    let full = refusal(&app, "fs/remove", json!({"path": folder, "recursive": false})).await;
    assert_eq!(full, (-32603, "Directory not empty (os error 39)".to_owned()));
    let outside = home.work().join("kept");
    std::fs::create_dir(&outside).unwrap();
    symlink(&outside, folder.join("way out")).unwrap();
    app.call("fs/remove", json!({"path": folder})).await;
    assert!(!folder.exists() && outside.is_dir(), "links are not followed");
    app.call("fs/remove", json!({"path": folder})).await;
    let gone = refusal(&app, "fs/remove", json!({"path": folder, "force": false})).await;
    assert_eq!(
        gone,
        (-32603, "No such file or directory (os error 2)".to_owned())
    );
    assert_eq!(refusal(&app, "fs/remove", json!({"path": "/.."})).await.0, -32600);
    app.stop().await;
}

#[tokio::test]
async fn metadata_follow_links_and_name_them() {
    let (_model, home, app) = start().await;
    let file = home.work().join("file");
    std::fs::write(&file, "x").unwrap();
    let link = home.work().join("link");
    symlink(&file, &link).unwrap();
    let facts = app.call("fs/getMetadata", json!({"path": link})).await;
    let modified = std::fs::metadata(&file).unwrap().modified().unwrap();
    let modified = modified
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis();
    assert_eq!(u128::from(facts["modifiedAtMs"].as_u64().unwrap()), modified);
    assert!(facts["createdAtMs"].is_i64() || facts["createdAtMs"].is_u64());
    assert_eq!(
        (&facts["isFile"], &facts["isDirectory"], &facts["isSymlink"]),
        (&json!(true), &json!(false), &json!(true))
    );
    std::fs::remove_file(&file).unwrap();
    let dangling = refusal(&app, "fs/getMetadata", json!({"path": link})).await;
    assert_eq!(
        dangling,
        (-32603, "No such file or directory (os error 2)".to_owned())
    );
    app.stop().await;
}

#[tokio::test]
async fn copies_keep_links_permissions_and_themselves() {
    let (_model, home, app) = start().await;
    let path = |name: &str| home.work().join(name);
    let copy = |from: &str, to: &str, recursive: bool| json!({"sourcePath": path(from), "destinationPath": path(to), "recursive": recursive});
    std::fs::create_dir_all(path("tree/sub")).unwrap();
    std::fs::write(path("tree/run"), "#!/bin/sh").unwrap();
    std::fs::set_permissions(path("tree/run"), PermissionsExt::from_mode(0o750)).unwrap();
    symlink("../nowhere", path("tree/sub/link")).unwrap();
    pipe(&path("tree/fifo"));

    let refused = refusal(&app, "fs/copy", copy("tree", "twin", false)).await;
    let message = "fs/copy requires recursive: true when sourcePath is a directory";
    assert_eq!(refused, (-32600, message.to_owned()));
    for inside in ["tree", "tree/deeper/still"] {
        let refused = refusal(&app, "fs/copy", copy("tree", inside, true)).await;
        let message = "fs/copy cannot copy a directory to itself or one of its descendants";
        assert_eq!(refused, (-32600, message.to_owned()));
    }
    app.call("fs/copy", copy("tree", "new/twin", true)).await;
    let mode = std::fs::metadata(path("new/twin/run"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o750);
    assert_eq!(
        std::fs::read_link(path("new/twin/sub/link")).unwrap(),
        Path::new("../nowhere")
    );
    assert!(!path("new/twin/fifo").exists());
    app.call("fs/copy", copy("tree/run", "tree/../tree/run", false))
        .await;
    assert_eq!(
        std::fs::read_to_string(path("tree/run")).unwrap(),
        "#!/bin/sh",
        "not emptied"
    );
    app.stop().await;
}

/// Waits until a watch has told of these paths, which are below the work folder; a loaded machine may need several
/// notifications. Gives everything that they told.
async fn told(app: &App, home: &Home, watch: &str, expected: &[&str]) -> BTreeSet<String> {
    let work = home.work();
    let mut all = BTreeSet::new();
    while !expected.iter().all(|path| all.contains(*path)) {
        let params = app
            .wait_where("fs/changed", |params| params["watchId"] == watch)
            .await;
        let paths: Vec<_> = params["changedPaths"]
            .as_array()
            .unwrap()
            .iter()
            .map(|path| path.as_str().unwrap())
            .collect();
        assert!(paths.is_sorted() && !paths.is_empty(), "{paths:?}");
        let below = paths
            .iter()
            .map(|path| Path::new(path).strip_prefix(&work).unwrap());
        all.extend(below.map(|path| path.to_str().unwrap().to_owned()));
    }
    all
}

#[tokio::test]
async fn changes_of_a_folder_are_told_together_and_sorted() {
    let (_model, home, app) = start().await;
    let folder = home.work().join("dir");
    std::fs::create_dir_all(folder.join("sub")).unwrap();
    let params = json!({"watchId": "w", "path": home.work().join("x/../dir")});
    assert_eq!(
        app.call("fs/watch", params.clone()).await,
        json!({"path": folder})
    );
    let twice = refusal(&app, "fs/watch", params).await;
    assert_eq!(twice, (-32600, "watchId already exists: w".to_owned()));

    std::fs::write(folder.join("sub/below"), "not told").unwrap();
    std::fs::write(folder.join("b"), "1").unwrap();
    std::fs::write(folder.join("a"), "1").unwrap();
    let all = told(&app, &home, "w", &["dir/a", "dir/b"]).await;
    assert_eq!(all.len(), 2, "{all:?}");
    std::fs::rename(folder.join("a"), folder.join("c")).unwrap();
    told(&app, &home, "w", &["dir/a", "dir/c"]).await;
    std::fs::create_dir(folder.join("d")).unwrap();
    told(&app, &home, "w", &["dir/d"]).await;
    std::fs::set_permissions(folder.join("d"), PermissionsExt::from_mode(0o700)).unwrap();
    told(&app, &home, "w", &["dir/d"]).await;
    std::fs::read(folder.join("c")).unwrap();
    std::fs::remove_file(folder.join("b")).unwrap();
    let all = told(&app, &home, "w", &["dir/b"]).await;
    assert!(!all.contains("dir/c"), "reading changes nothing: {all:?}");

    // Another folder in its place is watched as well.
    std::fs::rename(&folder, home.work().join("old")).unwrap();
    std::fs::create_dir(&folder).unwrap();
    told(&app, &home, "w", &["dir"]).await;
    std::fs::write(home.work().join("old/ignored"), "").unwrap();
    // It is watched soon after it has come.
    let mut heard = false;
    for n in 0..40 {
        let name = format!("dir/new{n}");
        std::fs::write(home.work().join(&name), "").unwrap();
        let expected = [name.as_str()];
        let wait = told(&app, &home, "w", &expected);
        if let Ok(all) = tokio::time::timeout(Duration::from_millis(500), wait).await {
            assert!(!all.contains("dir/ignored"), "{all:?}");
            heard = true;
            break;
        }
    }
    assert!(heard, "the new folder is not watched");

    assert_eq!(app.call("fs/unwatch", json!({"watchId": "w"})).await, json!({}));
    assert_eq!(app.call("fs/unwatch", json!({"watchId": "w"})).await, json!({}));
    app.call("fs/watch", json!({"watchId": "w", "path": folder}))
        .await;
    app.stop().await;
}

#[tokio::test]
async fn a_file_is_watched_while_it_comes_goes_and_is_replaced() {
    let (_model, home, app) = start().await;
    let file = home.work().join("not/yet/file");
    app.call("fs/watch", json!({"watchId": "f", "path": file})).await;
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "1").unwrap();
    told(&app, &home, "f", &["not/yet/file"]).await;
    let other = home.work().join("not/yet/other");
    std::fs::write(&other, "1").unwrap();
    std::fs::write(home.work().join("not/yet/draft"), "2").unwrap();
    std::fs::rename(home.work().join("not/yet/draft"), &file).unwrap();
    told(&app, &home, "f", &["not/yet/file"]).await;
    std::fs::remove_file(&file).unwrap();
    let all = told(&app, &home, "f", &["not/yet/file"]).await;
    assert_eq!(all.len(), 1, "only the file is told: {all:?}");
    app.stop().await;
}

#[tokio::test]
async fn many_files_of_a_folder_are_watched_by_one_watch_of_the_system() {
    let (_model, home, app) = start().await;
    let file = |n: usize| home.work().join(format!("f{n}"));
    for n in 0..500 {
        app.request("fs/watch", json!({"watchId": format!("{n}"), "path": file(n)}))
            .await;
    }
    app.call("fs/watch", json!({"watchId": "last", "path": file(500)}))
        .await;
    std::fs::write(file(77), "x").unwrap();
    told(&app, &home, "77", &["f77"]).await;
    let watches = std::fs::read_dir(format!("/proc/{}/fdinfo", app.pid())).unwrap();
    let watches = watches.filter_map(|info| std::fs::read_to_string(info.unwrap().path()).ok());
    let most = watches
        .map(|info| info.matches("inotify wd:").count())
        .max()
        .unwrap();
    assert!(most < 10, "{most} watches of the system");
    app.stop().await;
}
