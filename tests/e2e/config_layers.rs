//! Layers of the configuration and where values come from (docs/contract/configuration.md#layers).

use std::fs;
use std::path::Path;

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use crate::config_write::{refusal, write};
use crate::support::{App, Config, Home, Launch};

/// A folder for the administrator's files.
fn system(home: &Home) -> std::path::PathBuf {
    let folder = home.path().join("etc");
    fs::create_dir_all(&folder).unwrap();
    folder
}

async fn start(home: &Home, args: &[&str]) -> App {
    let launch = Launch::new(home).args(args);
    launch.env("CODEX_TEST_SYSTEM_FOLDER", system(home)).start().await
}

fn project(home: &Home, folder: &str, config: &str) {
    let folder = home.path().join(folder).join(".codex");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), config).unwrap();
}

fn make_repository(folder: &Path) {
    fs::create_dir_all(folder.join(".git")).unwrap();
    fs::write(folder.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
}

fn kinds(read: &Value) -> Vec<String> {
    let layers = read["layers"].as_array().unwrap().iter();
    layers
        .map(|layer| layer["name"]["type"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_server_in_the_users_file_has_to_make_sense_without_other_layers() {
    let home = Home::empty();
    let servers = "[mcp_servers.q]\ncommand = \"true\"\n";
    fs::write(system(&home).join("config.toml"), servers).unwrap();
    let app = start(&home, &[]).await;
    let (code, message) = refusal(&app, "mcp_servers.q.args", json!(["c"])).await;
    assert_eq!(code, "configValidationError", "{message}");
    write(&app, "mcp_servers.q", json!({"command": "true", "args": ["c"]})).await;
    app.stop().await;
}

#[tokio::test]
async fn no_folder_is_the_one_that_the_daemon_works_in() {
    let home = Home::empty();
    let app = start(&home, &[]).await;
    let read = app.call("config/read", json!({"cwd": ""})).await;
    let here = app.call("config/read", json!({"cwd": "."})).await;
    assert_eq!(read, here);
    app.stop().await;
}

#[tokio::test]
async fn every_layer_is_told_and_the_highest_wins() {
    let home = Home::empty();
    let proj = home.path().join("proj");
    make_repository(&proj);
    project(
        &home,
        "proj",
        "model = \"project\"\nreview_model = \"project\"\nnotify = [\"evil\"]\n",
    );
    project(&home, "proj/sub", "model = \"sub\"\n");
    fs::write(
        system(&home).join("config.toml"),
        "model = \"system\"\nmodel_verbosity = \"low\"\n",
    )
    .unwrap();
    fs::write(
        system(&home).join("managed_config.toml"),
        "service_tier = \"managed\"\n",
    )
    .unwrap();
    home.write_config(&format!(
        "model = \"user\"\nservice_tier = \"user\"\n[projects.{:?}]\ntrust_level = \"trusted\"\n",
        proj.to_str().unwrap()
    ));
    fs::write(
        home.codex().join("fast.config.toml"),
        "model_reasoning_effort = \"low\"\n",
    )
    .unwrap();
    let args = ["-c", "model_reasoning_summary=none", "--profile", "fast"];
    let app = start(&home, &args).await;
    let cwd = proj.join("sub");
    let read = app
        .call("config/read", json!({"includeLayers": true, "cwd": cwd}))
        .await;
    let config = &read["config"];
    for (key, value, layer) in [
        ("model", "sub", "project"),
        ("review_model", "project", "project"),
        ("model_verbosity", "low", "system"),
        ("model_reasoning_effort", "low", "user"),
        ("model_reasoning_summary", "none", "sessionFlags"),
        ("service_tier", "managed", "legacyManagedConfigTomlFromFile"),
    ] {
        assert_eq!(config[key], value, "{key}");
        assert_eq!(read["origins"][key]["name"]["type"], layer, "{key}");
    }
    assert_eq!(config["notify"], Value::Null, "projects cannot choose programs");
    assert_eq!(
        kinds(&read),
        [
            "legacyManagedConfigTomlFromFile",
            "sessionFlags",
            "project",
            "project",
            "user",
            "user",
            "system"
        ]
    );
    assert_eq!(read["layers"][4]["name"]["profile"], "fast");
    assert_eq!(
        read["layers"][2]["name"]["dotCodexFolder"],
        cwd.join(".codex").to_str().unwrap()
    );
    let without = app.call("config/read", json!({})).await;
    assert_eq!(
        (&without["config"]["model"], without.get("layers")),
        (&json!("user"), None)
    );
}

#[tokio::test]
async fn every_known_key_is_there_with_its_default() {
    let home = Home::empty();
    let app = start(&home, &[]).await;
    let read = app.call("config/read", json!({"includeLayers": true})).await;
    let config = read["config"].as_object().unwrap();
    assert_eq!(config.len(), 110);
    assert_eq!(config["background_terminal_max_timeout"], 300_000);
    assert_eq!(config["project_root_markers"], json!([".git"]));
    assert_eq!(
        config["history"],
        json!({"persistence": "save-all", "max_bytes": null})
    );
    assert_eq!(config["features"]["memories"], false);
    assert_eq!(config["features"].as_object().unwrap().len(), 16);
    assert!(config["features"].get("network_proxy").is_none());
    assert_eq!(config["model"], Value::Null);
    assert_eq!(kinds(&read), ["user", "system"]);
    let empty = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    assert_eq!(read["layers"][0]["version"], empty);
    assert_eq!(read["origins"], json!({}));
}

#[tokio::test]
async fn a_project_counts_only_if_it_is_trusted() {
    let model = MockModel::start("ok");
    let config = Config {
        sandbox_mode: "read-only".into(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let work = home.work();
    make_repository(&work);
    project(&home, "work", "model = \"project\"\nmodel_provider = \"evil\"\n");
    let app = start(&home, &[]).await;
    let read = app
        .call("config/read", json!({"includeLayers": true, "cwd": work}))
        .await;
    assert_eq!(read["config"]["model"], "gpt-5.2-codex");
    assert_eq!(
        read["layers"][0]["disabledReason"],
        format!(
            "To load project-local config, hooks, and exec policies, add {} as a trusted project in {}.",
            work.display(),
            home.codex().join("config.toml").display()
        )
    );
    // Reading changes nothing; starting a thread that may write is a word of trust.
    let started = app.call("thread/start", json!({"cwd": work})).await;
    assert_eq!(started["model"], "gpt-5.2-codex");
    let params = json!({"cwd": work.join("."), "sandbox": "workspace-write"});
    let started = app.call("thread/start", params).await;
    assert_eq!(started["model"], "project");
    assert_eq!(started["modelProvider"], "mock");
    for (method, member) in [("configWarning", "summary"), ("warning", "message")] {
        let names_key = |told: &Value| {
            let text = told[member].as_str();
            text.is_some_and(|text| text.contains("`model_provider` is ignored"))
        };
        app.wait_where(method, names_key).await;
    }
    let file = fs::read_to_string(home.codex().join("config.toml")).unwrap();
    let section = format!(
        "\n[projects.{:?}]\ntrust_level = \"trusted\"\n",
        work.to_str().unwrap()
    );
    assert!(file.contains(&section), "{file}");
}

#[tokio::test]
async fn a_linked_worktree_is_trusted_as_its_main_repository_that_knows_it() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let top = home.path().canonicalize().unwrap();
    let (main, side, fake) = (top.join("main"), top.join("side"), top.join("fake"));
    make_repository(&main);
    let own = main.join(".git/worktrees/side");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("HEAD"), "ref: refs/heads/side\n").unwrap();
    fs::write(own.join("commondir"), "../..\n").unwrap();
    fs::write(own.join("gitdir"), format!("{}\n", side.join(".git").display())).unwrap();
    for folder in ["side", "side/sub", "fake"] {
        project(&home, folder, "model_verbosity = \"low\"\n");
    }
    for folder in [&side, &fake] {
        fs::write(folder.join(".git"), format!("gitdir: {}\n", own.display())).unwrap();
    }
    let trust = |folder: &Path, level: &str| Config {
        sandbox_mode: "read-only".into(),
        extra: format!("[projects.{folder:?}]\ntrust_level = {level:?}\n"),
        ..Config::default()
    };
    // Per layer, the nearest first: the folder that would have to be trusted.
    let missing = async |app: &App, cwd: &Path| {
        let params = json!({"includeLayers": true, "cwd": cwd});
        let read = app.call("config/read", params).await;
        let layers = read["layers"].as_array().unwrap().iter();
        let projects = layers.filter(|layer| layer["name"]["type"] == "project");
        let folder = |layer: &Value| {
            let reason = layer["disabledReason"].as_str()?;
            let untrusted = reason.split_once(" is configured as untrusted");
            let unknown = || reason.split_once(" add ")?.1.split_once(" as a trusted");
            Some(std::path::PathBuf::from(untrusted.or_else(unknown).unwrap().0))
        };
        projects.map(folder).collect::<Vec<_>>()
    };
    home.configure(&model, &trust(&main, "trusted"));
    let app = start(&home, &[]).await;
    assert_eq!(missing(&app, &side).await, [None]);
    assert_eq!(missing(&app, &side.join("sub")).await, [None, None]);
    assert_eq!(missing(&app, &fake).await, [Some(fake)]);
    home.configure(&model, &trust(&main, "untrusted"));
    assert_eq!(missing(&app, &side).await, [Some(main.clone())]);
    home.configure(&model, &trust(&side.join("sub"), "trusted"));
    assert_eq!(missing(&app, &side.join("sub")).await, [None, Some(main.clone())]);
    assert_eq!(missing(&app, &side).await, [Some(main.clone())]);
    let params = json!({"cwd": side, "sandbox": "workspace-write"});
    app.call("thread/start", params).await;
    let file = fs::read_to_string(home.codex().join("config.toml")).unwrap();
    assert!(
        file.contains(&format!("[projects.{main:?}]\ntrust_level = \"trusted\"")),
        "{file}"
    );
    app.stop().await;
}

#[tokio::test]
async fn untrusted_projects_stay_so() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let work = home.work();
    project(&home, "work", "model = \"project\"\n");
    let config = Config {
        extra: format!(
            "[projects.{:?}]\ntrust_level = \"untrusted\"\n",
            work.to_str().unwrap()
        ),
        ..Config::default()
    };
    home.configure(&model, &config);
    let app = start(&home, &[]).await;
    let params = json!({"cwd": work, "sandbox": "danger-full-access"});
    assert_eq!(app.call("thread/start", params).await["model"], "gpt-5.2-codex");
    // The folder that says so is named, also if only a part of the project is trusted.
    make_repository(&work);
    project(&home, "work/part", "model = \"part\"\n");
    let part = format!("[projects.{:?}]\ntrust_level = \"trusted\"\n", work.join("part"));
    let config = Config {
        extra: format!("{}{part}", config.extra),
        ..config
    };
    home.configure(&model, &config);
    let read = app
        .call(
            "config/read",
            json!({"includeLayers": true, "cwd": work.join("part")}),
        )
        .await;
    assert_eq!(read["config"]["model"], "part");
    let layers = read["layers"].as_array().unwrap().iter();
    let reasons: Vec<_> = layers
        .filter_map(|layer| layer["disabledReason"].as_str())
        .collect();
    let start = format!("{} is configured as untrusted, so", work.display());
    assert!(
        reasons.len() == 1 && reasons[0].starts_with(&start),
        "{reasons:?}"
    );
}

#[tokio::test]
async fn people_are_told_where_a_value_comes_from() {
    let home = Home::empty();
    fs::write(system(&home).join("config.toml"), "# x\nmodel = \"system\"\n").unwrap();
    home.write_config(
        "\n\nmodel = \"user\"\n[model_providers.p]\nname = \"P\"\nexperimental_bearer_token = \"sk-1\"\n",
    );
    let explain = async |args: &[&str]| {
        let launch = Launch::new(&home).args(args);
        let launch = launch.env("CODEX_TEST_SYSTEM_FOLDER", system(&home));
        let output = launch.into_command().output().await.unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    let text = explain(&["config", "explain", "model"]).await;
    assert_eq!(
        text,
        format!(
            "model = \"user\"\n  Model of new threads.\n  user, {}:3 = \"user\"\n  system, {}:2 = \"system\"  \
             (overridden)\n",
            home.codex().join("config.toml").display(),
            system(&home).join("config.toml").display()
        )
    );
    let text = explain(&["config", "explain", "model_providers.p"]).await;
    assert!(text.contains("[redacted]") && !text.contains("sk-1"), "{text}");
    let text = explain(&["config", "explain", "project_doc_max_bytes"]).await;
    assert!(
        text.starts_with("project_doc_max_bytes is not set; the default is 32768\n"),
        "{text}"
    );
    let text = explain(&["config", "explain", "model", "-c", "model=flag"]).await;
    assert!(text.contains("  command line = \"flag\"\n"), "{text}");
    let text = explain(&["config", "explain", "modell"]).await;
    assert!(text.contains("This key is not known"), "{text}");
    home.write_config(
        "notify = [\"a\", \"b\"]\n[[skills.config]]\nname = \"s\"\nenabled = false\n[mcp_servers.e]\ncommand = \"c\"\n\
         env = { TOKEN = \"sk-1\" }\n[model_providers.\"my.corp\"]\nname = \"M\"\n[features]\nhuh = true\n",
    );
    let file = home.codex().join("config.toml").display().to_string();
    for (key, value, about, line) in [
        ("notify.1", "\"b\"", "Part of `notify`: ", 1),
        ("skills.config.0.name", "\"s\"", "Part of `skills.config`: ", 2),
        (
            "mcp_servers.e.env.TOKEN",
            "\"[redacted]\"",
            "Part of `mcp_servers.*.env`: ",
            7,
        ),
        ("model_providers.\"my.corp\".name", "\"M\"", "", 9),
        ("features.huh", "true", "This feature is not known", 11),
    ] {
        let text = explain(&["config", "explain", key]).await;
        assert!(text.starts_with(&format!("{key} = {value}\n  {about}")), "{text}");
        assert!(
            text.ends_with(&format!("  user, {file}:{line} = {value}\n")),
            "{text}"
        );
    }
    for wrong in ["a..b", "", "\"", "notify.2", "notify.x", "model.x"] {
        let text = explain(&["config", "explain", wrong]).await;
        assert!(
            text.contains("keyPath") || text.contains("is not set"),
            "{wrong}: {text}"
        );
    }
}

#[tokio::test]
async fn features_that_nobody_knows_and_programs_without_arguments_are_read_as_they_hold() {
    let home = Home::empty();
    home.write_config(
        "[features]\nhuh = true\n[mcp_servers.x]\ncommand = 'c'\n[mcp_servers.y]\nurl = 'http://127.0.0.1:1/'\n",
    );
    let app = start(&home, &[]).await;
    let config = app.call("config/read", json!({})).await["config"].clone();
    assert_eq!(config["features"]["huh"], true);
    assert_eq!(config["mcp_servers"]["x"]["args"], json!([]));
    assert!(config["mcp_servers"]["y"].get("args").is_none());
    app.stop().await;
}

#[tokio::test]
async fn a_folder_with_nothing_to_trust_is_not_marked_as_trusted() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = start(&home, &[]).await;
    let start_in = async |folder: &Path| {
        let params = json!({"cwd": folder, "sandbox": "workspace-write"});
        app.call("thread/start", params).await;
        let file = fs::read_to_string(home.codex().join("config.toml")).unwrap();
        file.contains(&format!("[projects.{folder:?}]"))
    };
    let plain = home.work().join("plain");
    let own = home.work().join("own");
    fs::create_dir_all(&plain).unwrap();
    fs::create_dir_all(own.join(".codex")).unwrap();
    assert!(!start_in(&plain).await);
    assert!(start_in(&own).await);
    app.stop().await;
}
