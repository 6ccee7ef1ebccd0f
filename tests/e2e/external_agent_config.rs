//! Taking over what users have set up for another agent (docs/contract/services.md#imports).

use std::path::Path;

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use crate::support::{App, Home};

fn write(path: impl AsRef<Path>, text: &str) {
    let path = path.as_ref();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// Everything that another agent may have, in the home and in the work folder.
fn furnish(home: &Home) {
    let (user, work) = (home.path(), home.work());
    write(work.join(".git/HEAD"), "ref: refs/heads/main\n");
    let claude = user.join(".claude");
    write(
        claude.join("settings.json"),
        &json!({
            "env": {"FOO": "bar", "NUM": 1},
            "hooks": {
                "Stop": [{"hooks": [{"type": "command", "command": "echo stop"}, {"type": "prompt", "prompt": "x"}]}],
                "Notification": [{"hooks": [{"type": "command", "command": "x"}]}],
            },
        })
        .to_string(),
    );
    write(
        user.join(".claude.json"),
        &json!({
            "mcpServers": {"one": {"command": "srv", "env": {"K": "v"}}, "odd": {"x": 1}},
            "projects": {work.to_str().unwrap(): {"mcpServers": {"local": {"command": "l"}}, "history": [1, 2]}},
        })
        .to_string(),
    );
    write(
        work.join(".mcp.json"),
        &json!({"mcpServers": {"shared": {"url": "https://x", "headers": {"Authorization": "Bearer ${TOK}"}}}}).to_string(),
    );
    let skill = claude.join("skills/cs");
    write(
        skill.join("SKILL.md"),
        "---\nname: cs\ndescription: A Claude skill\n---\nBody\n",
    );
    write(skill.join("run.sh"), "echo Claude\n");
    std::os::unix::fs::symlink("/etc/passwd", skill.join("link")).unwrap();
    write(claude.join("commands/plain.md"), "Do it.\n");
    write(claude.join("commands/args.md"), "Do $ARGUMENTS.\n");
    write(
        work.join(".claude/agents/rev.md"),
        "---\nname: rev\ndescription: Reviews\n---\nYou are Claude.\n",
    );
    write(work.join("CLAUDE.md"), "# For Claude Code\n");
}

fn kinds(items: &Value) -> Vec<(&str, bool)> {
    let items = items["items"].as_array().unwrap().iter();
    items
        .map(|item| (item["itemType"].as_str().unwrap(), item["cwd"].is_null()))
        .collect()
}

#[tokio::test]
async fn what_is_found_can_be_taken_over_once_and_nothing_is_overwritten() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    furnish(&home);
    let config = read(home.codex().join("config.toml"));
    let (user, work) = (home.path(), home.work());
    let app = App::start(&home).await;
    let nothing = app.call("externalAgentConfig/detect", json!({})).await;
    assert_eq!(nothing, json!({"items": [], "connectors": []}));
    let everywhere = json!({"includeHome": true, "cwds": [work]});
    let found = app.call("externalAgentConfig/detect", everywhere.clone()).await;
    assert_eq!(
        kinds(&found),
        [
            ("CONFIG", true),
            ("MCP_SERVER_CONFIG", true),
            ("HOOKS", true),
            ("SKILLS", true),
            ("COMMANDS", true),
            ("MCP_SERVER_CONFIG", false),
            ("SUBAGENTS", false),
            ("AGENTS_MD", false),
        ]
    );
    assert_eq!(
        found["items"][5],
        json!({
            "itemType": "MCP_SERVER_CONFIG", "cwd": work,
            "description": format!("Migrate MCP servers from {0} into {0}/.codex/config.toml", work.display()),
            "details": {
                "plugins": [], "skills": [], "sessions": [], "hooks": [], "subagents": [], "commands": [],
                "mcpServers": [{"name": "local"}, {"name": "shared"}],
            },
        })
    );
    assert!(found["items"][0]["details"].is_null());

    let mark = app.mark();
    let import = |items: Value| {
        app.call(
            "externalAgentConfig/import",
            json!({"migrationItems": items, "providerId": "p"}),
        )
    };
    let answer = import(found["items"].clone()).await;
    let id = answer["importId"].as_str().unwrap();
    let done = app.wait_for("externalAgentConfig/import/completed").await;
    assert_eq!(done["importId"], id);
    let results = done["itemTypeResults"].as_array().unwrap();
    assert_eq!(results.len(), 7, "one for each type");
    assert!(
        results.iter().all(|result| result["failures"] == json!([])),
        "{done:#}"
    );
    assert_eq!(
        results[1]["successes"][0],
        json!({"itemType": "MCP_SERVER_CONFIG", "cwd": null, "source": "one", "target": "one", "title": null})
    );
    let progress = "externalAgentConfig/import/progress";
    let steps = app.notified_since(mark);
    assert_eq!(steps.iter().filter(|method| *method == progress).count(), 8);

    let merged = read(home.codex().join("config.toml"));
    assert!(merged.starts_with(config.trim_end()), "{merged}");
    for line in [
        "[shell_environment_policy.set]",
        "NUM = \"1\"",
        "[mcp_servers.one]",
        "command = \"srv\"",
    ] {
        assert!(merged.lines().any(|other| other == line), "{line} in {merged}");
    }
    let of_project = read(work.join(".codex/config.toml"));
    assert!(
        of_project.contains("bearer_token_env_var = \"TOK\""),
        "{of_project}"
    );
    let hooks: Value = serde_json::from_str(&read(home.codex().join("hooks.json"))).unwrap();
    assert_eq!(
        hooks,
        json!({"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "echo stop"}]}]}})
    );
    let skill = user.join(".agents/skills/cs");
    assert!(read(skill.join("SKILL.md")).contains("A Codex skill"));
    assert_eq!(read(skill.join("run.sh")), "echo Claude\n");
    assert!(
        skill.join("link").symlink_metadata().is_err(),
        "links are left out"
    );
    assert!(read(user.join(".agents/skills/source-command-plain/SKILL.md")).contains("Do it."));
    assert!(read(work.join(".codex/agents/rev.toml")).contains("You are Codex."));
    assert_eq!(read(work.join("AGENTS.md")), "# For Codex\n");

    let again = app.call("externalAgentConfig/detect", everywhere.clone()).await;
    assert_eq!(again["items"], json!([]));
    // What users have made of it meanwhile stays.
    write(work.join("AGENTS.md"), "mine");
    write(skill.join("SKILL.md"), "mine");
    import(found["items"].clone()).await;
    let done = app.wait_for("externalAgentConfig/import/completed").await;
    let results = done["itemTypeResults"].as_array().unwrap();
    assert!(
        results
            .iter()
            .all(|result| result["successes"] == json!([]) && result["failures"] == json!([]))
    );
    assert_eq!(
        read(work.join("AGENTS.md")) + &read(skill.join("SKILL.md")),
        "minemine"
    );
    app.stop().await;
}

#[tokio::test]
async fn only_what_is_named_is_taken_over_and_what_can_t_be_is_told() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    furnish(&home);
    let work = home.work();
    std::os::unix::fs::symlink(home.path(), work.join(".codex")).unwrap();
    let app = App::start(&home).await;
    let item = |kind: &str, cwd: Value, details: Value| json!({"itemType": kind, "description": "", "cwd": cwd, "details": details});
    let items = json!([
        item("SKILLS", Value::Null, json!({"skills": [{"name": "other"}]})),
        item("PLUGINS", Value::Null, Value::Null),
        item("SUBAGENTS", json!(work), Value::Null),
        item("SKILLS", json!("/no/such/folder"), Value::Null),
    ]);
    app.call("externalAgentConfig/import", json!({"migrationItems": items}))
        .await;
    let done = app.wait_for("externalAgentConfig/import/completed").await;
    let results = done["itemTypeResults"].as_array().unwrap();
    assert!(
        results.iter().all(|result| result["successes"] == json!([])),
        "{done:#}"
    );
    let message = |n: usize| results[n]["failures"][0]["message"].as_str().unwrap();
    assert!(message(0).contains("no folder"), "{done:#}");
    assert_eq!(results[1]["failures"][0]["errorType"], "unsupported");
    assert!(message(2).contains("outside of the project"), "{done:#}");
    assert!(!home.path().join("agents").exists() && !home.path().join(".agents").exists());
    let cursor = json!({"includeHome": true, "migrationSource": "cursor"});
    let found = app.call("externalAgentConfig/detect", cursor).await;
    assert_eq!(found["items"], json!([]));
    app.stop().await;
}

#[tokio::test]
async fn imports_are_remembered_newest_first() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    furnish(&home);
    let app = App::start(&home).await;
    let histories = || app.call("externalAgentConfig/import/readHistories", Value::Null);
    assert_eq!(histories().await, json!({"data": [], "connectors": []}));
    let item = json!({"itemType": "AGENTS_MD", "description": "", "cwd": home.work()});
    app.call("externalAgentConfig/import", json!({"migrationItems": [item]}))
        .await;
    app.wait_for("externalAgentConfig/import/completed").await;
    let success = json!({"itemType": "SESSIONS", "title": "t"});
    let record = json!({
        "providerId": "client",
        "itemTypeResults": [{"itemType": "SESSIONS", "successes": [success], "failures": []}],
    });
    let recorded = app.call("externalAgentConfig/import/recordHistory", record).await;
    let all = histories().await;
    let data = all["data"].as_array().unwrap();
    assert_eq!(data.len(), 2);
    assert_eq!(data[0]["importId"], recorded["importId"]);
    assert_eq!(data[0]["providerId"], "client");
    assert_eq!(
        data[0]["successes"],
        json!([{"itemType": "SESSIONS", "cwd": null, "source": null, "target": null, "title": "t"}])
    );
    assert_eq!(
        data[1]["successes"][0]["target"],
        json!(home.work().join("AGENTS.md"))
    );
    assert!(data[1]["completedAtMs"].as_i64() > Some(1_600_000_000_000));
    app.stop().await;
}
