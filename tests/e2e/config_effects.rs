//! What keys of config.toml do that have no other place (docs/contract/configuration.md#keys).

use std::fs;
use std::os::unix::fs::PermissionsExt;

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Config, Ear, Home, Launch};

#[tokio::test]
async fn the_users_program_is_told_of_each_turn_that_completes() {
    let model = MockModel::start("All done.");
    let home = Home::empty();
    let (script, pipe) = (home.path().join("notify.sh"), home.path().join("told"));
    let mut ear = Ear::new(&pipe);
    let text = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$1\" \"$2\" \"$PWD\" > '{}'\n",
        pipe.display()
    );
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let config = Config {
        top: format!("notify = [{:?}, \"first\"]", script.to_str().unwrap()),
        ..Config::default()
    };
    home.configure(&model, &config);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"cwd": home.work()})).await;
    let turn = app.run_turn(&thread, "Do it").await;
    assert_eq!(ear.line().await, "first");
    let told: Value = serde_json::from_str(&ear.line().await).unwrap();
    let id = turn.all("turn/completed")[0]["turn"]["id"].clone();
    assert_eq!(
        told,
        json!({
            "type": "agent-turn-complete", "thread-id": thread, "turn-id": id, "cwd": home.work(), "client": "e2e",
            "input-messages": ["Do it"], "last-assistant-message": "All done.",
        })
    );
    assert_eq!(ear.line().await, home.work().to_str().unwrap());
    // Of a compaction it is not told: nobody has said anything.
    app.call("thread/compact/start", json!({"threadId": thread}))
        .await;
    let is_compaction = |params: &Value| params["turn"]["id"] != id;
    app.wait_where("turn/completed", is_compaction).await;
    app.run_turn(&thread, "Again").await;
    assert_eq!(ear.line().await, "first");
    let told: Value = serde_json::from_str(&ear.line().await).unwrap();
    assert_eq!(told["input-messages"], json!(["Again"]));
}

#[tokio::test]
async fn commands_get_no_variable_of_the_daemon_that_their_policy_leaves_out() {
    let look = json!({"cmd": "echo \"[$CODEX_HOME][$PATH]\"", "login": false});
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", look),
        Answer::from("Done"),
    ]);
    let config = Config {
        extra: "[shell_environment_policy]\ninherit = \"core\"\n".into(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Look").await;
    app.stop().await;
    let requests = model.requests();
    let told = requests[1].tool_output("c1").unwrap();
    assert!(told.contains("[][/"), "{told}");
}

#[tokio::test]
async fn the_users_instructions_replace_the_base_instructions() {
    let model = MockModel::start("ok");
    let config = Config {
        top: "instructions = \"Be brief.\"".into(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Hi").await;
    assert_eq!(model.requests()[0].body["instructions"], "Be brief.");
}

#[tokio::test]
async fn goals_have_budgets_of_at_most_what_is_configured() {
    let model = MockModel::start("ok");
    let config = Config {
        extra: "[goals]\nmax_goal_token_budget = 100\n".into(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let goal = |budget: Value| json!({"threadId": thread, "objective": "x", "status": "paused", "tokenBudget": budget});
    let error = app.call_err("thread/goal/set", goal(json!(500))).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            -32600,
            "goal token budget 500 exceeds the maximum allowed goal token budget of 100"
        )
    );
    for (budget, kept) in [(json!(50), 50), (Value::Null, 100)] {
        let set = app.call("thread/goal/set", goal(budget)).await;
        assert_eq!(set["goal"]["tokenBudget"], kept);
    }
}

#[tokio::test]
async fn roles_have_files_of_their_own() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let folder = home.codex().join("agents");
    fs::create_dir(&folder).unwrap();
    fs::write(
        folder.join("a.toml"),
        "name = \"librarian\"\ndescription = \"Finds books.\"\n",
    )
    .unwrap();
    fs::write(folder.join("b.toml"), "description = \"nobody\"\n").unwrap();
    let app = App::start(&home).await;
    let warning = app.wait_for("configWarning").await["summary"].clone();
    assert_eq!(
        warning,
        format!(
            "Ignoring malformed agent role definition: agent role file at {} must define a non-empty `name`",
            folder.join("b.toml").display()
        )
    );
    // Models that nothing is known of are shown all tools.
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Hi").await;
    let tools = model.requests()[0].body["tools"].to_string();
    assert!(
        tools.contains("librarian") && tools.contains("Finds books."),
        "{tools}"
    );
}

#[tokio::test]
async fn a_list_of_models_of_ones_own_takes_the_place_of_the_built_in_one() {
    let model = MockModel::start("ok");
    let home = Home::empty();
    let config = Config {
        top: "model_catalog_json = \"models.json\"".into(),
        ..Config::default()
    };
    home.configure(&model, &config);
    let app = App::start(&home).await;
    let error = app.call_err("model/list", json!({})).await;
    assert!(error.message.contains("models.json"), "{}", error.message);
    app.call_err("thread/start", json!({})).await;
    fs::write(home.codex().join("models.json"), list_of("house-model")).unwrap();
    let list = app.call("model/list", json!({})).await;
    let ids: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].clone())
        .collect();
    assert_eq!(ids, ["house-model"]);
    let mark = app.mark();
    let thread = app.start_thread(json!({"model": "house-model"})).await;
    app.run_turn(&thread, "Hi").await;
    assert!(
        !app.notified_since(mark).iter().any(|method| method == "warning"),
        "it is known"
    );
}

