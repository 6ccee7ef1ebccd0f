//! Marketplaces of plugins (docs/contract/services.md#plugins).

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Frame, GitServer, Home};

/// Writes a file below a folder, with the folders that it needs.
pub fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Makes a marketplace with these entries; gives its list.
pub fn marketplace(folder: &Path, name: &str, plugins: &Value) -> PathBuf {
    let list = json!({"name": name, "interface": {"displayName": "For people"}, "plugins": plugins});
    write(folder, ".agents/plugins/marketplace.json", &list.to_string());
    folder.join(".agents/plugins/marketplace.json")
}

/// Makes a plugin with a skill below a folder.
pub fn plugin(folder: &Path, name: &str, manifest: &Value) {
    write(folder, ".codex-plugin/plugin.json", &manifest.to_string());
    let skill = format!("---\nname: {name}-skill\ndescription: Skill of {name}\n---\nDo it.\n");
    write(folder, &format!("skills/{name}-skill/SKILL.md"), &skill);
}

pub fn local(name: &str, path: &str) -> Value {
    json!({"name": name, "source": {"source": "local", "path": path}})
}

pub async fn refused(app: &App, method: &str, params: Value) -> String {
    let error = app.call_err(method, params).await;
    assert_eq!(error.code, -32600, "{}", error.message);
    error.message
}

pub async fn started() -> (MockModel, Home, App) {
    let model = MockModel::start(Vec::<Answer>::new());
    let home = Home::new(&model);
    let app = App::start(&home).await;
    (model, home, app)
}

#[tokio::test]
async fn a_folder_is_added_once_and_stays_when_its_marketplace_is_removed() {
    let (_model, home, app) = started().await;
    let folder = home.path().join("market");
    marketplace(&folder, "my-market", &json!([local("p", "./p")]));
    plugin(&folder.join("p"), "p", &json!({"name": "p", "version": "1.0"}));
    let source = json!({"source": folder});
    for again in [false, true] {
        let added = app.call("marketplace/add", source.clone()).await;
        let expected =
            json!({"alreadyAdded": again, "installedRoot": folder, "marketplaceName": "my-market"});
        assert_eq!(added, expected);
    }
    let config = fs::read_to_string(home.codex().join("config.toml")).unwrap();
    let entry = format!(
        "[marketplaces.my-market]\nsource_type = \"local\"\nsource = \"{}\"\n",
        folder.display()
    );
    assert!(config.contains(&entry), "{config}");
    let listed = app.call("plugin/list", json!({})).await;
    assert_eq!(listed["marketplaces"][0]["plugins"][0]["id"], "p@my-market");
    assert_eq!(
        listed["marketplaces"][0]["interface"]["displayName"],
        "For people"
    );
    let removed = app
        .call("marketplace/remove", json!({"marketplaceName": "my-market"}))
        .await;
    assert_eq!(
        removed,
        json!({"marketplaceName": "my-market", "installedRoot": null})
    );
    assert!(folder.join("p").is_dir());
    let config = fs::read_to_string(home.codex().join("config.toml")).unwrap();
    assert!(!config.contains("marketplaces"), "{config}");
    assert_eq!(
        app.call("plugin/list", json!({})).await["marketplaces"],
        json!([])
    );
    app.stop().await;
}

#[tokio::test]
async fn sources_that_make_no_sense_are_refused() {
    let (_model, home, app) = started().await;
    let (empty, broken) = (home.path().join("empty"), home.path().join("broken"));
    fs::create_dir_all(&empty).unwrap();
    write(&broken, ".agents/plugins/marketplace.json", "{nope");
    let format =
        "invalid marketplace source format; expected owner/repo, a git URL, or a local marketplace path";
    for (source, words) in [
        ("", "marketplace source must not be empty"),
        ("x", format),
        ("ftp://x/y", format),
        ("file:///etc", format),
        ("ext::sh -c id", format),
        ("-o/--upload-pack", format),
        (
            "/no/such/folder",
            "failed to resolve local marketplace source path: ",
        ),
        (empty.to_str().unwrap(), "invalid marketplace file `"),
        (broken.to_str().unwrap(), "invalid marketplace file `"),
    ] {
        let message = refused(&app, "marketplace/add", json!({"source": source})).await;
        assert!(message.starts_with(words), "{source}: {message}");
    }
    for (params, words) in [
        (
            json!({"source": empty, "refName": "x"}),
            "--ref is only supported for git marketplace sources",
        ),
        (
            json!({"source": empty, "sparsePaths": ["x"]}),
            "--sparse is only supported for git marketplace sources",
        ),
        (
            json!({"source": "o/r", "refName": "--upload-pack=x"}),
            "`--upload-pack=x` is no name",
        ),
    ] {
        let message = refused(&app, "marketplace/add", params).await;
        assert!(message.starts_with(words), "{message}");
    }
    for (name, words) in [
        ("zz", "marketplace `zz` is not configured or installed"),
        ("", "invalid marketplace name: must not be empty"),
        (
            "../x",
            "invalid marketplace name: only ASCII letters, digits, `_`, and `-` are allowed",
        ),
    ] {
        assert_eq!(
            refused(&app, "marketplace/remove", json!({"marketplaceName": name})).await,
            words
        );
    }
    let words = "marketplace `zz` is not configured as a Git marketplace";
    assert_eq!(
        refused(&app, "marketplace/upgrade", json!({"marketplaceName": "zz"})).await,
        words
    );
    let nothing = json!({"errors": [], "selectedMarketplaces": [], "upgradedRoots": []});
    assert_eq!(app.call("marketplace/upgrade", json!({})).await, nothing);
    app.stop().await;
}

