//! Search for files (docs/contract/services.md#search-for-files).

use std::os::unix::fs::symlink;
use std::path::Path;

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use crate::support::{App, Home};

fn tree(root: &Path, files: &[&str]) {
    for file in files {
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
}

async fn start(files: &[&str]) -> (MockModel, Home, App) {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    tree(&home.work(), files);
    let app = App::start(&home).await;
    (model, home, app)
}

fn paths(answer: &Value) -> Vec<&str> {
    let files = answer["files"].as_array().unwrap().iter();
    files.map(|file| file["path"].as_str().unwrap()).collect()
}

async fn search(app: &App, query: &str, root: &Path) -> Value {
    app.call("fuzzyFileSearch", json!({"query": query, "roots": [root]}))
        .await
}

#[tokio::test]
async fn the_best_matches_come_first_with_their_places() {
    let files = [
        "src/main.rs",
        "src/domain/mainframe.rs",
        "Main.java",
        "docs/readme.txt",
        "main",
    ];
    let (_model, home, app) = start(&files).await;
    let found = search(&app, "main", &home.work()).await;
    let expected = [
        "main",
        "Main.java",
        "src/domain/mainframe.rs",
        "src/main.rs",
        "src/domain",
    ];
    assert_eq!(paths(&found), expected);
    let best = json!({"root": home.work(), "path": "main", "match_type": "file", "file_name": "main",
        "score": 196_717, "indices": [0, 1, 2, 3]});
    assert_eq!(found["files"][0], best);
    let folder = json!({"root": home.work(), "path": "src/domain", "match_type": "directory",
        "file_name": "domain", "score": 76, "indices": [6, 7, 8, 9]});
    assert_eq!(found["files"][4], folder);
    assert_eq!(paths(&search(&app, "src !main", &home.work()).await)[0], "src");
    for nothing in ["", "zzzz"] {
        assert_eq!(search(&app, nothing, &home.work()).await, json!({"files": []}));
    }
    let missing = search(&app, "main", &home.work().join("missing")).await;
    assert_eq!(missing, json!({"files": []}));
    let two = json!({"query": "main.rs", "roots": [home.work(), home.work().join("src")]});
    let two = app.call("fuzzyFileSearch", two).await;
    assert_eq!(
        paths(&two)[0],
        "main.rs",
        "a file of two roots is found in the inner one"
    );
    assert_eq!(two["files"].as_array().unwrap().len(), 2);
    app.stop().await;
}

#[tokio::test]
async fn ignored_files_are_left_out_and_hidden_and_linked_ones_are_not() {
    let files = [
        "kept.txt",
        ".hidden/kept.txt",
        "built/kept.txt",
        "vendor/kept.txt",
        ".git/HEAD",
    ];
    let (_model, home, app) = start(&files).await;
    std::fs::write(home.work().join(".gitignore"), "built\n").unwrap();
    std::fs::write(home.work().join(".ignore"), "vendor\n").unwrap();
    let elsewhere = home.path().join("elsewhere");
    tree(&elsewhere, &["kept.txt"]);
    symlink(&elsewhere, home.work().join("link")).unwrap();
    symlink(home.work(), home.work().join("circle")).unwrap();
    symlink("nothing", home.work().join("kept.dangling")).unwrap();
    let found = search(&app, "kept", &home.work()).await;
    assert_eq!(paths(&found), [".hidden/kept.txt", "kept.txt", "link/kept.txt"]);
    app.stop().await;
}

#[tokio::test]
async fn at_most_fifty_are_found_and_a_new_file_at_once() {
    let files: Vec<String> = (0..120).map(|n| format!("many/file{n:03}.dat")).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let (_model, home, app) = start(&files).await;
    let found = search(&app, "dat", &home.work()).await;
    let expected: Vec<_> = files[..50].to_vec();
    assert_eq!(paths(&found), expected);
    for n in 0..5 {
        let name = format!("fresh{n}");
        tree(&home.work(), &[&name]);
        assert_eq!(paths(&search(&app, &name, &home.work()).await), [name.as_str()]);
    }
    std::fs::remove_file(home.work().join("fresh0")).unwrap();
    assert!(paths(&search(&app, "fresh0", &home.work()).await).is_empty());
    app.stop().await;
}

#[tokio::test]
async fn a_search_of_the_same_token_takes_the_place_of_one_that_runs() {
    let (_model, home, app) = start(&["main.rs"]).await;
    let params = |query: &str| json!({"query": query, "roots": [home.work()], "cancellationToken": "picker"});
    let mut ids = Vec::new();
    for query in ["m", "ma", "mai", "main"] {
        ids.push(app.request("fuzzyFileSearch", params(query)).await);
    }
    let last = ids.pop().unwrap();
    for id in ids {
        // Given up or not, it is answered.
        assert!(app.response(id).await.unwrap()["files"].is_array());
    }
    assert_eq!(paths(&app.response(last).await.unwrap()), ["main.rs"]);
    app.stop().await;
}

/// What a session tells for a query in the end.
async fn completed(app: &App, session: &str, query: &str) -> Vec<String> {
    let is = |params: &Value| params["sessionId"] == session;
    app.wait_where("fuzzyFileSearch/sessionCompleted", is).await;
    let frames = app.frames();
    let last = frames.iter().rev().find(|frame| {
        frame.method() == "fuzzyFileSearch/sessionUpdated"
            && is(frame.params())
            && frame.params()["query"] == query
    });
    let last = last.expect("results were told");
    paths(last.params()).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_session_follows_what_is_typed_and_the_folder() {
    let (_model, home, app) = start(&["src/main.rs", "src/lib.rs"]).await;
    let start = json!({"sessionId": "s", "roots": [home.work()]});
    assert_eq!(
        app.call("fuzzyFileSearch/sessionStart", start.clone()).await,
        json!({})
    );
    assert!(completed(&app, "s", "").await.is_empty());
    let update = |query: &str| json!({"sessionId": "s", "query": query});
    for (query, found) in [
        ("ma", vec!["src/main.rs"]),
        ("mai", vec!["src/main.rs"]),
        ("maix", vec![]),
        ("mai", vec!["src/main.rs"]),
        ("ma", vec!["src/main.rs"]),
        ("maix", vec![]),
        ("lib", vec!["src/lib.rs"]),
    ] {
        assert_eq!(
            app.call("fuzzyFileSearch/sessionUpdate", update(query)).await,
            json!({})
        );
        assert_eq!(completed(&app, "s", query).await, found, "{query}");
    }
    tree(&home.work(), &["src/library.rs"]);
    app.call("fuzzyFileSearch/sessionUpdate", update("libr")).await;
    assert_eq!(
        completed(&app, "s", "libr").await,
        ["src/library.rs", "src/lib.rs"]
    );
    // What was found before is not what is there now.
    std::fs::remove_file(home.work().join("src/library.rs")).unwrap();
    for query in ["lib", "libr"] {
        app.call("fuzzyFileSearch/sessionUpdate", update(query)).await;
        assert_eq!(completed(&app, "s", query).await, ["src/lib.rs"], "{query}");
    }

    app.call("fuzzyFileSearch/sessionStart", start).await;
    assert!(completed(&app, "s", "").await.is_empty(), "begun anew");
    let stop = json!({"sessionId": "s"});
    assert_eq!(
        app.call("fuzzyFileSearch/sessionStop", stop.clone()).await,
        json!({})
    );
    assert_eq!(app.call("fuzzyFileSearch/sessionStop", stop).await, json!({}));
    let gone = app.call_err("fuzzyFileSearch/sessionUpdate", update("x")).await;
    let message = "fuzzy file search session not found: s";
    assert_eq!((gone.code, gone.message.as_str()), (-32600, message));
    let nameless = json!({"sessionId": "", "roots": [home.work()]});
    let nameless = app.call_err("fuzzyFileSearch/sessionStart", nameless).await;
    assert_eq!(
        (nameless.code, nameless.message.as_str()),
        (-32600, "sessionId must not be empty")
    );
    let nowhere = json!({"sessionId": "s", "roots": []});
    assert_eq!(
        app.call_err("fuzzyFileSearch/sessionStart", nowhere).await.code,
        -32603
    );
    app.stop().await;
}