/// A file that lists one model.
fn list_of(slug: &str) -> String {
    let list = json!({"models": [{
        "slug": slug, "display_name": "House model", "visibility": "list", "supported_in_api": true,
        "priority": 1, "context_window": 50_000, "base_instructions": "x", "supported_reasoning_levels": [],
        "shell_type": "shell_command", "truncation_policy": {"mode": "bytes", "limit": 10_000},
        "support_verbosity": false, "supports_parallel_tool_calls": true, "experimental_supported_tools": [],
    }]});
    list.to_string()
}

#[tokio::test]
async fn a_list_of_models_that_one_thread_is_given_holds_for_that_thread() {
    let model = MockModel::start("ok");
    let home = Home::empty();
    home.configure(&model, &Config::default());
    let path = home.codex().join("models.json");
    fs::write(&path, list_of("house-model")).unwrap();
    let app = App::start(&home).await;
    let own = json!({"model": "house-model", "config": {"model_catalog_json": path}});
    let thread = app.start_thread(own).await;
    let list = app.call("model/list", json!({})).await;
    let listed = list["data"].as_array().unwrap();
    assert!(listed.iter().all(|model| model["id"] != "house-model"), "{list}");
    // Another thread neither knows it nor takes it away.
    let mark = app.mark();
    let other = app.start_thread(json!({"model": "house-model"})).await;
    app.run_turn(&other, "Hi").await;
    assert!(app.notified_since(mark).iter().any(|method| method == "warning"));
    let mark = app.mark();
    app.run_turn(&thread, "Hi").await;
    assert!(!app.notified_since(mark).iter().any(|method| method == "warning"));
}

#[tokio::test]
async fn databases_lie_where_the_user_wants_them() {
    const DATABASE: &str = "app-server-data.sqlite";
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let make_project = async |launch: Launch| {
        let app = launch.start().await;
        let wish = json!({"idempotencyKey": "k", "name": "Shop", "roots": []});
        app.call("project/create", wish).await;
        app.stop().await;
    };
    let of_variable = home.path().join("by variable/databases");
    make_project(Launch::new(&home).env("CODEX_SQLITE_HOME", &of_variable)).await;
    assert!(of_variable.join(DATABASE).is_file());
    let mode = fs::metadata(&of_variable).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);

    let config = Config {
        top: "sqlite_home = \"databases\"".into(),
        ..Config::default()
    };
    home.configure(&model, &config);
    make_project(Launch::new(&home).env("CODEX_SQLITE_HOME", &of_variable)).await;
    let of_file = home.codex().join("databases");
    assert!(
        of_file.join(DATABASE).is_file(),
        "what is configured counts first"
    );
    assert!(!home.codex().join(DATABASE).exists());
    let app = Launch::new(&home).start().await;
    assert_eq!(
        app.call("project/list", json!({})).await["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_folder_of_databases_that_cannot_be_made_is_told_and_costs_no_thread() {
    let model = MockModel::start("ok");
    let config = Config {
        top: "sqlite_home = \"config.toml/below\"".into(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let app = App::start(&home).await;
    let wish = json!({"idempotencyKey": "k", "name": "Shop", "roots": []});
    let error = app.call_err("project/create", wish).await;
    assert!(
        error.message.contains("config.toml/below/app-server-data.sqlite"),
        "{}",
        error.message
    );
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Hi").await;
}
