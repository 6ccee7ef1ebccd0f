//! Manifests of plugins that are missing, or name what is none of theirs.

use std::fs;

use serde_json::{Value, json};

use super::install;
use crate::marketplace::{local, marketplace, plugin, refused, started, write};

#[tokio::test]
async fn a_plugin_without_a_manifest_is_what_its_marketplace_says() {
    let (_model, home, app) = started().await;
    let folder = home.path().join("market");
    let bare = json!({"name": "bare", "source": "./bare", "category": "Tools", "description": "Bare",
        "keywords": ["k"], "author": {"name": "Ann"}, "homepage": "https://h.test", "skills": ["./more"]});
    let torn = json!({"name": "torn", "source": "./torn", "category": "Tools"});
    let list = marketplace(&folder, "my-market", &json!([bare, torn]));
    let skill = |name: &str| format!("---\nname: {name}\ndescription: d\n---\n");
    write(&folder.join("bare"), "more/one/SKILL.md", &skill("one"));
    write(&folder.join("bare"), "skills/two/SKILL.md", &skill("two"));
    write(&folder, "torn/.codex-plugin/plugin.json", "{");
    app.call("marketplace/add", json!({"source": folder})).await;
    let listed = app.call("plugin/list", json!({})).await;
    let plugins = &listed["marketplaces"][0]["plugins"];
    let shown = &plugins[0]["interface"];
    assert_eq!(
        (&shown["category"], &shown["developerName"], &shown["websiteUrl"]),
        (&json!("Tools"), &json!("Ann"), &json!("https://h.test"))
    );
    assert_eq!(plugins[1]["interface"]["category"], "Tools");
    let params = json!({"marketplacePath": list, "pluginName": "bare"});
    let detail = app.call("plugin/read", params).await["plugin"].clone();
    assert_eq!(detail["description"], "Bare");
    install(&app, &list, "bare").await;
    let copy = home.codex().join("plugins/cache/my-market/bare/local");
    let made = fs::read_to_string(copy.join(".codex-plugin/plugin.json")).unwrap();
    let made: Value = serde_json::from_str(&made).unwrap();
    assert_eq!((&made["name"], &made["source"]), (&json!("bare"), &Value::Null));
    let skills = app.call("skills/list", json!({})).await;
    let names = skills["data"][0]["skills"].as_array().unwrap();
    let names: Vec<_> = names.iter().filter_map(|skill| skill["name"].as_str()).collect();
    assert!(
        names.contains(&"bare:one") && !names.contains(&"bare:two"),
        "{names:?}"
    );
    app.stop().await;
}

#[tokio::test]
async fn paths_that_leave_a_plugin_count_as_absent() {
    let (_model, home, app) = started().await;
    let folder = home.path().join("market");
    let list = marketplace(
        &folder,
        "my-market",
        &json!([local("p", "./p"), local("odd", "./odd")]),
    );
    let manifest = json!({"name": "p", "skills": ["../out"], "mcpServers": "/etc/x", "hooks": "../x",
        "interface": {"logo": "./later.png"}});
    plugin(&folder.join("p"), "p", &manifest);
    let hooks = json!({"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "true"}]}]}});
    write(&folder.join("p"), "hooks/hooks.json", &hooks.to_string());
    write(&folder.join("p"), ".mcp.json", r#"{"srv": {"command": "true"}}"#);
    plugin(&folder.join("odd"), "odd", &json!({"name": "odd", "version": 1}));
    let read = |name: &str| json!({"marketplacePath": list, "pluginName": name});
    let detail = app.call("plugin/read", read("p")).await["plugin"].clone();
    assert_eq!(detail["skills"][0]["name"], "p:p-skill");
    assert_eq!(detail["mcpServers"], json!(["srv"]));
    assert_eq!(detail["hooks"][0]["key"], "p@my-market:hooks/hooks.json:stop:0:0");
    let logo = &detail["summary"]["interface"]["logo"];
    assert_eq!(logo, &json!(folder.join("p/later.png")), "files may come later");
    refused(&app, "plugin/read", read("odd")).await;
    app.stop().await;
}
