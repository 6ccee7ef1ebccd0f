//! Configuration writes of values that their keys can't hold (docs/contract/configuration.md#reading-and-writing).

use std::fs;

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use crate::config_write::{refusal, write};
use crate::support::{App, Home};

#[tokio::test]
async fn values_of_another_kind_than_their_key_holds_are_refused_deep_in_tables_too() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let file = home.codex().join("config.toml");
    let before = fs::read_to_string(&file).unwrap();
    for (key, value, place) in [
        ("skills.config", json!("x"), "skills.config"),
        ("skills.config.0.enabled", json!(true), "skills.config"),
        ("skills.config", json!([5]), "skills.config"),
        (
            "skills",
            json!({"bundled": {"enabled": "yes"}}),
            "skills.bundled.enabled",
        ),
        ("agents.max_threads", json!("6"), "agents.max_threads"),
        (
            "agents.r.nickname_candidates",
            json!("x"),
            "agents.r.nickname_candidates",
        ),
        ("plugins.\"a@b\".enabled", json!("yes"), "plugins.a@b.enabled"),
        ("permissions.mine", json!(5), "permissions.mine"),
        ("otel.exporter", json!(5), "otel.exporter"),
        ("hooks", json!([]), "hooks"),
        ("hooks.Stop", json!("x"), "hooks.Stop"),
        ("hooks", json!({"Stop": [{"hooks": "x"}]}), "hooks.Stop"),
        (
            "hooks.state",
            json!({"a": {"enabled": "x"}}),
            "hooks.state.a.enabled",
        ),
        ("tui.theme", json!(5), "tui.theme"),
        ("file_opener", json!("zed"), "file_opener"),
        ("profiles.x.model", json!("m"), "--profile"),
        ("mcp_servers.x.args", json!(["a"]), "mcp_servers.x"),
        ("mcp_servers.x", json!({"command": 5}), "mcp_servers.x.command"),
        (
            "mcp_servers",
            json!({"x": {"command": "c", "url": "http://x"}}),
            "mcp_servers.x.url",
        ),
    ] {
        let (code, message) = refusal(&app, key, value).await;
        assert_eq!(code, "configValidationError", "{key}: {message}");
        assert!(message.contains(place), "{key}: {message}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    // What is wrong elsewhere in the file keeps nobody from writing.
    fs::write(
        &file,
        format!("{before}\n[skills]\nbundled = 5\n[mcp_servers.old]\nargs = []\n"),
    )
    .unwrap();
    for (key, value) in [
        ("skills.config", json!([{"name": "a", "enabled": false}])),
        ("agents.max_threads", json!(6)),
        ("tui.theme", json!("dark")),
        (
            "hooks.Stop",
            json!([{"hooks": [{"type": "command", "command": "true"}]}]),
        ),
        ("otel.exporter", json!("none")),
        (
            "mcp_servers.x",
            json!({"command": "c", "startup_timeout_sec": 1.5}),
        ),
        ("mcp_servers.old", Value::Null),
        ("unknown.key", json!([1])),
    ] {
        write(&app, key, value).await;
    }
    let text = fs::read_to_string(&file).unwrap();
    write(&app, "mcp_servers.none", Value::Null).await;
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    fs::write(&file, text.trim_end()).unwrap();
    write(&app, "mcp_servers.none", Value::Null).await;
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        text.trim_end(),
        "nothing was there to remove"
    );
}
