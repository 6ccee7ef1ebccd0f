//! Plugins (docs/contract/services.md#plugins).

mod manifest;
mod servers;

use std::fs;
use std::path::{Path, PathBuf};

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::marketplace::{local, marketplace, plugin, refused, started, write};
use crate::support::{App, Home};

/// A marketplace with good, broken and hostile plugins; gives its list.
fn mixed(home: &Home) -> PathBuf {
    let folder = home.path().join("market");
    let list = marketplace(
        &folder,
        "my-market",
        &json!([
            {"name": "good", "source": {"source": "local", "path": "./good"}, "category": "Tools",
             "policy": {"installation": "AVAILABLE", "authentication": "ON_USE"}},
            {"name": "plain", "source": "./plain"},
            local("broken", "./broken"),
            local("missing", "./missing"),
            local("escape", "./../outside"),
            local("absolute", "/etc"),
            local("linked", "./linked"),
            local("../evil", "./plain"),
            {"name": "never", "source": "./plain", "policy": {"installation": "NOT_AVAILABLE"}},
            {"name": "fetched", "source": {"source": "url", "url": "https://u:p@host.invalid/x.git"}},
            {"name": "packaged", "source": {"source": "npm", "package": "@a/b"}},
            {"name": "odd", "source": {"source": "magic"}},
            local("other", "./renamed"),
            local("versioned", "./versioned"),
        ]),
    );
    plugin(
        &folder.join("good"),
        "good",
        &json!({"name": "good", "version": "1.2.3", "description": "A good one", "keywords": ["k"],
            "interface": {"displayName": "Good", "capabilities": ["Read"], "composerIcon": "./icon.png",
                "logo": "../secret.png", "defaultPrompt": "go"}}),
    );
    let good = folder.join("good");
    write(&good, "icon.png", "x");
    write(&folder, "secret.png", "x");
    write(
        &good,
        ".mcp.json",
        &json!({"mcpServers": {"srv": {"command": "./srv"}, "bad": 7}}).to_string(),
    );
    let hook = json!({"type": "command", "command": "printf '%s' \"$PLUGIN_ROOT ${CLAUDE_PLUGIN_DATA}\" > \"$HOME/hook\""});
    let hooks = json!({"hooks": {"UserPromptSubmit": [{"hooks": [hook]}]}});
    write(&good, "hooks/hooks.json", &hooks.to_string());
    write(&good, "run.sh", "#!/bin/sh\n");
    std::os::unix::fs::symlink("/etc", good.join("skills/etc")).unwrap();
    plugin(&folder.join("plain"), "plain", &json!({"name": "plain"}));
    write(&folder, "broken/.codex-plugin/plugin.json", "{broken");
    plugin(&home.path().join("outside"), "escape", &json!({"name": "escape"}));
    std::os::unix::fs::symlink(home.path().join("outside"), folder.join("linked")).unwrap();
    plugin(&folder.join("renamed"), "renamed", &json!({"name": "renamed"}));
    plugin(
        &folder.join("versioned"),
        "versioned",
        &json!({"name": "versioned", "version": "../../x"}),
    );
    list
}

async fn install(app: &App, list: &Path, name: &str) {
    let params = json!({"marketplacePath": list, "pluginName": name});
    app.call("plugin/install", params).await;
}