#[tokio::test]
async fn a_repository_is_fetched_upgraded_and_removed_without_its_hooks_and_links() {
    let (_model, home, app) = started().await;
    let repository = home.path().join("repository");
    marketplace(&repository, "git-market", &json!([local("p", "./p")]));
    plugin(&repository.join("p"), "p", &json!({"name": "p", "version": "1"}));
    std::os::unix::fs::symlink("/etc/hostname", repository.join("p/link")).unwrap();
    let server = GitServer::start(&repository);
    server.commit();
    let root = home.codex().join(".tmp/marketplaces/git-market");
    let url = server.url();
    let with_password = url.replace("http://", "http://user:s3cret@");
    let added = app
        .call("marketplace/add", json!({"source": with_password}))
        .await;
    assert_eq!(
        added,
        json!({"alreadyAdded": false, "installedRoot": root, "marketplaceName": "git-market"})
    );
    assert!(!root.join("p/link").is_symlink());
    let config = fs::read_to_string(home.codex().join("config.toml")).unwrap();
    assert!(
        config.contains(&format!("source_type = \"git\"\nsource = \"{url}\"\n")),
        "{config}"
    );
    assert!(!config.contains("s3cret") && !app.stderr().contains("s3cret"));
    assert!(
        server
            .authorizations()
            .iter()
            .all(|sent| sent == "Basic dXNlcjpzM2NyZXQ=")
    );
    let again = app.call("marketplace/add", json!({"source": url})).await;
    assert_eq!(again["alreadyAdded"], true);
    let other = json!({"source": url, "refName": "main"});
    let words = "marketplace 'git-market' is already added from a different source; remove it before adding this source";
    assert_eq!(refused(&app, "marketplace/add", other).await, words);

    let list = root.join(".agents/plugins/marketplace.json");
    app.call(
        "plugin/install",
        json!({"marketplacePath": list, "pluginName": "p"}),
    )
    .await;
    let same = json!({"errors": [], "selectedMarketplaces": ["git-market"], "upgradedRoots": []});
    assert_eq!(app.call("marketplace/upgrade", json!({})).await, same);
    plugin(&repository.join("p"), "p", &json!({"name": "p", "version": "2"}));
    server.commit();
    let new = app
        .call("marketplace/upgrade", json!({"marketplaceName": "git-market"}))
        .await;
    assert_eq!(
        new,
        json!({"errors": [], "selectedMarketplaces": ["git-market"], "upgradedRoots": [root]})
    );
    let copies: Vec<_> = fs::read_dir(home.codex().join("plugins/cache/git-market/p"))
        .unwrap()
        .collect();
    assert_eq!(copies.len(), 1);
    assert!(copies[0].as_ref().unwrap().path().ends_with("2"));

    // As it is when version 2 could not be copied then.
    let copies = home.codex().join("plugins/cache/git-market/p");
    fs::rename(copies.join("2"), copies.join("1")).unwrap();
    let one = json!({"marketplaceName": "git-market"});
    assert_eq!(app.call("marketplace/upgrade", one.clone()).await, same);
    assert!(copies.join("2").is_dir() && !copies.join("1").exists());
    fs::write(copies.join("2/.codex-plugin/plugin.json"), "{}").unwrap();
    assert_eq!(app.call("marketplace/upgrade", one.clone()).await, same);
    let manifest = fs::read_to_string(copies.join("2/.codex-plugin/plugin.json")).unwrap();
    assert!(manifest.contains("\"2\""), "{manifest}");
    // What can't be copied is told, each time, and what is there stays.
    plugin(
        &repository.join("p"),
        "p",
        &json!({"name": "p", "version": "../3"}),
    );
    server.commit();
    for roots in [json!([root]), json!([])] {
        let told = app.call("marketplace/upgrade", one.clone()).await;
        assert_eq!(told["upgradedRoots"], roots);
        let message = told["errors"][0]["message"].as_str().unwrap();
        assert!(
            message.starts_with("plugin `p@git-market` stays as it was: "),
            "{message}"
        );
    }
    assert!(copies.join("2").is_dir());

    let missing = json!({"source": url, "refName": "nope"});
    let error = app.call_err("marketplace/add", missing).await;
    assert!(
        error.code == -32603 && error.message.contains("couldn't find remote ref nope"),
        "{error:?}"
    );
    let removed = app
        .call("marketplace/remove", json!({"marketplaceName": "git-market"}))
        .await;
    assert_eq!(
        removed,
        json!({"marketplaceName": "git-market", "installedRoot": root})
    );
    assert!(!root.exists());
    let left: Vec<_> = fs::read_dir(home.codex().join("plugins/.staging"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
    app.stop().await;
}

/// Runs git in a folder, with this input; what it prints.
fn git(folder: &Path, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@b"])
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_repository_whose_few_bytes_stand_for_millions_of_files_is_refused_at_once() {
    let (_model, home, app) = started().await;
    let repository = home.path().join("repository");
    marketplace(&repository, "bomb", &json!([]));
    let server = GitServer::start(&repository);
    server.commit();
    let mut object = git(&repository, &["hash-object", "-w", "--stdin"], "x");
    for level in 0..5 {
        let kind = if level == 0 { "100644 blob" } else { "040000 tree" };
        let entries: Vec<_> = (10..40)
            .map(|name| format!("{kind} {object}\t{name}\n"))
            .collect();
        object = git(&repository, &["mktree"], &entries.concat());
    }
    let list = git(&repository, &["ls-tree", "HEAD"], "");
    let tree = git(
        &repository,
        &["mktree"],
        &format!("{list}\n040000 tree {object}\tz\n"),
    );
    let commit = git(&repository, &["commit-tree", &tree, "-m", "x"], "");
    git(&repository, &["update-ref", "HEAD", &commit], "");
    let began = Instant::now();
    let error = app
        .call_err("marketplace/add", json!({"source": server.url()}))
        .await;
    assert!(error.message.ends_with("or has too many files"), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert!(!home.codex().join(".tmp/marketplaces/bomb").exists());
    app.stop().await;
}

#[tokio::test]
async fn a_branch_that_is_called_like_a_commit_is_not_that_commit() {
    let (_model, home, app) = started().await;
    let repository = home.path().join("repository");
    plugin(&repository, "p", &json!({"name": "p"}));
    let server = GitServer::start(&repository);
    server.commit();
    git(&repository, &["branch", "0123abc"], "");
    let commit = git(&repository, &["rev-parse", "HEAD"], "");
    for (name, sha, is_refused) in [("m1", "0123abc", true), ("m2", &*commit, false)] {
        let source = json!({"source": "url", "url": server.url(), "sha": sha});
        let list = marketplace(
            &home.path().join(name),
            name,
            &json!([{"name": "p", "source": source}]),
        );
        let install = json!({"marketplacePath": list, "pluginName": "p"});
        if is_refused {
            let message = refused(&app, "plugin/install", install).await;
            assert!(message.contains("names another one"), "{message}");
        } else {
            app.call("plugin/install", install).await;
        }
        let copy = home.codex().join("plugins/cache").join(name);
        assert_eq!(copy.exists(), !is_refused);
    }
    app.stop().await;
}

#[tokio::test]
async fn nobody_else_can_be_called_like_a_marketplace_of_openai() {
    let (_model, home, app) = started().await;
    let folder = home.path().join("market");
    for name in ["openai-curated", "openai-bundled", "OpenAI-Curated"] {
        marketplace(&folder, name, &json!([]));
        let message = refused(&app, "marketplace/add", json!({"source": folder})).await;
        assert!(message.contains(name), "{message}");
    }
    marketplace(&folder, "openai", &json!([]));
    app.call("marketplace/add", json!({"source": folder})).await;
    app.stop().await;
}

#[tokio::test]
async fn names_that_differ_in_capitals_only_are_one_name() {
    let (_model, home, app) = started().await;
    let folders = ["one", "two"].map(|name| home.path().join(name));
    let plugins = json!([local("p", "./p"), local("P", "./q")]);
    plugin(&folders[0].join("p"), "p", &json!({"name": "p"}));
    marketplace(&folders[0], "market", &plugins);
    marketplace(&folders[1], "Market", &json!([]));
    app.call("marketplace/add", json!({"source": folders[0]})).await;
    let message = refused(&app, "marketplace/add", json!({"source": folders[1]})).await;
    assert!(
        message.starts_with("marketplace 'Market' is called like 'market'"),
        "{message}"
    );
    let listed = app.call("plugin/list", json!({})).await;
    let plugins = listed["marketplaces"][0]["plugins"].as_array().unwrap();
    assert_eq!(plugins.len(), 1, "{plugins:?}");
    assert_eq!(plugins[0]["name"], "p");
    app.stop().await;
}

#[tokio::test]
async fn a_change_waits_for_that_of_another_process() {
    let (_model, home, app) = started().await;
    let folder = home.path().join("market");
    marketplace(&folder, "my-market", &json!([]));
    let lock = fs::File::create(home.codex().join("plugins.lock")).unwrap();
    lock.lock().unwrap();
    let id = app.request("marketplace/add", json!({"source": folder})).await;
    for _ in 0..50 {
        app.call("plugin/list", json!({})).await;
    }
    let is_answer = |frame: &Frame| frame.json["id"] == id;
    assert!(
        !app.frames().iter().any(is_answer),
        "the other one is still at work"
    );
    drop(lock);
    assert_eq!(app.response(id).await.unwrap()["marketplaceName"], "my-market");
    app.stop().await;
}