fn names(listed: &Value) -> Vec<&str> {
    let plugins = listed["marketplaces"][0]["plugins"].as_array();
    let plugins = plugins.into_iter().flatten();
    plugins.map(|plugin| plugin["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn folders_of_a_repository_know_the_marketplace_at_its_root() {
    let (_model, home, app) = started().await;
    let list = mixed(&home);
    let root = home.path().join("market");
    let folder = root.join("good/skills");
    let listed = app.call("plugin/list", json!({"cwds": [folder]})).await;
    assert_eq!(listed["marketplaces"], json!([]));
    fs::create_dir(root.join(".git")).unwrap();
    fs::write(root.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    let listed = app.call("plugin/list", json!({"cwds": [folder]})).await;
    assert_eq!(listed["marketplaces"][0]["path"], json!(list));
    app.stop().await;
}

#[tokio::test]
async fn without_an_account_and_marketplaces_there_is_nothing() {
    let (_model, _home, app) = started().await;
    let listed = app.call("plugin/list", json!({})).await;
    assert_eq!(
        listed,
        json!({"marketplaces": [], "featuredPluginIds": [], "marketplaceLoadErrors": []})
    );
    let installed = app.call("plugin/installed", json!({})).await;
    assert_eq!(
        installed,
        json!({"marketplaces": [], "marketplaceLoadErrors": []})
    );
    for params in [
        json!({"searchTerm": "x"}),
        json!({"searchTerm": "x", "cursor": "zz"}),
    ] {
        let found = app.call("plugin/search", params).await;
        assert_eq!(found, json!({"data": [], "nextCursor": null}));
    }
    let reconciled = app.call("plugin/reconcile", json!({"reason": "x"})).await;
    let nothing = json!({"changedPlugins": [], "failedMaterializationRemotePluginIds": [], "failedRemotePluginIds": []});
    assert_eq!(reconciled, nothing);
    let account = "chatgpt authentication required for remote plugin catalog";
    for (method, params, action) in [
        (
            "plugin/read",
            json!({"pluginName": "x", "remoteMarketplaceName": "m"}),
            "read remote plugin details",
        ),
        (
            "plugin/install",
            json!({"pluginName": "x", "remoteMarketplaceName": "m"}),
            "read remote plugin details before install",
        ),
        (
            "plugin/uninstall",
            json!({"pluginId": "plugins~x"}),
            "resolve remote plugin before uninstall",
        ),
    ] {
        assert_eq!(
            refused(&app, method, params).await,
            format!("{action}: {account}")
        );
    }
    for method in ["plugin/read", "plugin/install"] {
        let words = format!("{method} requires exactly one of marketplacePath or remoteMarketplaceName");
        assert_eq!(refused(&app, method, json!({"pluginName": "x"})).await, words);
    }
    assert_eq!(
        app.call("plugin/uninstall", json!({"pluginId": "zz@mm"})).await,
        json!({})
    );
    for id in ["", "../x@mm"] {
        let words = refused(&app, "plugin/uninstall", json!({"pluginId": id})).await;
        assert_eq!(words, "invalid remote plugin id");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_marketplace_lists_what_makes_sense_and_each_broken_plugin_costs_itself() {
    let (_model, home, app) = started().await;
    let list = mixed(&home);
    app.call("marketplace/add", json!({"source": home.path().join("market")}))
        .await;
    let listed = app.call("plugin/list", json!({})).await;
    let expected = [
        "good",
        "plain",
        "broken",
        "missing",
        "linked",
        "never",
        "fetched",
        "packaged",
        "other",
        "versioned",
    ];
    assert_eq!(names(&listed), expected);
    let plugins = &listed["marketplaces"][0]["plugins"];
    let good = home.path().join("market/good");
    assert_eq!(
        plugins[0]["interface"]["composerIcon"],
        json!(good.join("icon.png"))
    );
    assert_eq!(plugins[0]["interface"]["logo"], Value::Null);
    assert_eq!(plugins[0]["interface"]["category"], "Tools");
    assert_eq!(
        (&plugins[0]["authPolicy"], &plugins[0]["localVersion"]),
        (&json!("ON_USE"), &json!("1.2.3"))
    );
    assert_eq!(plugins[6]["source"]["url"], "https://host.invalid/x.git");
    let remote = json!({"marketplaceKinds": ["vertical"]});
    assert_eq!(app.call("plugin/list", remote).await["marketplaces"], json!([]));

    let read = async |name: &str| json!({"marketplacePath": list, "pluginName": name});
    let detail = app.call("plugin/read", read("good").await).await["plugin"].clone();
    assert_eq!(detail["description"], "A good one");
    assert_eq!(detail["mcpServers"], json!(["srv"]));
    let key = "good@my-market:hooks/hooks.json:user_prompt_submit:0:0";
    assert_eq!(
        detail["hooks"],
        json!([{"key": key, "eventName": "userPromptSubmit"}])
    );
    assert_eq!(detail["skills"].as_array().unwrap().len(), 1, "no link leads out");
    assert_eq!(detail["skills"][0]["name"], "good:good-skill");
    for (name, words) in [
        ("broken", "missing or invalid plugin.json"),
        ("missing", "path does not exist or is not a directory"),
        ("linked", "the plugin's folder leads out of its marketplace"),
        (
            "escape",
            "plugin `escape` was not found in marketplace `my-market`",
        ),
    ] {
        assert_eq!(
            refused(&app, "plugin/read", read(name).await).await,
            words,
            "{name}"
        );
    }
    for (name, words) in [
        ("broken", "failed to parse plugin.json: "),
        ("missing", "missing plugin.json"),
        ("linked", "the plugin's folder leads out of its marketplace"),
        ("zz", "plugin `zz` was not found in marketplace `my-market`"),
        (
            "never",
            "plugin `never` is not available for install in marketplace `my-market`",
        ),
        (
            "packaged",
            "plugin `packaged@my-market` is the npm package `@a/b`",
        ),
        (
            "other",
            "plugin.json name `renamed` does not match marketplace plugin name `other`",
        ),
        (
            "versioned",
            "invalid plugin version: only ASCII letters, digits, `.`, `+`, `_`, and `-` are allowed",
        ),
    ] {
        let message = refused(&app, "plugin/install", read(name).await).await;
        assert!(message.starts_with(words), "{name}: {message}");
    }
    assert!(!home.codex().join("plugins/cache").exists());

    // A list that is broken later costs its marketplace.
    fs::write(&list, "{").unwrap();
    let listed = app.call("plugin/list", json!({})).await;
    assert_eq!(listed["marketplaces"], json!([]));
    assert_eq!(listed["marketplaceLoadErrors"][0]["marketplacePath"], json!(list));
    app.stop().await;
}

#[tokio::test]
async fn what_is_installed_adds_skills_and_hooks_until_it_is_removed() {
    let model = MockModel::start(["one", "two", "three"].map(Answer::from));
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let list = mixed(&home);
    let of = |name: &str| json!({"marketplacePath": list, "pluginName": name});
    let answer = app.call("plugin/install", of("good")).await;
    assert_eq!(answer, json!({"authPolicy": "ON_USE", "appsNeedingAuth": []}));
    app.call("plugin/install", of("plain")).await;
    let copy = home.codex().join("plugins/cache/my-market/good/1.2.3");
    assert!(copy.join("run.sh").is_file() && !copy.join("skills/etc").exists());
    assert!(home.codex().join("plugins/cache/my-market/plain/local").is_dir());
    let config = fs::read_to_string(home.codex().join("config.toml")).unwrap();
    assert!(
        config.contains("[plugins.\"good@my-market\"]\nenabled = true\n"),
        "{config}"
    );
    // Only where its marketplace is known.
    assert_eq!(
        app.call("plugin/installed", json!({})).await["marketplaces"],
        json!([])
    );
    app.call("marketplace/add", json!({"source": home.path().join("market")}))
        .await;
    let installed = app.call("plugin/installed", json!({})).await;
    assert_eq!(names(&installed), ["good", "plain"]);
    assert_eq!(installed["marketplaces"][0]["plugins"][0]["enabled"], true);
    let suggested = json!({"installSuggestionPluginNames": ["broken"]});
    assert_eq!(
        names(&app.call("plugin/installed", suggested).await),
        ["good", "plain", "broken"]
    );
    let found = app
        .call("plugin/search", json!({"searchTerm": "GOO", "limit": 1}))
        .await;
    assert_eq!(
        (&found["data"][0]["plugin"]["name"], &found["nextCursor"]),
        (&json!("good"), &Value::Null)
    );

    let skills = async || {
        let listed = app.call("skills/list", json!({})).await;
        let skills = listed["data"][0]["skills"].as_array().unwrap().clone();
        let of_plugins = skills.into_iter().filter(|skill| !skill["pluginId"].is_null());
        of_plugins
            .map(|skill| (skill["name"].clone(), skill["path"].clone()))
            .collect::<Vec<_>>()
    };
    let listed = skills().await;
    assert_eq!(listed.len(), 2);
    assert_eq!(
        listed[0],
        (
            json!("good:good-skill"),
            json!(copy.join("skills/good-skill/SKILL.md"))
        )
    );

    let hooks = async || app.call("hooks/list", json!({})).await["data"][0]["hooks"].clone();
    let listed = hooks().await;
    let key = listed[0]["key"].as_str().unwrap();
    assert_eq!(key, "good@my-market:hooks/hooks.json:user_prompt_submit:0:0");
    assert_eq!(
        (&listed[0]["source"], &listed[0]["pluginId"]),
        (&json!("plugin"), &json!("good@my-market"))
    );
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Use $good:good-skill").await;
    let request = model.requests()[0].body.to_string();
    assert!(
        request.contains("good:good-skill: Skill of good")
            && request.contains("<name>good:good-skill</name>")
    );
    assert!(!home.path().join("hook").exists(), "it is not trusted");
    let trusted = json!({"trusted_hash": listed[0]["currentHash"]});
    let edit = json!({"keyPath": "hooks.state", "value": {key: trusted}, "mergeStrategy": "upsert"});
    app.call(
        "config/batchWrite",
        json!({"edits": [edit], "reloadUserConfig": true}),
    )
    .await;
    assert_eq!(hooks().await[0]["trustStatus"], "trusted");
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Hi").await;
    let said = fs::read_to_string(home.path().join("hook")).unwrap();
    let data = home.codex().join("plugins/data/good-my-market");
    assert_eq!(said, format!("{} {}", copy.display(), data.display()));
    // Whatever changes in the plugin, it must be trusted again.
    fs::write(copy.join("run.sh"), "#!/bin/sh\nother\n").unwrap();
    assert_eq!(hooks().await[0]["trustStatus"], "modified");

    assert_eq!(
        app.call("plugin/uninstall", json!({"pluginId": "good@my-market"}))
            .await,
        json!({})
    );
    assert!(!copy.exists() && !home.codex().join("plugins/cache/my-market/good").exists());
    assert_eq!(skills().await.len(), 1);
    assert_eq!(hooks().await, json!([]));
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Hi").await;
    let request = model.requests()[2].body.to_string();
    assert!(!request.contains("good:good-skill") && request.contains("plain:plain-skill"));
    app.stop().await;
}

#[tokio::test]
async fn a_project_can_switch_no_plugin_on() {
    let (_model, home, app) = started().await;
    let list = mixed(&home);
    app.call(
        "plugin/install",
        json!({"marketplacePath": list, "pluginName": "plain"}),
    )
    .await;
    let edit =
        json!({"keyPath": "plugins.\"plain@my-market\".enabled", "value": false, "mergeStrategy": "replace"});
    app.call("config/value/write", edit).await;
    let project = home.path().join("project");
    write(&project, ".git/HEAD", "ref: refs/heads/main\n");
    write(
        &project,
        ".codex/config.toml",
        "[plugins.'plain@my-market']\nenabled = true\n",
    );
    let trust = json!({"keyPath": format!("projects.\"{}\".trust_level", project.display()), "value": "trusted",
        "mergeStrategy": "replace"});
    app.call("config/value/write", trust).await;
    let listed = app.call("skills/list", json!({"cwds": [project]})).await;
    let skills = listed["data"][0]["skills"].as_array().unwrap();
    assert!(
        skills.iter().all(|skill| skill["pluginId"].is_null()),
        "{skills:?}"
    );
    app.stop().await;
}
